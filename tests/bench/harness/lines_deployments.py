"""Deployments of three real suites: what is compared, judged, made, listed, served and carried."""

import hashlib
import http.client
import json
import os
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager
from statistics import median

from . import archive, process, servers, table
from .load import load
from .lines_store import lists_of_apt
from .places import Broken, folder, tool
from .run import get, line
from .table import Row

VERSION = "1"  # of the layout below
CHANGED = 200  # packages between the two states
MIB = 1 << 20
POOL_FILE = "pool/bench/bench-file_1_all.deb"  # the one package that upstream really has
POOL_SIZE = 100 * 1024


class Suites:
    """The real Packages files, as suites of one archive signed by a key made for it, in two states."""

    def __init__(self, top):
        self.trees = [top / "state-1", top / "state-2"]
        self.keyring = top / "keyring.gpg"
        about = json.loads((top / "stamp").read_text())
        self.names, self.packages = about["suites"], about["packages"]

    def entry(self, upstream):
        return servers.archive_toml("real", f"http://{upstream.address}", self.names, self.keyring)

    def stanzas(self, suite):
        return (self.trees[1] / "dists" / suite / "main/binary-amd64/Packages").read_bytes().split(b"\n\n")


def suites():
    top = folder("deployments", "suites")
    stamp = top / "stamp"
    if not stamp.exists() or json.loads(stamp.read_text())["version"] != VERSION:
        shutil.rmtree(top)
        write_suites(folder("deployments", "suites"), stamp)
    return Suites(top)


def write_suites(top, stamp):
    texts = sorted(lists_of_apt(), key=len, reverse=True)[:3]
    names = [f"suite-{i}" for i in range(len(texts))]
    data = os.urandom(POOL_SIZE)
    texts[0] = texts[0].rstrip(b"\n") + (
        f"\n\nPackage: bench-file\nVersion: 1\nArchitecture: all\nFilename: {POOL_FILE}\nSize: {len(data)}\n"
        f"SHA256: {hashlib.sha256(data).hexdigest()}\n\n").encode()
    for state in ("state-1", "state-2"):
        path = top / state / POOL_FILE
        path.parent.mkdir(parents=True)
        path.write_bytes(data)
    with archive.signer(top) as sign:
        for name, text in zip(names, texts):
            first = indices(text)
            write_suite(sign, top / "state-1" / "dists" / name, first, name, 7200)
            write_suite(sign, top / "state-2" / "dists" / name, indices(changed(text)) if text is texts[0] else first,
                        name, 3600)
    packages = sum(text.count(b"\nPackage: ") + text.startswith(b"Package: ") for text in texts)
    stamp.write_text(json.dumps({"version": VERSION, "suites": names, "packages": packages}))


def indices(text):
    packed = subprocess.run(["xz", "-T0", "-c"], input=text, capture_output=True, check=True).stdout
    return {"main/binary-amd64/Packages": text, "main/binary-amd64/Packages.xz": packed}


def changed(text):
    """Some of them in another version, all over the index."""
    stanzas = text.split(b"\n\n")
    for i in range(CHANGED):
        at = (2 * i + 1) * len(stanzas) // (2 * CHANGED)
        lines = stanzas[at].split(b"\n")
        for n, one in enumerate(lines):
            if one.startswith(b"Version: "):
                lines[n] = one + b"+bench1"
            if one.startswith(b"SHA256: "):
                lines[n] = b"SHA256: " + hashlib.sha256(one).hexdigest().encode()
        stanzas[at] = b"\n".join(lines)
    return b"\n\n".join(stanzas)


def write_suite(sign, where, files, name, age):
    for path, data in files.items():
        (where / path).parent.mkdir(parents=True, exist_ok=True)
        (where / path).write_bytes(data)
    sign(where / "InRelease", archive.release(files, name, age))


class Api(http.client.HTTPConnection):
    """Jobs of a running server, over its admin socket."""

    def __init__(self, server):
        super().__init__("localhost", timeout=600)
        self.path = str(server.config.with_name("admin.sock"))

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)

    def call(self, method, path, body=None):
        self.request(method, "/api/v1" + path, None if body is None else json.dumps(body),
                     {"Content-Type": "application/json"})
        answer = self.getresponse()
        text = answer.read()
        if answer.status >= 300:
            raise Broken(f"{method} {path}: {answer.status} {text[:300]}")
        return json.loads(text)

    def job(self, kind, **options):
        """Its result, and the seconds from asking for it to having it."""
        begin = time.monotonic()
        id_ = self.call("POST", f"/jobs/{kind}", options)["job"]
        while (job := self.call("GET", f"/jobs/{id_}"))["state"] not in ("done", "failed"):
            # To half a percent: asking all the time would take a third of a core from what is measured.
            time.sleep(max(0.0005, (time.monotonic() - begin) / 200))
        if job["state"] == "failed":
            raise Broken(f"{kind}: {job.get('error')}")
        return job["result"], time.monotonic() - begin


def cli(server, *arguments):
    done = subprocess.run([str(servers.larder_binary()), *arguments, "--config", str(server.config)],
                          capture_output=True, text=True)
    if done.returncode:
        raise Broken(f"larder {' '.join(arguments[:2])}: {done.stderr.strip()[-300:]}")
    return done.stdout


@contextmanager
def two_generations(name="web"):
    """A larder with a deployment of the three suites, which was upgraded once; and its store."""
    real = suites()
    store = servers.fresh("deployments", "store")
    with servers.nginx(real.trees[0], "upstream") as up, servers.larder([real.entry(up)], store=store) as ours:
        Api(ours).job("deployment_create", name=name, suites=[f"real/{s}" for s in real.names], architectures=["amd64"])
        if get(ours.port, f"/d/{name}/real/{POOL_FILE}") != 200:
            raise Broken("the one package that upstream has is not served")
    with servers.nginx(real.trees[1], "upstream") as up, servers.larder([real.entry(up)], store=store) as ours:
        cli(ours, "archive", "update")
        Api(ours).job("deployment_upgrade", name=name)
        yield real, ours, store


def within(what, seconds, goal, note="", samples=None):
    took = median(seconds)
    return Row(what, table.seconds(took), goal=f"≤ {goal * 1000:.0f} ms", met=took <= goal, note=note,
               samples=samples or {"larder": seconds})


@line("deployment-diff")
def diff(run):
    with two_generations() as (real, ours, _):
        api = Api(ours)
        found, _ = api.job("deployment_diff", name="web", before=1, after=2)
        upgraded = sum(d["counts"]["upgraded"] for d in found["differences"])
        if upgraded != CHANGED:
            raise Broken(f"{upgraded} packages are said to differ, and {CHANGED} do")
        took = [api.job("deployment_diff", name="web", before=1, after=2)[1] for _ in range(3 * run.repeat)]
    return [within(f"diff of two generations, {CHANGED} of {real.packages:,} packages differ", took, 0.030)]


def report_of(real, count):
    """What a unit reports that has this many of the packages."""
    listed = {}
    for suite in reversed(real.names):  # the first suite last: of these names nothing stands in another
        for stanza in real.stanzas(suite):
            fields = dict(one.split(b": ", 1) for one in stanza.split(b"\n") if one[:1] not in b" \t" and b": " in one)
            if b"Package" in fields:
                key = fields[b"Package"], fields[b"Architecture"]
                listed[key] = None if key in listed else b" ".join((*key, fields[b"Version"], b"ii"))
    lines = [one for one in listed.values() if one]
    return [lines[i * len(lines) // count] for i in range(count)]


def post_report(server, token, unit, lines):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.request("POST", "/d/web/report", b"Unit: " + unit.encode() + b"\n" + b"\n".join(lines) + b"\n",
                       {"Authorization": f"Bearer {token}"})
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    if answer.status != 200:
        raise Broken(f"a unit's report: {answer.status} {text[:200]}")


@line("deployment-admit")
def admit(run):
    """Once with units that all have the same, as they should, and once with no two alike."""
    count, rows = run.pick(1000, 200), []
    with two_generations() as (real, ours, _):
        token, api = cli(ours, "deployment", "token", "web").strip(), Api(ours)
        lines = report_of(real, 1501)
        for what, own in (("that agree", lambda i: lines[:1500]), ("of which no two are alike",
                                                                 lambda i: lines[:i] + lines[i + 1:])):
            for i in range(count):
                post_report(ours, token, f"unit-{i}", own(i))
            (found, first), took = api.job("deployment_admit", name="web"), []
            if not found["admitted"] or len(found["units"]) != count:
                raise Broken(f"{found['agree']} of {len(found['units'])} units agree")
            took = [api.job("deployment_admit", name="web")[1] for _ in range(run.repeat)]
            rows.append(within(f"admit with {count:,} units of 1,500 packages, {what}", took, 0.100,
                               f"the first time {table.seconds(first)}"))
    return rows


def on_disk(store):
    return sum(path.stat().st_blocks * 512 for path in store.rglob("*") if path.is_file())


@line("deployment-create")
def create(run):
    took, grown = [], []
    with two_generations() as (real, ours, store):
        api = Api(ours)
        for i in range(3 * run.repeat):
            os.sync()
            before = on_disk(store)
            took.append(api.job("deployment_create", name=f"other-{i}", suites=[f"real/{s}" for s in real.names],
                                architectures=["amd64"])[1])
            os.sync()
            grown.append(on_disk(store) - before)
    return [within("create, its indices are here", took, 0.020),
            Row("create, its indices are here: new on the disk", f"{median(grown) / 1024:.0f} KiB", goal="≤ 64 KiB",
                met=median(grown) <= 64 << 10, samples={"larder": grown})]


def p99_of_oldest(server, name):
    report = load(server.address, [f"/d/{name}@1/real/{POOL_FILE}"], connections=8, requests=40000, size=POOL_SIZE)
    return report["latency_us"]["p99"] / 1e6


@line("deployment-many")
def many(run):
    """The same deployment alone, and beside very many others."""
    count, generations = run.pick(1000, 200), 20
    with two_generations() as (real, _, store):
        pass
    crowded = servers.fresh("deployments", "crowded")
    subprocess.run(["cp", "-a", f"{store}/.", str(crowded)], check=True)
    subprocess.run([tool("larder_fill_deployments"), str(crowded), "web", "--deployments", str(count),
                    "--generations", str(generations)], check=True)
    each = (on_disk(crowded) - on_disk(store)) / (count * generations)
    listed, opened = [], []
    with servers.nginx(real.trees[1], "upstream") as up, \
            servers.larder([real.entry(up)], "alone", store) as alone, \
            servers.larder([real.entry(up)], "crowded", crowded) as beside:
        for _ in range(3 * run.repeat):
            found, took = Api(beside).job("deployments")
            if len(found["deployments"]) != count + 1:
                raise Broken(f"{len(found['deployments'])} deployments are listed")
            listed.append(took)
            found, took = Api(beside).job("deployment_history", name=f"web-{count // 2}")
            if len(found["generations"]) != generations:
                raise Broken(f"{len(found['generations'])} generations are there")
            opened.append(took)
        p99_of_oldest(alone, "web")
        p99_of_oldest(beside, "web-1")
        samples = run.alternate(larder=lambda: p99_of_oldest(beside, "web-1"), alone=lambda: p99_of_oldest(alone, "web"))
    what = f"{count:,} deployments of {generations} generations"
    return [within(f"{what}: list", listed, 0.050),
            within(f"{what}: one and its generations", opened, 0.050),
            Row(f"{what}: on the disk for each generation", f"{each / 1024:.1f} KiB", goal="≤ 8 KiB", met=each <= 8 << 10,
                samples={"larder": [each]}),
            table.ratio_row(f"{what}: p99 of a package of the oldest", samples, table.seconds, 1.10, "alone")]


@line("deployment-export")
def export(run):
    """What a deployment holds, into a file; tar of the same files, and both until they are on the disk."""
    count = run.pick(64, 8)  # of 64 MiB
    top = servers.fresh("deployments", "carried")
    tree, stanzas = top / "tree", []
    (tree / "pool").mkdir(parents=True)
    for i in range(count):
        data = os.urandom(64 * MIB)
        (tree / "pool" / f"held-{i}_1_all.deb").write_bytes(data)
        stanzas.append(f"Package: held-{i}\nVersion: 1\nArchitecture: all\nFilename: pool/held-{i}_1_all.deb\n"
                       f"Size: {len(data)}\nSHA256: {hashlib.sha256(data).hexdigest()}\n")
    with archive.signer(top) as sign:
        write_suite(sign, tree / "dists" / "stable", indices("\n".join(stanzas).encode() + b"\n"), "stable", 60)
    store, bundle, tarball = servers.fresh("deployments", "store"), top / "web.larder", top / "web.tar"
    with servers.nginx(tree, "upstream") as up:
        entry = servers.archive_toml("held", f"http://{up.address}", ["stable"], top / "keyring.gpg")
        with servers.larder([entry], store=store) as ours:
            Api(ours).job("deployment_create", name="web", suites=["held/stable"], architectures=["amd64"])
            for i in range(count):
                if get(ours.port, f"/d/web/held/pool/held-{i}_1_all.deb") != 200:
                    raise Broken("a package is not served")
        rss = []

        def exporting():
            bundle.unlink(missing_ok=True)
            with servers.larder([entry], store=store) as ours:
                report, took = Api(ours).job("deployment_export", name="web", file=str(bundle))
                if report["bytes"] < count * 64 * MIB:
                    raise Broken(f"{report['bytes']} bytes were exported")
                rss.append(process.memory(ours.process.pid, "VmHWM"))
            return took

        def tarring():
            tarball.unlink(missing_ok=True)
            begin = time.monotonic()
            subprocess.run(["tar", "-cf", str(tarball), "-C", str(tree), "pool"], check=True)
            subprocess.run(["sync", str(tarball)], check=True)
            return time.monotonic() - begin

        samples = run.alternate(tar=tarring, larder=exporting)
    shutil.rmtree(top)
    what = f"export of {run.pick('4 GiB', '512 MiB')}"
    return [table.ratio_row(what, samples, table.seconds, 1.20, "tar"),
            Row(f"{what}: peak RSS", table.mebibytes(median(rss)), goal="≤ 64 MiB", met=median(rss) <= 64 * MIB,
                samples={"larder": rss})]
