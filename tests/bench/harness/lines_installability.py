"""The dependency check: a first one of a whole suite, and one after a package has changed, beside dose-debcheck."""

import json
import os
import re
import subprocess
import time
from statistics import median

from . import table
from .lines_store import lists_of_apt
from .places import Broken, folder, tool
from .run import line
from .table import Row


def real_packages():
    path = folder("installability") / "Packages"
    path.write_bytes(max(lists_of_apt(), key=len))
    return path


def larder(packages):
    done = subprocess.run([tool("larder_installability_bench"), str(packages)], capture_output=True, text=True)
    if done.returncode:
        raise Broken(done.stderr.strip())
    return json.loads(done.stdout)


def dose(packages):
    """Seconds, bytes at most, and how many it finds broken."""
    begin = time.monotonic()
    command = ["dose-debcheck", "--failures", "--explain", "--deb-native-arch=amd64", str(packages)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        said = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    found = re.search(r"^broken-packages: (\d+)", said, re.M)
    if not found:
        raise Broken("dose-debcheck says nothing of broken packages")
    return time.monotonic() - begin, used.ru_maxrss * 1024, int(found[1])


@line("installability")
def installability(run):
    packages = real_packages()
    ours = [larder(packages) for _ in range(run.repeat)]
    took, size, broken = dose(packages)
    seconds, most = median(o["seconds"] for o in ours), max(o["kib"] for o in ours) * 1024
    change = max(o["change_most"] for o in ours)
    about = ours[0]
    parts = ", ".join(f"{part} {table.seconds(median(o[part] for o in ours))}"
                      for part in ("reading", "checking", "explaining"))
    usual = table.seconds(median(o["change_median"] for o in ours))
    return [
        Row(f"first dependency check of {about['packages']:,} packages", table.seconds(seconds),
            f"{table.seconds(took)} (dose-debcheck)", seconds / took, "≤ 1.5 s", seconds <= 1.5,
            f"{parts}; {about['broken']} broken, for dose-debcheck {broken}; the file is not compressed, and in the "
            "page cache", samples={"runs": ours, "dose": took}),
        Row("the same, memory at most", table.mebibytes(most), f"{table.mebibytes(size)} (dose-debcheck)", most / size,
            "≤ 143 MiB", most <= 150e6),
        Row("the same, packages found broken", str(about["broken"]), f"{broken} (dose-debcheck)", None, "the same",
            about["broken"] == broken),
        Row(f"dependency check after one package changed, the worst of {about['changes']}", table.seconds(change), "-",
            None, "≤ 50 ms", change <= 0.050, f"median {usual}; the worst is {about['slowest']}, and the most that one "
            f"change broke was {about['most_worse']:,} packages ({about['worst']})"),
    ]
