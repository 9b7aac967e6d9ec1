"""An archive of one's own: packages are included, promoted and rolled back, and the real apt follows."""

import hashlib
import json
import os
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor

from support import debs
from support.debs import Package
from support.larder import archive_table
from support.process import wait_for
from test_api import ask
from test_clock import DAY, by_clock

ARCHIVE = "cloud"
STAGING, PROPOSED, RELEASED = "bookworm-folsom-staging", "bookworm-folsom-proposed", "bookworm-folsom"


class Chain:
    """A larder with a local archive and a chain of pockets; nothing upstream of it."""

    def __init__(self, env, *tables, chain=(STAGING, PROPOSED, RELEASED), arch="amd64,source", **settings):
        self.env = env
        self.larder = env.larder(*tables, **settings)
        self.json("archive", "create", ARCHIVE)
        for suite, feeds in reversed(list(zip(chain, (*chain[1:], None)))):
            self.json("pocket", "create", self.name(suite), "--arch", arch, *(["--feeds", feeds] if feeds else []))

    @staticmethod
    def name(suite):
        return f"{ARCHIVE}/{suite}"

    def cli(self, *arguments, check=0):
        return self.larder.cli(*arguments, check=check)

    def json(self, *arguments, check=0):
        return json.loads(self.cli(*arguments, "--json", check=check).stdout)

    def include(self, suite, *packages, check=0, more=()):
        files = [p if isinstance(p, os.PathLike) else debs.deb(p) for p in packages]
        return self.cli("pocket", "include", self.name(suite), *map(str, files), *more, check=check)

    def promote(self, suite, *more, check=0):
        return self.cli("pocket", "promote", self.name(suite), "--reason", "tested", *more, check=check)

    def client(self, suite, component="main", **more):
        keyring = self.env.folder("keys") / "cloud.asc"
        keyring.write_bytes(self.larder.good(f"/keys/{ARCHIVE}.asc").body)
        return self.env.apt([f"deb KEY {self.larder.url}/{ARCHIVE} {suite} {component}",
                             f"deb-src KEY {self.larder.url}/{ARCHIVE} {suite} {component}"], keyring, **more)

    def release(self, suite, name="InRelease"):
        return self.larder.good(f"/{ARCHIVE}/dists/{suite}/{name}").body.decode()

    def index(self, suite, form=""):
        return self.larder.good(f"/{ARCHIVE}/dists/{suite}/main/binary-amd64/Packages{form}").body


def beside(env, base, arch="amd64", **table):
    """A chain of two pockets beside an archive, whose other settings are `table`; and its upstream."""
    upstream = env.nginx(base.tree)
    chain = Chain(env, archive_table("debian", f"{upstream.url}/debian", base.keyring, **table), chain=())
    chain.cli("archive", "update")
    for suite, feeds in ((RELEASED, []), (STAGING, ["--feeds", RELEASED])):
        chain.json("pocket", "create", chain.name(suite), "--arch", arch, "--base", "debian/stable", *feeds)
    return chain, upstream


def fetched(client, name):
    return (client.root / "var/cache/apt/archives" / name).read_bytes()


SERVICE = Package("service", "2.0", arch="amd64", depends="library (= 2.0)", size=30_000)
LIBRARY = Package("library", "2.0", arch="all", size=20_000)


def test_from_a_folder_of_packages_to_what_apt_installs(env):
    chain = Chain(env)
    chain.include(STAGING, SERVICE, LIBRARY)
    client = chain.client(STAGING)
    client.update("Acquire::Check-Date=true", "Acquire::Check-Valid-Until=true").must()
    client.install("service").must()
    for package in (SERVICE, LIBRARY):
        assert fetched(client, package.file_name) == debs.deb(package).read_bytes()


def test_a_source_package_comes_with_all_its_files(env):
    chain = Chain(env)
    dsc, tar = debs.source("service", "2.0")
    chain.include(STAGING, dsc)
    client = chain.client(STAGING)
    client.update().must()
    client.source("--download-only", "service").must()
    got = {f.name: f.read_bytes() for f in (client.root / "work").iterdir()}
    assert got == {dsc.name: dsc.read_bytes(), tar.name: tar.read_bytes()}


def test_every_file_of_a_publication_is_what_its_release_says(env):
    chain = Chain(env)
    chain.include(STAGING, SERVICE, LIBRARY, debs.source("service", "2.0")[0])
    listed = re.findall(r"^ ([0-9a-f]{64}) (\d+) (\S+)$", chain.release(STAGING), re.M)
    assert [path for _, _, path in listed] == sorted(
        f"main/{index}{form}" for index in ("binary-amd64/Packages", "source/Sources") for form in ("", ".gz", ".zst"))
    for sha256, size, path in listed:
        folder = os.path.dirname(path)
        for target in (path, f"{folder}/by-hash/SHA256/{sha256}"):
            body = chain.larder.good(f"/{ARCHIVE}/dists/{STAGING}/{target}").body
            assert (hashlib.sha256(body).hexdigest(), len(body)) == (sha256, int(size)), target
    plain = chain.index(STAGING)
    for form, unpack in ((".gz", ("gzip", "-dc")), (".zst", ("zstd", "-dc"))):
        assert subprocess.run(unpack, input=chain.index(STAGING, form), capture_output=True, check=True).stdout == plain


def test_gpgv_takes_both_signatures(env):
    chain = Chain(env)
    work = env.folder("signed")
    ring = work / "ring.gpg"
    subprocess.run(["gpg", "--dearmor", "-o", ring], input=chain.larder.good(f"/keys/{ARCHIVE}.asc").body, check=True)
    for name in ("InRelease", "Release", "Release.gpg"):
        (work / name).write_text(chain.release(STAGING, name))
    for files in (["InRelease"], ["Release.gpg", "Release"]):
        done = subprocess.run(["gpgv", "--keyring", ring, *[work / f for f in files]], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    assert (work / "Release").read_text() in chain.release(STAGING)


def test_the_stanzas_are_those_of_apt_ftparchive(env):
    chain = Chain(env)
    chain.include(STAGING, SERVICE, LIBRARY)
    tree = env.folder("tree")
    for package in (SERVICE, LIBRARY):
        path = tree / ("pool/main/libr" if package == LIBRARY else "pool/main/s") / package.name / package.file_name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(debs.deb(package).read_bytes())
    theirs = subprocess.run(["apt-ftparchive", "--md5=no", "--sha1=no", "--sha512=no", "packages", "pool"], cwd=tree,
                            capture_output=True, check=True).stdout
    stanzas = [sorted(part.strip().split(b"\n\n")) for part in (chain.index(STAGING), theirs)]
    assert stanzas[0] == stanzas[1], stanzas


def test_a_promotion_shows_what_it_changes_and_reaches_clients_at_once(env):
    chain = Chain(env)
    chain.include(STAGING, SERVICE, LIBRARY)
    client = chain.client(PROPOSED)
    client.update().must()
    assert client.versions("service") == []
    dry = chain.promote(STAGING, "--dry-run").stdout
    assert "service" in dry and "nothing was published" in dry
    client.update().must()
    assert client.versions("service") == []
    chain.promote(STAGING)
    client.update().must()
    assert client.versions("service") == ["2.0"]
    assert chain.index(PROPOSED) == chain.index(STAGING)
    last = chain.json("pocket", "history", chain.name(PROPOSED))["publications"][0]
    assert (last["step"], last["from"], last["origin"], last["reason"]) == ("promote", chain.name(STAGING), 2, "tested")
    assert [f.split(":")[:2] for f in last["findings"]] == [["closed", " passed"], ["forwards", " passed"],
                                                            ["upgrades", " passed"],
                                                            ["installable", " passed"]]


def test_a_source_is_promoted_whole_or_the_gate_says_no(env):
    chain = Chain(env)
    built = debs.source("service", "2.0")[0]
    chain.include(STAGING, SERVICE, LIBRARY, built)
    chain.include(STAGING, debs.source("service", "2.1")[0])
    before = chain.release(PROPOSED)
    refused = chain.promote(STAGING, check=3).stdout
    assert "closed: failed: service 2.0 (amd64) is of service 2.0" in refused, refused
    assert "Nothing was published" in refused
    assert chain.release(PROPOSED) == before
    chain.promote(STAGING, "--override", "the binaries follow tonight")
    last = chain.json("pocket", "history", chain.name(PROPOSED))["publications"][0]
    assert last["overridden"] == "the binaries follow tonight"
    assert "OVERRIDDEN" in chain.cli("pocket", "history", chain.name(PROPOSED)).stdout


def test_what_could_be_installed_with_the_base_must_stay_so(env):
    base = env.archive(Package("runtime", "1.0", arch="amd64"), Package("old", "1.0", arch="amd64"))
    base.publish("stable")
    chain, _ = beside(env, base, architectures=["amd64"], components=["main"])
    chain.larder.good("/debian/dists/stable/InRelease")
    chain.include(STAGING, Package("service", "1.0", depends="runtime (>= 1.0)"), Package("plugin", "1.0", depends="service (= 1.0)"))
    assert "installable: passed" in chain.promote(STAGING).stdout
    chain.include(STAGING, Package("service", "2.0", depends="runtime (>= 2.0)"))
    before = chain.release(RELEASED)
    refused = chain.promote(STAGING, check=3).stdout
    assert "installable: failed" in refused and "service 2.0 needs runtime (>= 2.0)" in refused, refused
    assert "there is runtime 1.0" in refused, refused
    assert chain.release(RELEASED) == before
    chain.include(STAGING, Package("service", "2.1", depends="runtime"))
    broken = chain.promote(STAGING, check=3).stdout
    assert "plugin 1.0 needs service (= 1.0)" in broken, broken
    chain.include(STAGING, Package("plugin", "2.1", depends="service (= 2.1)"))
    assert "installable: passed" in chain.promote(STAGING).stdout


def test_what_of_the_base_nobody_has_needed_yet_is_asked_for_when_something_is_promoted(env):
    base = env.archive(Package("runtime", "1.0", arch="amd64"))
    base.publish("stable")
    chain, upstream = beside(env, base)
    assert upstream.count("*/Packages*") == 0
    chain.include(STAGING, Package("service", "1.0", depends="runtime (>= 1.0)"))
    assert "installable: passed" in chain.promote(STAGING).stdout
    upstream.stop()
    chain.include(STAGING, Package("service", "1.1", depends="runtime (>= 2.0)"))
    assert "there is runtime 1.0" in chain.promote(STAGING, check=3).stdout


def test_a_base_need_not_have_all_that_a_pocket_has_nor_upstream_be_there(env):
    base = env.archive(Package("runtime", "1.0", arch="amd64"), Package("extra", "1.0", arch="amd64", component="contrib"))
    base.publish("stable", components=("main", "contrib"))
    chain, upstream = beside(env, base, arch="amd64,riscv64", components=["main"])
    chain.include(STAGING, Package("service", "1.0"))
    assert "installable: passed" in chain.promote(STAGING).stdout
    upstream.stop()
    chain.larder.restart()
    chain.include(STAGING, Package("service", "1.1"))
    assert "installable: passed" in chain.promote(STAGING).stdout


def test_one_promotion_after_another_sees_what_the_one_before_has_changed(env):
    base = env.archive(Package("runtime", "1.0", arch="amd64"))
    base.publish("stable")
    chain, _ = beside(env, base)
    for n in range(1, 6):
        chain.include(STAGING, Package("library", f"{n}.0"), Package("service", f"{n}.0", depends=f"library (= {n}.0)"))
        assert "installable: passed" in chain.promote(STAGING).stdout
        chain.include(STAGING, Package("library", f"{n}.5"))
        refused = chain.promote(STAGING, "--only", "library", check=3).stdout
        assert f"service {n}.0 needs library (= {n}.0)" in refused, refused


def test_only_some_sources_are_promoted_and_what_was_built_no_more_goes(env):
    chain = Chain(env)
    old = Package("library-extra", "1.0", arch="all")
    chain.include(STAGING, SERVICE, LIBRARY, old)
    chain.promote(STAGING, "--only", "library")
    assert re.findall(rb"^Package: (\S+)$", chain.index(PROPOSED), re.M) == [b"library"]
    chain.promote(STAGING)
    assert re.findall(rb"^Package: (\S+)$", chain.index(PROPOSED), re.M) == [b"library", b"library-extra", b"service"]
    nothing = chain.promote(STAGING).stdout
    assert "Nothing changes" in nothing
    missing = chain.promote(STAGING, "--only", "nova", check=1).stderr
    assert "has no source package 'nova'" in missing


def test_a_rollback_reaches_a_client_that_has_seen_the_newer_state(env):
    chain = Chain(env)
    chain.include(STAGING, Package("tool", "1.0"))
    before = chain.index(STAGING)
    client = chain.client(STAGING)
    client.update().must()
    chain.include(STAGING, Package("tool", "2.0"))
    client.update().must()
    assert client.versions("tool") == ["2.0"]
    chain.cli("pocket", "rollback", chain.name(STAGING), "--reason", "2.0 loses mail")
    client.update().must()
    assert client.versions("tool") == ["1.0"]
    assert chain.index(STAGING) == before
    client.install("tool").must()
    assert fetched(client, "tool_1.0_all.deb") == debs.deb(Package("tool", "1.0")).read_bytes()


def test_clients_in_the_middle_of_an_update_find_the_former_files(env):
    chain = Chain(env)
    chain.include(STAGING, Package("tool", "1.0"))
    listed = dict((path, sha256) for sha256, _, path in
                  re.findall(r"^ ([0-9a-f]{64}) (\d+) (\S+)$", chain.release(STAGING), re.M))
    former = {form: chain.index(STAGING, form) for form in ("", ".gz", ".zst")}
    for version in ("1.1", "1.2", "1.3"):
        chain.include(STAGING, Package("tool", version))
    for form, body in former.items():
        name = f"main/binary-amd64/by-hash/SHA256/{listed['main/binary-amd64/Packages' + form]}"
        assert chain.larder.good(f"/{ARCHIVE}/dists/{STAGING}/{name}").body == body
    assert chain.larder.good(f"/{ARCHIVE}/pool/main/t/tool/tool_1.0_all.deb").ok


def test_every_publication_can_be_had_as_a_snapshot(env):
    chain = Chain(env)
    chain.include(STAGING, Package("tool", "1.0"))
    first, index = chain.release(STAGING), chain.index(STAGING, ".gz")
    snapshot = chain.json("pocket", "history", chain.name(STAGING))["publications"][0]["snapshot"]
    chain.include(STAGING, Package("tool", "2.0"))
    base = f"/snapshot/{ARCHIVE}/{snapshot}"
    assert chain.larder.good(f"{base}/dists/{STAGING}/InRelease").body.decode() == first
    assert chain.larder.good(f"{base}/dists/{STAGING}/main/binary-amd64/Packages.gz").body == index
    assert chain.larder.good(f"{base}/pool/main/t/tool/tool_1.0_all.deb").body == \
        debs.deb(Package("tool", "1.0")).read_bytes()


def test_the_same_name_and_version_with_other_bytes_is_refused(env):
    chain = Chain(env)
    chain.include(STAGING, Package("tool", "1.0"))
    before = chain.release(STAGING)
    why = chain.include(STAGING, Package("tool", "1.0", marker="rebuilt"), check=1).stderr
    assert "tool_1.0_all.deb with other bytes: give what changed another version" in why, why
    assert chain.release(STAGING) == before
    again = chain.include(STAGING, Package("tool", "1.0")).stdout
    assert "Nothing changes" in again
    assert chain.release(STAGING) == before


def test_a_version_that_goes_backwards_needs_a_word_and_a_reason(env):
    chain = Chain(env)
    chain.include(STAGING, Package("tool", "2.0"))
    why = chain.include(STAGING, Package("tool", "1.0"), check=1).stderr
    assert "tool 1.0 is older than 2.0" in why and "--allow-downgrade" in why
    assert "needs a reason" in chain.include(STAGING, Package("tool", "1.0"), more=["--allow-downgrade"], check=1).stderr
    chain.include(STAGING, Package("tool", "1.0"), more=["--allow-downgrade", "--reason", "2.0 loses mail"])
    assert b"Version: 1.0\n" in chain.index(STAGING)


def test_what_is_no_package_of_the_pocket_is_refused_and_all_or_nothing_comes_in(env):
    chain = Chain(env)
    before = chain.release(STAGING)
    broken = env.folder("broken") / "tool_1.0_all.deb"
    broken.write_bytes(debs.deb(Package("tool", "1.0")).read_bytes()[:-100])
    strange = env.folder("strange") / "notes.txt"
    strange.write_text("hello\n")
    for wrong, said in ((Package("other", "1.0", arch="arm64"), "has no architecture arm64"), (broken, "tool_1.0_all.deb"),
                        (strange, "not a .deb"), (env.folder("gone") / "x_1_all.deb", "x_1_all.deb")):
        why = chain.include(STAGING, Package("good", "1.0"), wrong, check=1).stderr
        assert said in why, why
    assert chain.release(STAGING) == before


def test_two_versions_of_a_package_do_not_come_in_together(env):
    chain = Chain(env)
    why = chain.include(STAGING, Package("tool", "1.0"), Package("tool", "2.0"), check=1).stderr
    assert "tool is given twice, as 1.0 and 2.0" in why


def test_many_writers_at_once_wait_for_each_other_and_nothing_of_theirs_is_lost(env):
    chain = Chain(env)
    packages = [Package(f"tool{i}") for i in range(8)]
    for package in packages:
        debs.deb(package)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda package: chain.include(STAGING, package), packages))
    assert re.findall(rb"^Package: (\S+)$", chain.index(STAGING), re.M) == [p.name.encode() for p in packages]
    numbers = [p["number"] for p in chain.json("pocket", "history", chain.name(STAGING))["publications"]]
    assert numbers == list(range(9, 0, -1))


def test_a_pocket_may_ask_for_sources(env):
    chain = Chain(env, chain=())
    chain.json("pocket", "create", "cloud/strict", "--arch", "amd64,source", "--needs-source")
    assert "its source package service is neither" in chain.include("strict", SERVICE, check=1).stderr
    chain.include("strict", SERVICE, debs.source("service", "2.0")[0])


def test_a_frozen_pocket_says_why(env):
    chain = Chain(env)
    assert "--reason" in chain.cli("pocket", "freeze", chain.name(STAGING), check=1).stderr
    chain.cli("pocket", "freeze", chain.name(STAGING), "--reason", "release week")
    assert "it is frozen: release week" in chain.include(STAGING, Package("tool"), check=1).stderr
    assert "frozen: release week" in chain.cli("pocket", "list").stdout
    chain.cli("pocket", "unfreeze", chain.name(STAGING))
    chain.include(STAGING, Package("tool"))


def test_packages_are_removed_by_name_or_by_source(env):
    chain = Chain(env)
    chain.include(STAGING, SERVICE, LIBRARY, Package("tool"))
    chain.cli("pocket", "remove", chain.name(STAGING), "tool", "src:service", "--reason", "superseded")
    assert re.findall(rb"^Package: (\S+)$", chain.index(STAGING), re.M) == [b"library"]
    assert "has no 'tool'" in chain.cli("pocket", "remove", chain.name(STAGING), "tool", check=1).stderr


def test_the_chain_is_listed_with_the_versions_of_each_stage(env):
    chain = Chain(env)
    chain.include(STAGING, SERVICE, LIBRARY)
    chain.promote(STAGING, "--only", "service")
    text = chain.cli("pocket", "list").stdout
    assert [line.split()[0] for line in text.splitlines()[1:4]] == [chain.name(s) for s in (STAGING, PROPOSED, RELEASED)]
    rows = {line.split()[0]: line.split()[1:] for line in text.split("\n\n")[1].splitlines()}
    assert rows["SOURCE"] == [STAGING, PROPOSED, RELEASED]
    assert rows["service"] == ["2.0", "2.0", "-"] and rows["library"] == ["2.0", "-", "-"]


def test_everything_is_there_again_after_a_kill_and_a_restart(env):
    chain = Chain(env)
    chain.include(STAGING, SERVICE, LIBRARY)
    before = chain.release(STAGING), chain.index(STAGING, ".gz")
    chain.larder.kill()
    chain.larder.start()
    assert (chain.release(STAGING), chain.index(STAGING, ".gz")) == before
    chain.include(STAGING, Package("tool"))
    client = chain.client(STAGING)
    client.update().must()
    client.install("service", "tool").must()


def test_what_is_published_is_whole_after_gc_and_doctor_and_rebuild(env):
    chain = Chain(env)
    chain.include(STAGING, Package("tool", "1.0"))
    first = chain.json("pocket", "history", chain.name(STAGING))["publications"][0]["snapshot"]
    chain.include(STAGING, Package("tool", "2.0"))
    chain.index(STAGING, ".gz")
    chain.larder.stop()
    chain.cli("gc", "--remove", "--grace", "0s", "--free", "1000000000")
    chain.cli("doctor", "--rebuild")
    chain.larder.start()
    client = chain.client(STAGING)
    client.update().must()
    client.install("tool").must()
    assert chain.larder.good(f"/{ARCHIVE}/pool/main/t/tool/tool_1.0_all.deb").ok
    assert chain.larder.good(f"/snapshot/{ARCHIVE}/{first}/dists/{STAGING}/main/binary-amd64/Packages").ok


def test_doctor_names_a_published_file_that_is_lost(env):
    chain = Chain(env)
    chain.include(STAGING, Package("tool", "1.0"))
    body = debs.deb(Package("tool", "1.0")).read_bytes()
    name = hashlib.sha256(body).hexdigest()
    (chain.larder.store / "objects" / name[:2] / name[2:]).unlink()
    told = chain.cli("doctor", check=1).stdout
    assert name in told and "pool/main/t/tool/tool_1.0_all.deb" in told, told
    chain.include(STAGING, Package("tool", "1.0"))
    chain.cli("doctor")
    assert chain.larder.good(f"/{ARCHIVE}/pool/main/t/tool/tool_1.0_all.deb").body == body


def test_a_deployment_may_be_of_a_pocket(env):
    chain = Chain(env)
    chain.include(STAGING, Package("tool", "1.0"))
    chain.json("deployment", "create", "web", "--suite", chain.name(STAGING), "--arch", "amd64")
    chain.include(STAGING, Package("tool", "2.0"))
    keyring = env.folder("keys") / "cloud.asc"
    keyring.write_bytes(chain.larder.good(f"/keys/{ARCHIVE}.asc").body)
    unit = env.apt([f"deb KEY {chain.larder.url}/d/web/{ARCHIVE} {STAGING} main"], keyring)
    unit.update().must()
    assert unit.versions("tool") == ["1.0"]
    unit.install("tool").must()
    diff = chain.cli("deployment", "upgrade", "web", "--reason", "to 2.0").stdout
    assert "2.0" in diff
    unit.update().must()
    assert unit.versions("tool") == ["2.0"]


def test_what_does_not_exist_is_absent_and_names_are_checked(env):
    chain = Chain(env)
    assert chain.larder.get(f"/{ARCHIVE}/dists/nothing/InRelease").status == 404
    assert chain.larder.get(f"/{ARCHIVE}/pool/main/x/x_1_all.deb").status == 404
    for wrong, said in ((("pocket", "create", "cloud/../x", "--arch", "amd64"), "is no pocket"),
                        (("pocket", "create", "other/x", "--arch", "amd64"), "no local archive is called 'other'"),
                        (("pocket", "create", chain.name(STAGING), "--arch", "amd64"), "already"),
                        (("pocket", "create", "cloud/x", "--arch", "all"), "is no architecture of a pocket"),
                        (("pocket", "create", "cloud/x", "--arch", "amd64", "--feeds", "y"), "--feeds y"),
                        (("pocket", "create", "cloud/x", "--arch", "amd64", "--base", "debian/x"), "no suite of an archive"),
                        (("pocket", "create", chain.name(STAGING) + "/main", "--arch", "amd64"), "in one folder"),
                        (("archive", "create", ARCHIVE), "already"), (("archive", "create", "api"), "has a page"),
                        (("archive", "create", "a/b"), "cannot be")):
        assert said in chain.cli(*wrong, check=None).stderr, wrong


def test_a_slash_suite_works(env):
    chain = Chain(env, chain=())
    chain.json("pocket", "create", "cloud/bookworm-updates/folsom", "--arch", "amd64,source")
    chain.include("bookworm-updates/folsom", Package("tool"))
    client = chain.client("bookworm-updates/folsom")
    client.update().must()
    client.install("tool").must()


def test_the_journal_has_all_of_it(env):
    chain = Chain(env)
    chain.include(STAGING, Package("tool"))
    chain.promote(STAGING)
    text = chain.cli("audit", "list").stdout
    for what in ("archive-create", "pocket-create", "pocket-include", "pocket-promote"):
        assert what in text
    chain.cli("audit", "verify")


def test_two_publications_are_set_against_each_other(env):
    chain = Chain(env)
    assert "is the first" in chain.cli("pocket", "diff", chain.name(STAGING), check=None).stderr
    chain.include(STAGING, Package("tool", "1.0"))
    chain.include(STAGING, Package("tool", "2.0"), Package("other"))
    last = chain.json("pocket", "diff", chain.name(STAGING))
    assert [(p["package"], p["what"]) for p in last["packages"]] == [("other", "added"), ("tool", "upgraded")], last
    whole = chain.cli("pocket", "diff", chain.name(STAGING), "1", "3").stdout
    assert "tool" in whole and "2.0" in whole and "1.0" not in whole.replace("other", "").split("tool")[-1], whole


def test_sources_are_set_against_each_other_as_well(env):
    chain = Chain(env)
    chain.include(STAGING, debs.source("service", "2.0")[0])
    chain.include(STAGING, debs.source("service", "2.1")[0])
    last = chain.json("pocket", "diff", chain.name(STAGING))
    assert [(p["package"], p["architecture"], p["before"], p["after"]) for p in last["packages"]] == \
        [("service", "source", "2.0", "2.1")], last


def test_valid_until_is_renewed_before_it_ends(env):
    chain = Chain(env, chain=())
    chain.json("pocket", "create", "cloud/weekly", "--arch", "amd64,source", "--valid-days", "7")
    chain.include("weekly", Package("tool"))
    index = chain.index("weekly")
    clock = env.folder("clock") / "offset"
    later = by_clock(clock)

    def started_after(days):
        clock.write_text(f"{days * DAY}\n")
        chain.larder.stop()
        chain.larder.start(**later)

    def valid_until():
        return re.search(r"^Valid-Until: (.*)$", chain.release("weekly"), re.M)[1]
    first = valid_until()
    started_after(5)
    wait_for(lambda: valid_until() != first, "it to be published again")
    second = valid_until()
    started_after(5 + 4)
    chain.include("weekly", Package("other"), more=["--dry-run"])
    assert valid_until() == second
    assert chain.index("weekly") == index
    history = chain.json("pocket", "history", "cloud/weekly")["publications"]
    assert [p["step"] for p in history] == ["refresh", "include", "create"]


def test_a_pocket_whose_last_date_is_still_to_come_is_not_published_again(env):
    clock = env.folder("clock") / "offset"
    clock.write_text(f"{2 * DAY}\n")
    chain = Chain(env, chain=())
    chain.larder.stop()
    chain.larder.start(**by_clock(clock))
    chain.json("pocket", "create", "cloud/early", "--arch", "amd64")
    before = chain.release("early")
    clock.write_text("0\n")
    why = chain.include("early", Package("tool"), check=1).stderr
    assert "is still to come" in why and "set the clock right" in why, why
    assert chain.release("early") == before
    chain.include("early", Package("tool"), more=["--dry-run"])
    clock.write_text(f"{2 * DAY}\n")
    chain.include("early", Package("tool"))


def with_tokens(env):
    tokens = [{"name": role, "role": role, "sha256": hashlib.sha256(f"secret-of-{role}".encode()).hexdigest()}
              for role in ("read", "upload", "promote", "admin")]
    chain = Chain(env, token=tokens)
    chain.include(STAGING, SERVICE, LIBRARY)
    return chain


def start(chain, kind, token, **options):
    """A job over TCP, until it has ended: (200, its result), or the answer that refused it."""
    status, told, _ = ask(chain.larder, f"/jobs/{kind}", "POST", f"secret-of-{token}", options)
    if status != 202:
        return status, told["error"]["detail"]

    def ended():
        job = ask(chain.larder, f"/jobs/{told['job']}", role=f"secret-of-{token}")[1]
        return job if job["state"] in ("done", "failed") else None
    job = wait_for(ended, "the job to end")
    return 200, job.get("result") or job["error"]


def test_who_has_the_role_promote_promotes_and_stands_in_the_history_by_name(env):
    chain = with_tokens(env)
    options = {"pocket": chain.name(STAGING), "reason": "tested"}
    for role in ("read", "upload"):
        status, why = start(chain, "pocket_promote", role, **options)
        assert (status, "needs the role promote" in why) == (403, True), why
    status, result = start(chain, "pocket_promote", "promote", by="somebody else", **options)
    assert status == 200 and result["made"], result
    assert chain.json("pocket", "history", chain.name(PROPOSED))["publications"][0]["by"] == "token promote"


def test_only_an_admin_sets_aside_what_the_gate_says(env):
    chain = with_tokens(env)
    options = {"pocket": chain.name(STAGING), "reason": "tested", "override": "in a hurry"}
    status, why = start(chain, "pocket_promote", "promote", **options)
    assert (status, "needs the role admin" in why) == (403, True), why
    assert start(chain, "pocket_promote", "admin", **options)[1]["made"]


def test_what_comes_in_is_for_admins(env):
    chain = with_tokens(env)
    options = {"pocket": chain.name(STAGING), "files": [str(debs.deb(Package("tool")))]}
    for role in ("read", "upload", "promote"):
        assert start(chain, "pocket_include", role, **options)[0] == 403
