"""What apt does beyond the straight way: it resumes, it tries the next compression, it asks for changelogs."""

import re

from slice_ground import larder_with_slice, path_sources, slice_apt
from support import faults
from support.env import Package

SEEN = "Debug::Acquire::http=true"


def resumed_at(run):
    """The first byte that apt asked for in a range which was answered 206."""
    # apt shows a request, then the head of its answer.
    asked = re.search(r"^Range: bytes=(\d+)-", run.output, re.M)
    assert asked and "206 Partial Content" in run.output, run.output
    return int(asked[1])


def cut_and_resume(apt, upstream, package, pattern, at):
    """apt gets `at` bytes and no more; then upstream is well again, and apt goes on from there."""
    upstream.rule(pattern, faults.truncate(at), nth=1)
    upstream.rule(pattern, faults.status(503), nth=range(2, 1000))
    apt.install(package).must_fail("Failed to fetch")
    [part] = (apt.root / "var/cache/apt/archives/partial").glob("*.deb")
    have = part.stat().st_size
    assert 0 < have <= at, have
    upstream.honest()
    again = apt.install(package, options=[SEEN]).must()
    assert resumed_at(again) == have
    [whole] = (apt.root / "var/cache/apt/archives").glob(f"{package}_*.deb")
    return whole.read_bytes()


def test_apt_goes_on_where_its_download_was_cut(env):
    archive = env.archive(Package("alpha", size=400_000))
    archive.publish("stable")
    upstream = env.hostile(archive.tree)
    larder = env.larder_for(archive, upstream)
    apt = env.apt_for(archive, f"{larder.url}/debian")
    apt.update().must()
    whole = (archive.root / archive.packages[0].pool_path).read_bytes()
    assert cut_and_resume(apt, upstream, "alpha", "*/alpha_*.deb", 150_000) == whole


def test_apt_goes_on_where_the_download_of_a_real_package_was_cut(env):
    piece = env.slice()
    upstream = env.hostile(piece.tree)
    piece, _, larder = larder_with_slice(env, upstream)
    apt = slice_apt(env, piece, path_sources(piece, larder.url))
    apt.update().must()
    [file] = piece.tree.rglob("hello_*.deb")
    assert cut_and_resume(apt, upstream, "hello", "*/hello_*.deb", 20_000) == file.read_bytes()


# --- a compression that upstream lists and does not have -------------------------------------------

def without_xz(env):
    """(archive, upstream, larder): Release names Packages.xz, which is not there by any name."""
    archive = env.archive(Package("alpha"))
    archive.publish("stable", leave_out=("main/binary-amd64/Packages.xz",))
    assert b"main/binary-amd64/Packages.xz" in (archive.root / "dists/stable/InRelease").read_bytes()
    assert not (archive.root / "dists/stable/main/binary-amd64/Packages.xz").exists()
    upstream = env.nginx(archive.tree)
    return archive, upstream, env.larder_for(archive, upstream)


def test_apt_takes_the_next_compression_when_upstream_lacks_the_first(env):
    archive, upstream, larder = without_xz(env)
    for url in (f"{upstream.url}/debian", f"{larder.url}/debian"):   # as without a larder between
        apt = env.apt_for(archive, url)
        seen = apt.update(SEEN).must()
        assert "/Packages.xz HTTP/1.1\n" in seen.output and "404" in seen.output, seen.output
        apt.install("alpha").must()


# --- changelogs: not of the archive, so not fetched ------------------------------------------------

def no_changelog(env, said, changelogs=None):
    """`changelogs` is where the Release says they are; UPSTREAM stands for the archive's own server."""
    archive = env.archive(Package("alpha"))
    upstream = env.hostile(archive.tree)
    place = changelogs and f"{changelogs.replace('UPSTREAM', upstream.url)}/@CHANGEPATH@_changelog"
    archive.publish("stable", fields={"Changelogs": place})
    larder = env.larder_for(archive, upstream)
    apt = env.apt_for(archive, f"{upstream.url}/debian", proxy=larder.url)
    apt.update().must()
    apt.run("apt-get", "changelog", "alpha").must_fail(said)
    assert upstream.count("*changelog*") == 0, upstream.seen
    larder.good("/debian/" + archive.packages[0].pool_path)


def test_a_changelog_that_no_release_says_where_to_find_is_apts_own_error(env):
    no_changelog(env, "Changelog unavailable for alpha=1.0")


def test_a_changelog_elsewhere_is_apts_own_error_and_is_not_fetched(env):
    other = env.hostile(env.folder("elsewhere"))
    no_changelog(env, "E: Failed to fetch .*403", f"{other.url}/changelogs")
    assert other.count() == 0, other.seen


def test_a_changelog_beside_the_archive_is_apts_own_error(env):
    no_changelog(env, "E: Failed to fetch .*403", "UPSTREAM/changelogs")


def test_a_changelog_below_the_archive_is_apts_own_error(env):
    no_changelog(env, "E: Failed to fetch .*404", "UPSTREAM/debian/changelogs")
