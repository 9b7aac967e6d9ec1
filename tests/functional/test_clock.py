"""The machine's clock jumps, forward and back, under a running server: nothing is lost, nothing unverified comes."""

import subprocess
import time
from pathlib import Path

from support.env import Package
from support.process import wait_for

DAY = 86400


def jumping_clock(folder):
    library = folder / "jumping_clock.so"
    source = Path(__file__).parent.parent / "support/jumping_clock.c"
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"], check=True)
    return library


def by_clock(clock):
    """The environment of a process whose wall clock is as far from the machine's as the file says, in seconds."""
    return {"LD_PRELOAD": str(jumping_clock(clock.parent)), "JUMPING_CLOCK": str(clock)}


class Ground:
    """A larder whose wall clock is in a file; the monotonic one, which its time-outs go by, is the machine's."""

    def __init__(self, env):
        self.archive = env.archive(Package("alpha", size=50_000), Package("beta", size=50_000))
        self.archive.publish("stable", date=time.time() - 2 * 3600, valid_for=7 * DAY)
        self.upstream = env.nginx(self.archive.tree)
        self.clock = env.folder("clock") / "offset"
        self.jump(0)
        self.preloaded = by_clock(self.clock)
        self.larder = env.larder_for(self.archive, self.upstream, start=False)
        self.larder.start(**self.preloaded)

    def restart(self):
        self.larder.stop()
        self.larder.start(**self.preloaded)

    def jump(self, seconds):
        replaced = self.clock.with_suffix(".new")
        replaced.write_text(f"{seconds}\n")
        replaced.rename(self.clock)

    def release(self):
        return self.larder.get("/debian/dists/stable/InRelease")

    def refreshes(self):
        return self.upstream.count("*/InRelease")

    def ask_upstream_again(self):
        before = self.refreshes()
        wait_for(lambda: self.release() and self.refreshes() > before + 1, "upstream to be asked again")


def path_of(archive, n):
    path = archive.packages[n].pool_path
    return "/debian/" + path, (archive.root / path).read_bytes()


def test_a_clock_that_jumps_back_and_forth_changes_nothing_of_what_is_served(env):
    ground = Ground(env)
    first = ground.release()
    assert first.ok
    alpha, whole = path_of(ground.archive, 0)
    assert ground.larder.good(alpha).body == whole
    for days in (4000, -4000, 1, -1, 0):
        ground.jump(days * DAY)
        ground.ask_upstream_again()
        again = ground.release()
        assert again.ok and again.body == first.body, (days, again.status, again.body[:200])
        assert again.headers["last-modified"] == first.headers["last-modified"]
        assert int(again.headers["age"]) >= 0
        assert ground.larder.good(alpha).body == whole
    beta, whole = path_of(ground.archive, 1)
    assert ground.larder.good(beta).body == whole


def test_with_the_clock_far_off_no_newer_state_is_taken_and_once_it_is_right_it_is(env):
    ground = Ground(env)
    first = ground.release().body
    for days in (-4000, 4000):
        ground.jump(days * DAY)
        ground.archive.publish("stable", date=time.time() - 3600, valid_for=7 * DAY)
        ground.ask_upstream_again()
        assert ground.release().body == first, days
        assert "release file refused" in ground.larder.log()
    ground.jump(0)
    newer = (ground.archive.root / "dists/stable/InRelease").read_bytes()
    wait_for(lambda: ground.release().body == newer, "the newer state once the clock is right")


def test_what_was_served_under_a_wrong_clock_is_whole_after_a_restart(env):
    ground = Ground(env)
    ground.jump(-4000 * DAY)
    first = ground.release()
    ground.jump(0)
    wait_for(lambda: ground.release().ok, "a state, once the clock is right")
    alpha, whole = path_of(ground.archive, 0)
    ground.jump(4000 * DAY)
    assert ground.larder.good(alpha).body == whole
    ground.larder.stop()
    ground.upstream.stop()
    ground.larder.start()
    assert ground.release().ok and ground.larder.good(alpha).body == whole
    assert not first.ok, "a Release from the future was taken"


def test_with_upstream_gone_the_age_that_is_told_grows_with_the_clock_and_over_a_restart(env):
    ground = Ground(env)
    assert ground.release().ok
    ground.upstream.stop()

    def ages():
        answer = ground.release()
        assert answer.ok and answer.headers["age"] == answer.headers["x-larder-age"], answer.headers
        metric = ground.larder.metrics()['larder_suite_age_seconds{archive="debian",suite="stable"}']
        return int(answer.headers["x-larder-age"]), metric
    assert max(ages()) < 60, ages()
    ground.jump(7200)
    assert all(7200 <= age < 7260 for age in ages()), ages()
    ground.restart()
    assert all(7200 <= age < 7260 for age in ages()), ages()
    ground.jump(0)
    assert max(ages()) < 60, ages()
