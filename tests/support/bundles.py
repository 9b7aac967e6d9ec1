"""A bundle taken apart, changed, and put together again, signed by the larder that had made it."""

import gzip
import hashlib
import io
import re
import subprocess
import tarfile
import time


def sha256(data):
    return hashlib.sha256(data).hexdigest()


class Bundle:
    def __init__(self, file, fleet):
        self.file, self.fleet, self.objects = file, fleet, {}
        plain = subprocess.run(["zstd", "-dc", file], capture_output=True, check=True).stdout
        with tarfile.open(fileobj=io.BytesIO(plain)) as tar:
            for member in tar.getmembers():
                data = tar.extractfile(member).read()
                if member.name.endswith("head.asc"):
                    head = data.decode()
                elif member.name.endswith("/list"):
                    self.lines = data.decode().splitlines()
                else:
                    self.objects[sha256(data)] = data
        body = head.split("\n\n", 1)[1].split("-----BEGIN PGP SIGNATURE")[0]
        self.fields = dict(line.split(": ", 1) for line in body.strip().splitlines())
        self.home = fleet.env.folder("gpg")
        self.home.chmod(0o700)
        self.gpg("--import", fleet.larder.store / "keys/larder.key")

    def gpg(self, *arguments, data=b""):
        return subprocess.run(["gpg", "--homedir", self.home, "--batch", *arguments], input=data, check=True,
                              capture_output=True).stdout

    def signed(self, text):
        return self.gpg("--clearsign", data=text.encode())

    def put(self, data):
        data = data.encode() if isinstance(data, str) else data
        name = sha256(data)
        if name not in self.objects:
            self.objects[name] = data
            self.lines.insert(0, f"object {name} {len(data)} 1700000000")
        return name

    def generations(self):
        return [line.split()[2] for line in self.lines if line.startswith("generation ")]

    def set_generation(self, number, text):
        old, new = self.generations()[number - 1], self.put(text)
        self.lines = [line.replace(old, new) if line.startswith("generation ") else line for line in self.lines]
        return new

    def manifest(self, number):
        return self.objects[self.generations()[number - 1]].decode()

    def pinned(self, number):
        return next(line for line in self.manifest(number).splitlines() if line.startswith("Suite: ")).split()[2]

    def forged_state(self, in_release=None, date=None, sign=None, said_signer=None, said_date=None):
        """A state of the suite that lists one evil package; by default signed by the larder's key."""
        date = date or time.time() - 60
        deb = b"evil bytes"
        packages = (f"Package: evil\nVersion: 9\nArchitecture: amd64\nFilename: pool/main/e/evil_9_amd64.deb\n"
                    f"Size: {len(deb)}\nSHA256: {self.put(deb)}\n\n").encode()
        release = ("Origin: x\nSuite: stable\nCodename: stable\nDate: "
                   + time.strftime("%a, %d %b %Y %H:%M:%S UTC", time.gmtime(date))
                   + f"\nArchitectures: amd64\nComponents: main\nSHA256:\n {self.put(packages)} {len(packages)} "
                     "main/binary-amd64/Packages\n")
        text, file = self.put(release), self.put(in_release or (sign or self.signed)(release))
        lines = []
        for line in self.objects[self.pinned(1)].decode().splitlines():
            if line.startswith("Date: ") and not said_date:
                line = "Date: " + time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(date))
            if line.startswith("Text: "):
                line = f"Text: {text} {len(release)}"
            if line.startswith("InRelease: "):
                line = f"InRelease: {file} {len(self.objects[file])}"
            if said_date and line.startswith("Date: "):
                line = f"Date: {said_date}"
            if said_signer and line.startswith("Signed-By: "):
                line = f"Signed-By: {said_signer}"
            lines.append(line)
        self.lines.append(f"held {sha256(deb)} {len(deb)} debian pool/main/e/evil_9_amd64.deb")
        return self.put("\n".join(lines) + "\n")

    def change_overlay(self, number, index, change):
        """Another text of an index of a composed state, from there up to the generation's manifest."""
        manifest = self.manifest(number)
        overlay = next(line for line in manifest.splitlines() if line.startswith("Overlay: ")).split()[2]
        state = self.objects[overlay].decode()
        old = next(line for line in state.splitlines() if line.startswith("Text: ")).split()[1]
        release = self.objects[old].decode()
        packed = next(line for line in release.splitlines() if line.endswith(f" {index}.gz")).split()[0]
        plain = change(gzip.decompress(self.objects[packed]).decode()).encode()
        packed = gzip.compress(plain, mtime=0)
        self.put(packed)
        for name, data in ((index, plain), (index + ".gz", packed)):
            release = re.sub(rf"^ [0-9a-f]{{64}} [0-9]+ {name}$", f" {sha256(data)} {len(data)} {name}", release,
                             flags=re.M)
        text, file = self.put(release), self.put(self.signed(release))
        for name, new in (("Text", text), ("InRelease", file)):
            state = re.sub(rf"^{name}: .*$", f"{name}: {new} {len(self.objects[new])}", state, flags=re.M)
        return self.set_generation(number, manifest.replace(overlay, self.put(state)))

    def names(self):
        return [line.split()[1] for line in self.lines if line.startswith("object ")]

    def parts(self):
        """The signed head, and the list."""
        text = ("\n".join(self.lines) + "\n").encode()
        names = self.names()
        self.fields.update(Objects=str(len(names)), Bytes=str(sum(len(self.objects[n]) for n in names)),
                           List=sha256(text))
        return self.signed("".join(f"{name}: {value}\n" for name, value in self.fields.items())), text

    def as_peer(self, tree):
        """Files below `tree` that answer as a larder with this deployment does."""
        head, text = self.parts()
        (tree / "api/v1/objects").mkdir(parents=True, exist_ok=True)
        for data in [text, *(self.objects[name] for name in self.names())]:
            (tree / "api/v1/objects" / sha256(data)).write_bytes(data)
        at = tree / "api/v1/deployments" / self.fields["Deployment"]
        at.mkdir(parents=True, exist_ok=True)
        # In one step: somebody may be asking for it.
        (at / "next").write_bytes(head)
        (at / "next").rename(at / "bundle-head")
        return tree

    def write(self):
        head, text = self.parts()
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
            def add(name, data):
                entry = tarfile.TarInfo("larder-bundle/" + name)
                entry.size = len(data)
                tar.addfile(entry, io.BytesIO(data))
            add("head.asc", head)
            add("list", text)
            for name in self.names():
                add(f"objects/{name[:2]}/{name[2:]}", self.objects[name])
        self.file.write_bytes(subprocess.run(["zstd", "-c"], input=out.getvalue(), capture_output=True,
                                             check=True).stdout)
        return self.file
