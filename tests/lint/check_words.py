"""words: nothing of this machine, and nothing unfinished, is left in the project.

- Host names of this machine's package registries (asked of apt, pip and npm when the lint runs):
  examples use archive.example, the code reads apt's configuration.
- Paths of this checkout on this machine.
- Marks of unfinished work, conflict markers, and tests that are switched off.
"""

import re
import subprocess
from functools import lru_cache
from pathlib import Path

from project import Finding, text_files

STANDARD = {"bin", "boot", "dev", "etc", "home", "lib", "media", "mnt", "opt", "proc", "root", "run", "sbin", "srv",
            "sys", "tmp", "usr", "var"}
OWN_FOLDER = "tests/lint/"  # names the words it looks for
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK|TBD)\b|\b(NotImplementedError|not (?:yet )?implemented)\b", re.I)
# In lower case the marks are ordinary words, and HTTP calls its status 501 "Not Implemented".
ORDINARY = re.compile(r"todo|hack|xxx|tbd|fixme|Not Implemented")
CONFLICT = re.compile(r"^(<{7} |>{7} )", re.M)
SWITCHED_OFF = re.compile(r"\[\.\]|\[!mayfail\]|\[!shouldfail\]|\[!hide\]|unittest\.skip\b|\bDISABLED_")


def answer(*command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout if done.returncode == 0 else ""


def hosts_in(text):
    """Host names (with a dot, so not localhost) of the URLs in a text."""
    found = re.findall(r"[a-z+]+://(?:[^@/\s]*@)?([a-zA-Z0-9.-]+)", text)
    return {h.lower() for h in found if "." in h and not re.fullmatch(r"[\d.]+", h) and not h.endswith(".example")}


@lru_cache(maxsize=None)
def registry_hosts():
    return frozenset(
        hosts_in(answer("apt-get", "indextargets", "--format", "$(SITE)"))
        | hosts_in(answer("pip", "config", "list"))
        | hosts_in(answer("npm", "config", "get", "registry"))
    )


def machine_paths(root):
    """The top folder of the checkout when it is an unusual one, else the checkout itself."""
    root = Path(root).resolve()
    if len(root.parts) < 2:
        return []
    return [str(root)] if root.parts[1] in STANDARD else [f"/{root.parts[1]}/"]


def findings_in(path, text, hosts, paths):
    for number, line in enumerate(text.splitlines(), 1):
        lower = line.lower()
        for host in hosts:
            if re.search(rf"(?<![\w.-]){re.escape(host)}(?![\w-]|\.\w)", lower):
                yield Finding(path, number, f"{host} is a package registry's host: archive.example in examples")
        for own in paths:
            if re.search(rf"(?<![\w.$}}]){re.escape(own)}", line):
                yield Finding(path, number, f"{own} is a path of this machine")
        if path.startswith(OWN_FOLDER):
            continue
        for match in UNFINISHED.finditer(line):
            if not ORDINARY.fullmatch(match[0]):
                yield Finding(path, number, f"unfinished: {match[0]}")
        if path.startswith("tests/") and (match := SWITCHED_OFF.search(line)):
            yield Finding(path, number, f"a test is switched off: {match[0]}")
        if CONFLICT.search(line):
            yield Finding(path, number, "a conflict marker")


def check(root):
    hosts, paths = registry_hosts(), machine_paths(root)
    for path, text in text_files(root):
        yield from findings_in(path, text, hosts, paths)
