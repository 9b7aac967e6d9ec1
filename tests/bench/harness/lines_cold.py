"""Cold files: what Larder adds to a download, and many clients that want the same one."""

import time
from statistics import median

from . import servers, table
from .load import load, result, start
from .places import Broken
from .run import line
from .table import Row

GIGABIT = 125_000_000  # bytes a second
CLIENTS_RSS = 64 << 20  # bytes


def cold(run, upstream, what):
    """Every file is asked for directly, then through Larder, which has never seen it."""
    a = run.archive
    samples = {"larder": [], "direct": []}
    first = {"larder": [], "direct": []}
    with run.larder(upstream.address) as ours:
        for path in a.paths("64m")[: run.repeat]:
            for name, server in (("direct", upstream), ("larder", ours)):
                report = load(server.address, [path], requests=1, size=a.size("64m"))
                samples[name].append(report["seconds"])
                first[name].append(report["first_byte_us"]["p50"] / 1e6)
    total = table.ratio_row(f"cold 64 MiB {what}, total", samples, table.seconds, 1.10, "direct")
    added = median(first["larder"]) - median(first["direct"])
    byte = Row(f"cold 64 MiB {what}, first byte", table.seconds(median(first["larder"])),
               f"{table.seconds(median(first['direct']))} (direct)", None, "+ ≤ 2 ms", added <= 0.002,
               f"{added * 1e3:+.2f} ms", first)
    return [total, byte]


@line("cold", self_check=True)
def cold_unlimited(run):
    with servers.nginx(run.archive.tree, "upstream") as upstream:
        return cold(run, upstream, "from loopback")


@line("cold-1gbit", self_check=True)
def cold_gigabit(run):
    with servers.paced_upstream(run.archive.tree, GIGABIT) as upstream:
        return cold(run, upstream, "at 1 Gbit/s")


@line("herd")
def herd(run):
    """Many clients at once ask for one file that is not there yet."""
    clients = run.pick(500, 100)
    asked, peak, took = [], [], []
    for path in run.archive.paths("64m")[: run.pick(5, 1)]:
        count, rss, seconds = one_herd(run, path, clients)
        asked.append(count)
        peak.append(rss)
        took.append(seconds)
    samples = {"upstream_requests": asked, "peak_rss": peak, "seconds": took}
    what = f"{clients} clients, one cold 64 MiB file"
    one = Row(f"{what}: upstream requests", str(max(asked)), goal="1", met=set(asked) == {1}, samples=samples)
    rss = Row(f"{what}: peak RSS", table.mebibytes(median(peak)), goal="≤ 64 MiB", met=median(peak) <= CLIENTS_RSS)
    return [one, rss]


def one_herd(run, path, clients):
    log = servers.fresh("run", "herd-log") / "access"
    with servers.nginx(run.archive.tree, "upstream", access=log) as upstream:
        with run.larder(upstream.address) as ours:
            report = load(ours.address, [path], connections=clients, requests=clients, size=run.archive.size("64m"))
            rss = ours.peak_rss()
        time.sleep(0.1)  # nginx writes a request's line after its last byte
        lines = log.read_text().splitlines()
    return sum(path in text for text in lines), rss, report["seconds"]


@line("slow-readers", self_check=True)
def slow_readers(run):
    """Others fetch small files while very many read a large one slower than it could be sent."""
    readers = run.pick(2000, 500)
    a = run.archive
    late = {"larder": [], "nginx": []}
    rss = {"larder": [], "nginx": []}
    with servers.nginx(a.tree) as peer:
        for _ in range(run.pick(5, 1)):
            for name in late:
                with (run.larder(peer.address) if name == "larder" else servers.nginx(a.tree, "peer")) as server:
                    late[name].append(p99_beside_slow(run, server, readers))
                    rss[name].append(server.peak_rss())
    what = f"{readers} slow readers"
    p99 = Row(f"{what}: p99 of others' 4 KiB", table.seconds(median(late["larder"])),
              f"{table.seconds(median(late['nginx']))} (nginx)", median(late["larder"]) / median(late["nginx"]),
              "≤ 20 ms", median(late["larder"]) <= 0.020, samples=late)
    peak = Row(f"{what}: peak RSS", table.mebibytes(median(rss["larder"])),
               f"{table.mebibytes(median(rss['nginx']))} (nginx)", None, "≤ 128 MiB",
               median(rss["larder"]) <= 128 << 20, samples=rss)
    return [p99, peak]


def p99_beside_slow(run, server, readers):
    small, large = run.warm(server.address, "4k"), run.warm(server.address, "64m")
    lasting = run.pick(10, 5)  # seconds
    slow = start(server.address, large, connections=readers, rate=64000, duration=lasting)
    time.sleep(2)
    fast = load(server.address, small, connections=8, duration=lasting - 3, size=run.archive.size("4k"))
    if slow.poll() is not None:
        raise Broken("the slow readers ended before the others did")
    report = result(slow, server.address)
    if report["bytes"] < readers * 64000 * (lasting - 2) * 0.5:
        raise Broken(f"the slow readers got {report['bytes']} bytes only: they were starved, not slow")
    return fast["latency_us"]["p99"] / 1e6
