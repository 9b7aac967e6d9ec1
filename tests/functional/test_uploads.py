"""Uploads: the real dput, and a folder; nothing counts until a .changes by an uploader has come with all its files."""

import hashlib
import http.client
import json
import os
import re
import shutil
import subprocess
import time

from support import debs
from support.debs import Package
from support.process import wait_for
from test_clock import DAY, by_clock
from test_pockets import Chain, STAGING, fetched

TOOL = Package("tool", "1.0", size=200_000)


class Desk(Chain):
    """A pocket, and somebody who may upload to it."""

    def __init__(self, env, **settings):
        super().__init__(env, chain=(STAGING,), **settings)
        self.key = env.key("uploader")
        self.add(self.key)
        self.work = env.folder("uploads")

    def add(self, key, check=0):
        file = self.env.folder("keys") / f"{key.fingerprint}.asc"
        file.write_bytes(key.keys.gpg("--armor", "--export", key.fingerprint))
        return self.cli("pocket", "uploader", "add", self.name(STAGING), str(file), check=check)

    def changes(self, *files, source="tool", version="1.0", suite=STAGING, key=None, signed_source=False):
        """A folder with files and a signed .changes that lists them; the .changes."""
        self.work = self.env.folder(f"upload-{time.monotonic_ns()}")
        architectures, lines, sums = set(), "", ""
        for file in files:
            data = file.read_bytes()
            if signed_source and file.suffix == ".dsc":
                data = self.key.clearsign(data)
            (self.work / file.name).write_bytes(data)
            architectures.add("source" if file.name.endswith((".dsc", ".xz")) else file.stem.split("_")[2])
            sums += f" {hashlib.sha256(data).hexdigest()} {len(data)} {file.name}\n"
            lines += f" {hashlib.md5(data).hexdigest()} {len(data)} misc optional {file.name}\n"
        text = (f"Format: 1.8\nDate: Tue, 14 Nov 2023 22:13:20 +0000\nSource: {source}\nBinary: {source}\n"
                f"Architecture: {' '.join(sorted(architectures))}\nVersion: {version}\nDistribution: {suite}\n"
                "Urgency: medium\nMaintainer: Archive <archive@archive.example>\n"
                f"Changed-By: Archive <archive@archive.example>\nDescription:\n {source} - test\n"
                f"Changes:\n {source} ({version}) {suite}; urgency=medium\n .\n   * Change.\n"
                f"Checksums-Sha256:\n{sums}Files:\n{lines}")
        made = self.work / f"{source}_{version}_amd64.changes"
        made.write_bytes((key or self.key).clearsign(text.encode()))
        return made

    def dput(self, changes, check=0, method="http", host=None, **environment):
        config = self.work / "dput.cf"
        host = host or self.larder.url.removeprefix("http://")
        config.write_text(f"[cloud]\nfqdn = {host}\nmethod = {method}\nincoming = /upload/{self.name(STAGING)}\nlogin = *\n"
                          "allow_unsigned_uploads = 0\ndefault_host_main = cloud\nallow_dcut = 0\n")
        done = subprocess.run(["dput", "-f", "-c", config, "cloud", changes.name], cwd=changes.parent, text=True,
                              capture_output=True, env={**os.environ, "GNUPGHOME": str(self.env.keys.home), **environment})
        assert done.returncode == check, done.stdout + done.stderr
        return done.stdout + done.stderr

    def put(self, path, data, **headers):
        host = self.larder.url.removeprefix("http://")
        connection = http.client.HTTPConnection(host, timeout=30)
        connection.request("PUT", f"/upload/{path}", body=data, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()

    def put_file(self, file, suite=STAGING, **headers):
        return self.put(f"{self.name(suite)}/{file.name}", file.read_bytes(), **headers)

    def uploads(self):
        return self.json("pocket", "uploads", self.name(STAGING))["uploads"]

    def names(self):
        return [n.decode() for n in re.findall(rb"^Package: (\S+)$", self.index(STAGING), re.M)]

    def waiting(self):
        folder = self.larder.store / "uploads" / self.name(STAGING).replace("/", "~")
        return sorted(f.name for f in folder.iterdir() if not f.name.startswith("."))

    def history(self):
        return self.json("pocket", "history", self.name(STAGING))["publications"]


def test_dput_brings_packages_and_their_source_and_apt_installs_them(env):
    desk = Desk(env)
    dsc, tar = debs.source("tool", "1.0")
    told = desk.dput(desk.changes(debs.deb(TOOL), dsc, tar, signed_source=True))
    assert "Successfully uploaded" in told, told
    client = desk.client(STAGING)
    client.update().must()
    client.install("tool").must()
    assert fetched(client, TOOL.file_name) == debs.deb(TOOL).read_bytes()
    client.source("--download-only", "tool").must()
    last = desk.history()[0]
    assert last["step"] == "include" and last["number"] == 2
    assert last["by"] == f"key {desk.key.fingerprint} uploader <uploader@archive.example>", last
    assert last["reason"] == "upload of tool 1.0"
    assert desk.waiting() == []
    row, = desk.uploads()
    assert (row["state"], row["changes"]) == ("accepted", "tool_1.0_amd64.changes") and "publication 2" in row["text"]


def test_dput_uploads_over_https_as_well(env):
    authority = env.authority()
    certificate = authority.issue("127.0.0.1")
    desk = Desk(env, server={"listen_tls": ["127.0.0.1:0"], "tls_certificate": str(certificate.chain),
                             "tls_key": str(certificate.key)})
    desk.dput(desk.changes(debs.deb(TOOL)), method="https", host=desk.larder.addresses[1],
              SSL_CERT_FILE=str(authority.certificate))
    assert desk.names() == ["tool"]
    told = desk.dput(desk.changes(debs.deb(Package("tool", "0.9")), version="0.9"), method="https", check=1,
                     host=desk.larder.addresses[1], SSL_CERT_FILE=str(authority.certificate))
    assert "tool 0.9 is older than 1.0" in told, told


def test_dput_shows_why_an_upload_is_refused(env):
    desk = Desk(env)
    stranger = env.key("stranger")
    told = desk.dput(desk.changes(debs.deb(TOOL), key=stranger), check=1)
    assert "403" in told and "is not signed by an uploader of cloud/" in told, told
    told = desk.dput(desk.changes(debs.deb(TOOL), suite="unstable"), check=1)
    assert "is for unstable, and not for bookworm-folsom-staging" in told, told
    desk.include(STAGING, Package("tool", "2.0"))
    told = desk.dput(desk.changes(debs.deb(TOOL)), check=1)
    assert "tool 1.0 is older than 2.0" in told, told
    assert [u["state"] for u in desk.uploads()] == ["rejected"] * 3
    assert [u["by"] != "" for u in desk.uploads()] == [True, True, False]
    assert desk.names() == ["tool"] and b"Version: 2.0\n" in desk.index(STAGING)


def test_an_upload_waits_for_its_files_in_whatever_order_they_come(env):
    desk = Desk(env)
    dsc, tar = debs.source("tool", "1.0")
    changes = desk.changes(debs.deb(TOOL), dsc, tar)
    assert desk.put_file(dsc)[0] == 201
    status, text = desk.put_file(changes)
    assert status == 202 and TOOL.file_name in text and tar.name in text and dsc.name not in text, text
    row, = desk.uploads()
    assert row["state"] == "waiting" and desk.key.fingerprint in row["by"]
    assert desk.put_file(debs.deb(TOOL)) == (201, f"{changes.name} waits for {tar.name}\n")
    assert desk.names() == []
    status, text = desk.put_file(tar)
    assert status == 200 and "publication 2" in text, text
    assert desk.names() == ["tool"] and desk.waiting() == []


def test_a_file_may_be_sent_again_as_long_as_it_waits(env):
    desk = Desk(env)
    changes = desk.changes(debs.deb(TOOL))
    assert desk.put(f"{desk.name(STAGING)}/{TOOL.file_name}", b"half of it")[0] == 201
    assert desk.put_file(debs.deb(TOOL))[0] == 201
    assert desk.put_file(changes)[0] == 200
    assert desk.names() == ["tool"]


def test_a_file_that_is_not_what_is_listed_makes_the_upload_be_refused(env):
    desk = Desk(env)
    changes = desk.changes(debs.deb(TOOL))
    damaged = bytearray(debs.deb(TOOL).read_bytes())
    damaged[-1] ^= 1
    assert desk.put(f"{desk.name(STAGING)}/{TOOL.file_name}", bytes(damaged))[0] == 201
    status, text = desk.put_file(changes)
    assert status == 422 and f"{TOOL.file_name} is not the file that is listed" in text, text
    assert desk.waiting() == [] and desk.names() == []
    assert desk.history()[0]["number"] == 1


def test_an_upload_that_was_changed_on_its_way_is_not_the_uploaders(env):
    desk = Desk(env)
    changes = desk.changes(debs.deb(TOOL))
    good = changes.read_bytes()
    desk.put_file(debs.deb(TOOL))
    for wrong in (good.replace(b"Urgency: medium", b"Urgency: high"), b"Distribution: evil\n" + good, good + b"x: y\n",
                  b"not signed at all"):
        changes.write_bytes(wrong)
        status, text = desk.put_file(changes)
        assert status == 403 and "is not signed by an uploader" in text, text
    assert desk.waiting() == [TOOL.file_name]  # nobody's word removes what others have sent
    changes.write_bytes(good)
    assert desk.put_file(changes)[0] == 200


def test_an_old_upload_brings_nothing_back(env):
    desk = Desk(env)
    old = desk.changes(debs.deb(TOOL))
    assert desk.put_file(debs.deb(TOOL))[0] == 201 and desk.put_file(old)[0] == 200

    def replay():
        desk.put_file(debs.deb(TOOL))
        return desk.put_file(old)
    status, text = replay()
    assert status == 200 and "is in cloud/bookworm-folsom-staging already, since publication 2" in text, text
    desk.cli("pocket", "remove", desk.name(STAGING), "tool", "--reason", "it loses mail")
    status, text = replay()
    assert status == 409 and "has been replaced or removed since" in text, text
    new = Package("tool", "2.0")
    desk.include(STAGING, new)
    status, text = replay()
    assert status in (403, 409), text
    assert b"Version: 2.0\n" in desk.index(STAGING) and desk.history()[0]["number"] == 4


def test_the_same_version_with_other_bytes_is_refused(env):
    desk = Desk(env)
    desk.include(STAGING, TOOL)
    told = desk.dput(desk.changes(debs.deb(Package("tool", "1.0", marker="rebuilt"))), check=1)
    assert "with other bytes" in told, told


def test_who_is_no_uploader_any_more_is_refused_and_all_is_in_the_journal(env):
    desk = Desk(env)
    other = env.key("other")
    desk.add(other)
    assert "may upload to" in desk.add(other, check=2).stderr
    listed = desk.cli("pocket", "uploader", "list", desk.name(STAGING)).stdout
    assert other.fingerprint in listed and desk.key.fingerprint in listed
    desk.cli("pocket", "uploader", "remove", desk.name(STAGING), desk.key.fingerprint[-16:])
    assert desk.key.fingerprint not in desk.cli("pocket", "uploader", "list", desk.name(STAGING)).stdout
    assert "is not signed by" in desk.dput(desk.changes(debs.deb(TOOL)), check=1)
    desk.dput(desk.changes(debs.deb(TOOL), key=other))
    journal = desk.cli("audit", "list").stdout
    assert journal.count("pocket-uploader-add") == 2 and "pocket-uploader-remove" in journal, journal
    assert f"key {other.fingerprint}" in journal
    assert "no uploader of" in desk.cli("pocket", "uploader", "remove", desk.name(STAGING), "AB" * 20, check=1).stderr


def test_a_key_file_of_uploaders_has_one_good_key(env):
    desk = Desk(env)
    file = env.folder("keys") / "two.asc"
    file.write_bytes(env.key("one").public() + env.key("two").public())
    why = desk.cli("pocket", "uploader", "add", desk.name(STAGING), str(file), check=1).stderr
    assert "it has 2 keys" in why, why
    file.write_text("no key\n")
    desk.cli("pocket", "uploader", "add", desk.name(STAGING), str(file), check=1)


def test_another_distribution_may_be_let_in(env):
    desk = Desk(env)
    desk.cli("pocket", "intake", desk.name(STAGING), "--distribution", "unstable,experimental")
    desk.dput(desk.changes(debs.deb(TOOL), suite="unstable"))
    assert desk.names() == ["tool"]


def test_names_that_climb_pockets_that_are_not_there_and_other_methods_are_refused(env):
    desk = Desk(env)
    for path, status in ((f"{desk.name(STAGING)}/.hidden", 400), (f"{desk.name(STAGING)}/a%2Fb", 400),
                         (f"{desk.name(STAGING)}/../../x", 400), ("cloud/nothing/x.deb", 404), ("x.deb", 403),
                         (f"{desk.name(STAGING)}/a%20b.deb", 400)):
        got, text = desk.put(path, b"x")
        assert got == status, (path, got, text)
    assert desk.larder.get(f"/upload/{desk.name(STAGING)}/x.deb").status == 405
    desk.json("pocket", "create", "cloud/closed", "--arch", "amd64")
    assert "has no uploaders" in desk.put("cloud/closed/x.deb", b"x")[1]
    assert desk.put(f"{desk.name(STAGING)}/x.changes", b"x" * (2 << 20))[0] == 413
    assert desk.waiting() == []


def test_a_token_may_be_asked_for_as_a_password(env):
    secret = "a-secret"
    desk = Desk(env, token=[{"name": "ci", "role": "upload", "sha256": hashlib.sha256(secret.encode()).hexdigest()}])
    desk.cli("pocket", "intake", desk.name(STAGING), "--token")
    changes = desk.changes(debs.deb(TOOL))
    status, text = desk.put_file(debs.deb(TOOL))
    assert status == 401 and "asks for a token" in text
    login = {"Authorization": "Basic Y2k6YS1zZWNyZXQ="}
    assert desk.put_file(debs.deb(TOOL), **login)[0] == 201
    assert desk.put_file(changes, Authorization=f"Bearer {secret}")[0] == 200
    assert desk.names() == ["tool"]


def test_what_has_waited_for_a_day_goes(env):
    desk = Desk(env)
    clock = env.folder("clock") / "offset"
    later = by_clock(clock)
    clock.write_text("0\n")
    desk.larder.stop()
    desk.larder.start(**later)
    changes = desk.changes(debs.deb(TOOL), *debs.source("tool", "1.0"))
    desk.put_file(debs.deb(TOOL))
    assert desk.put_file(changes)[0] == 202
    clock.write_text(f"{DAY * 9 // 10}\n")
    assert len(desk.uploads()) == 1 and len(desk.waiting()) == 2
    clock.write_text(f"{DAY * 11 // 10}\n")
    row, = desk.uploads()
    assert row["state"] == "rejected" and "within a day" in row["text"]
    assert desk.waiting() == []


def test_a_revision_of_a_source_leaves_out_what_the_archive_has(env):
    desk = Desk(env)
    dsc, tar = debs.source("tool", "1.0")
    desk.include(STAGING, dsc)
    desk.cli("pocket", "remove", desk.name(STAGING), "src:tool", "--reason", "again")
    assert desk.put_file(dsc)[0] == 201 and desk.put_file(desk.changes(dsc))[0] == 200
    client = desk.client(STAGING)
    client.update().must()
    client.source("--download-only", "tool").must()
    assert (client.root / "work" / tar.name).read_bytes() == tar.read_bytes()


def test_a_folder_is_watched_for_uploads(env):
    desk = Desk(env)
    folder = env.folder("incoming")
    desk.cli("pocket", "intake", desk.name(STAGING), "--folder", str(folder))
    changes = desk.changes(debs.deb(TOOL))
    shutil.copy(changes, folder)
    shutil.copy(debs.deb(TOOL), folder / "unfinished")
    (folder / "unfinished").rename(folder / TOOL.file_name)
    wait_for(lambda: desk.names() == ["tool"], "the upload to be taken")
    wait_for(lambda: list(folder.iterdir()) == [], "the folder to be empty")
    stranger = desk.changes(debs.deb(Package("evil")), source="evil", key=env.key("stranger"))
    os.utime(stranger, (time.time() - 3600,) * 2)
    shutil.copy2(stranger, folder)
    wait_for(lambda: any(u["state"] == "rejected" for u in desk.uploads()), "the other to be refused")
    assert list(folder.iterdir()) == [] and desk.names() == ["tool"]


def test_a_kill_leaves_nothing_half_done_and_what_was_whole_is_taken(env):
    desk = Desk(env)
    changes = desk.changes(debs.deb(TOOL))
    desk.put_file(debs.deb(TOOL))
    host = desk.larder.url.removeprefix("http://")
    connection = http.client.HTTPConnection(host, timeout=30)
    connection.putrequest("PUT", f"/upload/{desk.name(STAGING)}/{changes.name}")
    connection.putheader("Content-Length", str(changes.stat().st_size))
    connection.endheaders()
    connection.send(changes.read_bytes()[:-10])
    desk.larder.kill()
    folder = desk.larder.store / "uploads" / desk.name(STAGING).replace("/", "~")
    assert desk.waiting() == [TOOL.file_name]
    # As if it had been killed between the last byte and the publication.
    shutil.copy(changes, folder)
    desk.larder.start()
    wait_for(lambda: desk.names() == ["tool"], "the upload to be taken")
    wait_for(lambda: desk.waiting() == [], "its files to go")
    assert desk.history()[0]["number"] == 2
    # And as if it had been killed between the publication and its files' going.
    desk.larder.stop()
    shutil.copy(changes, folder)
    shutil.copy(debs.deb(TOOL), folder)
    desk.larder.start()
    wait_for(lambda: desk.waiting() == [], "its files to go")
    assert desk.history()[0]["number"] == 2 and desk.names() == ["tool"]
    desk.cli("audit", "verify")


def test_a_large_file_is_never_in_memory_whole(env):
    desk = Desk(env)
    big = Package("big", size=150_000_000)
    before = desk.larder.peak_memory()
    changes = desk.changes(debs.deb(big), source="big")
    desk.put_file(debs.deb(big))
    assert desk.put_file(changes)[0] == 200
    assert desk.larder.peak_memory() - before < 60 << 20, (before, desk.larder.peak_memory())


def test_many_uploads_at_once_all_come_in(env):
    from concurrent.futures import ThreadPoolExecutor
    desk = Desk(env)
    made = [desk.changes(debs.deb(Package(f"tool{i}")), source=f"tool{i}") for i in range(6)]

    def send(i):
        desk.put_file(debs.deb(Package(f"tool{i}")))
        return desk.put_file(made[i])[0]
    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(send, range(6))) == [200] * 6
    assert desk.names() == [f"tool{i}" for i in range(6)]


def test_what_became_of_uploads_is_shown_as_json_too(env):
    desk = Desk(env)
    assert "No uploads" in desk.cli("pocket", "uploads", desk.name(STAGING)).stdout
    desk.dput(desk.changes(debs.deb(TOOL)))
    assert "accepted" in desk.cli("pocket", "uploads", desk.name(STAGING)).stdout
    assert set(json.loads(desk.cli("pocket", "uploads", desk.name(STAGING), "--json").stdout)["uploads"][0]) == {
        "when", "changes", "state", "by", "text"}


def test_kills_in_the_middle_of_publications_lose_nothing_and_leave_nothing_half_done(env):
    desk = Desk(env)
    for i in range(6):
        package = debs.deb(Package(f"tool{i}"))
        changes = desk.changes(package, source=f"tool{i}")
        assert desk.put_file(package)[0] == 201
        body = changes.read_bytes()
        connection = http.client.HTTPConnection(desk.larder.url.removeprefix("http://"), timeout=30)
        connection.putrequest("PUT", f"/upload/{desk.name(STAGING)}/{changes.name}")
        connection.putheader("Content-Length", str(len(body)))
        connection.endheaders()
        connection.send(body)
        # Killed at another step of it each time: when its file has its name, is gone, or the answer has begun.
        folder = desk.larder.store / "uploads" / desk.name(STAGING).replace("/", "~")
        steps = (lambda: True, lambda: (folder / changes.name).exists() or f"tool{i}" in desk.names(),
                 lambda: connection.sock.recv(1))
        wait_for(steps[i % 3], "the upload to be so far")
        desk.larder.kill()
        desk.larder.start()
        wait_for(lambda: not [n for n in desk.waiting() if n.endswith(".changes")], "what was whole to be taken")
        if f"tool{i}" not in desk.names():
            assert i % 3 == 0, "what was there whole, or answered, is lost"
            desk.put_file(package)
            assert desk.put_file(changes)[0] == 200
    assert desk.names() == [f"tool{i}" for i in range(6)]
    desk.cli("audit", "verify")
    desk.larder.stop()
    desk.cli("doctor")
