"""Why something is here: which upstream, which URL, when, whose signature, and which deployments hold it."""

import hashlib
import json
import os
import shutil

from learnt_ground import POOL, file_of, learnt, paths_of, published
from support import faults
from support.fleet import PACKAGES, RELEASE, Fleet
from support.process import wait_for
from test_api import TOKENS, ask, conforms
from test_bundles import empty_larder, export, import_bundle, key_of, used_fleet
from test_upstreams import PASSWORD, basic


def why(larder, what, check=0):
    return json.loads(larder.cli("why", what, "--json", check=check).stdout)


def only(report):
    [one] = report["objects"]
    return one


def urls(one):
    return [entry["from"] for entry in one["entries"]]


def sum_of(data):
    return hashlib.sha256(data).hexdigest()


def stored(larder, digest):
    path = larder.store / "objects" / digest[:2] / digest[2:]
    wait_for(path.exists, f"{digest[:12]} in the store")
    return path


def fetched_through_web(env):
    """A unit that has installed version 1.0 through a deployment."""
    fleet = Fleet(env)
    fleet.create("web")
    fleet.installs(fleet.unit(), fleet.first)
    wait_for(lambda: fleet.json("deployment", "status", "web", check=None)["held"] == 2, "all of it to be held")
    return fleet


# --- where it came from ---------------------------------------------------------------------------

def test_the_mirror_that_delivered_is_told_and_not_the_one_that_failed(env):
    archive = published(env)
    first, second = env.hostile(archive.tree), env.hostile(archive.tree)
    larder = learnt(env.larder_for(archive, first, second))
    [path] = paths_of(archive)
    first.rule(POOL, faults.status(503))
    digest = sum_of(larder.good(path).body)
    stored(larder, digest)
    one = only(why(larder, digest))
    assert urls(one) == [[second.url + path]], one
    assert one["entries"][0]["how"] == "fetched" and one["entries"][0]["archive"] == "debian"
    assert (one["here"], one["whole"], one["size"]) == (True, True, len(file_of(archive, path)))
    assert second.url + path in larder.cli("why", "package0", check=0).stdout


def test_of_a_file_that_came_from_two_mirrors_both_are_told_in_their_order(env):
    archive = published(env, size=400_000)
    first, second = env.hostile(archive.tree), env.hostile(archive.tree)
    larder = learnt(env.larder_for(archive, first, second))
    [path] = paths_of(archive)
    first.rule(POOL, faults.reset(0.5))
    digest = sum_of(larder.good(path).body)
    stored(larder, digest)
    assert urls(only(why(larder, digest))) == [[first.url + path, second.url + path]]


def test_a_redirect_is_told_as_where_it_led_without_what_lets_its_bearer_in(env):
    archive = published(env)
    front, behind = env.hostile(archive.tree), env.hostile(archive.tree)
    front.rule(POOL, faults.redirect(behind.url + "{path}?X-Signature=let-me-in"))
    larder = learnt(env.larder_for(archive, front, table={"redirect_hosts": [behind.address]}))
    [path] = paths_of(archive)
    digest = sum_of(larder.good(path).body)
    stored(larder, digest)
    assert urls(only(why(larder, digest))) == [[behind.url + path]]
    larder.stop()
    assert b"let-me-in" not in (larder.store / "db/data.mdb").read_bytes()
    assert b"let-me-in" not in (larder.store / "fetches").read_bytes()


def test_credentials_are_neither_told_nor_kept(env):
    archive = published(env)
    upstream = env.hostile(archive.tree)
    larder = learnt(env.larder_for(archive, upstream, table=basic(env)))
    [path] = paths_of(archive)
    digest = sum_of(larder.good(path).body)
    stored(larder, digest)
    assert upstream.seen[-1].headers["authorization"]
    for arguments in (("why", digest), ("why", digest, "--json"), ("why", "dists/stable/InRelease")):
        said = larder.cli(*arguments, check=0).stdout
        assert upstream.url in said and PASSWORD not in said and "reader" not in said
    larder.stop()
    for file in ("db/data.mdb", "fetches"):
        assert PASSWORD.encode() not in (larder.store / file).read_bytes()


def test_release_files_and_indices_tell_where_they_came_from_too(env):
    archive = published(env)
    upstream = env.hostile(archive.tree)
    larder = learnt(env.larder_for(archive, upstream))
    snapshot = json.loads(larder.cli("snapshot", "list", "--json", check=0).stdout)["snapshots"][0]
    release = only(why(larder, "debian/dists/stable/InRelease"))
    assert urls(release) == [[f"{upstream.url}/debian/dists/stable/InRelease"]]
    [state] = release["states"]
    assert (state["snapshot"], state["by"], state["current"]) == (snapshot["snapshot"], "InRelease", True)
    index = only(why(larder, "dists/stable/main/binary-amd64/Packages"))
    assert index["entries"][0]["snapshot"] == snapshot["snapshot"] and index["states"][0]["by"] == "Release"
    assert only(why(larder, index["sha256"]))["path"] == "dists/stable/main/binary-amd64/Packages"
    manifest = only(why(larder, snapshot["snapshot"]))
    assert manifest["whole"] and "archive/debian/suite/stable" in manifest["refs"]


def test_what_was_imported_tells_the_file_that_it_was(env):
    archive = published(env)
    larder = env.larder_for(archive, env.nginx(archive.tree))
    [path] = paths_of(archive)
    folder = env.folder("cache")
    shutil.copy(archive.tree / path.lstrip("/"), folder / "some.deb")
    larder.cli("import", str(folder), check=0)
    one = only(why(larder, "package0"))
    assert [(e["how"], e["from"]) for e in one["entries"]] == [("imported", [str(folder / "some.deb")])]
    assert one["entries"][0]["path"] == one["path"] == path.removeprefix("/debian/")


def test_what_was_brought_back_has_both_entries(env):
    archive = published(env)
    upstream = env.hostile(archive.tree)
    larder = learnt(env.larder_for(archive, upstream))
    [path] = paths_of(archive)
    digest = sum_of(larder.good(path).body)
    file = stored(larder, digest)
    os.chmod(file, 0o600)
    file.write_bytes(b"spoilt")
    damaged = only(why(larder, digest))
    assert damaged["here"] and not damaged["whole"]
    assert "damaged" in larder.cli("why", digest, check=0).stdout
    larder.cli("doctor", check=0)
    one = only(why(larder, digest))
    assert one["whole"] and [e["how"] for e in one["entries"]] == ["fetched", "repaired"]


def test_what_came_in_a_bundle_says_so(env):
    fleet = used_fleet(env)
    file, key = export(fleet), key_of(fleet)
    other = empty_larder(fleet)
    import_bundle(other, file, "--keyring", str(key))
    one = only(why(other, "service=2.0"))
    [entry] = one["entries"]
    assert entry["how"] == "bundle" and entry["from"][0] == str(file) and entry["from"][1].startswith("made by ")
    assert entry["path"] == one["path"] and one["states"][0]["signers"]
    [web] = one["deployments"]
    assert (web["name"], web["generations"], web["held"]) == ("web", [2], True)


def test_what_is_shown_after_a_rollback_was_made_here(env):
    fleet = used_fleet(env)
    fleet.cli("deployment", "rollback", "web")
    shown = only(why(fleet.larder, sum_of(fleet.larder.good(f"/d/web/debian/{RELEASE}").body)))
    assert [e["how"] for e in shown["entries"]] == ["made"]
    assert [s["shown"] for s in shown["states"]] == [True] and shown["deployments"][0]["generations"] == [3]


# --- who vouches for it, and who keeps it ----------------------------------------------------------

def test_the_key_and_the_deployment_are_told(env):
    fleet = fetched_through_web(env)
    one = only(why(fleet.larder, "service"))
    [state] = one["states"]
    assert (state["archive"], state["suite"], state["by"]) == ("debian", "stable", "main/binary-amd64/Packages")
    [signer] = state["signers"]
    assert signer["fingerprint"] == fleet.archive.key.fingerprint and "@archive.example>" in signer["user_id"]
    [web] = one["deployments"]
    assert (web["name"], web["generations"], web["held"]) == ("web", [1], True)
    assert web["how"] == ["fetched through it"]
    text = fleet.cli("why", "service")
    for part in ("service 1.0", "here and whole", signer["fingerprint"], "web, generation 1: fetched through it"):
        assert part in text, text


def test_what_units_report_is_told_with_their_names(env):
    fleet = Fleet(env)
    fleet.create("web")
    token = fleet.cli("deployment", "token", "web").strip()
    assert fleet.post("/d/web/report", b"Unit: one\nlibrary all 1.0 ii \n", token).status == 200
    [web] = only(why(fleet.larder, "library"))["deployments"]
    assert web["held"] and web["how"] == ["reported by one"]
    [web] = only(why(fleet.larder, "service"))["deployments"]
    assert not web["held"] and web["how"] == [] and web["generations"] == [1]


def test_a_pinned_index_is_held_by_the_generation_that_pins_its_state(env):
    fleet = fetched_through_web(env)
    index = sum_of(fleet.larder.good(f"/d/web/debian/{PACKAGES}").body)
    fleet.moves_on()
    fleet.cli("deployment", "upgrade", "web")
    [web] = only(why(fleet.larder, index))["deployments"]
    assert (web["generations"], web["how"]) == ([1], ["of a state that it pins"])


def test_versions_of_current_and_of_pinned_states_are_found_and_told_apart(env):
    fleet = fetched_through_web(env)
    fleet.moves_on()
    report = why(fleet.larder, "service")
    assert [(o["version"], o["here"]) for o in report["objects"]] == [("1.0", True), ("2.0", False)]
    assert [[s["current"] for s in o["states"]] for o in report["objects"]] == [[False], [True]]
    assert only(why(fleet.larder, "service=1.0"))["deployments"][0]["name"] == "web"
    assert only(why(fleet.larder, "service=2.0:all"))["deployments"] == []
    assert only(why(fleet.larder, "service:all=2.0"))["entries"] == []
    assert why(fleet.larder, "service=2.0:arm64", check=3)["objects"] == []


def test_a_version_that_only_a_former_state_has_is_found_as_well(env):
    fleet = Fleet(env)
    fleet.larder.good(f"/debian/{PACKAGES}")
    digest = sum_of(fleet.larder.good(f"/debian/{fleet.archive.packages[0].pool_path}").body)
    stored(fleet.larder, digest)
    assert only(why(fleet.larder, "service"))["sha256"] == digest
    fleet.moves_on()
    fleet.larder.good(f"/debian/{PACKAGES}")
    assert only(why(fleet.larder, "service"))["version"] == "2.0"
    former = only(why(fleet.larder, "service=1.0"))
    assert former["sha256"] == digest and [s["current"] for s in former["states"]] == [False]
    assert only(why(fleet.larder, digest))["states"] == former["states"]


def test_a_rebuild_of_the_derived_tables_keeps_all_that_is_told(env):
    fleet = fetched_through_web(env)
    before = why(fleet.larder, "service")
    fleet.cli("doctor", "--rebuild")
    assert why(fleet.larder, "service") == before
    fleet.larder.stop()
    assert why(fleet.larder, "service") == before, "without a server it is the same"


def test_the_log_outlives_what_gc_removes(env):
    fleet = Fleet(env)
    fleet.larder.good(f"/debian/{PACKAGES}")
    digest = sum_of(fleet.larder.good(f"/debian/{fleet.archive.packages[0].pool_path}").body)
    file = stored(fleet.larder, digest)
    fleet.collect_all()
    assert not file.exists()
    one = only(why(fleet.larder, digest))
    assert not one["here"] and len(one["entries"]) == 1


# --- the answer is no, and wrong questions ---------------------------------------------------------

def test_of_what_nobody_knows_the_answer_is_no(env):
    fleet = Fleet(env)
    for what in ("0" * 64, "nonesuch", "nonesuch=1.0", "pool/n/nonesuch.deb"):
        assert why(fleet.larder, what, check=3)["objects"] == []
        assert "Nothing is known" in fleet.cli("why", what, check=3)


def test_what_is_no_question_is_wrong_usage(env):
    fleet = Fleet(env)
    for what in ("", "Upper", "a b", "hello=", "hello:=1", "../etc/passwd", "x" * 2000):
        said = fleet.larder.cli("why", what, check=2).stderr
        assert "no SHA-256" in said, said


def test_the_api_tells_the_same_to_whoever_may_read(env):
    fleet = fetched_through_web(env)
    fleet.larder.tables["token"] = [{"name": role, "role": role, "sha256": sum_of(text.encode())}
                                    for role, text in TOKENS.items()]
    fleet.larder.write_config()
    fleet.larder.restart()
    status, answer, _ = ask(fleet.larder, "/why/service", role="read")
    assert status == 200 and answer == {**why(fleet.larder, "service"), "asked": "service"}
    document = ask(fleet.larder, "/openapi.json")[1]
    conforms(answer, {"$ref": "#/components/schemas/Why"}, document)
    assert ask(fleet.larder, "/why/service", role=None)[0] == 401
    assert ask(fleet.larder, "/why/nonesuch", role="read")[0] == 404
    assert ask(fleet.larder, "/why/UPPER", role="read")[0] == 400


# --- the chain ------------------------------------------------------------------------------------

def test_verify_finds_an_entry_that_was_changed_on_the_disk(env):
    fleet = fetched_through_web(env)
    assert "fetch log is whole" in fleet.cli("audit", "verify")
    [entry] = only(why(fleet.larder, "service"))["entries"]
    fleet.larder.stop()
    file = fleet.larder.store / "db/data.mdb"
    data, url = file.read_bytes(), entry["from"][0].encode()
    assert url in data
    file.write_bytes(data.replace(url, url.replace(b"http://127", b"http://128")))
    said = fleet.larder.cli("audit", "verify", check=3).stdout
    assert f"entry {entry['number'] + 1} " in said or f"entry {entry['number']} " in said, said
    report = fleet.json("audit", "verify", check=3)
    assert report["broken"] == "" and report["broken_fetches"] and report["fetches"] is None
    assert "128" in json.dumps(urls(only(why(fleet.larder, "service")))), "what is there is told all the same"


def test_doctor_tells_of_an_entry_that_is_not_found_by_its_object_until_that_table_is_made_anew(env):
    fleet = fetched_through_web(env)
    [entry] = only(why(fleet.larder, "service"))["entries"]
    fleet.larder.stop()
    file = fleet.larder.store / "db/data.mdb"
    data = file.read_bytes()
    key = bytes.fromhex(only(why(fleet.larder, "service"))["sha256"]) + entry["number"].to_bytes(8, "big")
    assert key in data
    file.write_bytes(data.replace(key, key[:-1] + b"\xff"))
    report = fleet.json("doctor", check=1)
    [trouble] = report["deployments"]
    assert f"entry {entry['number']} is not found by its object" in trouble["what"], trouble
    assert fleet.json("doctor", "--rebuild")["whole"]
    assert only(why(fleet.larder, "service"))["entries"] == [entry]
    fleet.larder.cli("audit", "verify", check=0)


def test_a_server_that_is_killed_leaves_no_object_without_its_entry(env):
    archive = published(env, count=8)
    larder = learnt(env.larder_for(archive, env.nginx(archive.tree)))
    paths = paths_of(archive)
    for path in paths:
        digest = sum_of(larder.good(path).body)
        stored(larder, digest)
        larder.kill()
        larder.start()
        assert len(only(why(larder, digest))["entries"]) == 1, path
    larder.cli("audit", "verify", check=0)
    assert all(len(only(why(larder, f"package{n}"))["entries"]) == 1 for n in range(len(paths)))
