"""The same packages make the same bytes, in whatever order and however many at a time they come."""

import json
import random

from pocket_ground import SUITE, Cloud, Wordy, listed
from support import debs
from support.debs import Package

PACKAGES = [Wordy(f"wordy{n}", arch=("all", "amd64")[n % 2]) for n in range(10)] + \
    [Package(f"tool{n}", f"{n}.0", arch=("all", "amd64")[n % 2]) for n in range(12)]
SOURCES = [debs.source(name, "2.0")[0] for name in ("alpha", "beta", "gamma")]
FORMER = [Package("tool3", "0.9"), Package("tool4", "3.9"), Package("leaves")]


def batches(things, chance):
    things = list(things)
    chance.shuffle(things)
    while things:
        size = chance.randint(1, 9)
        yield things[:size]
        things = things[size:]


def indices(cloud):
    """Every index that the Release lists, in each of its forms."""
    text = cloud.release(SUITE)
    return {path: cloud.get(SUITE, path).body for path in listed(text)}


def difference(cloud):
    """What the pocket has more than at its beginning; without what differs from store to store: ids and dates."""
    said = cloud.job("pocket_diff", pocket=cloud.name(SUITE), before=1)
    assert len(said["packages"]) == len(PACKAGES) + len(SOURCES), (said.keys(), len(said["packages"]), said["packages"][:2], said["packages"][-2:])
    return json.dumps({name: value for name, value in said.items() if name not in ("before", "after", "from", "to")})


def built(env, seed):
    """A pocket of a store of its own, by a way that hangs on the seed."""
    chance = random.Random(seed)
    cloud = Cloud(env)
    cloud.pocket(SUITE)
    if seed % 2:  # some are there in another version first, or go again
        cloud.include(SUITE, *FORMER)
    for batch in batches(PACKAGES + SOURCES, chance):
        cloud.include(SUITE, *batch)
    if seed % 2:
        cloud.job("pocket_remove", pocket=cloud.name(SUITE), packages=["leaves"])
    return cloud


def test_the_same_packages_make_the_same_indices_and_the_same_diff_whatever_their_order(env):
    first = built(env, 0)
    wanted, told = indices(first), difference(first)
    assert wanted["main/binary-amd64/Packages"].count(b"\nVersion: ") == len(PACKAGES) and len(wanted) >= 6
    first.larder.stop()
    for seed in range(1, 6):
        other = built(env, seed)
        have = indices(other)
        assert have.keys() == wanted.keys(), seed
        for path, body in have.items():
            assert body == wanted[path], f"{path} is other bytes by way {seed}"
        assert difference(other) == told, seed
        other.larder.stop()


def test_one_that_is_promoted_is_the_same_bytes_as_the_one_it_is_of(env):
    cloud = Cloud(env)
    cloud.pocket("released")
    cloud.pocket(SUITE, feeds="released")
    for batch in batches(PACKAGES + SOURCES, random.Random(7)):
        cloud.include(SUITE, *batch)
    pocket = cloud.name(SUITE)
    for name in ("tool3", "wordy5", "alpha"):
        cloud.job("pocket_promote", pocket=pocket, only=[name], reason="first")
    cloud.job("pocket_promote", pocket=pocket, reason="the rest")
    for path, body in indices(cloud).items():
        assert cloud.get("released", path).body == body, path
