"""A deployment carried as one file: out of one larder, into another that has nothing and reaches nobody."""

import hashlib
import json
import shutil
import subprocess
import time

from support import keys
from support.bundles import Bundle
from support.debs import Package
from support.fleet import BY_HAND, RELEASE, Fleet
from support.larder import archive_table
from support.process import wait_for


def used_fleet(env, *more):
    """A deployment of two generations, of which a unit has installed each."""
    fleet = Fleet(env)
    fleet.create("web", *more)
    fleet.installs(fleet.unit(), fleet.first)
    fleet.second_packages = fleet.moves_on()
    fleet.cli("deployment", "upgrade", "web")
    fleet.installs(fleet.unit(), fleet.second_packages)
    # What a client has whole may still be on its way to the disk.
    wait_for(lambda: fleet.json("deployment", "status", "web", check=None)["held"] == 4, "all of it to be held")
    return fleet


def export(fleet, *more, name="web", check=0):
    file = fleet.env.folder("carried") / "web.tar.zst"
    fleet.cli("deployment", "export", name, str(file), *more, check=check)
    return file


def key_of(fleet):
    file = fleet.env.folder("key") / "larder.asc"
    file.write_text(fleet.cli("key", "show"))
    return file


def empty_larder(fleet):
    """One that has never seen the archive, whose upstream is gone."""
    fleet.gone()
    return fleet.second()


def import_bundle(larder, file, *more, check=0):
    return larder.cli("deployment", "import", str(file), *more, check=check)


def unit_of(fleet, larder, view="/d/web/debian"):
    return fleet.env.apt_for(fleet.archive, larder.url + view)


def test_a_deployment_is_carried_to_a_larder_without_a_network(env):
    fleet = used_fleet(env)
    file, key = export(fleet), key_of(fleet)
    releases = {view: fleet.larder.good(f"/d/{view}/debian/{RELEASE}").body for view in ("web", "web@1", "web@2")}
    other = empty_larder(fleet)
    report = json.loads(import_bundle(other, file, "--keyring", str(key), "--json").stdout)
    assert (report["generations"], report["vouched"], report["unproven"], report["missing"]) == (2, [], [], [])
    for view, bytes_then in releases.items():
        assert other.good(f"/d/{view}/debian/{RELEASE}").body == bytes_then
    fleet.installs(unit_of(fleet, other), fleet.second_packages)
    fleet.installs(unit_of(fleet, other, "/d/web@1/debian"), fleet.first)
    assert json.loads(other.cli("deployment", "status", "web", "--json", check=0).stdout)["held"] == 4
    assert other.cli("audit", "verify", check=0)
    other.stop()
    other.cli("doctor", check=0)
    other.cli("gc", "--remove", "--grace", "0s", "--free", "1000000000", check=0)
    other.start()
    fleet.installs(unit_of(fleet, other), fleet.second_packages)


def test_a_bundle_is_what_tar_and_zstd_read(env):
    fleet = used_fleet(env)
    file = export(fleet)
    names = subprocess.run(["tar", "--zstd", "-tf", file], capture_output=True, text=True, check=True).stdout.split()
    assert names[:2] == ["larder-bundle/head.asc", "larder-bundle/list"]
    folder = env.folder("unpacked")
    subprocess.run(["tar", "--zstd", "-xf", file, "-C", folder], check=True)
    for name in names[2:]:
        content = name.removeprefix("larder-bundle/objects/").replace("/", "")
        found = subprocess.run(["sha256sum", folder / name], capture_output=True, text=True, check=True).stdout
        assert found.startswith(content)


def test_what_is_served_keeps_its_dates(env):
    fleet = used_fleet(env)
    path = f"/d/web/debian/{RELEASE}"
    before = fleet.larder.good(path).headers["last-modified"]
    file, key = export(fleet), key_of(fleet)
    other = empty_larder(fleet)
    import_bundle(other, file, "--keyring", str(key))
    assert other.good(path).headers["last-modified"] == before


def test_a_lost_store_is_restored_from_a_bundle_and_units_do_not_notice(env):
    fleet = used_fleet(env)
    token = fleet.cli("deployment", "token", "web").strip()
    report = b"Unit: one\nlibrary all 2.0 ii \nservice all 2.0 ii \n"
    assert fleet.post("/d/web/report", report, token).status == 200
    fleet.cli("deployment", "rollback", "web")
    unit = fleet.unit()
    file, key = export(fleet), key_of(fleet)
    shown = fleet.larder.good(f"/d/web/debian/{RELEASE}").body
    fleet.gone()
    fleet.larder.stop()
    shutil.rmtree(fleet.larder.store)
    fleet.larder.start()
    import_bundle(fleet.larder, file, "--keyring", str(key))
    assert fleet.larder.good(f"/d/web/debian/{RELEASE}").body == shown
    units = fleet.json("deployment", "units", "web")
    assert [(u["unit"], u["packages"]) for u in units["units"]] == [("one", 2)]
    assert fleet.post("/d/web/report", report, token).status == 200
    unit.set_sources([f"deb [signed-by={key}] {fleet.larder.url}/d/web/debian stable main"])
    fleet.installs(unit, fleet.first)


def test_a_bundle_of_somebody_else_is_refused(env):
    fleet = used_fleet(env)
    file = export(fleet)
    other = empty_larder(fleet)
    refused = import_bundle(other, file, check=1).stderr
    assert "who made the bundle" in refused and "larder key show" in refused
    assert json.loads(other.cli("deployment", "list", "--json", check=0).stdout)["deployments"] == []


def test_a_bundle_that_was_changed_or_cut_off_is_refused_and_leaves_nothing_visible(env):
    fleet = used_fleet(env)
    file, key = export(fleet), key_of(fleet)
    other = empty_larder(fleet)
    whole = file.read_bytes()
    for i in range(1, 60):
        at = len(whole) * i // 60
        file.write_bytes(whole[:at] + bytes([whole[at] ^ 0x40]) + whole[at + 1:])
        assert import_bundle(other, file, "--keyring", str(key), check=None).returncode == 1, at
    for i in range(12):
        file.write_bytes(whole[:len(whole) * i // 12])
        assert import_bundle(other, file, "--keyring", str(key), check=None).returncode == 1, i
    assert json.loads(other.cli("deployment", "list", "--json", check=0).stdout)["deployments"] == []
    file.write_bytes(whole)
    import_bundle(other, file, "--keyring", str(key))
    fleet.installs(unit_of(fleet, other), fleet.second_packages)


def test_an_archive_that_is_not_configured_is_named(env):
    fleet = used_fleet(env)
    file, key = export(fleet), key_of(fleet)
    other = env.larder(archive_table("other", f"{fleet.upstream.url}/debian", fleet.archive.keyring))
    refused = import_bundle(other, file, "--keyring", str(key), check=1).stderr
    assert "archive 'debian', which is not configured here: larder archive add debian" in refused


def test_another_deployment_of_that_name_stays(env):
    fleet = used_fleet(env)
    file, key = export(fleet), key_of(fleet)
    other = fleet.second()
    other.good(f"/debian/{RELEASE}")
    other.cli("deployment", "create", "web", "--suite", "debian/stable", check=0)
    refused = import_bundle(other, file, "--keyring", str(key), check=1).stderr
    assert "there is another deployment 'web' here" in refused
    assert json.loads(other.cli("deployment", "history", "web", "--json", check=0).stdout)["generation"] == 1


def test_a_second_bundle_brings_what_is_new(env):
    fleet = used_fleet(env)
    key, first = key_of(fleet), export(fleet)
    other = fleet.second()
    import_bundle(other, first, "--keyring", str(key))
    third = fleet.moves_on("3.0", hours_ago=1)
    fleet.cli("deployment", "upgrade", "web")
    fleet.installs(fleet.unit(), third)
    wait_for(lambda: fleet.json("deployment", "status", "web", check=None)["held"] == 6, "all of it to be held")
    second = export(fleet)
    fleet.gone()
    report = json.loads(import_bundle(other, second, "--keyring", str(key), "--json").stdout)
    assert report["generations"] == 1 and 0 < report["already_here"] < report["objects"]
    fleet.installs(unit_of(fleet, other), third)
    # An older one changes nothing, the same not either.
    files = {path: path.stat().st_ino for path in (other.store / "objects").glob("*/*")}
    for file in (first, second):
        report = json.loads(import_bundle(other, file, "--keyring", str(key), "--json").stdout)
        assert (report["generation"], report["generations"]) == (3, 0)
    assert all(path.stat().st_ino == inode for path, inode in files.items())


def test_an_export_that_was_interrupted_is_gone_on_with(env):
    fleet = used_fleet(env)
    file = env.folder("carried") / "web.tar.zst"
    whole = export(fleet).read_bytes()
    part = file.with_name("web.tar.zst.part")
    for share in (0, 1, 3, 9, 10):
        part.write_bytes(whole[:len(whole) * share // 10])
        report = json.loads(fleet.cli("deployment", "export", "web", str(file), "--json"))
        assert (report["resumed"] > 0) == (share > 0), report
        assert (report["resumed"] == report["objects"]) == (share == 10), report
        assert not part.exists()
    other, key = empty_larder(fleet), key_of(fleet)
    import_bundle(other, file, "--keyring", str(key))
    fleet.installs(unit_of(fleet, other), fleet.second_packages)


def test_what_is_held_and_not_here_is_no_part_of_a_bundle_unless_that_is_said(env):
    fleet = Fleet(env, store=BY_HAND)
    fleet.create("web", "--hold", "full")
    fleet.cli("deployment", "status", "web", check=3)
    file = env.folder("carried") / "web.tar.zst"
    refused = fleet.larder.cli("deployment", "export", "web", str(file), check=1).stderr
    assert "2 files that it holds are not here" in refused and not file.exists()
    assert "Held, but not here, so not in it:" in fleet.cli("deployment", "export", "web", str(file), "--partial")
    fleet.cli("deployment", "fetch", "web")
    fleet.cli("deployment", "export", "web", str(file))


def test_an_object_that_was_damaged_is_not_exported(env):
    fleet = used_fleet(env)
    name = next(name for name in fleet.first if name.startswith("library"))
    damaged = next(path for path in (fleet.larder.store / "objects").glob("*/*")
                   if path.is_file() and path.read_bytes() == fleet.first[name])
    damaged.write_bytes(b"\0" * len(fleet.first[name]))
    file = env.folder("carried") / "web.tar.zst"
    assert "is damaged" in fleet.larder.cli("deployment", "export", "web", str(file), check=1).stderr
    assert not file.exists()


# --- bundles whose maker is trusted, and lies ----------------------------------------------------------


def opened(env):
    fleet = used_fleet(env)
    return fleet, Bundle(export(fleet), fleet), key_of(fleet)


def is_refused(fleet, bundle, key, *why):
    """Nothing of it is served or listed, and the larder goes on as before."""
    other = fleet.second()
    live = other.good(f"/debian/{RELEASE}").body
    refused = import_bundle(other, bundle.write(), "--keyring", str(key), check=1).stderr
    for text in why:
        assert text in refused, refused
    assert json.loads(other.cli("deployment", "list", "--json", check=0).stdout)["deployments"] == []
    for path in ("/d/web/debian/pool/main/e/evil_9_amd64.deb", "/debian/pool/main/e/evil_9_amd64.deb"):
        assert other.get(path).status == 404
    assert other.good(f"/debian/{RELEASE}").body == live
    other.cli("gc", check=0)


def test_a_bundle_that_is_put_together_again_is_taken(env):
    fleet, bundle, key = opened(env)
    import_bundle(fleet.second(), bundle.write(), "--keyring", str(key))


def test_a_state_that_its_archives_key_has_not_signed_is_refused(env):
    fleet, bundle, key = opened(env)
    for release in (b"garbage, no signature at all\n", None):
        again = Bundle(bundle.file, fleet)
        again.set_generation(2, again.manifest(2).replace(again.pinned(2), again.forged_state(release)))
        is_refused(fleet, again, key, "debian/stable")
        again.file.write_bytes(bundle.write().read_bytes())


def test_what_is_shown_in_a_states_place_must_be_that_state(env):
    fleet, bundle, key = opened(env)
    evil = bundle.forged_state()
    first = "\n".join(line + " " + evil if line.startswith("Suite: ") else line
                      for line in bundle.manifest(1).splitlines()) + "\n"
    before = bundle.generations()[0]
    changed = bundle.set_generation(1, first)
    bundle.set_generation(2, bundle.manifest(2).replace(before, changed))
    is_refused(fleet, bundle, key, "what is shown in a state's place is another state")


def test_a_state_that_was_checked_as_shown_is_not_taken_as_upstreams(env):
    fleet, bundle, key = opened(env)
    evil = bundle.forged_state()
    before = bundle.generations()[0]
    changed = bundle.set_generation(1, bundle.manifest(1).replace(bundle.pinned(1), evil + " " + evil))
    bundle.set_generation(2, bundle.manifest(2).replace(before, changed))
    is_refused(fleet, bundle, key, "debian/stable")


def test_units_of_a_bundle_are_read_before_anything_counts(env):
    fleet, bundle, key = opened(env)
    for line, why in ((f"unit one {2**39} {bundle.put('library all 2.0 ii')}", "moment"),
                      (f"unit one 1700000000 {'0' * 64}", "names an object that is not in it"),
                      (f"unit one 1700000000 {bundle.put('no report')}", "the report of unit 'one'")):
        bundle.lines.append(line)
        is_refused(fleet, bundle, key, why)
        bundle.lines.remove(line)


def test_companions_are_taken_only_as_upstream_signed_them(env):
    fleet, bundle, key = opened(env)
    evil = bundle.put("EVIL RELEASE\n")
    states = {bundle.pinned(1), bundle.pinned(2)}
    bundle.lines = [line for line in bundle.lines if not line.startswith("companion ")]
    bundle.lines += [f"companion {state} {name} {evil}" for state in states for name in ("Release", "Release.gpg")]
    other = fleet.second()
    other.good(f"/debian/{RELEASE}")
    import_bundle(other, bundle.write(), "--keyring", str(key))
    for view in ("/debian", "/d/web/debian", "/d/web@1/debian"):
        assert b"EVIL" not in other.get(view + "/dists/stable/Release").body


def test_a_part_that_a_loss_of_power_has_damaged_is_written_anew(env):
    fleet = used_fleet(env)
    file, key = export(fleet), key_of(fleet)
    whole = file.read_bytes()
    other = fleet.second()
    for at in range(len(whole) // 10, len(whole) * 8 // 10, len(whole) // 6):
        part = bytearray(whole[:len(whole) * 9 // 10])
        part[at:at + 512] = bytes(512)
        file.with_name("web.tar.zst.part").write_bytes(part)
        fleet.cli("deployment", "export", "web", str(file))
        import_bundle(other, file, "--keyring", str(key))


def test_an_export_writes_over_nothing_but_a_bundle(env):
    fleet = used_fleet(env)
    folder = env.folder("carried")
    victim = folder / "victim"
    victim.write_text("precious")
    (folder / "web.part").symlink_to(victim)
    for name, why in (("web", "is a symbolic link"), ("victim", "is there already, and is no bundle"),
                      (".", "is there already, and is no bundle")):
        assert why in fleet.larder.cli("deployment", "export", "web", str(folder / name), check=1).stderr
    assert victim.read_text() == "precious"


def test_an_export_without_its_indices_is_none(env):
    fleet = used_fleet(env)
    forms = [path.read_bytes() for path in (fleet.archive.root / "dists/stable/main/binary-amd64").glob("Packages*")]
    for path in (fleet.larder.store / "objects").glob("*/*"):
        if path.is_file() and path.read_bytes() in forms:
            path.unlink()
    file = env.folder("carried") / "web.tar.zst"
    assert "is not here" in fleet.larder.cli("deployment", "export", "web", str(file), check=1).stderr


def test_an_import_heals_what_is_damaged_here(env):
    fleet = used_fleet(env)
    file, key = export(fleet), key_of(fleet)
    other = fleet.second()
    import_bundle(other, file, "--keyring", str(key))
    name = next(name for name in fleet.second_packages if name.startswith("library"))
    damaged = next(path for path in (other.store / "objects").glob("*/*")
                   if path.is_file() and path.read_bytes() == fleet.second_packages[name])
    damaged.write_bytes(bytes(len(fleet.second_packages[name])))
    import_bundle(other, file, "--keyring", str(key))
    assert damaged.read_bytes() == fleet.second_packages[name]


def test_a_deployment_that_was_removed_is_not_brought_back_by_an_import(env):
    fleet = used_fleet(env)
    file = export(fleet)
    fleet.cli("deployment", "remove", "web", "--yes")
    assert "restore it first" in import_bundle(fleet.larder, file, check=1).stderr


def test_an_export_is_gone_on_with_only_while_its_head_says_the_same(env):
    fleet = used_fleet(env)
    whole = export(fleet).read_bytes()
    token = fleet.cli("deployment", "token", "web").strip()
    fleet.cli("deployment", "hold", "web", "closure")
    file = env.folder("carried") / "web.tar.zst"
    file.with_name("web.tar.zst.part").write_bytes(whole[:len(whole) * 9 // 10])
    fleet.cli("deployment", "export", "web", str(file))
    said = Bundle(file, fleet).fields
    assert (said["Hold"], said["Token"]) == ("closure", hashlib.sha256(token.encode()).hexdigest())


def test_a_state_of_another_suite_is_not_taken_for_this_ones(env):
    fleet, bundle, key = opened(env)
    here = bundle.objects[bundle.pinned(2)].decode()
    for name, why in (("testing", "is the Release of suite 'stable'"), ("stable@2026", "no suite can be called")):
        again = Bundle(bundle.file, fleet)
        state = again.put(here.replace("Suite: stable", f"Suite: {name}"))
        manifest = again.manifest(2).replace(again.pinned(2), state)
        again.set_generation(2, manifest.replace("Suite: debian/stable ", f"Suite: debian/{name} "))
        is_refused(fleet, again, key, why)
        again.file.write_bytes(bundle.write().read_bytes())


def with_an_expired_key(env):
    """The archive's keyring has a key that has expired since."""
    fleet, bundle, key = opened(env)
    old = keys.expired(env.keys)
    fleet.archive.keyring = env.keyring(fleet.archive.key, old)
    return fleet, bundle, key, old


def test_that_a_key_had_not_expired_is_the_makers_word_and_named(env):
    fleet, bundle, key, old = with_an_expired_key(env)
    state = bundle.forged_state(sign=lambda text: old.clearsign(text.encode(), at=old.valid_at),
                                said_signer=old.fingerprint)
    bundle.set_generation(2, bundle.manifest(2).replace(bundle.pinned(2), state))
    other = fleet.second()
    report = json.loads(import_bundle(other, bundle.write(), "--keyring", str(key), "--json").stdout)
    assert len(report["vouched"]) == 1 and f"expired key {old.fingerprint}" in report["vouched"][0]
    assert b"Packages" in other.good(f"/d/web/debian/{RELEASE}").body
    # As a snapshot it would pass for what this Larder has verified.
    listed = json.loads(other.cli("snapshot", "list", "--json", check=0).stdout)["snapshots"]
    assert state not in [one["snapshot"] for one in listed]
    assert bundle.pinned(1) in [one["snapshot"] for one in listed]


def test_that_a_key_has_expired_lets_in_nothing_that_it_has_not_signed(env):
    fleet, bundle, key, old = with_an_expired_key(env)
    signed_by = fleet.archive.key.clearsign
    for sign in (None, lambda text: signed_by(b"Suite: stable\n") + text.encode()):
        again = Bundle(bundle.file, fleet)
        state = again.forged_state(sign=sign, said_signer=old.fingerprint)
        again.set_generation(2, again.manifest(2).replace(again.pinned(2), state))
        is_refused(fleet, again, key, "debian/stable")
        again.file.write_bytes(bundle.write().read_bytes())


def test_a_generation_that_was_given_up_comes_back_with_a_bundle(env):
    fleet, bundle, key = opened(env)
    lost = bundle.generations()[0]
    fleet.larder.stop()
    (fleet.larder.store / "objects" / lost[:2] / lost[2:]).unlink()
    fleet.larder.cli("doctor", "--give-up")
    fleet.larder.start()
    assert [g["number"] for g in fleet.json("deployment", "history", "web")["generations"]] == [2]
    report = json.loads(import_bundle(fleet.larder, bundle.file, "--json").stdout)
    assert (report["generation"], report["generations"]) == (2, 1)
    assert [g["number"] for g in fleet.json("deployment", "history", "web")["generations"]] == [1, 2]
    fleet.installs(fleet.unit("/d/web@1/debian"), fleet.first)


def test_a_header_without_end_is_not_read_to_its_end(env):
    """A map of a sparse file, which tar allows any size, stands before anything that is signed."""
    fleet = Fleet(env)
    header = bytearray(512)
    for at, text in ((0, b"larder-bundle/head.asc"), (100, b"0000644\0"), (108, b"0000000\0"), (116, b"0000000\0"),
                     (124, b"00000001000\0"), (136, b"00000000000\0"), (148, b" " * 8), (156, b"S"),
                     (257, b"ustar  \0"), (386, b"00000000001\0" * 2), (482, b"\1"), (483, b"00000001000\0")):
        header[at:at + len(text)] = text
    header[148:156] = b"%06o\0 " % sum(header)
    more = b"00000000001\0" * 42 + b"\1" + bytes(7)
    file = env.folder("carried") / "web.tar.zst"
    with subprocess.Popen(["zstd", "-q", "-o", file], stdin=subprocess.PIPE) as zstd:
        zstd.stdin.write(header)
        for _ in range(1000):
            zstd.stdin.write(more * 1024)
    before = fleet.larder.peak_memory()
    refused = import_bundle(fleet.larder, file, check=1).stderr
    assert fleet.larder.peak_memory() - before < 100 << 20, refused
    assert "the header of an entry is too large" in refused


def archive_signed(fleet):
    return lambda text: fleet.archive.key.clearsign(text.encode())


def with_state(bundle, state):
    """The second generation pins this state."""
    bundle.set_generation(2, bundle.manifest(2).replace(bundle.pinned(2), state))
    return bundle


def test_a_state_is_what_its_manifest_says_of_it(env):
    fleet, bundle, key = opened(env)
    sign = archive_signed(fleet)
    evil = fleet.archive.key.clearsign(b"Origin: another text\n")
    for how, why in (({"sign": sign, "date": time.time() + 86400}, "has a Date that is yet to come"),
                     ({"sign": sign, "said_date": "20200101T000000Z"}, "is not what its manifest says"),
                     ({"in_release": evil}, "what is signed is another text")):
        again = Bundle(bundle.file, fleet)
        is_refused(fleet, with_state(again, again.forged_state(**how)), key, why)
        again.file.write_bytes(bundle.write().read_bytes())


def test_generations_follow_on_each_other(env):
    fleet, bundle, key = opened(env)
    second = bundle.manifest(2)
    for changed in (second.replace(bundle.generations()[0], "0" * 64), second.replace("Number: 2", "Number: 3"),
                    second.replace("Deployment: web", "Deployment: other")):
        again = Bundle(bundle.file, fleet)
        again.set_generation(2, changed)
        is_refused(fleet, again, key, "generation 2 does not follow on the one before")
        again.file.write_bytes(bundle.write().read_bytes())


def test_a_list_that_does_not_fit_its_head_is_refused(env):
    fleet, bundle, key = opened(env)
    bundle.fields["Generation"] = "1"
    is_refused(fleet, bundle, key, "does not fit its head")


def test_an_archive_that_misnames_its_suites_is_taken_as_its_table_says(env):
    fleet, bundle, key = opened(env)
    here = bundle.objects[bundle.pinned(2)].decode()
    state = bundle.put(here.replace("Suite: stable", "Suite: testing"))
    manifest = bundle.manifest(2).replace(bundle.pinned(2), state)
    bundle.set_generation(2, manifest.replace("Suite: debian/stable ", "Suite: debian/testing "))
    other = fleet.second()
    other.tables["archive"][0]["check_suite"] = False
    other.write_config()
    other.restart()
    import_bundle(other, bundle.write(), "--keyring", str(key))
    assert other.good("/d/web/debian/dists/testing/InRelease").body


def test_what_no_index_names_is_left_out_and_named(env):
    fleet, bundle, key = opened(env)
    held = bundle.put(b"what nobody lists")
    bundle.lines.append(f"held {held} 17 debian pool/main/e/else_1_amd64.deb")
    other = fleet.second()
    report = json.loads(import_bundle(other, bundle.write(), "--keyring", str(key), "--json").stdout)
    assert report["unproven"] == ["debian/pool/main/e/else_1_amd64.deb"]
    assert json.loads(other.cli("deployment", "status", "web", "--json", check=0).stdout)["held"] == 4


def test_what_a_bundle_lacks_is_named_when_it_is_taken_in(env):
    fleet = Fleet(env, store=BY_HAND)
    fleet.create("web", "--hold", "full")
    file, key = export(fleet, "--partial"), key_of(fleet)
    other = empty_larder(fleet)
    report = json.loads(import_bundle(other, file, "--keyring", str(key), "--json").stdout)
    assert {one["package"] for one in report["missing"]} == {"service", "library"}
    assert json.loads(other.cli("deployment", "status", "web", "--json", check=3).stdout)["at_risk"] == 2


def test_the_release_files_beside_an_inrelease_come_along(env):
    fleet = used_fleet(env)
    paths = [f"debian/dists/stable/{name}" for name in ("Release", "Release.gpg")]
    bodies = [fleet.larder.good(f"/{path}").body for path in paths]
    file, key = export(fleet), key_of(fleet)
    other = empty_larder(fleet)
    import_bundle(other, file, "--keyring", str(key))
    assert [other.good(f"/d/web/{path}").body for path in paths] == bodies


def test_states_that_came_are_listed_and_an_import_is_in_the_journal(env):
    fleet = used_fleet(env)
    file, key = export(fleet), key_of(fleet)
    other = empty_larder(fleet)
    for generation in (2, 2):
        import_bundle(other, file, "--keyring", str(key))
    whens = [one["when"] for one in json.loads(other.cli("snapshot", "list", "--json", check=0).stdout)["snapshots"]]
    assert whens == [one["when"] for one in fleet.json("snapshot", "list")["snapshots"]] and len(whens) == 2
    entries = json.loads(other.cli("audit", "list", "--json", check=0).stdout)["entries"]
    assert [(one["what"], one["subject"]) for one in entries] == [("deployment-import", "web@2")] * 2


def test_an_entry_is_as_large_as_its_list_says(env):
    fleet, bundle, key = opened(env)
    name = bundle.names()[-1]
    bundle.objects[name] += b"more than was listed"
    is_refused(fleet, bundle, key, "the bundle has", "where its list has")


def test_of_a_part_that_was_damaged_in_the_midst_what_stands_before_that_is_gone_on_with(env):
    fleet = Fleet(env)
    fleet.archive.add(Package("large", size=4_000_000))
    fleet.archive.publish("stable", date=fleet.now - 4 * 3600, by_hash=False)
    here = (fleet.archive.root / RELEASE).read_bytes()
    wait_for(lambda: fleet.larder.good(f"/debian/{RELEASE}").body == here, "the new state to be served")
    fleet.create("web", "--hold", "full")
    wait_for(lambda: fleet.json("deployment", "status", "web", check=None)["held"] == 3, "all of it to be held")
    file, key = export(fleet), key_of(fleet)
    part = bytearray(file.read_bytes())
    part[len(part) // 2:len(part) // 2 + 512] = bytes(512)
    file.with_name("web.tar.zst.part").write_bytes(part)
    report = json.loads(fleet.cli("deployment", "export", "web", str(file), "--json"))
    assert 0 < report["resumed"] < report["objects"]
    import_bundle(fleet.second(), file, "--keyring", str(key))
