"""Where things are: the project, its binaries, and the folder that the benchmark works in."""

import os
import random
import socket
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
WORK = Path(os.environ.get("LARDER_BENCH_DIR", ROOT / "build" / "bench"))
LARDER = Path(os.environ.get("LARDER_BIN", ROOT / "build" / "release" / "larder"))
SLICE = ROOT / "build" / "slice"
CORES = os.cpu_count()


class Broken(Exception):
    """A line could not be measured, for the reason given."""


def tool(name):
    """A program of tests/bench/CMakeLists.txt."""
    for folder in (os.environ.get("LARDER_BENCH_TOOLS", ""), ROOT / "build" / "release" / "tests" / "bench"):
        path = Path(folder) / name
        if folder and path.exists():
            return str(path)
    raise Broken(f"{name} is not built: cmake --build --preset release --target {name}")


def free_port():
    """Below the range that outgoing connections are given (thousands of them, here), and below 32768,
    which apt-cacher-ng takes for no port."""
    while True:
        port = random.randrange(20000, 32768)
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def folder(*parts):
    path = WORK.joinpath(*parts)
    path.mkdir(parents=True, exist_ok=True)
    return path
