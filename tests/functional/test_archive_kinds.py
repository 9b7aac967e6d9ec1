"""Every kind of index and archive that apt can ask for, from archives signed by test keys."""

import gzip
import hashlib
import re
import socket
import time
from dataclasses import dataclass
from urllib.parse import quote

from support import client
from support.env import Package
from support.larder import archive_table
from support.process import free_port, wait_for

# The targets that packages like apt-file and command-not-found configure.
TARGETS = {
    "contents": ("$(COMPONENT)/Contents-$(ARCHITECTURE)", "Contents-amd64"),
    "dep11": ("$(COMPONENT)/dep11/Components-$(NATIVE_ARCHITECTURE).yml", "Components-amd64.yml"),
    "cnf": ("$(COMPONENT)/cnf/Commands-$(NATIVE_ARCHITECTURE)", "Commands-amd64"),
}


def served(env, archive, **more):
    """(upstream, larder) for an archive that is published."""
    upstream = env.nginx(archive.tree)
    larder = env.larder_for(archive, upstream, **more)
    suite = (more.get("table") or {}).get("suites", ["stable"])[0]
    larder.get(f"/debian/dists/{suite}/InRelease")  # as every client does first
    return upstream, larder


def test_contrib_and_non_free_are_served_beside_main(env):
    archive = env.archive(Package("alpha"), Package("beta", component="contrib"), Package("gamma", component="non-free"))
    components = ("main", "contrib", "non-free")
    archive.publish("stable", components)
    _, larder = served(env, archive)
    apt = env.apt_for(archive, f"{larder.url}/debian", components=" ".join(components))
    apt.update().must()
    apt.install("alpha", "beta", "gamma").must()
    assert len(apt.debs()) == 3


def test_two_architectures_and_all_are_served_together(env):
    archive = env.archive(Package("alpha", arch="amd64"), Package("alpha", arch="arm64"), Package("beta"))
    archive.publish("stable", architectures=("amd64", "arm64"))
    _, larder = served(env, archive)
    apt = env.apt_for(archive, f"{larder.url}/debian", arches=["amd64", "arm64"])
    apt.update().must()
    apt.download("alpha:arm64", "alpha:amd64", "beta").must()
    assert len(list((apt.root / "work").glob("*.deb"))) == 3


def test_a_binary_all_index_of_its_own_is_served(env):
    archive = env.archive(Package("alpha", arch="amd64"), Package("beta"))
    archive.publish("stable", all_index=True)
    _, larder = served(env, archive)
    apt = env.apt_for(archive, f"{larder.url}/debian")
    apt.update().must()
    assert any("binary-all" in name for name in apt.lists()), apt.lists()


def test_udebs_are_served_and_are_what_their_index_says(env):
    archive = env.archive(Package("alpha"), Package("tiny-udeb", arch="amd64", udeb=True))
    archive.publish("stable", extras=("udeb",))
    _, larder = served(env, archive)
    index = larder.get("/debian/dists/stable/main/debian-installer/binary-amd64/Packages.gz")
    assert index.ok and b"tiny-udeb" in gzip.decompress(index.body)
    answer = larder.get("/debian/" + archive.packages[1].pool_path)
    assert answer.ok and answer.body == (archive.root / archive.packages[1].pool_path).read_bytes()


def test_translations_are_served(env):
    archive = env.archive(Package("alpha"))
    archive.publish("stable", extras=("translation",))
    _, larder = served(env, archive)
    apt = env.apt_for(archive, f"{larder.url}/debian", languages="en")
    apt.update().must()
    assert "test package alpha" in apt.list_text("Translation-en")


def check_target(env, kind):
    archive = env.archive(Package("alpha", arch="amd64"))
    archive.publish("stable", extras=(kind,))
    _, larder = served(env, archive)
    key, ending = TARGETS[kind]
    apt = env.apt_for(archive, f"{larder.url}/debian")
    at = f"Acquire::IndexTargets::deb::{kind}"
    apt.update(f"{at}::MetaKey={key}", f"{at}::ShortDescription={kind}", f"{at}::Description={kind}").must()
    assert any(name.endswith(ending) for name in apt.lists()), apt.lists()


def test_contents_files_are_served(env):
    check_target(env, "contents")


def test_dep11_metadata_is_served(env):
    check_target(env, "dep11")


def test_command_not_found_metadata_is_served(env):
    check_target(env, "cnf")


def test_a_pdiff_brings_an_old_list_to_the_new_state(env):
    archive = env.archive(*(Package(f"package{n}", arch="amd64") for n in range(60)))
    archive.publish("stable", date=time.time() - 7200)
    upstream, larder = served(env, archive)
    apt = env.apt_for(archive, f"{larder.url}/debian")
    apt.update("Acquire::PDiffs=true").must()
    archive.add(Package("newcomer", arch="amd64"))
    archive.publish("stable", date=time.time() - 60, pdiffs=True)
    new = (archive.root / "dists/stable/InRelease").read_bytes()
    wait_for(lambda: larder.get("/debian/dists/stable/InRelease").body == new, "the new state to be served")
    apt.update("Acquire::PDiffs=true").must()
    assert apt.versions("newcomer") == ["1.0"]
    assert upstream.count("*/Packages.diff/2*.gz") >= 1, upstream.requests()


def test_installer_files_are_checked_by_their_sha256sums(env):
    archive = env.archive(Package("alpha"))
    images = {"netboot/mini.iso": b"an image " * 5000, "netboot/linux": b"a kernel " * 3000}
    archive.publish("stable", installer=images)
    base = "dists/stable/main/installer-amd64/current/images"
    (archive.root / base / "netboot/linux").write_bytes(b"doctored " * 3000)
    _, larder = served(env, archive)
    larder.good(f"/debian/{base}/SHA256SUMS")
    good = larder.get(f"/debian/{base}/netboot/mini.iso")
    assert good.ok and good.body == images["netboot/mini.iso"]
    assert not larder.get(f"/debian/{base}/netboot/linux").ok


def test_installer_files_of_equal_sums_are_served_in_each_folder(env):
    # As in the real archive: "current" is the latest version's folder under another name.
    archive = env.archive(Package("alpha"))
    images = {"netboot/mini.iso": b"an image " * 5000, "netboot/linux": b"a kernel " * 3000}
    versions = ("current", "20230607")
    archive.publish("stable", installer=images, installer_versions=versions)
    _, larder = served(env, archive)
    for name in images:
        for version in versions:
            path = f"/debian/dists/stable/main/installer-amd64/{version}/images/{name}"
            assert larder.good(path).body == images[name], path


def test_a_flat_repository_is_served(env):
    archive = env.archive(Package("alpha"))
    archive.publish_flat()
    upstream = env.nginx(archive.tree)
    larder = env.larder(archive_table("flat", f"{upstream.url}/debian/flat", archive.keyring, ["./"]))
    apt = env.apt([f"deb KEY {larder.url}/flat ./"], archive.keyring)
    apt.update().must()
    apt.install("alpha").must()
    assert apt.debs() == ["alpha_1.0_all.deb"]


def test_a_suite_with_a_slash_in_its_name_is_served(env):
    archive = env.archive(Package("alpha"))
    archive.publish("stable-updates/zed")
    _, larder = served(env, archive, table={"suites": ["stable-updates/zed"]})
    apt = env.apt_for(archive, f"{larder.url}/debian", suite="stable-updates/zed")
    apt.update().must()
    apt.install("alpha").must()


def test_components_that_are_named_with_a_folder_before_them_are_served(env):
    # As Debian's security archive did: dists/stable/updates, its component "updates/main" in the folder main/.
    archive = env.archive(Package("alpha", arch="amd64"), Package("beta", arch="amd64"))
    archive.publish("stable/updates", fields={"Suite": "stable", "Codename": "stable", "Components": "updates/main"})
    table = {"suites": ["stable/updates"], "components": ["main"], "architectures": ["amd64"]}
    upstream, larder = served(env, archive, table=table)
    apt = env.apt_for(archive, f"{larder.url}/debian", suite="stable/updates")
    apt.update().must()
    apt.install("alpha", "beta").must()
    assert apt.debs() == ["alpha_1.0_amd64.deb", "beta_1.0_amd64.deb"]


@dataclass(frozen=True)
class OddlyNamed(Package):
    """A package whose file has its whole version in its name, with `between` in place of the epoch's colon."""
    between: str = ":"

    @property
    def file_name(self):
        return f"{self.name}_{self.version.replace(':', self.between)}_{self.arch}.deb"

    @property
    def pool_path(self):
        return f"pool/{self.component}/a_folder:with_both/{self.file_name}"


def odd_name(between):
    def test(env):
        archive = env.archive(OddlyNamed("alpha++", "2:1.0~rc1+b2", between=between))
        archive.publish("stable")
        upstream, larder = served(env, archive)
        whole = (archive.root / archive.packages[0].pool_path).read_bytes()
        for url in (f"{upstream.url}/debian", f"{larder.url}/debian"):   # as without a larder between
            apt = env.apt_for(archive, url)
            apt.update().must()
            apt.install("alpha++").must()
            [got] = (apt.root / "var/cache/apt/archives").glob("*.deb")
            assert got.read_bytes() == whole
        path = archive.packages[0].pool_path
        for target in (quote(path), quote(path, safe="/:~+"), quote(path, safe="/").replace("_", "%5f").replace("~", "%7e")):
            assert larder.good(f"/debian/{target}").body == whole, target
    return test


test_a_package_with_a_colon_and_underscores_in_its_files_name_is_served = odd_name(":")
test_a_package_with_an_encoded_colon_in_its_files_name_is_served = odd_name("%3a")


def test_a_source_package_is_served(env):
    archive = env.archive(Package("alpha"))
    archive.add_source("alpha")
    archive.publish("stable")
    _, larder = served(env, archive)
    apt = env.apt([f"{kind} KEY {larder.url}/debian stable main" for kind in ("deb", "deb-src")], archive.keyring)
    apt.update().must()
    apt.source("alpha").must()
    assert (apt.root / "work/alpha-1.0/debian/changelog").exists()


def test_an_archive_without_by_hash_is_served_by_plain_names(env):
    archive = env.archive(Package("alpha"))
    archive.publish("stable", by_hash=False)
    upstream, larder = served(env, archive)
    apt = env.apt_for(archive, f"{larder.url}/debian")
    apt.update().must()
    apt.install("alpha").must()
    assert upstream.count("*/by-hash/*") == 0, upstream.requests()


def test_an_index_can_be_asked_for_by_hash_and_by_name(env):
    archive = env.archive(Package("alpha"))
    archive.publish("stable")
    _, larder = served(env, archive)
    plain = larder.get("/debian/dists/stable/main/binary-amd64/Packages.xz")
    named = larder.get(f"/debian/dists/stable/main/binary-amd64/by-hash/SHA256/{plain.sha256}")
    assert plain.ok and named.ok and plain.body == named.body


# Every kind of file that a Release names and a client asks for by its hash.
BY_HASH = ["main/binary-amd64/Packages", "main/binary-amd64/Packages.xz", "main/binary-amd64/Packages.gz",
           "main/binary-all/Packages.xz", "main/debian-installer/binary-amd64/Packages.xz", "main/source/Sources.xz",
           "main/i18n/Translation-en.xz", "main/Contents-amd64.gz", "main/dep11/Components-amd64.yml.gz",
           "main/cnf/Commands-amd64.xz", "main/installer-amd64/current/images/SHA256SUMS"]


def by_hash(kind):
    def test(env):
        archive = env.archive(Package("alpha", arch="amd64"), Package("tiny-udeb", arch="amd64", udeb=True),
                              hashes=("SHA256", "SHA512"))
        archive.add_source("alpha")
        archive.publish("stable", extras=("udeb", "translation", "contents", "dep11", "cnf"), all_index=True,
                        installer={"netboot/mini.iso": b"an image"})
        upstream, larder = served(env, archive)
        base = "debian/dists/stable"
        for path in BY_HASH:
            data = (archive.tree / base / path).read_bytes()
            folder, name = path.rpartition("/")[0], hashlib.new(kind.lower(), data).hexdigest()
            for turn in ("cold", "warm"):
                answer = larder.good(f"/{base}/{folder}/by-hash/{kind}/{name}")
                assert answer.body == data, (turn, path)
            assert larder.good(f"/{base}/{path}").body == data, path
            assert larder.get(f"/{base}/{folder}/by-hash/{kind}/{name[::-1]}").status == 404, path
        assert upstream.count(f"/{base}/main/*") == len(BY_HASH), upstream.requests()
    return test


test_each_kind_of_index_is_served_by_its_sha256 = by_hash("SHA256")
test_each_kind_of_index_is_served_by_its_sha512 = by_hash("SHA512")


def test_release_and_its_signature_are_used_where_there_is_no_inrelease(env):
    archive = env.archive(Package("alpha"))
    archive.publish("stable", inrelease=False)
    _, larder = served(env, archive)
    apt = env.apt_for(archive, f"{larder.url}/debian")
    apt.update().must()
    apt.install("alpha").must()
    assert larder.get("/debian/dists/stable/InRelease").status == 404


def test_release_and_its_signature_belong_together_beside_an_inrelease(env):
    archive = env.archive(Package("alpha"))
    archive.publish("stable")
    _, larder = served(env, archive)
    for name in ("Release", "Release.gpg", "InRelease"):
        answer = larder.get(f"/debian/dists/stable/{name}")
        assert answer.ok and answer.body == (archive.root / "dists/stable" / name).read_bytes(), name


def test_indices_that_a_release_names_by_sha512_only_are_served(env):
    archive = env.archive(Package("alpha"), hashes=("SHA512",))
    archive.publish("stable")
    _, larder = served(env, archive)
    apt = env.apt_for(archive, f"{larder.url}/debian")
    apt.update().must()
    packages = larder.get("/debian/dists/stable/main/binary-amd64/Packages")
    assert packages.ok and b"Package: alpha" in packages.body


def test_an_index_that_upstream_keeps_compressed_only_is_served_so(env):
    archive = env.archive(Package("alpha"))
    archive.publish("stable", pack=(".gz",))
    _, larder = served(env, archive)
    apt = env.apt_for(archive, f"{larder.url}/debian")
    apt.update().must()
    apt.install("alpha").must()


def test_a_path_works_percent_encoded_or_not(env):
    archive = env.archive(Package("lib++alpha", version="1.0~rc1+b2"))
    archive.publish("stable")
    _, larder = served(env, archive)
    path = "/debian/" + archive.packages[0].pool_path
    encoded = path.replace("+", "%2b").replace("~", "%7E")
    first, second = larder.get(path), larder.get(encoded)
    assert first.ok and second.ok and first.body == second.body


def test_the_same_archive_is_reached_by_path_by_proxy_and_by_an_alias(env):
    archive = env.archive(Package("alpha"))
    archive.publish("stable")
    upstream, larder = served(env, archive, table={"aliases": ["http://archive.example/debian"]})
    path = archive.packages[0].pool_path
    for target in (f"/debian/{path}", f"{upstream.url}/debian/{path}", f"http://archive.example/debian/{path}"):
        answer = client.get(larder.address, target)
        assert answer.ok and answer.body == (archive.root / path).read_bytes(), target
    assert upstream.count("*.deb") == 1


def test_through_the_proxy_its_own_name_is_the_server_itself(env):
    archive = env.archive(Package("alpha"))
    archive.publish("stable")
    port = free_port()
    _, larder = served(env, archive, server={"listen": [f"127.0.0.1:{port}"]})
    path = archive.packages[0].pool_path
    for name in (f"127.0.0.1:{port}", f"localhost:{port}", f"{socket.gethostname()}:{port}"):
        answer = client.get(larder.address, f"http://{name}/debian/{path}")
        assert answer.ok and answer.body == (archive.root / path).read_bytes(), (name, answer.status, answer.body[:200])
    assert client.get(larder.address, f"http://localhost:{port + 1}/debian/{path}").status == 403


def without(field):
    """The first line of this field taken out."""
    return lambda text: re.sub(rb"(?m)^" + field + rb":.*\n", b"", text, count=1)


ODD_STANZAS = {
    "no SHA256": (without(b"SHA256"), 502),
    "no Size": (without(b"Size"), 502),
    "a SHA512 alone": (lambda text: re.sub(rb"(?m)^SHA256: (.*)$", rb"SHA512: \1\1", text, count=1), 502),
    "a blank before the colon": (lambda text: text.replace(b"SHA256:", b"SHA256 :", 1), 200),
    "a Size twice": (lambda text: text.replace(b"Size:", b"Size: 1\nSize:", 1), 200),
    "a stray line": (lambda text: text.replace(b"Filename:", b"garbage\nFilename:", 1), 200),
    "an absolute Filename": (lambda text: text.replace(b"Filename: pool", b"Filename: /pool", 1), 404),
    "a climbing Filename": (lambda text: text.replace(b"Filename: pool/main", b"Filename: pool/main/../main", 1), 404),
}


def test_one_odd_stanza_takes_no_other_package_away(env):
    for name, (spoil, status) in ODD_STANZAS.items():
        archive = env.archive(Package("alpha", size=1000), Package("zeta", size=1000))
        honest = archive.packages_index
        archive.packages_index = lambda *some, **more: spoil(honest(*some, **more))
        archive.publish("stable")
        _, larder = served(env, archive)
        apt = env.apt_for(archive, f"{larder.url}/debian")
        apt.update().must()
        apt.download("zeta").must()
        answer = larder.get("/debian/" + archive.packages[0].pool_path)
        assert answer.status == status, (name, answer.status, answer.body)
        assert status != 502 or b"no SHA-256 and size" in answer.body, (name, answer.body)
        larder.stop()


def test_with_all_in_each_index_binary_all_is_not_fetched_ahead_of_clients(env):
    for field, fetched in (("Packages", False), (None, True)):
        archive = env.archive(Package("alpha", arch="amd64"), Package("beta"))
        archive.publish("stable", all_index=True, fields={"No-Support-for-Architecture-all": field})
        upstream = env.hostile(archive.tree)
        larder = env.larder_for(archive, upstream, table={"suites": ["stable"], "architectures": ["amd64"]})
        upstream.wait_count("*binary-amd64*", 1)
        larder.cli("archive", "update", "debian", check=0)
        assert bool(upstream.count("*binary-all*")) == fetched, upstream.requests()
        larder.good("/debian/" + archive.packages[1].pool_path)
        larder.stop()
