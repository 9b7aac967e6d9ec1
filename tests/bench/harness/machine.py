"""What the numbers were measured on: no names, only what explains them."""

import os
import subprocess
import time
from pathlib import Path


def first(path, key):
    for line in Path(path).read_text().splitlines():
        if line.startswith(key):
            return line.split(":", 1)[1].strip()
    return "unknown"


def versions():
    names = ["nginx", "squid", "apt-cacher-ng", "apt", "libc6"]
    done = subprocess.run(["dpkg-query", "-W", "-f", "${Package} ${Version}\n", *names], capture_output=True, text=True)
    return dict(line.split() for line in done.stdout.splitlines() if len(line.split()) == 2)


def describe():
    return {
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "cores": os.cpu_count(),
        "cpu": first("/proc/cpuinfo", "model name"),
        "memory": first("/proc/meminfo", "MemTotal"),
        "kernel": os.uname().release,
        "load_before": round(os.getloadavg()[0], 2),
        "versions": versions(),
    }
