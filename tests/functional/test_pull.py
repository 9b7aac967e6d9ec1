"""Packages of other archives come into a pocket: which, for whose sake, and as their index has them."""

import json
import os
import re
import time
from random import Random

from slice_ground import path_sources, slice_apt
from support import debs
from support.apt import native_arch
from support.debs import Package
from support.larder import archive_table
from test_pockets import Chain, STAGING, PROPOSED, fetched

SUITE = "debian/stable"
REAL = ("hello", "cowsay", "nginx-light")
API = Package("nova-api", "2.0", arch="amd64", depends="nova-common (= 2.0), adduser")
COMMON = Package("nova-common", "2.0", depends="python3-nova (= 2.0)")
PYTHON = Package("python3-nova", "2.0")
ADDUSER = Package("adduser", "3.0")


class Pulling(Chain):
    """A chain of pockets beside a cached archive with what nova needs."""

    def __init__(self, env, *packages, arch="amd64,source", chain=(STAGING, PROPOSED), sources=(), more=(), offers=("amd64",)):
        self.upstream = env.archive(*(packages or (API, COMMON, PYTHON, ADDUSER)))
        for name, version in sources:
            self.upstream.add_source(name, version)
        self.upstream.publish("stable", architectures=offers)
        self.server = env.nginx(self.upstream.tree)
        table = archive_table("debian", f"{self.server.url}/debian", self.upstream.keyring, architectures=["amd64"],
                              components=["main"])
        super().__init__(env, table, *more, arch=arch, chain=chain)

    def pull(self, *arguments, suite=STAGING, check=0, come_from=SUITE):
        return self.cli("pocket", "pull", self.name(suite), "--from", come_from, *arguments, check=check)

    def names(self, suite=STAGING):
        return [n.decode() for n in re.findall(rb"^Package: (\S+)$", self.index(suite), re.M)]


def test_what_fits_a_pattern_comes_and_apt_installs_it(env):
    chain = Pulling(env)
    chain.pull("nova-*", "python3-nova", "adduser", "--reason", "folsom")
    assert chain.names() == ["adduser", "nova-api", "nova-common", "python3-nova"]
    client = chain.client(STAGING)
    client.update().must()
    client.install("nova-api").must()
    for package in (API, COMMON, PYTHON):
        assert fetched(client, package.file_name) == debs.deb(package).read_bytes()
    last = chain.json("pocket", "history", chain.name(STAGING))["publications"][0]
    assert (last["step"], last["reason"]) == ("pull", "folsom")
    assert re.fullmatch(r"debian/stable@\d{8}T\d{6}Z", last["from"]), last
    assert "pocket-pull" in chain.cli("audit", "list").stdout
    shown = chain.larder.good(f"/pages/pockets/{chain.name(STAGING)}").body.decode()
    assert f"pull from {last['from']}<" in shown, shown
    assert f"pull from {last['from']} " in chain.cli("pocket", "history", chain.name(STAGING)).stdout


def test_with_what_it_needs_each_is_told_for_whose_sake(env):
    chain = Pulling(env)
    dry = chain.pull("nova-api", "--with-deps", "--dry-run").stdout
    assert "nova-api needs nova-common (= 2.0); nova-common needs python3-nova (= 2.0)" in dry, dry
    assert "nothing was published" in dry and chain.names() == []
    chain.pull("nova-api", "--with-deps")
    taken = chain.json("pocket", "history", chain.name(STAGING))["publications"][0]["taken"]
    assert [(t["package"], t["why"]) for t in taken] == [
        ("adduser", "nova-api needs adduser"), ("nova-api", ""), ("nova-common", "nova-api needs nova-common (= 2.0)"),
        ("python3-nova", "nova-api needs nova-common (= 2.0); nova-common needs python3-nova (= 2.0)")], taken
    assert chain.names() == ["adduser", "nova-api", "nova-common", "python3-nova"]


def test_what_the_pocket_or_its_base_has_does_not_come(env):
    base = env.archive(ADDUSER)
    base.publish("stable")
    table = archive_table("base", f"{env.nginx(base.tree).url}/debian", base.keyring, architectures=["amd64"],
                          components=["main"])
    chain = Pulling(env, chain=(), more=(table,))
    chain.cli("archive", "update", "base")
    chain.json("pocket", "create", "cloud/beside", "--arch", "amd64", "--base", "base/stable")
    chain.include("beside", PYTHON)
    chain.pull("nova-api", "--with-deps", "--not-in-base", suite="beside")
    assert chain.names("beside") == ["nova-api", "nova-common", "python3-nova"]
    assert [t["package"] for t in chain.json("pocket", "history", "cloud/beside")["publications"][0]["taken"]] == [
        "nova-api", "nova-common"]


def test_the_stanza_is_the_indexs_own_with_our_path_and_one_hash(env):
    chain = Pulling(env)
    chain.pull("nova-api")
    theirs = next(s for s in (chain.upstream.tree / "debian/dists/stable/main/binary-amd64/Packages").read_text().split("\n\n")
                  if s.startswith("Package: nova-api\n"))
    lines = [line for line in theirs.strip().split("\n") if not re.match("(MD5sum|SHA1|SHA512):", line)]
    lines = [re.sub("^Filename: .*", f"Filename: pool/main/n/nova-api/{API.file_name}", line) for line in lines]
    assert chain.index(STAGING).decode().strip().split("\n") == lines
    assert chain.larder.good(f"/cloud/pool/main/n/nova-api/{API.file_name}").body == debs.deb(API).read_bytes()


def test_sources_come_with_what_was_built_from_them(env):
    chain = Pulling(env, Package("service", "2.0"), sources=[("service", "2.0"), ("service-old", "1.0")])
    chain.pull("service", "--source")
    client = chain.client(STAGING)
    client.update().must()
    client.source("--download-only", "service").must()
    dsc, tar = debs.source("service", "2.0")
    got = {f.name: f.read_bytes() for f in (client.root / "work").iterdir()}
    assert got == {dsc.name: dsc.read_bytes(), tar.name: tar.read_bytes()}
    taken = chain.json("pocket", "history", chain.name(STAGING))["publications"][0]["taken"]
    assert [(t["package"], t["architecture"], t["why"]) for t in taken] == [
        ("service", "all", ""), ("service", "source", "source of service")]


def test_a_source_that_is_nowhere_is_told_or_refused(env):
    chain = Pulling(env, Package("tool"), chain=(STAGING,))
    assert "does not have tool 1.0, of which tool was built" in chain.pull("tool", "--dry-run").stdout
    chain.json("pocket", "create", "cloud/strict", "--arch", "amd64,source", "--needs-source")
    assert "its source package tool is neither in" in chain.pull("tool", suite="strict", check=1).stderr


def test_what_cannot_be_fulfilled_is_refused_with_the_reason(env):
    chain = Pulling(env, API, Package("nova-common", "1.0"), ADDUSER)
    before = chain.release(STAGING)
    why = chain.pull("nova-api", "--with-deps", check=1).stderr
    assert "nova-api 2.0 of debian/stable needs nova-common (= 2.0)" in why, why
    assert "there is nova-common 1.0 in debian/stable" in why, why
    assert "fits 'cinder-*'" in chain.pull("cinder-*", check=1).stderr
    assert "no archive is called 'nowhere'" in chain.pull("x", come_from="nowhere/x", check=1).stderr
    assert chain.release(STAGING) == before


def test_the_first_archive_is_preferred_and_the_order_of_names_says_nothing(env):
    newer = env.archive(Package("nova-common", "2.0", marker="other bytes"), Package("python3-nova", "2.0"),
                        Package("extra", "9.0"))
    newer.publish("stable")
    table = archive_table("edge", f"{env.nginx(newer.tree).url}/debian", newer.keyring, architectures=["amd64"],
                          components=["main"])
    chain = Pulling(env, more=(table,))
    rows = []
    for names in (["nova-api", "extra"], ["extra", "nova-*", "nova-api"]):
        dry = chain.json("pocket", "pull", chain.name(STAGING), "--from", SUITE, "--from", "edge/stable", *names,
                         "--with-deps", "--dry-run")
        rows.append([(t["package"], t["from"].split("@")[0]) for t in dry["publication"]["taken"]])
    assert rows[0] == [("adduser", SUITE), ("extra", "edge/stable"), ("nova-api", SUITE), ("nova-common", SUITE),
                       ("python3-nova", SUITE)]
    assert rows[1] == rows[0]


def test_another_pocket_is_taken_from_like_any_archive(env):
    chain = Pulling(env)
    chain.include(PROPOSED, Package("tool", "1.0"), debs.source("tool", "1.0")[0])
    chain.pull("tool", come_from=chain.name(PROPOSED))
    assert chain.index(STAGING) == chain.index(PROPOSED)
    assert "from itself" in chain.pull("tool", come_from=chain.name(STAGING), check=1).stderr


def test_a_snapshot_is_taken_from_as_it_was(env):
    chain = Pulling(env, Package("tool", "1.0"))
    chain.cli("archive", "update", "debian")
    was = chain.json("snapshot", "list")["snapshots"][-1]["snapshot"]
    chain.upstream.drop("tool")
    chain.upstream.add(Package("tool", "2.0"))
    chain.upstream.publish("stable", date=time.time())
    chain.cli("archive", "update", "debian")
    chain.pull("tool", come_from=f"{SUITE}@{was}")
    assert b"Version: 1.0\n" in chain.index(STAGING)
    chain.pull("tool")
    assert b"Version: 2.0\n" in chain.index(STAGING)
    why = chain.pull("tool", come_from=f"{SUITE}@{was}", check=1).stderr
    assert "tool 1.0 is older than 2.0" in why, why


def test_the_same_version_with_other_bytes_is_refused(env):
    chain = Pulling(env, Package("tool", "1.0", marker="theirs"))
    chain.include(STAGING, Package("tool", "1.0"))
    assert "with other bytes" in chain.pull("tool", check=1).stderr


def test_a_file_that_upstream_has_not_leaves_all_as_it_was(env):
    chain = Pulling(env)
    before = chain.release(STAGING)
    next(chain.upstream.tree.rglob(PYTHON.file_name)).unlink()
    why = chain.pull("nova-api", "--with-deps", check=1).stderr
    assert PYTHON.file_name in why, why
    assert chain.release(STAGING) == before and chain.names() == []


def test_what_is_for_all_architectures_comes_to_each(env):
    chain = Pulling(env, chain=(), offers=("amd64", "arm64"))
    chain.json("pocket", "create", "cloud/two", "--arch", "amd64,arm64")
    chain.pull("nova-api", "--with-deps", suite="two")
    arm = chain.larder.good("/cloud/dists/two/main/binary-arm64/Packages").body
    assert re.findall(rb"^Package: (\S+)$", arm, re.M) == [b"adduser", b"nova-common", b"python3-nova"]


def test_what_was_pulled_stays_when_upstream_and_its_copies_are_gone(env):
    chain = Pulling(env)
    chain.pull("nova-api", "--with-deps")
    chain.server.stop()
    chain.larder.stop()
    chain.cli("gc", "--remove", "--grace", "0s", "--free", "1000000000")
    chain.cli("doctor")
    chain.larder.start()
    client = chain.client(STAGING)
    client.update().must()
    client.install("nova-api").must()


def test_what_comes_along_is_what_apt_would_install(env):
    """Of random packages, with versions and alternatives: of these the first is there, as in a sound archive."""
    random = Random(5)
    packages = []
    for i in range(40):
        needs = [f"p{n} (>= 1.0)" if random.random() < .4 else f"p{n} | absent" for n in random.sample(range(i), min(i, 2))]
        packages.append(Package(f"p{i}", f"1.{i}", depends=", ".join(needs)))
    chain = Pulling(env, *packages, chain=(STAGING,))
    client = env.apt([f"deb KEY {chain.server.url}/debian stable main"], env.keyring(chain.upstream.key))
    client.update().must()
    for wanted in ("p39", "p25", "p7"):
        plan = client.run("apt-get", "--simulate", "install", wanted).must().output
        dry = chain.json("pocket", "pull", chain.name(STAGING), "--from", SUITE, wanted, "--with-deps", "--dry-run")
        assert {t["package"] for t in dry["publication"]["taken"]} == set(re.findall(r"^Inst (\S+)", plan, re.M)), plan
    chain.pull("p39", "--with-deps")
    own = chain.client(STAGING)
    own.update().must()
    own.install("p39").must()


def test_real_packages_come_with_what_apt_would_install_and_install_from_the_pocket_alone(env):
    piece = env.slice()
    upstream = env.nginx(piece.tree)
    larder = env.larder(*(archive_table(os.path.basename(archive), f"{upstream.url}/{archive}", piece.keyring,
                                        [s for a, s, _ in piece.suites if a == archive], architectures=[native_arch()],
                                        components=sorted({c for a, _, all in piece.suites if a == archive for c in all}))
                          for archive in piece.archives))
    client = slice_apt(env, piece, path_sources(piece, larder.url))
    client.update().must()
    plan = set(re.findall(r"^Inst (\S+)", client.run("apt-get", "--simulate", "install", *REAL).must().output, re.M))
    larder.cli("archive", "create", "cloud", check=0)
    larder.cli("pocket", "create", "cloud/stack", "--arch", native_arch(), check=0)
    # apt takes the highest version of all suites; the later ones stand behind the release.
    suites = sorted((f"{os.path.basename(a)}/{s}" for a, s, _ in piece.suites), key=len, reverse=True)
    sources = [word for suite in suites for word in ("--from", suite)]
    larder.cli("pocket", "pull", "cloud/stack", *sources, *REAL, "--with-deps", check=0)
    taken = json.loads(larder.cli("pocket", "history", "cloud/stack", "--json", check=0).stdout)["publications"][0]["taken"]
    binaries = {t["package"] for t in taken if t["architecture"] != "source"}
    assert binaries == plan, (binaries - plan, plan - binaries)
    keyring = env.folder("keys") / "cloud.asc"
    keyring.write_bytes(larder.good("/keys/cloud.asc").body)
    alone = env.apt([f"deb KEY {larder.url}/cloud stack main"], keyring, arch=native_arch())
    alone.update().must()
    alone.install(*REAL).must()


def test_it_is_the_same_without_a_running_server(env):
    with_server, without = Pulling(env), Pulling(env)
    with_server.pull("nova-api", "--with-deps")
    without.larder.stop()
    without.pull("nova-api", "--with-deps")
    without.larder.start()
    assert with_server.names() == without.names() and with_server.index(STAGING) == without.index(STAGING)
