"""What deployments are for, with the real apt and real packages: each test reads like a line of a promise."""

import json
import os
import random
import shutil
import subprocess
import threading
import time
from pathlib import Path

from support import faults
from support.apt import native_arch
from support.fleet import HOUR
from support.larder import archive_table, clean_environment
from support.process import wait_for
from support.real_archive import RealArchive, older_and_newer, sha256

#: Of these the slice has two versions each, and what they need has, too.
WANTED = ("openssl", "perl", "libarchive-tools", "hello")


def run(*command, check=True, **more):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, stdin=subprocess.DEVNULL,
                          env=clean_environment(DEBIAN_FRONTEND="noninteractive"), **more)
    assert not check or done.returncode == 0, f"{command}: exit {done.returncode}\n{(done.stdout + done.stderr)[-4000:]}"
    return done


def real_tables(piece, url):
    """The archives of the slice, under their own names, with their own keys."""
    tables = []
    for archive in piece.archives:
        suites = [(s, c) for a, s, c in piece.suites if a == archive]
        tables.append(archive_table(os.path.basename(archive), f"{url}/{archive}", piece.keyring, [s for s, _ in suites],
                                    components=sorted({c for _, all in suites for c in all}),
                                    architectures=[native_arch()], refresh="1h"))
    return tables


def real_suites(piece):
    return [f"{os.path.basename(archive)}/{suite}" for archive, suite, _ in piece.suites]


def asked_for(suites):
    return [part for suite in suites for part in ("--suite", suite)]


class Ground:
    """An archive that has the older set of real packages, and can move on to the newer one; a larder; units."""

    def __init__(self, env, suite="stable", larder=True, **publish):
        self.env, self.now, self.suite = env, int(time.time()), suite
        self.older, self.newer = older_and_newer(env.slice())
        key = env.key("signer")
        self.archive = RealArchive(env.folder("tree") / "debian", key)
        self.archive.tree, self.archive.keyring = self.archive.root.parent, env.keyring(key)
        self.publish(self.older, hours_ago=5, **publish)
        self.upstream = env.nginx(self.archive.tree)
        self.larder = self.another() if larder else None

    def another(self, **settings):
        table = archive_table("debian", f"{self.upstream.url}/debian", self.archive.keyring, [self.suite],
                              architectures=[native_arch()], components=["main"])
        return self.env.larder(table, **settings)

    def publish(self, packages, hours_ago, **more):
        self.archive.have(packages)
        self.archive.publish(self.suite, architectures=(native_arch(),), date=self.now - hours_ago * HOUR, **more)

    @property
    def release(self):
        return f"dists/{self.suite}/InRelease"

    def moves_on(self):
        """The newer set has a later InRelease; the older .debs are deleted."""
        if self.archive.packages != self.newer:
            self.publish(self.newer, hours_ago=2)
        here = (self.archive.root / self.release).read_bytes()

        def served():
            assert self.larder.process.running(), "no server is there to be asked"
            return self.larder.get(f"/debian/{self.release}").body == here
        wait_for(served, "the new state to be served", 30)

    def cli(self, *arguments, check=0):
        return self.larder.cli(*arguments, check=check).stdout

    def json(self, *arguments, check=0):
        return json.loads(self.cli(*arguments, "--json", check=check))

    def create(self, name="web"):
        return self.json("deployment", "create", name, "--suite", f"debian/{self.suite}")

    def apt(self, name="web", **more):
        """An apt root that was set up as the deployment says."""
        apt = self.env.apt([], "", arch=native_arch(), **more)
        script = apt.root / "setup.sh"
        script.write_bytes(self.larder.good(f"/d/{name}/setup.sh", Host=self.larder.address).body)
        run("sh", script, "--only", apt.root)
        return apt

    def debs(self, apt, *wanted):
        """What the real apt takes for an installation with all that it needs: the hash of each file, by its name."""
        apt.update().must()
        apt.install(*(wanted or WANTED)).must()
        return {name: sha256(apt.root / "var/cache/apt/archives" / name) for name in apt.debs()}

    def expected(self, packages, debs):
        """These files as their archive has, or had, them."""
        known = {p.sha256 for p in packages}
        return all(digest in known for digest in debs.values())


class Unit:
    """A whole system of its own, installed by mmdebstrap with the script that is served, and gone on with by apt."""

    def __init__(self, ground, name="web", also=()):
        ground.env.skip_unless_root()
        self.ground, self.root = ground, ground.env.folder("unit")
        for file in ("mmdebstrap.sh", "setup.sh"):
            (ground.env.tmp / file).write_bytes(ground.larder.good(f"/d/{name}/{file}", Host=ground.larder.address).body)
        run("sh", ground.env.tmp / "mmdebstrap.sh", self.root, "--mode=root", "--variant=apt", "--dpkgopt=force-unsafe-io",
            "--aptopt=Acquire::http::Proxy \"DIRECT\"", "--aptopt=Acquire::Languages \"none\"",
            "--aptopt=Acquire::Check-Date true", "--aptopt=Acquire::Check-Valid-Until true")
        run("sh", ground.env.tmp / "setup.sh", "--only", self.root)
        (self.root / "usr/sbin/policy-rc.d").write_text("#!/bin/sh\nexit 101\n")
        (self.root / "usr/sbin/policy-rc.d").chmod(0o755)
        (self.root / "etc/hostname").write_text(f"{self.root.name}\n")
        self.apt("update")
        self.apt("install", "--assume-yes", "--no-install-recommends", *WANTED, *also)

    def apt(self, *arguments):
        return run("chroot", self.root, "apt-get", "-o", "APT::Keep-Downloaded-Packages=true", "-o",
                   "Dpkg::Options::=--force-unsafe-io", *arguments)

    def follows(self):
        self.apt("update")
        return self.apt("dist-upgrade", "--assume-yes", "--allow-downgrades").stdout

    def installed(self):
        """All of dpkg-query -W."""
        return run("dpkg-query", f"--admindir={self.root}/var/lib/dpkg", "--show",
                   "--showformat=${Package} ${Architecture} ${Version} ${db:Status-Abbrev}\\n").stdout

    def debs(self):
        return {p.name: sha256(p) for p in (self.root / "var/cache/apt/archives").glob("*.deb")}

    def programs(self):
        """Every file below /usr, by its hash: what is installed, byte for byte."""
        return {str(p.relative_to(self.root)): sha256(p) for p in sorted((self.root / "usr").rglob("*"))
                if p.is_file() and not p.is_symlink()}

    def report(self, token, name="web"):
        script = self.ground.env.tmp / "larder-report"
        script.write_bytes(self.ground.larder.good(f"/d/{name}/larder-report", Host=self.ground.larder.address).body)
        (self.root / "etc/apt/larder.token").write_text(token)
        run("sh", script, self.root)


# --- 1 ---------------------------------------------------------------------------------------------

def test_a_unit_installed_later_has_what_the_first_has_byte_for_byte_with_upstream_gone(env):
    ground = Ground(env)
    ground.create()
    first = Unit(ground)
    ground.moves_on()
    assert not any((ground.archive.root / p.path).exists() for p in ground.older if p.sha256 not in
                   {n.sha256 for n in ground.newer}), "the old .debs are deleted"
    ground.upstream.stop()
    second = Unit(ground)
    assert first.installed() == second.installed()
    assert first.debs() == second.debs() and len(first.debs()) > 5
    assert first.programs() == second.programs() and len(first.programs()) > 1000
    assert ground.expected(ground.older, second.debs())
    assert not ground.expected(ground.newer, second.debs())


test_a_unit_installed_later_has_what_the_first_has_byte_for_byte_with_upstream_gone.limit = 900


def test_the_same_with_the_real_archive_and_its_own_signature(env):
    piece = env.slice()
    upstream = env.nginx(piece.tree)
    larder = env.larder(*real_tables(piece, upstream.url))
    larder.cli("deployment", "create", "web", *asked_for(real_suites(piece)), check=0)

    def debs():
        apt = env.apt([], "", arch=native_arch())
        script = apt.root / "setup.sh"
        script.write_bytes(larder.good("/d/web/setup.sh", Host=larder.address).body)
        run("sh", script, "--only", apt.root)
        apt.update().must()
        apt.install(*WANTED).must()
        return {name: sha256(apt.root / "var/cache/apt/archives" / name) for name in apt.debs()}
    first = debs()
    upstream.stop()
    assert debs() == first and len(first) > 5
    archive, suite = piece.main_suite
    own = (piece.tree / archive / "dists" / suite / "InRelease").read_bytes()
    assert larder.good(f"/d/web/{os.path.basename(archive)}/dists/{suite}/InRelease").body == own


test_the_same_with_the_real_archive_and_its_own_signature.limit = 400


# --- 2 ---------------------------------------------------------------------------------------------

class Killer:
    """Kills the server with -9 so many seconds after a step began, unless the step has ended long before."""

    def __init__(self, larder, after):
        self.larder, self.killed = larder, threading.Event()
        self.timer = threading.Timer(after, self.kill)
        self.timer.start()

    def kill(self):
        self.larder.kill()
        self.killed.set()

    def over(self):
        self.killed.wait()
        self.larder.start()


def with_a_kill(ground, chance, longest, step):
    """Does a step while the server is killed at some moment of it, and then again, as a person or a cron job would."""
    killer = Killer(ground.larder, chance.uniform(0, longest))
    try:
        step()
    except AssertionError:
        pass  # cut off: seen below
    killer.over()
    return step()


def create_unless_there(ground):
    """All or nothing: after a crash it is there, whole, or it is not there."""
    rows = ground.json("deployment", "list")["deployments"]
    assert all(row["trouble"] == "" for row in rows)
    if not rows:
        ground.create()


def killed_in_each_step(env, seed):
    chance = random.Random(seed)
    ground = Ground(env)
    with_a_kill(ground, chance, 1.5, lambda: create_unless_there(ground))
    first = with_a_kill(ground, chance, 3, lambda: ground.debs(ground.apt()))
    held = lambda: ground.json("deployment", "status", "web")["held"]
    wait_for(lambda: held() == len(first), f"all {len(first)} to be held, after seed {seed}", 30)
    with_a_kill(ground, chance, 1, ground.moves_on)
    ground.upstream.stop()
    second = with_a_kill(ground, chance, 3, lambda: ground.debs(ground.apt()))
    assert second == first and ground.expected(ground.older, second), f"seed {seed}"
    ground.larder.stop()
    ground.larder.cli("doctor", check=0)
    ground.larder.start()
    return ground, first


def test_a_server_killed_at_random_moments_in_all_of_these_steps_changes_nothing(env):
    for seed in range(20 if env.long else 3):
        killed_in_each_step(env, seed)


test_a_server_killed_at_random_moments_in_all_of_these_steps_changes_nothing.limit = 600


def test_a_store_that_was_lost_and_restored_from_a_bundle_changes_nothing(env):
    ground = Ground(env)
    ground.create()
    first = ground.debs(ground.apt())
    old_machine = ground.apt()
    old_machine.update().must()
    wait_for(lambda: ground.json("deployment", "status", "web")["held"] == len(first), "all of it to be held")
    bundle, keyring = str(env.tmp / "web.tar.zst"), str(env.tmp / "larder.asc")
    Path(keyring).write_text(ground.cli("key", "show"))
    ground.cli("deployment", "export", "web", bundle)
    key, address = (ground.larder.store / "keys/larder.key").read_bytes(), ground.larder.address
    ground.moves_on()
    ground.upstream.stop()
    ground.larder.stop()
    shutil.rmtree(ground.larder.store)
    ground.larder.cli("deployment", "import", bundle, "--keyring", keyring, check=0)
    (ground.larder.store / "keys").mkdir(exist_ok=True)
    (ground.larder.store / "keys/larder.key").write_bytes(key)
    # Where its units look for it.
    ground.larder.tables["server"]["listen"] = [address]
    ground.larder.write_config()
    ground.larder.start()
    assert ground.debs(ground.apt()) == first
    assert ground.debs(old_machine) == first, "a unit that was there does not notice"


test_a_store_that_was_lost_and_restored_from_a_bundle_changes_nothing.limit = 300


# --- 3 ---------------------------------------------------------------------------------------------

def test_units_follow_up_and_down_and_one_that_has_drifted_is_named(env):
    ground = Ground(env)
    ground.create()
    token = ground.cli("deployment", "token", "web").strip()
    unit, other = Unit(ground), None
    before = unit.installed()
    unit.report(token)
    ground.cli("deployment", "admit", "web")
    ground.moves_on()
    ground.cli("deployment", "upgrade", "web", "--reason", "the newer set")
    unit.follows()
    up = unit.installed()
    assert up != before
    unit.report(token)
    ground.cli("deployment", "admit", "web")
    ground.cli("deployment", "rollback", "web", "--reason", "it broke")
    refused = ground.json("deployment", "admit", "web", check=3)
    assert not refused["admitted"] and refused["agree"] == 0
    unit.follows()
    assert unit.installed() == before, "all the way down"
    unit.report(token)
    ground.cli("deployment", "admit", "web")
    # One drifts: a package of the newer set, by hand.
    drifted = next(p for p in ground.newer if p.name == "openssl")
    shutil.copy(drifted.file, unit.root / "drifted.deb")
    run("chroot", unit.root, "dpkg", "--force-depends", "--install", "/drifted.deb")
    unit.report(token)
    named = ground.json("deployment", "admit", "web", check=3)
    [row] = [u for u in named["units"] if u["differences"]]
    assert [(d["package"], d["installed"]) for d in row["differences"]] == [("openssl", drifted.version)]
    ground.cli("deployment", "admit", "web", "--i-know-what-i-am-doing", "--reason", "it is only for today")
    entries = ground.json("audit", "list")["entries"]
    [override] = [e for e in entries if e["what"] == "deployment-admit-override"]
    assert override["reason"] == "it is only for today"
    ground.cli("audit", "verify")


test_units_follow_up_and_down_and_one_that_has_drifted_is_named.limit = 900


# --- 4 ---------------------------------------------------------------------------------------------

def test_of_three_archives_one_is_down_when_a_deployment_is_made_and_there_is_none(env):
    piece = env.slice()
    key = env.key("third")
    third = RealArchive(env.folder("tree") / "third", key)
    third.have(older_and_newer(piece)[0][:3])
    third.publish("stable", architectures=(native_arch(),), date=time.time() - HOUR)
    down = env.hostile(third.root.parent)
    real = env.nginx(piece.tree)
    suites = [*real_suites(piece), "third/stable"]
    assert len({suite.split("/")[0] for suite in suites}) == 3
    down.rule("*", faults.status(503))
    larder = env.larder(*real_tables(piece, real.url), archive_table("third", f"{down.url}/third", env.keyring(key)))
    create = ("deployment", "create", "web", *asked_for(suites), "--arch", native_arch())
    failed = larder.cli(*create, check=1)
    assert failed.stderr.startswith("larder: third/stable: "), failed.stderr
    assert json.loads(larder.cli("deployment", "list", "--json", check=0).stdout)["deployments"] == []
    assert larder.get(f"/d/web/{os.path.basename(piece.archives[0])}/dists/{piece.suites[0][1]}/InRelease").status == 404
    down.honest()
    wait_for(lambda: larder.cli(*create).returncode == 0, "upstream to be asked again", 60)


test_of_three_archives_one_is_down_when_a_deployment_is_made_and_there_is_none.limit = 300


# --- 5 ---------------------------------------------------------------------------------------------

def test_two_deployments_with_one_package_at_two_versions_share_what_is_the_same(env):
    ground = Ground(env)
    ground.create("year2026")
    proxied = env.apt([f"deb KEY {ground.upstream.url}/debian {ground.suite} main"], ground.archive.keyring,
                      arch=native_arch(), proxy=ground.larder.url.replace("http://", "http://year2026@"))
    old = ground.debs(proxied)
    ground.moves_on()
    ground.create("year2027")
    new = ground.debs(ground.apt("year2027"))
    assert ground.debs(proxied) == old, "each its own, side by side"
    versions = lambda all: {n.split("_")[1] for n in all if n.startswith("openssl_")}
    assert versions(old) and versions(new) and versions(old) != versions(new)
    old, new = set(old.values()), set(new.values())
    assert old & new and old - new and new - old
    sizes = {p.sha256: p.size for p in (*ground.older, *ground.newer)}
    size = lambda digests: sum(sizes[d] for d in digests)
    kept = {p.parent.name + p.name: p.stat().st_size for p in (ground.larder.store / "objects").rglob("*") if p.is_file()}
    of_packages = {d: n for d, n in kept.items() if d in sizes}
    assert set(of_packages) == old | new, "each file once, by its hash"
    assert sum(of_packages.values()) == size(old | new)
    on_disk = sum(p.stat().st_blocks * 512 for p in (ground.larder.store / "objects").rglob("*") if p.is_file())
    print(f"{len(old)} and {len(new)} packages, {size(old)} and {size(new)} bytes; kept: {len(old | new)} files, "
          f"{size(old | new)} bytes, of which {size(old & new)} are shared; all objects on disk: {on_disk} bytes")
    assert on_disk < size(old) + size(new)


test_two_deployments_with_one_package_at_two_versions_share_what_is_the_same.limit = 300


# --- 6 ---------------------------------------------------------------------------------------------

def test_a_security_suite_out_of_date_is_used_with_all_of_apts_date_checks_forced_on(env):
    checks = ("Acquire::Check-Valid-Until=true", "Acquire::Check-Date=true")
    ground = Ground(env, suite="stable-security", valid_for=5 * HOUR + 20)
    ground.create()
    plain = env.apt([f"deb KEY {ground.larder.url}/d/web/debian {ground.suite} main"], ground.archive.keyring,
                    arch=native_arch())
    wait_for(lambda: "expired" in plain.update(*checks).output, "Valid-Until to pass", 60)
    machine = ground.apt()
    machine.update(*checks).must()
    machine.install(*WANTED, options=checks).must()
    assert ground.expected(ground.older, {name: sha256(machine.root / "var/cache/apt/archives" / name)
                                          for name in machine.debs()})


test_a_security_suite_out_of_date_is_used_with_all_of_apts_date_checks_forced_on.limit = 300
