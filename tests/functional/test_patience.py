"""Upstreams that cost time: that drip, that hang, whose names nobody resolves; and who must not wait for them."""

import hashlib
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from support import faults
from support.client import request
from support.env import Package
from support.larder import archive_table
from support.process import wait_for

RELEASE = "/debian/dists/stable/InRelease"
HOUR = 3600
IMPATIENT = {"inactivity_timeout": "1s", "backoff": "100ms"}


class Two:
    """A first mirror that can be made bad, and a healthy second one; a larder that knows the archive."""

    def __init__(self, env, **table):
        self.archive = env.archive(*(Package(f"p{n}", size=100_000) for n in range(2)))
        self.archive.publish("stable", date=time.time() - 3 * HOUR)
        self.first, self.second = env.hostile(self.archive.tree), env.hostile(self.archive.tree)
        self.larder = env.larder_for(self.archive, self.first, self.second, table=table, upstream=IMPATIENT)
        self.larder.good(RELEASE)
        self.larder.good("/debian/dists/stable/main/binary-amd64/Packages.xz")

    def path(self, n):
        return "/debian/" + self.archive.packages[n].pool_path


def test_a_mirror_that_drips_a_release_gives_way_to_the_next(env):
    ground = Two(env)
    ground.first.rule("*/InRelease", faults.trickle(1, 0.3))
    ground.archive.publish("stable", date=time.time() - HOUR)
    new = (ground.archive.root / "dists/stable/InRelease").read_bytes()
    wait_for(lambda: ground.larder.good(RELEASE).body == new, "the new state to be served", 30)


def test_a_mirror_that_drips_the_page_of_an_error_gives_way_to_the_next(env):
    def dripping_error(reply):
        reply.status, reply.headers = 500, {"Content-Length": "1000000"}
        reply.body, reply.pace = bytes(1_000_000), (1, 0.3)
    ground = Two(env)
    ground.first.rule("*/InRelease", dripping_error)
    ground.archive.publish("stable", date=time.time() - HOUR)
    new = (ground.archive.root / "dists/stable/InRelease").read_bytes()
    wait_for(lambda: ground.larder.good(RELEASE).body == new, "the new state to be served", 30)


def test_a_mirror_that_drips_a_package_gives_way_to_the_next_which_sends_the_rest(env):
    ground = Two(env, refresh="600s")
    ground.first.rule("/debian/pool/*", faults.trickle(1, 0.3))
    answer = ground.larder.get(ground.path(0), timeout=30)
    assert answer.ok and answer.body == (ground.archive.root / ground.archive.packages[0].pool_path).read_bytes()
    assert ground.second.count("/debian/pool/*") == 1


def test_a_long_page_of_an_error_is_not_read_to_its_end(env):
    def long_error(reply):
        reply.status, reply.headers = 404, {"Content-Length": str(200 << 20)}
        reply.body, reply.end = bytes(1 << 20), "stall"
    ground = Two(env, refresh="600s")
    ground.first.rule("/debian/pool/*", long_error)
    began = time.monotonic()
    assert ground.larder.get(ground.path(0), timeout=30).ok
    assert time.monotonic() - began < 1, "it was waited for"   # the time-out of inactivity
    ground.first.release()


def test_a_release_does_not_queue_behind_packages(env):
    archive = env.archive(*(Package(f"p{n}", size=50_000) for n in range(12)))
    for suite in ("stable", "testing"):
        archive.publish(suite, date=time.time() - HOUR)
    upstream = env.hostile(archive.tree)
    larder = env.larder(archive_table("debian", f"{upstream.url}/debian", archive.keyring), upstream={
        "inactivity_timeout": "60s", "connections": 8})
    larder.good(RELEASE)
    larder.good("/debian/dists/stable/main/binary-amd64/Packages.xz")
    upstream.rule("/debian/pool/*", faults.stall(-1))
    with ThreadPoolExecutor(12) as pool:
        waiting = [pool.submit(larder.get, "/debian/" + p.pool_path) for p in archive.packages]
        upstream.wait_count("/debian/pool/*", 6)
        wait_for(lambda: larder.metrics().get("larder_fetches") == 12, "twelve fetches under way")
        try:
            answer = larder.get("/debian/dists/testing/InRelease", timeout=8)
            assert answer.ok and answer.body == (archive.root / "dists/testing/InRelease").read_bytes()
        finally:
            upstream.honest()
        wait_for(lambda: (upstream.release(), all(one.done() for one in waiting))[1], "the packages", 30)


def test_a_file_of_two_archives_is_fetched_from_the_one_that_answers(env):
    key, both = env.key(), Package("both", size=100_000)
    stuck, healthy = env.archive(both, key=key), env.archive(both, key=key, name="other")
    for archive in (stuck, healthy):
        archive.publish("stable", date=time.time() - HOUR)
    first, second = env.hostile(stuck.tree), env.hostile(healthy.tree)
    larder = env.larder(archive_table("debian", f"{first.url}/debian", stuck.keyring),
                        archive_table("other", f"{second.url}/other", healthy.keyring),
                        upstream={"inactivity_timeout": "60s"})
    for name in ("debian", "other"):
        larder.good(f"/{name}/dists/stable/InRelease")
        larder.good(f"/{name}/dists/stable/main/binary-amd64/Packages.xz")
    first.rule("/debian/pool/*", faults.stall(-1))
    waiting = threading.Thread(target=lambda: larder.get("/debian/" + both.pool_path))
    waiting.start()
    try:
        first.wait_count("/debian/pool/*", 1)
        answer = larder.get("/other/" + both.pool_path, timeout=10)
        assert answer.ok and answer.sha256 == hashlib.sha256((healthy.root / both.pool_path).read_bytes()).hexdigest()
    finally:
        first.release()
        waiting.join()


def long_ground(env, count, size):
    """(upstream, larder, a long file that is here, `count` others that are not)."""
    packages = [Package("long", size=30 << 20), *(Package(f"p{n}", size=size) for n in range(count))]
    archive = env.archive(*packages)
    archive.publish("stable", date=time.time() - HOUR)
    upstream = env.hostile(archive.tree)
    larder = env.larder_for(archive, upstream, table={"refresh": "600s"}, upstream={"inactivity_timeout": "60s"})
    larder.good(RELEASE)
    larder.good("/debian/dists/stable/main/binary-amd64/Packages.xz")
    long, *others = ["/debian/" + p.pool_path for p in packages]
    larder.good(long)
    return upstream, larder, long, others


def test_requests_behind_a_long_answer_have_their_fetches_started(env):
    upstream, larder, long, others = long_ground(env, 12, size=50_000)

    def behind(paths, together):
        with larder.connection() as client:
            requests = [request(path) for path in (long, *paths)]
            for piece in [b"".join(requests)] if together else requests:
                client.send(piece)
            # None of the long one is read yet: the socket's buffers hold but a part of it.
            for path in paths:
                upstream.wait_count(path, 1)
            assert client.read().ok and all(client.read().ok for _ in paths)

    for round, together in enumerate((True, True, False, False)):
        if round % 2 == 0:
            larder.restart()   # what is sent for the first time is looked through
        behind(others[3 * round:3 * round + 3], together)


def test_no_more_fetches_are_started_ahead_for_a_client_that_sends_its_requests_one_by_one(env):
    upstream, larder, long, others = long_ground(env, 40, size=5000)
    with larder.connection() as client:
        client.get(long)
        for path in others:
            client.get(path)
            larder.good(RELEASE)   # a way there and back, for the other to be seen
        upstream.wait_count("/debian/pool/main/p/*", 16)
        assert upstream.count("/debian/pool/main/p/*") == 16
        assert client.read().ok and all(client.read().ok for _ in others)


def test_answers_that_are_here_make_no_room_for_more_fetches_ahead(env):
    upstream, larder, long, others = long_ground(env, 90, size=20_000)
    here, stuck, missing = others[:15], others[15], others[16:]
    for path in here:
        larder.good(path)
    before = upstream.count("/debian/pool/main/p/*")
    upstream.rule(stuck, faults.stall(-1))
    upstream.rule(missing[0], faults.trickle(4000, 0.2))
    with larder.connection() as client:
        client.send(b"".join(request(path) for path in (stuck, *here, *missing)))
        upstream.wait_count(missing[0], 1)   # the first, and up to 16 ahead
        upstream.release()
        assert all(client.read().ok for _ in (stuck, *here))
        larder.good(RELEASE)   # a way there and back: the next one is waited for
        assert upstream.count("/debian/pool/main/p/*") <= before + 18
        assert all(client.read().ok for _ in missing)


def test_a_connection_that_always_has_more_to_ask_takes_no_more_memory(env):
    archive = env.archive(Package("alpha", size=500_000))
    archive.publish("stable", date=time.time() - HOUR)
    larder = env.larder_for(archive, env.nginx(archive.tree))
    larder.good(RELEASE)
    path = "/debian/" + archive.packages[0].pool_path
    whole = larder.good(path).body
    count, padding = 1500, "x" * 6000
    asked = request(path, X_Padding=padding)
    before = larder.peak_memory()
    with larder.connection() as client:
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)   # slower than the server
        sending = threading.Thread(target=client.send, args=(asked * count,))
        sending.start()
        for _ in range(count):
            answer = client.read()
            assert answer.ok and answer.body == whole
        sending.join()
    assert larder.peak_memory() - before < 4 << 20


def test_requests_that_come_while_a_miss_is_under_way_have_their_fetches_started(env):
    packages = [Package("long", size=3 << 20), *(Package(f"p{n}", size=50_000) for n in range(3))]
    archive = env.archive(*packages)
    archive.publish("stable", date=time.time() - HOUR)
    upstream = env.hostile(archive.tree)
    larder = env.larder_for(archive, upstream, table={"refresh": "600s"}, upstream={"inactivity_timeout": "60s"})
    larder.good(RELEASE)
    larder.good("/debian/dists/stable/main/binary-amd64/Packages.xz")
    paths = ["/debian/" + p.pool_path for p in packages]
    upstream.rule(paths[0], faults.trickle(60_000, 0.1))   # five seconds
    with larder.connection() as client:
        client.get(paths[0])
        upstream.wait_count(paths[0], 1)
        wait_for(lambda: larder.metrics()["larder_upstream_bytes_total"] > 600_000, "a part of it")
        for path in paths[1:]:
            client.get(path)
        for path in paths[1:]:
            upstream.wait_count(path, 1)
        assert larder.metrics()["larder_fetches"] >= 1, "the first one was over: nothing was seen"
        assert all(client.read().ok for _ in paths)
