"""What the server counts, and shows: refusals by their reason, connections too many, bytes saved."""

import json
import re

from support import client
from support.client import request
from support.env import Package
from support.process import wait_for


def ground(env, size=5000, **more):
    """(archive, larder, path of a package that no client has asked for)."""
    archive = env.archive(Package("alpha", size=size))
    archive.publish("stable")
    larder = env.larder_for(archive, env.nginx(archive.tree), **more)
    larder.good("/debian/dists/stable/InRelease")
    larder.good("/debian/dists/stable/main/binary-amd64/Packages")
    return archive, larder, "/debian/" + archive.packages[0].pool_path


def refusals(larder):
    """{reason: how many}."""
    found = ((re.fullmatch(r'larder_refused_total\{reason="(\w+)"\}', name), value) for name, value in larder.metrics().items())
    return {m[1]: value for m, value in found if m}


def metrics_over(connection):
    connection.get("/metrics")
    rows = (line.rpartition(" ") for line in connection.read().body.decode().splitlines())
    return {name: float(value) for name, _, value in rows if name and not name.startswith("#")}


def steady(connection):
    """The metrics, once no other connection is open that may still count."""
    now = metrics_over(connection)
    return now if now["larder_connections"] == 1 else None


# reason -> request heads that are refused for it
REFUSED = {
    "bad_length": ["GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n",
                   "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: +0\r\n\r\n"],
    "bad_encoding": ["GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n"],
    "folded_field": ["GET / HTTP/1.1\r\nHost: x\r\nX-A: b\r\n c\r\n\r\n"],
    "bare_cr_or_lf": ["GET / HTTP/1.1\nHost: x\n\n", "GET / HTTP/1.1\r\nHost: x\r\nX-A: b\rX-B: c\r\n\r\n"],
    "repeated_field": ["GET / HTTP/1.1\r\nHost: x\r\nRange: bytes=0-1\r\nRange: bytes=2-3\r\n\r\n"],
    "bad_field": ["GET / HTTP/1.1\r\nHost: x\r\nX-A : b\r\n\r\n"],
    "bad_host": ["GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n"],
    "bad_version": ["GET / HTTP/2.0\r\nHost: x\r\n\r\n"],
    "bad_path": ["GET /debian/../secret HTTP/1.1\r\nHost: x\r\n\r\n", "GET /debian/..%2fsecret HTTP/1.1\r\nHost: x\r\n\r\n"],
    # Over a hundred fields; a head of too many bytes is the same to the counter.
    "too_large": ["GET / HTTP/1.1\r\nHost: x\r\n" + "".join(f"X-{n}: y\r\n" for n in range(120)) + "\r\n"],
    "bad_method": ["DELETE /debian/x HTTP/1.1\r\nHost: x\r\n\r\n"],
    "not_allowed": ["CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: 127.0.0.1:22\r\n\r\n",
                    "GET http://elsewhere.example/x HTTP/1.1\r\nHost: elsewhere.example\r\n\r\n"],
}


def test_each_refusal_is_counted_under_its_reason_and_no_other(env):
    _, larder, _ = ground(env, server={"idle_timeout": "1s"})
    before = refusals(larder)
    total = larder.metrics()['larder_responses_total{result="refused"}']
    for reason, heads in REFUSED.items():
        for head in heads:
            client.raw(larder.address, head.encode(), timeout=5)
            before[reason] += 1
            total += 1
            assert refusals(larder) == before, (reason, head[:60])
    assert larder.metrics()['larder_responses_total{result="refused"}'] == total


def test_an_oversized_head_is_counted(env):
    _, larder, path = ground(env, server={"max_request_head": "4 KiB"})
    with larder.connection() as connection:
        connection.send(request(path, X_Filler="x" * 8000))
        wait_for(lambda: refusals(larder)["too_large"] == 1, "the refusal to be counted")


def test_a_connection_too_many_is_counted(env):
    _, larder, _ = ground(env, server={"max_connections": 3})
    wait_for(lambda: larder.metrics().get("larder_connections") == 1, "the connections before to be gone")
    before = larder.metrics()["larder_connections_refused_total"]
    held = [larder.connection() for _ in range(3)]
    for connection in held:
        connection.get("/healthz")
        assert connection.read().ok
    for _ in range(2):
        assert client.raw(larder.address, b"", timeout=5).startswith(b"HTTP/1.1 503 ")
    assert metrics_over(held[0])["larder_connections_refused_total"] == before + 2
    for connection in held:
        connection.close()


def test_connections_are_spread_over_the_loops_evenly(env):
    _, larder, _ = ground(env, server={"threads": 3})
    wait_for(lambda: larder.metrics().get("larder_connections") == 1, "the connections before to be gone")
    held = [larder.connection() for _ in range(12)]
    for connection in held:
        connection.get("/healthz")
        assert connection.read().ok
    now = wait_for(lambda: (m := metrics_over(held[0]))["larder_connections"] == 12 and m, "the others to be gone")
    assert [now[f'larder_loop_connections{{loop="{i}"}}'] for i in range(3)] == [4, 4, 4]
    for connection in held[1:]:
        connection.close()
    wait_for(lambda: (m := metrics_over(held[0]))["larder_connections"] == 1 and
             sum(m[f'larder_loop_connections{{loop="{i}"}}'] for i in range(3)) == 1, "the places to be given back")
    held[0].close()


def test_the_bytes_counted_as_saved_are_those_that_came_from_the_store(env):
    archive, larder, path = ground(env, size=300_000)
    size = (archive.root / archive.packages[0].pool_path).stat().st_size
    names = ("larder_saved_bytes_total", "larder_sent_bytes_total")
    with larder.connection() as one:   # whose next request is read when the one before is counted
        before = wait_for(lambda: steady(one), "the counters to rest")
        assert cache_of(one, path) == "miss"
        after = metrics_over(one)
        assert [after[n] - before[n] for n in names] == [0, size]
        wait_for(lambda: cache_of(one, path) == "hit", "the package to be in the store")
        before = metrics_over(one)
        for turn in range(1, 4):
            assert cache_of(one, path) == "hit"
            now = metrics_over(one)
            assert [now[n] - before[n] for n in names] == [turn * size] * 2


def cache_of(connection, path):
    connection.get(path)
    answer = connection.read()
    assert answer.ok, answer
    return answer.headers["x-larder-cache"]


def test_the_bytes_saved_on_the_page_are_those_that_came_from_the_store(env):
    archive = env.archive(Package("alpha", size=3 << 20), Package("beta", size=1 << 20))
    archive.publish("stable")
    larder = env.larder_for(archive, env.nginx(archive.tree))
    larder.cli("archive", "update", "debian", check=0)
    larder.cli("archive", "fetch", "debian", "alpha", "--architecture", "amd64", check=0)
    larder.good("/debian/" + archive.packages[1].pool_path)   # from upstream: nothing saved
    larder.good("/debian/" + archive.packages[0].pool_path)   # from the store: 3 MiB saved
    saved = int(larder.metrics()["larder_saved_bytes_total"])
    assert saved == (archive.root / archive.packages[0].pool_path).stat().st_size
    text = larder.get("/", Accept="text/html").body.decode()
    shown = re.search(r"<dt>Saved</dt><dd>([^<]*)<small>of ([^<]*) sent</small>", text).groups()
    assert shown == ("3.0 MiB", "4.0 MiB"), shown
    assert json.loads(larder.get("/api/v1/status").body)["bytes"]["saved"] == saved
