"""kill -9, a full disk, damaged files: what was delivered stays, nothing unverified is served."""

import random
import re
import subprocess
import threading
import time

from support import faults
from support.env import Package, Skip
from support.process import wait_for


class Load:
    """Clients that ask for random packages and remember which they received whole."""

    def __init__(self, larder, expected, clients=6):
        self.larder, self.expected = larder, expected   # path -> bytes
        self.acknowledged, self.wrong = set(), []
        self.over = threading.Event()
        self.threads = [threading.Thread(target=self.ask, args=(n,)) for n in range(clients)]
        for thread in self.threads:
            thread.start()

    def ask(self, seed):
        chance = random.Random(f"{seed} {time.time_ns()}")
        paths = sorted(self.expected)
        while not self.over.is_set():
            path = chance.choice(paths)
            for _ in range(2):
                answer = self.larder.get(path, timeout=10)
                if answer.ok and answer.body != self.expected[path]:
                    self.wrong.append(path)
                elif answer.ok and answer.headers.get("x-larder-cache") == "hit":
                    # Whoever is sent a miss has all of it a moment before it is durable here.
                    self.acknowledged.add(path)

    def end(self):
        self.over.set()
        for thread in self.threads:
            thread.join()


def crash_ground(env, count, size=60_000):
    archive = env.archive(*(Package(f"package{n}", size=size) for n in range(count)))
    archive.publish("stable", date=time.time() - 7200)
    upstream = env.nginx(archive.tree)
    larder = env.larder_for(archive, upstream)
    larder.good("/debian/dists/stable/InRelease")
    expected = {"/debian/" + p.pool_path: (archive.root / p.pool_path).read_bytes() for p in archive.packages}
    return archive, upstream, larder, expected


def test_nothing_acknowledged_is_lost_by_kill_9_under_load(env):
    rounds = 200 if env.long else 20
    archive, upstream, larder, expected = crash_ground(env, count=rounds * 15)
    acknowledged, chance = set(), random.Random()
    for n in range(rounds):
        load = Load(larder, expected)
        time.sleep(chance.uniform(0.02, 0.35))  # the moment of the crash: the one thing that is random here
        larder.kill()
        load.end()
        assert not load.wrong, load.wrong
        acknowledged |= load.acknowledged
        if n % 5 == 4:
            larder.cli("doctor", check=0)
        larder.start()
    larder.kill()
    larder.cli("doctor", check=0)
    upstream.stop()
    larder.start()
    assert len(acknowledged) > rounds / 2, "too little was asked for to mean anything"
    lost = [path for path in sorted(acknowledged) if larder.get(path).body != expected[path]]
    assert not lost, f"{len(lost)} of {len(acknowledged)} acknowledged files are lost: {lost[:5]}"


test_nothing_acknowledged_is_lost_by_kill_9_under_load.limit = 400


def test_a_fetch_cut_by_kill_9_leaves_no_part_of_it_to_be_served(env):
    archive = env.archive(Package("alpha", size=500_000))
    archive.publish("stable")
    upstream = env.hostile(archive.tree)
    larder = env.larder_for(archive, upstream, upstream={"inactivity_timeout": "60s"})
    path = "/debian/" + archive.packages[0].pool_path
    upstream.rule(path, faults.stall(250_000), nth=1)
    larder.good("/debian/dists/stable/InRelease")
    with larder.connection() as connection:
        connection.get(path)
        while len(connection.buffer) < 200_000:
            connection.more()
        larder.kill()
    upstream.honest()
    larder.cli("doctor", check=0)
    larder.start()
    answer = larder.get(path)
    assert answer.ok and answer.body == (archive.root / archive.packages[0].pool_path).read_bytes()


def test_kill_9_while_a_new_state_is_taken_in_leaves_the_former_or_the_new_one(env):
    archive, upstream, larder, _ = crash_ground(env, count=40, size=0)
    release = "/debian/dists/stable/InRelease"
    for n in range(20 if env.long else 6):
        archive.add(Package(f"newcomer{n}"))
        before = larder.get(release).body
        archive.publish("stable", date=time.time() - 3000 + n * 10)
        asker = threading.Thread(target=larder.get, args=(release,))
        asker.start()
        time.sleep(0.004 * (n + 1))
        larder.kill()
        asker.join()
        larder.start()
        served = larder.get(release)
        assert served.ok and served.body in (before, (archive.root / "dists/stable/InRelease").read_bytes())
        index = larder.get("/debian/dists/stable/main/binary-amd64/Packages.xz")
        assert index.ok and index.sha256.encode() in larder.get(release).body
    larder.stop()
    larder.cli("doctor", check=0)


def objects(larder):
    return [f for f in (larder.store / "objects").rglob("*") if f.is_file()]


def object_of(larder, digest):
    return larder.store / "objects" / digest[:2] / digest[2:]


def damaged(env, harm):
    """A warm larder one of whose objects was harmed while it was stopped."""
    archive, upstream, larder, expected = crash_ground(env, count=3)
    path = next(iter(expected))
    digest = larder.get(path).sha256
    larder.stop()
    file = object_of(larder, digest)
    assert file.exists(), objects(larder)
    file.chmod(0o644)
    harm(file)
    return larder, path, expected[path], digest


def flip(file):
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)


def test_doctor_names_a_damaged_object_and_the_next_client_gets_a_good_one(env):
    larder, path, whole, digest = damaged(env, flip)
    done = larder.cli("doctor")
    assert done.returncode == 0 and "Damaged (1)" in done.stdout and digest in done.stdout + done.stderr, (done.returncode, done.stdout, done.stderr)
    assert not object_of(larder, digest).exists() or object_of(larder, digest).read_bytes() == whole
    larder.start()
    assert larder.get(path).body == whole
    larder.stop()
    larder.cli("doctor", check=0)


def test_an_object_that_lost_its_end_is_never_a_success_and_is_fetched_anew(env):
    larder, path, whole, _ = damaged(env, lambda file: file.write_bytes(file.read_bytes()[:-100]))
    larder.start()
    first = larder.get(path)
    assert not first.ok or first.body == whole
    wait_for(lambda: larder.get(path).body == whole, "the right bytes")


def test_an_object_that_vanished_is_fetched_anew(env):
    larder, path, whole, _ = damaged(env, lambda file: file.unlink())
    larder.start()
    wait_for(lambda: larder.get(path).body == whole, "the right bytes")


def test_a_full_disk_in_mid_fetch_leaves_a_server_that_goes_on(env):
    env.skip_unless_root()
    archive = env.archive(Package("small", size=1000), *(Package(f"big{n}", size=6_000_000) for n in range(6)))
    archive.publish("stable")
    upstream = env.nginx(archive.tree)
    store = env.folder("disk")
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "none", store], capture_output=True, text=True)
    if mounted.returncode:
        raise Skip(f"cannot mount a tmpfs here: {mounted.stderr.strip()}")
    env.undo.append(lambda: subprocess.run(["umount", "-l", store]))
    larder = env.larder_for(archive, upstream, store={"path": str(store / "store")})
    small, *big = ["/debian/" + p.pool_path for p in archive.packages]
    larder.good(small)
    answers = [larder.get(path) for path in big]
    for path, answer in zip(big, answers):
        assert not answer.ok or answer.body == (archive.root.parent / path.lstrip("/")).read_bytes()
        assert answer.status, f"no answer at all: {answer.trouble}"
    assert not all(a.ok for a in answers), "the disk was large enough"
    assert larder.get(small).ok and larder.get("/debian/dists/stable/InRelease").ok
    larder.stop()
    larder.cli("doctor", check=0)


def test_a_second_server_on_the_same_store_refuses_with_exit_2(env):
    _, _, larder, expected = crash_ground(env, count=1)
    second = larder.cli("serve")
    assert second.returncode == 2, (second.returncode, second.stderr)
    assert re.search("store|running|use", second.stderr, re.I), second.stderr
    larder.good(next(iter(expected)))


def test_a_store_survives_an_orderly_restart_without_asking_upstream_for_packages(env):
    _, upstream, larder, expected = crash_ground(env, count=5)
    for path in expected:
        larder.good(path)
    asked = upstream.count("*.deb")
    larder.restart()
    for path, whole in expected.items():
        assert larder.get(path).body == whole
    assert upstream.count("*.deb") == asked == 5
