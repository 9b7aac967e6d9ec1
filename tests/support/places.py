"""Where things are: the checkout, the binary under test, the slice."""

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build"
SLICE = BUILD / "slice"


def larder_binary():
    """The server under test: $LARDER_BIN, else the release build."""
    path = Path(os.environ.get("LARDER_BIN") or BUILD / "release/larder")
    if not os.access(path, os.X_OK):
        raise FileNotFoundError(f"no larder at {path}: build it first (dev/test does), or set LARDER_BIN")
    return path


class Slice:
    """The real piece of the archive; see tests/slice/build-slice."""

    def __init__(self, out=SLICE):
        self.tree = out / "tree"
        self.keyring = out / "keyring.gpg"
        rows = [line.split() for line in (out / "sources").read_text().splitlines()]
        self.suites = [(row[0], row[1], row[2:]) for row in rows]  # (archive path, suite, components)

    @property
    def archives(self):
        return sorted({archive for archive, _, _ in self.suites})

    @property
    def main_suite(self):
        """(archive path, suite) of the one a whole system comes from: its InRelease is the largest."""
        return max(((a, s) for a, s, _ in self.suites),
                   key=lambda pair: (self.tree / pair[0] / "dists" / pair[1] / "InRelease").stat().st_size)


def the_slice():
    """Makes the slice when it is missing or old."""
    subprocess.run([ROOT / "tests/slice/build-slice", SLICE], check=True, stdout=subprocess.DEVNULL)
    return Slice()
