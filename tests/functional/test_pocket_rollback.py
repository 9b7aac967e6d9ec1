"""A pocket goes back, and clients that have seen more follow: of a suite of any kind, whatever way they fetch indices."""

from pocket_ground import SUITE, Cloud, field, moment
from test_clock import DAY, by_clock
from support import debs
from support.debs import Package
from support.larder import archive_table
from support.process import wait_for

OLD, NEW, ADDED = Package("tool", "1.0"), Package("tool", "2.0"), Package("added")
SLASH = "bookworm-updates/folsom"


def goes_back(env, suite, *options, **client):
    cloud = Cloud(env)
    cloud.pocket(suite)
    cloud.include(suite, OLD)
    apt = cloud.client(suite, **client)
    apt.update(*options).must()
    cloud.include(suite, NEW, ADDED)
    apt.update(*options).must()
    assert (apt.versions("tool"), apt.versions("added")) == (["2.0"], ["1.0"])
    before = cloud.release(suite)
    cloud.job("pocket_rollback", pocket=cloud.name(suite), reason="2.0 loses mail")
    assert moment(field(cloud.release(suite), "Date")) > moment(field(before, "Date"))
    apt.update(*options).must()
    assert (apt.versions("tool"), apt.versions("added")) == (["1.0"], [])
    apt.install("tool").must()
    assert (apt.root / "var/cache/apt/archives/tool_1.0_all.deb").read_bytes() == debs.deb(OLD).read_bytes()
    # And forth again: back to the publication before the rollback.
    cloud.job("pocket_rollback", pocket=cloud.name(suite), to=3, reason="it was something else")
    apt.update(*options).must()
    assert (apt.versions("tool"), apt.versions("added")) == (["2.0"], ["1.0"])
    assert [p["step"] for p in cloud.history(suite)] == ["rollback", "rollback", "include", "include", "create"]
    return cloud


def gone_back_to(cloud, suite=SUITE):
    return cloud.job("pocket_rollback", pocket=cloud.name(suite))["publication"]["origin"]


def test_a_second_rollback_goes_further_back(env):
    cloud = Cloud(env)
    cloud.pocket(SUITE)
    for version in ("1.0", "2.0", "3.0"):
        cloud.include(SUITE, Package("tool", version))
    assert (gone_back_to(cloud), gone_back_to(cloud)) == (3, 2)
    # What came after a rollback is taken back first, and then again what stood before that.
    cloud.include(SUITE, Package("tool", "4.0"))
    assert gone_back_to(cloud) == 6
    assert gone_back_to(cloud) == 1


def test_a_rollback_passes_over_what_larder_published_by_itself(env):
    clock = env.folder("clock") / "offset"
    clock.write_text("0\n")
    cloud = Cloud(env)
    cloud.larder.stop()
    started = by_clock(clock)
    cloud.larder.start(**started)
    cloud.pocket(SUITE, valid_for_seconds=7 * DAY)
    cloud.include(SUITE, OLD)
    cloud.include(SUITE, NEW)
    cloud.job("key_package", archive=cloud.archive)
    cloud.job("pocket_change", pocket=cloud.name(SUITE), description="of one's own")
    before = field(cloud.release(SUITE), "Valid-Until")
    cloud.larder.stop()
    clock.write_text(f"{5 * DAY}\n")
    cloud.larder.start(**started)
    wait_for(lambda: field(cloud.release(SUITE), "Valid-Until") != before, "it to be published again")
    assert [p["step"] for p in cloud.history(SUITE)] == ["refresh", "change", "keyring", "include", "include", "create"]
    assert (gone_back_to(cloud), gone_back_to(cloud)) == (2, 1)
    # With the keys of now, though there were none in what it went back to.
    steps = [p["step"] for p in cloud.history(SUITE)]
    assert steps[:4] == ["keyring", "rollback", "keyring", "rollback"], steps
    assert b"Package: cloud-keyring\n" in cloud.get(SUITE, "main/binary-amd64/Packages").body


def test_a_rollback_passes_over_changes_of_no_package(env):
    cloud = Cloud(env)
    cloud.pocket(SUITE)
    cloud.include(SUITE, OLD)
    cloud.include(SUITE, NEW)
    # Other forms, and an index that lists nothing.
    cloud.job("pocket_change", pocket=cloud.name(SUITE), xz=True)
    cloud.job("pocket_change", pocket=cloud.name(SUITE), more_architectures=["arm64"])
    assert gone_back_to(cloud) == 2
    apt = cloud.client(SUITE)
    apt.update().must()
    assert apt.versions("tool") == ["1.0"]
    told = cloud.job("pocket_rollback", pocket=cloud.name(SUITE), to=2)
    assert not told["made"], told


def test_machines_are_not_held_at_a_former_keyring(env):
    cloud = Cloud(env)
    cloud.pocket(SUITE)
    cloud.job("key_package", archive=cloud.archive)
    cloud.include(SUITE, OLD)
    cloud.include(SUITE, NEW)
    cloud.job("key_rotate", archive=cloud.archive)
    told = cloud.job("pocket_rollback", pocket=cloud.name(SUITE), preferences=True)
    assert told["publication"]["origin"] == 3
    assert told["preferences"] == "Package: tool\nPin: version 1.0\nPin-Priority: 1001\n", told["preferences"]


def test_a_client_that_asks_by_hash_follows(env):
    goes_back(env, SUITE)


def test_a_client_that_asks_by_name_follows(env):
    goes_back(env, SUITE, "Acquire::By-Hash=no")


def test_a_client_that_takes_zstd_follows(env):
    goes_back(env, SUITE, "Acquire::CompressionTypes::Order::=zst")


def test_a_client_of_a_suite_with_a_slash_follows(env):
    goes_back(env, SLASH)


def test_a_client_of_a_suite_with_a_slash_that_asks_by_name_follows(env):
    goes_back(env, SLASH, "Acquire::By-Hash=no")


def test_a_client_follows_through_a_larder_that_mirrors_the_pocket(env):
    """Two machines: the second has the pocket as an upstream like any other."""
    cloud = Cloud(env)
    cloud.pocket(SUITE)
    cloud.include(SUITE, OLD)
    cloud.include(SUITE, NEW)
    table = archive_table("mirror", f"{cloud.larder.url}/{cloud.archive}", cloud.keyring(), [SUITE])
    mirror = env.larder(table)
    apt = cloud.client(SUITE, url=f"{mirror.url}/mirror")
    apt.update().must()
    assert apt.versions("tool") == ["2.0"]
    cloud.job("pocket_rollback", pocket=cloud.name(SUITE))
    wanted = cloud.get(SUITE, "InRelease").body
    wait_for(lambda: mirror.good(f"/mirror/dists/{SUITE}/InRelease").body == wanted, "the state gone back to")
    apt.update().must()
    assert apt.versions("tool") == ["1.0"]
    apt.install("tool").must()


def test_one_goes_back_to_nothing_and_clients_follow(env):
    cloud = Cloud(env)
    cloud.pocket(SUITE)
    cloud.include(SUITE, OLD, debs.source("service", "2.0")[0])
    apt = cloud.client(SUITE)
    apt.update().must()
    cloud.job("pocket_rollback", pocket=cloud.name(SUITE))
    apt.update().must()
    assert apt.versions("tool") == []
    apt.source("--download-only", "service").must_fail("Unable to find a source package|You must put some")
