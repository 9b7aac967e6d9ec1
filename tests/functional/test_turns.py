"""Archives that go back to what they said, keys that are taken away, and who had the old of it in hand."""

import hashlib
import http.client
import json
import socket
import subprocess
import time

from support import debs, faults
from support.env import Package, Skip
from support.process import wait_for
from test_commands import Ground

HOUR = 3600
RELEASE = "/debian/dists/stable/InRelease"
PACKAGES = "/debian/dists/stable/main/binary-amd64/Packages.xz"


class Turning:
    """An archive whose one package has other bytes in each state, under one name."""

    def __init__(self, env, **settings):
        self.archive = env.archive()
        self.path = None
        self.said = self.state("one", 3)
        self.upstream = env.hostile(self.archive.tree)
        self.larder = env.larder_for(self.archive, self.upstream, **settings)
        self.good(RELEASE)

    def state(self, marker, hours_ago):
        """Publishes it, and says which bytes its index names."""
        package = Package("turning", size=2000, marker=marker)
        self.archive.packages = [package]
        if marker == "one":
            self.archive.add(Package("only-in-one", size=1000))
        self.path = "/debian/" + package.pool_path
        (self.archive.root / package.pool_path).unlink(missing_ok=True)
        self.archive.place(package.pool_path, debs.deb(package))
        self.archive.publish("stable", date=time.time() - hours_ago * HOUR)
        return hashlib.sha256(debs.deb(package).read_bytes()).hexdigest()

    def good(self, path):
        return self.larder.good(path)

    def moves(self):
        on_disk = (self.archive.root / "dists/stable/InRelease").read_bytes()
        wait_for(lambda: self.good(RELEASE).body == on_disk, "the new state to be served")
        self.good(PACKAGES)

    def gives(self, digest):
        answer = self.larder.get(self.path)
        return answer.ok and answer.sha256 == digest


def test_a_file_that_goes_back_to_its_former_bytes_is_served_with_them(env):
    ground = Turning(env)
    first = ground.said
    ground.good(PACKAGES)
    assert ground.gives(first)
    second = ground.state("two", 2)
    ground.moves()
    assert ground.gives(second)
    assert ground.state("one", 1) == first
    ground.moves()
    assert ground.gives(first)
    ground.larder.restart()
    assert ground.gives(first)
    ground.larder.stop()
    ground.larder.cli("doctor", "--rebuild", check=0)
    ground.larder.start()
    assert ground.gives(first)


def test_a_former_index_that_is_read_late_changes_nothing_for_the_others(env):
    ground = Turning(env)
    old = (ground.archive.root / "dists/stable/main/binary-amd64/Packages.xz").read_bytes()
    second = ground.state("two", 2)
    ground.moves()
    assert ground.gives(second)
    by_hash = f"/debian/dists/stable/main/binary-amd64/by-hash/SHA256/{hashlib.sha256(old).hexdigest()}"
    assert ground.good(by_hash).body == old
    # Read in the background, and read once what only it names is known.
    only_there = ground.path.replace("turning", "only-in-one").replace("/t/", "/o/")
    wait_for(lambda: ground.larder.get(only_there).ok, "the former index to be read")
    assert ground.gives(second)


def test_a_refresh_that_a_reload_overtook_does_not_take_the_suite_back(env):
    ground = Turning(env, upstream={"inactivity_timeout": "60s"})
    ground.good(PACKAGES)
    asked = ground.upstream.count("*/by-hash/*")
    ground.upstream.rule("*/by-hash/*", faults.stall(-1), nth=1)
    ground.state("two", 2)
    ground.upstream.wait_count("*/by-hash/*", asked + 1)
    ground.state("three", 1)
    third = (ground.archive.root / "dists/stable/InRelease").read_bytes()
    ground.larder.tables["archive"][0]["refresh"] = "150ms"
    ground.larder.reload()
    ground.larder.wait_log("configuration reloaded")
    wait_for(lambda: ground.good(RELEASE).body == third, "the third state to be served")
    ground.upstream.release()
    ground.larder.wait_log("has changed meanwhile")
    assert ground.good(RELEASE).body == third
    ground.upstream.down = True
    ground.larder.restart()
    assert ground.good(RELEASE).body == third


def test_a_key_that_was_taken_out_of_the_keyring_vouches_for_nothing_any_more(env):
    ground = Ground(env)
    lost, kept = ground.archive.key, env.key("kept")
    table = ground.larder.tables["archive"][0]
    table["keyring"] = [str(env.keyring(kept))]
    ground.larder.reload()
    ground.larder.wait_log("configuration reloaded")
    refused = ground.larder.get(RELEASE)
    assert refused.status >= 500 and b"key" in refused.body, (refused.status, refused.body)
    ground.larder.restart()
    assert ground.larder.get(RELEASE).status >= 500
    # What it signed last stands in nobody's way, however young it says it is.
    ground.archive.key = kept
    ground.archive.publish("stable", date=time.time() - 10 * HOUR)
    ground.json("archive", "update", "debian")
    genuine = (ground.archive.root / "dists/stable/InRelease").read_bytes()
    assert ground.larder.good(RELEASE).body == genuine
    assert lost is not kept


def call(larder, method, path, body=None):
    """The API over the admin socket, as a command uses it."""
    class Admin(http.client.HTTPConnection):
        def connect(self):
            self.sock = socket.socket(socket.AF_UNIX)
            self.sock.connect(str(larder.work / "admin.sock"))
    asking = Admin("localhost")
    asking.request(method, "/api/v1" + path, body=body and json.dumps(body),
                   headers={"Content-Type": "application/json"})
    return json.loads(asking.getresponse().read())


def test_doctor_leaves_an_object_that_came_anew_while_it_looked_at_others(env):
    ground = Ground(env, start=False)
    digest = ground.sum_of("alpha")
    ground.damage(digest)
    # Keeps one of two threads busy while the other finds the damage.
    size, running = 3 << 30, hashlib.sha256()
    for _ in range(size >> 22):
        running.update(bytes(1 << 22))
    slow = ground.object(running.hexdigest())
    slow.parent.mkdir(exist_ok=True)
    with open(slow, "wb") as file:
        file.truncate(size)
    ground.larder.start()
    job = call(ground.larder, "POST", "/jobs/doctor", {"threads": 2, "background": False})["job"]
    wait_for(lambda: ground.larder.get(ground.path("alpha")).body == ground.upstream_bytes("alpha"), "it to be healed")
    wait_for(lambda: ground.object(digest).exists(), "it to be stored")
    ground.upstream_gone()
    state = wait_for(lambda: (found := call(ground.larder, "GET", "/jobs/" + job))["state"] in ("done", "failed")
                     and found, "the job to end", 60)
    assert not state["result"]["lost"], state["result"]
    assert ground.larder.good(ground.path("alpha")).body == ground.upstream_bytes("alpha")


def test_gc_makes_room_on_a_disk_on_which_nothing_can_be_written(env):
    env.skip_unless_root()
    packages = [Package(f"p{n}", size=200) for n in range(300)]
    archive = env.archive(*packages)
    archive.publish("stable", date=time.time() - HOUR)
    disk = env.folder("disk")
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48m", "none", disk], capture_output=True).returncode:
        raise Skip("may not mount anything here")
    env.undo.append(lambda: subprocess.run(["umount", "-l", disk]))
    larder = env.larder_for(archive, env.nginx(archive.tree), store={"path": str(disk / "store")})
    for package in packages:
        assert larder.get("/debian/" + package.pool_path).ok
    larder.stop()
    larder.start()
    for package in packages:   # their use is known, and not written down yet
        assert larder.get("/debian/" + package.pool_path).ok
    with open(disk / "filler", "wb", buffering=0) as filler:
        try:
            while True:
                filler.write(bytes(4096))
        except OSError:
            pass
    larder.cli("gc", "--remove", "--free", "100000", check=0)   # all of it came too lately to go
    larder.kill()
    larder.cli("gc", "--remove", "--grace", "0s", "--free", "100000", check=0)
