"""Deployments of which something is damaged or gone: what is said of it, what goes on, and what helps."""

import os
import re
import shlex
import time
from email.utils import parsedate_to_datetime

from support.fleet import HOUR, PACKAGES
from support.process import wait_for
from test_deployments import RELEASE, Fleet, Machine, Unit, forget


class Damaged(Fleet):
    """A fleet of which objects can be found by what stands in them, and damaged while no server runs."""

    def objects(self, beginning):
        return [path for path in (self.larder.store / "objects").rglob("*")
                if path.is_file() and path.read_bytes()[:len(beginning)] == beginning]

    def manifest(self, name, number):
        [path] = self.objects(f"Larder-Generation: 1\nDeployment: {name}\nNumber: {number}\n".encode())
        return path

    def damage(self, path):
        self.larder.stop()
        os.chmod(path, 0o644)
        with open(path, "r+b") as file:
            file.write(b"!")
        self.larder.start()

    def in_release(self, view="/d/web/debian"):
        return self.larder.good(f"{view}/{RELEASE}").body

    def date(self):
        return parsedate_to_datetime(re.search(rb"\nDate: (.*)\n", self.in_release())[1].decode())


def follows(fleet, from_version, to_version):
    machine = Machine(fleet)
    machine.has(from_version)
    assert machine.plan() == {"service": to_version, "library": to_version}


def digest_of(path):
    return path.parent.name + path.name


def test_a_deployment_whose_generation_in_force_is_lost_is_named_and_goes_back(env):
    fleet = Damaged(env)
    fleet.create("web")
    fleet.create("other")
    for name in ("web", "other"):
        fleet.installs(fleet.unit(f"/d/{name}/debian"), fleet.first)
    fleet.moves_on()
    fleet.cli("deployment", "upgrade", "web")
    shown = fleet.date()
    lost = fleet.manifest("web", 2)
    fleet.damage(lost)

    rows = fleet.json("deployment", "list", check=1)["deployments"]
    assert [(r["name"], r["trouble"] == "", r["head"] is None) for r in rows] == [("other", True, False), ("web", False, True)]
    told = fleet.cli("deployment", "list", check=1)
    assert "other" in told and "web cannot be read" in told and "larder doctor" in told, told
    assert fleet.larder.get(f"/d/web/debian/{RELEASE}").status >= 500
    fleet.installs(fleet.unit("/d/other/debian"), fleet.first)
    refused = fleet.larder.cli("gc", check=1).stderr
    assert "generation/web/0000000002" in refused and "larder doctor" in refused, refused

    report = fleet.json("doctor", check=1)
    [trouble] = report["deployments"]
    assert (trouble["deployment"], trouble["generation"], trouble["object"]) == ("web", 2, digest_of(lost))
    assert not report["whole"] and not report["dropped"]
    told = fleet.cli("doctor", check=1)
    assert "generation 2 of 'web'" in told and "'web' itself" in told and "rollback web --to 1" in told, told

    assert "Generation 3 of web is in force" in fleet.cli("deployment", "rollback", "web", "--to", "1")
    assert fleet.date() > shown, "apt would not follow"
    follows(fleet, "2.0", "1.0")
    assert "--give-up" in fleet.cli("doctor", check=1)
    assert [d.split(":")[0] for d in fleet.json("doctor", "--give-up", check=1)["dropped"]] == ["generation/web/0000000002"]
    assert fleet.json("doctor")["whole"]
    fleet.cli("gc")
    assert [g["number"] for g in fleet.json("deployment", "history", "web")["generations"]] == [1, 3]
    page = fleet.larder.good("/pages/deployments/web/3").body.decode()
    assert "The generation before it cannot be read any more" in page and "Generation 1, before it" in page
    assert "/web/2" not in page and "/web/3?against=1" in page, page
    page = fleet.larder.good("/pages/deployments/web/1").body.decode()
    assert "This is the first generation" in page and "Generation 3, after it" in page
    assert ("generation-given-up", "web@2") in [(r["what"], r["subject"]) for r in fleet.json("audit", "list")["entries"]]
    fleet.cli("audit", "verify")
    # A bundle without it would be refused wherever it is imported.
    refused = fleet.larder.cli("deployment", "export", "web", str(fleet.env.folder("bundle") / "web.tar.zst"), check=1).stderr
    assert "of which 1 were given up" in refused, refused


def test_a_generation_is_served_and_upgraded_though_the_one_before_it_is_lost(env):
    fleet = Damaged(env)
    fleet.create("web")
    fleet.moves_on()
    fleet.cli("deployment", "upgrade", "web")
    fleet.damage(fleet.manifest("web", 1))
    fleet.in_release()
    shown = fleet.date()
    fleet.moves_on("3.0", 1)
    fleet.cli("deployment", "upgrade", "web")
    assert fleet.date() > shown
    follows(fleet, "2.0", "3.0")
    [trouble] = fleet.json("doctor", check=1)["deployments"]
    assert trouble["generation"] == 1 and "itself" not in trouble["follows"]


def test_a_state_that_is_shown_in_place_of_another_and_lost_is_shown_anew(env):
    fleet = Damaged(env)
    fleet.create("web")
    fleet.moves_on()
    fleet.cli("deployment", "upgrade", "web")
    fleet.cli("deployment", "rollback", "web")
    shown = fleet.in_release()
    before = fleet.date()
    [signed] = [path for path in fleet.objects(b"-----BEGIN PGP SIGNED MESSAGE-----") if path.read_bytes() == shown]
    fleet.damage(signed)
    [trouble] = fleet.json("doctor", check=1)["deployments"]
    assert (trouble["generation"], trouble["object"]) == (3, digest_of(signed))
    assert fleet.larder.get(f"/d/web/debian/{RELEASE}").status >= 500
    time.sleep(1.1)  # a Date has seconds
    command = re.search(r"larder (deployment upgrade web --suite \S+)", trouble["advice"])[1]
    assert "Generation 4 of web is in force" in fleet.cli(*shlex.split(command))
    assert fleet.date() > before
    follows(fleet, "2.0", "1.0")
    assert "cannot be gone back to" in fleet.json("doctor", check=1)["deployments"][0]["follows"]


# --- what is lost takes nothing else away from what is told ----------------------------------------

def test_a_history_shows_the_generations_that_can_be_read_and_names_the_others(env):
    fleet = Damaged(env)
    fleet.create()
    fleet.moves_on()
    fleet.cli("deployment", "upgrade", "web", "--reason", "the second")
    fleet.damage(fleet.manifest("web", 1))
    told = fleet.json("deployment", "history", "web", check=1)
    assert [g["number"] for g in told["generations"]] == [2] and [one["number"] for one in told["lost"]] == [1]
    text = fleet.cli("deployment", "history", "web", check=1)
    assert "the second" in text and "Generation 1 cannot be read" in text and "larder doctor" in text
    page = fleet.larder.good("/pages/deployments/web").body.decode()
    assert "Generation 1 cannot be read" in page
    fleet.larder.good("/pages/deployments/web/2")
    assert fleet.larder.get("/pages/deployments/web/1").status == 404


def test_the_journal_shows_the_entries_that_can_be_read_and_names_the_others(env):
    fleet = Damaged(env)
    fleet.create("web", "--reason", "the first")
    fleet.create("other", "--reason", "the second")
    [entry] = fleet.objects(b"Larder-Journal: 1\nNumber: 1\n")
    fleet.damage(entry)
    told = fleet.json("audit", "list", check=1)
    assert [e["reason"] for e in told["entries"]] == ["the second"] and [one["number"] for one in told["lost"]] == [1]
    text = fleet.cli("audit", "list", check=1)
    assert "the second" in text and "Entry 1 cannot be read" in text
    assert "not whole" in fleet.cli("audit", "verify", check=3)


def joined(env):
    fleet = Damaged(env)
    fleet.create()
    token = fleet.cli("deployment", "token", "web").strip()
    for name, version in (("web-1", "1.0"), ("web-2", "0.9")):
        unit = Unit(fleet, name, token)
        unit.has(version)
        unit.report()
    return fleet


def test_a_unit_whose_report_is_lost_takes_the_others_nothing_and_lets_nobody_in(env):
    fleet = joined(env)
    [report] = fleet.objects(b"library all 0.9")
    fleet.damage(report)
    told = fleet.json("deployment", "units", "web", check=1)
    assert [(u["unit"], u["trouble"] == "", u["differences"]) for u in told["units"]] == [
        ("web-1", True, []), ("web-2", False, [])] and told["agree"] == 1
    text = fleet.cli("deployment", "units", "web", check=1)
    assert "web-1" in text and re.search("web-2 .* cannot be read", text)
    assert not fleet.json("deployment", "admit", "web", check=3)["admitted"]


def test_units_are_shown_when_what_their_generation_expects_is_lost(env):
    fleet = joined(env)
    fleet.damage(fleet.manifest("web", 1))
    told = fleet.json("deployment", "units", "web", check=1)
    assert [u["unit"] for u in told["units"]] == ["web-1", "web-2"] and told["trouble"] and told["agree"] == 0
    assert "is not known" in fleet.cli("deployment", "units", "web", check=1)
    assert not fleet.json("deployment", "admit", "web", check=3)["admitted"]


def test_doctor_brings_back_the_index_of_a_generation_by_its_hash_or_names_it(env):
    fleet = Damaged(env)
    fleet.archive.publish("stable", date=fleet.now - 4 * HOUR)  # with by-hash files, which stay
    here = (fleet.archive.root / RELEASE).read_bytes()
    wait_for(lambda: fleet.larder.good(f"/debian/{RELEASE}").body == here, "the new state")
    fleet.create()
    index = fleet.larder.good(f"/d/web/debian/{PACKAGES}").body
    fleet.installs(fleet.unit(), fleet.first)
    fleet.moves_on()
    fleet.larder.stop()
    bring_back = forget(fleet.larder, index)
    looked = fleet.json("doctor", "--no-repair", check=1)
    [row] = [one for one in looked["lost"] if "debian/" + PACKAGES in one["known_from"]]
    assert "generation 1 of 'web'" in row["known_from"]
    mended = fleet.json("doctor", check=0)
    assert [one for one in mended["refetched"] if "generation 1 of 'web'" in one["known_from"]] and not mended["lost"]
    assert fleet.json("doctor", check=0)["missing"] == []
    fleet.larder.start()
    fleet.installs(fleet.unit(), fleet.first)
    fleet.gone()
    fleet.larder.stop()
    forget(fleet.larder, index)
    assert [one for one in fleet.json("doctor", check=1)["lost"] if "generation 1 of 'web'" in one["known_from"]]
    bring_back()
    fleet.cli("doctor")
