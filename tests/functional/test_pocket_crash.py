"""A command that changes a pocket is killed at each step that makes something durable: what is found afterwards is the
former state or the whole new one, and the history and the journal say the same."""

import shutil
import subprocess
from pathlib import Path

from support import debs
from support.debs import Package
from support.larder import clean_environment
from support.places import larder_binary
from test_pockets import PROPOSED, STAGING, Chain

TOOL, OTHER = Package("tool", "1.0"), Package("other", "1.0")


def dying_disk(folder):
    library = folder / "dying_disk.so"
    source = Path(__file__).parent.parent / "support/dying_disk.c"
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"], check=True)
    return library


class Steps:
    """A store without a server, and what one command makes of it when it dies at its n-th step."""

    def __init__(self, env):
        self.long = env.long
        self.chain = Chain(env, chain=(STAGING, PROPOSED))
        self.chain.include(STAGING, TOOL)
        self.larder = self.chain.larder
        self.larder.stop()
        self.library = dying_disk(env.folder("dying"))
        self.kept = env.folder("kept") / "store"

    def keep(self):
        shutil.copytree(self.larder.store, self.kept, symlinks=True)

    def back(self):
        shutil.rmtree(self.larder.store)
        shutil.copytree(self.kept, self.larder.store, symlinks=True)

    def dies(self, n, *command):
        """Whether it was killed; else it is done."""
        done = subprocess.run([larder_binary(), *command, "--config", self.larder.config], capture_output=True, text=True,
                              stdin=subprocess.DEVNULL,
                              env=clean_environment(LD_PRELOAD=str(self.library), DYING_AT=str(n)))
        assert done.returncode in (0, -9), (n, done.returncode, done.stdout, done.stderr)
        return done.returncode == -9

    def state(self, suite):
        """What the history says is published: numbers and snapshots."""
        history = self.chain.json("pocket", "history", self.chain.name(suite))["publications"]
        assert [p["number"] for p in history] == list(range(len(history), 0, -1))
        return [(p["number"], p["snapshot"]) for p in history]

    def journal(self):
        return [e["subject"] for e in self.chain.json("audit", "list")["entries"]]

    def each(self, suite, *command):
        """Dies at each step there is."""
        before = self.state(suite)
        self.keep()
        for n in range(1, 1000):
            killed = self.dies(n, *command)
            now = self.state(suite)
            assert now[len(now) - len(before):] == before and len(now) <= len(before) + 1, (n, before, now)
            told = self.journal()
            for number, _ in now:
                subject = f"{self.chain.name(suite)}#{number}"
                assert told.count(subject) == 1, f"step {n}: {told.count(subject)} entries in the journal of {subject}"
            assert len([s for s in told if s.startswith(self.chain.name(suite) + "#")]) == len(now), (n, told)
            if not killed:
                assert len(now) == len(before) + 1 and n > 5, n
                return
            if n % 4 == 0 or len(now) > len(before) or self.long:  # all of it takes its time
                self.chain.cli("audit", "verify")
                self.chain.cli("doctor", "--no-repair")
                self.chain.cli(*command)  # whoever tries again succeeds
            self.back()
        raise AssertionError("it has no end")


def test_a_killed_include_is_done_or_it_is_not(env):
    steps = Steps(env)
    steps.each(STAGING, "pocket", "include", steps.chain.name(STAGING), str(debs.deb(OTHER)))


def test_a_killed_promotion_is_done_or_it_is_not(env):
    steps = Steps(env)
    steps.each(PROPOSED, "pocket", "promote", steps.chain.name(STAGING), "--reason", "tested")


def test_a_killed_rollback_is_done_or_it_is_not(env):
    steps = Steps(env)
    steps.each(STAGING, "pocket", "rollback", steps.chain.name(STAGING), "--to", "1", "--reason", "back")



for each_test in (test_a_killed_include_is_done_or_it_is_not, test_a_killed_promotion_is_done_or_it_is_not,
                  test_a_killed_rollback_is_done_or_it_is_not):
    each_test.limit = 600
