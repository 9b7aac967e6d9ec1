"""Tiny real packages, made by dpkg-deb and dpkg-source, kept between runs (the same request, the same bytes)."""

import hashlib
import os
import random
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from support.places import BUILD

STORE = BUILD / "functional/debs"


@dataclass(frozen=True)
class Package:
    name: str
    version: str = "1.0"
    arch: str = "all"
    component: str = "main"
    depends: str = ""
    size: int = 0          # bytes of payload that no compressor makes smaller
    udeb: bool = False
    marker: str = ""       # changes the content, and nothing that an index shows but the hash

    @property
    def file_name(self):
        version = self.version.split(":", 1)[-1]
        return f"{self.name}_{version}_{self.arch}.{'udeb' if self.udeb else 'deb'}"

    @property
    def pool_path(self):
        return f"pool/{self.component}/{self.name[0]}/{self.name}/{self.file_name}"

    def control(self):
        fields = [("Package", self.name), ("Version", self.version), ("Architecture", self.arch),
                  ("Maintainer", "Archive <archive@archive.example>"), ("Depends", self.depends),
                  ("Section", "debian-installer" if self.udeb else "misc"), ("Priority", "optional"),
                  ("Description", f"test package {self.name}\n A second line of it.")]
        return "".join(f"{k}: {v}\n" for k, v in fields if v)

    def installed_path(self):
        return f"usr/share/{self.name}/payload"


def run(*command, cwd=None):
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True,
                          env={**os.environ, "SOURCE_DATE_EPOCH": "1700000000", "LC_ALL": "C"})
    if done.returncode:
        raise AssertionError(f"{command}: {done.stdout}{done.stderr}")


def kept(name, key, make):
    """STORE/<hash of key>/name, made by make(folder) when it is not there; safe with several at once."""
    folder = STORE / hashlib.sha256(repr(key).encode()).hexdigest()[:24]
    if not folder.exists():
        STORE.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(dir=STORE, prefix="new-"))
        make(work)
        work.chmod(0o755)
        try:
            work.rename(folder)
        except OSError:
            shutil.rmtree(work)  # someone else made it meanwhile
    return folder / name


def deb(package):
    """The path of the package's file. Link it, never write to it."""
    def make(folder):
        with tempfile.TemporaryDirectory() as scratch:
            root = Path(scratch)
            (root / "DEBIAN").mkdir(mode=0o755)
            root.chmod(0o755)
            (root / "DEBIAN/control").write_text(package.control())
            payload = root / package.installed_path()
            payload.parent.mkdir(parents=True)
            seed = f"{package.name} {package.version} {package.arch} {package.marker}"
            payload.write_bytes(f"{seed}\n".encode() + random.Random(seed).randbytes(package.size))
            run("dpkg-deb", "--root-owner-group", "-Znone", "--build", str(root), str(folder / package.file_name))
    return kept(package.file_name, package, make)


def source(name, version="1.0"):
    """[.dsc, .tar.xz] of a native source package."""
    def make(folder):
        with tempfile.TemporaryDirectory() as scratch:
            debian = Path(scratch) / f"{name}-{version}/debian"
            (debian / "source").mkdir(parents=True)
            (debian / "source/format").write_text("3.0 (native)\n")
            (debian / "changelog").write_text(
                f"{name} ({version}) stable; urgency=low\n\n  * First.\n\n"
                " -- Archive <archive@archive.example>  Tue, 14 Nov 2023 22:13:20 +0000\n")
            (debian / "control").write_text(
                f"Source: {name}\nMaintainer: Archive <archive@archive.example>\nSection: misc\nPriority: optional\n"
                f"Standards-Version: 4.6.2\n\nPackage: {name}\nArchitecture: all\nDescription: test\n of it\n")
            (debian / "rules").write_text("#!/usr/bin/make -f\n")
            run("dpkg-source", "-b", str(debian.parent), cwd=scratch)
            for file in Path(scratch).glob(f"{name}_*"):
                shutil.copy(file, folder)
    dsc = kept(f"{name}_{version}.dsc", ("source", name, version), make)
    return [dsc, dsc.with_suffix(".tar.xz")]
