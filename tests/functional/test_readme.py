"""The README's quick start, exactly as it is to be pasted, on a copy of this machine that is thrown away."""

import re
import subprocess

from support import debs
from support.debs import Package
from support.env import Skip
from support.larder import clean_environment
from support.places import ROOT, larder_binary

#: In an overlay over this machine's root, without a network but loopback. What dev/run does, short of the build, comes
#: first; then the block.
AROUND = r"""
set -eu
ip link set lo up
mount -t tmpfs -o size=1200m none {work}
mkdir {work}/upper {work}/work {work}/root
mount -t overlay overlay -o lowerdir=/,upperdir={work}/upper,workdir={work}/work {work}/root
cd {work}/root
mount --bind {slice} mnt
mount -t proc proc proc
mount --rbind /dev dev
rm -rf etc/apt/sources.list etc/apt/sources.list.d/* etc/apt/apt.conf.d/* etc/apt/preferences.d/* var/lib/apt/lists/*
rm -rf tmp/* quick && mkdir -p tmp quick/build/release quick/build/run && chmod 1777 tmp
cp {larder} quick/build/release/larder
cp {block} quick/block
cp {packages} quick/
printf '#!/bin/sh\nexec "$@"\n' >usr/local/bin/sudo && chmod 755 usr/local/bin/sudo
cat >etc/apt/sources.list.d/debian.sources <<'END'
{sources}
END
cp {keyring} usr/share/keyrings/slice.gpg
dpkg --root={work}/root --purge hello >/dev/null 2>&1 || true
exec chroot . /bin/bash -c '
    set -eu
    cd /quick
    python3 -m http.server --bind 127.0.0.1 --directory /mnt/tree 8000 >/dev/null 2>&1 &
    build/release/larder init --output build/run/larder.toml --store build/run/store --listen 127.0.0.1:3142 \
        --admin-socket build/run/admin.sock
    build/release/larder serve --config build/run/larder.toml >build/run/log 2>&1 &
    for _ in $(seq 300); do curl -fsS http://127.0.0.1:3142/healthz >/dev/null 2>&1 && break; sleep 0.1; done
    trap "status=\$?; [ \$status = 0 ] || cat build/run/log; exit \$status" EXIT
    set -x -o pipefail
    . ./block
    {after}
    kill %1 %2'
"""


def block_of(readme, heading):
    """The first block of commands below a heading."""
    return re.search(rf"^## {heading}\n.*?^```\n(.*?)^```$", readme, re.M | re.S)[1]


def on_a_copy_of_this_machine(env, commands, after, packages=()):
    """What the commands print, and what those after them."""
    env.skip_unless_root()
    if subprocess.run(["unshare", "--mount", "--net", "true"]).returncode:
        raise Skip("no namespaces can be made here")
    piece = env.slice()
    block = env.tmp / "block"
    block.write_text(commands)
    archives = {}
    for archive, suite, components in piece.suites:
        archives.setdefault((archive, " ".join(components)), []).append(suite)
    sources = "\n\n".join(f"Types: deb\nURIs: http://127.0.0.1:8000/{archive}\nSuites: {' '.join(suites)}\n"
                          f"Components: {components}\nSigned-By: /usr/share/keyrings/slice.gpg"
                          for (archive, components), suites in archives.items())
    script = AROUND.format(work=env.folder("machine"), slice=piece.tree.parent, larder=larder_binary(), block=block,
                           keyring=piece.keyring, sources=sources, after="\n    ".join(after),
                           packages=" ".join(map(str, packages or ["/dev/null"])))
    done = subprocess.run(["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "bash", "-c", script],
                          capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=280,
                          env=clean_environment(DEBIAN_FRONTEND="noninteractive"))
    assert done.returncode == 0, (done.stdout + done.stderr)[-6000:]
    return done.stdout


def test_a_unit_is_installed_from_a_deployment_by_the_five_commands_of_the_readme(env):
    commands = block_of((ROOT / "README.md").read_text(), "Machines that stay alike")
    assert len([line for line in commands.splitlines() if line]) == 5, commands
    out = on_a_copy_of_this_machine(env, commands, (
        "/usr/bin/hello", "cat /etc/apt/sources.list.d/larder.sources",
        "build/release/larder deployment status web --config build/run/larder.toml"))
    assert "Hello, world!" in out and "/d/web/debian" in out
    assert re.search(r"held +[1-9]", out), out


test_a_unit_is_installed_from_a_deployment_by_the_five_commands_of_the_readme.limit = 300


def test_a_folder_of_packages_becomes_a_pocket_that_apt_installs_from(env):
    commands = "export LARDER_CONFIG=build/run/larder.toml PATH=$PWD/build/release:$PATH\n" + \
        block_of((ROOT / "README.md").read_text(), "An archive of one's own").replace("install PACKAGE", "install -y service")
    packages = [debs.deb(Package("service", "2.0", arch="amd64", depends="library (= 2.0)")), debs.deb(Package("library", "2.0"))]
    out = on_a_copy_of_this_machine(env, commands, (
        "cat /usr/share/service/payload", "sudo apt-get update", "apt-cache policy service"), packages)
    assert "service 2.0 amd64" in out
    # The block ends with a rollback: what is installed stays, and is offered by nobody.
    offers = out.partition("Version table")[2]
    assert "/var/lib/dpkg/status" in offers and "cloud-archive" not in offers, out


test_a_folder_of_packages_becomes_a_pocket_that_apt_installs_from.limit = 300
