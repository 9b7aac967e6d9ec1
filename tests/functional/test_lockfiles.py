"""A deployment as a text: a lockfile, what it is checked by, and the same deployment elsewhere."""

import hashlib
import json
import subprocess

from support.env import Package
from support.fleet import BY_HAND, HOUR, Fleet
from support.process import wait_for


def lock_of(fleet, *more, name="web", check=0):
    return fleet.cli("deployment", "lock", name, *more, check=check)


def package_lines(lock):
    return lock.split("\n\n", 1)[1].splitlines()


def used_fleet(env):
    """A deployment whose one unit has installed the service."""
    fleet = Fleet(env)
    fleet.create()
    fleet.installs(fleet.unit(), fleet.first)
    return fleet


def rows(packages):
    return {(p["what"], p["package"], p["before"], p["after"]) for p in packages}


def test_a_lockfile_has_a_line_for_each_package_that_is_held_with_its_hash(env):
    fleet = used_fleet(env)
    lock = lock_of(fleet)
    expected = sorted(f"{name} 1.0 all {hashlib.sha256(fleet.first[f'{name}_1.0_all.deb']).hexdigest()} "
                      f"{len(fleet.first[f'{name}_1.0_all.deb'])} {name}" for name in ("library", "service"))
    assert package_lines(lock) == expected
    head = lock.splitlines()
    release = (fleet.archive.root / "dists/stable/InRelease").read_bytes()
    suite = next(line for line in head if line.startswith("Suite: debian/stable "))
    assert hashlib.sha256(release).hexdigest() in suite
    assert fleet.archive.key.fingerprint in suite
    fleet.larder.restart()
    assert lock_of(fleet) == lock


def test_a_source_package_is_locked_by_its_dsc(env):
    archive = env.archive(Package("hello"))
    archive.add_source("hello")
    archive.publish("stable")
    upstream = env.hostile(archive.tree)
    larder = env.larder_for(archive, upstream, table={"architectures": ["amd64"]})
    larder.cli("deployment", "create", "web", "--suite", "debian/stable", "--arch", "amd64", "--arch", "source",
               "--hold", "full", check=0)
    lines = package_lines(larder.cli("deployment", "lock", "web", check=0).stdout)
    dsc = next(archive.root.glob("pool/**/*.dsc"))
    name, version, kind, content, size, source = next(line for line in lines if " source " in line).split()
    assert (name, source, size) == ("hello", "hello", str(dsc.stat().st_size))
    assert content == hashlib.sha256(dsc.read_bytes()).hexdigest()


def test_a_check_says_what_has_changed_since_and_answers_no(env):
    fleet = used_fleet(env)
    lock = env.folder("lock") / "larder.lock"
    lock.write_text(lock_of(fleet))
    assert "is what the lockfile says" in lock_of(fleet, "--check", str(lock))
    fleet.moves_on()
    fleet.cli("deployment", "upgrade", "web")
    answer = json.loads(lock_of(fleet, "--check", str(lock), "--json", check=3))
    assert not answer["agrees"]
    assert [s["suite"] for s in answer["suites"]] == ["stable"]
    # Nothing of the new generation was fetched yet, so it holds neither.
    assert rows(answer["packages"]) == {("removed", "service", "1.0", ""), ("removed", "library", "1.0", "")}
    unit = fleet.unit()
    unit.update().must()
    unit.install("service").must()
    answer = json.loads(lock_of(fleet, "--check", str(lock), "--json", check=3))
    assert rows(answer["packages"]) == {("upgraded", "service", "1.0", "2.0"), ("upgraded", "library", "1.0", "2.0")}
    assert "upgraded" in lock_of(fleet, "--check", str(lock), check=3)
    assert "is what the lockfile says" in lock_of(fleet, "--check", str(lock), "--generation", "1")


def test_the_same_deployment_is_made_elsewhere_from_its_lockfile(env):
    fleet = used_fleet(env)
    fleet.cli("deployment", "hold", "web", "closure")
    lock = env.folder("lock") / "larder.lock"
    lock.write_text(lock_of(fleet) + "# kept with the service's own sources\n")
    other = fleet.second(store=BY_HAND)
    made = json.loads(other.cli("deployment", "create", "--from-lock", str(lock), "--json", check=0).stdout)
    assert (made["name"], made["hold"]) == ("web", "closure")
    status = json.loads(other.cli("deployment", "status", "web", "--json", check=3).stdout)
    assert (status["held"], status["at_risk"]) == (0, 2)
    other.cli("deployment", "fetch", "web", check=0)
    fleet.gone()
    unit = env.apt_for(fleet.archive, other.url + "/d/web/debian")
    fleet.installs(unit, fleet.first)
    assert package_lines(other.cli("deployment", "lock", "web", check=0).stdout) == package_lines(lock_of(fleet))
    assert "is what" in other.cli("deployment", "lock", "web", "--check", str(lock), check=0).stdout


def test_a_lockfile_whose_state_is_nowhere_makes_nothing_and_says_so(env):
    fleet = used_fleet(env)
    lock = env.folder("lock") / "larder.lock"
    lock.write_text(lock_of(fleet))
    fleet.moves_on()
    other = fleet.second()
    refused = other.cli("deployment", "create", "again", "--from-lock", str(lock), check=1).stderr
    assert "debian/stable: its state of" in refused and "is not here" in refused
    assert json.loads(other.cli("deployment", "list", "--json", check=0).stdout)["deployments"] == []
    # One of the same date is not that one.
    text = lock.read_text()
    state, release = next(line for line in text.splitlines() if line.startswith("Suite: ")).split()[3:5]
    lock.write_text(text.replace(state, "0" * 64).replace(release, "1" * 64))
    assert "is not here" in fleet.larder.cli("deployment", "create", "again", "--from-lock", str(lock), check=1).stderr


def test_a_lockfile_that_names_other_bytes_is_refused(env):
    fleet = used_fleet(env)
    text = lock_of(fleet)
    content = hashlib.sha256(next(iter(fleet.first.values()))).hexdigest()
    lock = env.folder("lock") / "larder.lock"
    lock.write_text(text.replace(content, hashlib.sha256(b"other").hexdigest()))
    refused = fleet.larder.cli("deployment", "create", "again", "--from-lock", str(lock), check=1).stderr
    assert "1 of its packages are not what its suites list: " in refused and "has other bytes" in refused
    assert [d["name"] for d in fleet.json("deployment", "list")["deployments"]] == ["web"]
    lock.write_text(text + "nonsense\n")
    refused = fleet.larder.cli("deployment", "create", "again", "--from-lock", str(lock)).stderr
    assert "the lockfile: line" in refused and "six words" in refused


def test_a_large_lockfile_is_taken(env):
    fleet = used_fleet(env)
    lock = env.folder("lock") / "larder.lock"
    lock.write_text(lock_of(fleet) + "# for people\n" * 200_000)
    assert lock.stat().st_size > 1 << 20
    fleet.cli("deployment", "create", "again", "--from-lock", str(lock))


def test_the_sums_are_those_of_what_is_served(env):
    fleet = used_fleet(env)
    sums = lock_of(fleet, "--format", "sha256sums")
    assert len(sums.splitlines()) == 2
    folder = env.folder("copy")
    for line in sums.splitlines():
        path = folder / line.split("  ", 1)[1]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(fleet.larder.good("/d/web/" + line.split("  ", 1)[1]).body)
    checked = subprocess.run(["sha256sum", "--check", "--strict"], input=sums, text=True, cwd=folder,
                             capture_output=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_apt_keeps_to_the_preferences_of_a_lockfile(env):
    fleet = used_fleet(env)
    pins = lock_of(fleet, "--format", "preferences")
    fleet.archive.add(Package("library", "2.0"), Package("service", "2.0"))
    fleet.archive.publish("stable", date=fleet.now - HOUR, by_hash=False)
    unit = fleet.env.apt_for(fleet.archive, fleet.upstream.url + "/debian")
    unit.update().must()
    policy = unit.run("apt-cache", "policy", "service").must()
    assert "Candidate: 2.0" in policy.output
    (unit.root / "etc/apt/preferences.d/lock").write_text(pins)
    policy = unit.run("apt-cache", "policy", "service").must()
    assert "Candidate: 1.0" in policy.output


def test_bills_of_materials_name_every_package_by_its_hash(env):
    fleet = used_fleet(env)
    hashes = {hashlib.sha256(data).hexdigest() for data in fleet.first.values()}
    spdx = json.loads(lock_of(fleet, "--format", "spdx"))
    assert spdx["spdxVersion"] == "SPDX-2.3" and spdx["name"] == "web@1"
    assert {p["checksums"][0]["checksumValue"] for p in spdx["packages"]} == hashes
    described = {r["relatedSpdxElement"] for r in spdx["relationships"] if r["relationshipType"] == "DESCRIBES"}
    assert described == {p["SPDXID"] for p in spdx["packages"]}
    purls = {r["referenceLocator"] for p in spdx["packages"] for r in p["externalRefs"]}
    assert purls == {"pkg:deb/debian/service@1.0?arch=all", "pkg:deb/debian/library@1.0?arch=all"}
    cyclone = json.loads(lock_of(fleet, "--format", "cyclonedx"))
    assert (cyclone["bomFormat"], cyclone["specVersion"]) == ("CycloneDX", "1.5")
    assert {c["hashes"][0]["content"] for c in cyclone["components"]} == hashes
    assert cyclone["metadata"]["component"]["name"] == "web"


def test_what_a_unit_reports_is_held_though_it_came_to_it_another_way(env):
    fleet = Fleet(env)
    fleet.create()
    token = fleet.cli("deployment", "token", "web").strip()
    assert fleet.post("/d/web/report", b"Unit: one\nlibrary all 1.0 ii \n", token).status == 200
    assert [line.split()[:2] for line in package_lines(lock_of(fleet))] == [["library", "1.0"]]
    wait_for(lambda: fleet.json("deployment", "status", "web", check=None)["held"] == 1, "it to be held")
    fleet.moves_on()
    fleet.cli("deployment", "upgrade", "web")
    lock = lock_of(fleet, "--generation", "1")
    # A unit that goes on does not take it away again.
    assert fleet.post("/d/web/report", b"Unit: one\nlibrary all 2.0 ii \n", token).status == 200
    wait_for(lambda: fleet.json("deployment", "status", "web", check=None)["held"] == 2, "the other one, too")
    assert lock_of(fleet, "--generation", "1") == lock
    fleet.gone()
    fleet.collect_all()
    path = "pool/main/l/library/library_1.0_all.deb"
    assert fleet.larder.good(f"/d/web@1/debian/{path}").body == next(
        data for name, data in fleet.first.items() if name.startswith("library"))
