"""units: systemd-analyze verifies the units, the exposure stays below 2.0, and the service can do its work."""

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from project import Finding, Skip, files

EXPOSURE = 20  # tenths
NEEDED = {"setpriority": "larder doctor steps back behind the server",
          "ioprio_set": "larder doctor steps back behind the server"}
FAMILIES = {"AF_INET": "clients and upstreams", "AF_INET6": "clients and upstreams",
            "AF_UNIX": "the admin socket, and systemd's", "AF_NETLINK": "the server lists its own addresses"}


def analyze(*arguments):
    return subprocess.run(["systemd-analyze", "--no-pager", *arguments], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL)


def calls_of(name):
    """The system calls of a set ("@resources") with those of the sets in it; of a call, itself."""
    if not name.startswith("@"):
        return {name}
    lines = [line.strip() for line in analyze("syscall-filter", name).stdout.splitlines()[1:]]
    return set().union(*(calls_of(line) for line in lines if line and not line.startswith("#")))


def allowed_calls(text, calls=calls_of):
    """What the SystemCallFilter= lines of a unit leave, from the first to the last."""
    allowed = set()
    for value in re.findall(r"^SystemCallFilter=(.*)$", text, re.M):
        some = set().union(*map(calls, value.removeprefix("~").split()))
        allowed = allowed - some if value.startswith("~") else allowed | some
    return allowed


def faults_of_service(text, calls=calls_of):
    """What larder.service must and must not say, beyond what systemd itself can judge."""
    # Exit code 2 also says that the store or an address is taken, which passes.
    if re.search(r"^RestartPreventExitStatus=.", text, re.M):
        yield "RestartPreventExitStatus= ends the service for good over what passes by itself"
    if not re.search(r"^StartLimitIntervalSec=0$", text, re.M):
        yield "without StartLimitIntervalSec=0 systemd gives up starting it"
    allowed = allowed_calls(text, calls)
    for call, why in NEEDED.items():
        if call not in allowed:
            yield f"SystemCallFilter= forbids {call}: {why}"
    families = set(" ".join(re.findall(r"^RestrictAddressFamilies=(.*)$", text, re.M)).split())
    for family, why in FAMILIES.items():
        if family not in families:
            yield f"RestrictAddressFamilies= lacks {family}: {why}"


def check(root):
    names = [p for p in files(root) if re.fullmatch(r"systemd/[^/]+\.(service|socket|timer)", p)]
    if not shutil.which("systemd-analyze"):
        raise Skip("no systemd-analyze")
    with tempfile.TemporaryDirectory() as folder:
        copies = []
        for name in names:
            # Neither the program nor its man page is installed where this runs.
            text = (Path(root) / name).read_text()
            text = re.sub(r"^(ExecStart\w*=)/usr/bin/larder\b", r"\1/bin/true", text, flags=re.M)
            text = re.sub(r"^Documentation=man:.*\n", "", text, flags=re.M)
            copy = Path(folder) / Path(name).name
            copy.write_text(text)
            copies.append(str(copy))
        done = analyze("verify", *copies)
        for line in done.stderr.splitlines():
            if folder in line or any(Path(n).name in line for n in names):
                yield Finding("systemd", 0, line.replace(folder + "/", ""))
        for fault in faults_of_service((Path(root) / "systemd/larder.service").read_text()):
            yield Finding("systemd/larder.service", 0, fault)
        for name, copy in zip(names, copies):
            if name.endswith(".service"):
                done = analyze("security", "--offline=true", f"--threshold={EXPOSURE}", copy)
                if done.returncode:
                    last = (done.stdout + done.stderr).strip().splitlines()[-1:]
                    yield Finding(name, 0, f"exposed more than {EXPOSURE / 10}: {' '.join(last)}")
