"""What comes into a pocket from files: every kind of package, and what is refused."""

import io
import re
import subprocess
import tarfile

from support import debs
from support.debs import Package
from test_pockets import Chain, PROPOSED, STAGING

CONTROL = ("Package: tool\nVersion: 1.0\nArchitecture: all\nMaintainer: A <a@archive.example>\n"
           "Description: test\n of it\n")


def made_by_hand(env, control, name="tool_1.0_all.deb"):
    """A .deb whose control file is just this."""
    folder = env.folder("by-hand")
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        entry = tarfile.TarInfo("./control")
        entry.size = len(control.encode())
        tar.addfile(entry, io.BytesIO(control.encode()))
    (folder / "control.tar.gz").write_bytes(buffer.getvalue())
    with tarfile.open(folder / "data.tar.gz", "w:gz"):
        pass
    (folder / "debian-binary").write_text("2.0\n")
    subprocess.run(["ar", "rc", name, "debian-binary", "control.tar.gz", "data.tar.gz"], cwd=folder, check=True)
    return folder / name


def names_in(chain, suite, index):
    body = chain.larder.good(f"/cloud/dists/{suite}/main/{index}/Packages").body
    return re.findall(rb"^Package: (\S+)$", body, re.M)


def test_packages_for_the_installer_have_an_index_of_their_own(env):
    chain = Chain(env)
    udeb = Package("tool-udeb", "1.0", arch="amd64", udeb=True)
    chain.include(STAGING, Package("tool", "1.0"), udeb)
    assert names_in(chain, STAGING, "binary-amd64") == [b"tool"]
    assert names_in(chain, STAGING, "debian-installer/binary-amd64") == [b"tool-udeb"]
    assert "main/debian-installer/binary-amd64/Packages.gz" in chain.release(STAGING)
    path = re.search(rb"^Filename: (\S+)$", chain.larder.good(
        f"/cloud/dists/{STAGING}/main/debian-installer/binary-amd64/Packages").body, re.M)[1].decode()
    assert path.endswith(".udeb") and chain.larder.good(f"/cloud/{path}").body == debs.deb(udeb).read_bytes()
    why = chain.include(STAGING, Package("tool-udeb", "0.9", arch="amd64", udeb=True), check=1).stderr
    assert "tool-udeb 0.9 is older than 1.0" in why, why
    chain.promote(STAGING)
    assert names_in(chain, PROPOSED, "debian-installer/binary-amd64") == [b"tool-udeb"]
    client = chain.client(PROPOSED)
    client.update().must()
    assert client.versions("tool") == ["1.0"] and client.versions("tool-udeb") == []
    chain.cli("pocket", "remove", chain.name(STAGING), "tool-udeb")
    assert names_in(chain, STAGING, "debian-installer/binary-amd64") == []


def test_packages_of_debug_symbols_come_in_under_their_own_ending(env):
    chain = Chain(env)
    ddeb = env.folder("ddeb") / "tool-dbgsym_1.0_amd64.ddeb"
    ddeb.write_bytes(debs.deb(Package("tool-dbgsym", "1.0", arch="amd64")).read_bytes())
    chain.include(STAGING, ddeb)
    assert chain.larder.good("/cloud/pool/main/t/tool-dbgsym/tool-dbgsym_1.0_amd64.ddeb").body == ddeb.read_bytes()
    client = chain.client(STAGING)
    client.update().must()
    client.install("tool-dbgsym").must()


def test_an_upload_on_disk_comes_in_with_all_that_it_lists(env):
    chain = Chain(env)
    folder = env.folder("built")
    for file in (debs.deb(Package("tool", "1.0")), *debs.source("tool", "1.0")):
        (folder / file.name).write_bytes(file.read_bytes())
    buildinfo = folder / "tool_1.0_amd64.buildinfo"
    buildinfo.write_text("Format: 1.0\n")
    sums, lines = "", ""
    for file in sorted(folder.iterdir()):
        sha256, md5 = (subprocess.run([tool, file], capture_output=True, text=True, check=True).stdout.split()[0]
                       for tool in ("sha256sum", "md5sum"))
        sums += f" {sha256} {file.stat().st_size} {file.name}\n"
        lines += f" {md5} {file.stat().st_size} misc optional {file.name}\n"
    changes = folder / "tool_1.0_amd64.changes"
    changes.write_text("Format: 1.8\nDate: Tue, 14 Nov 2023 22:13:20 +0000\nSource: tool\nArchitecture: source all\n"
                       "Version: 1.0\nDistribution: stable\nMaintainer: A <a@archive.example>\nChanges:\n x\n"
                       f"Checksums-Sha256:\n{sums}Files:\n{lines}")
    chain.include(STAGING, changes)
    assert names_in(chain, STAGING, "binary-amd64") == [b"tool"]
    assert b"Package: tool\n" in chain.larder.good(f"/cloud/dists/{STAGING}/main/source/Sources").body
    (folder / "tool_1.0.dsc").write_text("other\n")
    assert "tool_1.0.dsc" in chain.include(STAGING, changes, check=1).stderr


def test_control_data_that_is_none_and_names_that_climb_are_refused(env):
    chain = Chain(env)
    before = chain.release(STAGING)
    for control, said in ((CONTROL.replace("Version: 1.0\n", ""), "Version"),
                          (CONTROL.replace("Package: tool", "Package: ../../tool"), "../../tool"),
                          (CONTROL.replace("Version: 1.0", "Version: 1.0/../2"), "1.0/../2"),
                          (CONTROL.replace("Architecture: all", "Architecture: ../x"), "../x"),
                          (CONTROL + "Source: ../../evil\n", "../../evil"),
                          (CONTROL + "Version: 2.0\n", "twice"),
                          (CONTROL + "no field\n", "no field")):
        why = chain.include(STAGING, made_by_hand(env, control), check=1).stderr
        assert said in why or "line" in why, (said, why)
    chain.include(STAGING, made_by_hand(env, CONTROL))
    after = chain.release(STAGING)
    dsc, _ = debs.source("other", "1.0")
    climbing = env.folder("climbing") / dsc.name
    climbing.write_text(re.sub(r"(?m)^( \S+ \d+) other_1.0.tar.xz$", r"\1 ../../other_1.0.tar.xz", dsc.read_text()))
    why = chain.include(STAGING, climbing, check=1).stderr
    assert "../../other_1.0.tar.xz" in why, why
    assert before != after == chain.release(STAGING)


def test_a_package_goes_to_the_component_that_is_named_and_leaves_the_other(env):
    chain = Chain(env, chain=())
    chain.json("pocket", "create", "cloud/parts", "--arch", "amd64", "--component", "main,extra")
    chain.include("parts", Package("tool", "1.0"))
    chain.include("parts", Package("tool", "1.1"), more=["--component", "extra"])
    assert names_in(chain, "parts", "binary-amd64") == []
    assert re.findall(rb"^Package: (\S+)$", chain.larder.good("/cloud/dists/parts/extra/binary-amd64/Packages").body,
                      re.M) == [b"tool"]
    assert "has no component 'other'" in chain.include("parts", Package("x"), more=["--component", "other"],
                                                       check=1).stderr
