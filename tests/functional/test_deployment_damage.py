"""Deployments of which something is damaged or gone: what is said of it, what goes on, and what helps."""

import os
import re
import shlex
import time
from email.utils import parsedate_to_datetime

from test_deployments import RELEASE, Fleet, Machine


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
    assert ("generation-given-up", "web@2") in [(r["what"], r["subject"]) for r in fleet.json("audit", "list")["entries"]]
    fleet.cli("audit", "verify")


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
