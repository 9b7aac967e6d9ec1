"""Machines that follow a deployment of a small archive, which can move on, and go away."""

import json
import time

from . import debs, faults
from .debs import Package
from .larder import archive_table
from .process import wait_for

HOUR = 3600
RELEASE = "dists/stable/InRelease"
PACKAGES = "dists/stable/main/binary-amd64/Packages.xz"


def moment(seconds):
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(seconds))


def packages_of(version, marker=None):
    return [Package("service", version, depends=f"library (= {version})", size=30_000, marker=marker),
            Package("library", version, size=20_000, marker=marker)]


#: Nothing is brought unless somebody asks for it.
BY_HAND = {"fetch_held": False}


class Fleet:
    """An archive with a service and what it needs, and a larder; the archive can move on, and go away."""

    def __init__(self, env, **settings):
        self.env, self.now = env, int(time.time())
        self.archive = env.archive()
        self.first = self.publish("1.0", hours_ago=5)
        self.upstream = env.hostile(self.archive.tree)
        table = archive_table("debian", f"{self.upstream.url}/debian", self.archive.keyring, architectures=["amd64"],
                              components=["main"])
        self.larder = env.larder(table, **settings)
        self.larder.good(f"/debian/{RELEASE}")

    def publish(self, version, hours_ago, marker=None):
        """Nothing of the former versions is left in it; returns the bytes of its packages, by name."""
        packages = packages_of(version, marker)
        for old in self.archive.packages:
            (self.archive.root / old.pool_path).unlink(missing_ok=True)
        self.archive.packages = []
        self.archive.add(*packages)
        self.archive.publish("stable", date=self.now - hours_ago * HOUR, by_hash=False)
        return {f"{p.name}_{p.version}_{p.arch}.deb": debs.deb(p).read_bytes() for p in packages}

    def moves_on(self, version="2.0", hours_ago=2, **more):
        new = self.publish(version, hours_ago, **more)
        here = (self.archive.root / RELEASE).read_bytes()
        wait_for(lambda: self.larder.good(f"/debian/{RELEASE}").body == here, "the new state to be served")
        return new

    def gone(self):
        self.upstream.down = True
        self.upstream.rule("*", faults.no_answer())

    def cli(self, *arguments, check=0):
        return self.larder.cli(*arguments, check=check).stdout

    def json(self, *arguments, check=0):
        return json.loads(self.cli(*arguments, "--json", check=check))

    def create(self, name="web", *more, suite="debian/stable"):
        return self.json("deployment", "create", name, "--suite", suite, *more)

    def unit(self, view="/d/web/debian", **more):
        return self.env.apt_for(self.archive, self.larder.url + view, **more)

    def installs(self, unit, expected, package="service"):
        """What the real apt takes for an installation, byte for byte."""
        unit.update().must()
        unit.install(package).must()
        got = {name: (unit.root / "var/cache/apt/archives" / name).read_bytes() for name in unit.debs()}
        assert got == expected, (sorted(got), sorted(expected))

    def post(self, path, body, secret=""):
        """An answer to a body that is posted, as a unit posts its report."""
        with self.larder.connection() as connection:
            head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n"
            connection.send((head + (f"Authorization: Bearer {secret}\r\n" if secret else "") + "\r\n").encode() + body)
            return connection.read()

    def second(self, **settings):
        """Another larder with the same archive, that knows nothing of the first."""
        return self.env.larder(archive_table("debian", f"{self.upstream.url}/debian", self.archive.keyring,
                                             architectures=["amd64"], components=["main"]), **settings)

    def collect_all(self):
        """Everything that nothing keeps goes."""
        self.larder.stop()
        self.larder.cli("gc", "--remove", "--grace", "0s", "--free", "1000000000", check=0)
        self.larder.start()
