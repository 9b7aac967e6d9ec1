"""The real apt, the real archive's files and keys, through a larder."""

from slice_ground import larder_with_slice, path_sources, proxy_sources, slice_apt


def test_apt_updates_and_downloads_a_package_with_all_it_needs_by_path(env):
    piece, _, larder = larder_with_slice(env)
    apt = slice_apt(env, piece, path_sources(piece, larder.url))
    apt.update().must()
    apt.install("hello", "cowsay", "nginx-light").must()
    assert len(apt.debs()) > 10, apt.debs()


def test_apt_updates_and_downloads_a_package_with_all_it_needs_by_proxy(env):
    piece, _, larder = larder_with_slice(env)
    apt = slice_apt(env, piece, proxy_sources(piece), proxy=larder.url)
    apt.update().must()
    apt.install("hello", "cowsay", "nginx-light").must()
    assert len(apt.debs()) > 10, apt.debs()


def test_a_downloaded_package_is_unpacked_by_dpkg_into_a_root(env):
    env.skip_unless_root()
    piece, _, larder = larder_with_slice(env)
    apt = slice_apt(env, piece, path_sources(piece, larder.url))
    apt.update().must()
    apt.download("hello").must()
    (apt.root / "work").glob("hello_*.deb").__next__().rename(apt.root / "var/cache/apt/archives/hello.deb")
    target = env.folder("target")
    apt.unpack(target)
    assert (target / "usr/bin/hello").exists()


def test_apt_fetches_and_unpacks_a_real_source_package(env):
    piece, _, larder = larder_with_slice(env)
    apt = slice_apt(env, piece, path_sources(piece, larder.url, ("deb", "deb-src")))
    apt.update().must()
    apt.source("hello").must()
    assert list((apt.root / "work").glob("hello-*/debian/changelog"))


def test_apt_downloads_one_package_by_name(env):
    piece, _, larder = larder_with_slice(env)
    apt = slice_apt(env, piece, path_sources(piece, larder.url))
    apt.update().must()
    apt.download("cowsay").must()
    assert list((apt.root / "work").glob("cowsay_*.deb"))


def test_the_real_indices_are_fetched_by_hash(env):
    piece, _, larder = larder_with_slice(env)
    seen = slice_apt(env, piece, path_sources(piece, larder.url)).update("Debug::Acquire::http=true").must()
    assert seen.output.count("/by-hash/SHA256/") >= len(piece.suites), seen.output
    assert "HTTP/1.1 404" not in seen.output, seen.output


def test_a_second_update_of_the_real_suites_is_all_hits(env):
    piece, upstream, larder = larder_with_slice(env)
    apt = slice_apt(env, piece, path_sources(piece, larder.url))
    apt.update().must()
    before = upstream.count("*/by-hash/*") + upstream.count("*/Packages*")
    second = apt.update().must()
    assert len(second.lines("Hit")) == len(piece.suites) and not second.lines("Get"), second.output
    assert upstream.count("*/by-hash/*") + upstream.count("*/Packages*") == before


def test_the_real_translations_arrive(env):
    piece, _, larder = larder_with_slice(env)
    apt = slice_apt(env, piece, path_sources(piece, larder.url), languages="en")
    apt.update().must()
    assert any("Translation-en" in name for name in apt.lists()), apt.lists()


def test_a_second_client_causes_no_further_upstream_fetch_of_indices_or_packages(env):
    piece, upstream, larder = larder_with_slice(env)
    for _ in range(2):
        apt = slice_apt(env, piece, path_sources(piece, larder.url))
        apt.update().must()
        apt.install("hello").must()
    assert upstream.count("*/hello_*.deb") == 1
    for index in {path for _, _, path in upstream.requests("*/by-hash/*")}:
        assert upstream.count(index) == 1, index


def test_the_client_gets_the_signed_inrelease_byte_for_byte(env):
    piece, _, larder = larder_with_slice(env)
    archive, suite = piece.main_suite
    answer = larder.get(f"/{archive.rpartition('/')[2]}/dists/{suite}/InRelease")
    assert answer.ok and answer.body == (piece.tree / archive / "dists" / suite / "InRelease").read_bytes()


def test_upstream_gone_for_the_whole_run_apt_still_updates_and_installs_what_is_here(env):
    piece, upstream, larder = larder_with_slice(env)
    first = slice_apt(env, piece, path_sources(piece, larder.url))
    first.update().must()
    first.install("hello", "cowsay").must()
    upstream.stop()
    larder.restart()
    apt = slice_apt(env, piece, path_sources(piece, larder.url))
    apt.update().must()
    apt.install("hello", "cowsay").must()
    assert apt.debs() == first.debs()
