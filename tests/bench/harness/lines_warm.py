"""Warm files: what a request costs the server, and how many there are a second."""

from . import servers, table
from .load import load
from .run import line

SIZES = {"4k": "4 KiB", "100k": "100 KiB", "64m": "64 MiB"}
COST_GOAL = {"4k": 0.75, "100k": 0.95, "64m": 1.00}
RATE_GOAL = {"4k": 2.0, "100k": 1.0, "64m": 1.0}
CONNECTIONS = {"4k": 16, "100k": 16, "64m": 4}


def requests(run, kind):
    return {"4k": run.pick(400000, 80000), "100k": run.pick(200000, 40000), "64m": run.pick(120, 24)}[kind]


def lasting(run, kind):
    """Seconds of one measurement of the rate."""
    return run.pick(4, 2 if kind == "64m" else 1)


def cost(run, kind):
    """Processor seconds a request, the server's own, in user and kernel."""
    a = run.archive
    with servers.nginx(a.tree) as peer, run.larder(peer.address) as ours:
        paths = run.warm(ours.address, kind)
        run.warm(peer.address, kind)

        def once(server):
            count = requests(run, kind)
            before = server.processor_seconds()
            load(server.address, paths, connections=CONNECTIONS[kind], requests=count, size=a.size(kind))
            return (server.processor_seconds() - before) / count

        samples = run.alternate(larder=lambda: once(ours), nginx=lambda: once(peer))
    return [table.ratio_row(f"warm {SIZES[kind]}, processor time a request", samples, table.seconds, COST_GOAL[kind])]


def rate(run, kind):
    """Requests a second in proxy mode, as apt asks a proxy."""
    a = run.archive
    with servers.nginx(a.tree, "upstream") as upstream, run.larder(upstream.address) as ours, \
            servers.squid() as squid, servers.apt_cacher_ng() as acng:
        origin = f"http://{upstream.address}"
        all_of_them = {"larder": ours, "squid": squid, "apt-cacher-ng": acng}
        for server in all_of_them.values():
            paths = run.warm(server.address, kind, proxy=origin)

        def once(server):
            # For a time, not a count: the slowest peer needs a hundred times as long as the fastest. Bytes
            # count, so that of a large file the part that arrived does.
            report = load(server.address, paths, connections=CONNECTIONS[kind], duration=lasting(run, kind),
                          size=a.size(kind), proxy=origin)
            return report["bytes"] / a.size(kind) / report["seconds"]

        samples = run.alternate(**{name: lambda s=s: once(s) for name, s in all_of_them.items()})
    return rate_rows(kind, samples)


def rate_rows(kind, samples):
    rows = [table.ratio_row("", samples, table.per_second, RATE_GOAL[kind], peer, more_is_better=True)
            for peer in ("squid", "apt-cacher-ng")]
    row = min(rows, key=lambda r: r.ratio)  # against the better of the two
    row.what = f"warm {SIZES[kind]} through the proxy, requests"
    row.note = f"the other peer: {max(rows, key=lambda r: r.ratio).peer}"
    return [row]


for _kind in SIZES:
    line(f"cost-{_kind}", self_check=True)(lambda run, kind=_kind: cost(run, kind))
for _kind in SIZES:
    line(f"rate-{_kind}", self_check=True)(lambda run, kind=_kind: rate(run, kind))
