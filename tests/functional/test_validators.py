"""Dates as validators: never a reason to keep what is old (RFC 9110, section 8.8.2.2)."""

import os
import time

from support.env import Package
from support.process import wait_for


def moved_on(difference):
    def test(env):
        archive = env.archive(Package("alpha", size=5000))
        at = int(time.time()) - 7200
        archive.publish("stable", date=at)
        path = "/debian/dists/stable/main/binary-amd64/Packages"
        larder = env.larder_for(archive, env.nginx(archive.tree, extra="if_modified_since off;"))
        first, index = larder.good("/debian/dists/stable/InRelease"), larder.good(path)
        archive.add(Package("beta", size=5000))
        archive.publish("stable", date=at + 3600)
        for file in (archive.root / "dists/stable").rglob("Packages*"):
            os.utime(file, (at + difference, at + difference))
        for file in (archive.root / "dists/stable").rglob("by-hash/*/*"):
            os.utime(file, (at + difference, at + difference))
        wait_for(lambda: larder.get("/debian/dists/stable/InRelease").body != first.body, "the new state to be served")
        again = larder.get(path, If_Modified_Since=index.headers["last-modified"])
        assert again.ok and again.body != index.body, again
    return test


test_an_index_of_a_new_state_with_the_same_time_is_not_304 = moved_on(0)
test_an_index_of_a_new_state_with_an_older_time_is_not_304 = moved_on(-3600)


def test_a_new_state_with_the_modification_time_of_the_one_before_it_is_taken(env):
    """Published twice within a second: upstream says 304 to who asks by the date."""
    archive = env.archive(Package("alpha"))
    now = int(time.time())
    archive.publish("stable", date=now - 20)
    larder = env.larder_for(archive, env.nginx(archive.tree))
    first = larder.good("/debian/dists/stable/InRelease").body
    archive.add(Package("beta"))
    archive.publish("stable", date=now - 10)
    release = archive.root / "dists/stable/InRelease"
    os.utime(release, (now - 20, now - 20))
    wait_for(lambda: larder.good("/debian/dists/stable/InRelease").body == release.read_bytes() != first,
             "the new state to be served")
