"""Deployments: machines that install the very same packages, whatever the archive does."""

import gzip
import hashlib
import json
import lzma
import re
import shutil
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import yaml

from support import debs, faults
from support.env import Package
from support.fleet import BY_HAND, HOUR, PACKAGES, RELEASE, Fleet, moment, packages_of
from support.larder import archive_table, clean_environment
from support.process import wait_for

def test_a_new_unit_gets_byte_for_byte_what_the_others_have_with_upstream_gone(env):
    fleet = Fleet(env)
    fleet.create()
    fleet.installs(fleet.unit(), fleet.first)
    new = fleet.moves_on()
    fleet.installs(fleet.unit("/debian"), new)
    fleet.gone()
    fleet.collect_all()
    fleet.installs(fleet.unit(), fleet.first)


def test_what_a_deployment_holds_survives_a_server_that_is_killed(env):
    fleet = Fleet(env)
    fleet.create()
    fleet.installs(fleet.unit(), fleet.first)
    fleet.moves_on()
    fleet.gone()
    fleet.larder.stop()
    fleet.larder.start()
    fleet.installs(fleet.unit(), fleet.first)
    fleet.larder.kill()
    fleet.larder.cli("gc", "--remove", "--grace", "0s", "--free", "1000000000", check=0)
    fleet.larder.start()
    fleet.installs(fleet.unit(), fleet.first)


def test_the_signature_that_a_unit_sees_is_upstreams_own(env):
    fleet = Fleet(env)
    own = (fleet.archive.root / RELEASE).read_bytes()
    fleet.create()
    fleet.moves_on()
    assert fleet.larder.good(f"/d/web/debian/{RELEASE}").body == own
    assert fleet.larder.good(f"/d/web@1/debian/{RELEASE}").body == own


def test_an_upgrade_shows_what_changes_and_changes_nothing_when_it_is_a_dry_run(env):
    fleet = Fleet(env)
    fleet.create()
    fleet.installs(fleet.unit(), fleet.first)
    new = fleet.moves_on()
    dry = fleet.json("deployment", "upgrade", "web", "--dry-run")
    assert not dry["made"]
    [difference] = dry["differences"]
    assert difference["counts"]["upgraded"] == 2 and difference["suite"] == "stable"
    rows = {(p["package"], p["what"], p["before"], p["after"]) for p in difference["packages"]}
    assert rows == {("service", "upgraded", "1.0", "2.0"), ("library", "upgraded", "1.0", "2.0")}
    fleet.installs(fleet.unit(), fleet.first)
    text = fleet.cli("deployment", "upgrade", "web", "--reason", "the new one")
    assert "upgraded" in text and "Generation 2 of web is in force." in text
    fleet.installs(fleet.unit(), new)
    again = fleet.json("deployment", "upgrade", "web")
    assert not again["made"] and not again["differences"]


def test_each_generation_has_a_url_of_its_own(env):
    fleet = Fleet(env)
    fleet.create()
    fleet.installs(fleet.unit(), fleet.first)
    new = fleet.moves_on()
    fleet.cli("deployment", "upgrade", "web")
    fleet.installs(fleet.unit("/d/web@2/debian"), new)
    fleet.gone()
    fleet.collect_all()
    fleet.installs(fleet.unit("/d/web@1/debian"), fleet.first)
    fleet.installs(fleet.unit("/d/web@2/debian"), new)
    assert fleet.larder.get(f"/d/web@3/debian/{RELEASE}").status == 404


def test_the_history_says_when_who_and_why(env):
    fleet = Fleet(env)
    fleet.create("web", "--reason", "the first machines")
    fleet.moves_on()
    fleet.cli("deployment", "upgrade", "web", "--reason", "a fix")
    rows = fleet.json("deployment", "history", "web")["generations"]
    assert [(r["number"], r["step"], r["reason"]) for r in rows] == [
        (1, "create", "the first machines"), (2, "upgrade", "a fix")]
    assert all(r["by"] and r["made"] for r in rows)
    [listed] = fleet.json("deployment", "list")["deployments"]
    assert listed["name"] == "web" and listed["generation"] == 2
    [difference] = fleet.json("deployment", "diff", "web", "1", "2")["differences"]
    assert difference["counts"]["upgraded"] == 2
    assert "a fix" in fleet.cli("deployment", "history", "web") and "web" in fleet.cli("deployment", "list")


def test_a_state_of_the_past_can_be_pinned(env):
    fleet = Fleet(env)
    fleet.installs(fleet.unit("/debian"), fleet.first)
    fleet.moves_on()
    fleet.create(suite="debian/stable@" + moment(fleet.now - 3 * HOUR))
    fleet.installs(fleet.unit(), fleet.first)
    before_all = fleet.larder.cli("deployment", "create", "older", "--suite",
                                  "debian/stable@" + moment(fleet.now - 9 * HOUR), check=1)
    assert "no state" in before_all.stderr and moment(fleet.now - 5 * HOUR) in before_all.stderr


def test_two_deployments_have_other_bytes_under_one_name_each_its_own(env):
    fleet = Fleet(env)
    first = fleet.publish("1.0", hours_ago=4, marker="one")
    here = (fleet.archive.root / RELEASE).read_bytes()
    wait_for(lambda: fleet.larder.good(f"/debian/{RELEASE}").body == here, "the state")
    fleet.create("old")
    fleet.installs(fleet.unit("/d/old/debian"), first)
    second = fleet.moves_on("1.0", hours_ago=2, marker="two")
    fleet.create("new")
    assert first.keys() == second.keys() and first != second
    fleet.installs(fleet.unit("/d/new/debian"), second)
    fleet.gone()
    fleet.collect_all()
    for _ in range(2):
        fleet.installs(fleet.unit("/d/old/debian"), first)
        fleet.installs(fleet.unit("/d/new/debian"), second)


def test_the_proxy_user_name_selects_the_deployment(env):
    fleet = Fleet(env)
    fleet.create()
    fleet.moves_on()
    host = fleet.upstream.url
    proxy = fleet.larder.url.replace("http://", "http://web@")
    unit = env.apt_for(fleet.archive, f"{host}/debian", proxy=proxy)
    unit.update().must()
    assert unit.versions("service") == ["1.0"]
    other = env.apt_for(fleet.archive, f"{host}/debian", proxy=fleet.larder.url.replace("http://", "http://nobody@"))
    other.update().must_fail("404")


def test_three_archives_are_pinned_all_or_none(env):
    key = env.key()
    names, tables, ups = ("one", "two", "three"), [], {}
    for name in names:
        archive = env.archive(Package(f"in-{name}", size=1000), key=key, name=name)
        archive.publish("stable", date=time.time() - HOUR)
        ups[name] = env.hostile(archive.tree)
        tables.append(archive_table(name, f"{ups[name].url}/{name}", archive.keyring, architectures=["amd64"]))
    larder = env.larder(*tables)
    larder.good(f"/one/{RELEASE}")
    ups["two"].rule("*", faults.status(503))
    suites = [part for name in names for part in ("--suite", f"{name}/stable")]
    failed = larder.cli("deployment", "create", "web", *suites, check=1)
    assert "two/stable" in failed.stderr, failed.stderr
    assert json.loads(larder.cli("deployment", "list", "--json", check=0).stdout)["deployments"] == []
    assert larder.get(f"/d/web/one/{RELEASE}").status == 404
    ups["two"].honest()
    wait_for(lambda: larder.cli("deployment", "create", "web", *suites).returncode == 0, "upstream to be asked again", 60)
    for name in names:
        assert larder.good(f"/d/web/{name}/{RELEASE}").ok


def test_what_is_not_pinned_is_not_there(env):
    fleet = Fleet(env)
    fleet.create()
    fleet.moves_on()
    for path in ("/d/web/debian/dists/testing/InRelease", "/d/none/debian/" + RELEASE, "/d/web/other/" + RELEASE,
                 "/d/web/debian/pool/main/n/nothing/nothing_1.0_all.deb", "/d/web/debian/dists/stable/Release",
                 "/snapshot/debian/20000101T000000Z/" + RELEASE, "/snapshot/debian/yesterday/" + RELEASE,
                 "/snapshot/debian/0123456789abcdef/" + RELEASE):
        answer = fleet.larder.get(path)
        assert answer.status == 404 and answer.body, (path, answer.status, answer.body)


def test_snapshots_are_served_by_moment_and_by_id(env):
    fleet = Fleet(env)
    first = (fleet.archive.root / RELEASE).read_bytes()
    fleet.larder.good(f"/debian/{PACKAGES}")
    fleet.moves_on()
    second = (fleet.archive.root / RELEASE).read_bytes()
    rows = fleet.json("snapshot", "list", "debian/stable")["snapshots"]
    assert [r["when"] for r in rows] == [moment(fleet.now - 5 * HOUR), moment(fleet.now - 2 * HOUR)]
    assert [r["current"] for r in rows] == [False, True]
    serve = lambda when: fleet.larder.good(f"/snapshot/debian/{when}/{RELEASE}").body
    assert serve(moment(fleet.now - 5 * HOUR)) == serve(moment(fleet.now - 3 * HOUR)) == first
    assert serve(moment(fleet.now - 2 * HOUR)) == serve(moment(fleet.now)) == second
    assert serve(rows[0]["snapshot"]) == serve(rows[0]["snapshot"][:12]) == first
    unit = fleet.unit(f"/snapshot/debian/{moment(fleet.now - 3 * HOUR)}")
    unit.update().must()
    assert unit.versions("service") == ["1.0"]


def test_two_snapshots_are_set_against_each_other(env):
    fleet = Fleet(env)
    fleet.larder.good(f"/debian/{PACKAGES}")
    fleet.moves_on()
    before, after = f"debian/stable@{moment(fleet.now - 5 * HOUR)}", "debian/stable"
    report = fleet.json("snapshot", "diff", before, after)
    assert report["counts"] == {"added": 0, "removed": 0, "upgraded": 2, "downgraded": 0, "changed": 0}
    back = fleet.json("snapshot", "diff", after, before)
    assert back["counts"]["downgraded"] == 2
    text = fleet.cli("snapshot", "diff", before, after)
    assert "service" in text and "1.0" in text and "2.0" in text
    assert "service" in fleet.cli("snapshot", "diff", before, after, "--by-source")


def test_wrong_names_and_wrong_wishes_are_said_so(env):
    fleet = Fleet(env)
    fleet.create()
    for arguments, code, words in (
            (("create", "web", "--suite", "debian/stable"), 1, "already"),
            (("create", "a/b", "--suite", "debian/stable"), 1, "cannot be a deployment's name"),
            (("create", "x"), 2, "--suite"),
            (("create", "x", "--suite", "stable"), 2, "ARCHIVE/SUITE"),
            (("create", "x", "--suite", "nowhere/stable"), 1, "nowhere"),
            (("create", "x", "--suite", "debian/stable", "--arch", "s390x"), 1, "s390x"),
            (("create", "x", "--suite", "debian/stable", "--suite", "debian/stable"), 2, "twice"),
            (("create", "x", "--suite", "debian/stable", "--hold", "some"), 2, "some"),
            (("upgrade", "nobody"), 1, "nobody"),
            (("upgrade", "web", "--suite", "debian/testing"), 1, "testing"),
            (("rollback", "web"), 1, "before the first"),
            (("history", "nobody"), 1, "nobody"),
            (("diff", "web", "1", "7"), 1, "7")):
        done = fleet.larder.cli("deployment", *arguments)
        assert done.returncode == code and words in done.stderr, (arguments, done.returncode, done.stderr)
    assert [d["name"] for d in fleet.json("deployment", "list")["deployments"]] == ["web"]


def test_without_a_server_the_same_commands_do_the_same(env):
    fleet = Fleet(env)
    fleet.larder.stop()
    fleet.create()
    assert fleet.json("deployment", "list")["deployments"][0]["name"] == "web"
    fleet.larder.start()
    fleet.installs(fleet.unit(), fleet.first)


def test_what_a_client_asks_for_by_hash_is_found_in_the_middle_of_an_upgrade(env):
    fleet = Fleet(env)
    fleet.create()
    old = fleet.larder.good(f"/d/web/debian/{PACKAGES}")
    fleet.moves_on()
    fleet.cli("deployment", "upgrade", "web")
    digest = hashlib.sha256(old.body).hexdigest()
    found = fleet.larder.good(f"/d/web/debian/dists/stable/main/binary-amd64/by-hash/SHA256/{digest}")
    assert found.body == old.body


def test_that_is_so_however_quickly_upgrades_follow_on_each_other(env):
    fleet = Fleet(env)
    fleet.create()
    seen = [fleet.larder.good(f"/d/web/debian/{PACKAGES}").body]
    for hours_ago in (3, 2, 1):
        fleet.moves_on(f"{5 - hours_ago}.0", hours_ago=hours_ago)
        fleet.cli("deployment", "upgrade", "web")
        seen.append(fleet.larder.good(f"/d/web/debian/{PACKAGES}").body)
    assert len(set(seen)) == 4
    for body in seen:
        digest = hashlib.sha256(body).hexdigest()
        found = fleet.larder.good(f"/d/web/debian/dists/stable/main/binary-amd64/by-hash/SHA256/{digest}")
        assert found.body == body
    assert fleet.larder.good(f"/d/web/debian/{PACKAGES}").body == seen[-1]
    # A generation's own URL has its own.
    digest = hashlib.sha256(seen[0]).hexdigest()
    assert fleet.larder.get(f"/d/web@4/debian/dists/stable/main/binary-amd64/by-hash/SHA256/{digest}").status == 404


# --- back again, and what machines are set up with -------------------------------------------------

class Machine:
    """An apt root that is set up by the script that Larder serves, with packages that count as installed."""

    def __init__(self, fleet, name="web"):
        self.fleet, self.apt = fleet, fleet.env.apt([], "")
        self.root = self.apt.root
        script = self.root / "setup.sh"
        script.write_bytes(fleet.larder.good(f"/d/{name}/setup.sh", Host=fleet.larder.address).body)
        done = subprocess.run(["sh", script, "--only", self.root], capture_output=True, text=True)
        assert done.returncode == 0 and not done.stderr, done.stderr

    def has(self, version):
        """Counts as installed, with all that the packages say of themselves: apt compares that, too."""
        stanzas = [p.control().replace("\n", "\nStatus: install ok installed\n", 1) for p in packages_of(version)]
        (self.root / "var/lib/dpkg/status").write_text("\n".join(stanzas))

    def plan(self):
        """What an upgrade would do now: package -> version."""
        self.apt.update().must()
        done = self.apt.run("apt-get", "--simulate", "--allow-downgrades", "dist-upgrade").must()
        return dict(re.findall(r"^Inst (\S+) (?:\[[^]]*\] )?\((\S+) ", done.output, re.M))


def test_machines_follow_a_rollback_down_with_what_they_were_set_up_with(env):
    fleet = Fleet(env)
    fleet.create()
    machine = Machine(fleet)
    fleet.installs(fleet.unit(), fleet.first)
    machine.has("1.0")
    assert machine.plan() == {}
    fleet.moves_on()
    fleet.cli("deployment", "upgrade", "web")
    assert machine.plan() == {"service": "2.0", "library": "2.0"}
    machine.has("2.0")
    assert "Generation 3 of web is in force." in fleet.cli("deployment", "rollback", "web", "--reason", "it broke")
    assert machine.plan() == {"service": "1.0", "library": "1.0"}
    own = fleet.larder.good(f"/d/web@1/debian/{RELEASE}").body
    assert fleet.larder.good(f"/d/web@3/debian/{RELEASE}").body == own, "a generation's own URL has upstream's bytes"
    assert fleet.larder.good(f"/d/web/debian/{RELEASE}").body != own
    # And up again, to a state that is older than what the rollback showed.
    fleet.cli("deployment", "upgrade", "web")
    machine.has("1.0")
    assert machine.plan() == {"service": "2.0", "library": "2.0"}
    steps = [(g["number"], g["step"], g.get("origin")) for g in fleet.json("deployment", "history", "web")["generations"]]
    assert steps == [(1, "create", None), (2, "upgrade", None), (3, "rollback", 1), (4, "upgrade", None)]


def test_a_machine_that_trusts_upstream_alone_is_told_why_it_does_not_follow(env):
    fleet = Fleet(env)
    fleet.create()
    unit = fleet.unit()
    unit.update().must()
    fleet.moves_on()
    fleet.cli("deployment", "upgrade", "web")
    unit.update().must()
    fleet.cli("deployment", "rollback", "web")
    unit.update().must_fail("NO_PUBKEY|public key is not available")


def test_a_rollback_survives_gc_a_restart_and_upstream(env):
    fleet = Fleet(env)
    fleet.create()
    fleet.installs(fleet.unit(), fleet.first)
    fleet.moves_on()
    fleet.cli("deployment", "upgrade", "web")
    fleet.cli("deployment", "rollback", "web")
    fleet.gone()
    fleet.collect_all()
    machine = Machine(fleet)
    machine.has("2.0")
    assert machine.plan() == {"service": "1.0", "library": "1.0"}


def test_valid_until_has_passed_and_the_sources_work_with_all_of_apts_date_checks(env):
    fleet = Fleet(env)
    fleet.archive.publish("stable", date=time.time() - HOUR, by_hash=False, valid_for=HOUR + 3)
    here = (fleet.archive.root / RELEASE).read_bytes()
    wait_for(lambda: fleet.larder.good(f"/debian/{RELEASE}").body == here, "the new state to be served")
    fleet.create()
    sources = fleet.larder.good("/d/web/larder.sources").body.decode()
    assert sources.count("Check-Valid-Until: no") == 1
    plain = fleet.unit()
    wait_for(lambda: plain.update().warnings, "the state to be out of date", 30)
    machine = Machine(fleet)
    assert machine.plan() == {}
    assert machine.apt.versions("service") == ["1.0"]


def test_the_files_for_machines_name_this_larder_and_both_keys(env):
    fleet = Fleet(env)
    fleet.create()
    names = fleet.larder.good("/d/web").body.decode()
    for name in ("larder.sources", "apt.conf", "preferences", "setup.sh", "cloud-init.yaml", "Dockerfile", "mmdebstrap.sh"):
        assert f"/d/web/{name}\n" in names
        answer = fleet.larder.good(f"/d/web/{name}", Host="larder.example:3142")
        assert b"larder.example:3142" in answer.body or name == "preferences", name
    sources = fleet.larder.good("/d/web/larder.sources", Host="larder.example:3142").body.decode()
    assert "URIs: http://larder.example:3142/d/web/debian\n" in sources and "Components: main\n" in sources
    assert "Check-Valid-Until" not in sources
    assert sources.count("BEGIN PGP PUBLIC KEY BLOCK") == 2
    assert "/d/web@1/debian" in fleet.larder.good("/d/web@1/larder.sources").body.decode()
    for path, status in (("/d/web/other.txt", 404), ("/d/none/larder.sources", 404), ("/d/web@9/apt.conf", 404)):
        assert fleet.larder.get(path).status == status, path
    evil = fleet.larder.get("/d/web/setup.sh", Host="x;touch$IFS/tmp/x")
    assert evil.status in (400, 404) and b"touch" not in evil.body


def test_the_scripts_are_what_their_tools_take(env):
    fleet = Fleet(env)
    fleet.create()
    for name in ("setup.sh", "mmdebstrap.sh"):
        script = env.tmp / name
        script.write_bytes(fleet.larder.good(f"/d/web/{name}").body)
        assert subprocess.run(["sh", "-n", script]).returncode == 0
        lint = subprocess.run(["shellcheck", "--shell=sh", script], capture_output=True, text=True)
        assert lint.returncode == 0, lint.stdout
    made = yaml.safe_load(fleet.larder.good("/d/web/cloud-init.yaml").body)
    files = {f["path"]: f["content"] for f in made["write_files"]}
    assert files["/etc/apt/sources.list.d/larder.sources"] == fleet.larder.good("/d/web/larder.sources").body.decode()
    assert files["/etc/apt/preferences.d/larder"] == fleet.larder.good("/d/web/preferences").body.decode()


# --- what is held ----------------------------------------------------------------------------------

def test_what_was_fetched_through_it_is_held_and_the_rest_is_not(env):
    fleet = Fleet(env)
    fleet.create()
    status = lambda code: fleet.json("deployment", "status", "web", check=code)
    assert (status(0)["held"], status(0)["at_risk"], status(0)["lost"]) == (0, 0, 0)
    unit = fleet.unit()
    unit.update().must()
    unit.download("library").must()
    wait_for(lambda: status(0)["held"] == 1, "the package to be held")
    fleet.moves_on()
    fleet.gone()
    fleet.collect_all()
    assert status(0)["held"] == 1
    library = next(name for name in fleet.first if name.startswith("library"))
    assert fleet.larder.good(f"/d/web/debian/pool/main/l/library/{library}").body == fleet.first[library]
    service = next(name for name in fleet.first if name.startswith("service"))
    assert fleet.larder.get(f"/d/web/debian/pool/main/s/service/{service}").status >= 500


def test_a_closure_holds_what_the_packages_need_and_full_holds_all(env):
    fleet = Fleet(env, store=BY_HAND)
    fleet.archive.add(Package("unrelated", size=5000))
    fleet.archive.publish("stable", date=fleet.now - 4 * HOUR, by_hash=False)
    here = (fleet.archive.root / RELEASE).read_bytes()
    wait_for(lambda: fleet.larder.good(f"/debian/{RELEASE}").body == here, "the new state")
    fleet.create("web", "--hold", "closure")
    unit = fleet.unit()
    unit.update().must()
    unit.download("service").must()
    wait_for(lambda: fleet.json("deployment", "status", "web", check=3)["held"] == 1, "the package to be held")
    status = fleet.json("deployment", "status", "web", check=3)
    assert [(o["package"], o["state"]) for o in status["objects"]] == [("library", "at risk")]
    assert fleet.json("deployment", "fetch", "web", check=0)["fetched"] == 1
    fleet.cli("deployment", "hold", "web", "full")
    status = fleet.json("deployment", "status", "web", check=3)
    assert [(o["package"], o["state"]) for o in status["objects"]] == [("unrelated", "at risk")]
    fleet.cli("deployment", "fetch", "web", check=0)
    fleet.moves_on()
    fleet.gone()
    fleet.collect_all()
    assert fleet.json("deployment", "status", "web", check=0)["held"] == 3
    fleet.installs(fleet.unit(), fleet.first)


def test_what_upstream_has_no_more_is_said_to_be_lost(env):
    fleet = Fleet(env, store=BY_HAND)
    fleet.create("web", "--hold", "full")
    fleet.moves_on()
    status = fleet.json("deployment", "status", "web", check=3)
    assert (status["held"], status["at_risk"], status["lost"]) == (0, 2, 0)
    done = fleet.json("deployment", "fetch", "web", check=3)
    assert (done["held"], done["at_risk"], done["lost"]) == (0, 0, 2) and all(o["why"] for o in done["objects"])
    text = fleet.cli("deployment", "status", "web", check=3)
    assert "lost" in text and "library" in text


def test_what_is_lost_in_one_archive_is_fetched_from_another_that_has_it(env):
    key = env.key()
    old, kept = env.archive(key=key), env.archive(key=key, name="kept")
    for archive in (old, kept):
        archive.add(Package("shared", size=9000))
        archive.publish("stable", date=time.time() - HOUR)
    up, other = env.hostile(old.tree), env.hostile(kept.tree)
    larder = env.larder(archive_table("debian", f"{up.url}/debian", old.keyring, architectures=["amd64"]),
                        archive_table("kept", f"{other.url}/kept", kept.keyring, architectures=["amd64"]), store=BY_HAND)
    for name in ("debian", "kept"):
        larder.good(f"/{name}/{RELEASE}")
        larder.good(f"/{name}/{PACKAGES}")
    larder.cli("deployment", "create", "web", "--suite", "debian/stable", "--hold", "full", check=0)
    larder.cli("archive", "update", check=0)
    (old.root / old.packages[0].pool_path).unlink()
    assert json.loads(larder.cli("deployment", "fetch", "web", "--json", check=0).stdout)["held"] == 1
    assert other.count("/kept/pool/*") == 1


def test_a_removed_deployment_is_forgotten_when_its_grace_time_is_over(env):
    fleet = Fleet(env)
    fleet.create()
    fleet.create("other")
    fleet.installs(fleet.unit(), fleet.first)
    fleet.installs(fleet.unit("/d/other/debian"), fleet.first)
    fleet.moves_on()
    refused = fleet.larder.cli("deployment", "remove", "web", check=2).stderr
    assert "Nothing else keeps" in refused and "--yes" in refused
    assert fleet.larder.get(f"/d/web/debian/{RELEASE}").status == 200
    fleet.cli("deployment", "remove", "web", "--yes")
    assert fleet.larder.cli("gc", "--json", check=0).stdout.count('"forgotten":[]') == 1
    fleet.cli("deployment", "restore", "web")
    fleet.cli("deployment", "remove", "web", "--yes", "--grace", "0s")
    assert json.loads(fleet.larder.cli("gc", "--json", check=0).stdout)["forgotten"] == ["web"]
    assert [d["name"] for d in fleet.json("deployment", "list")["deployments"]] == ["other", "web"]
    assert json.loads(fleet.larder.cli("gc", "--remove", "--json", check=0).stdout)["forgotten"] == ["web"]
    assert [d["name"] for d in fleet.json("deployment", "list")["deployments"]] == ["other"]
    assert "deployment-forget" in fleet.cli("audit", "list")
    fleet.cli("audit", "verify")
    fleet.gone()
    fleet.collect_all()
    fleet.installs(fleet.unit("/d/other/debian"), fleet.first)
    removal = fleet.cli("deployment", "remove", "other", "--yes", "--grace", "0s")
    fleet.collect_all()
    assert len([path for path in (fleet.larder.store / "objects").glob("*/*")
                if path.is_file() and path.read_bytes() in fleet.first.values()]) == 0, removal


def test_a_removed_deployment_is_not_served_and_keeps_what_it_holds_until_it_is_restored(env):
    fleet = Fleet(env)
    fleet.create()
    fleet.installs(fleet.unit(), fleet.first)
    fleet.cli("deployment", "remove", "web", "--yes")
    answer = fleet.larder.get(f"/d/web/debian/{RELEASE}")
    assert answer.status == 404 and b"restore" in answer.body
    assert fleet.larder.get("/d/web/setup.sh").status == 404
    assert "removed" in fleet.larder.cli("deployment", "upgrade", "web", check=1).stderr
    fleet.moves_on()
    fleet.gone()
    fleet.collect_all()
    fleet.cli("deployment", "restore", "web")
    fleet.installs(fleet.unit(), fleet.first)


# --- units -----------------------------------------------------------------------------------------

class Unit(Machine):
    """A machine that reports what it has installed, with the script that it was set up with."""

    def __init__(self, fleet, name, token, deployment="web"):
        self.fleet, self.name, self.root = fleet, name, fleet.env.folder("unit")
        (self.root / "etc").mkdir()
        (self.root / "etc/hostname").write_text(name + "\n")
        (self.root / "var/lib/dpkg/updates").mkdir(parents=True)
        self.script = self.root / "setup.sh"
        self.script.write_bytes(fleet.larder.good(f"/d/{deployment}/setup.sh", Host=fleet.larder.address).body)
        self.has(None)
        self.setup("--join", token)

    def has(self, version):
        if version:
            return super().has(version)
        (self.root / "var/lib/dpkg/status").write_text("")

    def setup(self, *options, code=0):
        done = subprocess.run(["sh", self.script, *options, self.root], capture_output=True, text=True,
                              env=clean_environment())
        assert done.returncode == code, (done.returncode, done.stderr)
        return done

    def report(self, code=0, **variables):
        done = subprocess.run([shutil.which("sh"), self.root / "etc/apt/larder-report", self.root], capture_output=True,
                              text=True, env=clean_environment(TMPDIR=str(self.fleet.env.tmp), **variables))
        assert (done.returncode == 0) == (code == 0), (done.returncode, done.stderr)
        return done.stderr


def joined(env, *names, version="1.0"):
    fleet = Fleet(env)
    fleet.create()
    token = fleet.cli("deployment", "token", "web").strip()
    units = [Unit(fleet, name, token) for name in names]
    for unit in units:
        unit.has(version)
        unit.report()
    return fleet, units, token


def test_units_that_agree_let_another_one_in(env):
    fleet, units, _ = joined(env, "web-1", "web-2")
    report = fleet.json("deployment", "units", "web")
    assert [(u["unit"], u["packages"], u["differences"]) for u in report["units"]] == [("web-1", 2, []), ("web-2", 2, [])]
    assert report["agree"] == 2 and report["units"][0]["report"] == report["units"][1]["report"]
    assert fleet.json("deployment", "admit", "web")["admitted"]
    assert "gets what the others have" in fleet.cli("deployment", "admit", "web")


def test_a_unit_that_has_drifted_is_named_and_lets_nobody_in(env):
    fleet, (one, two), _ = joined(env, "web-1", "web-2")
    two.has("0.9")
    two.report()
    text = fleet.cli("deployment", "admit", "web", check=3)
    assert "web-2" in text and "service 0.9 (1.0 is expected)" in text and "Three ways on" in text
    report = fleet.json("deployment", "admit", "web", check=3)
    assert not report["admitted"] and report["agree"] == 1
    assert {(d["package"], d["what"]) for u in report["units"] for d in u["differences"]} == {
        ("service", "behind"), ("library", "behind")}
    assert "reason" in fleet.larder.cli("deployment", "admit", "web", "--i-know-what-i-am-doing", check=2).stderr
    over = fleet.json("deployment", "admit", "web", "--i-know-what-i-am-doing", "--reason", "it is on fire", check=0)
    assert over["admitted"] and over["overridden"]
    rows = fleet.json("audit", "list")["entries"]
    assert [r["what"] for r in rows] == ["deployment-create", "deployment-token", "deployment-admit-override"]
    assert rows[-1]["reason"] == "it is on fire" and rows[-1]["by"] and rows[-1]["subject"] == "web"
    assert "3 entries" in fleet.cli("audit", "verify") and "on fire" in fleet.cli("audit", "list", "--last", "1")
    two.has("1.0")
    two.report()
    fleet.cli("deployment", "admit", "web", check=0)
    fleet.larder.stop()
    (fleet.larder.store / "objects" / rows[1]["sha256"][:2] / rows[1]["sha256"][2:]).write_text("nothing was done")
    assert "entry 2" in fleet.cli("audit", "verify", check=3)


def test_an_upgrade_makes_all_units_differ_until_they_have_followed(env):
    fleet, units, _ = joined(env, "web-1", "web-2")
    fleet.moves_on()
    fleet.cli("deployment", "upgrade", "web")
    assert fleet.json("deployment", "admit", "web", check=3)["agree"] == 0
    for unit in units:
        unit.has("2.0")
        unit.report()
    fleet.cli("deployment", "admit", "web", check=0)
    fleet.cli("deployment", "rollback", "web")
    rows = fleet.json("deployment", "units", "web")["units"]
    assert all(d["what"] == "ahead" for u in rows for d in u["differences"]) and rows[0]["differences"]


def test_reports_survive_a_restart_and_gc_and_a_unit_can_be_forgotten(env):
    fleet, _, _ = joined(env, "web-1", "web-2")
    fleet.collect_all()
    assert fleet.json("deployment", "units", "web")["agree"] == 2
    fleet.cli("deployment", "forget-unit", "web", "web-1")
    assert [u["unit"] for u in fleet.json("deployment", "units", "web")["units"]] == ["web-2"]
    assert "web-1" in fleet.larder.cli("deployment", "forget-unit", "web", "web-1", check=1).stderr


def test_only_who_has_the_join_token_can_report(env):
    fleet, (unit,), token = joined(env, "web-1")
    good = b"Unit: intruder\nhello amd64 1 ii\n"

    def post(path, body, secret):
        return fleet.post(path, body, secret).status
    for secret in ("", "x" * 43, token[:-1], token + "x"):
        assert post("/d/web/report", good, secret) == 403, secret
    assert post("/d/none/report", good, token) == 404
    for body in (b"", b"hello amd64 1 ii\n", b"Unit: a/b\nhello amd64 1 ii\n", b"Unit: x\nhello\n", b"Unit: x\n\xff\xfe a b c\n"):
        assert post("/d/web/report", body, token) == 400, body
    assert fleet.larder.get("/d/web/report").status == 405
    for path in ("/d/web/setup.sh", "/d/web/debian/" + RELEASE, "/debian/report", "/d/web/debian/report"):
        assert post(path, good, token) == 405, path
    assert [u["unit"] for u in fleet.json("deployment", "units", "web")["units"]] == ["web-1"]
    fleet.cli("deployment", "token", "web")
    unit.report(code=1)
    assert token not in fleet.larder.log() and token not in (fleet.larder.work / "larder.toml").read_text()


def test_apt_reports_by_itself_after_dpkg_has_run(env):
    fleet, (unit,), _ = joined(env, "web-1")
    hook = (unit.root / "etc/apt/apt.conf.d/51larder-report").read_text()
    shown = subprocess.run(["apt-config", "-c", unit.root / "etc/apt/apt.conf.d/51larder-report", "dump",
                            "DPkg::Post-Invoke"], capture_output=True, text=True)
    assert "/etc/apt/larder-report" in hook and "larder-report || true" in shown.stdout, shown
    assert (unit.root / "etc/apt/larder.token").stat().st_mode & 0o077 == 0
    lint = subprocess.run(["shellcheck", "--shell=sh", unit.root / "etc/apt/larder-report"], capture_output=True, text=True)
    assert lint.returncode == 0, lint.stdout


def test_the_join_token_is_in_no_commands_arguments_whichever_command_is_there(env):
    fleet, (unit,), token = joined(env, "web-1")
    for tool in ("curl", "wget"):
        tools = env.folder("tools")
        for name in ("sh", "cat", "mktemp", "rm", "tr", "dpkg-query"):
            (tools / name).symlink_to(shutil.which(name))
        spy = tools / tool
        spy.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >{tools}/arguments\nexec {shutil.which(tool)} "$@"\n')
        spy.chmod(0o755)
        unit.has("0.9" if tool == "curl" else "1.0")
        unit.report(PATH=str(tools))
        [row] = fleet.json("deployment", "units", "web")["units"]
        assert bool(row["differences"]) == (tool == "curl"), (tool, row)
        arguments = (tools / "arguments").read_text()
        assert "/d/web/report" in arguments and token not in arguments, arguments
        spy.unlink()
    assert "neither curl nor wget" in unit.report(code=1, PATH=str(tools))
    assert not list(env.tmp.glob("tmp.*")), "what it wrote is removed"


def test_a_set_up_that_is_cut_off_on_its_way_does_nothing(env):
    fleet = Fleet(env)
    fleet.create()
    script = fleet.larder.good("/d/web/setup.sh").body
    root = env.folder("machine")
    (root / "etc/apt").mkdir(parents=True)
    (root / "etc/apt/sources.list").write_text("deb http://archive.example/debian stable main\n")
    begin = script.index(b"\n{\n") + 3
    cuts = [n for n in range(begin, len(script) - 2) if script[n - 1:n] == b"\n"]
    for cut in (begin + 1, *cuts, *(n - 1 for n in cuts), len(script) - 2):
        done = subprocess.run(["sh", "-s", "--", "--only", root], input=script[:cut], capture_output=True)
        assert done.returncode != 0, (cut, script[:cut][-200:])
    assert [str(p.relative_to(root)) for p in root.rglob("*") if p.is_file()] == ["etc/apt/sources.list"]


def test_set_up_can_be_repeated_and_keeps_whatever_it_moved_aside(env):
    fleet = Fleet(env)
    fleet.create()
    machine = Machine(fleet)
    old = machine.root / "etc/apt/sources.list.d/old.list"
    for line in ("# the first\ndeb http://archive.example/one stable main\n", "deb http://archive.example/two stable main\n"):
        old.write_text(line)
        done = subprocess.run(["sh", machine.root / "setup.sh", machine.root], capture_output=True, text=True)
        assert done.returncode == 0 and f"still a source of this machine, beside the deployment: {old}" in done.stderr
        assert old.read_text() == line
        subprocess.run(["sh", machine.root / "setup.sh", "--only", machine.root], check=True, capture_output=True)
        assert not old.exists()
    kept = [p.read_text() for p in old.parent.glob("old.list.before-larder*")]
    assert sorted(len(text.splitlines()) for text in kept) == [1, 2], kept
    update = machine.apt.update().must()
    assert "before-larder" not in update.output, "apt does not tell of them"
    assert not list(machine.root.rglob("*.new"))


def test_a_set_up_that_fails_half_way_leaves_the_sources_that_there_were(env):
    fleet = Fleet(env)
    fleet.create()
    root = env.folder("machine")
    (root / "etc/apt/preferences.d/larder").mkdir(parents=True)  # what mv cannot replace
    (root / "etc/apt/preferences.d/larder/larder.new").mkdir()
    source = root / "etc/apt/sources.list"
    source.write_text("deb http://archive.example/debian stable main\n")
    script = fleet.larder.good("/d/web/setup.sh").body
    done = subprocess.run(["sh", "-s", "--", "--only", root], input=script, capture_output=True)
    assert done.returncode != 0 and source.exists(), done


def test_who_forgot_a_unit_and_why_stands_in_the_journal(env):
    fleet, (_, two), _ = joined(env, "web-1", "web-2")
    two.has("0.9")
    two.report()
    fleet.cli("deployment", "admit", "web", check=3)
    fleet.cli("deployment", "forget-unit", "web", "web-2", "--reason", "it burnt down")
    fleet.cli("deployment", "admit", "web")
    last = fleet.json("audit", "list")["entries"][-1]
    assert (last["what"], last["subject"], last["reason"]) == ("deployment-forget-unit", "web/web-2", "it burnt down")
    assert last["by"]


# --- what others must not change -------------------------------------------------------------------

def test_an_installer_file_of_a_pinned_state_is_never_that_of_another(env):
    fleet = Fleet(env)
    images = "/dists/stable/main/installer-amd64/current/images/vmlinuz"

    def publish(kernel, hours_ago):
        fleet.archive.publish("stable", date=fleet.now - hours_ago * HOUR, by_hash=False, installer={"vmlinuz": kernel})
        here = (fleet.archive.root / RELEASE).read_bytes()
        wait_for(lambda: fleet.larder.good(f"/debian/{RELEASE}").body == here, "the new state to be served")
    publish(b"old kernel", 4)
    fleet.create()
    publish(b"new kernel", 2)
    assert fleet.larder.good("/debian" + images).body == b"new kernel"
    answer = fleet.larder.get("/d/web/debian" + images)
    assert answer.status >= 400 and b"kernel" not in answer.body, (answer.status, answer.body)
    fleet.gone()
    assert fleet.larder.get("/d/web/debian" + images).status >= 400


def test_packages_of_a_deployment_are_there_although_other_architectures_indices_are_not(env):
    archive = env.archive(Package("both", size=3000))
    archive.publish("stable", date=time.time() - HOUR, architectures=("amd64", "arm64"), by_hash=False)
    upstream = env.hostile(archive.tree)
    upstream.rule("*/binary-arm64/*", faults.status(503))
    larder = env.larder_for(archive, upstream)
    larder.good(f"/debian/{RELEASE}")
    larder.cli("deployment", "create", "web", "--suite", "debian/stable", "--arch", "amd64", check=0)
    unit = env.apt_for(archive, larder.url + "/d/web/debian")
    unit.update().must()
    unit.install("both").must()


def test_what_a_deployment_does_not_name_is_not_looked_for_in_other_architectures_indices(env):
    archive = env.archive(Package("both", arch="all", size=3000), Package("other", arch="arm64", size=3000))
    archive.publish("stable", date=time.time() - HOUR, architectures=("amd64", "arm64"), by_hash=False)
    upstream = env.hostile(archive.tree)
    larder = env.larder_for(archive, upstream)
    larder.good(f"/debian/{RELEASE}")
    larder.cli("deployment", "create", "web", "--suite", "debian/stable", "--arch", "amd64", check=0)
    upstream.rule("*/binary-arm64/*", faults.status(503))
    assert larder.get("/d/web/debian/pool/main/n/none/none_1.0_all.deb").status == 404
    assert upstream.count("*/binary-arm64/*") == 0


def test_what_a_deployment_holds_is_brought_by_the_server_itself(env):
    fleet = Fleet(env)
    fleet.create("web", "--hold", "full")
    wait_for(lambda: fleet.json("deployment", "status", "web", check=None)["held"] == 2, "all of it to be held")
    fleet.moves_on()
    fleet.cli("deployment", "upgrade", "web")
    wait_for(lambda: fleet.json("deployment", "status", "web", check=None)["held"] == 4, "the next generation's, too")
    wait_for(lambda: 'larder_deployment_missing{deployment="web"} 0' in fleet.larder.good("/metrics").body.decode(),
             "the metric")
    fleet.gone()
    fleet.installs(fleet.unit("/d/web@1/debian"), fleet.first)


def test_what_is_missing_shows_in_the_metrics(env):
    fleet = Fleet(env)
    fleet.upstream.rule("*/library*", faults.status(404))
    fleet.create("web", "--hold", "full")
    wait_for(lambda: 'larder_deployment_missing{deployment="web"} 1' in fleet.larder.good("/metrics").body.decode(),
             "the metric")
    status = fleet.json("deployment", "status", "web", check=3)
    assert (status["held"], status["lost"]) == (1, 1)


def test_what_is_held_is_of_the_components_that_are_configured(env):
    archive = env.archive(Package("plain", size=3000), Package("other", component="contrib", size=3000))
    archive.publish("stable", components=("main", "contrib"), date=time.time() - HOUR, by_hash=False)
    upstream = env.hostile(archive.tree)
    larder = env.larder_for(archive, upstream, table={"architectures": ["amd64"], "components": ["main"]}, store=BY_HAND)
    larder.good(f"/debian/{RELEASE}")
    larder.cli("deployment", "create", "web", "--suite", "debian/stable", "--hold", "full", check=0)
    fetched = json.loads(larder.cli("deployment", "fetch", "web", "--json", check=0).stdout)
    assert (fetched["held"], fetched["at_risk"]) == (1, 0)
    larder.cli("deployment", "units", "web", check=0)
    assert upstream.count("*/contrib/*") == 0


def test_an_upgrade_is_seen_by_a_client_whose_request_was_answered_just_before(env):
    fleet = Fleet(env)
    fleet.create()
    for hours, version in ((4, "2.0"), (3, "3.0"), (2, "4.0")):
        for _ in range(20):
            fleet.larder.good(f"/d/web/debian/{RELEASE}")
        fleet.moves_on(version, hours)
        fleet.cli("deployment", "upgrade", "web")
        own = (fleet.archive.root / RELEASE).read_bytes()
        for _ in range(20):
            assert fleet.larder.good(f"/d/web/debian/{RELEASE}").body == own


def test_what_is_asked_for_with_head_is_not_held(env):
    fleet = Fleet(env)
    fleet.create()
    library = next(name for name in fleet.first if name.startswith("library"))
    assert fleet.larder.get(f"/d/web/debian/pool/main/l/library/{library}", method="HEAD").status == 200
    unit = fleet.unit()
    unit.update().must()
    unit.download("service").must()
    wait_for(lambda: fleet.json("deployment", "status", "web", check=0)["held"], "what was fetched to be held")
    assert fleet.json("deployment", "status", "web", check=0)["held"] == 1


# --- what indices list, read once ------------------------------------------------------------------

def forget(larder, index):
    """Takes an index away from under a larder that is stopped, in all its forms; returns what brings them back."""
    def unpacked(data):
        return {b"\xfd7": lzma.decompress, b"\x1f\x8b": gzip.decompress}.get(data[:2], bytes)(data)
    kept = {path: path.read_bytes() for path in (larder.store / "objects").glob("*/*")}
    kept = {path: data for path, data in kept.items() if unpacked(data) == unpacked(index)}
    for path in kept:
        path.unlink()
    assert kept
    return lambda: [path.write_bytes(data) for path, data in kept.items()]


def test_a_difference_needs_the_indices_once_and_after_a_rebuild_again(env):
    fleet = Fleet(env)
    fleet.create()
    old = fleet.larder.good(f"/d/web/debian/{PACKAGES}").body
    fleet.moves_on()
    fleet.cli("deployment", "upgrade", "web")
    diff = lambda: fleet.json("deployment", "diff", "web", "1", "2")["differences"]
    first = diff()
    assert first[0]["counts"]["upgraded"] == 2 and first[0]["unread"] == []
    fleet.gone()
    fleet.larder.stop()
    bring_back = forget(fleet.larder, old)
    assert [d["packages"] for d in diff()] == [d["packages"] for d in first], "the lists that are kept suffice"
    fleet.larder.cli("doctor", "--rebuild", check=1)  # it names the index that generations need
    [without] = diff()
    assert without["packages"] == [] and without["unread"] == ["main/binary-amd64/Packages"]
    bring_back()
    assert diff() == first
    fleet.larder.cli("doctor", "--rebuild", check=0)
    assert diff() == first
    fleet.larder.start()
    assert diff() == first


def test_units_are_judged_and_locks_written_without_the_indices_once_what_they_list_is_known(env):
    fleet, _, _ = joined(env, "web-1")
    index = fleet.larder.good(f"/d/web/debian/{PACKAGES}").body
    lock = fleet.cli("deployment", "lock", "web")
    assert "service" in lock
    fleet.gone()
    fleet.larder.stop()
    forget(fleet.larder, index)
    fleet.cli("deployment", "admit", "web", check=0)
    assert fleet.cli("deployment", "lock", "web") == lock


def test_what_an_index_listed_is_read_out_of_its_chunks_once_gc_took_both(env):
    fleet = Fleet(env)
    fleet.larder.good(f"/debian/{PACKAGES}")
    fleet.moves_on()
    fleet.larder.good(f"/debian/{PACKAGES}")
    before = f"debian/stable@{moment(fleet.now - 5 * HOUR)}"
    diff = lambda: fleet.json("snapshot", "diff", before, "debian/stable")
    assert diff()["counts"]["upgraded"] == 2
    fleet.collect_all()
    assert diff()["counts"]["upgraded"] == 2 and diff()["unread"] == []


def test_the_same_list_is_made_by_two_at_once_without_harm(env):
    fleet = Fleet(env)
    fleet.create()
    fleet.moves_on()
    fleet.cli("deployment", "upgrade", "web")
    fleet.larder.stop()
    fleet.larder.cli("doctor", "--rebuild", check=0)
    fleet.larder.start()
    with ThreadPoolExecutor(4) as several:
        found = list(several.map(lambda _: fleet.json("deployment", "diff", "web", "1", "2"), range(4)))
    assert found[0]["differences"][0]["counts"]["upgraded"] == 2 and all(one == found[0] for one in found)
