"""Test archives in the real format, signed by test keys: the states an upstream can be in, on demand.

    archive = Archive(tree / "debian", key)
    archive.add(Package("hello", arch="amd64"))
    archive.publish("stable")                      # the first state
    archive.add(Package("hello", "2.0", arch="amd64"))
    archive.publish("stable", date=later)          # the second; old by-hash files and packages stay

Files appear in a mirror's order: packages, by-hash, indices, Release, InRelease. Each has the state's date
as its modification time, because Last-Modified is the only validator that apt knows.
"""

import bz2
import gzip
import hashlib
import lzma
import os
import shutil
import subprocess
import tempfile
import time
from email.utils import formatdate
from pathlib import Path

from support import debs

PACK = {"": bytes, ".gz": lambda d: gzip.compress(d, mtime=0), ".xz": lzma.compress, ".bz2": bz2.compress}
SUMS = {"MD5Sum": "md5", "SHA1": "sha1", "SHA256": "sha256", "SHA512": "sha512"}
FIELD = {"MD5Sum": "MD5sum"}  # a Packages file spells this one differently


def digest(kind, data):
    return hashlib.new(SUMS[kind], data).hexdigest()


def ed_script(old, new):
    """What `diff --ed` says: the form of a pdiff."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / n for n in ("old", "new")]
        for path, data in zip(paths, (old, new)):
            path.write_bytes(data)
        return subprocess.run(["diff", "--ed", *paths], capture_output=True).stdout


class Archive:
    def __init__(self, root, key, hashes=("SHA256",)):
        self.root, self.key, self.hashes = Path(root), key, hashes
        self.packages, self.sources = [], []
        self.history = {}   # path of an index -> its former contents, for pdiffs
        self.root.mkdir(parents=True, exist_ok=True)

    # --- contents ----------------------------------------------------------------------------------

    def add(self, *packages):
        for package in packages:
            self.place(package.pool_path, debs.deb(package))
            self.packages.append(package)
        return packages[0]

    def add_source(self, name, version="1.0", component="main"):
        files = debs.source(name, version)
        for file in files:
            self.place(f"pool/{component}/{name[0]}/{name}/{file.name}", file)
        self.sources.append((name, version, component, files))

    def drop(self, name):
        """No longer in the next state (its file stays in the pool)."""
        self.packages = [p for p in self.packages if p.name != name]

    def place(self, path, file):
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists():
            shutil.copy2(file, target)

    def write(self, path, data, date):
        """Replaces in one step: who has the old file open keeps it."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        new = target.with_name(target.name + ".new")
        new.write_bytes(data)
        os.utime(new, (date, date))
        new.rename(target)

    # --- indices -----------------------------------------------------------------------------------

    def stanza(self, package, prefix=""):
        data = debs.deb(package).read_bytes()
        text = package.control() + f"Filename: {prefix}{package.pool_path}\nSize: {len(data)}\n"
        return text + "".join(f"{FIELD.get(h, h)}: {digest(h, data)}\n" for h in self.hashes)

    def packages_index(self, component, arch, udeb=False, with_all=True):
        wanted = {arch, "all"} if with_all else {arch}
        chosen = [p for p in self.packages if p.component == component and p.arch in wanted and p.udeb == udeb]
        chosen.sort(key=lambda p: (p.name, p.version, p.arch))
        return "\n".join(self.stanza(p) for p in chosen).encode()

    def sources_index(self, component):
        stanzas = []
        for name, version, where, files in self.sources:
            if where == component:
                rows = "".join(f" {digest('SHA256', f.read_bytes())} {f.stat().st_size} {f.name}\n" for f in files)
                stanzas.append(f"Package: {name}\nBinary: {name}\nVersion: {version}\nArchitecture: all\n"
                               f"Format: 3.0 (native)\nDirectory: pool/{component}/{name[0]}/{name}\n"
                               f"Checksums-Sha256:\n{rows}")
        return "\n".join(stanzas).encode()

    def translation(self, component):
        rows = {p.name: f"Package: {p.name}\nDescription-md5: {self.description_md5(p)}\n"
                        f"Description-en: test package {p.name}\n A second line of it.\n"
                for p in self.packages if p.component == component}
        return "\n".join(rows[n] for n in sorted(rows)).encode()

    @staticmethod
    def description_md5(package):
        return hashlib.md5(f"test package {package.name}\n A second line of it.\n".encode()).hexdigest()

    def contents(self, component, arch):
        return "".join(f"{p.installed_path()}  misc/{p.name}\n" for p in sorted(self.packages, key=lambda p: p.name)
                       if p.component == component and p.arch in (arch, "all") and not p.udeb).encode()

    def indices(self, components, architectures, all_index, extras):
        """path below the suite -> bytes, before compression."""
        out = {}
        for component in components:
            for arch in architectures:
                out[f"{component}/binary-{arch}/Packages"] = self.packages_index(component, arch)
                if "udeb" in extras:
                    out[f"{component}/debian-installer/binary-{arch}/Packages"] = \
                        self.packages_index(component, arch, udeb=True)
                if "contents" in extras:
                    out[f"{component}/Contents-{arch}"] = self.contents(component, arch)
                if "cnf" in extras:
                    out[f"{component}/cnf/Commands-{arch}"] = f"suite: x\ncomponent: {component}\narch: {arch}\n".encode()
                if "dep11" in extras:
                    out[f"{component}/dep11/Components-{arch}.yml"] = b"---\nFile: DEP-11\nVersion: '0.14'\n"
            if all_index:
                out[f"{component}/binary-all/Packages"] = self.packages_index(component, "all")
            out[f"{component}/source/Sources"] = self.sources_index(component)
            if "translation" in extras:
                out[f"{component}/i18n/Translation-en"] = self.translation(component)
        return out

    def add_pdiff(self, files, path, data, date):
        """Packages.diff/Index and the one patch that leads from the former state to this one."""
        name = time.strftime("%Y-%m-%d-%H%M.%S", time.gmtime(date))
        patch = ed_script(self.history[path], data)
        packed = gzip.compress(patch, mtime=0)
        old = self.history[path]
        index = (f"SHA256-Current: {digest('SHA256', data)} {len(data)}\n"
                 f"SHA256-History:\n {digest('SHA256', old)} {len(old)} {name}\n"
                 f"SHA256-Patches:\n {digest('SHA256', patch)} {len(patch)} {name}\n"
                 f"SHA256-Download:\n {digest('SHA256', packed)} {len(packed)} {name}.gz\n")
        files[f"{path}.diff/Index"] = index.encode()
        return f"{path}.diff/{name}.gz", packed

    # --- a state -----------------------------------------------------------------------------------

    def publish(self, suite="stable", components=("main",), architectures=("amd64",), date=None, *, extras=(),
                all_index=False, by_hash=True, pack=("", ".xz", ".gz"), valid_for=None, fields=None, installer=None,
                installer_versions=("current",),
                pdiffs=False, leave_out=(), **signing):
        """Writes the state that the packages are in now. `leave_out` is listed in Release, but not there.

        signing: see sign().
        """
        date = int(date or time.time() - 60)
        base, files, unlisted = f"dists/{suite}", {}, {}
        for path, data in self.indices(components, architectures, all_index, extras).items():
            for suffix in pack:
                files[path + suffix] = PACK[suffix](data)
            files.setdefault(path, data)
            if pdiffs and path in self.history and path.endswith("Packages"):
                unlisted.update([self.add_pdiff(files, path, data, date)])
            self.history[path] = data
        for version in installer_versions if installer else ():
            images = f"main/installer-amd64/{version}/images"
            unlisted.update({f"{images}/{name}": data for name, data in installer.items()})
            sums = "".join(f"{digest('SHA256', d)}  ./{n}\n" for n, d in installer.items())
            files[f"{images}/SHA256SUMS"] = sums.encode()
        hidden = set(leave_out) | (set() if "" in pack else {p for p in files if p + pack[0] in files})
        for path, data in {**unlisted, **files}.items():
            if path in hidden:
                continue
            if by_hash and path in files:
                for kind in self.hashes:
                    self.write(f"{base}/{Path(path).parent}/by-hash/{kind}/{digest(kind, data)}", data, date)
            self.write(f"{base}/{path}", data, date)
        head = {"Origin": "Test", "Label": "Test", "Suite": suite, "Codename": suite,
                "Date": formatdate(date, usegmt=True).replace("GMT", "UTC"),
                "Valid-Until": formatdate(date + valid_for, usegmt=True).replace("GMT", "UTC") if valid_for else None,
                "Acquire-By-Hash": "yes" if by_hash else None,
                "Architectures": " ".join([*(["all"] if all_index else []), *architectures]),
                "Components": " ".join(components), "Description": "test", **(fields or {})}
        text = self.release_text(head, files)
        self.sign(base, text, date, **signing)
        return text

    def release_text(self, head, files):
        text = "".join(f"{k}: {v}\n" for k, v in head.items() if v is not None)
        for kind in self.hashes:
            text += f"{kind}:\n" + "".join(f" {digest(kind, d)} {len(d)} {p}\n" for p, d in sorted(files.items()))
        return text.encode()

    def sign(self, base, text, date, *, key=None, at=None, inrelease=True, detached=True, before=b"", after=b"",
             mtime=None):
        """`before` and `after` are unsigned text around the signed; `at` is gpg's idea of the time."""
        key, date = key or self.key, int(mtime or date)
        if detached:
            self.write(f"{base}/Release", text, date)
            self.write(f"{base}/Release.gpg", key.detach(text, at=at), date)
        if inrelease:
            self.write(f"{base}/InRelease", before + key.clearsign(text, at=at) + after, date)

    def publish_flat(self, date=None):
        """The whole archive once more as a flat one, in flat/: files beside their index."""
        date = int(date or time.time() - 60)
        stanzas = []
        for package in self.packages:
            self.place(f"flat/{package.file_name}", debs.deb(package))
            stanzas.append(self.stanza(package).replace(package.pool_path, f"./{package.file_name}"))
        data = "\n".join(stanzas).encode()
        files = {"Packages": data, "Packages.gz": PACK[".gz"](data)}
        for path, content in files.items():
            self.write(f"flat/{path}", content, date)
        head = {"Origin": "Test", "Label": "Flat", "Date": formatdate(date, usegmt=True).replace("GMT", "UTC")}
        self.sign("flat", self.release_text(head, files), date)
