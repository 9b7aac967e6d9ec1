"""Pockets as plain files in a folder: what a web server without Larder gives the real apt, before, while and after it
changes."""

import gzip
import hashlib
import json
import os
import re
import shutil
import subprocess
import time

from support import debs
from support.debs import Package
from support.larder import clean_environment
from support.places import ROOT, larder_binary
from test_clock import DAY, by_clock
from test_pocket_crash import dying_disk
from test_pockets import ARCHIVE, LIBRARY, PROPOSED, RELEASED, SERVICE, STAGING, Chain

NEWER = Package("service", "2.1", arch="amd64", depends="library (= 2.0)", size=31_000)
OTHER = Package("other", "1.0", arch="amd64", size=5_000)


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def sha256_of_release(text):
    return re.findall(r"^ ([0-9a-f]{64}) +(\d+) (\S+)$", text, re.M)


class Web:
    """A chain of pockets, a folder, and a plain nginx that serves it."""

    def __init__(self, env, *, clock=False, **more):
        self.env, self.tree = env, env.folder("web") / "tree"
        self.chain = Chain(env, chain=(STAGING, PROPOSED), **more)
        if clock:
            self.clock = env.folder("clock") / "offset"
            self.jump(0)
            self.chain.larder.stop()
            self.chain.larder.start(**by_clock(self.clock))

    def jump(self, seconds):
        replaced = self.clock.with_suffix(".new")
        replaced.write_text(f"{seconds}\n")
        replaced.rename(self.clock)

    def export(self, *more, pockets=(f"{ARCHIVE}/{STAGING}",), to=None, check=0):
        done = self.chain.cli("pocket", "export", *pockets, str(to or self.tree), *more, "--json", check=check)
        return json.loads(done.stdout) if check == 0 else done.stderr

    def served(self):
        return self.env.nginx(self.tree)

    def client(self, url, suite=STAGING):
        return self.env.apt([f"deb KEY {url} {suite} main", f"deb-src KEY {url} {suite} main"],
                            self.tree / f"keys/{ARCHIVE}.asc")

    def files(self):
        """path -> bytes of all that a web server gives."""
        return {str(f.relative_to(self.tree)): f.read_bytes() for f in self.tree.rglob("*")
                if f.is_file() and not f.relative_to(self.tree).parts[0].startswith(".larder-export")}


def complete(tree, in_release, suite=STAGING):
    """What an InRelease names is all there for a client that asks by hash, and what the indices name."""
    for digest, size, path in sha256_of_release(in_release):
        data = (tree / f"dists/{suite}/{os.path.dirname(path)}/by-hash/SHA256/{digest}").read_bytes()
        assert (sha256(data), len(data)) == (digest, int(size)), path
        if path.endswith("/Packages"):
            for name, package in zip(re.findall(r"^Filename: (.*)$", data.decode(), re.M),
                                     re.findall(r"^SHA256: (.*)$", data.decode(), re.M), strict=True):
                assert sha256((tree / name).read_bytes()) == package, name


def in_release(tree, suite=STAGING):
    return (tree / f"dists/{suite}/InRelease").read_text()


def test_apt_updates_installs_and_gets_sources_from_a_folder_behind_nginx(env):
    web = Web(env)
    dsc, tar = debs.source("service", "2.0")
    web.chain.include(STAGING, SERVICE, LIBRARY, dsc)
    report = web.export()
    assert report["written"] == report["files"] == len(web.files()) and report["pruned"] == 0, report
    client = web.client(web.served().url)
    client.update().must()
    client.install("service").must()
    client.source("--download-only", "service").must()
    got = {f.name: f.read_bytes() for f in (client.root / "work").iterdir()}
    assert got == {dsc.name: dsc.read_bytes(), tar.name: tar.read_bytes()}


def test_the_folder_has_byte_for_byte_what_larder_serves(env):
    web = Web(env)
    web.chain.include(STAGING, SERVICE, LIBRARY)
    web.chain.cli("pocket", "change", f"{ARCHIVE}/{STAGING}", "--xz")
    web.export()
    files = web.files()
    assert any(path.endswith("Packages.xz") for path in files), list(files)
    for path, data in files.items():
        target = f"/{path}" if path.startswith("keys/") else f"/{ARCHIVE}/{path}"
        assert web.chain.larder.good(target).body == data, path


def test_apt_ftparchive_finds_the_stanzas_of_the_exported_indices(env):
    web = Web(env)
    web.chain.include(STAGING, SERVICE, LIBRARY)
    web.export()
    theirs = subprocess.run(["apt-ftparchive", "--md5=no", "--sha1=no", "--sha512=no", "packages", "pool"],
                            cwd=web.tree, capture_output=True, check=True).stdout
    ours = gzip.decompress((web.tree / f"dists/{STAGING}/main/binary-amd64/Packages.gz").read_bytes())
    assert sorted(theirs.strip().split(b"\n\n")) == sorted(ours.strip().split(b"\n\n"))


def test_the_next_export_writes_only_what_changed_and_without_a_server_too(env):
    web = Web(env)
    web.chain.include(STAGING, SERVICE, LIBRARY)
    web.export()
    before = {path: (web.tree / path).stat().st_mtime_ns for path in web.files()}
    again = web.export()
    assert (again["written"], again["kept"], again["pruned"]) == (0, 0, 0), again
    web.chain.include(STAGING, OTHER)
    web.chain.larder.stop()
    report = web.export()
    changed = {path for path in web.files() if before.get(path) != (web.tree / path).stat().st_mtime_ns}
    assert report["written"] == len(changed) and f"dists/{STAGING}/InRelease" in changed
    assert not any(SERVICE.file_name in path or LIBRARY.file_name in path for path in changed), changed
    complete(web.tree, in_release(web.tree))


def test_a_client_in_mid_update_of_the_former_publication_finds_everything(env):
    web = Web(env)
    web.chain.include(STAGING, SERVICE, LIBRARY)
    web.export()
    former = in_release(web.tree)
    client = web.client(web.served().url)
    client.update().must()
    web.chain.include(STAGING, NEWER)
    assert web.export("--prune-after", "0")["kept"] > 0
    # Without another update it installs what its lists say.
    client.install("service").must()
    assert (client.root / "var/cache/apt/archives" / SERVICE.file_name).read_bytes() == debs.deb(SERVICE).read_bytes()
    complete(web.tree, former)
    client.update().must()
    assert client.versions("service") == ["2.1"]


def test_what_no_publication_names_goes_after_its_time_and_not_before_the_one_after_next(env):
    web = Web(env, clock=True)
    web.chain.include(STAGING, SERVICE, LIBRARY)
    web.export()
    first = web.files()
    web.chain.include(STAGING, NEWER)
    web.export()
    second = web.files()
    assert set(first) <= set(second)
    web.jump(30 * DAY)
    assert web.export()["pruned"] == 0  # it is the former one still
    web.chain.include(STAGING, OTHER)
    report = web.export()
    gone = set(second) - set(web.files())
    assert report["pruned"] == len(gone) and any(p.endswith(SERVICE.file_name) for p in gone), gone
    assert all("/by-hash/" in p or p.endswith(SERVICE.file_name) for p in gone), gone
    complete(web.tree, in_release(web.tree))
    # What left with the second is young.
    assert web.export()["pruned"] == 0
    web.chain.include(STAGING, Package("another", "1.0", arch="amd64"))
    assert web.export()["pruned"] == 0
    web.jump(38 * DAY)
    assert web.export()["pruned"] > 0
    complete(web.tree, in_release(web.tree))


def test_a_longer_valid_until_keeps_files_longer(env):
    web = Web(env, clock=True)
    web.chain.cli("pocket", "change", f"{ARCHIVE}/{STAGING}", "--valid-days", "20")
    web.chain.include(STAGING, SERVICE, LIBRARY)
    web.export()
    web.chain.include(STAGING, NEWER)
    web.export()
    web.chain.include(STAGING, OTHER)
    web.export()
    web.jump(15 * DAY)
    assert web.export()["pruned"] == 0
    web.jump(21 * DAY)
    assert web.export()["pruned"] > 0


def test_several_pockets_share_a_pool_and_those_not_named_stay(env):
    web = Web(env)
    web.chain.include(STAGING, SERVICE, LIBRARY)
    web.export(pockets=(ARCHIVE,))
    assert {p.split("/")[1] for p in web.files() if p.startswith("dists/")} == {STAGING, PROPOSED}
    web.chain.promote(STAGING)
    web.export(pockets=(f"{ARCHIVE}/{PROPOSED}",))
    web.chain.cli("pocket", "remove", f"{ARCHIVE}/{PROPOSED}", "service")
    web.export("--prune-after", "0", pockets=(f"{ARCHIVE}/{PROPOSED}",))
    web.chain.cli("pocket", "remove", f"{ARCHIVE}/{PROPOSED}", "library")
    web.export("--prune-after", "0", pockets=(f"{ARCHIVE}/{PROPOSED}",))
    url = web.served().url
    for suite, versions in ((STAGING, ["2.0"]), (PROPOSED, [])):
        client = web.client(url, suite)
        client.update().must()
        assert client.versions("service") == versions
        complete(web.tree, in_release(web.tree, suite), suite)


def test_a_folder_with_other_files_another_archive_or_a_later_state_is_refused(env):
    web = Web(env)
    web.chain.include(STAGING, SERVICE, LIBRARY)
    foreign = env.folder("foreign")
    (foreign / "letter").write_text("dear\n")
    assert "has files, and no .larder-export" in web.export(to=foreign, check=1)
    assert [f.name for f in foreign.iterdir()] == ["letter"]
    web.export()
    web.chain.json("archive", "create", "another")
    web.chain.json("pocket", "create", "another/stable", "--arch", "amd64")
    assert f"has the archive {ARCHIVE}" in web.export(pockets=("another/stable",), check=1)
    assert "one archive" in web.export(pockets=("another/stable", f"{ARCHIVE}/{STAGING}"), check=1)
    record = web.tree / ".larder-export"
    record.write_text(re.sub(r"^(suite \d+ \w+) \d{4}", r"\1 2099", record.read_text(), flags=re.M))
    assert "a later one" in web.export(check=1)
    record.write_text(record.read_text().replace(" keys/", " ../keys/"))
    assert "record of an export: line" in web.export(check=1)


def test_a_dry_run_writes_nothing(env):
    web = Web(env)
    web.chain.include(STAGING, SERVICE, LIBRARY)
    assert web.export("--dry-run")["written"] > 0
    assert not web.tree.exists()
    web.export()
    before, record = web.files(), (web.tree / ".larder-export").read_bytes()
    web.chain.include(STAGING, NEWER)
    assert web.export("--dry-run")["written"] > 0
    assert (web.files(), (web.tree / ".larder-export").read_bytes()) == (before, record)


def test_files_that_somebody_else_changed_are_written_again(env):
    web = Web(env)
    web.chain.include(STAGING, SERVICE, LIBRARY)
    web.export()
    good = web.files()
    deb = next(web.tree.rglob(SERVICE.file_name))
    data = bytearray(deb.read_bytes())
    data[100] ^= 1
    deb.write_bytes(data)
    next(web.tree.rglob("Packages.gz")).unlink()
    assert web.export()["written"] == 2
    assert web.files() == good


def test_a_damaged_object_is_not_exported(env):
    web = Web(env)
    web.chain.include(STAGING, SERVICE, LIBRARY)
    digest = sha256(debs.deb(SERVICE).read_bytes())
    stored = web.chain.larder.store / "objects" / digest[:2] / digest[2:]
    data = bytearray(stored.read_bytes())
    data[100] ^= 1
    stored.chmod(0o600)
    stored.write_bytes(data)
    assert SERVICE.file_name in web.export(check=1)
    assert not any(SERVICE.file_name in path for path in web.files())
    assert not (web.tree / f"dists/{STAGING}/InRelease").exists()


def test_hard_links_share_the_bytes_of_packages_with_the_store(env):
    web = Web(env)
    web.chain.include(STAGING, SERVICE, LIBRARY)
    web.export("--hard-links")
    for package in (SERVICE, LIBRARY):
        file = next(web.tree.rglob(package.file_name))
        assert (file.stat().st_nlink, file.read_bytes()) == (2, debs.deb(package).read_bytes())
        assert file.stat().st_mode & 0o777 == 0o644
    client = web.client(web.served().url)
    client.update().must()
    client.install("service").must()
    web.chain.cli("doctor", "--no-repair", check=0)


def test_everybody_may_read_the_tree_whatever_the_servers_umask(env):
    web = Web(env)
    web.chain.include(STAGING, SERVICE, LIBRARY)
    web.chain.larder.stop()
    web.chain.larder.start(under=("sh", "-c", 'umask 077; exec "$@"', "sh"))
    web.export()
    modes = {(path.is_dir(), path.stat().st_mode & 0o777) for path in (web.tree, *web.tree.rglob("*"))}
    assert modes == {(True, 0o755), (False, 0o644)}, modes


def test_two_exports_into_one_folder_do_not_meet(env):
    web = Web(env)
    web.chain.include(STAGING, SERVICE, LIBRARY)
    web.export()
    with subprocess.Popen(["flock", "--shared", web.tree, "sh", "-c", "echo ready; read line"], text=True,
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE) as mirror:
        assert mirror.stdout.readline() == "ready\n"
        assert "is locked" in web.export(check=2)
        mirror.communicate("\n")
    web.export()


def test_debmirror_mirrors_the_folder_byte_for_byte(env):
    web, target, work = Web(env), env.folder("debmirror"), env.folder("home")
    web.chain.include(STAGING, SERVICE, LIBRARY, debs.source("service", "2.0")[0])
    web.export()
    keyring = work / "cloud.gpg"
    subprocess.run(["gpg", "--dearmor", "-o", keyring, web.tree / f"keys/{ARCHIVE}.asc"], check=True)
    done = subprocess.run(
        ["debmirror", "--method=http", f"--host={web.served().address}", "--root=.", f"--dist={STAGING}",
         "--section=main", "--arch=amd64", "--source", f"--keyring={keyring}", "--rsync-extra=none", "--diff=none",
         target], capture_output=True, text=True, env=clean_environment(HOME=str(work)))
    assert done.returncode == 0, done.stdout + done.stderr
    mirrored = {str(f.relative_to(target)): f.read_bytes() for f in (target / "pool").rglob("*") if f.is_file()}
    assert mirrored == {path: data for path, data in web.files().items() if path.startswith("pool/")}
    assert in_release(target) == in_release(web.tree)


def rsync_commands():
    """The three steps, as the document tells them."""
    return re.findall(r"^flock .*$", (ROOT / "docs/commands.md").read_text(), re.M)


def test_a_mirror_by_rsync_is_whole_after_each_of_its_steps(env):
    web, mirror = Web(env, clock=True), env.folder("mirror")
    steps = [command.replace("/srv/export", str(web.tree)).replace("/srv/mirror", str(mirror))
             for command in rsync_commands()]
    assert len(steps) == 3

    def do(step):
        subprocess.run(step, shell=True, check=True)
    web.chain.include(STAGING, SERVICE, LIBRARY)
    web.export()
    for step in steps:
        do(step)
    assert not list(mirror.glob(".larder*"))
    url = env.nginx(mirror).url
    early = web.client(url)
    early.update().must()
    assert early.versions("service") == ["2.0"]
    web.chain.include(STAGING, NEWER)
    web.export()
    former, latest = in_release(mirror), in_release(web.tree)
    for n, step in enumerate(steps):
        do(step)
        now = in_release(mirror)
        assert now == (former if n < 2 else latest)
        complete(mirror, former)
        complete(mirror, now)
        client = web.client(url)
        client.update().must()
        assert client.versions("service") == (["2.0"] if n < 2 else ["2.1"])
        client.install("service").must()
    early.install("--reinstall", "service").must()
    # What is gone there goes here with the last step.
    web.chain.include(STAGING, OTHER)
    web.jump(30 * DAY)
    assert web.export()["pruned"] > 0
    for step in steps[:2]:
        do(step)
    assert list(mirror.rglob(SERVICE.file_name))
    do(steps[2])
    assert not list(mirror.rglob(SERVICE.file_name))
    complete(mirror, in_release(mirror))
    mirrored = {str(f.relative_to(mirror)): f.read_bytes() for f in mirror.rglob("*") if f.is_file()}
    assert mirrored == web.files()


def test_a_killed_export_leaves_the_former_publication_or_the_new_one(env):
    web = Web(env)
    web.chain.include(STAGING, SERVICE, LIBRARY)
    web.export()
    kept, library = env.folder("kept") / "tree", dying_disk(env.folder("dying"))
    shutil.copytree(web.tree, kept, symlinks=True)
    former = in_release(kept)
    web.chain.include(STAGING, NEWER)
    web.chain.larder.stop()
    seen = set()
    for n in range(1, 1000):
        shutil.rmtree(web.tree)
        shutil.copytree(kept, web.tree, symlinks=True)
        done = subprocess.run([larder_binary(), "pocket", "export", f"{ARCHIVE}/{STAGING}", web.tree, "--config",
                               web.chain.larder.config], capture_output=True, text=True, stdin=subprocess.DEVNULL,
                              env=clean_environment(LD_PRELOAD=str(library), DYING_AT=str(n)))
        assert done.returncode in (0, -9), (n, done.returncode, done.stderr)
        now = in_release(web.tree)
        complete(web.tree, former)
        complete(web.tree, now)
        seen.add(now)
        if done.returncode == 0:
            break
        if n % 5 == 0:
            web.export()
            assert set(web.files()) and in_release(web.tree) != former
            assert not list(web.tree.glob(".larder-export.parts"))
    assert len(seen) == 2 and n > 20, (n, len(seen))


def test_a_first_export_that_was_killed_is_gone_on_with(env):
    web, library = Web(env), dying_disk(env.folder("dying"))
    web.chain.include(STAGING, SERVICE, LIBRARY)
    web.export()
    good = web.files()
    web.chain.larder.stop()
    for n in (1, 2, 3, 5, 9, 20):
        shutil.rmtree(web.tree)
        done = subprocess.run([larder_binary(), "pocket", "export", f"{ARCHIVE}/{STAGING}", web.tree, "--config",
                               web.chain.larder.config], capture_output=True, text=True, stdin=subprocess.DEVNULL,
                              env=clean_environment(LD_PRELOAD=str(library), DYING_AT=str(n)))
        assert done.returncode == -9, (n, done.returncode, done.stderr)
        assert not (web.tree / f"dists/{STAGING}/InRelease").exists()
        web.export()
        assert web.files() == good and not list(web.tree.glob(".larder-export?*"))


test_a_killed_export_leaves_the_former_publication_or_the_new_one.limit = 600
