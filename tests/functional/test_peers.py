"""A deployment that another larder has: taken over from it and followed; and what no mirror has any more, had from a
snapshot service or a peer. Always the hash decides."""

import hashlib
import json
import shutil

from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

from support import client, debs, faults
from support.bundles import Bundle
from support.fleet import BY_HAND, RELEASE, Fleet, packages_of
from support.process import wait_for
from test_deployments import Machine

SECRET = "a-token-for-a-peer"
TOKENS = [{"name": "peer", "sha256": hashlib.sha256(SECRET.encode()).hexdigest(), "role": "read"}]
#: All of a test's servers are on loopback.
NEAR = {"private_networks": ["127.0.0.0/8"]}
OFTEN = {"follow_refresh": "100ms"}


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def leader(env, *more, **settings):
    """A larder with a token for peers, whose deployment of two generations a unit has installed."""
    fleet = Fleet(env, token=TOKENS, **settings)
    fleet.create("web", *more)
    fleet.installs(fleet.unit(), fleet.first)
    fleet.second_packages = fleet.moves_on()
    fleet.cli("deployment", "upgrade", "web")
    fleet.installs(fleet.unit(), fleet.second_packages)
    wait_for(lambda: fleet.json("deployment", "status", "web", check=None)["held"] == 4, "all of it to be held")
    return fleet


def key_of(fleet):
    file = fleet.env.folder("key") / "larder.asc"
    file.write_text(fleet.cli("key", "show"))
    return file


def token_file(env, secret=SECRET):
    file = env.folder("secret") / "peer.token"
    file.write_text(secret + "\n")
    return file


def second(fleet, **settings):
    """Another larder with the same archive."""
    settings = {"upstream": NEAR, "store": OFTEN, **settings}
    return fleet.second(**settings)


def follow(fleet, other, *more, url=None, key=None, token=None, check=0):
    key, token = key or key_of(fleet), token or token_file(fleet.env)
    return other.cli("deployment", "follow", url or fleet.larder.url, "web", "--keyring", str(key), "--token-file",
                     str(token), *more, check=check)


def report_of(other, *arguments, check=0):
    return json.loads(other.cli("deployment", *arguments, "--json", check=check).stdout)


def row_of(other):
    return report_of(other, "list")["deployments"][0]


def shown(larder, view="web"):
    return larder.good(f"/d/{view}/debian/{RELEASE}").body


def installs_from(fleet, other, expected, view="/d/web/debian"):
    fleet.installs(fleet.env.apt_for(fleet.archive, other.url + view), expected)


def opens(secret=SECRET):
    return {"Authorization": f"Bearer {secret}"}


def trusting(fleet, larder, key, expected):
    """An installation on a machine that knows the key by which a state older than a rollback's is shown."""
    unit = fleet.env.apt_for(fleet.archive, larder.url + "/d/web/debian")
    unit.set_sources([f"deb [signed-by={key}] {larder.url}/d/web/debian stable main"])
    fleet.installs(unit, expected)


# --- what a peer is given ----------------------------------------------------------------------------------


def test_objects_are_given_by_hash_to_whoever_has_a_token(env):
    fleet = leader(env)
    package = fleet.archive.packages[0]
    data = debs.deb(package).read_bytes()
    path = f"/api/v1/objects/{sha256(data)}"
    whole = fleet.larder.good(path, **opens())
    assert whole.body == data and whole.headers["etag"] == f'"{sha256(data)}"'
    served = fleet.larder.good(f"/d/web/debian/{package.pool_path}")
    assert whole.headers["last-modified"] == served.headers["last-modified"]
    part = fleet.larder.get(path, Range="bytes=100-199", **opens())
    assert (part.status, part.body) == (206, data[100:200])
    head = fleet.larder.get(path, method="HEAD", **opens())
    assert (head.status, head.headers["content-length"], head.body) == (200, str(len(data)), b"")
    # What somebody with a token was given is given to nobody else.
    for fields in ({}, opens("another"), {"Authorization": "Basic eDp5"}):
        for what in (path, "/api/v1/deployments/web/bundle-head"):
            assert fleet.larder.get(what, **fields).status == 401, (what, fields)
    assert fleet.larder.get(f"/api/v1/objects/{'0' * 64}", **opens()).status == 404
    assert fleet.larder.get("/api/v1/objects/other", **opens()).status == 400
    assert fleet.larder.get("/api/v1/deployments/none/bundle-head", **opens()).status == 404
    assert b"BEGIN PGP SIGNED MESSAGE" in fleet.larder.good("/api/v1/deployments/web/bundle-head", **opens()).body


# --- following ---------------------------------------------------------------------------------------------


def test_a_lost_machine_is_restored_from_a_peer_and_its_units_do_not_notice(env):
    fleet = leader(env)
    releases = {view: shown(fleet.larder, view) for view in ("web", "web@1", "web@2")}
    fleet.gone()
    other = second(fleet)
    report = json.loads(follow(fleet, other, "--json").stdout)
    assert (report["generations"], report["vouched"], report["unproven"], report["missing"]) == (2, [], [], [])
    assert (report["fetched"], report["fetched_bytes"]) == (report["objects"], report["bytes"])
    fleet.larder.stop()
    for view, bytes_then in releases.items():
        assert shown(other, view) == bytes_then
    installs_from(fleet, other, fleet.second_packages)
    installs_from(fleet, other, fleet.first, "/d/web@1/debian")
    assert report_of(other, "status", "web")["held"] == 4
    assert other.cli("audit", "verify", check=0)
    other.stop()
    other.cli("doctor", check=0)
    other.cli("gc", "--remove", "--grace", "0s", "--free", "1000000000", check=0)
    other.start()
    installs_from(fleet, other, fleet.second_packages)


def test_new_generations_are_followed_and_units_go_down_after_a_rollback(env):
    fleet = leader(env)
    other = second(fleet)
    follow(fleet, other)
    assert shown(other) == shown(fleet.larder)
    # Set up by the follower, with what it serves: the rollback is signed with the other's key.
    machine = Machine(SimpleNamespace(env=env, larder=other))
    machine.has("2.0")
    assert machine.plan() == {}
    fleet.cli("deployment", "rollback", "web", "--reason", "it did not start")
    wait_for(lambda: shown(other) == shown(fleet.larder), "the follower to show the rollback")
    assert machine.plan() == {"service": "1.0", "library": "1.0"}
    history = report_of(other, "history", "web")["generations"]
    assert [g["step"] for g in history] == ["create", "upgrade", "rollback"]
    assert history[-1]["reason"] == "it did not start"
    # What is new is on its way, too, and the archive is not asked for it.
    third = fleet.moves_on("3.0", hours_ago=1)
    fleet.cli("deployment", "upgrade", "web")
    key = key_of(fleet)
    trusting(fleet, fleet.larder, key, third)
    fleet.gone()
    wait_for(lambda: report_of(other, "status", "web", check=None)["held"] == 6, "the follower to hold it")
    trusting(fleet, other, key, third)


def test_who_follows_makes_no_generations_of_its_own_until_it_goes_its_own_way(env):
    fleet = leader(env)
    other = second(fleet)
    follow(fleet, other)
    row = row_of(other)
    assert row["follows"]["url"] == fleet.larder.url and row["follows"]["asked"] and not row["follows"]["trouble"]
    for step in (("upgrade", "web"), ("rollback", "web"), ("rollback", "web", "--dry-run"), ("hold", "web", "full"),
                 ("token", "web")):
        refused = other.cli("deployment", *step, check=1).stderr
        assert f"follows {fleet.larder.url}" in refused and "larder deployment unfollow web" in refused, step
    assert f"web follows {fleet.larder.url}" in other.cli("deployment", "list", check=0).stdout
    assert f"web follows {fleet.larder.url}" in other.cli("deployment", "status", "web", check=0).stdout
    assert 'larder_follow_age_seconds{deployment="web"}' in other.metrics()
    other.cli("deployment", "unfollow", "web", "--reason", "the other is sold", check=0)
    assert row_of(other)["follows"] is None
    assert report_of(other, "rollback", "web")["made"]
    assert "follows nobody" in other.cli("deployment", "unfollow", "web", check=1).stderr
    # Its own way leads nowhere back.
    assert "has generations up to 2, and generation 3 is here" in follow(fleet, other, check=1).stderr


def test_what_is_taken_over_once_is_not_followed(env):
    fleet = leader(env)
    other = second(fleet)
    follow(fleet, other, "--once")
    assert row_of(other)["follows"] is None
    assert report_of(other, "rollback", "web")["made"]


def test_a_token_is_needed_and_may_be_that_of_the_peers_table(env):
    fleet = leader(env)
    key = key_of(fleet)
    other = second(fleet, peer=[{"url": fleet.larder.url, "token_file": str(token_file(env))}])
    wrong = follow(fleet, other, key=key, token=token_file(env, "another"), check=1).stderr
    assert "it wants a token of its API with the role read" in wrong
    no_token = follow(fleet, other, key=key, token=key, check=2).stderr
    assert "has no token in it" in no_token
    other.cli("deployment", "follow", fleet.larder.url, "web", "--keyring", str(key), check=0)


def test_who_is_let_go_while_objects_come_is_followed_no_more(env):
    fleet = leader(env)
    key, tree = key_of(fleet), env.folder("peer")
    peer = env.hostile(bundle_of(fleet).as_peer(tree))
    other = second(fleet)
    follow(fleet, other, url=peer.url, key=key)
    third = fleet.moves_on("3.0", hours_ago=1)
    package = sha256(next(iter(third.values())))
    fleet.cli("deployment", "upgrade", "web")
    fleet.installs(fleet.unit(), third)
    wait_for(lambda: fleet.json("deployment", "status", "web", check=None)["held"] == 6, "all of it to be held")
    peer.rule(f"/api/v1/objects/{package}", faults.stall())
    bundle_of(fleet).as_peer(tree)
    peer.wait_count(f"/api/v1/objects/{package}", 1)
    other.cli("deployment", "unfollow", "web", check=0)
    peer.honest()
    peer.release()
    other.wait_log("took over what the peer has|what a deployment follows could not be had")
    assert row_of(other)["follows"] is None
    assert report_of(other, "history", "web")["generation"] == 2
    assert report_of(other, "rollback", "web")["made"]


def test_kill_9_in_the_midst_of_following_leaves_nothing_or_all(env):
    fleet = leader(env)
    bundle, key = bundle_of(fleet), key_of(fleet)
    peer = env.hostile(bundle.as_peer(env.folder("peer")))
    other = second(fleet)
    for name in bundle.names()[::3]:
        if (other.store / "objects" / name[:2] / name[2:]).exists():
            continue
        peer.honest()
        peer.rule(f"/api/v1/objects/{name}", faults.stall())
        asked = peer.count(f"/api/v1/objects/{name}")
        with ThreadPoolExecutor(1) as pool:
            pool.submit(follow, fleet, other, url=peer.url, key=key, check=None)
            peer.wait_count(f"/api/v1/objects/{name}", asked + 1)
            other.kill()
        other.start()
        assert report_of(other, "list")["deployments"] == []
        peer.release()
    peer.honest()
    report = json.loads(follow(fleet, other, "--json", url=peer.url, key=key).stdout)
    assert 0 < report["fetched"] < report["objects"] and report["generations"] == 2
    assert other.cli("doctor", "--no-repair", check=0)
    assert other.cli("audit", "verify", check=0)


def test_an_address_that_may_not_be_reached_is_named(env):
    fleet = leader(env)
    other = second(fleet, upstream={})
    assert "upstream.private_networks" in follow(fleet, other, check=1).stderr


def test_a_follower_serves_on_while_its_peer_is_gone_and_goes_on_when_it_is_back(env):
    fleet = leader(env)
    bundle = bundle_of(fleet)
    tree = bundle.as_peer(env.folder("peer"))
    peer = env.hostile(tree)
    other = second(fleet)
    follow(fleet, other, url=peer.url)
    peer.rule("*", faults.no_answer())
    wait_for(lambda: row_of(other)["follows"]["trouble"], "the trouble to be told")
    asked = row_of(other)["follows"]["asked"]
    fleet.gone()
    installs_from(fleet, other, fleet.second_packages)
    assert asked is not None and asked == row_of(other)["follows"]["asked"]
    peer.honest()
    wait_for(lambda: not row_of(other)["follows"]["trouble"], "the peer to be asked again")


# --- peers that lie ----------------------------------------------------------------------------------------


def bundle_of(fleet):
    file = fleet.env.folder("carried") / "web.tar.zst"
    fleet.cli("deployment", "export", "web", str(file))
    return Bundle(file, fleet)


def refuses(fleet, peer, key, *why, other=None):
    """Nothing of it is listed or served, whatever the peer says."""
    other = other or second(fleet)
    before = report_of(other, "list")
    refused = follow(fleet, other, url=peer.url, key=key, check=1).stderr
    assert any(text in refused for text in why), refused
    assert report_of(other, "list") == before
    return other


def test_a_peer_that_sends_other_bytes_is_refused_and_none_of_them_is_kept(env):
    fleet = leader(env)
    bundle, key = bundle_of(fleet), key_of(fleet)
    tree = bundle.as_peer(env.folder("peer"))
    package = sha256(next(iter(fleet.second_packages.values())))
    for fault in (faults.corrupt(0.5), faults.other_bytes(), faults.other_bytes(b"x" * 100_000), faults.length(-1),
                  faults.endless_chunked(), faults.truncate(0.5)):
        peer = env.hostile(tree)
        peer.rule(f"/api/v1/objects/{package}", fault)
        other = refuses(fleet, peer, key, "wrong bytes", "wrong length", "broke off")
        assert not list((other.store / "objects").glob(f"{package[:2]}/{package[2:]}")), fault.__name__
        peer.stop()
        other.stop()


def test_a_peer_whose_list_is_not_the_one_that_was_signed_is_refused(env):
    fleet = leader(env)
    bundle, key = bundle_of(fleet), key_of(fleet)
    tree = bundle.as_peer(env.folder("peer"))
    listed = sha256(bundle.parts()[1])
    peer = env.hostile(tree)
    peer.rule(f"/api/v1/objects/{listed}", faults.corrupt(0.5))
    refuses(fleet, peer, key, "is not the one that was signed")
    peer = env.hostile(tree)
    peer.rule(f"/api/v1/objects/{listed}", faults.endless_chunked())
    peer.rule("/api/v1/deployments/*", faults.endless_chunked())
    refuses(fleet, peer, key, "is larger than")


def test_a_head_that_its_key_has_not_signed_is_refused(env):
    fleet = leader(env)
    bundle, key = bundle_of(fleet), key_of(fleet)
    stranger = Fleet(env)
    other = refuses(fleet, env.hostile(bundle.as_peer(env.folder("peer"))), key_of(stranger), "who made the peer's")
    tree = bundle.as_peer(env.folder("peer"))
    at = tree / "api/v1/deployments/web/bundle-head"
    at.write_bytes(at.read_bytes().replace(b"Generation: 2", b"Generation: 1"))
    refuses(fleet, env.hostile(tree), key, "who made the peer's", other=other)
    # Signed, but of another deployment.
    bundle.fields["Deployment"] = "other"
    named = bundle.as_peer(env.folder("peer"))
    shutil.copytree(named / "api/v1/deployments/other", named / "api/v1/deployments/web")
    refuses(fleet, env.hostile(named), key, "it shows 'other'", other=other)


def test_a_state_that_its_archive_has_not_signed_is_refused_though_the_peer_is_trusted(env):
    fleet = leader(env)
    bundle, key = bundle_of(fleet), key_of(fleet)
    bundle.set_generation(2, bundle.manifest(2).replace(bundle.pinned(2), bundle.forged_state()))
    refuses(fleet, env.hostile(bundle.as_peer(env.folder("peer"))), key, "debian/stable")


def test_an_older_copy_of_a_peer_is_refused(env):
    fleet = leader(env)
    bundle, key = bundle_of(fleet), key_of(fleet)
    tree = bundle.as_peer(env.folder("peer"))
    peer = env.hostile(tree)
    other = second(fleet, store={"follow_refresh": "1h"})
    follow(fleet, other, url=peer.url, key=key)
    bundle.fields["Made"] = "20200101T000000Z"
    bundle.as_peer(tree)
    refuses(fleet, peer, key, "it shows what it had signed on 20200101T000000Z", other=other)
    assert shown(other) == shown(fleet.larder)


def test_a_head_of_the_future_is_refused_and_so_keeps_out_none_of_the_present(env):
    fleet = leader(env)
    bundle, key = bundle_of(fleet), key_of(fleet)
    tree = bundle.as_peer(env.folder("peer"))
    now = bundle.fields["Made"]
    peer = env.hostile(tree)
    bundle.fields["Made"] = "20990101T000000Z"
    bundle.as_peer(tree)
    other = refuses(fleet, peer, key, "signed this on 20990101T000000Z, which is yet to come")
    bundle.fields["Made"] = now
    bundle.as_peer(tree)
    follow(fleet, other, url=peer.url, key=key)


def test_what_was_interrupted_is_gone_on_with(env):
    fleet = leader(env)
    bundle, key = bundle_of(fleet), key_of(fleet)
    peer = env.hostile(bundle.as_peer(env.folder("peer")))
    package = sha256(next(iter(fleet.second_packages.values())))
    peer.rule(f"/api/v1/objects/{package}", faults.status(500))
    other = refuses(fleet, peer, key, "answered 500")
    # What was on its way when the first failure ended it comes all the same.
    wait_for(lambda: other.metrics()["larder_fetches"] == 0, "the last of it to come")
    before = other.metrics()["larder_upstream_bytes_total"]
    peer.honest()
    report = json.loads(follow(fleet, other, "--json", url=peer.url, key=key).stdout)
    assert 0 < report["fetched"] < report["objects"] and report["already_here"] > 0
    assert report["fetched"] + report["already_here"] == report["objects"]
    came = other.metrics()["larder_upstream_bytes_total"] - before
    assert report["fetched_bytes"] <= came < report["bytes"]


# --- rescue ------------------------------------------------------------------------------------------------


def service_of(fleet):
    """A snapshot service that has the archive as it was in its first state."""
    moment = fleet.json("snapshot", "list", "debian/stable")["snapshots"][0]["when"]
    tree = fleet.env.folder("snapshots")
    shutil.copytree(fleet.archive.root, tree / "archive" / moment)
    return fleet.env.nginx(tree), moment


def rescued_fleet(env, **table):
    """A larder that holds all of a state of which it has no package, and whose archive has moved on."""
    fleet = Fleet(env, store=BY_HAND, upstream=NEAR)
    fleet.create("web", "--hold", "full")
    service, moment = service_of(fleet)
    fleet.moves_on()
    return fleet, service, moment


def configure(fleet, *, snapshots=(), peers=()):
    fleet.larder.tables["archive"][0]["snapshots"] = list(snapshots)
    fleet.larder.tables["peer"] = list(peers)
    fleet.larder.write_config()
    fleet.larder.stop()
    fleet.larder.start()


def status(fleet):
    report = fleet.json("deployment", "status", "web", check=None)
    return report["held"], report["at_risk"], report["lost"]


def fetch(fleet):
    fleet.cli("deployment", "fetch", "web", check=None)
    return status(fleet)


def test_what_no_mirror_has_is_had_from_a_snapshot_service(env):
    fleet, service, moment = rescued_fleet(env)
    assert status(fleet) == (0, 2, 0)
    assert fetch(fleet) == (0, 0, 2)
    configure(fleet, snapshots=[service.url + "/archive/{when}"])
    # Nobody has asked there: it is not lost.
    assert status(fleet) == (0, 2, 0)
    assert fetch(fleet) == (2, 0, 0)
    assert service.count(f"/archive/{moment}/pool/*") == 2
    fleet.installs(fleet.unit(), fleet.first)
    assert fleet.larder.metrics()["larder_rescued_total"] == 2


def test_a_unit_gets_what_only_a_snapshot_service_has(env):
    fleet, service, moment = rescued_fleet(env)
    configure(fleet, snapshots=[service.url + "/archive/{when}"])
    # What is live is the mirrors' matter.
    for package in packages_of("1.0"):
        assert fleet.larder.get(f"/debian/{package.pool_path}").status in (404, 502)
    assert service.count("/archive/*") == 0
    fleet.installs(fleet.unit(), fleet.first)
    fleet.installs(fleet.unit(), fleet.first)
    assert service.count("/archive/*") == 2


def test_a_snapshot_service_that_has_other_bytes_is_not_believed(env):
    fleet, service, moment = rescued_fleet(env)
    for file in (service.tree / "archive" / moment / "pool").rglob("*.deb"):
        file.write_bytes(b"x" * file.stat().st_size)
    configure(fleet, snapshots=[service.url + "/archive/{when}"])
    assert fetch(fleet) == (0, 2, 0)
    unit = fleet.unit()
    unit.update().must()
    unit.install("service").must_fail("")
    assert unit.debs() == []


def test_lost_is_only_what_all_were_asked_for(env):
    fleet, service, moment = rescued_fleet(env)
    configure(fleet, snapshots=[service.url + "/archive/{when}"])
    service.stop()
    assert fetch(fleet) == (0, 2, 0)
    shutil.rmtree(service.tree / "archive" / moment)
    service.start()
    assert fetch(fleet) == (0, 0, 2)


def test_an_archive_that_does_not_answer_may_still_have_what_a_service_has_not(env):
    fleet, service, moment = rescued_fleet(env)
    configure(fleet, snapshots=[service.url + "/archive/{when}"])
    shutil.rmtree(service.tree / "archive" / moment)
    fleet.gone()
    assert fetch(fleet) == (0, 2, 0)
    assert service.count(f"/archive/{moment}/pool/*") > 0


def test_a_snapshot_service_may_redirect_only_where_the_archive_says(env):
    fleet, service, moment = rescued_fleet(env)
    front = env.hostile(env.folder("empty"))
    front.rule("*", faults.redirect(service.url + "{path}"))
    configure(fleet, snapshots=[front.url + "/archive/{when}"])
    assert fetch(fleet) == (0, 2, 0)
    fleet.larder.tables["archive"][0]["redirect_hosts"] = [service.address]
    configure(fleet, snapshots=[front.url + "/archive/{when}"])
    assert fetch(fleet) == (2, 0, 0)


def test_what_is_held_is_had_from_a_peer_by_hash_when_the_archive_is_gone(env):
    fleet = leader(env)
    other = second(fleet, store=BY_HAND, peer=[{"url": fleet.larder.url, "token_file": str(token_file(env))}])
    other.good(f"/debian/{RELEASE}")
    other.cli("deployment", "create", "own", "--suite", "debian/stable", "--hold", "full", check=0)
    fleet.gone()
    assert report_of(other, "fetch", "own")["fetched"] == 2
    installs_from(fleet, other, fleet.second_packages, "/d/own/debian")


def test_what_is_held_of_an_archive_that_is_configured_no_more_is_had_from_a_peer(env):
    fleet = leader(env)
    other = second(fleet, store=BY_HAND, peer=[{"url": fleet.larder.url, "token_file": str(token_file(env))}])
    other.good(f"/debian/{RELEASE}")
    other.cli("deployment", "create", "own", "--suite", "debian/stable", "--hold", "full", check=0)
    other.tables["archive"] = []
    other.write_config()
    other.restart()
    assert report_of(other, "status", "own", check=3)["lost"] == 2
    assert report_of(other, "fetch", "own")["held"] == 2


def test_a_unit_gets_what_only_a_peer_has(env):
    fleet = leader(env)
    other = second(fleet, store=BY_HAND, peer=[{"url": fleet.larder.url, "token_file": str(token_file(env))}])
    other.good(f"/debian/{RELEASE}")
    other.cli("deployment", "create", "own", "--suite", "debian/stable", check=0)
    fleet.gone()
    installs_from(fleet, other, fleet.second_packages, "/d/own/debian")


def test_doctor_has_what_no_archive_has_from_a_peer(env):
    fleet = leader(env)
    other = second(fleet, peer=[{"url": fleet.larder.url, "token_file": str(token_file(env))}])
    follow(fleet, other)
    fleet.gone()
    other.stop()
    head = client.get(fleet.larder.address, "/api/v1/deployments/web/bundle-head", **opens()).body.decode()
    listed = next(line.split()[1] for line in head.splitlines() if line.startswith("List: "))
    lines = fleet.larder.good(f"/api/v1/objects/{listed}", **opens()).body.decode().splitlines()
    manifest = next(line.split()[2] for line in lines if line.startswith("generation 2 "))
    package = sha256(next(iter(fleet.second_packages.values())))
    (other.store / "objects" / manifest[:2] / manifest[2:]).unlink()
    (other.store / "objects" / package[:2] / package[2:]).write_bytes(b"damaged")
    found = json.loads(other.cli("doctor", "--json", check=0).stdout)
    assert {one["object"] for one in found["refetched"]} >= {manifest, package}
    other.start()
    installs_from(fleet, other, fleet.second_packages)


def test_what_a_follower_has_lost_is_had_from_its_peer(env):
    fleet = leader(env)
    other = second(fleet, store={"follow_refresh": "1h", **BY_HAND})
    follow(fleet, other)
    fleet.gone()
    package = sha256(next(iter(fleet.second_packages.values())))
    (other.store / "objects" / package[:2] / package[2:]).unlink()
    wait_for(lambda: report_of(other, "fetch", "web", check=None)["held"] == 4, "the peer to have it")
    assert other.metrics()["larder_rescued_total"] == 1


def test_what_is_held_and_who_may_join_is_followed_and_what_units_say_here_stays(env):
    fleet = leader(env)
    fleet.cli("deployment", "token", "web")
    token = fleet.cli("deployment", "token", "web").strip()
    other = second(fleet, store={**OFTEN, **BY_HAND})
    follow(fleet, other)
    said = b"Unit: one\nlibrary all 2.0 ii \nservice all 2.0 ii \n"
    assert fleet.post("/d/web/report", said, token).status == 200
    wait_for(lambda: report_of(other, "units", "web", check=None)["units"], "the report to come along")
    assert SimpleNamespace(**row_of(other)).hold == "used"
    fleet.cli("deployment", "hold", "web", "closure")
    wait_for(lambda: row_of(other)["hold"] == "closure", "the hold mode to come along")
    there = SimpleNamespace(larder=other)
    assert Fleet.post(there, "/d/web/report", said.replace(b"2.0", b"1.0"), token).status == 200
    fleet.cli("deployment", "hold", "web", "used")
    wait_for(lambda: row_of(other)["hold"] == "used", "the next visit")
    units = report_of(other, "units", "web", check=None)["units"]
    assert [len(unit["differences"]) for unit in units] == [2]
    # The journal tells of what is new only.
    entries = json.loads(other.cli("audit", "list", "--json", check=0).stdout)["entries"]
    assert [one["what"] for one in entries] == ["deployment-follow"]


def test_a_removed_deployment_is_given_to_nobody(env):
    fleet = leader(env)
    other = second(fleet)
    follow(fleet, other)
    other.cli("deployment", "remove", "web", "--yes", check=0)
    fleet.cli("deployment", "hold", "web", "closure")
    assert "restore it first" in follow(fleet, other, check=1).stderr
    fleet.cli("deployment", "remove", "web", "--yes")
    assert fleet.larder.get("/api/v1/deployments/web/bundle-head", **opens()).status == 404
    other.cli("deployment", "restore", "web", check=0)
    wait_for(lambda: "has no deployment 'web'" in row_of(other)["follows"]["trouble"], "the trouble to be told")


def test_who_has_named_a_token_and_a_key_once_need_not_do_so_again(env):
    fleet = leader(env)
    other = second(fleet, store={"follow_refresh": "1h"})
    follow(fleet, other)
    fleet.cli("deployment", "rollback", "web")
    again = json.loads(other.cli("deployment", "follow", fleet.larder.url, "web", "--json", check=0).stdout)
    assert (again["generation"], again["generations"], again["following"]) == (3, 1, True)
    entries = json.loads(other.cli("audit", "list", "--json", check=0).stdout)["entries"]
    assert [(one["what"], one["subject"]) for one in entries] == [("deployment-follow", "web@2"),
                                                                  ("deployment-follow", "web@3")]
