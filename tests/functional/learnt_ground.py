"""A published archive and a larder that has learnt its indices: from there on only packages are asked for."""

from support.env import Package

INRELEASE = "/debian/dists/stable/InRelease"
INDEX = "/debian/dists/stable/main/binary-amd64/Packages"
POOL = "/debian/pool/*"
RARELY = {"refresh": "1h"}                # what is asked of upstream is then only what a test asks for
PATIENT = {"inactivity_timeout": "60s"}   # the test decides when a stall ends


def published(env, count=1, size=5000):
    archive = env.archive(*(Package(f"package{n}", size=size) for n in range(count)))
    archive.publish("stable")
    return archive


def paths_of(archive):
    return ["/debian/" + package.pool_path for package in archive.packages]


def file_of(archive, path):
    return (archive.tree / path.lstrip("/")).read_bytes()


def learnt(larder):
    larder.good(INRELEASE)
    larder.good(INDEX)
    return larder


def ground(env, count=1, size=5000, server=None, upstream=None, kind="hostile"):
    """(archive, upstream, larder, paths of packages that no client has asked for)."""
    archive = published(env, count, size)
    there = getattr(env, kind)(archive.tree)
    larder = learnt(env.larder_for(archive, there, server=server or {}, upstream=upstream or {}))
    return archive, there, larder, paths_of(archive)


def gets_all(larder, archive, paths=None):
    for path in paths or paths_of(archive):
        assert larder.good(path, timeout=60).body == file_of(archive, path), path
