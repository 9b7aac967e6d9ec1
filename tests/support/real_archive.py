"""Real packages in an archive of the test's own: an older and a newer set of the same ones, signed with a test key.

The slice (tests/slice) has of many packages several versions, each with the stanza that its archive wrote.
"""

import hashlib
import lzma
import os
import subprocess

from support.apt import native_arch
from support.archive import Archive


class Real:
    """A package of the slice: its stanza as published, and its file."""

    def __init__(self, stanza, file):
        fields = dict(line.split(": ", 1) for line in stanza.splitlines() if ": " in line and line[0] != " ")
        self.name, self.version, self.arch = fields["Package"], fields["Version"], fields["Architecture"]
        self.path, self.sha256, self.stanza, self.file = fields["Filename"], fields["SHA256"], stanza, file

    @property
    def size(self):
        return self.file.stat().st_size


def newer(a, b):
    return subprocess.run(["dpkg", "--compare-versions", a.version, "gt", b.version]).returncode == 0


def sha256(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def packages_of(piece):
    """All packages of the slice of which the file is there, each version once."""
    files = {sha256(path): path for path in piece.tree.rglob("*.deb")}
    found = {}
    for index in piece.tree.rglob("Packages.xz"):
        if f"binary-{native_arch()}" not in str(index):
            continue
        for stanza in lzma.decompress(index.read_bytes()).decode().split("\n\n"):
            digest = stanza.partition("\nSHA256: ")[2][:64]
            if digest in files and digest not in found:
                found[digest] = Real(stanza.strip() + "\n", files[digest])
    return list(found.values())


def older_and_newer(piece):
    """Two whole sets of the same names: of each package the lowest version that is here, and the highest."""
    lowest, highest = {}, {}
    for one in packages_of(piece):
        key = one.name
        if key not in lowest or newer(lowest[key], one):
            lowest[key] = one
        if key not in highest or newer(one, highest[key]):
            highest[key] = one
    return list(lowest.values()), list(highest.values())


class RealArchive(Archive):
    """Has the packages of one set at a time; the files of the former go."""

    def have(self, packages):
        wanted = {p.path for p in packages}
        for old in self.packages:
            if old.path not in wanted:
                (self.root / old.path).unlink(missing_ok=True)
        for one in packages:
            target = self.root / one.path
            target.parent.mkdir(parents=True, exist_ok=True)
            if not target.exists():
                os.symlink(one.file, target)
        self.packages = list(packages)

    def packages_index(self, component, arch, udeb=False, with_all=True):
        chosen = sorted((p for p in self.packages if p.arch in (arch, "all")), key=lambda p: (p.name, p.version))
        return "\n".join(p.stanza for p in chosen).encode()
