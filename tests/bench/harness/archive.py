"""The archive that is served: a real signed one, whose packages are random bytes of exact sizes.

Larder checks a package's hash, not its format, so nothing else is needed of a .deb here.
"""

import hashlib
import lzma
import os
import shutil
import subprocess
import time
from contextlib import contextmanager
from email.utils import formatdate

from .places import Broken, folder

KIB, MIB = 1024, 1024 * 1024
# How many files of each size. Several of each, so that no server lives off a single hot entry.
FILES = {"4k": (4 * KIB, 200), "100k": (100 * KIB, 50), "64m": (64 * MIB, 5)}
VERSION = "1"  # of this layout: another one makes the archive anew


class Archive:
    def __init__(self, tree):
        self.tree = tree
        self.keyring = tree.parent / "keyring.gpg"
        self.prefix = "/bench"  # the archive's name, and its folder below the tree

    def paths(self, kind):
        return [f"{self.prefix}/pool/{kind}/{kind}-{i}_1_all.deb" for i in range(FILES[kind][1])]

    def size(self, kind):
        return FILES[kind][0]

    def sha256(self, path):
        return hashlib.sha256((self.tree / path.lstrip("/")).read_bytes()).hexdigest()


def build():
    """The archive, made when it is not there yet."""
    top = folder("archive")
    tree, stamp = top / "tree", top / "stamp"
    if not stamp.exists() or stamp.read_text() != VERSION:
        shutil.rmtree(top)
        folder("archive")
        write_tree(tree)
        stamp.write_text(VERSION)
    return Archive(tree)


def write_tree(tree):
    stanzas = []
    for kind, (size, count) in FILES.items():
        pool = tree / "bench" / "pool" / kind
        pool.mkdir(parents=True)
        for i in range(count):
            data = os.urandom(size)
            name = f"{kind}-{i}_1_all.deb"
            (pool / name).write_bytes(data)
            stanzas.append(f"Package: {kind}-{i}\nVersion: 1\nArchitecture: all\nMaintainer: none\n"
                           f"Filename: pool/{kind}/{name}\nSize: {size}\n"
                           f"SHA256: {hashlib.sha256(data).hexdigest()}\nDescription: random bytes\n")
    suite = tree / "bench" / "dists" / "stable"
    packages = "\n".join(stanzas).encode() + b"\n"
    indices = {"main/binary-amd64/Packages": packages, "main/binary-amd64/Packages.xz": lzma.compress(packages)}
    for path, data in indices.items():
        (suite / path).parent.mkdir(parents=True, exist_ok=True)
        (suite / path).write_bytes(data)
    with signer(tree.parent) as sign:
        sign(suite / "InRelease", release(indices))


def release(indices, suite="stable", age=60):
    """`age`: how many seconds ago it was made."""
    hashes = "".join(f" {hashlib.sha256(d).hexdigest()} {len(d)} {p}\n" for p, d in indices.items())
    date = formatdate(time.time() - age, usegmt=True)
    return (f"Origin: bench\nSuite: {suite}\nCodename: {suite}\nDate: {date}\n"
            f"Architectures: amd64\nComponents: main\nSHA256:\n{hashes}")


@contextmanager
def signer(top):
    """Signs with a key made for it, which is left in keyring.gpg."""
    home = top / "gnupg"
    home.mkdir(mode=0o700)

    def gpg(*arguments, stdin=None):
        done = subprocess.run(["gpg", "--homedir", str(home), "--batch", "--yes", "--pinentry-mode", "loopback",
                               "--passphrase", "", *arguments], input=stdin, capture_output=True)
        if done.returncode:
            raise Broken(f"gpg {arguments[0]}: {done.stderr.decode(errors='replace').strip()}")

    try:
        gpg("--quick-gen-key", "bench archive <bench@archive.example>", "ed25519", "sign", "never")
        gpg("--export", "-o", str(top / "keyring.gpg"))
        yield lambda path, text: gpg("--clearsign", "--digest-algo", "SHA512", "-o", str(path), stdin=text.encode())
    finally:
        subprocess.run(["gpgconf", "--homedir", str(home), "--kill", "all"], capture_output=True)
        shutil.rmtree(home, ignore_errors=True)
