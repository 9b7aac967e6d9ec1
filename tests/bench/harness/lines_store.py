"""The store: an index's first load, a start with much in it, a check of all of it."""

import json
import shutil
import subprocess
import time
from pathlib import Path
from statistics import median

from . import servers, table
from .places import CORES, SLICE, Broken, folder, tool
from .run import line
from .table import Row


def filled(name, *arguments):
    """A store of random objects, kept from one run to the next."""
    top = folder("stores") / name
    stamp = top / "filled"
    if not stamp.exists() or stamp.read_text() != " ".join(arguments):
        shutil.rmtree(top, ignore_errors=True)
        subprocess.run([tool("larder_fill"), str(top), *arguments], check=True)
        stamp.write_text(" ".join(arguments))
    return top


def lists_of_apt():
    """The Packages files that this machine's apt verified, unpacked."""
    done = subprocess.run(["apt-get", "indextargets", "--format", "$(FILENAME)", "Created-By: Packages"],
                          capture_output=True, text=True)
    texts = [subprocess.run(["/usr/lib/apt/apt-helper", "cat-file", name], capture_output=True).stdout
             for name in done.stdout.split()]
    if not texts:
        raise Broken("no real Packages file: no lists of this machine's apt (apt-get update)")
    return texts


def largest_packages():
    """The largest real Packages.xz there is: of the slice, else what this machine's apt verified."""
    found = sorted((SLICE / "tree").rglob("Packages.xz"), key=lambda p: p.stat().st_size)
    if found:
        return found[-1]
    texts = lists_of_apt()
    path = folder("index") / "Packages.xz"
    with open(path, "wb") as out:
        subprocess.run(["xz", "-T0", "-c"], input=max(texts, key=len), stdout=out, check=True)
    return path


@line("first-load")
def first_load(run):
    packages = largest_packages()
    reports = []
    for _ in range(run.repeat):
        store = folder("index") / "store"
        shutil.rmtree(store, ignore_errors=True)
        done = subprocess.run([tool("larder_index_bench"), str(packages), str(store)], capture_output=True, text=True)
        if done.returncode:
            raise Broken(done.stderr.strip())
        reports.append(json.loads(done.stdout))
    took = median(r["seconds"] for r in reports)
    note = ", ".join(f"{key.replace('_', ' ')} {table.seconds(median(r[key] for r in reports))}"
                     for key in ("unpack_and_scan", "learn", "learn_again"))
    return [Row(f"first load of a {reports[0]['claims']:,}-package Packages.xz", table.seconds(took), goal="≤ 1.0 s",
                met=took <= 1.0, note=note, samples={"runs": reports})]


@line("start")
def start(run):
    """From exec to a 200 on /healthz, with nothing in the store and with 100,000 objects."""
    servers.larder_binary()
    a = run.archive
    full = filled("100k", "--count", "100000", "--smallest", "1 KiB", "--learn")
    with servers.nginx(a.tree, "upstream") as upstream:
        entry = servers.archive_toml("bench", f"http://{upstream.address}{a.prefix}", ["stable"], a.keyring)

        def once(store):
            with servers.larder([entry], store=store) as server:
                return server.startup

        samples = run.alternate(larder=lambda: once(full), empty=lambda: once(None))
    took = median(samples["larder"])
    return [Row("start with 100,000 objects", table.seconds(took), f"{table.seconds(median(samples['empty']))} (a new store)",
                None, "≤ 150 ms", took <= 0.150, samples=samples)]


@line("doctor")
def doctor(run):
    """larder doctor against sha256sum, one a core, on the same files, all in the page cache."""
    objects = run.pick(1024, 128)  # of 4 MiB on average: 4 GiB, 512 MiB
    servers.larder_binary()
    full = filled(f"doctor-{objects}", "--count", str(objects), "--smallest", "64 KiB", "--largest", "8128 KiB")
    config, _ = servers.larder_config([], "doctor", full)
    check = [str(servers.larder_binary()), "doctor", "--config", str(config)]
    sums = f"find '{full}/objects' -type f -print0 | xargs -0 -n 8 -P {CORES} sha256sum"
    samples = run.alternate(sha256sum=lambda: timed(["sh", "-c", sums]), larder=lambda: timed(check))
    return [table.ratio_row(f"doctor over {run.pick('4 GiB', '512 MiB')}", samples, table.seconds, 1.10, "sha256sum")]


def timed(command):
    begin = time.monotonic()
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        raise Broken(f"{Path(command[0]).name} {command[1]} ended with {done.returncode}: {done.stderr.strip()[-300:]}")
    return time.monotonic() - begin
