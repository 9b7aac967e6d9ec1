"""Pockets that are changed through the API, and copies of what they publish, which a test may break and sign again."""

import gzip
import hashlib
import os
import re
import subprocess
import time
from email.utils import formatdate, parsedate_to_datetime

from support import debs
from support.debs import Package
from test_api import TOKENS, run_job

ARCHIVE = "cloud"
SUITE = "bookworm-folsom"


def with_tokens():
    return [{"name": role, "role": role, "sha256": hashlib.sha256(text.encode()).hexdigest()}
            for role, text in TOKENS.items()]


class Wordy(Package):
    """One whose stanza fills a large part of an index: what an index does only from a certain size on is then seen
    with few packages."""

    def control(self):
        lines = (hashlib.sha256(f"{self.name} {n}".encode()).hexdigest() for n in range(400))
        return super().control() + "".join(f" {line}\n" for line in lines)


def control_deb(env, name, control):
    """A .deb with control data that dpkg-deb would not write."""
    work = env.folder("deb")
    (work / "control").write_text(control)
    (work / "debian-binary").write_text("2.0\n")
    for tar, member in (("control.tar.gz", "./control"), ("data.tar.gz", None)):
        subprocess.run(["tar", "-czf", tar, *([member] if member else ["-T", "/dev/null"])], cwd=work, check=True)
    subprocess.run(["ar", "qcS", name, "debian-binary", "control.tar.gz", "data.tar.gz"], cwd=work, check=True)
    return work / name


class Cloud:
    """A larder with a local archive."""

    def __init__(self, env, *tables, archive=ARCHIVE, **settings):
        self.env, self.archive = env, archive
        self.larder = env.larder(*tables, token=with_tokens(), **settings)
        self.job("archive_create", name=archive)

    def name(self, suite):
        return f"{self.archive}/{suite}"

    def ended(self, kind, **options):
        """The job, done or failed."""
        return run_job(self.larder, kind, seconds=120, **options)

    def job(self, kind, **options):
        """The result of one that must be done."""
        job = self.ended(kind, **options)
        assert job["state"] == "done", (kind, job)
        return job["result"]

    def refusal(self, kind, **options):
        """Why one that must fail did."""
        job = self.ended(kind, **options)
        assert job["state"] == "failed", (kind, job)
        return str(job["error"])

    def pocket(self, suite, architectures=("amd64", "source"), **options):
        return self.job("pocket_create", name=self.name(suite), architectures=list(architectures), **options)

    @staticmethod
    def files(packages):
        return [str(p if isinstance(p, os.PathLike) else debs.deb(p)) for p in packages]

    def include(self, suite, *packages, **options):
        return self.job("pocket_include", pocket=self.name(suite), files=self.files(packages), **options)

    def history(self, suite):
        return self.job("pocket_history", pocket=self.name(suite), last=100_000)["publications"]

    # --- what is published -------------------------------------------------------------------------

    def get(self, suite, path):
        return self.larder.good(f"/{self.archive}/dists/{suite}/{path}")

    def release(self, suite):
        return self.get(suite, "Release").body.decode()

    def keyring(self):
        """The archive's public key, as clients have it."""
        path = self.env.folder("keys") / f"{self.archive}.asc"
        path.write_bytes(self.larder.good(f"/keys/{self.archive}.asc").body)
        return path

    def secrets(self):
        """The files of the archive's secret keys."""
        found = sorted((self.larder.store / "keys").glob(f"archive-{self.archive}*.key"))
        assert found
        return found

    def client(self, suite, components="main", url=None, **more):
        lines = [f"{kind} KEY {url or self.larder.url + '/' + self.archive} {suite} {components}" for kind in ("deb", "deb-src")]
        return self.env.apt(lines, more.pop("keyring", None) or self.keyring(), **more)


def field(release, name):
    """A field of a Release, None where it has none."""
    found = re.search(rf"^{name}: (.*)$", release, re.M)
    return found and found[1]


def listed(release):
    """path -> (sha256, size), as the Release says."""
    section = release.partition("\nSHA256:\n")[2]
    rows = re.findall(r"^ ([0-9a-f]{64}) +(\d+) (\S+)$", section, re.M)
    return {path: (sha256, int(size)) for sha256, size, path in rows}


def stanzas(text):
    return [part.strip("\n") + "\n" for part in re.split(r"\n\n+", text) if part.strip()]


def stanza_fields(stanza):
    """[(name, value)] in their order."""
    unfolded = re.findall(r"^([^\s:]+):((?:.*)(?:\n[ \t].*)*)", stanza, re.M)
    return [(name, value.strip()) for name, value in unfolded]


def moment(date):
    """A Release's date in seconds since 1970."""
    return parsedate_to_datetime(date.replace("UTC", "GMT")).timestamp()


def zstd(data):
    return subprocess.run(["zstd", "-qc"], input=data, capture_output=True, check=True).stdout


FORMS = {"": bytes, ".gz": lambda data: gzip.compress(data, mtime=0), ".zst": zstd}


class Copy:
    """All that a pocket publishes, as the files of a plain server. Each write has a later time than the one before."""

    def __init__(self, cloud, suite=SUITE):
        self.env, self.cloud, self.suite = cloud.env, cloud, suite
        self.tree = self.env.folder("copy")
        self.root = self.tree / cloud.archive
        self.now = int(time.time()) - 100_000
        self.fetch()
        self.server = self.env.nginx(self.tree)
        self.key_ = None

    @property
    def url(self):
        return f"{self.server.url}/{self.cloud.archive}"

    def path(self, name):
        return self.root / "dists" / self.suite / name

    def write(self, path, data, at=None):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        self.now += 10
        os.utime(path, (at or self.now, at or self.now))

    def fetch(self):
        """The state that is published now, in place of what is here; the Release files last."""
        for name in ("Release", "Release.gpg", "InRelease"):
            self.write(self.path(name), self.cloud.get(self.suite, name).body)
        for path, (sha256, _) in listed(self.text).items():
            body = self.cloud.get(self.suite, path).body
            self.write(self.path(path), body)
            self.write(self.path(os.path.dirname(path)) / "by-hash/SHA256" / sha256, body)
        for path in self.pool_files():
            self.write(self.root / path, self.cloud.larder.good(f"/{self.cloud.archive}/{path}").body)

    def indices(self):
        """Paths of all uncompressed Packages and Sources."""
        return [path for path in listed(self.text) if path.endswith(("/Packages", "/Sources"))]

    def pool_files(self):
        for path in self.indices():
            for stanza in stanzas(self.path(path).read_text()):
                fields = dict(stanza_fields(stanza))
                if path.endswith("/Packages"):
                    yield fields["Filename"]
                else:
                    for row in fields["Checksums-Sha256"].splitlines():
                        yield f"{fields['Directory']}/{row.split()[2]}"

    # --- breaking it -------------------------------------------------------------------------------

    @property
    def text(self):
        return self.path("Release").read_text()

    @property
    def key(self):
        """The archive's own, to sign with what Larder would not."""
        if not self.key_:
            self.env.keys.gpg("--import", *self.cloud.secrets())
            self.key_ = type(self.env.key())(self.env.keys, field(self.text, "Signed-By").split(",")[0].strip("! "))
        return self.key_

    def sign(self, text, key=None, at=None, **how):
        key = key or self.key
        self.write(self.path("Release"), text.encode(), at)
        self.write(self.path("Release.gpg"), key.detach(text.encode()), at)
        self.write(self.path("InRelease"), key.clearsign(text.encode(), **how), at)

    def later(self, text, seconds=1):
        """With a Date that is so much later."""
        date = formatdate(moment(field(text, "Date")) + seconds, usegmt=True).replace("GMT", "UTC")
        return re.sub(r"^Date: .*$", f"Date: {date}", text, flags=re.M)

    def set(self, name, value, **how):
        """Signs it again, a second later, with another value of a field; None: without it."""
        before = self.later(self.text)
        without = re.sub(rf"^{name}: .*\n", "", before, flags=re.M)
        text = without if value is None else f"{name}: {value}\n" + without
        assert text != before, f"{name} is {value} already"
        self.sign(text, **how)

    def put(self, path, text, forms=None):
        """Another index in place of one, in all its forms; or in these, of which each is its bytes."""
        release = self.later(self.text)
        there = [p for p in listed(release) if p == path or p.startswith(path + ".")]
        forms = forms or {p[len(path):]: FORMS[p[len(path):]](text) for p in there if p[len(path):] in FORMS}
        for gone in there:
            release = re.sub(rf"^ [0-9a-f]+ +\d+ {re.escape(gone)}\n", "", release, flags=re.M)
        for ending, data in forms.items():
            sha256 = hashlib.sha256(data).hexdigest()
            self.write(self.path(path + ending), data)
            self.write(self.path(os.path.dirname(path)) / "by-hash/SHA256" / sha256, data)
            release += f" {sha256} {len(data)} {path}{ending}\n"
        self.sign(release)

    def client(self, **more):
        return self.cloud.client(more.pop("suite", self.suite), url=self.url, **more)
