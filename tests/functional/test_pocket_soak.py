"""Eight writers and fifty clients at a chain of pockets, while the server is killed again and again.

Writers include, pull, remove, promote and roll back through the API, all at once. Some clients are the real apt; the others do
what apt does, and hash all that they get: InRelease (checked by gpgv), an index by its hash, a package. Whatever a client
gets belongs together; what a job was told to be done is there in the end; and what each publication has is what follows
from the one before it and from what was asked for. Short form: less than a minute; LARDER_LONG=1: ten minutes."""

import gzip
import hashlib
import json
import random
import re
import subprocess
import threading
import time

from pocket_ground import ARCHIVE, Cloud, field, listed, moment, stanza_fields, stanzas
from support import debs
from support.debs import Package
from support.larder import archive_table
from support.process import free_port
from test_api import ask

CHAIN = ("staging", "proposed", "released")
WRITERS, CLIENTS, APTS = 8, 50, 4
VERSIONS = [f"1.{n}" for n in range(12)]
#: What another archive has of each package.
ELSEWHERE = "1.99"

#: What a writer may be told: that what it wants to change is not there.
HARMLESS = ("has no 'w", "has no source package 'w", "has nothing to go back to", "already", "has no publication")
#: What apt must never say, whatever happens to the server.
NEVER = ("Hash Sum mismatch", "unexpected size", "is not signed", "NO_PUBKEY", "BADSIG", "not valid yet", "is expired",
         "changed its", "Splitting up", "Conflicting distribution", "404  Not Found")


class Down(Exception):
    """The server went away in the middle of it."""


class Tally:
    """What happened, from all threads."""

    def __init__(self):
        self.lock, self.counts, self.wrong = threading.Lock(), {}, []

    def add(self, what, more=1):
        with self.lock:
            self.counts[what] = self.counts.get(what, 0) + more

    def blame(self, what):
        with self.lock:
            self.wrong.append(what)


class Writer(threading.Thread):
    """Owns a package of its own, and changes where its versions are."""

    def __init__(self, soak, number):
        super().__init__()
        self.soak, self.package, self.chance = soak, f"w{number}", random.Random(f"writer {number} {soak.seed}")
        self.asked, self.acknowledged = 0, []

    def run(self):
        while not self.soak.over.is_set():
            try:
                self.step()
            except (Down, AssertionError):
                self.soak.over.wait(0.05)  # it is being started again

    def step(self):
        kind, options = self.choose()
        self.asked += 1
        reason = f"{self.package} step {self.asked}: {json.dumps([kind, options])}"
        job = self.job(kind, reason=reason, **options)
        if job["state"] == "done":
            self.soak.tally.add(f"{kind} done")
            if job["result"]["made"]:
                self.acknowledged.append((job["result"]["publication"], reason))
        elif any(words in str(job["error"]) for words in HARMLESS):
            self.soak.tally.add(f"{kind} refused")
        else:
            self.soak.tally.blame(f"{kind} {options}: {job['error']}")

    def choose(self):
        dice = self.chance.random()
        if dice < 0.1:
            return "pocket_pull", {"pocket": f"{ARCHIVE}/staging", "from": ["elsewhere/stable"], "packages": [self.package],
                                   "allow_downgrade": True}
        if dice < 0.5:
            package = Package(self.package, self.chance.choice(VERSIONS))
            return "pocket_include", {"pocket": f"{ARCHIVE}/staging", "files": [str(debs.deb(package))], "allow_downgrade": True}
        if dice < 0.6:
            return "pocket_remove", {"pocket": f"{ARCHIVE}/{self.chance.choice(CHAIN)}", "packages": [self.package]}
        if dice < 0.9:
            options = {"pocket": f"{ARCHIVE}/{self.chance.choice(CHAIN[:2])}", "override": "a soak"}
            return "pocket_promote", {**options, **({"only": [self.package]} if dice < 0.85 else {})}
        return "pocket_rollback", {"pocket": f"{ARCHIVE}/{self.chance.choice(CHAIN)}"}

    def job(self, kind, **options):
        status, told = self.asked_for(f"/jobs/{kind}", "POST", options)
        assert status == 202, told
        while True:
            status, job = self.asked_for(f"/jobs/{told['job']}")
            if status == 404:
                raise Down  # it knew of the job, and died
            if job["state"] in ("done", "failed"):
                return job
            time.sleep(0.01)

    def asked_for(self, path, method="GET", body=None):
        try:
            return ask(self.soak.larder, path, method, body=body)[:2]
        except (OSError, AssertionError, KeyError, ValueError) as e:
            raise Down from e


class Light(threading.Thread):
    """Updates as apt does, and hashes everything."""

    def __init__(self, soak, number):
        super().__init__()
        self.soak, self.chance = soak, random.Random(f"client {number} {soak.seed}")
        self.seen = dict.fromkeys(CHAIN, 0)

    def run(self):
        while not self.soak.over.is_set():
            try:
                self.update(self.chance.choice(CHAIN))
                self.soak.tally.add("light updates")
                self.soak.over.wait(0.03)  # the processor is the server's as well
            except Down:
                self.soak.tally.add("light updates cut short")
                self.soak.over.wait(0.1)

    def get(self, path, sha256=None, size=None):
        answer = self.soak.larder.get(f"/{ARCHIVE}/{path}", timeout=30)
        if not answer.complete:
            raise Down
        if answer.status != 200:
            self.soak.tally.blame(f"{path}: {answer.status} {answer.body[:100]}")
            raise Down
        if sha256 and (answer.sha256, len(answer.body)) != (sha256, int(size)):
            self.soak.tally.blame(f"{path}: Hash Sum mismatch")
        return answer.body

    def update(self, suite):
        body = self.get(f"dists/{suite}/InRelease")
        text = self.soak.verified(body)
        date = moment(field(text, "Date"))
        if date < self.seen[suite]:
            self.soak.tally.blame(f"{suite}: a Date before one that was seen")
        if date > time.time() + 10:
            self.soak.tally.blame(f"{suite}: a Date that apt refuses")
        self.seen[suite] = date
        form = self.chance.choice(("", ".gz", ".zst"))
        files = listed(text)
        sha256, size = files[f"main/binary-amd64/Packages{form}"]
        index = self.get(f"dists/{suite}/main/binary-amd64/by-hash/SHA256/{sha256}", sha256, size)
        if form == ".zst":
            return
        texts = stanzas((gzip.decompress(index) if form else index).decode())
        if texts:
            fields = dict(stanza_fields(self.chance.choice(texts)))
            self.get(fields["Filename"], fields["SHA256"], fields["Size"])


class Apt(threading.Thread):
    """The real one."""

    def __init__(self, soak, number):
        super().__init__()
        self.soak, self.suite = soak, CHAIN[number % len(CHAIN)]
        self.client = soak.cloud.client(self.suite)

    def run(self):
        while not self.soak.over.is_set():
            self.look(self.client.update())
            found = self.client.versions(f"w{random.randrange(WRITERS)}")
            if found:
                self.client.forget_packages()
                self.look(self.client.run("apt-get", "--download-only", "--reinstall", "install", *self.names()))

    def names(self):
        return re.findall(r"^Package: (w\d+)$", self.client.list_text("binary-amd64_Packages"), re.M)[:2]

    def look(self, done):
        self.soak.tally.add("apt runs" if done.code == 0 else "apt runs cut short")
        for words in NEVER:
            if words in done.output:
                self.soak.tally.blame(f"apt: {done.output}")


class Soak:
    def __init__(self, env, seconds):
        self.env, self.seconds, self.seed = env, seconds, time.time_ns()
        self.tally, self.over, self.good = Tally(), threading.Event(), {}
        elsewhere = env.archive(*[Package(f"w{n}", ELSEWHERE) for n in range(WRITERS)])
        elsewhere.publish("stable")
        table = archive_table("elsewhere", f"{env.nginx(elsewhere.tree).url}/debian", elsewhere.keyring,
                              architectures=["amd64"], components=["main"], refresh="1h")
        self.cloud = Cloud(env, table, server={"listen": [f"127.0.0.1:{free_port()}"]}, log={"level": "info"})
        self.larder = self.cloud.larder
        for suite, feeds in reversed(list(zip(CHAIN, (*CHAIN[1:], "")))):
            self.cloud.pocket(suite, **({"feeds": feeds} if feeds else {}))
        for n in range(WRITERS):
            for version in VERSIONS:
                debs.deb(Package(f"w{n}", version))
        ring = env.folder("ring") / "ring.gpg"
        subprocess.run(["gpg", "--dearmor", "-o", ring, self.cloud.keyring()], check=True, capture_output=True)
        self.ring = ring

    def verified(self, body):
        """The text that is signed; each InRelease is checked once."""
        name = hashlib.sha256(body).hexdigest()
        if name not in self.good:
            done = subprocess.run(["gpgv", "--keyring", self.ring, "--output", "-", "-"], input=body, capture_output=True)
            if done.returncode:
                self.tally.blame(f"gpgv: {done.stderr.decode()}")
            self.good[name] = done.stdout.decode()
        return self.good[name]

    def run(self):
        self.writers = [Writer(self, n) for n in range(WRITERS)]
        everybody = self.writers + [Apt(self, n) for n in range(APTS)] + [Light(self, n) for n in range(CLIENTS - APTS)]
        for one in everybody:
            one.start()
        end, chance = time.monotonic() + self.seconds, random.Random(self.seed)
        try:
            while time.monotonic() < end and not self.tally.wrong:
                time.sleep(chance.uniform(0.5, 4))  # the moment of the crash: the one thing that is random here
                self.larder.kill()
                self.tally.add("kills")
                self.larder.start()
        finally:
            self.over.set()
            for one in everybody:
                one.join()


def replayed(before, step, reason, origin, of):
    """What a publication has after a step, by what was asked for."""
    kind, options = json.loads(reason.partition(": ")[2]) if reason else ("create", {})
    assert kind in ("create", "pocket_" + step), (kind, step)
    now, package = dict(before), reason.partition(" ")[0]
    if step == "pull":
        now[package] = ELSEWHERE
    elif step == "include":
        now[package] = options["files"][0].split("_")[-2]
    elif step == "remove":
        del now[package]
    elif step == "rollback":
        now = dict(of(options["pocket"])[origin])
    elif step == "promote":
        carried = of(options["pocket"])[origin]
        now.update({name: v for name, v in carried.items() if name in options.get("only", carried)})
    return now


def content(larder, suite, snapshot):
    base = f"/snapshot/{ARCHIVE}/{snapshot}/dists/{suite}"
    text = larder.good(f"{base}/Release").body.decode()
    index = larder.good(f"{base}/main/binary-amd64/Packages.gz").body
    assert hashlib.sha256(index).hexdigest() == listed(text)["main/binary-amd64/Packages.gz"][0]
    fields = [dict(stanza_fields(s)) for s in stanzas(gzip.decompress(index).decode())]
    return {f["Package"]: f["Version"] for f in fields}


def whole_histories(soak):
    """Each publication follows from the one before; returns pocket -> its publications."""
    rows = []
    for suite in CHAIN:
        pocket = soak.cloud.name(suite)
        history = list(reversed(soak.cloud.history(suite)))
        assert [p["number"] for p in history] == list(range(1, len(history) + 1)), pocket
        assert [p["parent"] for p in history] == [None, *(p["id"] for p in history[:-1])], pocket
        made = [p["made"] for p in history]
        assert made == sorted(set(made)), pocket
        rows += [(p["made"], pocket, p) for p in history]
    states = {soak.cloud.name(suite): {0: {}} for suite in CHAIN}
    waiting = {pocket: [p for _, where, p in rows if where == pocket] for pocket in states}
    while any(waiting.values()):
        ready = [pocket for pocket, all_ in waiting.items()
                 if all_ and (all_[0]["step"] != "promote" or all_[0]["origin"] in states[all_[0]["from"]])]
        assert ready, "publications that come from each other"
        p = waiting[ready[0]].pop(0)
        now = replayed(states[ready[0]][p["number"] - 1], p["step"], p["reason"], p["origin"], states.get)
        states[ready[0]][p["number"]] = now
        there = content(soak.larder, ready[0].partition("/")[2], p["snapshot"])
        assert there == now, (ready[0], p, there, now)
    return {pocket: [p for _, where, p in rows if where == pocket] for pocket in states}


def nothing_acknowledged_is_lost(soak, histories):
    count = 0
    for writer in soak.writers:
        for told, reason in writer.acknowledged:
            kept = histories[told["pocket"]][told["number"] - 1]
            assert (kept["reason"], kept["snapshot"], kept["made"]) == (reason, told["snapshot"], told["made"]), (told, kept)
            count += 1
    return count


def the_journal_has_all(soak, histories):
    soak.larder.cli("audit", "verify", check=0)
    entries = json.loads(soak.larder.cli("audit", "list", "--last", "1000000", "--json", check=0).stdout)["entries"]
    told = [e["subject"] for e in entries if e["what"].startswith("pocket-")]
    for pocket, publications in histories.items():
        for p in publications:
            assert told.count(f"{pocket}#{p['number']}") == 1, f"{told.count(pocket)} entries of {pocket}#{p['number']}"


def test_writers_and_clients_at_once_while_the_server_is_killed(env):
    soak = Soak(env, 600 if env.long else 30)
    soak.run()
    assert not soak.tally.wrong, soak.tally.wrong[:5]
    histories = whole_histories(soak)
    acknowledged = nothing_acknowledged_is_lost(soak, histories)
    the_journal_has_all(soak, histories)
    soak.larder.stop()
    doctor = json.loads(soak.larder.cli("doctor", "--json", check=0).stdout)
    assert not any(doctor[name] for name in ("damaged", "missing", "unreadable", "lost", "dropped")), doctor
    counts = {**soak.tally.counts, "publications": sum(map(len, histories.values())), "acknowledged": acknowledged}
    print(json.dumps(counts))
    assert acknowledged > 10 and counts["light updates"] > 100 and counts["apt runs"] > 10, counts
    assert counts["pocket_pull done"] > 0, counts


test_writers_and_clients_at_once_while_the_server_is_killed.limit = 400
