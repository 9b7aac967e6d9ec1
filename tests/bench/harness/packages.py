"""Small packages with what real ones say of themselves: names, versions and relations of a real index, and nothing in
them."""

import gzip
import io
import json
import os
import shutil
import tarfile

from .lines_store import lists_of_apt
from .places import folder

VERSION = "2"  # of what is made here
# What an archive says of a package, not the package of itself; and its source: whoever promotes one of a source's
# packages promotes all, and each is one here.
LEFT_OUT = {"filename", "size", "md5sum", "sha1", "sha256", "sha512", "description-md5", "tag", "source"}


def fields_of(stanza):
    """Name and text of each field, folded lines with it."""
    found = []
    for one in stanza.split("\n"):
        if one[:1] in (" ", "\t"):
            found[-1][1] += "\n" + one
        elif one:
            found.append([one.split(":", 1)[0], one])
    return found


def control_of(stanza, **instead):
    own = {name.lower(): value for name, value in instead.items()}
    lines = [f"{name}: {own[name.lower()]}" if name.lower() in own else text
             for name, text in fields_of(stanza) if name.lower() not in LEFT_OUT]
    return "\n".join(lines) + "\n"


def name_of(stanza, field="package"):
    return next(text.split(": ", 1)[1] for name, text in fields_of(stanza) if name.lower() == field)


def write_deb(path, control):
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w", format=tarfile.GNU_FORMAT) as out:
        one = tarfile.TarInfo("./control")
        one.size = len(control.encode())
        out.addfile(one, io.BytesIO(control.encode()))
    members = [("debian-binary", b"2.0\n"), ("control.tar.gz", gzip.compress(tar.getvalue(), 1, mtime=0)),
               ("data.tar.gz", NOTHING)]
    with open(path, "wb") as out:
        out.write(b"!<arch>\n")
        for name, data in members:
            out.write(f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(data):<10}`\n".encode() + data + b"\n"[:len(data) % 2])


def empty_tar():
    tar = io.BytesIO()
    tarfile.open(fileobj=tar, mode="w", format=tarfile.GNU_FORMAT).close()
    return gzip.compress(tar.getvalue(), 1, mtime=0)


NOTHING = empty_tar()


def file_name(stanza, version=None):
    version = (version or name_of(stanza, "version")).split(":", 1)[-1]
    return f"{name_of(stanza)}_{version}_{name_of(stanza, 'architecture')}.deb"


class Packages:
    """`files`: of all packages, in the index's order. newer(n): n of them in a newer version."""

    def __init__(self, top):
        self.top = top
        self.files = [str(top / "debs" / name) for name in json.loads((top / "stamp").read_text())["names"]]
        self._stanzas = None

    def newer(self, count, mark):
        stanzas = self._stanzas = self._stanzas or stanzas_of_apt()
        made = []
        os.makedirs(self.top / "newer", exist_ok=True)
        for i in range(count):
            stanza = stanzas[(2 * i + 1) * len(stanzas) // (2 * count)]
            version = f"{name_of(stanza, 'version')}+{mark}"
            path = self.top / "newer" / file_name(stanza, version)
            write_deb(path, control_of(stanza, version=version))
            made.append(str(path))
        return made


def stanzas_of_apt():
    text = max(lists_of_apt(), key=len).decode()
    newest = {}
    for stanza in text.split("\n\n"):
        if stanza.strip():
            newest.setdefault(name_of(stanza.strip("\n")), stanza.strip("\n"))  # of a name one, as pockets have it
    return list(newest.values())


def build():
    """All packages of the largest real index, made when they are not there yet."""
    top = folder("packages")
    stamp = top / "stamp"
    if not stamp.exists() or json.loads(stamp.read_text())["version"] != VERSION:
        shutil.rmtree(top)
        debs = folder("packages", "debs")
        names = []
        for stanza in stanzas_of_apt():
            names.append(file_name(stanza))
            write_deb(debs / names[-1], control_of(stanza))
        stamp.write_text(json.dumps({"version": VERSION, "names": names}))
    return Packages(top)
