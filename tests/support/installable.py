"""What Larder and dose-debcheck say of the packages in a Packages file."""

import re
import shutil
import subprocess
from dataclasses import dataclass

from support import places
from support.env import Skip


@dataclass(frozen=True)
class Said:
    fine: dict    # (name, version, architecture) -> a set with which it can be installed, as apt names packages
    broken: dict  # the same -> why


def larder(packages, foreign=()):
    tool = places.larder_binary().parent / "tests/qa/larder_check_packages"
    if not tool.exists():
        raise Skip(f"{tool.name} is not built")
    more = [part for f in foreign for part in ("--foreign", f)]
    done = subprocess.run([tool, packages, *more], capture_output=True, text=True, check=True)
    said = Said({}, {})
    for line in done.stdout.splitlines():
        verdict, name, version, architecture, rest = line.split(" ", 4)
        if verdict == "installable":
            said.fine[name, version, architecture] = rest.removeprefix("with ").split()
        else:
            said.broken[name, version, architecture] = rest.removeprefix("because ")
    return said


def dose(packages, foreign=()):
    """The broken packages."""
    if not shutil.which("dose-debcheck"):
        raise Skip("no dose-debcheck")
    more = ["--deb-foreign-archs=" + ",".join(foreign)] if foreign else []
    done = subprocess.run(["dose-debcheck", "--failures", "--deb-native-arch=amd64", "--deb-ignore-essential", *more,
                           packages], capture_output=True, text=True)
    assert done.returncode in (0, 1), done.stderr
    found = re.findall(r"^  package: (.*)\n  version: (.*)\n  architecture: (.*)\n", done.stdout, re.M)
    return {tuple(part.strip('"') for part in one) for one in found}
