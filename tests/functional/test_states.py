"""What an archive says of itself: new states, bad states, and an upstream that is gone."""

import calendar
import json
import time
from email.utils import parsedate_to_datetime

from support import faults, keys
from support.env import Package
from support.larder import archive_table
from support.process import wait_for

INRELEASE = "/debian/dists/stable/InRelease"
HOUR = 3600


class Ground:
    """An archive in its first state, known to a larder: one package, from two hours ago."""

    def __init__(self, env, **table):
        self.env = env
        self.archive = env.archive(Package("alpha", size=5000))
        self.archive.publish("stable", date=time.time() - 2 * HOUR)
        self.upstream = env.hostile(self.archive.tree)
        self.larder = env.larder_for(self.archive, self.upstream, table=table)
        self.first = self.release()
        self.larder.good(self.packages())

    def release(self):
        answer = self.larder.get(INRELEASE)
        assert answer.ok, (answer.status, answer.body, answer.trouble)
        return answer.body

    def on_disk(self):
        return (self.archive.root / "dists/stable/InRelease").read_bytes()

    @staticmethod
    def packages(suffix=".xz"):
        return f"/debian/dists/stable/main/binary-amd64/Packages{suffix}"

    def next_state(self, date=None, **more):
        self.archive.add(Package("beta", size=5000))
        self.archive.publish("stable", date=date or time.time() - HOUR, **more)

    def stays(self, logged):
        """The first state is what clients get, though upstream has been asked again; the log says why."""
        asked = self.upstream.count("*Release")
        assert self.release() == self.first, "a bad state is being served"
        self.upstream.wait_count("*Release", asked + 1)
        self.larder.wait_log(logged)
        assert self.release() == self.first, "a bad state is being served"
        apt = self.env.apt_for(self.archive, f"{self.larder.url}/debian")
        apt.update().must()
        apt.install("alpha").must()

    def moves(self):
        wait_for(lambda: self.release() == self.on_disk(), "the new state to be served")


def test_a_new_state_is_served_once_it_is_published(env):
    ground = Ground(env)
    ground.next_state()
    ground.moves()
    apt = env.apt_for(ground.archive, f"{ground.larder.url}/debian")
    apt.update().must()
    apt.install("beta").must()


def test_a_client_in_mid_update_still_gets_the_former_indices_by_hash(env):
    ground = Ground(env)
    old = ground.larder.get(ground.packages())
    ground.next_state()
    for file in (ground.archive.root / "dists/stable").rglob("by-hash/SHA256/*"):
        if file.name == old.sha256:
            file.unlink()
    ground.moves()
    again = ground.larder.get(f"/debian/dists/stable/main/binary-amd64/by-hash/SHA256/{old.sha256}")
    assert again.ok and again.body == old.body


def test_a_package_that_left_the_archive_is_still_served_to_who_read_the_former_index(env):
    ground = Ground(env)
    path = ground.archive.packages[0].pool_path
    whole = (ground.archive.root / path).read_bytes()
    ground.larder.good("/debian/" + path)
    ground.archive.drop("alpha")
    (ground.archive.root / path).unlink()
    ground.next_state()
    ground.moves()
    answer = ground.larder.get("/debian/" + path)
    assert answer.ok and answer.body == whole


def test_release_and_indices_that_clients_get_belong_to_one_state(env):
    ground = Ground(env)
    ground.next_state()
    index = (ground.archive.root / "dists/stable/main/binary-amd64/Packages.xz").read_bytes()
    for _ in range(20):
        release = ground.release()
        served = ground.larder.get(ground.packages())
        if ground.release() == release:
            assert served.ok and served.sha256.encode() in release
    ground.moves()
    assert ground.larder.get(ground.packages()).body == index


def newer_with_a_date_no_newer(difference):
    """The second state's files have a modification time that is not later than the first's."""
    def test(env):
        archive = env.archive(Package("alpha", size=5000))
        at = int(time.time()) - 2 * HOUR
        archive.publish("stable", date=at)
        upstream = env.nginx(archive.tree, extra="if_modified_since off;")
        larder = env.larder_for(archive, upstream)
        first = larder.good(INRELEASE)
        archive.add(Package("beta", size=5000))
        archive.publish("stable", date=at + HOUR, mtime=at + difference)
        new = (archive.root / "dists/stable/InRelease").read_bytes()
        wait_for(lambda: larder.get(INRELEASE).body == new, "the new state to be served")
        answer = larder.good(INRELEASE, If_Modified_Since=first.headers["last-modified"])
        assert answer.body == new
        assert parsedate_to_datetime(answer.headers["last-modified"]) > parsedate_to_datetime(first.headers["last-modified"])
        assert larder.get(INRELEASE, If_Modified_Since=answer.headers["last-modified"]).status == 304
        larder.restart()
        assert larder.good(INRELEASE, If_Modified_Since=first.headers["last-modified"]).body == new
    return test


test_a_new_state_of_the_same_modification_time_is_not_304 = newer_with_a_date_no_newer(0)
test_a_new_state_of_an_older_modification_time_is_not_304 = newer_with_a_date_no_newer(-HOUR)


def test_an_index_swapped_in_mid_update_keeps_the_former_state(env):
    ground = Ground(env)
    ground.next_state()
    ground.upstream.rule("/debian/dists/stable/main/*", faults.other_bytes())
    ground.stays("digest|hash|mismatch")
    ground.upstream.honest()
    ground.moves()


def test_a_release_whose_indices_are_not_there_yet_keeps_the_former_state(env):
    ground = Ground(env)
    ground.next_state()
    ground.upstream.rule("/debian/dists/stable/main/*", faults.status(404))
    ground.stays("Packages")
    ground.upstream.honest()
    ground.moves()


def test_an_older_release_never_replaces_a_newer_one(env):
    ground = Ground(env)
    ground.archive.publish("stable", date=time.time() - 5 * HOUR)
    ground.stays("old|back|date")


def test_the_date_does_not_go_back_over_a_restart(env):
    ground = Ground(env)
    ground.archive.publish("stable", date=time.time() - 5 * HOUR)
    ground.larder.restart()
    ground.stays("old|back|date")


def test_a_release_with_a_bad_signature_keeps_the_former_state(env):
    ground = Ground(env)
    ground.next_state()
    signed = ground.on_disk()
    ground.archive.write("dists/stable/InRelease", signed.replace(b"Origin: Test", b"Origin: Tess"), time.time())
    (ground.archive.root / "dists/stable/Release.gpg").unlink()
    ground.stays("signature")


def test_a_release_signed_by_an_unknown_key_keeps_the_former_state(env):
    ground = Ground(env)
    ground.next_state(key=env.key("stranger"))
    ground.stays("key")


def test_a_release_signed_by_an_expired_key_keeps_the_former_state(env):
    old = keys.expired(env.keys)
    current = env.key("current")
    archive = env.archive(Package("alpha", size=5000), key=current)
    archive.keyring = env.keyring(current, old)
    archive.publish("stable", date=time.time() - 2 * HOUR)
    upstream = env.hostile(archive.tree)
    larder = env.larder_for(archive, upstream)
    first = larder.get(INRELEASE)
    assert first.ok
    archive.publish("stable", date=time.time() - HOUR, key=old, at=old.valid_at)
    larder.get(INRELEASE)
    larder.wait_log("expired")
    assert larder.get(INRELEASE).body == first.body


def test_the_key_of_another_archive_does_not_count(env):
    first, second = env.archive(Package("alpha")), env.archive(Package("beta"), name="other")
    first.publish("stable")
    second.publish("stable", key=first.key)
    one, two = env.nginx(first.tree), env.nginx(second.tree)
    larder = env.larder(archive_table("debian", f"{one.url}/debian", first.keyring),
                        archive_table("other", f"{two.url}/other", second.keyring))
    larder.good("/debian/dists/stable/InRelease")
    refused = larder.get("/other/dists/stable/InRelease")
    assert refused.status >= 500, refused.status


def around(before, after):
    def test(env):
        ground = Ground(env)
        ground.next_state(before=before, after=after, detached=False)
        ground.stays("outside the signature")
    return test


test_unsigned_text_before_a_signed_release_keeps_the_former_state = around(b"Origin: Evil\n\n", b"")
test_unsigned_text_after_a_signed_release_keeps_the_former_state = around(b"", b"\nOrigin: Evil\n")


def test_an_unsigned_release_is_never_served(env):
    ground = Ground(env)
    ground.archive.write("dists/stable/InRelease", b"Origin: Test\nDate: Sat, 21 Nov 2026 00:00:00 UTC\n", time.time())
    (ground.archive.root / "dists/stable/Release.gpg").unlink()
    ground.stays("sign")


def test_a_release_past_its_valid_until_keeps_the_former_state(env):
    ground = Ground(env)
    ground.next_state(valid_for=60)
    ground.stays("valid-until|valid.until|expired")


def test_a_release_from_the_future_keeps_the_former_state(env):
    ground = Ground(env)
    ground.next_state(date=time.time() + 10 * HOUR)
    ground.stays("future|date")


def test_a_release_that_clients_would_still_find_too_new_waits(env):
    ground = Ground(env)
    ground.next_state(date=time.time() + 60)  # apt: Acquire::Max-FutureTime, 10 s
    ground.stays("future|date")


def test_an_archive_that_was_never_good_is_an_error_and_not_absent(env):
    archive = env.archive(Package("alpha"))
    archive.publish("stable", key=env.key("stranger"))
    upstream = env.nginx(archive.tree)
    larder = env.larder_for(archive, upstream)
    for path in ("dists/stable/InRelease", "dists/stable/main/binary-amd64/Packages.xz", archive.packages[0].pool_path):
        answer = larder.get(f"/debian/{path}")
        assert answer.status in (500, 502, 503, 504) and answer.body.strip(), (path, answer.status)
    env.apt_for(archive, f"{larder.url}/debian").update().must_fail("50[0-9]")


def test_a_suite_that_upstream_does_not_have_is_404(env):
    ground = Ground(env)
    assert ground.larder.get("/debian/dists/nowhere/InRelease").status == 404


def test_with_upstream_gone_the_last_state_is_served_with_its_age(env):
    ground = Ground(env)
    ground.upstream.down = True
    answer = ground.larder.get(INRELEASE)
    assert answer.ok and answer.body == ground.first
    assert int(answer.headers["x-larder-age"]) >= 0
    assert "warning" not in answer.headers


def test_with_upstream_gone_a_restarted_larder_serves_what_it_has(env):
    ground = Ground(env)
    path = "/debian/" + ground.archive.packages[0].pool_path
    whole = ground.larder.get(path).body
    ground.upstream.down = True
    ground.larder.restart()
    apt = env.apt_for(ground.archive, f"{ground.larder.url}/debian")
    apt.update().must()
    apt.install("alpha").must()
    assert ground.larder.get(path).body == whole


def test_a_package_whose_bytes_are_not_what_the_index_says_is_never_kept(env):
    ground = Ground(env)
    path = ground.archive.packages[0].pool_path
    whole = (ground.archive.root / path).read_bytes()
    (ground.archive.root / path).write_bytes(bytes(reversed(whole)))
    assert not ground.larder.get("/debian/" + path).ok
    ground.larder.restart()
    assert not ground.larder.get("/debian/" + path).ok
    (ground.archive.root / path).write_bytes(whole)
    wait_for(lambda: ground.larder.get("/debian/" + path).body == whole, "the right bytes")


def test_a_client_whose_first_question_is_not_the_release_waits_for_it(env):
    archive = env.archive(Package("alpha"))
    archive.publish("stable")
    upstream = env.hostile(archive.tree)
    upstream.rule(INRELEASE, faults.trickle(500, 0.1))
    for path in ("dists/stable/main/binary-amd64/Packages", archive.packages[0].pool_path):
        larder = env.larder_for(archive, upstream)
        larder.good(f"/debian/{path}")


def test_a_suite_is_not_asked_for_without_end_when_its_refresh_time_is_zero(env):
    archive = env.archive(Package("alpha"))
    archive.publish("stable")
    upstream = env.hostile(archive.tree)
    larder = env.larder_for(archive, upstream, table={"refresh": "0s"})
    for _ in range(3):
        larder.good(INRELEASE)
    time.sleep(0.5)
    assert upstream.count(INRELEASE) < 20, upstream.count(INRELEASE)


def goes_well(apt):
    """All that apt has to say is that the suite is called otherwise."""
    for done in (apt.update(), apt.install("alpha")):
        assert done.code == 0 and all("Conflicting distribution" in w for w in done.warnings), done.output


def of_another_suite(env, fields, **table):
    """A larder, and an apt that uses it, for an archive whose Release of "stable" says `fields`."""
    archive = env.archive(Package("alpha", size=1000))
    archive.publish("stable", fields=fields)
    upstream = env.nginx(archive.tree)
    larder = env.larder_for(archive, upstream, table=table)
    goes_well(env.apt_for(archive, f"{upstream.url}/debian"))
    return larder, env.apt_for(archive, f"{larder.url}/debian")


def test_a_release_that_names_another_suite_is_refused_and_the_way_out_is_told(env):
    larder, apt = of_another_suite(env, {"Suite": "other", "Codename": "another"})
    answer = larder.get(INRELEASE)
    assert answer.status == 502 and b"check_suite" in answer.body, (answer.status, answer.body)
    apt.update().must_fail("502")


def test_a_release_that_names_another_suite_is_taken_where_that_is_not_checked(env):
    goes_well(of_another_suite(env, {"Suite": "other", "Codename": "another"}, check_suite=False)[1])


def test_a_release_that_names_no_suite_is_taken(env):
    goes_well(of_another_suite(env, {"Suite": None, "Codename": None})[1])


def status_of(larder, archive=0, suite=0):
    return json.loads(larder.get("/api/v1/status").body)["archives"][archive]["suites"][suite]


def test_a_date_with_another_zone_is_understood(env):
    archive = env.archive(Package("alpha", size=1000))
    written = time.strftime("%a, %d %b %Y %H:%M:%S +0100", time.gmtime())
    archive.publish("stable", fields={"Date": written})
    larder = env.larder_for(archive, env.nginx(archive.tree))
    larder.good(INRELEASE)
    suite = status_of(larder)
    age = time.time() - calendar.timegm(time.strptime(suite["date"], "%Y-%m-%dT%H:%M:%SZ"))
    assert HOUR - 60 < age < HOUR + 60, suite


def test_what_is_odd_in_a_release_takes_nothing_else_away(env):
    zeros = "0" * 64
    for odd in (f" {zeros} 12 /srv/Packages", f" {zeros} 12 ../Contents", " abcd 12 main/z", f" {zeros} 12 main/a file",
                f" {zeros} 12 main/z\n {zeros} 13 main/z", "Description: again", "\nX-Note: another stanza"):
        ground = Ground(env)
        honest = ground.archive.release_text
        ground.archive.release_text = lambda *some: honest(*some) + odd.encode() + b"\n"
        ground.next_state()
        ground.moves()
        ground.larder.good("/debian/" + ground.archive.packages[1].pool_path)
        if odd.startswith(" "):
            ground.larder.wait_log("left out")
        ground.larder.stop()


def test_an_index_that_cannot_be_read_shows_in_the_health_of_its_suite(env):
    archive = env.archive(Package("alpha", size=1000))
    archive.packages_index = lambda *some, **more: b"<html>\nno index\n"
    archive.publish("stable", date=time.time() - 2 * HOUR)
    larder = env.larder_for(archive, env.nginx(archive.tree), table={"refresh": "1s"})
    larder.good(INRELEASE)
    assert status_of(larder)["health"] == "fresh", status_of(larder)
    assert larder.get("/debian/" + archive.packages[0].pool_path).status == 503
    suite = status_of(larder)
    assert suite["health"] == "trouble" and "main/binary-amd64/Packages" in suite["last_error"], suite
    del archive.packages_index
    archive.publish("stable", date=time.time() - HOUR)
    wait_for(lambda: larder.get(INRELEASE).body == (archive.root / "dists/stable/InRelease").read_bytes(), "the new state")
    assert status_of(larder)["health"] == "fresh", status_of(larder)
    larder.good("/debian/" + archive.packages[0].pool_path)


def test_a_status_is_json_whatever_an_upstream_sends(env):
    for page in ("<title>Page d'acc\u00e8s r\u00e9serv\u00e9".encode("latin-1"), ("<title>" + "\u00e9" * 60).encode()):
        ground = Ground(env)
        ground.archive.write("dists/stable/InRelease", page, time.time())
        ground.larder.cli("archive", "update", "debian", check=1)
        assert "starts with" in status_of(ground.larder)["last_error"]
        ground.larder.cli("status", check=0)
        ground.larder.stop()
