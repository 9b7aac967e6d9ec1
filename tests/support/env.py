"""What a test gets: everything it starts is stopped, everything it writes is removed, in reverse order."""

import itertools
import os
import shutil
import tempfile
from pathlib import Path

from support import debs, keys, larder, places
from support.apt import AptRoot
from support.archive import Archive
from support.certificates import Authority
from support.hostile import Hostile
from support.nginx import Nginx
from support.proxy import Proxy


class Skip(Exception):
    """The machine lacks what the test is about."""


class Env:
    def __init__(self):
        self.tmp = Path(tempfile.mkdtemp(prefix="larder-test-"))
        self.tmp.chmod(0o755)  # apt's and nginx's other users may look in
        self.undo = [lambda: shutil.rmtree(self.tmp, ignore_errors=True)]
        self.numbers = itertools.count(1)
        self.servers = []
        self.keys_ = None

    def close(self):
        while self.undo:
            self.undo.pop()()

    def folder(self, name):
        path = self.tmp / f"{name}{next(self.numbers)}"
        path.mkdir()
        return path

    @staticmethod
    def skip_unless_root():
        if os.geteuid() != 0:
            raise Skip("needs root")

    @property
    def long(self):
        return os.environ.get("LARDER_LONG") == "1"

    # --- keys and archives -------------------------------------------------------------------------

    @property
    def keys(self):
        if not self.keys_:
            self.keys_ = keys.Keys()
            self.undo.append(self.keys_.close)
        return self.keys_

    def key(self, name="archive", **more):
        return self.keys.make(name, **more)

    def keyring(self, *some):
        path = self.tmp / f"keyring{next(self.numbers)}.gpg"
        path.write_bytes(b"".join(key.public() for key in some))
        return path

    def archive(self, *packages, key=None, name="debian", **more):
        """An archive at <its tree>/<name>, and the keyring that trusts it. Not published yet."""
        key = key or self.key(f"signer{next(self.numbers)}")
        made = Archive(self.folder("tree") / name, key, **more)
        made.tree, made.keyring = made.root.parent, self.keyring(key)
        if packages:
            made.add(*packages)
        return made

    def authority(self):
        """Who issues certificates that only those trust who are told to."""
        return Authority(self.folder("authority"))

    def slice(self):
        return places.the_slice()

    # --- servers -----------------------------------------------------------------------------------

    def nginx(self, tree, **more):
        made = Nginx(tree, self.folder("nginx"), **more)
        self.undo.append(made.stop)
        return made

    def hostile(self, tree, **more):
        made = Hostile(tree, **more)
        self.undo.append(made.stop)
        return made

    def proxy(self, routes=None):
        made = Proxy(routes)
        self.undo.append(made.stop)
        return made

    def larder(self, *archives, start=True, **settings):
        work = self.folder("larder")
        made = larder.Larder(work, list(archives), start=False, **settings)
        self.undo.append(made.stop)
        self.servers.append(made)
        if start:
            made.start()
        return made

    def larder_for(self, archive, *upstreams, table=None, **settings):
        """A larder with one archive, "debian", from these servers."""
        urls = [f"{u.url}/debian" for u in upstreams]
        return self.larder(larder.archive_table("debian", urls, archive.keyring, **(table or {})), **settings)

    # --- clients -----------------------------------------------------------------------------------

    def apt(self, sources, keyring, **more):
        return AptRoot(self.folder("apt"), sources, keyring, **more)

    def apt_for(self, archive, url, suite="stable", components="main", **more):
        return self.apt([f"deb KEY {url} {suite} {components}"], archive.keyring, **more)

    def report(self):
        """What a person wants to see after a failure."""
        return "".join(f"--- larder: {server.state()}; its log: ---\n{server.log()[-6000:]}\n" for server in self.servers)


Package = debs.Package
