"""Many clients, one fetch."""

from concurrent.futures import ThreadPoolExecutor

from support import faults
from support.client import Connection
from support.env import Package
from support.process import wait_for

PATIENT = {"upstream": {"inactivity_timeout": "60s"}}  # the test decides when a stall ends


def cold(env, size=400_000):
    """(bytes, upstream, larder, path) of one file that no client has asked for."""
    archive = env.archive(Package("alpha", size=size))
    archive.publish("stable")
    upstream = env.hostile(archive.tree)
    larder = env.larder_for(archive, upstream, **PATIENT)
    larder.good("/debian/dists/stable/InRelease")
    larder.good("/debian/dists/stable/main/binary-amd64/Packages")
    package = archive.packages[0]
    return (archive.root / package.pool_path).read_bytes(), upstream, larder, "/debian/" + package.pool_path


def begin(larder, path, at_least=1):
    """A connection whose answer has begun to come."""
    connection = Connection(larder.address)
    connection.get(path)
    while len(connection.buffer) < at_least:
        assert connection.more(), "the connection ended before the answer"
    return connection


def test_fifty_clients_of_a_cold_file_cause_one_upstream_request(env):
    whole, upstream, larder, path = cold(env)
    upstream.rule(path, faults.stall(200_000))
    with ThreadPoolExecutor(50) as pool:
        connections = list(pool.map(lambda _: begin(larder, path), range(50)))
        upstream.honest()
        answers = list(pool.map(Connection.read, connections))
    assert all(a.ok and a.body == whole for a in answers)
    assert upstream.count(path) == 1


def test_a_client_that_joins_in_the_middle_gets_the_whole_file(env):
    whole, upstream, larder, path = cold(env)
    upstream.rule(path, faults.stall(300_000))
    first = begin(larder, path, 200_000)
    second = begin(larder, path, 200_000)
    upstream.honest()
    assert second.read().body == whole and first.read().body == whole
    assert upstream.count(path) == 1


def test_the_first_client_leaving_takes_nothing_from_the_second(env):
    whole, upstream, larder, path = cold(env)
    upstream.rule(path, faults.stall(300_000))
    first = begin(larder, path, 100_000)
    second = begin(larder, path, 100_000)
    first.close()
    upstream.honest()
    assert second.read().body == whole
    assert upstream.count(path) == 1


def test_a_file_whose_only_client_left_is_whole_for_the_next(env):
    whole, upstream, larder, path = cold(env)
    upstream.rule(path, faults.stall(300_000), nth=1)
    begin(larder, path, 100_000).close()
    upstream.honest()
    answer = larder.get(path)
    assert answer.ok and answer.body == whole


def test_a_slow_reader_does_not_hold_up_a_fast_one(env):
    whole, _, larder, path = cold(env, size=8_000_000)
    slow = begin(larder, path)     # takes no more than its buffers hold
    fast = larder.get(path)
    assert fast.ok and fast.body == whole
    assert slow.read().body == whole


def test_all_who_wait_for_a_fetch_that_fails_are_told(env):
    _, upstream, larder, path = cold(env)
    upstream.rule(path, faults.stall(-1), nth=1)
    upstream.rule(path, faults.no_answer())
    with ThreadPoolExecutor(10) as pool:
        waiting = [pool.submit(larder.get, path) for _ in range(10)]
        upstream.wait_count(path, 1)
        upstream.release()
        answers = [w.result() for w in waiting]
    assert not any(a.ok for a in answers)
    assert all(a.status >= 500 or not a.complete for a in answers), [a.status for a in answers]


def test_two_ranges_and_a_whole_file_share_one_fetch(env):
    whole, upstream, larder, path = cold(env)
    with ThreadPoolExecutor(3) as pool:
        ranges = [pool.submit(larder.get, path, Range=r) for r in ("bytes=0-9", "bytes=-10")]
        assert larder.get(path).body == whole
        answers = [r.result() for r in ranges]
    for answer, part in zip(answers, (whole[:10], whole[-10:])):
        assert answer.body in (part, whole) and answer.complete
    wait_for(lambda: larder.get(path).ok, "the file to be here")
    assert upstream.count(path) == 1, upstream.matching(path)
