"""What pockets refuse, each with its reason, and what they do at their edges. Nothing that is refused leaves a trace."""

import hashlib
import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass

from pocket_ground import ARCHIVE, SUITE, Cloud, control_deb, field, listed
from support import debs
from support.debs import Package
from support.larder import archive_table
from support.process import free_port, wait_for
from test_clock import DAY, by_clock

TOOL = Package("tool", "1.0")
NEXT = "bookworm-next"


@dataclass(frozen=True)
class Built(Package):
    """A binary that says which source it was built from."""
    of: str = ""

    def control(self):
        return f"Source: {self.of}\n" + super().control()


def pair(env, target=None, source=None, **settings):
    """A pocket that feeds another."""
    cloud = Cloud(env, **settings)
    cloud.pocket(NEXT, **(target or {}))
    cloud.pocket(SUITE, feeds=NEXT, **(source or {}))
    return cloud


def refused(cloud, kind, said, **options):
    """Refused with these words, and nothing is published."""
    suites = [row["suite"] for row in cloud.job("pockets")["pockets"]]
    before = {suite: cloud.release(suite) for suite in suites}
    why = cloud.refusal(kind, **options)
    assert said in why, why
    assert [row["suite"] for row in cloud.job("pockets")["pockets"]] == suites
    assert {suite: cloud.release(suite) for suite in suites} == before


def include_refused(cloud, said, *files, **options):
    refused(cloud, "pocket_include", said, pocket=cloud.name(SUITE), files=cloud.files(files), **options)


def names(cloud, suite=SUITE, path="main/binary-amd64/Packages"):
    return re.findall(r"^Package: (\S+)$", cloud.get(suite, path).body.decode(), re.M)


# --- archives and pockets -------------------------------------------------------------------------------

def test_an_archive_s_name_is_nobody_else_s_and_the_first_part_of_a_path(env):
    base = env.archive(TOOL)
    base.publish("stable")
    cloud = Cloud(env, archive_table("debian", f"{env.nginx(base.tree).url}/debian", base.keyring))
    for name, said in (("debian", "already"), (ARCHIVE, "already"), ("x" * 61, "at most 60"), ("a+b", "at most 60"),
                       (".hidden", "cannot be"), ("snapshot", "has a page"), ("a b", "cannot be")):
        refused(cloud, "archive_create", said, name=name)


def test_a_key_that_is_there_is_not_written_over(env):
    cloud = Cloud(env)
    key = cloud.larder.store / "keys/archive-other.key"
    key.write_text("precious")
    job = cloud.ended("archive_create", name="other")
    assert job["state"] == "done" or "Move it away first" in str(job["error"]), job
    assert key.read_text() == "precious"
    assert cloud.larder.get("/keys/other.asc").ok == (job["state"] == "done")


def test_without_its_key_an_archive_is_served_and_not_published(env):
    cloud = Cloud(env)
    cloud.pocket(SUITE)
    [key] = cloud.secrets()
    whole = key.read_bytes()
    for harm in (key.unlink, lambda: key.write_bytes(b"nonsense")):
        cloud.larder.stop()
        harm()
        cloud.larder.start()
        include_refused(cloud, ARCHIVE, TOOL)
        cloud.client(SUITE).update().must()
    key.write_bytes(whole)
    cloud.larder.restart()
    cloud.include(SUITE, TOOL)


def test_a_key_is_for_the_server_s_eyes_and_has_the_name_that_was_asked_for(env):
    cloud = Cloud(env)
    cloud.job("archive_create", name="other", key_name="Other Packages <packages@archive.example>")
    for archive, name in ((ARCHIVE, f"{ARCHIVE} archive"), ("other", "Other Packages <packages@archive.example>")):
        [key] = (cloud.larder.store / "keys").glob(f"archive-{archive}*.key")
        assert (key.stat().st_mode & 0o777, key.parent.stat().st_mode & 0o777) == (0o600, 0o700)
        public = cloud.larder.good(f"/keys/{archive}.asc").body
        assert b"PRIVATE" not in public
        shown = subprocess.run(["gpg", "--show-keys", "--with-colons"], input=public, capture_output=True, check=True).stdout
        assert re.findall(r"^uid:(?:[^:]*:){8}([^:]*):", shown.decode(), re.M) == [name]


def test_a_release_says_of_itself_what_its_pocket_was_made_with(env):
    cloud = Cloud(env)
    cloud.pocket("plain")
    own = {"origin": "Cloud Team", "label": "Folsom", "description": "For bookworm", "version": "2026.2"}
    cloud.pocket("own", **own)
    said = ("Origin", "Label", "Description", "Version", "Suite", "Codename")
    assert [field(cloud.release("plain"), name) for name in said] == [ARCHIVE, ARCHIVE, None, None, "plain", "plain"]
    assert [field(cloud.release("own"), name) for name in said] == [*own.values(), "own", "own"]


def test_a_pocket_that_cannot_be_is_refused(env):
    cloud = Cloud(env)
    cloud.pocket("bookworm/main")
    for wrong, said in (({"name": "cloud/bookworm"}, "in one folder"), ({"components": ["a/b"]}, "cannot be a component"),
                        ({"architectures": ["AMD64"]}, "is no architecture"), ({"architectures": ["any"]}, "no architecture of a pocket"),
                        ({"architectures": []}, "needs an architecture"), ({"base": "debian"}, "is no suite"),
                        ({"needs_source": True, "architectures": ["amd64"]}, "needs the architecture 'source'"),
                        ({"name": "cloud"}, "is no pocket"), ({"name": "cloud/"}, "is no pocket"),
                        ({"supported_until": "2027-4-30"}, "is a day"), ({"supported_until": "2027-02-30"}, ""),
                        ({"feeds": "nothing"}, "--feeds nothing"), ({"name": "nowhere/x"}, "no local archive")):
        refused(cloud, "pocket_create", said, **{"name": "cloud/x", "architectures": ["amd64"], **wrong})


# --- getting packages in --------------------------------------------------------------------------------

def test_what_cannot_be_included_is_refused(env):
    cloud = Cloud(env)
    cloud.pocket(SUITE, architectures=["amd64"])
    folder = env.folder("odd")
    os.mkfifo(folder / "pipe_1.0_all.deb")
    (folder / "folder_1.0_all.deb").mkdir()
    include_refused(cloud, "has no component 'extra'; it has main", TOOL, component="extra")
    include_refused(cloud, "it is no ordinary file", folder / "pipe_1.0_all.deb")
    include_refused(cloud, "it is no ordinary file", folder / "folder_1.0_all.deb")
    include_refused(cloud, "was made without --arch source", debs.source("service", "2.0")[0])
    include_refused(cloud, "nothing is given")


def source_copy(env):
    """(.dsc, .tar.xz) in a folder that may be written to."""
    folder = env.folder("source")
    return [folder / shutil.copy(file, folder / file.name) for file in debs.source("service", "2.0")]


def test_a_source_of_which_a_file_is_missing_or_other_is_refused(env):
    cloud = Cloud(env)
    cloud.pocket(SUITE)
    for harm, said in ((lambda tar: tar.unlink(), "service_2.0.tar.xz"),
                       (lambda tar: tar.write_bytes(tar.read_bytes()[:-1]), "is not the file that is listed"),
                       (lambda tar: tar.write_bytes(tar.read_bytes()[:-1] + b"x"), "is not the file that is listed"),
                       (lambda tar: tar.write_bytes(tar.read_bytes() + b"x"), "is not the file that is listed")):
        dsc, tar = source_copy(env)
        harm(tar)
        include_refused(cloud, said, TOOL, dsc)
    cloud.include(SUITE, TOOL, source_copy(env)[0])


def changes_file(env, *files, name="service_2.0_amd64.changes", architecture="source amd64"):
    """An upload of these files, which are copied beside it."""
    folder = env.folder("upload")
    for file in files:
        shutil.copy(file, folder / file.name)
    text = (f"Format: 1.8\nDate: Tue, 14 Nov 2023 22:13:20 +0000\nSource: service\nBinary: service\nArchitecture: {architecture}\n"
            "Version: 2.0\nDistribution: stable\nMaintainer: A <a@archive.example>\nChanged-By: A <a@archive.example>\n"
            "Description:\n service - test\nChanges:\n service (2.0) stable; urgency=low\nChecksums-Sha256:\n")
    rows = [(hashlib.sha256(f.read_bytes()).hexdigest(), f.stat().st_size, f.name) for f in files]
    text += "".join(f" {digest} {size} {n}\n" for digest, size, n in rows) + "Files:\n"
    text += "".join(f" {hashlib.md5(f.read_bytes()).hexdigest()} {f.stat().st_size} misc optional {f.name}\n" for f in files)
    (folder / name).write_text(text)
    return folder / name


def upload(env):
    deb = debs.deb(Package("service", "2.0", arch="amd64"))
    buildinfo = env.folder("built") / "service_2.0_amd64.buildinfo"
    buildinfo.write_text("Format: 1.0\nSource: service\nBinary: service\nArchitecture: amd64\nVersion: 2.0\n")
    return changes_file(env, *debs.source("service", "2.0"), deb, buildinfo)


def test_a_changes_file_brings_all_that_it_lists(env):
    cloud = Cloud(env)
    cloud.pocket(SUITE)
    cloud.include(SUITE, upload(env))
    assert names(cloud) == ["service"] and names(cloud, path="main/source/Sources") == ["service"]
    client = cloud.client(SUITE)
    client.update().must()
    client.install("service").must()
    client.source("service").must()


def test_a_signed_changes_file_is_read_for_what_is_signed(env):
    cloud = Cloud(env)
    cloud.pocket(SUITE)
    changes = upload(env)
    signed = env.key().clearsign(changes.read_bytes())
    changes.write_bytes(b"Files:\n" + signed)
    include_refused(cloud, changes.name, changes)
    changes.write_bytes(signed)
    cloud.include(SUITE, changes)
    assert names(cloud) == ["service"]


def test_a_changes_file_with_one_wrong_file_brings_nothing(env):
    cloud = Cloud(env)
    cloud.pocket(SUITE)
    for name in ("service_2.0_amd64.deb", "service_2.0.tar.xz", "service_2.0.dsc"):
        changes = upload(env)
        with open(changes.parent / name, "ab") as file:
            file.write(b" ")
        include_refused(cloud, "is not the file that is listed", changes)
        (changes.parent / name).unlink()
        include_refused(cloud, name, changes)
    changes = upload(env)
    (changes.parent / "service_2.0_amd64.buildinfo").unlink()
    include_refused(cloud, "service_2.0_amd64.buildinfo", changes)
    changes = upload(env)
    changes.write_text(changes.read_text().replace(" service_2.0_amd64.deb", " ../service_2.0_amd64.deb"))
    include_refused(cloud, changes.name, changes)
    assert names(cloud) == []


def test_a_package_that_moves_to_another_component_leaves_the_one_it_was_in(env):
    cloud = Cloud(env)
    cloud.pocket(SUITE, components=["main", "extra"])
    cloud.include(SUITE, TOOL, debs.source("service", "2.0")[0])
    cloud.include(SUITE, TOOL, debs.source("service", "2.0")[0], component="extra")
    assert (names(cloud), names(cloud, path="extra/binary-amd64/Packages")) == ([], ["tool"])
    assert (names(cloud, path="main/source/Sources"), names(cloud, path="extra/source/Sources")) == ([], ["service"])
    client = cloud.client(SUITE, components="main extra")
    client.update().must()
    client.install("tool").must()
    include_refused(cloud, "tool 0.9 is older than 1.0", Package("tool", "0.9"))


def test_what_is_for_one_architecture_stands_in_its_index_alone(env):
    cloud = Cloud(env)
    cloud.pocket(SUITE, architectures=["amd64", "arm64"])
    cloud.include(SUITE, TOOL, Package("fast", arch="arm64"), Package("slow", arch="amd64"))
    assert names(cloud) == ["slow", "tool"]
    assert names(cloud, path="main/binary-arm64/Packages") == ["fast", "tool"]
    include_refused(cloud, "has no architecture i386; it has amd64 arm64", Package("fast", "2.0", arch="i386"))
    include_refused(cloud, "fast 0.9 is older than 1.0", Package("fast", "0.9", arch="arm64"))


def test_installer_packages_have_an_index_of_their_own(env):
    cloud = pair(env)
    tiny = Package("tiny-udeb", "1.0", arch="amd64", udeb=True)
    path = "main/debian-installer/binary-amd64/Packages"
    cloud.include(SUITE, TOOL)
    assert path not in listed(cloud.release(SUITE))
    cloud.include(SUITE, tiny)
    assert (names(cloud), names(cloud, path=path)) == (["tool"], ["tiny-udeb"])
    file = re.search(r"^Filename: (.*)$", cloud.get(SUITE, path).body.decode(), re.M)[1]
    assert cloud.larder.good(f"/{ARCHIVE}/{file}").body == debs.deb(tiny).read_bytes()
    include_refused(cloud, "tiny-udeb 0.9 is older than 1.0", Package("tiny-udeb", "0.9", arch="amd64", udeb=True))
    cloud.job("pocket_promote", pocket=cloud.name(SUITE), reason="tested")
    assert names(cloud, NEXT, path) == ["tiny-udeb"]
    cloud.job("pocket_remove", pocket=cloud.name(NEXT), packages=["tiny-udeb"])
    assert names(cloud, NEXT, path) == []
    # Back to when there was none.
    gone = cloud.job("pocket_rollback", pocket=cloud.name(SUITE))
    assert gone["made"] and [(p["package"], p["what"]) for p in gone["packages"]] == [("tiny-udeb", "removed")], gone
    assert path not in listed(cloud.release(SUITE)) or names(cloud, path=path) == []
    cloud.job("pocket_rollback", pocket=cloud.name(SUITE), to=gone["publication"]["number"] - 1)
    assert names(cloud, path=path) == ["tiny-udeb"]


def test_a_binary_s_source_may_have_come_before_it_under_another_name(env):
    cloud = Cloud(env)
    cloud.pocket(SUITE, needs_source=True)
    client = Built("client", "1:3.0", of="service (2.0)")
    include_refused(cloud, "its source package service is neither", client)
    include_refused(cloud, "its source package service is neither", client, debs.source("client", "1.0")[0])
    cloud.include(SUITE, debs.source("service", "2.0")[0])
    cloud.include(SUITE, client)
    path = re.search(r"^Filename: (.*)$", cloud.get(SUITE, "main/binary-amd64/Packages").body.decode(), re.M)[1]
    assert path == "pool/main/s/service/client_3.0_all.deb"


def test_a_dry_run_tells_what_would_change_and_changes_nothing(env):
    cloud = Cloud(env)
    cloud.pocket(SUITE)
    cloud.include(SUITE, TOOL)
    cloud.include(SUITE, Package("tool", "2.0"))
    before = cloud.release(SUITE)
    pocket = cloud.name(SUITE)
    for kind, what, options in (
            ("pocket_include", ("tool", "upgraded", "2.0", "3.0"), {"files": cloud.files([Package("tool", "3.0")])}),
            ("pocket_remove", ("tool", "removed", "2.0", ""), {"packages": ["tool"]}),
            ("pocket_rollback", ("tool", "downgraded", "2.0", "1.0"), {})):
        told = cloud.job(kind, pocket=pocket, dry_run=True, **options)
        assert not told["made"]
        assert [(p["package"], p["what"], p["before"], p["after"]) for p in told["packages"]] == [what], told
    assert cloud.release(SUITE) == before and len(cloud.history(SUITE)) == 3
    assert not cloud.larder.get(f"/{ARCHIVE}/pool/main/t/tool/tool_3.0_all.deb").ok


# --- taking out, going back, freezing -------------------------------------------------------------------

def test_a_binary_is_removed_without_its_source_and_a_source_with_all_of_it(env):
    cloud = Cloud(env)
    cloud.pocket(SUITE)
    cloud.include(SUITE, Package("service", "2.0", arch="amd64"), Built("client", "2.0", of="service"),
                  debs.source("service", "2.0")[0], TOOL)
    cloud.job("pocket_remove", pocket=cloud.name(SUITE), packages=["service"])
    assert names(cloud) == ["client", "tool"] and names(cloud, path="main/source/Sources") == ["service"]
    cloud.job("pocket_remove", pocket=cloud.name(SUITE), packages=["src:service"])
    assert names(cloud) == ["tool"] and names(cloud, path="main/source/Sources") == []
    for absent in ("service", "src:service", "src:", "client"):
        refused(cloud, "pocket_remove", "has no '", pocket=cloud.name(SUITE), packages=["tool", absent])


def test_one_goes_back_only_to_what_there_was(env):
    cloud = Cloud(env)
    cloud.pocket(SUITE)
    pocket = cloud.name(SUITE)
    refused(cloud, "pocket_rollback", "has nothing to go back to", pocket=pocket)
    cloud.include(SUITE, TOOL)
    refused(cloud, "pocket_rollback", "is at publication 2 already", pocket=pocket, to=2)
    refused(cloud, "pocket_rollback", "has no publication 7", pocket=pocket, to=7)
    refused(cloud, "pocket_rollback", "there is no pocket cloud/nothing", pocket="cloud/nothing")
    cloud.job("pocket_rollback", pocket=pocket, to=1)
    assert names(cloud) == []
    told = cloud.history(SUITE)[0]
    assert (told["step"], told["origin"], told["removed"], told["added"]) == ("rollback", 1, 1, 0)
    refused(cloud, "pocket_rollback", "has nothing to go back to", pocket=pocket)


def test_the_history_counts_what_changed(env):
    cloud = Cloud(env)
    cloud.pocket(SUITE)
    cloud.include(SUITE, TOOL, Package("other"), debs.source("service", "2.0")[0])
    cloud.include(SUITE, Package("tool", "2.0"), Package("third"))
    cloud.job("pocket_remove", pocket=cloud.name(SUITE), packages=["other"])
    counts = [(p["added"], p["removed"], p["changed"]) for p in reversed(cloud.history(SUITE))]
    assert counts == [(0, 0, 0), (3, 0, 0), (1, 0, 1), (0, 1, 0)]


def test_each_publication_names_the_one_before_it(env):
    cloud = Cloud(env)
    told = [cloud.pocket(SUITE)["publication"]]
    cloud.job("pocket_freeze", pocket=cloud.name(SUITE), reason="between two")
    cloud.job("pocket_freeze", pocket=cloud.name(SUITE), frozen=False)
    told.append(cloud.include(SUITE, TOOL, reason="  a reason\twith\nodd blanks and é ")["publication"])
    told.append(cloud.job("pocket_rollback", pocket=cloud.name(SUITE), by="somebody")["publication"])
    cloud.larder.restart()
    history = list(reversed(cloud.history(SUITE)))
    assert [p["parent"] for p in history] == [None, history[0]["id"], history[1]["id"]], history
    assert [p["id"] for p in history] == [p["id"] for p in told]


def test_a_pocket_is_frozen_once_and_by_somebody_with_a_reason(env):
    cloud = pair(env)
    cloud.include(SUITE, TOOL)
    pocket = cloud.name(NEXT)
    refused(cloud, "pocket_freeze", "is not frozen", pocket=pocket, frozen=False)
    refused(cloud, "pocket_freeze", "why is it frozen?", pocket=pocket, reason="  ")
    cloud.job("pocket_freeze", pocket=pocket, reason="release week")
    refused(cloud, "pocket_freeze", "is frozen already: release week", pocket=pocket, reason="again")
    refused(cloud, "pocket_promote", "it is frozen: release week", pocket=cloud.name(SUITE), reason="tested", override="now")
    cloud.include(SUITE, Package("other"))  # the one that feeds it is open
    cloud.job("pocket_freeze", pocket=pocket, frozen=False)
    assert promote(cloud)["made"]
    told = json.loads(cloud.larder.cli("audit", "list", "--json", check=0).stdout)["entries"]
    assert [(e["what"], e["subject"], e["reason"]) for e in told if "freeze" in e["what"]] == \
        [("pocket-freeze", pocket, "release week"), ("pocket-unfreeze", pocket, "")], told


def test_a_frozen_pocket_stays_valid(env):
    clock = env.folder("clock") / "offset"
    clock.write_text("0\n")
    preloaded = by_clock(clock)
    cloud = Cloud(env)
    cloud.pocket(SUITE, valid_for_seconds=7 * DAY)
    cloud.include(SUITE, TOOL)
    cloud.job("pocket_freeze", pocket=cloud.name(SUITE), reason="release week")
    before = field(cloud.release(SUITE), "Valid-Until")
    cloud.larder.stop()
    clock.write_text(f"{5 * DAY}\n")
    cloud.larder.start(**preloaded)
    wait_for(lambda: field(cloud.release(SUITE), "Valid-Until") != before, "it to be published again")
    assert cloud.history(SUITE)[0]["step"] == "refresh" and names(cloud) == ["tool"]


# --- promoting ------------------------------------------------------------------------------------------

def promote(cloud, **options):
    return cloud.job("pocket_promote", pocket=cloud.name(SUITE), reason="tested", **options)


def findings(report):
    return {text.partition(":")[0]: text.partition(": ")[2] for text in report["findings"]}


def test_a_promotion_wants_a_target_and_a_reason(env):
    cloud = pair(env)
    cloud.include(SUITE, TOOL)
    refused(cloud, "pocket_promote", "feeds none", pocket=cloud.name(NEXT), reason="tested")
    refused(cloud, "pocket_promote", "needs a reason", pocket=cloud.name(SUITE))
    refused(cloud, "pocket_promote", "needs a reason", pocket=cloud.name(SUITE), reason=" ")


def test_after_its_support_ended_a_pocket_takes_nothing_but_what_somebody_answers_for(env):
    cloud = pair(env, {"supported_until": "2024-06-30"})
    cloud.include(SUITE, TOOL)
    refused(cloud, "pocket_promote", "the support of cloud/bookworm-next ended on", pocket=cloud.name(SUITE), reason="tested")
    assert promote(cloud, past_support=True)["made"]
    assert names(cloud, NEXT) == ["tool"]


def test_a_target_without_the_place_for_a_part_takes_nothing(env):
    for target in ({"architectures": ["amd64", "source"]}, {"architectures": ["amd64", "arm64"]}, {"components": ["extra"]}):
        everything = {"architectures": ["amd64", "arm64", "source"], **target}
        cloud = pair(env, everything, {"architectures": ["amd64", "arm64", "source"]})
        cloud.include(SUITE, Package("fast", arch="arm64"), Package("slow", arch="amd64"), debs.source("service", "2.0")[0])
        refused(cloud, "pocket_promote", "its components and architectures are fewer", pocket=cloud.name(SUITE), reason="tested")
        cloud.larder.stop()


def test_what_a_source_no_longer_builds_leaves_with_the_promotion_and_the_rest_stays(env):
    cloud = pair(env)
    cloud.include(SUITE, Built("client", "1.0", of="service"), Built("server", "1.0", of="service"), TOOL)
    promote(cloud)
    cloud.job("pocket_remove", pocket=cloud.name(SUITE), packages=["server", "tool"])
    cloud.include(SUITE, Built("client", "2.0", of="service"))
    told = promote(cloud)
    assert [(p["package"], p["what"]) for p in told["packages"]] == [("client", "upgraded"), ("server", "removed")], told
    assert names(cloud, NEXT) == ["client", "tool"]


def test_a_promotion_of_nothing_new_is_no_publication(env):
    cloud = pair(env)
    cloud.include(SUITE, TOOL)
    assert promote(cloud)["made"]
    before = cloud.release(NEXT)
    for options in ({}, {"override": "all the same"}):
        told = promote(cloud, **options)
        assert not told["made"] and told["packages"] == [], told
    assert cloud.release(NEXT) == before


def test_a_version_that_goes_backwards_is_not_promoted(env):
    cloud = pair(env)
    cloud.include(SUITE, Package("tool", "2.0"))
    promote(cloud)
    cloud.include(SUITE, TOOL, allow_downgrade=True, reason="2.0 loses mail")
    before = cloud.release(NEXT)
    told = promote(cloud)
    assert not told["made"] and not told["passed"] and "failed" in findings(told)["forwards"], told
    assert cloud.release(NEXT) == before


def test_an_override_stands_in_the_history_only_where_it_set_something_aside(env):
    cloud = pair(env)
    cloud.include(SUITE, Package("tool", "2.0"))
    promote(cloud, override="in a hurry")
    assert cloud.history(NEXT)[0]["overridden"] == ""
    cloud.include(SUITE, TOOL, allow_downgrade=True, reason="2.0 loses mail")
    promote(cloud, override="in a hurry")
    assert cloud.history(NEXT)[0]["overridden"] == "in a hurry"


def test_an_override_in_a_dry_run_promotes_nothing(env):
    cloud = pair(env)
    cloud.include(SUITE, TOOL)
    before = cloud.release(NEXT)
    assert not promote(cloud, override="in a hurry", dry_run=True)["made"]
    assert cloud.release(NEXT) == before


def with_base(env, *packages, architectures=("amd64",), **options):
    base = env.archive(*(packages or [TOOL]))
    base.publish("stable", architectures=architectures)
    upstream = env.nginx(base.tree)
    table = archive_table("debian", f"{upstream.url}/debian", base.keyring, architectures=list(architectures), components=["main"])
    cloud = Cloud(env, table)
    cloud.pocket(NEXT, architectures=list(architectures), base="debian/stable", **options)
    cloud.pocket(SUITE, architectures=list(architectures), base="debian/stable", feeds=NEXT)
    return cloud


def fetch_base(cloud, architectures=("amd64",)):
    cloud.larder.good("/debian/dists/stable/InRelease")
    for architecture in architectures:
        cloud.larder.good(f"/debian/dists/stable/main/binary-{architecture}/Packages.xz")


def test_a_base_that_is_not_here_is_asked_for_and_nothing_is_promoted(env):
    nowhere = archive_table("debian", f"http://127.0.0.1:{free_port()}/debian", env.keyring(env.key()))
    cloud = Cloud(env, nowhere)
    cloud.pocket(NEXT, base="debian/stable")
    cloud.pocket(SUITE, feeds=NEXT)
    cloud.include(SUITE, Package("service", "1.0"))
    refused(cloud, "pocket_promote", "larder archive update", pocket=cloud.name(SUITE), reason="tested")


def test_without_a_base_nobody_asks_what_can_be_installed(env):
    cloud = pair(env)
    cloud.include(SUITE, Package("service", "1.0", depends="nothing-like-it"))
    told = promote(cloud)
    assert told["made"] and "not asked" in findings(told)["installable"], told


def test_each_architecture_is_asked_whether_it_can_be_installed(env):
    both = ("amd64", "arm64")
    cloud = with_base(env, Package("runtime", "1.0", arch="amd64"), architectures=both)
    fetch_base(cloud, both)
    cloud.include(SUITE, Package("service", "1.0", arch="amd64", depends="runtime"))
    assert promote(cloud)["made"]
    cloud.include(SUITE, Package("service", "1.0", arch="arm64", depends="runtime"))
    told = promote(cloud)
    assert not told["made"] and "arm64: " in findings(told)["installable"] and "amd64: " not in findings(told)["installable"], told


def test_a_package_that_comes_of_another_source_takes_the_place_of_the_former(env):
    cloud = with_base(env)
    fetch_base(cloud)
    cloud.include(SUITE, Built("service", "1.0", of="one"), Package("plugin", "1.0", depends="service (<< 2)"))
    assert promote(cloud)["made"]
    cloud.include(SUITE, Built("service", "2.0", of="two"))
    told = promote(cloud, only=["two"])
    assert not told["made"] and "plugin 1.0 needs service (<< 2)" in findings(told)["installable"], told
    assert promote(cloud, only=["two"], override="plugins follow")["made"]
    assert re.findall(r"^Version: (.*)$", cloud.get(NEXT, "main/binary-amd64/Packages").body.decode(), re.M) == ["1.0", "2.0"]


def test_what_was_broken_before_holds_nothing_up(env):
    cloud = with_base(env)
    fetch_base(cloud)
    cloud.include(SUITE, Package("broken", "1.0", depends="nothing-like-it"))
    assert promote(cloud, override="it is known")["made"]
    cloud.include(SUITE, Package("service", "1.0"))
    told = promote(cloud, only=["service"])
    assert told["made"] and told["passed"], told
    cloud.include(SUITE, Package("broken", "2.0", depends="nothing-like-it (>= 2)"))
    told = promote(cloud, only=["broken"])
    assert told["made"] and told["passed"], told


def test_what_cannot_be_read_of_a_package_s_needs_is_not_taken_for_none(env):
    cloud = with_base(env)
    fetch_base(cloud)
    odd = control_deb(env, "odd_1.0_all.deb", "Package: odd\nVersion: 1.0\nArchitecture: all\nMaintainer: A <a@archive.example>\n"
                      "Depends: tool (>= 1.0, library\nDescription: odd\n")
    cloud.include(SUITE, odd)
    told = promote(cloud)
    assert not told["passed"] and "odd" in findings(told)["installable"], told


# --- what is told ---------------------------------------------------------------------------------------

def test_each_chain_is_listed_from_its_beginning_to_its_end(env):
    cloud = Cloud(env)
    for suite, feeds in (("z-released", ""), ("a-proposed", "z-released"), ("m-staging", "a-proposed"), ("b-alone", ""),
                         ("c-staging", "a-proposed")):
        cloud.pocket(suite, **({"feeds": feeds} if feeds else {}))
    order = [row["suite"] for row in cloud.job("pockets")["pockets"]]
    assert order == ["b-alone", "c-staging", "a-proposed", "z-released", "m-staging"], order


def test_the_list_says_when_each_pocket_was_last_published(env):
    cloud = Cloud(env)
    cloud.pocket(SUITE)
    cloud.include(SUITE, TOOL)
    [row] = cloud.job("pockets")["pockets"]
    assert row["last"] == cloud.history(SUITE)[0], row
    shown = cloud.larder.cli("pocket", "list", check=0).stdout.splitlines()[1].split()
    assert shown[:2] == [cloud.name(SUITE), "2"] and shown[2][:10] == row["last"]["made"][:10], shown


def test_the_versions_of_a_stage_are_those_of_its_sources_or_else_of_what_was_built(env):
    cloud = Cloud(env)
    cloud.pocket(SUITE)
    cloud.include(SUITE, Built("client", "1:3.0", of="service (2.0)"), TOOL, debs.source("service", "2.1")[0])
    [row] = cloud.job("pockets")["pockets"]
    assert {s["source"]: s["version"] for s in row["sources"]} == {"service": "2.1", "tool": "1.0"}


def test_a_pocket_that_is_not_there_has_no_history_and_no_difference(env):
    cloud = Cloud(env)
    cloud.pocket(SUITE)
    for kind in ("pocket_history", "pocket_diff"):
        refused(cloud, kind, "there is no pocket cloud/nothing", pocket="cloud/nothing")
    refused(cloud, "pocket_diff", "is the first", pocket=cloud.name(SUITE))
    refused(cloud, "pocket_diff", "has no publication 9", pocket=cloud.name(SUITE), before=9, after=1)

