"""apt-get update of the real suites, in an apt root of its own."""

import shutil
import subprocess
import time

from . import servers, table
from .places import SLICE, Broken, folder
from .run import line


def archives(tree):
    """What the slice has: {folder below the tree: {suite: components}}."""
    found = {}
    for release in sorted(tree.rglob("InRelease")):
        path = release.parent.relative_to(tree)
        if "dists" not in path.parts:
            continue
        at = path.parts.index("dists")
        components = sorted(p.parent.relative_to(release.parent).as_posix() for p in release.parent.rglob("binary-amd64"))
        found.setdefault("/".join(path.parts[:at]), {})["/".join(path.parts[at + 1:])] = components
    return {root: suites for root, suites in found.items() if all(suites.values())}


def sources(archives_, base, keyring):
    """apt's sources; `base` turns an archive's folder into its URL."""
    return "".join(f"deb [arch=amd64 signed-by={keyring}] {base(root)} {suite} {' '.join(components)}\n"
                   for root, suites in archives_.items() for suite, components in suites.items())


def update(root, text):
    """One apt-get update from nothing; seconds."""
    shutil.rmtree(root, ignore_errors=True)
    for sub in ("etc", "state/lists/partial", "cache/archives/partial"):
        (root / sub).mkdir(parents=True)
    (root / "etc" / "sources.list").write_text(text)
    (root / "state" / "status").write_text("")
    settings = {"Dir::Etc": root / "etc", "Dir::Etc::parts": "/dev/null", "Dir::State": root / "state",
                "Dir::State::status": root / "state" / "status", "Dir::Cache": root / "cache",
                "APT::Sandbox::User": "root", "APT::Architecture": "amd64", "APT::Architectures": "amd64",
                "Acquire::Languages": "none", "Acquire::http::Proxy": "false", "Acquire::Retries": "0"}
    options = [part for key, value in settings.items() for part in ("-o", f"{key}={value}")]
    begin = time.monotonic()
    done = subprocess.run(["apt-get", "-q", "--error-on=any", *options, "update"], capture_output=True, text=True)
    took = time.monotonic() - begin
    if done.returncode:
        raise Broken(f"apt-get update: {done.stderr.strip()[-300:]}")
    return took


@line("apt-update", self_check=True)
def apt_update(run):
    tree, keyring = SLICE / "tree", SLICE / "keyring.gpg"
    if not keyring.exists():
        raise Broken("no slice of the real archive: tests/slice/build-slice")
    have = archives(tree)
    names = {root: root.rsplit("/", 1)[-1] for root in have}
    root = folder("run") / "apt"
    with servers.nginx(tree) as peer:
        entries = [servers.archive_toml(names[r], f"http://{peer.address}/{r}", list(s), keyring)
                   for r, s in have.items()]
        with servers.nginx(tree, "larder") if run.self_check else servers.larder(entries) as ours:
            place = (lambda r: r) if run.self_check else names.get
            through = sources(have, lambda r: f"http://{ours.address}/{place(r)}", keyring)
            direct = sources(have, lambda r: f"http://{peer.address}/{r}", keyring)
            update(root, through)
            update(root, direct)
            samples = run.alternate(larder=lambda: update(root, through), nginx=lambda: update(root, direct))
    return [table.ratio_row("apt-get update of the real suites, warm", samples, table.seconds, 1.05)]
