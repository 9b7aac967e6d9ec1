"""Compressions of an index that the Release lists and upstream lacks: apt takes the next, and so does larder."""

import time

from support.env import Package
from support.process import wait_for


def lacking_xz(env, **more):
    archive = env.archive(*(Package(f"package{n}") for n in range(60)))   # so that .xz is the smallest
    archive.publish("stable", leave_out=("main/binary-amd64/Packages.xz",))
    upstream = env.nginx(archive.tree)
    return archive, upstream, env.larder_for(archive, upstream, **more)


def test_a_package_is_found_when_upstream_lacks_the_smallest_compression_of_its_index(env):
    archive, upstream, larder = lacking_xz(env)
    path = archive.packages[0].pool_path
    assert larder.good(f"/debian/{path}").body == (archive.root / path).read_bytes()
    assert upstream.count("*/Packages.xz") == 1, upstream.requests()


def test_apt_installs_when_upstream_lacks_the_smallest_compression_of_a_configured_index(env):
    archive, upstream, larder = lacking_xz(env, table={"components": ["main"], "architectures": ["amd64"]})
    apt = env.apt_for(archive, f"{larder.url}/debian")
    apt.update().must()
    apt.install("package0").must()


def test_a_new_state_is_taken_whose_compressions_are_fewer_than_the_former_ones(env):
    archive = env.archive(Package("alpha"))
    archive.publish("stable", date=time.time() - 7200)
    upstream = env.nginx(archive.tree)
    larder = env.larder_for(archive, upstream)
    apt = env.apt_for(archive, f"{larder.url}/debian")
    apt.update().must()
    archive.add(Package("beta"))
    for old in archive.root.rglob("Packages.xz"):
        old.unlink()
    archive.publish("stable", leave_out=("main/binary-amd64/Packages.xz",))
    env.apt_for(archive, f"{upstream.url}/debian").update().must()   # as without a larder between
    new = (archive.root / "dists/stable/InRelease").read_bytes()
    wait_for(lambda: larder.get("/debian/dists/stable/InRelease").body == new, "the new state to be served")
