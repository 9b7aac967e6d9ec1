"""What apt demands of an archive, a rule a test: that a pocket keeps it, and that apt 2.6 indeed minds.

What a pocket publishes is copied, the rule is broken in the copy, and the copy signed again with the archive's own
key: so what apt then refuses, or silently does wrong, is because of that one rule. Each rule names where it comes from:
a file of apt's source, or "tried", which this test does. FORMAT_RULES is the table.
"""

import bz2
import gzip
import hashlib
import lzma
import os
import re
import subprocess
import time
import zlib

from pocket_ground import ARCHIVE, FORMS, SUITE, Cloud, Copy, Wordy, control_deb, field, listed, moment, stanza_fields, stanzas
from support import debs
from support.debs import Package

TOOL = Package("tool", "1.0")
SERVICE = Package("service", "2.0", arch="amd64", depends="library (= 2.0)", size=20_000)
LIBRARY = Package("library", "2.0", arch="all", size=10_000)
DAY = 86400

#: rule -> where it comes from.
FORMAT_RULES = {}


class Ground:
    """A pocket with packages for all and for amd64 and a source, its clients, and copies of it."""

    def __init__(self, env, **pocket):
        self.env = env
        self.cloud = Cloud(env)
        self.cloud.pocket(SUITE, **pocket)
        self.cloud.include(SUITE, TOOL, SERVICE, LIBRARY, debs.source("service", "2.0")[0])

    @property
    def release(self):
        return self.cloud.release(SUITE)

    def client(self, **more):
        return self.cloud.client(SUITE, **more)

    def copy(self):
        return Copy(self.cloud)

    def packages(self, ending=""):
        return self.cloud.get(SUITE, "main/binary-amd64/Packages" + ending).body

    def include(self, *packages, **options):
        return self.cloud.include(SUITE, *packages, **options)


def rule(says, source, **pocket):
    """One row of the table: a function of a Ground becomes the test that is called as the rule is."""
    def add(function):
        def test(env):
            function(Ground(env, **pocket))
        name = "test_" + re.sub(r"[^a-zA-Z0-9]+", "_", says).strip("_")
        assert name not in globals(), f"two rules are called {name}"
        globals()[name] = test
        FORMAT_RULES[says] = source
        return function
    return add


def knows(client, *versions, package="tool"):
    assert client.versions(package) == list(versions), client.versions(package)


# --- the Release and its signatures -------------------------------------------------------------------

@rule("the Date is later with every publication", "apt-pkg/acquire-item.cc, VerifyVendor")
def _(g):
    dates = [moment(field(g.release, "Date"))]
    for version in ("1.1", "1.2", "1.3"):
        g.include(Package("tool", version))
        dates.append(moment(field(g.release, "Date")))
    assert dates == sorted(set(dates)), dates
    copy = g.copy()
    before = {name: copy.path(name).read_bytes() for name in ("InRelease", "Release", "Release.gpg")}
    g.include(Package("tool", "1.4"))
    copy.fetch()
    client = copy.client()
    client.update().must()
    knows(client, "1.4")
    for name, body in before.items():
        copy.write(copy.path(name), body)
    client.update().must()  # not a word: an archive that goes back is not followed
    knows(client, "1.4")


@rule("the Last-Modified of the Release is later with every publication", "tried: methods/http.cc asks If-Modified-Since")
def _(g):
    def modified():
        return moment(g.cloud.get(SUITE, "InRelease").headers["last-modified"])
    times = [modified()]
    for version in ("1.1", "1.2", "1.3"):
        g.include(Package("tool", version))
        times.append(modified())
    assert times == sorted(set(times)), times
    copy = g.copy()
    client = copy.client()
    client.update().must()
    same = os.stat(copy.path("InRelease")).st_mtime
    g.include(Package("tool", "1.4"))
    copy.fetch()
    os.utime(copy.path("InRelease"), (same, same))
    client.update().must()
    knows(client, "1.3")


@rule("the Date is RFC 1123 in UTC", "apt-pkg/contrib/strutl.cc, RFC1123StrToTime")
def _(g):
    assert re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d UTC", field(g.release, "Date")), g.release
    copy = g.copy()
    copy.sign(g.release.replace(" UTC\n", " +0100\n", 1))
    copy.client().update().must_fail("Invalid 'Date' entry")


@rule("no Date lies more than ten seconds ahead whatever the haste", "apt-pkg/acquire-item.cc: Acquire::Max-FutureTime")
def _(g):
    for n in range(16):
        g.include(Package("tool", f"2.{n}"))
        assert moment(field(g.release, "Date")) <= time.time() + 10, f"after {n + 1} publications in a row"
    g.client().update().must()
    copy = g.copy()
    copy.sign(copy.later(copy.text, 3600))
    copy.client().update().must_fail("is not valid yet")


@rule("Valid-Until lies ahead of the Date as the pocket says", "apt-pkg/acquire-item.cc, VerifyVendor",
      valid_for_seconds=7 * DAY)
def _(g):
    assert moment(field(g.release, "Valid-Until")) - moment(field(g.release, "Date")) == 7 * DAY
    g.client().update().must()
    copy = g.copy()
    copy.set("Valid-Until", "Tue, 14 Nov 2023 22:13:20 UTC")
    copy.client().update().must_fail("is expired")


@rule("a pocket without an end of validity has no Valid-Until", "apt-pkg/deb/debmetaindex.cc, Load")
def _(g):
    assert field(g.release, "Valid-Until") is None
    g.client().update("Acquire::Check-Valid-Until=true").must()


def stays(name, other, said, **pocket):
    """Rows for the fields that apt remembers."""
    @rule(f"{name} stays the same from publication to publication", "apt-pkg/acquire-item.cc: AllowInfoChange", **pocket)
    def _(g):
        first = field(g.release, name)
        g.include(Package("tool", "1.1"))
        g.cloud.job("pocket_remove", pocket=g.cloud.name(SUITE), packages=["library"])
        g.cloud.job("pocket_rollback", pocket=g.cloud.name(SUITE), to=2)
        assert field(g.release, name) == first
        copy = g.copy()
        client = copy.client()
        client.update().must()
        copy.set(name, other)
        client.update().must_fail(said)


stays("Origin", "Elsewhere", "changed its 'Origin' value")
stays("Label", "Elsewhere", "changed its 'Label' value")
stays("Codename", "elsewhere", "changed its 'Codename' value")
stays("NotAutomatic", "yes", "changed its .* value|changed its default priority")
stays("ButAutomaticUpgrades", None, "changed its .* value|changed its default priority", not_automatic=True,
      but_automatic_upgrades=True)


@rule("Suite and Version may change", "tried: apt only remembers them")
def _(g):
    copy = g.copy()
    client = copy.client()
    client.update().must()
    copy.set("Suite", "elsewhere")
    copy.set("Version", "12.9")
    client.update().must()


@rule("a suite is asked for by its Codename or its Suite", "apt-pkg/acquire-item.cc: Conflicting distribution")
def _(g):
    assert SUITE in (field(g.release, "Suite"), field(g.release, "Codename"))
    copy = g.copy()
    (copy.root / "dists/elsewhere").symlink_to(SUITE)
    copy.client(suite="elsewhere").update().must_fail("Conflicting distribution")


@rule("a suite with a slash is asked for by its whole name", "apt-pkg/acquire-item.cc: the part before the last slash counts")
def _(g):
    suite = "bookworm-updates/folsom"
    g.cloud.pocket(suite)
    g.cloud.include(suite, TOOL)
    client = g.cloud.client(suite)
    client.update().must()
    client.install("tool").must()
    copy = Copy(g.cloud, suite)
    for name in ("Suite", "Codename"):
        copy.set(name, "bookworm-updates")
    copy.client().update().must()
    for name in ("Suite", "Codename"):
        copy.set(name, "elsewhere")
    copy.client().update().must_fail("Conflicting distribution")


@rule("NotAutomatic is a pin of 1 and with ButAutomaticUpgrades of 100", "apt-pkg/policy.cc, GetPriority")
def _(g):
    def pin(suite):
        client = g.cloud.client(suite)
        client.update().must()
        return int(re.search(r"^ *(\d+) http://\S+ " + suite, client.run("apt-cache", "policy").output, re.M)[1])
    g.cloud.pocket("asked", not_automatic=True)
    g.cloud.pocket("upgraded", not_automatic=True, but_automatic_upgrades=True)
    for suite in ("asked", "upgraded"):
        g.cloud.include(suite, TOOL)
    assert [pin(suite) for suite in (SUITE, "upgraded", "asked")] == [500, 100, 1]


@rule("nothing stands before or after the signed block of InRelease", "apt-pkg/contrib/gpgv.cc, SplitClearSignedFile")
def _(g):
    body = g.cloud.get(SUITE, "InRelease").body
    assert body.startswith(b"-----BEGIN PGP SIGNED MESSAGE-----\n") and body.endswith(b"-----END PGP SIGNATURE-----\n")
    for broken in (b"Hello\n" + body, body + b"Hello\n"):
        copy = g.copy()
        copy.write(copy.path("InRelease"), broken)
        copy.client().update().must_fail("into data and signature failed|not signed")


@rule("who gets no InRelease takes Release with an armoured Release.gpg", "methods/gpgv.cc")
def _(g):
    copy = g.copy()
    copy.path("InRelease").unlink()
    client = copy.client()
    client.update().must()
    client.install("service").must()
    armoured = copy.path("Release.gpg").read_bytes()
    assert armoured.startswith(b"-----BEGIN PGP SIGNATURE-----\n")
    binary = subprocess.run(["gpg", "--dearmor"], input=armoured, capture_output=True, check=True).stdout
    copy.write(copy.path("Release.gpg"), binary)
    copy.client().update().must_fail("not signed|signed file isn't valid|BADSIG|NODATA|verified")


@rule("what InRelease signs is the Release byte for byte", "apt-pkg/contrib/gpgv.cc: both ways lead to one state")
def _(g):
    work = g.env.folder("signed")
    (work / "InRelease").write_bytes(g.cloud.get(SUITE, "InRelease").body)
    ring = work / "ring.gpg"
    subprocess.run(["gpg", "--dearmor", "-o", ring], input=g.cloud.larder.good(f"/keys/{ARCHIVE}.asc").body, check=True)
    plain = subprocess.run(["gpgv", "--keyring", ring, "--output", "-", work / "InRelease"], capture_output=True, check=True)
    assert plain.stdout == g.release.encode()


@rule("a signature is made with SHA-256 or better", "apt-pkg/contrib/strutl.cc: SHA-1 is not trusted")
def _(g):
    body = g.cloud.get(SUITE, "InRelease").body
    for signature in (body[body.index(b"-----BEGIN PGP SIGNATURE"):], g.cloud.get(SUITE, "Release.gpg").body):
        packets = subprocess.run(["gpg", "--list-packets"], input=signature, capture_output=True).stdout.decode()
        digests = re.findall(r"digest algo (\d+)", packets)
        assert digests and set(digests) <= {"8", "9", "10"}, packets   # SHA-256, SHA-384, SHA-512
    copy = g.copy()
    copy.sign(copy.text, digest="SHA1")
    copy.client().update().must_fail("SHA1|weak|not signed|verified")


@rule("one signature by a key that the client trusts is enough", "methods/gpgv.cc")
def _(g):
    copy = g.copy()
    copy.sign(copy.text, key=g.env.key("unknown"), also=(copy.key,))
    copy.client().update().must()
    copy.sign(copy.later(copy.text), key=g.env.key("stranger"))
    copy.client().update().must_fail("NO_PUBKEY")


@rule("Signed-By names the key that signs", "apt-pkg/deb/debmetaindex.cc: binding for the next state",
      valid_for_seconds=7 * DAY)
def _(g):
    shown = subprocess.run(["gpg", "--show-keys", "--with-colons"], input=g.cloud.larder.good(f"/keys/{ARCHIVE}.asc").body,
                           capture_output=True, check=True).stdout.decode()
    assert field(g.release, "Signed-By").rstrip("!") in re.findall(r"^fpr:+([0-9A-F]{40}):", shown, re.M)
    # A client that trusts two keys follows only that which the state it has seen allows.
    copy, other = g.copy(), g.env.key("other")
    trusted = copy.cloud.env.keyring(copy.key, other)
    client = copy.client(keyring=trusted)
    client.set_sources([f"deb {copy.url} {SUITE} main"])
    (client.root / "etc/apt/trusted.gpg.d/both.gpg").write_bytes(trusted.read_bytes())
    client.update().must()
    copy.put("main/binary-amd64/Packages", b"")
    copy.sign(copy.later(copy.text), key=other)
    done = client.update()
    assert done.code == 0 and done.warnings, done.output
    knows(client, "1.0")  # the lists are stale, and apt-get says done
    # What the source itself says goes before it.
    own = copy.client(keyring=trusted)
    own.update().must()
    knows(own)


@rule("a Release is far below ten million bytes", "apt-pkg/acquire-item.cc: the largest size of a Release")
def _(g):
    assert len(g.release) < 100_000
    copy = g.copy()
    rows = "".join(f" {'0' * 64} 1 main/{n:010}\n" for n in range(120_000))
    copy.sign(copy.text + rows)
    assert len(copy.text) > 10_000_000
    copy.client().update().must_fail("too large|unexpected size|exceeds|File has")


@rule("every index has a SHA-256", "apt-pkg/deb/debmetaindex.cc: weak hashes alone are none")
def _(g):
    assert listed(g.release)
    copy = g.copy()
    head, _, rows = copy.text.partition("\nSHA256:\n")
    weak = "".join(f" {hashlib.md5(copy.path(path).read_bytes()).hexdigest()} {size} {path}\n"
                   for path, (_, size) in listed(copy.text).items())
    copy.sign(f"{head}\nMD5Sum:\n{weak}")
    copy.client().update().must_fail("No Hash|weak|no hash|insufficient|provides only")


@rule("every index is listed with its uncompressed form", "apt-pkg/acquire-item.cc: what is checked after unpacking")
def _(g):
    paths = listed(g.release)
    assert all(re.sub(r"\.(gz|zst|xz|bz2)$", "", path) in paths for path in paths), paths
    copy = g.copy()
    copy.sign(re.sub(r"^ \S+ +\d+ main/binary-amd64/Packages\n", "", copy.later(copy.text), flags=re.M))
    client = copy.client()
    assert client.update().code == 0
    knows(client)  # done, and the archive is empty


@rule("each architecture of the Release has its index in each component", "apt-pkg/deb/debmetaindex.cc", components=["main", "extra"],
      architectures=["amd64", "arm64", "source"])
def _(g):
    architectures = field(g.release, "Architectures").split()
    assert architectures == ["amd64", "arm64"]
    assert field(g.release, "Components").split() == ["main", "extra"]
    for component in ("main", "extra"):
        assert f"{component}/source/Sources" in listed(g.release)
        for architecture in architectures:
            assert f"{component}/binary-{architecture}/Packages" in listed(g.release)
    g.client(components="main extra", arches=["amd64", "arm64"]).update().must()
    assert "doesn't support architecture 'i386'" in g.client(arches=["amd64", "i386"]).update("quiet=0").output
    copy = g.copy()
    copy.set("Architectures", "amd64 arm64 i386")
    client = copy.client(arches=["amd64", "i386"])
    assert client.update().code == 0
    assert not any("binary-i386" in name for name in client.lists())  # silently empty


@rule("what is for all architectures stands in the index of each, and apt is told so",
      "apt-pkg/deb/debmetaindex.cc, IsArchitectureAllSupportedFor", architectures=["amd64", "arm64", "source"])
def _(g):
    assert field(g.release, "No-Support-for-Architecture-all") == "Packages"
    assert "all" not in field(g.release, "Architectures").split()
    assert not any("binary-all" in path for path in listed(g.release))
    for architecture in ("amd64", "arm64"):
        assert b"Package: library\n" in g.cloud.get(SUITE, f"main/binary-{architecture}/Packages").body
    copy = g.copy()
    copy.set("Architectures", "all amd64 arm64")
    text = g.packages()
    copy.put("main/binary-all/Packages", text, {"": text, ".gz": FORMS[".gz"](text)})
    asked = copy.client().update("Debug::Acquire::http=true").must()
    assert "binary-all" not in asked.output
    copy.set("No-Support-for-Architecture-all", None)
    asked = copy.client().update("Debug::Acquire::http=true").must()
    assert "/binary-all/" in asked.output


# --- by-hash ------------------------------------------------------------------------------------------

@rule("indices are asked for by hash and every one that is listed is there", "apt-pkg/acquire-item.cc: Acquire-By-Hash")
def _(g):
    assert field(g.release, "Acquire-By-Hash") == "yes"
    for path, (sha256, size) in listed(g.release).items():
        body = g.cloud.get(SUITE, f"{os.path.dirname(path)}/by-hash/SHA256/{sha256}").body
        assert (hashlib.sha256(body).hexdigest(), len(body)) == (sha256, size), path
    said = g.client().update("Debug::Acquire::http=true").must().output
    assert said.count("/by-hash/SHA256/") >= 2 and "404" not in said
    copy = g.copy()
    copy.set("Acquire-By-Hash", None)
    assert "/by-hash/" not in copy.client().update("Debug::Acquire::http=true").must().output


@rule("apt asks for the strongest hash, so only what is served is listed", "apt-pkg/acquire-item.cc; tried")
def _(g):
    assert re.findall(r"^(\w+):$", g.release, re.M) == ["SHA256"]
    copy = g.copy()
    rows = "".join(f" {hashlib.sha512(copy.path(path).read_bytes()).hexdigest()} {size} {path}\n"
                   for path, (_, size) in listed(copy.text).items())
    copy.sign(copy.later(copy.text) + "SHA512:\n" + rows)
    said = copy.client().update("Debug::Acquire::http=true").output
    assert "/by-hash/SHA512/" in said and "404" in said, said


@rule("what is not there by hash is taken by its name", "apt-pkg/acquire-item.cc; tried")
def _(g):
    copy = g.copy()
    for folder in copy.root.rglob("by-hash"):
        subprocess.run(["rm", "-r", folder], check=True)
    client = copy.client()
    client.update().must()
    client.install("service").must()
    # By name a client gets what is there, and that may be of another state: so Larder has both.
    copy.write(copy.path("main/binary-amd64/Packages.gz"), FORMS[".gz"](b"Package: other\n"))
    copy.client().update().must_fail("unexpected size|Hash Sum mismatch")


@rule("a client that asks by name and not by hash gets the state of its Release", "apt-pkg/acquire-item.cc: Acquire::By-Hash")
def _(g):
    client = g.client()
    for version in ("1.1", "1.2"):
        g.include(Package("tool", version))
        said = client.update("Acquire::By-Hash=no", "Debug::Acquire::http=true").must()
        assert "/by-hash/" not in said.output
        knows(client, version)


@rule("indices of former states stay reachable by hash", "tried: a client between InRelease and Packages")
def _(g):
    client = g.client()
    copy = g.copy()
    g.include(Package("tool", "1.1"))
    g.include(Package("tool", "1.2"))
    for path, (sha256, _) in listed(copy.text).items():
        body = g.cloud.get(SUITE, f"{os.path.dirname(path)}/by-hash/SHA256/{sha256}").body
        assert body == copy.path(path).read_bytes(), path
    assert client.update().must() and client.versions("tool") == ["1.2"]


# --- compressed forms ---------------------------------------------------------------------------------

def members(data):
    """How many gzip members stand one after the other."""
    count = 0
    while data:
        reader = zlib.decompressobj(wbits=31)
        reader.decompress(data)
        assert reader.eof
        data, count = reader.unused_data, count + 1
    return count


def frames(g, data):
    file = g.env.folder("zstd") / "Packages.zst"
    file.write_bytes(data)
    shown = subprocess.run(["zstd", "-lv", file], capture_output=True, text=True, check=True).stdout
    return int(re.search(r"Zstandard Frames: (\d+)", shown)[1])


def large(g):
    """An index of many chunks."""
    g.include(*(Wordy(f"wordy{n:02}") for n in range(20)))
    return "wordy19"


@rule("a gzip file may have many members", "apt-pkg/contrib/fileutl.cc: gzread goes on")
def _(g):
    last = large(g)
    assert members(g.packages(".gz")) >= 4
    assert gzip.decompress(g.packages(".gz")) == g.packages()
    client = g.client()
    said = client.update("Debug::Acquire::http=true", "Acquire::By-Hash=no").must().output
    assert "Packages.gz HTTP" in said
    knows(client, "1.0", package=last)


@rule("a zstd file may have many frames", "apt-pkg/contrib/fileutl.cc, ZstdFileFdPrivate")
def _(g):
    last = large(g)
    assert frames(g, g.packages(".zst")) >= 4
    client = g.client()
    said = client.update("Debug::Acquire::http=true", "Acquire::By-Hash=no", "Acquire::CompressionTypes::Order::=zst").must().output
    assert "Packages.zst HTTP" in said and "Packages.gz HTTP" not in said
    knows(client, "1.0", package=last)


@rule("of gzip and zstd apt takes gzip", "apt-pkg/aptconfiguration.cc, getCompressionTypes")
def _(g):
    assert {"main/binary-amd64/Packages.gz", "main/binary-amd64/Packages.zst"} <= set(listed(g.release))
    said = g.client().update("Debug::Acquire::http=true", "Acquire::By-Hash=no").must().output
    assert "Packages.gz HTTP" in said or "Packages.xz HTTP" in said
    assert "Packages.zst HTTP" not in said


@rule("a form that is missing is made up for by the next", "apt-pkg/acquire-item.cc; tried")
def _(g):
    copy = g.copy()
    sha256 = listed(copy.text)["main/binary-amd64/Packages.gz"][0]
    copy.path("main/binary-amd64/Packages.gz").unlink()
    copy.path("main/binary-amd64/by-hash/SHA256/" + sha256).unlink()
    client = copy.client()
    said = client.update("Debug::Acquire::http=true").must().output
    assert "404" in said and listed(copy.text)["main/binary-amd64/Packages.zst"][0] in said, said
    knows(client, "1.0")


@rule("xz and bz2 files have one stream", "tried: apt reads the first, and the hash is that of all")
def _(g):
    large(g)
    for path in listed(g.release):
        assert not path.endswith(".bz2")
        if path.endswith(".xz"):
            body = g.cloud.get(SUITE, path).body
            reader = lzma.LZMADecompressor()
            reader.decompress(body)
            assert reader.eof and not reader.unused_data, f"{path} has several streams"
    text = g.packages()
    cut = text.index(b"\n\n", len(text) // 2) + 2
    for ending, pack in ((".xz", lzma.compress), (".bz2", bz2.compress)):
        copy = g.copy()
        copy.put("main/binary-amd64/Packages", text, {"": text, ending: pack(text)})
        copy.client().update().must()
        copy.put("main/binary-amd64/Packages", text, {"": text, ending: pack(text[:cut]) + pack(text[cut:])})
        copy.path("main/binary-amd64/Packages").unlink()
        copy.client().update().must_fail("Hash Sum mismatch|unexpected size")


@rule("an index without packages is empty and not absent", "apt-pkg/acquire-item.cc: what is listed is fetched")
def _(g):
    g.cloud.pocket("empty")
    assert g.cloud.get("empty", "main/binary-amd64/Packages").body == b""
    for ending, unpack in ((".gz", gzip.decompress), (".zst", lambda d: subprocess.run(
            ["zstd", "-qdc"], input=d, capture_output=True, check=True).stdout)):
        assert unpack(g.cloud.get("empty", "main/binary-amd64/Packages" + ending).body) == b""
    g.cloud.client("empty").update().must()
    g.cloud.client("empty").update("Acquire::CompressionTypes::Order::=zst").must()


# --- stanzas ------------------------------------------------------------------------------------------

def without(g, name):
    """The index without a field."""
    return re.sub(rf"^{name}: .*\n".encode(), b"", g.packages(), flags=re.M)


@rule("a stanza has all that apt needs of it", "apt-pkg/deb/debrecords.cc, deblistparser.cc")
def _(g):
    for stanza in stanzas(g.packages().decode()):
        names = {name for name, _ in stanza_fields(stanza)}
        assert {"Package", "Version", "Architecture", "Filename", "Size", "SHA256"} <= names, stanza
    for name in ("Filename", "SHA256"):
        copy = g.copy()
        copy.put("main/binary-amd64/Packages", without(g, name))
        client = copy.client()
        client.update().must()
        client.install("tool").must_fail("Can't find a source to download|Hashes of expected file")
    copy = g.copy()
    copy.put("main/binary-amd64/Packages", without(g, "Version"))
    client = copy.client()
    client.update()
    knows(client)


@rule("no stanza has a field twice", "tried: of two apt takes the last and others the first")
def _(g):
    for path in ("main/binary-amd64/Packages", "main/source/Sources"):
        for stanza in stanzas(g.cloud.get(SUITE, path).body.decode()):
            names = [name.lower() for name, _ in stanza_fields(stanza)]
            assert len(names) == len(set(names)), stanza
    # Whatever a package's own control data says.
    sly = control_deb(g.env, "sly_1.0_all.deb", "Package: sly\nVersion: 1.0\nArchitecture: all\nMaintainer: A <a@archive.example>\n"
                      "Filename: pool/elsewhere.deb\nSize: 1\nsha256: " + 64 * "0" + "\nDescription: sly\n")
    job = g.cloud.ended("pocket_include", pocket=g.cloud.name(SUITE), files=[str(sly)])
    if job["state"] == "done":
        stanza = next(s for s in stanzas(g.packages().decode()) if s.startswith("Package: sly\n"))
        names = [name.lower() for name, _ in stanza_fields(stanza)]
        assert len(names) == len(set(names)), stanza
        client = g.client()
        client.update().must()
        client.install("sly").must()
    double = control_deb(g.env, "double_1.0_all.deb", "Package: double\nVersion: 1.0\nVersion: 2.0\nArchitecture: all\n"
                         "Maintainer: A <a@archive.example>\nDescription: double\n")
    assert "twice" in g.cloud.refusal("pocket_include", pocket=g.cloud.name(SUITE), files=[str(double)])


@rule("field names are told apart whatever their case", "apt-pkg/tagfile.cc: names are compared without case")
def _(g):
    odd = control_deb(g.env, "odd_1.0_all.deb", "package: odd\nVERSION: 1.0\narchitecture: all\n"
                      "maintainer: A <a@archive.example>\ndepends: tool,\n library\ndescription: odd\n folded\n .\n on\n")
    g.include(odd)
    client = g.client()
    client.update().must()
    client.install("odd").must()
    assert {"odd_1.0_all.deb", "tool_1.0_all.deb", "library_2.0_all.deb"} <= set(client.debs())


@rule("a name and version and architecture is one file for ever", "apt-pkg/pkgcachegen.cc: equal versions are merged")
def _(g):
    why = g.cloud.refusal("pocket_include", pocket=g.cloud.name(SUITE),
                          files=g.cloud.files([Package("tool", "1.0", marker="rebuilt")]))
    assert "with other bytes" in why, why
    copy = g.copy()
    client = copy.client()
    client.update().must()
    client.install("tool").must()
    client.forget_packages()
    other = debs.deb(Package("tool", "1.0", marker="rebuilt")).read_bytes()
    copy.write(next(copy.root.rglob("tool_1.0_all.deb")), other)
    client.install("tool").must_fail("Hash Sum mismatch|unexpected size")


@rule("names and versions with plus and tilde and colon are found, percent-encoded or not", "methods/http.cc, QuoteString")
def _(g):
    strange = Package("libstdc++-dev", "2:1.0~rc1+b2")
    g.include(strange)
    client = g.client()
    client.update().must()
    client.install("libstdc++-dev").must()
    path = re.search(rb"^Filename: (\S*libstdc\S*)$", g.packages(), re.M)[1].decode()
    assert ":" not in path
    whole = debs.deb(strange).read_bytes()
    for one in (path, path.replace("+", "%2b").replace("~", "%7E"), path.replace("+", "%2B")):
        assert g.cloud.larder.good(f"/{ARCHIVE}/{one}").body == whole, one


@rule("stanzas come sorted by name and each name stands once", "tried: apt takes any order; mirrors and diffs do not")
def _(g):
    g.include(*(Package(name) for name in ("zebra", "a2", "a-b", "a10", "lib+x")))
    names = re.findall(rb"^Package: (\S+)$", g.packages(), re.M)
    assert names == sorted(set(names)), names
    backwards = b"\n".join(s.encode() for s in reversed(stanzas(g.packages().decode())))
    copy = g.copy()
    copy.put("main/binary-amd64/Packages", backwards)
    client = copy.client()
    client.update().must()
    client.install("service", "zebra").must()


# --- sources ------------------------------------------------------------------------------------------

@rule("a source is downloaded from its Directory and checked by its Checksums", "apt-pkg/deb/debsrcrecords.cc, Files")
def _(g):
    [stanza] = stanzas(g.cloud.get(SUITE, "main/source/Sources").body.decode())
    fields = dict(stanza_fields(stanza))
    assert fields["Package"] == "service" and "Source" not in fields
    named = {row.split()[2]: row.split()[:2] for row in fields["Checksums-Sha256"].splitlines()}
    files = {f.name: f.read_bytes() for f in debs.source("service", "2.0")}
    assert named == {n: [hashlib.sha256(b).hexdigest(), str(len(b))] for n, b in files.items()}
    client = g.client()
    client.update().must()
    client.source("service").must()   # unpacked by dpkg-source
    assert {n: (client.root / "work" / n).read_bytes() for n in files} == files
    tar = next(n for n in files if ".tar." in n)
    copy = g.copy()
    copy.put("main/source/Sources", stanza.replace(named[tar][0], 64 * "0").encode())
    client = copy.client()
    client.update().must()
    client.source("--download-only", "service").must_fail("Hash Sum mismatch")
    copy = g.copy()
    copy.put("main/source/Sources", re.sub(r"^Directory: .*$", "Directory: pool/elsewhere", stanza, flags=re.M).encode())
    client = copy.client()
    client.update().must()
    client.source("--download-only", "service").must_fail("404")


@rule("a stanza of Sources begins with Package and not with Source", "apt-pkg/deb/debsrcrecords.cc, Package()")
def _(g):
    text = g.cloud.get(SUITE, "main/source/Sources").body
    assert text.startswith(b"Package: service\n")
    copy = g.copy()
    copy.put("main/source/Sources", text.replace(b"Package: service\n", b"Source: service\n", 1))
    client = copy.client()
    client.update()
    client.source("--download-only", "service").must_fail("Unable to find a source package|too few values")


# --- going back ---------------------------------------------------------------------------------------

@rule("an installed version goes down only with a pin of 1000 or more", "apt_preferences(5); apt-pkg/policy.cc")
def _(g):
    g.include(Package("tool", "2.0"))
    client = g.client()
    (client.root / "var/lib/dpkg/status").write_text(
        "Package: tool\nStatus: install ok installed\nVersion: 2.0\nArchitecture: all\n"
        "Maintainer: A <a@archive.example>\nDescription: tool\n")
    g.cloud.job("pocket_rollback", pocket=g.cloud.name(SUITE), reason="2.0 loses mail")
    client.update().must()
    assert "0 upgraded" in client.run("apt-get", "-s", "dist-upgrade").must().output
    pins = client.root / "etc/apt/preferences.d/back"
    for pin, goes_down in ((999, False), (1000, True)):
        pins.write_text(f"Package: *\nPin: release n={SUITE}\nPin-Priority: {pin}\n")
        said = client.run("apt-get", "-s", "--allow-downgrades", "dist-upgrade").must().output
        assert ("1 downgraded" in said) == goes_down, (pin, said)


@rule("Snapshots is a template with the place of the id", "apt-pkg/deb/debmetaindex.cc, since apt 2.7.1")
def _(g):
    assert field(g.release, "Snapshots") is None  # nobody said what this larder is called outside
    cloud = Cloud(g.env, archive="other", server={"public_url": "http://archive.example/larder/"})
    cloud.pocket(SUITE)
    template = field(cloud.release(SUITE), "Snapshots")
    assert template == "http://archive.example/larder/snapshot/other/@SNAPSHOTID@/", template
    snapshot = cloud.history(SUITE)[0]["snapshot"]
    way = template.replace("http://archive.example/larder", "").replace("@SNAPSHOTID@", snapshot)
    assert cloud.larder.good(f"{way}dists/{SUITE}/Release").body.decode() == cloud.release(SUITE)


