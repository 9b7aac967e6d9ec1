"""The ground the other tests stand on: archives, upstreams and clients, without a larder between them."""

import subprocess
import time

from support import client, faults
from support.env import Package


def test_apt_takes_the_test_archive_straight_from_nginx(env):
    archive = env.archive(Package("alpha", arch="amd64"), Package("beta", depends="alpha"))
    archive.publish("stable")
    nginx = env.nginx(archive.tree)
    apt = env.apt_for(archive, f"{nginx.url}/debian")
    apt.update().must()
    apt.install("beta").must()
    assert apt.debs() == ["alpha_1.0_amd64.deb", "beta_1.0_all.deb"], apt.debs()
    assert nginx.count("*/by-hash/*") >= 1, nginx.requests()


def test_the_packages_index_is_what_apt_ftparchive_writes(env):
    archive = env.archive(Package("alpha", arch="amd64"), Package("beta", depends="alpha"))
    made = subprocess.run(["apt-ftparchive", "--md5=no", "--sha1=no", "--sha512=no", "packages", "pool/main"],
                          cwd=archive.root, capture_output=True, text=True, check=True).stdout

    def fields(text):
        return [sorted(s.strip().splitlines()) for s in text.strip().split("\n\n")]
    assert fields(made) == fields(archive.packages_index("main", "amd64").decode())


def test_apt_refuses_an_expired_key_an_unknown_key_and_an_old_valid_until(env):
    archive = env.archive(Package("alpha"))
    nginx = env.nginx(archive.tree)
    cases = [({"key": env.key("stranger")}, "NO_PUBKEY"), ({"valid_for": 1, "date": time.time() - 3600}, "expired")]
    for changes, said in cases:
        archive.publish("stable", **changes)
        env.apt_for(archive, f"{nginx.url}/debian").update().must_fail(said)


def test_the_hostile_upstream_is_honest_without_a_rule(env):
    archive = env.archive(Package("alpha", size=50_000))
    archive.publish("stable")
    upstream = env.hostile(archive.tree)
    apt = env.apt_for(archive, f"{upstream.url}/debian")
    apt.update().must()
    assert len(apt.update().must().lines("Hit")) == 1
    apt.install("alpha").must()
    part = client.get(upstream.address, "/debian/" + archive.packages[0].pool_path, Range="bytes=10-19")
    assert part.status == 206 and len(part.body) == 10 and part.complete


def test_each_fault_is_seen_by_a_client_that_looks(env):
    archive = env.archive(Package("alpha", size=50_000))
    upstream = env.hostile(archive.tree)
    path = "/debian/" + archive.packages[0].pool_path
    whole = client.get(upstream.address, path)
    assert whole.ok
    for fault in (faults.truncate(1000), faults.reset(1000), faults.length(7), faults.length(-7), faults.no_answer(),
                  faults.garbage(), faults.corrupt(500), faults.other_bytes(), faults.status(503, b"")):
        upstream.honest()
        upstream.rule(path, fault)
        answer = client.get(upstream.address, path, timeout=5)
        assert not (answer.ok and answer.sha256 == whole.sha256), fault.__name__


def test_a_stalled_answer_goes_on_when_it_is_released(env):
    archive = env.archive(Package("alpha", size=50_000))
    upstream = env.hostile(archive.tree)
    path = "/debian/" + archive.packages[0].pool_path
    upstream.rule(path, faults.stall(1000), nth=1)
    with client.Connection(upstream.address) as connection:
        connection.get(path)
        upstream.wait_count(path, 1)
        while len(connection.buffer) < 1000:
            connection.more()
        upstream.release()
        assert connection.read().ok
