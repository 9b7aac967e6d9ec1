"""units: systemd-analyze verifies the units, and the service's exposure stays below 2.0."""

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from project import Finding, Skip, files

EXPOSURE = 20  # tenths


def analyze(*arguments):
    return subprocess.run(["systemd-analyze", "--no-pager", *arguments], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL)


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
        for name, copy in zip(names, copies):
            if name.endswith(".service"):
                done = analyze("security", "--offline=true", f"--threshold={EXPOSURE}", copy)
                if done.returncode:
                    last = (done.stdout + done.stderr).strip().splitlines()[-1:]
                    yield Finding(name, 0, f"exposed more than {EXPOSURE / 10}: {' '.join(last)}")
