"""Deployments whose suites are pinned when a client first asks for them."""

import json
import re
import time
from concurrent.futures import ThreadPoolExecutor

from support import faults
from support.env import Package
from support.fleet import HOUR, RELEASE, Fleet
from support.larder import archive_table
from support.process import wait_for
from test_deployments import Machine


def fleet_on_first_use(env, **settings):
    fleet = Fleet(env, **settings)
    made = fleet.json("deployment", "create", "web", "--on-first-use", "--archive", "debian", "--arch", "amd64")
    assert made["generation"]["suites"] == [] and made["on_first_use"] == ["debian"]
    return fleet


def generations(fleet):
    return fleet.json("deployment", "history", "web")["generations"]


def test_a_suite_stays_as_it_was_when_its_first_client_asked(env):
    fleet = fleet_on_first_use(env)
    second = fleet.moves_on()
    fleet.installs(fleet.unit(), second)
    own = (fleet.archive.root / RELEASE).read_bytes()
    fleet.moves_on("3.0", hours_ago=1)
    fleet.gone()
    fleet.collect_all()
    fleet.installs(fleet.unit(), second)
    assert fleet.larder.good(f"/d/web/debian/{RELEASE}").body == own
    assert fleet.larder.good(f"/d/web@2/debian/{RELEASE}").body == own
    assert fleet.larder.get(f"/d/web@1/debian/{RELEASE}").status == 404


def test_the_history_and_the_journal_say_which_client_it_was(env):
    fleet = fleet_on_first_use(env)
    fleet.larder.good(f"/d/web/debian/{RELEASE}")
    assert [(g["number"], g["step"], g["by"]) for g in generations(fleet)[1:]] == [(2, "first-use", "127.0.0.1")]
    entries = json.loads(fleet.cli("audit", "list", "--json"))["entries"]
    [entry] = [e for e in entries if e["what"] == "deployment-first-use"]
    assert (entry["subject"], entry["by"], entry["reason"]) == ("web@2", "127.0.0.1", "debian/stable")
    assert "on first use" in fleet.cli("deployment", "list")


def test_many_clients_that_ask_at_once_pin_it_once_and_get_the_same(env):
    fleet = fleet_on_first_use(env)
    fleet.upstream.rule("*/Packages*", faults.trickle(400, 0.05))
    with ThreadPoolExecutor(40) as many:
        answers = list(many.map(lambda _: fleet.larder.good(f"/d/web/debian/{RELEASE}").body, range(40)))
    assert set(answers) == {(fleet.archive.root / RELEASE).read_bytes()}
    assert [g["number"] for g in generations(fleet)] == [1, 2]


def test_the_proxy_user_name_pins_as_well(env):
    fleet = fleet_on_first_use(env)
    unit = fleet.env.apt_for(fleet.archive, f"{fleet.upstream.url}/debian",
                             proxy=fleet.larder.url.replace("http://", "http://web@"))
    fleet.installs(unit, fleet.first)
    fleet.moves_on()
    fleet.installs(fleet.unit(), fleet.first)


def test_what_upstream_cannot_give_is_not_pinned_and_tried_anew(env):
    fleet = fleet_on_first_use(env)
    fleet.upstream.rule("*/Packages*", faults.status(503))
    answer = fleet.larder.get(f"/d/web/debian/{RELEASE}")
    assert answer.status in (502, 503) and b"debian/stable" in answer.body, (answer.status, answer.body)
    assert len(generations(fleet)) == 1
    fleet.upstream.honest()
    wait_for(lambda: fleet.larder.get(f"/d/web/debian/{RELEASE}").ok, "the next request to pin it", 60)
    assert len(generations(fleet)) == 2


def test_only_what_is_configured_is_pinned_and_only_release_files_pin(env):
    fleet = fleet_on_first_use(env)
    fleet.archive.publish("testing", date=fleet.now - HOUR, by_hash=False)
    for path in ("/d/web/debian/dists/testing/InRelease", "/d/web/debian/dists/stable/main/binary-amd64/Packages.xz",
                 "/d/web/debian/pool/main/l/library/library_1.0_all.deb", "/d/web/other/dists/stable/InRelease"):
        assert fleet.larder.get(path).status == 404, path
    assert fleet.upstream.count("*/testing/*") == 0
    assert len(generations(fleet)) == 1
    for refused, words in (("--archive debian", "needs|requires"), ("--on-first-use --archive nowhere", "nowhere")):
        done = fleet.larder.cli("deployment", "create", "x", *refused.split())
        assert done.returncode != 0 and re.search(words, done.stderr), (refused, done.stderr)


def test_an_archive_without_configured_suites_is_refused(env):
    archive = env.archive(Package("a"))
    archive.publish("stable", date=time.time() - HOUR)
    upstream = env.hostile(archive.tree)
    larder = env.larder(archive_table("debian", f"{upstream.url}/debian", archive.keyring, suites=(),
                                      architectures=["amd64"]))
    refused = larder.cli("deployment", "create", "web", "--on-first-use")
    assert refused.returncode != 0 and "suites" in refused.stderr, refused.stderr


def test_suites_that_were_pinned_at_once_stay_and_the_others_follow(env):
    fleet = Fleet(env)
    fleet.archive.publish("updates", date=fleet.now - 4 * HOUR, by_hash=False)
    fleet.larder.stop()
    fleet.larder.tables["archive"][0]["suites"] = ["stable", "updates"]
    fleet.larder.write_config()
    fleet.larder.start()
    fleet.create("web", "--on-first-use")
    own = (fleet.archive.root / RELEASE).read_bytes()
    fleet.moves_on()
    fleet.larder.good("/d/web/debian/dists/updates/InRelease")
    assert fleet.larder.good(f"/d/web/debian/{RELEASE}").body == own
    assert [s["suite"] for s in generations(fleet)[-1]["suites"]] == ["stable", "updates"]


def test_suites_that_are_asked_for_at_once_are_all_pinned_each_by_a_generation_of_its_own(env):
    fleet = Fleet(env)
    others = [f"updates{n}" for n in range(5)]
    for name in others:
        fleet.archive.publish(name, date=fleet.now - 4 * HOUR, by_hash=False)
    fleet.larder.stop()
    fleet.larder.tables["archive"][0]["suites"] = ["stable", *others]
    fleet.larder.write_config()
    fleet.larder.start()
    for name in ("stable", *others):
        fleet.larder.good(f"/debian/dists/{name}/InRelease")
    for round in range(4):
        name = f"web{round}"
        fleet.cli("deployment", "create", name, "--on-first-use", "--archive", "debian", "--arch", "amd64")
        with ThreadPoolExecutor(6) as many:
            list(many.map(lambda suite: fleet.larder.good(f"/d/{name}/debian/dists/{suite}/InRelease"), ("stable", *others)))
        made = fleet.json("deployment", "history", name)["generations"]
        assert [len(g["suites"]) for g in made] == [0, 1, 2, 3, 4, 5, 6]


def test_machines_are_set_up_with_all_configured_suites_before_any_is_pinned(env):
    fleet = fleet_on_first_use(env)
    assert "Suites: stable\n" in fleet.larder.good("/d/web/larder.sources").body.decode()
    machine = Machine(fleet)
    assert len(generations(fleet)) == 1
    machine.apt.update().must()
    assert machine.apt.versions("service") == ["1.0"]
    assert len(generations(fleet)) == 2


def test_a_server_that_is_killed_meanwhile_has_pinned_it_or_not(env):
    fleet = fleet_on_first_use(env, upstream={"inactivity_timeout": "60s"})
    fleet.upstream.rule("*/Packages*", faults.stall(10), nth=1)
    with ThreadPoolExecutor(1) as asking:
        asked = asking.submit(fleet.larder.get, f"/d/web/debian/{RELEASE}")
        wait_for(lambda: fleet.upstream.count("*/Packages*"), "the index to be asked for")
        fleet.larder.kill()
        asked.result()
    fleet.larder.start()
    assert len(generations(fleet)) == 1
    fleet.upstream.honest()
    fleet.installs(fleet.unit(), fleet.first)
    assert len(generations(fleet)) == 2


def test_after_a_rollback_to_before_a_suite_was_pinned_its_next_client_pins_it_anew(env):
    fleet = fleet_on_first_use(env)
    machine = Machine(fleet)
    machine.has("1.0")
    assert machine.plan() == {}
    second = fleet.moves_on()
    fleet.cli("deployment", "rollback", "web", "--reason", "to begin anew")
    assert machine.plan() == {"service": "2.0", "library": "2.0"}
    fleet.installs(fleet.unit(), second)
    assert [(g["number"], g["step"]) for g in generations(fleet)] == [
        (1, "create"), (2, "first-use"), (3, "rollback"), (4, "first-use")]


def test_what_is_pinned_anew_is_followed_though_something_later_was_shown_before(env):
    fleet = fleet_on_first_use(env)
    machine = Machine(fleet)
    machine.has("1.0")
    assert machine.plan() == {}
    fleet.moves_on()
    fleet.cli("deployment", "upgrade", "web")
    fleet.cli("deployment", "rollback", "web")  # shown with a Date of now
    assert machine.plan() == {}
    fleet.cli("deployment", "rollback", "web", "--to", "1")
    assert machine.plan() == {"service": "2.0", "library": "2.0"}


def test_an_upgrade_of_nothing_says_so(env):
    fleet = fleet_on_first_use(env)
    done = fleet.larder.cli("deployment", "upgrade", "web")
    assert done.returncode == 1 and "no suite yet" in done.stderr
    for verb in ("status", "units", "lock", "history"):
        fleet.cli("deployment", verb, "web")


def test_a_server_that_stops_waits_for_no_upstream(env):
    fleet = fleet_on_first_use(env, upstream={"inactivity_timeout": "60s"})
    fleet.upstream.rule("*/Packages*", faults.stall(10), nth=1)
    with ThreadPoolExecutor(1) as asking:
        asked = asking.submit(fleet.larder.get, f"/d/web/debian/{RELEASE}", timeout=30)
        wait_for(lambda: fleet.upstream.count("*/Packages*"), "the index to be asked for")
        assert fleet.larder.stop() == 0
        assert asked.result().status in (0, None, 503)


def test_a_client_that_would_wait_for_long_is_told_to_come_again_and_the_pinning_goes_on(env):
    fleet = fleet_on_first_use(env, upstream={"inactivity_timeout": "120s"})
    fleet.upstream.rule("*/Packages*", faults.stall(10), nth=1)
    answer = fleet.larder.get(f"/d/web/debian/{RELEASE}", timeout=60)
    assert answer.status == 503 and answer.body and int(answer.headers["retry-after"]) > 0
    assert len(generations(fleet)) == 1 and fleet.larder.good("/healthz").ok
    fleet.upstream.honest()
    wait_for(lambda: len(generations(fleet)) == 2, "the suite to be pinned", 60)
    fleet.installs(fleet.unit(), fleet.first)
