"""layers: who includes whom, as arrows between rooms, is what layers.txt says; none points up.

layers.txt holds what is observed, ALLOWED what may ever be. A new arrow within ALLOWED is a decision
that shows in a diff: LARDER_ACCEPT=1 writes the file anew (and reports itself as skipped). One that
ALLOWED does not have is refused: let the lower room declare the interface and the upper implement it.
"""

import os
import re
from pathlib import Path

from project import Finding, Skip, read, sources

# The folder of each room, and the name its headers are included by (<larder/NAME/…>).
ROOMS = {
    "base": "base",
    "index/store": "store",
    "index/debs": "debs",
    "index/deployments": "deployments",
    "index/pockets": "pockets",
    "index": "index",
    "signing": "signing",
    "qa": "qa",
    "config": "config",
    "server/core": "core",
    "server/net": "net",
    "server/cli": "cli",
}
# Rooms on one level are strangers. config fills the options that core declares.
ALLOWED = {
    "base": set(),
    "index": {"base"},
    "store": {"base"},
    "debs": {"base", "index"},
    "deployments": {"base", "index", "store"},
    "pockets": {"base", "index", "store"},
    "signing": {"base"},
    "qa": {"base", "index", "signing", "store"},
    "core": {"base", "index", "signing", "store", "qa"},
    "config": {"base", "core"},
    "net": {"base", "index", "signing", "store", "debs", "deployments", "pockets", "qa", "core"},
    "cli": {"base", "index", "signing", "store", "debs", "deployments", "pockets", "qa", "core", "config", "net"},
}
# Each of these belongs to one room: its reason stands in docs/architecture.md.
ONLY_IN = {
    r"boost/(asio|beast)": {"net"},
    r"curl/": {"net", "cli"},
    r"lmdb\.h": {"store"},
    r"gpgme": {"signing"},
    r"CLI/": {"cli"},
    r"toml\+\+|toml\.hpp": {"config"},
    r"prometheus/": {"net"},
}
# What a public header may show of other people's code.
PUBLIC_HEADERS = {
    "base": r"boost/system/result\.hpp",
    "net": r"boost/(asio|beast)/",
}
# The C++ standard library and the operating system: no slash, or one of these folders.
OF_THE_SYSTEM = re.compile(r"^[a-z_0-9]+(\.h)?$|^(sys|netinet|arpa|linux|net)/")
OF_OTHERS = re.compile(r"^(lmdb|gpgme|archive|archive_entry|zlib|zstd|lzma|bzlib|lz4|lz4frame)\.h$")
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.M)


def room_of(path):
    """(room, whether it is a test); (None, False) for what is in no room."""
    if path.startswith("tests/"):
        part = path.split("/")[1]
        return (part if part in ALLOWED else None), True
    for folder, name in ROOMS.items():  # index/store before index
        if path.startswith(folder + "/"):
            return name, False
    return None, False


def includes(text):
    for match in INCLUDE.finditer(text):
        yield text.count("\n", 0, match.start()) + 1, match[1], match[2]


def included_room(name):
    parts = name.split("/")
    if len(parts) >= 3 and parts[0] == "larder":
        return parts[1]
    return None


def fault_of(room, is_test, path, quote, name):
    """Why this include may not be, or nothing."""
    target = included_room(name)
    if target and target not in ALLOWED:
        return f"<{name}>: no such room"
    if target and room and target != room and target not in ALLOWED[room]:
        return f"{room} may not include {target}: it stands above or beside it"
    if not is_test and (".." in name.split("/") or name.startswith("tests/")):
        return f"<{name}> reaches out of the room: include what it shows, <larder/…>"
    if room and not is_test:
        for pattern, where in ONLY_IN.items():
            if re.match(pattern, name) and room not in where:
                return f"<{name}> belongs to {', '.join(sorted(where))} alone"
        if "/include/larder/" in path and not target:
            shown = re.match(PUBLIC_HEADERS.get(room, r"(?!)"), name)
            ours = OF_THE_SYSTEM.match(name) and not OF_OTHERS.match(name)
            if quote == '"' or not (shown or ours):
                return f"a public header shows <{name}>: keep it in the .cpp"
    return None


def observe(root):
    """(arrows as "a -> b" lines, findings)"""
    arrows, found = set(), []
    for path in sources(root):
        room, is_test = room_of(path)
        for line, quote, name in includes(read(root, path)):
            if fault := fault_of(room, is_test, path, quote, name):
                found.append(Finding(path, line, fault))
            target = included_room(name)
            if room and not is_test and target and target != room:
                arrows.add(f"{room} -> {target}")
    return sorted(arrows), found


def check(root):
    arrows, found = observe(root)
    yield from found
    file = Path(root) / "tests/lint/layers.txt"
    text = "".join(a + "\n" for a in arrows)
    if os.environ.get("LARDER_ACCEPT") and not found:
        file.write_text(text)
        raise Skip("layers.txt was written anew: look at its diff")
    accepted = file.read_text().splitlines() if file.exists() else []
    for arrow in sorted(set(arrows) - set(accepted)):
        yield Finding("tests/lint/layers.txt", 0, f"new arrow {arrow}: if it is meant, LARDER_ACCEPT=1 tests/lint/run")
    for arrow in sorted(set(accepted) - set(arrows)):
        yield Finding("tests/lint/layers.txt", 0, f"{arrow} is gone: LARDER_ACCEPT=1 tests/lint/run")
