"""How Larder fetches: limits, time-outs, several mirrors, wrong bytes, and what a reload changes of it."""

import base64
import select
import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor

from learnt_ground import INRELEASE, PATIENT, POOL, RARELY, file_of, gets_all, learnt, paths_of, published
from support import faults
from support.process import wait_for
from test_upstreams import basic

# --- limits ----------------------------------------------------------------------------------------

RATE = BURST = 500_000   # what may come at once before the limit is felt: a second's worth


def seconds_for(larder, paths):
    start = time.monotonic()
    with ThreadPoolExecutor(len(paths)) as pool:
        answers = list(pool.map(lambda path: larder.get(path, timeout=60), paths))
    assert all(a.ok for a in answers), [a.status for a in answers]
    return time.monotonic() - start


def limited(env, count, **upstream):
    archive = published(env, count, size=1_500_000)
    upstream = {"bandwidth": f"{RATE // 1000} kB", **upstream}
    larder = env.larder_for(archive, env.nginx(archive.tree), table=RARELY, upstream=upstream)
    return archive, learnt(larder)


def test_bandwidth_limits_a_cold_file_and_not_a_warm_one(env):
    archive, larder = limited(env, count=1)
    [path] = paths_of(archive)
    least = (len(file_of(archive, path)) - BURST) / RATE * 0.8
    cold, warm = seconds_for(larder, [path]), seconds_for(larder, [path])
    assert cold >= least, f"{cold:.2f} s, not {least:.2f}"
    assert warm < least / 2, f"a warm file took {warm:.2f} s"


def test_two_downloads_at_once_share_the_bandwidth(env):
    archive, larder = limited(env, count=2)
    paths = paths_of(archive)
    least = (sum(len(file_of(archive, path)) for path in paths) - BURST) / RATE * 0.8
    took = seconds_for(larder, paths)
    assert took >= least, f"{took:.2f} s, not {least:.2f}"


def test_a_narrow_bandwidth_is_not_taken_for_an_upstream_that_is_silent(env):
    archive = published(env, size=400_000)
    upstream = env.hostile(archive.tree)
    larder = learnt(env.larder_for(archive, upstream, table=RARELY,
                                   upstream={"bandwidth": "100 kB", "inactivity_timeout": "1s"}))
    gets_all(larder, archive)
    assert upstream.count(POOL) == 1, "a transfer that was only slowed down was given up"


def test_no_more_connections_are_open_to_an_upstream_than_allowed(env):
    archive = published(env, count=8)
    upstream = env.hostile(archive.tree)
    larder = learnt(env.larder_for(archive, upstream, table=RARELY, upstream={"connections": 4, **PATIENT}))
    upstream.rule(POOL, faults.stall(-1))   # packages have two of the four, the others are for indices
    with ThreadPoolExecutor(8) as pool:
        answers = [pool.submit(larder.get, path) for path in paths_of(archive)]
        wait_for(lambda: larder.metrics().get("larder_fetches") == 8, "eight fetches under way")
        for asked in (2, 4, 6, 8):
            upstream.wait_count(POOL, asked)
            assert upstream.count(POOL) == asked, "more were asked for at once"
            upstream.release()
        assert all(a.result().ok for a in answers)
    assert upstream.most_open <= 4, upstream.most_open


def test_a_fetch_that_waits_for_a_free_connection_does_not_time_out(env):
    archive = published(env, count=4, size=20_000)
    upstream = env.hostile(archive.tree)
    larder = learnt(env.larder_for(archive, upstream, table=RARELY, upstream={
        "connections": 1, "connect_timeout": "200ms", "inactivity_timeout": "500ms"}))
    upstream.rule(POOL, faults.trickle(5_000, 0.1))   # half a second each
    with ThreadPoolExecutor(4) as pool:
        assert all(a.ok for a in pool.map(larder.get, paths_of(archive)))
    assert upstream.count(POOL) == 4, "one that waited was given up and tried again"
    assert upstream.most_open == 1


# --- time-outs and several mirrors -----------------------------------------------------------------

class Mute:
    """A listening socket whose queue is full: who connects hears nothing."""

    def __init__(self, env):
        self.listener = socket.socket()
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(0)
        self.url = "http://127.0.0.1:%d" % self.listener.getsockname()[1]
        self.held = []
        env.undo.append(self.close)
        while self.connects():
            assert len(self.held) < 100, "its queue has no end"

    def connects(self):
        one = socket.socket()
        one.setblocking(False)
        self.held.append(one)
        one.connect_ex(self.listener.getsockname())
        return bool(select.select([], [one], [], 0.3)[1])

    def close(self):
        for one in (*self.held, self.listener):
            one.close()


def failures(larder, mirror):
    return larder.metrics()[f'larder_mirror_failures{{archive="debian",mirror="{mirror.url}/debian"}}']


def test_a_mirror_that_does_not_accept_gives_way_to_the_next(env):
    archive = published(env)
    mute, good = Mute(env), env.hostile(archive.tree)
    larder = env.larder_for(archive, mute, good, table=RARELY, upstream={"connect_timeout": "300ms"})
    start = time.monotonic()
    learnt(larder)
    assert time.monotonic() - start < 5, "the time-out is not what was configured"
    gets_all(larder, archive)
    assert failures(larder, mute) >= 1 and failures(larder, good) == 0


def test_a_mirror_that_stalls_in_mid_file_gives_way_to_the_next_which_sends_the_rest_only(env):
    archive = published(env, size=400_000)
    stalled, good = env.hostile(archive.tree), env.hostile(archive.tree)
    larder = learnt(env.larder_for(archive, stalled, good, table=RARELY, upstream={"inactivity_timeout": "500ms"}))
    stalled.rule(POOL, faults.stall(200_000))
    gets_all(larder, archive)
    assert [s.headers.get("range") for s in good.matching(POOL)] == ["bytes=200000-"]
    assert stalled.count(POOL) == 1


def test_a_mirror_that_says_when_to_come_back_is_not_asked_before(env):
    archive = published(env)
    upstream = env.hostile(archive.tree)
    larder = learnt(env.larder_for(archive, upstream, table=RARELY))
    [path] = paths_of(archive)[:1]
    upstream.rule(path, faults.status(503), nth=1)
    upstream.rule(path, faults.header("Retry-After", "1"), nth=1)
    gets_all(larder, archive, [path])
    first, second = (seen.at for seen in upstream.matching(path))
    assert second - first >= 0.95, second - first


def test_a_mirror_that_keeps_failing_is_asked_less_than_a_healthy_one(env):
    archive = published(env, count=20)
    first, second = env.hostile(archive.tree), env.hostile(archive.tree)
    larder = learnt(env.larder_for(archive, first, second, table=RARELY))
    paths = paths_of(archive)
    gets_all(larder, archive, paths[:1])
    assert (first.count(POOL), second.count(POOL)) == (1, 0), "the first is not the preferred one"
    first.rule("*", faults.status(503))
    gets_all(larder, archive, paths[1:])
    assert second.count(POOL) == 19 and 1 <= first.count(POOL) - 1 <= 4, (first.count(POOL), second.count(POOL))


def test_a_failing_mirror_is_tried_again_by_itself_once_its_pause_is_over(env):
    archive = published(env, count=2)
    first, second = env.hostile(archive.tree), env.hostile(archive.tree)
    larder = learnt(env.larder_for(archive, first, second))   # refreshed every 100 ms
    first.rule("*", faults.status(503))
    wait_for(lambda: failures(larder, first) >= 1, "the first mirror to fail")
    gets_all(larder, archive, paths_of(archive)[:1])
    assert second.count(POOL) == 1
    first.honest()
    wait_for(lambda: failures(larder, first) == 0, "the first mirror to be used again", 30)
    gets_all(larder, archive, paths_of(archive)[1:])
    assert first.count(paths_of(archive)[1]) == 1 and second.count(POOL) == 1


# --- wrong bytes -----------------------------------------------------------------------------------

def test_a_range_of_a_cold_file_that_comes_with_wrong_bytes_is_no_success(env):
    archive = published(env, size=1_000_000)
    upstream = env.hostile(archive.tree)
    larder = learnt(env.larder_for(archive, upstream))
    [path] = paths_of(archive)
    whole = file_of(archive, path)
    upstream.rule(path, faults.corrupt(500_000))
    for _ in range(3):
        answer = larder.get(path, Range="bytes=499990-500009", timeout=30)
        assert not answer.complete or answer.status >= 500, f"{answer.status} {answer.body == whole[499990:500010]}"
    upstream.honest()
    wait_for(lambda: larder.get(path, Range="bytes=499990-500009").body == whole[499990:500010], "the right bytes", 20)


# --- a reload --------------------------------------------------------------------------------------

def test_a_reload_takes_another_keyring_and_the_former_key_counts_no_more(env):
    archive = published(env)
    former, next_key = archive.key, env.key("next")
    upstream = env.hostile(archive.tree)
    larder = env.larder_for(archive, upstream)
    first = larder.good(INRELEASE).body

    def served():
        return larder.good(INRELEASE).body

    archive.publish("stable", date=time.time() - 40, key=next_key)
    second = file_of(archive, INRELEASE)
    larder.wait_log("not refreshed.*(sign|key)")
    assert served() == first, "a key that is not in the keyring counted"

    archive.keyring.write_bytes(next_key.public())
    larder.process.signal(signal.SIGHUP)
    wait_for(lambda: served() == second, "the state that the new key signed")

    archive.publish("stable", date=time.time() - 20, key=former)
    asked = upstream.count(INRELEASE)
    upstream.wait_count(INRELEASE, asked + 3)
    assert served() == second, "the former key still counts"
    archive.publish("stable", date=time.time() - 10, key=next_key)
    wait_for(lambda: served() == file_of(archive, INRELEASE), "the next state that the new key signed")


def test_a_reload_sends_the_password_that_is_in_the_file_now(env):
    archive = published(env)
    upstream, credentials = env.hostile(archive.tree), basic(env)
    larder = env.larder_for(archive, upstream, table=credentials)
    learnt(larder)
    with open(credentials["password_file"], "w") as file:
        file.write("another\n")
    larder.process.signal(signal.SIGHUP)
    another = "Basic " + base64.b64encode(b"reader:another").decode()
    wait_for(lambda: upstream.seen[-1].headers["authorization"] == another, "the new password at the upstream")
    before = len(upstream.seen)
    gets_all(larder, archive)
    assert {s.headers["authorization"] for s in upstream.seen[before:]} == {another}


def test_a_reload_changes_how_often_an_upstream_is_tried(env):
    archive = published(env, count=2)
    upstream = env.hostile(archive.tree)
    larder = learnt(env.larder_for(archive, upstream, table=RARELY, upstream={"retries": 1}))
    once, thrice = paths_of(archive)
    upstream.rule(POOL, faults.status(503))
    assert not larder.get(once).ok and upstream.count(once) == 1, upstream.seen
    larder.tables["upstream"]["retries"] = 3
    larder.reload()
    larder.wait_log("configuration reloaded")
    assert not larder.get(thrice).ok and upstream.count(thrice) == 3, upstream.count(thrice)
