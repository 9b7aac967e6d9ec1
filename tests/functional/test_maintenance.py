"""`doctor` and `import` where something is in the way: what cannot be read, moved or brought back."""

import hashlib
import os
import time

from support.env import Package
from support.process import wait_for
from test_commands import Ground

HOUR = 3600
NOBODY = 65534


def snapshot(ground):
    return ground.json("status")["archives"][0]["suites"][0]["snapshot"]


def give_to_nobody(*roots):
    """Commands of root then work as nobody, as they would as the service's user."""
    for root in roots:
        for path in (root, *root.rglob("*")):
            os.chown(path, NOBODY, NOBODY, follow_symlinks=False)


# --- what cannot be read --------------------------------------------------------------------------

def test_doctor_leaves_what_it_may_not_read_where_it_is_and_exits_1(env):
    env.skip_unless_root()
    ground = Ground(env, start=False)
    give_to_nobody(ground.larder.store)
    before, objects = snapshot(ground), [p for p in (ground.larder.store / "objects").rglob("*") if p.is_file()]
    for path in objects:
        os.chown(path, 0, 0)
        os.chmod(path, 0o600)
    ground.upstream_gone()
    report = ground.json("doctor", check=1)
    assert all(path.exists() for path in objects), "a healthy object was set aside"
    assert snapshot(ground) == before, "the state was given up"
    assert {o["object"] for o in report["unreadable"]} == {p.parent.name + p.name for p in objects}
    assert "denied" in report["unreadable"][0]["why"].lower(), report["unreadable"][0]
    assert not report["whole"] and report["objects"] == 0
    assert [report[n] for n in ("damaged", "missing", "lost", "refetched", "dropped")] == [[]] * 5, report
    told = ground.larder.cli("doctor", check=1).stdout
    assert "Could not be read" in told and "whole" not in told, told
    give_to_nobody(ground.larder.store)
    assert ground.json("doctor")["whole"]


def test_doctor_gives_up_no_state_of_which_something_cannot_be_read(env):
    """The rest of it may be gone for good, and yet nobody can say that it is lost."""
    env.skip_unless_root()
    ground = Ground(env)
    ground.archive.publish("stable", date=time.time() - HOUR)
    ground.json("archive", "update", "debian")
    release, before = ground.in_release(), snapshot(ground)
    ground.larder.stop()
    give_to_nobody(ground.larder.store)
    os.unlink(ground.object(release))
    os.chown(ground.object(before), 0, 0)
    os.chmod(ground.object(before), 0o600)
    ground.upstream_gone()
    report = ground.json("doctor", check=1)
    assert [o["object"] for o in report["unreadable"]] == [before] and not report["dropped"], report
    assert snapshot(ground) == before


def test_import_tells_of_a_folder_that_it_may_not_read_and_takes_the_rest(env):
    env.skip_unless_root()
    ground = Ground(env, start=False)
    folder = env.folder("cache")
    for name in ("a", "m", "z"):
        (folder / name).mkdir()
        package = next(p for p in ground.archive.packages if p.name == {"a": "unused", "m": "alpha", "z": "needy"}[name])
        (folder / name / package.file_name).write_bytes((ground.archive.root / package.pool_path).read_bytes())
    give_to_nobody(ground.larder.store)
    os.chmod(folder / "m", 0o700)
    report = ground.json("import", str(folder), check=1)
    assert len(report["unreadable"]) == 1 and report["unreadable"][0].startswith("m/: "), report
    assert report["kept"] == 2 and report["files"] == 2, report
    os.chmod(folder / "m", 0o755)
    assert ground.json("import", str(folder))["already_here"] == 3


def test_import_of_a_folder_that_it_may_not_read_fails(env):
    env.skip_unless_root()
    ground = Ground(env, start=False)
    folder = env.folder("cache")
    give_to_nobody(ground.larder.store)
    os.chmod(folder, 0o700)
    assert str(folder) in ground.larder.cli("import", str(folder), check=1).stderr


def test_import_takes_no_offence_at_apts_own_folder_for_what_is_not_whole(env):
    env.skip_unless_root()
    ground = Ground(env, start=False)
    folder = env.folder("cache")
    (folder / "partial").mkdir(mode=0o700)
    give_to_nobody(ground.larder.store)
    assert not ground.json("import", str(folder))["unreadable"]


# --- what cannot be moved -------------------------------------------------------------------------

def test_doctor_that_cannot_move_a_damaged_object_says_so_and_exits_1(env):
    ground = Ground(env, start=False)
    digest = ground.sum_of("beta")
    ground.damage(digest)
    damaged = ground.object(digest).read_bytes()
    (ground.larder.store / "damaged" / digest).mkdir()  # no file can take the place of a folder
    asked = ground.upstream.count("*/beta_*")
    report = ground.json("doctor", check=1)
    assert [o["object"] for o in report["lost"]] == [digest] and not report["refetched"] and not report["whole"], report
    assert "could not be set aside" in report["lost"][0]["why"], report["lost"]
    assert ground.object(digest).read_bytes() == damaged and ground.upstream.count("*/beta_*") == asked
    assert "whole" not in ground.larder.cli("doctor", check=1).stdout
    (ground.larder.store / "damaged" / digest).rmdir()
    assert ground.json("doctor")["whole"]
    assert ground.object(digest).read_bytes() == ground.upstream_bytes("beta")


# --- what cannot be brought back ------------------------------------------------------------------

def test_a_running_server_serves_the_state_that_doctor_went_back_to(env):
    ground = Ground(env)
    first = ground.in_release()
    ground.archive.add(Package("delta", size=1000))
    ground.archive.publish("stable", date=time.time() - HOUR)
    ground.json("archive", "update", "debian")
    second = ground.in_release()
    assert second != first
    broken = snapshot(ground)
    ground.upstream_gone()
    ground.damage(second)
    ground.damage(broken)
    report = ground.json("doctor", check=1)
    assert {o["object"] for o in report["lost"]} == {second, broken} and len(report["dropped"]) == 2, report
    assert ground.in_release() == first
    assert snapshot(ground) != broken
    assert ground.larder.get(ground.path("alpha")).ok
    # What upstream has then is newer, and is taken.
    ground.upstream_back()
    ground.json("archive", "update", "debian")
    assert ground.in_release() == second and ground.json("doctor")["whole"]


# --- what does not go together --------------------------------------------------------------------

def test_doctor_cannot_rebuild_while_it_is_to_change_nothing(env):
    ground = Ground(env, start=False)
    refused = ground.larder.cli("doctor", "--no-repair", "--rebuild", check=2)
    assert "--no-repair" in refused.stderr and "--rebuild" in refused.stderr, refused


# --- what is written to while the server runs ------------------------------------------------------

def test_an_object_that_is_written_to_under_a_running_server_is_never_a_wrong_success(env):
    """The client is cut off, or gets the right bytes; the object is set aside and fetched anew."""
    ground = Ground(env)
    big = ground.archive.add(Package("big", size=3_000_000))
    ground.archive.publish("stable", date=time.time() - HOUR)
    ground.json("archive", "update", "debian")
    path = "/debian/" + big.pool_path
    whole = ground.larder.good(path).body
    assert ground.larder.good(path).body == whole
    digest = hashlib.sha256(whole).hexdigest()
    wait_for(ground.object(digest).exists, "it to be stored: its readers have it before")
    with open(ground.object(digest), "r+b") as file:
        file.seek(len(whole) // 2)
        file.write(b"\0" * 16)
    for _ in range(3):
        answer = ground.larder.get(path)
        assert not answer.ok or answer.body == whole, "wrong bytes as a success"
    wait_for(lambda: ground.larder.get(path).body == whole, "the right bytes")
    assert ground.larder.metrics()["larder_damaged_objects_total"] == 1
