"""A whole Debian, installed from the real slice through a larder by the two usual tools."""

import subprocess

from slice_ground import larder_with_slice, path_sources
from support.apt import native_arch
from support.larder import clean_environment


def run(*command, **more):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, stdin=subprocess.DEVNULL,
                          env=clean_environment(DEBIAN_FRONTEND="noninteractive", **more))
    assert done.returncode == 0, f"{command[0]}: exit {done.returncode}\n{(done.stdout + done.stderr)[-4000:]}"
    return done.stdout


def test_debootstrap_installs_a_minimal_system(env):
    env.skip_unless_root()
    piece, upstream, larder = larder_with_slice(env)
    archive, suite = piece.main_suite
    target = env.folder("system")
    run("debootstrap", "--variant=minbase", f"--keyring={piece.keyring}", suite, target,
        f"{larder.url}/{archive.rpartition('/')[2]}")
    assert (target / "usr/bin/apt").exists() and (target / "etc/debian_version").exists()
    assert all(n == 1 for n in counts(upstream).values()), "a package was fetched twice"


def test_mmdebstrap_installs_a_system_with_a_package(env):
    env.skip_unless_root()
    piece, _, larder = larder_with_slice(env)
    sources = "\n".join(line.replace("KEY", f"[signed-by={piece.keyring}]")
                        for line in path_sources(piece, larder.url))
    tar = env.tmp / "system.tar"
    listed = env.tmp / "system.list"
    listed.write_text(sources + "\n")
    run("mmdebstrap", "--mode=root", "--variant=apt", "--include=hello", f"--architectures={native_arch()}",
        "--aptopt=Acquire::Check-Date true", "--aptopt=Acquire::Check-Valid-Until true",
        "--aptopt=Acquire::http::Proxy \"DIRECT\"", "--aptopt=Acquire::Languages \"none\"", piece.main_suite[1], tar, listed)
    names = subprocess.run(["tar", "-tf", tar], capture_output=True, text=True).stdout
    assert "./usr/bin/hello\n" in names


def counts(upstream):
    out = {}
    for _, _, path in upstream.requests("*.deb"):
        out[path] = out.get(path, 0) + 1
    return out


test_debootstrap_installs_a_minimal_system.limit = 900
test_mmdebstrap_installs_a_system_with_a_package.limit = 900
