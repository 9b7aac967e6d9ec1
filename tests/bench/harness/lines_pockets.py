"""Pockets: packages come in, are promoted and rolled back, beside what aptly and reprepro need for the same."""

import json
import os
import re
import shutil
import subprocess
import time
from contextlib import ExitStack, contextmanager
from functools import wraps
from statistics import median

from . import packages, process, servers, table
from .lines_deployments import Api, cli, on_disk
from .places import Broken, folder
from .run import line
from .table import Row

KIB = 1024
ARCHITECTURES = "amd64"


def timed(command, **more):
    """Seconds, and the most memory that it or a child of it took."""
    begin = time.monotonic()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **more) as running:
        said = running.stdout.read()
        _, status, used = os.wait4(running.pid, 0)
        running.returncode = os.waitstatus_to_exitcode(status)
    if running.returncode:
        raise Broken(f"{' '.join(map(str, command[:4]))}: {said.strip()[-300:]}")
    return time.monotonic() - begin, used.ru_maxrss * KIB


def place(name):
    """A new folder. It stays until the line is done: for half a minute after many files were removed ext4 looks for a
    free inode among theirs, which would slow down whoever comes next."""
    place.made += 1
    return servers.fresh("pockets", f"{name}-{place.made}")


place.made = 0


def in_new_places(measure):
    """A line whose places are removed at its end."""
    @wraps(measure)
    def run_and_clear(run):
        try:
            return measure(run)
        finally:
            shutil.rmtree(folder("pockets"))
    return run_and_clear


class Peer:
    """A folder of its own, with a key to sign with. A context manager: its agent ends with it."""

    def __init__(self, name):
        self.top = place(name)
        self.home = self.top / "gnupg"
        self.home.mkdir(mode=0o700)
        self.environment = {**os.environ, "GNUPGHOME": str(self.home)}
        self.run("gpg", "--batch", "--quiet", "--passphrase", "", "--quick-gen-key", "bench", "ed25519", "sign", "never")

    def run(self, *command):
        return timed([servers.needed(command[0]), *command[1:]], env=self.environment, cwd=self.top)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        subprocess.run(["gpgconf", "--kill", "all"], env=self.environment, check=True)


class Aptly(Peer):
    """Without Contents and without bzip2, which Larder's pockets do not have here either."""

    def __init__(self):
        super().__init__("aptly")
        settings = {"rootDir": str(self.top / "root"), "architectures": [ARCHITECTURES], "skipContentsPublishing": True}
        (self.top / "aptly.conf").write_text(json.dumps(settings))

    def aptly(self, *arguments):
        return self.run("aptly", f"-config={self.top}/aptly.conf", *arguments)

    def add(self, files):
        listed = self.top / "add"
        shutil.rmtree(listed, ignore_errors=True)
        listed.mkdir()
        for one in files:
            os.link(one, listed / os.path.basename(one))
        return self.aptly("repo", "add", "bench", str(listed))

    def publish(self, what, name, verb):
        more = ["-skip-contents", "-skip-bz2", "-batch", "-gpg-key=bench", f"-architectures={ARCHITECTURES}"]
        if verb == "switch":
            return self.aptly("publish", "switch", *more[:-1], "bench", name)
        return self.aptly("publish", what, *more, "-distribution=bench", name)


class Reprepro(Peer):
    most_named = 5000

    def __init__(self):
        super().__init__("reprepro")
        (self.top / "conf").mkdir()
        (self.top / "conf/distributions").write_text(
            f"Codename: bench\nArchitectures: {ARCHITECTURES}\nComponents: main\nSignWith: default\n"
            "DebIndices: Packages Release . .gz\n")

    def reprepro(self, *arguments):
        return self.run("reprepro", "-b", str(self.top), "-S", "misc", "-P", "optional", *arguments)

    def add(self, files):
        """Seconds; published once, however many command lines they need."""
        *before, last = [files[i:i + self.most_named] for i in range(0, len(files), self.most_named)]
        took = [self.reprepro("--export=silent-never", "includedeb", "bench", *some)[0] for some in before]
        return sum(took) + self.reprepro("includedeb", "bench", *last)[0]


@contextmanager
def pockets(*suites, environment=None, base=None):
    """A larder with a chain of pockets, each of which feeds the one before it; beside an archive, where one is given."""
    store = place("store")
    with ExitStack() as stack:
        known = []
        if base:
            upstream = stack.enter_context(servers.nginx(base.tree))
            known = [servers.archive_toml("base", f"http://{upstream.address}{base.prefix}", ["stable"], base.keyring)]
        ours = stack.enter_context(servers.larder(known, "pockets", store, environment))
        if base:
            cli(ours, "archive", "update", "base")
        api = Api(ours)
        api.job("archive_create", name="bench")
        for i, suite in enumerate(suites):
            api.job("pocket_create", name=f"bench/{suite}", architectures=[ARCHITECTURES],
                    **({"feeds": suites[i - 1]} if i else {}), **({"base": "base/stable"} if base else {}))
        yield ours, api, store


def names_of(files):
    return [os.path.basename(one).split("_")[0] for one in files]


def peak(server):
    return process.memory(server.process.pid, "VmHWM")


@line("pocket-include")
@in_new_places
def include(run):
    """Packages into an empty pocket, up to its signed publication."""
    files = packages.build().files
    count = run.pick(20_000, 2_000)
    chosen = [files[i * len(files) // count] for i in range(count)]
    rss, samples = [], {"larder": [], "aptly": [], "reprepro": []}
    for _ in range(run.repeat):
        with pockets("released") as (ours, api, _):
            os.sync()  # what came before leaves nothing to be written meanwhile
            report, took = api.job("pocket_include", pocket="bench/released", files=chosen)
            if report["publication"]["added"] != count:
                raise Broken(f"{report['publication']['added']} packages came in")
            samples["larder"].append(took)
            rss.append(peak(ours))
        with Aptly() as aptly:
            aptly.aptly("repo", "create", "bench")
            os.sync()
            added = aptly.add(chosen)[0]
            samples["aptly"].append(added + aptly.publish("repo", "bench", "new")[0])
    with Reprepro() as reprepro:
        os.sync()
        samples["reprepro"].append(reprepro.add(chosen))
    what = f"include {count:,} small packages, published"
    ours, theirs = median(samples["larder"]), median(samples["aptly"])
    return [Row(what, table.seconds(ours), f"{table.seconds(theirs)} (aptly repo add, publish)", theirs / ours,
                "≥ 3.00 times faster", theirs >= 3 * ours,
                f"reprepro includedeb needs {table.seconds(samples['reprepro'][0])}", samples=samples),
            Row(f"{what}: peak RSS", table.mebibytes(max(rss)), goal="≤ 256 MiB", met=max(rss) <= 256 << 20,
                samples={"larder": rss})]


def aptly_switches(files, newer):
    """Seconds of `publish switch` to a snapshot with some packages more, each time others."""
    took = []
    with Aptly() as aptly:
        aptly.aptly("repo", "create", "bench")
        aptly.add(files)
        aptly.aptly("snapshot", "create", "state-0", "from", "repo", "bench")
        aptly.publish("snapshot", "state-0", "new")
        for i, some in enumerate(newer, 1):
            aptly.add(some)
            aptly.aptly("snapshot", "create", f"state-{i}", "from", "repo", "bench")
            took.append(aptly.publish("snapshot", f"state-{i}", "switch")[0])
    return took


@line("pocket-promote")
@in_new_places
def promote(run):
    """A few packages into a pocket that has very many, up to its signed publication."""
    built = packages.build()
    files = built.files if not run.short else built.files[:6000]
    ones = [built.newer(1, f"bench{i}") for i in range(run.repeat + 1)]
    many = [built.newer(200, f"bench1{i}") for i in range(run.repeat + 1)]
    took, disk = {1: [], 200: []}, []
    with pockets("released", "proposed", base=run.archive) as (ours, api, store):
        api.job("pocket_include", pocket="bench/released", files=files)
        before_it = []
        for some in ones + many:
            if before_it:
                api.job("pocket_remove", pocket="bench/proposed", packages=before_it)
            api.job("pocket_include", pocket="bench/proposed", files=some)
            before_it = names_of(some)
            os.sync()
            before = on_disk(store)
            # Others of a real index need these in just the version that they had.
            report, seconds = api.job("pocket_promote", pocket="bench/proposed", reason="bench", override="bench")
            if not any(one.startswith("installable: ") for one in report["findings"]):
                raise Broken("nobody asked what can be installed")
            if report["publication"]["changed"] != len(some):
                raise Broken(f"{report['publication']['changed']} packages were promoted")
            took[len(some)].append(seconds)
            os.sync()
            if len(some) == 1:
                disk.append(on_disk(store) - before)
        memory = peak(ours)
    first, *rest = took[1]
    first_many, *rest_many = took[200]
    theirs = aptly_switches(files, ones[:3])
    with Reprepro() as reprepro:
        reprepro.add(files)
        includes = [reprepro.add(some) for some in ones[:3]]
    what = f"into a pocket of {len(files):,}, one after another, up to the signed publication"
    one = median(rest)
    note = (f"the first after a start {table.seconds(first)}; reprepro includedeb needs "
            f"{table.seconds(median(includes))}; peak RSS {table.mebibytes(memory)}")
    return [Row(f"promote one package {what}", table.seconds(one), "-", None, "≤ 150 ms", one <= 0.150, note,
                samples={"larder": took[1]}),
            Row("the same, against aptly publish switch", table.seconds(one),
                f"{table.seconds(median(theirs))} (aptly)", median(theirs) / one, "≥ 50.00 times faster",
                median(theirs) >= 50 * one, samples={"aptly": theirs, "reprepro": includes}),
            Row(f"promote 200 packages {what}", table.seconds(median(rest_many)), "-", None, "≤ 400 ms",
                median(rest_many) <= 0.400, f"the first time, when much that stood there breaks, "
                f"{table.seconds(first_many)}", samples={"larder": took[200]}),
            Row("one package more, new on the disk beside the .deb", f"{median(disk) / KIB:.0f} KiB", goal="≤ 300 KiB",
                met=median(disk) <= 300 * KIB, samples={"larder": disk})]


@line("pocket-history")
@in_new_places
def history(run):
    """A pocket that was published very often; all of it for real, under a clock that runs fast, since the Dates of
    publications lie a second apart. Each publication is a snapshot already: what is measured is to give one a name, as
    a deployment."""
    count = run.pick(10_000, 300)
    files = packages.build().files[:200]
    took = {"snapshot": [], "rollback": [], "history": []}
    with pockets("released", environment=servers.fast_clock(1000)) as (_, api, _):
        for some in (files[:100], files[100:]):
            api.job("pocket_include", pocket="bench/released", files=some)
        for i in range(count - 3):
            api.job("pocket_rollback", pocket="bench/released", to=2 + i % 2, reason="bench")
        for i in range(3 * run.repeat):
            api.job("pocket_rollback", pocket="bench/released", to=3, reason="bench")
            api.job("pocket_remove", pocket="bench/released", packages=names_of(files[100:]))
            time.sleep(0.05)  # not in a burst: what is asked for is how long one takes
            took["rollback"].append(api.job("pocket_rollback", pocket="bench/released", reason="bench")[1])
            took["history"].append(api.job("pocket_history", pocket="bench/released", last=50)[1])
            took["snapshot"].append(api.job("deployment_create", name=f"kept-{i}", suites=["bench/released"],
                                            architectures=[ARCHITECTURES])[1])
        head = api.job("pocket_history", pocket="bench/released", last=1)[0]["publications"][0]["number"]
        if head < count:
            raise Broken(f"{head} publications were made")
    rows = []
    for what, seconds in took.items():
        one = median(seconds)
        rows.append(Row(f"{what} after {count:,} publications", table.seconds(one), goal="≤ 10 ms", met=one <= 0.010,
                        samples={"larder": seconds}))
    return rows
