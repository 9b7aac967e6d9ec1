"""What somebody who means ill, or is careless, can do to pockets: little, and it is told."""

import fcntl
import hashlib
import socket

from pocket_ground import Cloud
from support import debs
from support.debs import Package
from test_pockets import STAGING
from test_uploads import TOOL, Desk


def answered(answer):
    return answer[0] if isinstance(answer, tuple) else answer.status


def lower_than_there(env):
    cloud = Cloud(env)
    cloud.pocket("after", architectures=["amd64"])
    cloud.pocket("before", architectures=["amd64"], feeds="after")
    cloud.include("after", Package("tool", "2.0"))
    cloud.include("before", Package("tool", "1.0"))
    return cloud


def test_what_the_gate_says_is_not_set_aside_by_a_blank(env):
    cloud = lower_than_there(env)
    ended = cloud.ended("pocket_promote", pocket=cloud.name("before"), reason="tested", override="  ")
    assert ended["state"] == "failed" and "for a reason" in str(ended["error"]), ended
    assert len(cloud.history("after")) == 2


def test_what_was_overridden_is_shown_so_when_one_goes_back_to_it(env):
    cloud = lower_than_there(env)
    cloud.job("pocket_promote", pocket=cloud.name("before"), reason="tested", override="2.0 loses mail")
    cloud.job("pocket_rollback", pocket=cloud.name("after"))
    cloud.job("pocket_rollback", pocket=cloud.name("after"), to=3)
    last = cloud.history("after")[0]
    assert (last["number"], last["overridden"]) == (5, "2.0 loses mail"), last
    assert any("forwards: failed" in one for one in last["findings"]), last


def test_one_name_version_and_architecture_with_two_contents_does_not_come_in(env):
    cloud = Cloud(env)
    cloud.pocket(STAGING)
    files = [debs.deb(Package("two", "1.0")), debs.deb(Package("two", "1.0", marker="rebuilt"))]
    ended = cloud.ended("pocket_include", pocket=cloud.name(STAGING), files=[str(f) for f in files])
    assert ended["state"] == "failed" and "given twice, with other bytes" in str(ended["error"]), ended


def test_an_upload_that_brought_nothing_does_not_come_back_later(env):
    desk = Desk(env)
    desk.include(STAGING, TOOL)
    changes = desk.changes(debs.deb(TOOL))
    desk.put_file(debs.deb(TOOL))
    assert answered(desk.put_file(changes)) == 200
    desk.cli("pocket", "remove", desk.name(STAGING), "tool", "--reason", "bad")
    desk.put_file(debs.deb(TOOL))
    assert answered(desk.put_file(changes)) >= 400
    assert desk.names() == []


def test_who_has_no_key_takes_nothing_from_an_upload_that_waits(env):
    desk = Desk(env)
    changes = desk.changes(debs.deb(TOOL))
    assert answered(desk.put_file(changes)) == 202
    assert answered(desk.put(f"{desk.name(STAGING)}/{changes.name}", b"junk")) >= 400
    assert answered(desk.put(f"{desk.name(STAGING)}/{debs.deb(TOOL).name}", b"junk")) >= 400
    assert answered(desk.put_file(debs.deb(TOOL))) in (200, 201)
    assert desk.names() == ["tool"]


def test_what_is_announced_counts_before_it_has_come(env):
    desk = Desk(env)
    host, port = desk.larder.url.removeprefix("http://").split(":")
    said, kept = [], []
    for i in range(6):
        one = socket.create_connection((host, int(port)))
        one.settimeout(20)
        one.sendall(f"PUT /upload/{desk.name(STAGING)}/f{i}_1_all.deb HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
                    f"Content-Length: {8 << 30}\r\n\r\n".encode())
        said.append(one.recv(200).split()[1])
        kept.append(one)
    assert said[:4] == [b"100"] * 4 and b"100" not in said[4:], said


def test_uploads_that_wait_for_each_other_keep_nobody_else_waiting(env):
    desk = Desk(env)
    desk.include(STAGING, TOOL)
    snapshot = desk.history()[0]["snapshot"]
    assert answered(desk.put(f"{desk.name(STAGING)}/y_1_all.deb", b"x")) == 201
    host, port = desk.larder.url.removeprefix("http://").split(":")
    lock = desk.larder.store / "uploads" / desk.name(STAGING).replace("/", "~") / ".lock"
    with open(lock) as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        waiting = []
        for i in range(6):
            one = socket.create_connection((host, int(port)))
            one.sendall(f"PUT /upload/{desk.name(STAGING)}/y{i}_1_all.deb HTTP/1.1\r\nHost: x\r\n"
                        "Content-Length: 1\r\n\r\nx".encode())
            waiting.append(one)
        desk.larder.good(f"/snapshot/cloud/{snapshot}/dists/{STAGING}/InRelease")
        desk.larder.good(f"/cloud/dists/{STAGING}/main/binary-amd64/Packages.gz")
    for one in waiting:
        assert b" 201 " in one.recv(100)


def test_two_pockets_do_not_look_into_one_folder(env):
    desk = Desk(env)
    desk.json("pocket", "create", "cloud/other", "--arch", "amd64")
    folder = env.folder("incoming")
    (folder.parent / "same").symlink_to(folder)
    desk.cli("pocket", "intake", desk.name(STAGING), "--folder", str(folder))
    for path in (folder, folder.parent / "same"):
        refused = desk.cli("pocket", "intake", "cloud/other", "--folder", str(path), check=None)
        assert refused.returncode == 1 and "a folder of its own" in refused.stderr, refused


def test_a_key_that_is_leaving_and_lost_keeps_nothing_from_being_published(env):
    cloud = Cloud(env)
    cloud.pocket("weekly", architectures=["amd64"], valid_for_seconds=14 * 86400)
    old = cloud.secrets()
    cloud.job("key_rotate", archive="cloud")
    for secret in old:
        secret.unlink()
    cloud.larder.stop()
    cloud.larder.start()
    cloud.job("pocket_include", pocket=cloud.name("weekly"), files=cloud.files([TOOL]))
    assert b"Package: tool\n" in cloud.get("weekly", "main/binary-amd64/Packages").body


def test_a_keyring_package_comes_into_a_pocket_whose_support_has_ended(env):
    cloud = Cloud(env)
    cloud.pocket("old", architectures=["amd64"])
    cloud.job("key_package", archive="cloud")
    cloud.job("pocket_change", pocket=cloud.name("old"), supported_until="2020-01-01")
    before = cloud.get("old", "main/binary-amd64/Packages").body
    cloud.job("key_rotate", archive="cloud")
    after = cloud.get("old", "main/binary-amd64/Packages").body
    assert b"Package: cloud-keyring\n" in after and after != before


def test_an_entry_that_was_put_behind_the_signed_ones_of_a_copy_is_found_out(env):
    desk = Desk(env)
    file = env.folder("copy") / "journal"
    desk.cli("audit", "export", str(file))
    entries, signed = file.read_text().split("-----BEGIN PGP SIGNED", 1)
    last = entries.removeprefix("Larder-Journal-Copy: 1\n\n").rstrip("\n").split("\n\n")[-1] + "\n"
    number = last.split("Number: ")[1].split("\n")[0]
    forged = (f"Larder-Journal: 1\nNumber: {int(number) + 1}\nPrevious: {hashlib.sha256(last.encode()).hexdigest()}\n"
              "When: 20261122T161000Z\nWhat: pocket-promote\nSubject: cloud/x#9\nBy: somebody\nReason: forged\n")
    file.write_text(entries + forged + "\n-----BEGIN PGP SIGNED" + signed)
    done = desk.cli("audit", "verify", "--file", str(file), check=None)
    assert done.returncode == 3 and f"the entries after {number} are not signed" in done.stdout, done
