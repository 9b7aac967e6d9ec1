"""Long descriptions apart from Packages, in Translation-en: where apt finds them, and how they follow their packages."""

import gzip
import subprocess
from dataclasses import dataclass

from support import debs
from support.archive import Archive
from support.debs import Package
from support.larder import archive_table
from test_pockets import ARCHIVE, PROPOSED, RELEASED, STAGING, Chain


@dataclass(frozen=True)
class Described(Package):
    text: str = "a thing that serves\n It does so at length:\n .\n   - day\n   - and night"

    def control(self):
        return "".join(f"{line}\n" for line in super().control().splitlines()
                       if not line.startswith(("Description", " "))) + f"Description: {self.text}\n"


SERVICE = Described("service", "2.0", arch="amd64")
LIBRARY = Described("library", "1.0", text="a single line")


class Translated(Chain):
    def __init__(self, env, *tables, arch="amd64,source"):
        super().__init__(env, *tables, chain=())
        for suite, feeds in ((RELEASED, None), (PROPOSED, RELEASED), (STAGING, PROPOSED)):
            self.json("pocket", "create", self.name(suite), "--arch", arch, "--translations",
                      *(["--feeds", feeds] if feeds else []))

    def translation(self, suite, form=""):
        return self.larder.good(f"/{ARCHIVE}/dists/{suite}/main/i18n/Translation-en{form}").body

    def translated(self, suite):
        """The packages that it has texts of."""
        return [line[9:] for line in self.translation(suite).decode().splitlines() if line.startswith("Package: ")]


def shown(client, package):
    return client.run("apt-cache", "show", package, options=("Acquire::Languages=en",)).output


def test_apt_shows_the_long_description_in_the_language_that_it_is_asked_for(env):
    chain = Translated(env)
    chain.include(STAGING, SERVICE, LIBRARY)
    client = chain.client(STAGING, languages="en")
    seen = client.update("Acquire::By-Hash=force").must()
    assert any("Translation-en" in line for line in seen.lines("Get")), seen.output
    assert "Description-en: " + SERVICE.text in shown(client, "service")
    assert "Description-en: a single line" in shown(client, "library")
    without = chain.client(STAGING)
    without.update().must()
    assert "and night" not in without.run("apt-cache", "show", "service").output
    assert "Description: a thing that serves" in without.run("apt-cache", "show", "service").output


def test_both_indices_are_those_of_apt_ftparchive(env):
    chain = Translated(env)
    chain.include(STAGING, SERVICE, LIBRARY)
    tree = env.folder("tree")
    for package in (SERVICE, LIBRARY):
        folder = tree / f"pool/main/{'libl' if package == LIBRARY else 's'}/{package.name}".replace("libl", "libr")
        folder.mkdir(parents=True)
        (folder / package.file_name).write_bytes(debs.deb(package).read_bytes())
    for folder in ("binary-amd64", "i18n"):
        (tree / "dists/main" / folder).mkdir(parents=True)
    (tree / "conf").write_text(
        'Dir { ArchiveDir "."; CacheDir "."; };\nDefault { Packages::Compress "."; Translation::Compress "."; };\n'
        'APT::FTPArchive { LongDescription "false"; MD5 "false"; SHA1 "false"; SHA512 "false"; };\n'
        'TreeDefault { Contents ""; };\n'
        'Tree "dists" { Sections "main"; Architectures "amd64 all"; Directory "pool"; LongDescription "false";\n'
        ' Packages "$(DIST)/$(SECTION)/binary-$(ARCH)/Packages"; Translation "$(DIST)/$(SECTION)/i18n/Translation-en";\n'
        '};\n')
    (tree / "dists/main/binary-all").mkdir()
    subprocess.run(["apt-ftparchive", "generate", "conf"], cwd=tree, check=True, capture_output=True)
    assert chain.translation(STAGING) == (tree / "dists/main/i18n/Translation-en").read_bytes()
    theirs = subprocess.run(["apt-ftparchive", "--md5=no", "--sha1=no", "--sha512=no",
                             "-o", "APT::FTPArchive::LongDescription=false", "packages", "pool"], cwd=tree,
                            capture_output=True, check=True).stdout
    stanzas = [sorted(part.strip().split(b"\n\n")) for part in (chain.index(STAGING), theirs)]
    assert stanzas[0] == stanzas[1], stanzas


def test_it_comes_in_all_forms_of_the_other_indices(env):
    chain = Translated(env)
    chain.json("pocket", "change", chain.name(STAGING), "--xz")
    chain.include(STAGING, SERVICE)
    plain = chain.translation(STAGING)
    assert gzip.decompress(chain.translation(STAGING, ".gz")) == plain
    for form, unpack in ((".xz", "xz"), (".zst", "zstd")):
        assert subprocess.run([unpack, "-dc"], input=chain.translation(STAGING, form), capture_output=True,
                              check=True).stdout == plain


def test_texts_go_with_their_packages_through_promotion_removal_and_rollback(env):
    chain = Translated(env)
    chain.include(STAGING, SERVICE, LIBRARY)
    chain.promote(STAGING, "--only", "service")
    assert chain.translated(PROPOSED) == ["service"]
    chain.promote(STAGING)
    chain.promote(PROPOSED)
    assert chain.translation(RELEASED) == chain.translation(STAGING)
    client = chain.client(RELEASED, languages="en")
    client.update().must()
    assert "and night" in shown(client, "service")
    chain.cli("pocket", "remove", chain.name(RELEASED), "service")
    assert chain.translated(RELEASED) == ["library"]
    chain.cli("pocket", "rollback", chain.name(RELEASED))
    assert chain.translation(RELEASED) == chain.translation(STAGING)
    client.update().must()
    assert "and night" in shown(client, "service")
    newer = Described("service", "3.0", arch="amd64", text="a thing\n that was rewritten")
    chain.include(STAGING, newer)
    assert "that was rewritten" in chain.translation(STAGING).decode()
    assert "and night" not in chain.translation(STAGING).decode()


def test_architectures_with_other_versions_have_a_text_each(env):
    chain = Translated(env, arch="amd64,arm64,source")
    older = Described("service", "1.0", arch="arm64", text="a thing\n as it was")
    other = Described("service", "2.0", arch="arm64")
    chain.include(STAGING, older, SERVICE)
    chain.promote(STAGING, "--override", "two versions")
    for suite in (STAGING, PROPOSED):
        assert chain.translated(suite) == ["service", "service"]
        for arch, words in (("amd64", "and night"), ("arm64", "as it was")):
            client = chain.client(suite, languages="en", arch=arch)
            client.update().must()
            assert words in shown(client, "service")
    chain.include(STAGING, other)
    assert chain.translated(STAGING) == ["service"]
    chain.cli("pocket", "remove", chain.name(STAGING), "service")
    assert chain.translation(STAGING) == b""


def test_the_same_packages_make_the_same_bytes_whatever_their_order(env):
    chain = Translated(env, arch="amd64,arm64")
    packages = [SERVICE, LIBRARY, Described("service", "1.0", arch="arm64", text="a thing\n as it was"),
                *(Described(f"more{i}", text=f"number {i}\n of many") for i in range(5))]
    for package in packages:
        chain.include(STAGING, package)
    chain.include(PROPOSED, *reversed(packages))
    assert chain.translation(STAGING) == chain.translation(PROPOSED)
    assert chain.index(STAGING) == chain.index(PROPOSED)
    before = chain.release(STAGING)
    assert "Nothing changes" in chain.include(STAGING, *packages).stdout
    assert chain.release(STAGING) == before


def test_an_override_leaves_the_text_where_it_is(env):
    chain = Translated(env)
    chain.include(STAGING, SERVICE)
    before = chain.translation(STAGING)
    chain.cli("pocket", "override", "set", chain.name(STAGING), "service", "--section", "net")
    assert b"Section: net" in chain.index(STAGING) and chain.translation(STAGING) == before


def test_it_is_settled_while_the_pocket_is_empty(env):
    chain = Chain(env, chain=(RELEASED,))
    chain.include(RELEASED, SERVICE)
    refused = chain.cli("pocket", "change", chain.name(RELEASED), "--translations", check=None).stderr
    assert "only while there are no packages" in refused
    assert "Translation" not in chain.release(RELEASED)
    chain.cli("pocket", "remove", chain.name(RELEASED), "service")
    chain.cli("pocket", "change", chain.name(RELEASED), "--translations")
    refused = chain.cli("pocket", "rollback", chain.name(RELEASED), "--to", "2", check=None).stderr
    assert "only while there are no packages" in refused
    chain.include(RELEASED, SERVICE)
    assert "main/i18n/Translation-en.gz" in chain.release(RELEASED)
    chain.cli("pocket", "remove", chain.name(RELEASED), "service")
    chain.cli("pocket", "change", chain.name(RELEASED), "--translations=false")
    assert "Translation" not in chain.release(RELEASED)
    chain.include(RELEASED, SERVICE)
    assert b"and night" in chain.index(RELEASED)


def test_a_pocket_and_the_one_that_it_feeds_agree(env):
    chain = Chain(env, chain=(RELEASED,))
    refused = chain.cli("pocket", "create", chain.name(PROPOSED), "--arch", "amd64", "--translations",
                        "--feeds", RELEASED, check=None).stderr
    assert "long descriptions apart" in refused and "--feeds" in refused
    chain.cli("pocket", "create", chain.name(PROPOSED), "--arch", "amd64", "--feeds", RELEASED)
    refused = chain.cli("pocket", "change", chain.name(RELEASED), "--translations", check=None).stderr
    assert "long descriptions apart" in refused


def test_what_is_pulled_from_a_pocket_brings_its_text(env):
    chain = Translated(env)
    chain.json("archive", "create", "other")
    chain.json("pocket", "create", "other/stable", "--arch", "amd64", "--translations")
    chain.cli("pocket", "include", "other/stable", str(debs.deb(SERVICE)), check=0)
    chain.cli("pocket", "pull", chain.name(STAGING), "--from", "other/stable", "service")
    assert chain.translation(STAGING) == chain.larder.good("/other/dists/stable/main/i18n/Translation-en").body
    client = chain.client(STAGING, languages="en")
    client.update().must()
    assert "and night" in shown(client, "service")


class Upstream(Archive):
    """Has the first lines of descriptions in Packages, and the MD5s of what Translation-en says."""

    def stanza(self, package, prefix=""):
        return (super().stanza(package, prefix).replace(" A second line of it.\n", "")
                + f"Description-md5: {self.description_md5(package)}\n")


def test_what_is_pulled_from_an_upstream_brings_its_text_where_that_is_published(env):
    key, tree = env.key("upstream"), env.folder("tree")
    upstream = Upstream(tree / "debian", key)
    upstream.add(Package("short"), Package("other"))
    upstream.publish("stable", extras=("translation",))
    upstream.publish("bare")
    table = archive_table("debian", f"{env.nginx(tree).url}/debian", env.keyring(key), ["stable", "bare"],
                          architectures=["amd64"], components=["main"])
    chain = Translated(env, table)
    chain.cli("pocket", "pull", chain.name(STAGING), "--from", "debian/stable", "short")
    assert chain.translated(STAGING) == ["short"]
    assert "A second line of it." in chain.translation(STAGING).decode()
    client = chain.client(STAGING, languages="en")
    client.update().must()
    assert "A second line of it." in shown(client, "short")
    chain.cli("pocket", "pull", chain.name(PROPOSED), "--from", "debian/bare", "short")
    assert chain.translation(PROPOSED) == b"" and chain.index(PROPOSED) == chain.index(STAGING)
