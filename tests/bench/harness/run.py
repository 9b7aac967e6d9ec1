"""What a line is given to work with, and the list of lines."""

import http.client
import time
from contextlib import contextmanager

from . import archive, servers
from .load import load
from .places import Broken

LINES = {}


def line(name, self_check=False):
    """Registers a line. `self_check`: it also makes sense with nginx in Larder's place."""
    def register(function):
        LINES[name] = (function, self_check)
        return function
    return register


class Run:
    def __init__(self, short, self_check):
        self.short, self.self_check = short, self_check
        self.repeat = 3 if short else 5
        self._archive = None

    def pick(self, full, short):
        return short if self.short else full

    @property
    def archive(self):
        self._archive = self._archive or archive.build()
        return self._archive

    def alternate(self, **measure):
        """Calls the measures in turn, A B A B …, so that a slow moment of the machine hits all alike."""
        samples = {name: [] for name in measure}
        for _ in range(self.repeat):
            for name, once in measure.items():
                samples[name].append(once())
        return samples

    @contextmanager
    def larder(self, upstream, name="larder"):
        """Larder in front of the test archive, with an empty store that knows the archive's index."""
        if self.self_check:
            with servers.nginx(self.archive.tree, name) as server:
                yield server
            return
        a = self.archive
        entry = servers.archive_toml("bench", f"http://{upstream}{a.prefix}", ["stable"], a.keyring)
        with servers.larder([entry], name) as server:
            self.learn(server)
            yield server

    def learn(self, server):
        """Asks as an apt would until the index is known, which a first package shows."""
        a = self.archive
        asked = [f"{a.prefix}/dists/stable/InRelease", f"{a.prefix}/dists/stable/main/binary-amd64/Packages.xz",
                 a.paths("4k")[0]]
        deadline = time.monotonic() + 30
        while any((failed := (path, get(server.port, path)))[1] != 200 for path in asked):
            if time.monotonic() > deadline:
                raise Broken(f"larder answers {failed[1]} to {failed[0]} for 30 s: {server.last_words()}")
            time.sleep(0.05)

    def warm(self, address, kind, **options):
        """Fetches every file of that size once, and checks the bytes of the first."""
        paths = self.archive.paths(kind)
        load(address, paths, requests=len(paths), size=self.archive.size(kind),
             sha256=self.archive.sha256(paths[0]), **options)
        return paths


def get(port, path):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()
