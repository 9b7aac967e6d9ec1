"""Other people's tools at a pocket: those that install a system from it, those that mirror it, those that check it.

What they fetched is byte for byte what Larder publishes. The real packages are of the slice (tests/slice).
"""

import hashlib
import json
import os
import re
import subprocess

from pocket_ground import ARCHIVE, SUITE, Cloud, Copy, field, listed, stanza_fields, stanzas
from slice_ground import larder_with_slice, path_sources
from support import debs
from support.apt import native_arch
from support.debs import Package
from support.larder import clean_environment
from support.real_archive import older_and_newer

SERVICE = Package("service", "2.0", arch="amd64", depends="library (>= 1:2.0)", size=20_000)
LIBRARY = Package("library", "1:2.0+b1", arch="all", size=10_000)


def run(*command, cwd=None, **more):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, errors="replace", cwd=cwd,
                          stdin=subprocess.DEVNULL, env=clean_environment(DEBIAN_FRONTEND="noninteractive", **more))
    assert done.returncode == 0, f"{command[0]}: exit {done.returncode}\n{(done.stdout + done.stderr)[-4000:]}"
    return done.stdout


def binary_keyring(cloud):
    """As a file that gpgv takes."""
    path = cloud.env.folder("keyring") / "cloud.gpg"
    run("gpg", "--dearmor", "-o", path, cloud.keyring())
    return path


def sha256(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def published(cloud):
    """name -> SHA-256 of every file of the pool that the pocket names."""
    files = {}
    for path in listed(cloud.release(SUITE)):
        if path.endswith("/Packages"):
            for stanza in stanzas(cloud.get(SUITE, path).body.decode()):
                fields = dict(stanza_fields(stanza))
                files[os.path.basename(fields["Filename"])] = fields["SHA256"]
        elif path.endswith("/Sources"):
            for stanza in stanzas(cloud.get(SUITE, path).body.decode()):
                rows = dict(stanza_fields(stanza))["Checksums-Sha256"].splitlines()
                files.update({row.split()[2]: row.split()[0] for row in rows})
    assert files
    return files


def fetched(folder):
    """The same of a tree."""
    return {f.name: sha256(f) for f in folder.rglob("*") if f.is_file()}


def same(have, wanted):
    assert have == wanted, {"more": set(have.items()) - set(wanted.items()), "less": set(wanted.items()) - set(have.items())}


def small(env):
    """A pocket with packages and a source, changed several times."""
    cloud = Cloud(env)
    cloud.pocket(SUITE)
    cloud.include(SUITE, Package("service", "1.0", arch="amd64"), debs.source("tool", "1.0")[0])
    cloud.include(SUITE, SERVICE, LIBRARY, debs.source("service", "2.0")[0])
    return cloud


# --- those that check -----------------------------------------------------------------------------------

def signed_files(env, cloud):
    work = env.folder("signed")
    for name in ("InRelease", "Release", "Release.gpg"):
        (work / name).write_bytes(cloud.get(SUITE, name).body)
    return work


def test_gpgv_and_sqv_accept_the_detached_signature(env):
    cloud = small(env)
    work = signed_files(env, cloud)
    run("gpgv", "--keyring", binary_keyring(cloud), work / "Release.gpg", work / "Release")
    run("sqv", "--keyring", cloud.keyring(), work / "Release.gpg", work / "Release")
    (work / "Release").write_text((work / "Release").read_text() + "Description: another\n")
    for tool in (("gpgv", "--keyring", binary_keyring(cloud)), ("sqv", "--keyring", cloud.keyring())):
        done = subprocess.run([*map(str, tool), work / "Release.gpg", work / "Release"], capture_output=True)
        assert done.returncode != 0, tool


def test_gpgv_and_sqv_accept_the_signature_in_inrelease(env):
    cloud = small(env)
    work = signed_files(env, cloud)
    run("gpgv", "--keyring", binary_keyring(cloud), work / "InRelease")
    # sqv knows no clear-signed files: it is given the parts of one, and of the text all but its last line's end.
    text, _, signature = (work / "InRelease").read_text().partition("-----BEGIN PGP SIGNATURE-----\n")
    (work / "signature").write_text("-----BEGIN PGP SIGNATURE-----\n" + signature)
    (work / "text").write_text(text.partition("\n\n")[2].removesuffix("\n"))
    assert (work / "text").read_text() + "\n" == (work / "Release").read_text()
    run("sqv", "--keyring", cloud.keyring(), work / "signature", work / "text")


# --- those that mirror ----------------------------------------------------------------------------------

def test_reprepro_updates_from_a_pocket_what_is_published_there(env):
    cloud = small(env)
    home, base = env.folder("gnupg"), env.folder("reprepro")
    home.chmod(0o700)
    run("gpg", "--homedir", home, "--batch", "--import", cloud.keyring())
    env.undo.append(lambda: subprocess.run(["gpgconf", "--homedir", home, "--kill", "all"], capture_output=True))
    (base / "conf").mkdir()
    (base / "conf/distributions").write_text(
        f"Codename: {SUITE}\nComponents: main\nArchitectures: amd64 source\nUpdate: - cloud\n")
    (base / "conf/updates").write_text(
        f"Name: cloud\nMethod: {cloud.larder.url}/{ARCHIVE}\nSuite: {SUITE}\nComponents: main\n"
        f"Architectures: amd64 source\nVerifyRelease: {field(cloud.release(SUITE), 'Signed-By')[-17:].strip('!')[-16:]}!+\n")

    def update():
        run("reprepro", "-b", base, "--gnupghome", home, "update", GNUPGHOME=str(home))
    update()
    same(fetched(base / "pool"), published(cloud))
    cloud.include(SUITE, Package("service", "2.1", arch="amd64"))
    cloud.job("pocket_remove", pocket=cloud.name(SUITE), packages=["library"])
    update()
    same(fetched(base / "pool"), published(cloud))


def debmirror(env, cloud, target):
    (env.tmp / "home").mkdir(exist_ok=True)
    run("debmirror", "--method=http", f"--host={cloud.larder.address}", f"--root={ARCHIVE}", f"--dist={SUITE}",
        "--section=main", "--arch=amd64", "--source", f"--keyring={binary_keyring(cloud)}", "--rsync-extra=none",
        "--diff=none", "--i18n", "--getcontents", "--verbose", target, HOME=str(env.tmp / "home"))


def test_debmirror_mirrors_a_pocket_byte_for_byte(env):
    cloud, target = small(env), env.folder("debmirror")
    debmirror(env, cloud, target)
    same(fetched(target / "pool"), published(cloud))
    for name in ("InRelease", "Release", "Release.gpg"):
        assert (target / f"dists/{SUITE}/{name}").read_bytes() == cloud.get(SUITE, name).body
    cloud.include(SUITE, Package("service", "2.1", arch="amd64"))
    debmirror(env, cloud, target)
    same(fetched(target / "pool"), published(cloud))
    client = env.apt([f"deb KEY {env.nginx(target).url} {SUITE} main"], cloud.keyring())
    client.update().must()
    client.install("service").must()


def test_aptly_mirrors_a_pocket_byte_for_byte(env):
    cloud, root = small(env), env.folder("aptly")
    config = root / "aptly.conf"
    config.write_text(json.dumps({"rootDir": str(root), "gpgProvider": "gpg2", "architectures": []}))
    keyring = binary_keyring(cloud)

    def aptly(*arguments):
        return run("aptly", f"-config={config}", *arguments, HOME=str(root))
    aptly("mirror", "create", f"-keyring={keyring}", "-architectures=amd64", "-with-sources", "cloud",
          f"{cloud.larder.url}/{ARCHIVE}", SUITE, "main")

    def hashes():
        return {sha256(f) for f in (root / "pool").rglob("*") if f.is_file()}
    aptly("mirror", "update", f"-keyring={keyring}", "cloud")
    assert hashes() == set(published(cloud).values())
    before = hashes()
    cloud.include(SUITE, Package("service", "2.1", arch="amd64"))
    aptly("mirror", "update", f"-keyring={keyring}", "cloud")
    assert hashes() == before | set(published(cloud).values())
    assert "service_2.1_amd64" in aptly("mirror", "show", "-with-packages", "cloud")


def without_weak(stanza):
    """apt-ftparchive writes every hash that it knows when it makes Sources."""
    return {(n, re.sub(r"[ \t]+", " ", v)) for n, v in stanza_fields(stanza) if n not in ("Files", "Checksums-Sha1", "Checksums-Sha512")}


def test_apt_ftparchive_finds_the_same_stanzas_in_the_mirrored_tree(env):
    cloud, target = small(env), env.folder("debmirror")
    debmirror(env, cloud, target)
    kinds = {"packages": "main/binary-amd64/Packages", "sources": "main/source/Sources"}
    for command, index in kinds.items():
        theirs = run("apt-ftparchive", "--md5=no", "--sha1=no", "--sha512=no", command, "pool", cwd=target)
        ours = cloud.get(SUITE, index).body.decode()
        texts = [{s.partition("\n")[0]: without_weak(s) for s in stanzas(text)} for text in (theirs, ours)]
        assert texts[0].keys() == texts[1].keys(), texts
        for name, fields in texts[0].items():
            assert fields == texts[1][name], (name, fields ^ texts[1][name])


def test_a_copy_of_all_that_is_published_is_an_archive(env):
    copy = Copy(small(env))
    client = copy.client()
    client.update().must()
    client.install("service").must()
    client.source("service", "tool").must()


# --- those that install ---------------------------------------------------------------------------------

def whole_system(env):
    """(slice, cloud): a pocket that has the newest version of every package of the slice."""
    piece = env.slice()
    cloud = Cloud(env)
    cloud.pocket(SUITE, architectures=[native_arch()])
    newest = {p.name: p.file for p in older_and_newer(piece)[1] if p.name != "usrmerge"}
    cloud.include(SUITE, *named(env, newest.values()))
    return piece, cloud


def named(env, files):
    """Links with the names that packages have: apt's own keep the epoch's colon as %3a."""
    folder = env.folder("named")
    for file in files:
        (folder / os.path.basename(file)).symlink_to(file)
        yield folder / os.path.basename(file)


def test_debootstrap_fetches_a_system_from_a_pocket(env):
    env.skip_unless_root()
    _, cloud = whole_system(env)
    target, script = env.folder("system"), "/usr/share/debootstrap/scripts/sid"
    more = ["--variant=minbase", f"--keyring={binary_keyring(cloud)}", f"--arch={native_arch()}"]
    where = [SUITE, target, f"{cloud.larder.url}/{ARCHIVE}", script]
    wanted = run("debootstrap", "--print-debs", "--keep-debootstrap-dir", *more, *where).split()
    assert {"dpkg", "apt", "base-files", "libc6"} <= set(wanted), wanted
    run("debootstrap", "--foreign", *more, *where)
    have = {sha256(f) for f in (target / "var/cache/apt/archives").glob("*.deb")}
    assert len(have) > 50 and have <= set(published(cloud).values())
    assert (target / "usr/bin/dpkg").exists() and (target / "debootstrap/debootstrap").exists()


test_debootstrap_fetches_a_system_from_a_pocket.limit = 900


def test_mmdebstrap_installs_from_a_pocket_and_its_base(env):
    env.skip_unless_root()
    piece, _, larder = larder_with_slice(env)
    larder.stop()
    base = "/".join((os.path.basename(piece.main_suite[0]), piece.main_suite[1]))
    cloud = Cloud(env, *larder.tables["archive"])
    cloud.larder.good(f"/{base.replace('/', '/dists/')}/InRelease")
    cloud.pocket(SUITE, architectures=[native_arch()], base=base)
    ours = Package("greeter", "1.0", depends="hello (>= 2), library", size=5000)
    cloud.include(SUITE, ours, LIBRARY)
    sources = [line.replace("KEY", f"[signed-by={piece.keyring}]") for line in path_sources(piece, cloud.larder.url)]
    sources.append(f"deb [signed-by={cloud.keyring()}] {cloud.larder.url}/{ARCHIVE} {SUITE} main")
    listed_in = env.tmp / "system.list"
    listed_in.write_text("\n".join(sources) + "\n")
    tar = env.tmp / "system.tar"
    run("mmdebstrap", "--mode=root", "--variant=apt", "--include=greeter", f"--architectures={native_arch()}",
        "--aptopt=Acquire::Check-Date true", "--aptopt=Acquire::Check-Valid-Until true",
        "--aptopt=Acquire::http::Proxy \"DIRECT\"", "--aptopt=Acquire::Languages \"none\"", piece.main_suite[1], tar, listed_in)
    payload = subprocess.run(["tar", "-xOf", tar, "./" + ours.installed_path()], capture_output=True, check=True).stdout
    assert payload.startswith(b"greeter 1.0 all")
    status = subprocess.run(["tar", "-xOf", tar, "./var/lib/dpkg/status"], capture_output=True, check=True).stdout.decode()
    for name in ("greeter", "library", "hello", "dpkg"):
        assert re.search(rf"^Package: {name}\n(?:Essential: yes\n)?Status: install ok installed$", status, re.M), name


test_mmdebstrap_installs_from_a_pocket_and_its_base.limit = 900
