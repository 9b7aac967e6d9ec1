"""What the lints share: which files are the project's, and how a finding looks."""

import subprocess
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple


class Finding(NamedTuple):
    path: str
    line: int
    what: str

    def __str__(self):
        return f"{self.path}:{self.line}: {self.what}" if self.line else f"{self.path}: {self.what}"


class Skip(Exception):
    """The check cannot run here, for the reason given."""


@lru_cache(maxsize=None)
def files(root):
    """Every file of the project, by path from its root: what git would have, or all in a tarball."""
    root = Path(root)
    listed = subprocess.run(
        ["git", "-C", str(root), "ls-files", "-z", "-co", "--exclude-standard"],
        capture_output=True, text=True,
    ) if (root / ".git").exists() else None
    if listed is not None and listed.returncode == 0:
        names = [n for n in listed.stdout.split("\0") if n]
    else:
        names = [str(p.relative_to(root)) for p in root.rglob("*")]
        names = [n for n in names if not n.startswith(("build/", ".git/")) and "__pycache__" not in n]
    return tuple(sorted({n for n in names if (root / n).is_file() and not (root / n).is_symlink()}))


def sources(root):
    return [n for n in files(root) if n.endswith((".cpp", ".hpp"))]


def read(root, path):
    return (Path(root) / path).read_text(encoding="utf-8", errors="replace")


def text_files(root):
    """(path, text) of the files that are text."""
    for path in files(root):
        data = (Path(root) / path).read_bytes()
        if b"\0" in data[:8192]:
            continue
        try:
            yield path, data.decode("utf-8")
        except UnicodeDecodeError:
            continue


def first_line(root, path):
    with open(Path(root) / path, "rb") as file:
        return file.readline(200)
