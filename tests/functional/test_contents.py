"""Contents of pockets: made beside the publications, which never wait for them, and found by apt-file."""

import gzip
import hashlib
import re
import shutil
import subprocess

from support import debs
from support.debs import Package
from support.process import wait_for
from test_pockets import ARCHIVE, PROPOSED, STAGING, Chain

SERVICE = Package("service", "2.0", arch="amd64")
LIBRARY = Package("library", "2.0", arch="all")
NEWER = Package("newer", "1.0", arch="amd64")


def with_contents(env, *more, **settings):
    chain = Chain(env, chain=(), **settings)
    for suite in (PROPOSED, STAGING):
        chain.json("pocket", "create", chain.name(suite), "--arch", "amd64,source", "--contents", *more,
                   *(["--feeds", PROPOSED] if suite == STAGING else []))
    return chain


def contents(chain, suite, form=".gz"):
    return chain.larder.get(f"/{ARCHIVE}/dists/{suite}/main/Contents-amd64{form}")


def lists(chain, suite, *packages):
    """Waits for Contents with exactly the payloads of these; their text."""
    wanted = {p.installed_path() for p in packages}

    def there():
        answer = contents(chain, suite)
        if answer.status != 200:
            return None
        text = gzip.decompress(answer.body).decode()
        return (text,) if {line.split()[0] for line in text.splitlines()} == wanted else None
    return wait_for(there, f"the Contents of {suite}", 30)[0]


def test_apt_file_finds_a_path_through_the_pocket(env):
    chain = with_contents(env)
    chain.include(STAGING, SERVICE, LIBRARY)
    lists(chain, STAGING, SERVICE, LIBRARY)
    client = chain.client(STAGING)
    shutil.copy("/etc/apt/apt.conf.d/50apt-file.conf", client.root / "etc/apt/apt.conf.d")
    seen = client.run("apt-file", "update", options=("Acquire::By-Hash=force",))
    assert seen.code == 0 and "amd64 Contents (deb)" in seen.output, seen.output
    found = client.run("apt-file", "search", "usr/share/library/payload").output
    assert "library: /usr/share/library/payload" in found, found
    assert "service: /usr/share/service/payload" in client.run("apt-file", "list", "service").output


def test_every_form_is_what_the_release_says(env):
    chain = with_contents(env)
    chain.include(STAGING, SERVICE)
    plain = lists(chain, STAGING, SERVICE)
    rows = re.findall(r"^ ([0-9a-f]{64}) (\d+) (main/Contents\S+)$", chain.release(STAGING), re.M)
    assert [path for _, _, path in rows] == [f"main/Contents-amd64{form}" for form in ("", ".gz", ".zst")]
    for sha256, size, path in rows:
        for target in (path, f"main/by-hash/SHA256/{sha256}"):
            body = chain.larder.good(f"/{ARCHIVE}/dists/{STAGING}/{target}").body
            assert (hashlib.sha256(body).hexdigest(), len(body)) == (sha256, int(size)), target
    zstd = subprocess.run(["zstd", "-dc"], input=contents(chain, STAGING, ".zst").body, capture_output=True, check=True)
    assert zstd.stdout.decode() == contents(chain, STAGING, "").body.decode() == plain


def test_the_lines_are_those_of_apt_ftparchive_in_the_form_of_dak(env):
    """apt-ftparchive fills up to its columns with tabs; dak, whose files apt-file was made for, with blanks up to column 55."""
    chain = with_contents(env)
    chain.include(STAGING, SERVICE, LIBRARY)
    ours = lists(chain, STAGING, SERVICE, LIBRARY)
    pool = env.folder("tree") / "pool"
    pool.mkdir()
    for package in (SERVICE, LIBRARY):
        shutil.copy(debs.deb(package), pool)
    theirs = subprocess.run(["apt-ftparchive", "contents", "pool"], cwd=pool.parent, capture_output=True, text=True,
                            check=True).stdout
    assert [(path, label.split("/")[-1]) for path, label in map(str.split, ours.splitlines())] == \
        [(path, label.split("/")[-1]) for path, label in map(str.split, theirs.splitlines())]
    assert ours.splitlines()[0] == f"{LIBRARY.installed_path():<55} misc/library"


def test_a_publication_does_not_wait_and_one_by_larder_follows(env):
    chain = with_contents(env)
    chain.include(STAGING, SERVICE)
    lists(chain, STAGING, SERVICE)
    history = chain.json("pocket", "history", chain.name(STAGING))["publications"]
    by_larder = [p for p in history if p["step"] == "refresh"]
    assert by_larder and all(p["by"] == "larder" and p["reason"] == "its Contents are ready" for p in by_larder), history
    chain.include(STAGING, NEWER)
    assert "main/Contents-amd64" in chain.release(STAGING)   # those that there were, until the next are ready
    lists(chain, STAGING, SERVICE, NEWER)
    chain.cli("pocket", "remove", chain.name(STAGING), "service")
    lists(chain, STAGING, NEWER)


def test_they_follow_a_promotion_and_a_rollback_and_stay_in_snapshots(env):
    chain = with_contents(env)
    chain.include(STAGING, SERVICE)
    chain.promote(STAGING)
    lists(chain, PROPOSED, SERVICE)
    state = chain.json("pocket", "history", chain.name(PROPOSED))["publications"][0]
    former = contents(chain, PROPOSED).body
    chain.include(STAGING, NEWER)
    chain.promote(STAGING)
    lists(chain, PROPOSED, SERVICE, NEWER)
    chain.cli("pocket", "rollback", chain.name(PROPOSED), "--to", str(state["number"]), "--reason", "it was better")
    assert contents(chain, PROPOSED).body == former
    chain.cli("gc", check=0)
    kept = chain.larder.good(f"/snapshot/{ARCHIVE}/{state['snapshot']}/dists/{PROPOSED}/main/Contents-amd64.gz")
    assert kept.body == former


def test_they_are_made_after_a_restart_and_gone_when_nobody_wants_them(env):
    chain = Chain(env, chain=(STAGING,))
    chain.include(STAGING, SERVICE, LIBRARY)
    assert contents(chain, STAGING).status == 404
    chain.larder.stop()
    chain.cli("pocket", "change", chain.name(STAGING), "--contents", check=0)
    chain.larder.start()
    lists(chain, STAGING, SERVICE, LIBRARY)
    chain.cli("pocket", "change", chain.name(STAGING), "--contents=false", check=0)
    assert "Contents" not in chain.release(STAGING)


def test_the_same_packages_make_the_same_bytes(env):
    chain = with_contents(env)
    for package in (SERVICE, LIBRARY, NEWER):
        chain.include(STAGING, package)
    chain.include(PROPOSED, NEWER, LIBRARY, SERVICE)
    for suite in (STAGING, PROPOSED):
        lists(chain, suite, SERVICE, LIBRARY, NEWER)
    for form in ("", ".gz", ".zst"):
        assert contents(chain, STAGING, form).body == contents(chain, PROPOSED, form).body
