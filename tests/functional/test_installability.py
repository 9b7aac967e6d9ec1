"""What is installable, as Larder says it, set against dose-debcheck and apt: the same, but for what docs/installability.md
explains. Short form: some hundred archives; LARDER_LONG=1: ten thousand."""

import subprocess

from support import installable, random_packages
from support.apt import AptRoot
from support.env import Skip

FOREIGN = ["i386"]


def written(env, archives):
    path = env.folder("packages") / "Packages"
    path.write_text(random_packages.text(archives))
    return path


def archives(count, foreign, reader, first=0):
    return [random_packages.Archive(seed, foreign, reader) for seed in range(first, first + count)]


def test_larder_and_dose_find_the_same_packages_broken_in_random_archives(env):
    for batch in range(10 if env.long else 1):
        for foreign in ([], FOREIGN):
            made = archives(500 if env.long else 150, foreign, random_packages.DOSE, 10_000 * bool(foreign) + 500 * batch)
            packages = written(env, made)
            said = installable.larder(packages, foreign)
            assert len(said.fine) > len(made) and len(said.broken) > len(made), "hardly a test"
            assert set(said.broken) == installable.dose(packages, foreign)


test_larder_and_dose_find_the_same_packages_broken_in_random_archives.limit = 1200


def native(package):
    """As apt names it: Architecture: all counts as native."""
    return package.replace(":all=", ":amd64=")


def one_of_each_archive(sets):
    """Lists of packages, each of which has one set of each archive."""
    rest = {}
    for one in sets:
        rest.setdefault(one[0].partition("-")[0], []).append(one)
    while rest:
        yield [rest[name].pop() for name in sorted(rest)]
        rest = {name: more for name, more in rest.items() if more}


def refused(apt, sets):
    """Those of some independent sets of packages that apt does not install."""
    if not sets or apt.run("apt-get", "-s", "install", *[native(p) for one in sets for p in one]).code == 0:
        return []
    half = len(sets) // 2
    return sets if len(sets) == 1 else refused(apt, sets[:half]) + refused(apt, sets[half:])


def apt_for(env, packages):
    apt = AptRoot(env.folder("apt"), [f"deb [trusted=yes] copy:{packages.parent} ./"], "", arches=["amd64", *FOREIGN])
    apt.update().must()
    return apt


def test_apt_installs_every_set_that_larder_names_and_nothing_that_it_calls_broken(env):
    made = archives(600 if env.long else 60, FOREIGN, random_packages.APT)
    packages = written(env, made)
    said = installable.larder(packages, FOREIGN)
    apt = apt_for(env, packages)
    for sets in one_of_each_archive(said.fine.values()):
        assert refused(apt, sets) == []
    for name, version, architecture in sorted(said.broken)[::1 if env.long else 20]:
        package = native(f"{name}:{architecture}={version}")
        done = apt.run("apt-get", "-s", "install", package)
        assert done.code != 0, f"apt installs {package}: {said.broken[name, version, architecture]}\n{done.output}"


test_apt_installs_every_set_that_larder_names_and_nothing_that_it_calls_broken.limit = 1800


def test_larder_and_dose_find_the_same_packages_broken_in_the_real_index(env):
    rows = subprocess.run(["apt-get", "indextargets", "--format", "$(FILENAME)", "Created-By: Packages"],
                          capture_output=True, text=True).stdout.split()
    texts = [subprocess.run(["/usr/lib/apt/apt-helper", "cat-file", row], capture_output=True).stdout for row in rows]
    if not any(texts):
        raise Skip("no lists of this machine's apt")
    packages = env.folder("packages") / "Packages"
    packages.write_bytes(max(texts, key=len))
    said = installable.larder(packages)
    if not env.long:  # dose takes half a minute, and half a gigabyte
        assert len(said.broken) < len(said.fine) / 100
        return
    assert set(said.broken) == installable.dose(packages)


test_larder_and_dose_find_the_same_packages_broken_in_the_real_index.limit = 600
