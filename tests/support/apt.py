"""apt in a private root: no file of the machine's apt is read, and none is changed.

Its checks are all on (the machine may have switched some off), languages are off unless asked for.
"""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass

from support.larder import clean_environment

CONFIG = """\
Dir "{root}/";
Dir::State "var/lib/apt/";
Dir::State::status "{root}/var/lib/dpkg/status";
Dir::Cache "var/cache/apt/";
Dir::Etc "etc/apt/";
Dir::Etc::main "/dev/null";
Dir::Etc::parts "{root}/etc/apt/apt.conf.d";
Dir::Etc::trusted "/dev/null";
Dir::Etc::trustedparts "{root}/etc/apt/trusted.gpg.d";
Dir::Log "var/log/apt/";
APT::Sandbox::User "root";
APT::Architecture "{arch}";
APT::Architectures {{ {arches} }};
APT::Get::Assume-Yes "true";
APT::Install-Recommends "false";
APT::Keep-Downloaded-Packages "true";
Acquire::Languages "{languages}";
Acquire::Check-Date "true";
Acquire::Check-Valid-Until "true";
Acquire::Retries "0";
Acquire::http::Proxy "{proxy}";
Dpkg::Use-Pty "0";
"""


def native_arch():
    return subprocess.run(["dpkg", "--print-architecture"], capture_output=True, text=True).stdout.strip()


@dataclass
class Run:
    code: int
    output: str

    def lines(self, word):
        """What apt said of each file it asked for: "Get", "Hit", "Ign" or "Err"."""
        return re.findall(rf"^{word}:\d+ (.*)$", self.output, re.M)

    @property
    def warnings(self):
        return re.findall(r"^[WE]: .*$", self.output, re.M)

    def must(self):
        assert self.code == 0, f"apt failed (exit {self.code}):\n{self.output}"
        assert not self.warnings, f"apt warned:\n{self.output}"
        return self

    def must_fail(self, pattern):
        assert self.code != 0 or self.warnings, f"apt did not fail:\n{self.output}"
        assert re.search(pattern, self.output), f"apt failed without /{pattern}/:\n{self.output}"
        return self


class AptRoot:
    def __init__(self, root, sources, keyring, proxy="DIRECT", arch="amd64", arches=None, languages="none"):
        """`sources` are lines as in sources.list with KEY where [signed-by=…] goes."""
        self.root = root
        for folder in ("var/lib/apt/lists/partial", "var/lib/dpkg", "var/cache/apt/archives/partial", "var/log/apt",
                       "etc/apt/apt.conf.d", "etc/apt/trusted.gpg.d", "etc/apt/preferences.d", "work"):
            (root / folder).mkdir(parents=True, exist_ok=True)
        (root / "var/lib/dpkg/status").touch()
        self.keyring = keyring
        self.set_sources(sources)
        self.config = root / "apt.conf"
        self.config.write_text(CONFIG.format(
            root=root, arch=arch, proxy=proxy, languages=languages,
            arches=" ".join(f'"{a}";' for a in arches or [arch])))

    def set_sources(self, sources):
        lines = [line.replace("KEY", f"[signed-by={self.keyring}]") for line in sources]
        (self.root / "etc/apt/sources.list").write_text("\n".join(lines) + "\n")

    def run(self, command, *arguments, options=(), cwd=None):
        opts = [part for o in options for part in ("-o", o)]
        done = subprocess.run([command, *opts, *arguments], capture_output=True, text=True, stdin=subprocess.DEVNULL,
                              cwd=cwd or self.root / "work", timeout=300,
                              env=clean_environment(APT_CONFIG=str(self.config), LC_ALL="C", DEBIAN_FRONTEND="noninteractive"))
        return Run(done.returncode, done.stdout + done.stderr)

    def update(self, *options):
        return self.run("apt-get", "update", options=options)

    def install(self, *packages, options=()):
        """Downloads what an installation takes, checked by apt."""
        return self.run("apt-get", "--download-only", "install", *packages, options=options)

    def download(self, *packages, options=()):
        return self.run("apt-get", "download", *packages, options=options)

    def source(self, *packages, options=()):
        return self.run("apt-get", "--only-source", "source", *packages, options=options)

    def debs(self):
        return sorted(f.name for f in (self.root / "var/cache/apt/archives").glob("*.deb"))

    def lists(self):
        return sorted(f.name for f in (self.root / "var/lib/apt/lists").iterdir() if f.is_file() and f.name != "lock")

    def list_text(self, ending):
        """The stored list whose name ends so, uncompressed by apt itself."""
        path = next(p for p in (self.root / "var/lib/apt/lists").iterdir() if p.name.endswith(ending))
        return subprocess.run(["/usr/lib/apt/apt-helper", "cat-file", path], capture_output=True, text=True).stdout

    def versions(self, package):
        """What apt would choose from, newest first."""
        rows = self.run("apt-cache", "madison", package).output.splitlines()
        return [row.split("|")[1].strip() for row in rows if "Packages" in row]

    def unpack(self, target):
        """All that was downloaded, unpacked by dpkg into a root of its own. Needs root."""
        for folder in ("updates", "info"):
            os.makedirs(target / "var/lib/dpkg" / folder, exist_ok=True)
        (target / "var/lib/dpkg/status").touch()
        debs = [str(self.root / "var/cache/apt/archives" / d) for d in self.debs()]
        done = subprocess.run(["dpkg", f"--root={target}", "--force-depends", "--force-bad-path", "--unpack", *debs],
                              capture_output=True, text=True)
        assert done.returncode == 0, f"dpkg --unpack: {done.stdout}{done.stderr}"

    def forget_packages(self):
        shutil.rmtree(self.root / "var/cache/apt/archives")
        (self.root / "var/cache/apt/archives/partial").mkdir(parents=True)
