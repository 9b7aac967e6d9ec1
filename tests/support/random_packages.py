"""Small archives of random packages that ask much of each other, many of them in one Packages file."""

import random

NAMES = ["a", "b", "c", "d", "e", "f", "g"]
VIRTUAL = ["v", "w"]
NEVER_PROVIDED = ["a", "b"]  # for dose
VERSIONS = ["1", "2", "3", "2~rc1", "1:1", "2+b1"]
RELATIONS = ["<<", "<=", "=", ">=", ">>"]


# What apt reads, and what dose-debcheck 7 reads in the same way (docs/installability.md): "name:any" without a version
# and for packages that allow it, "name:i386" for those that are not Multi-Arch: foreign and not provided; what is
# Multi-Arch: same conflicts with nothing that is provided.
APT, DOSE = "apt", "dose"
MULTI_ARCH_FOR_DOSE = {"a": ["", "same"], "b": ["", "same"], "f": ["allowed"], "g": ["allowed"]}


class Archive:
    """Packages of one name prefix, which know no others: dozens of archives share a file and stay apart."""

    def __init__(self, seed, foreign, reader):
        self.dice = random.Random(seed)
        self.prefix = f"k{seed}-"
        self.foreign, self.reader = foreign, reader
        keys = {self.key() for _ in range(self.dice.randrange(4, 14))}
        # "all" counts as native: one name and version is not there as both.
        self.keys = [k for k in keys if k[2] != "all" or (k[0], k[1], "amd64") not in keys]
        self.stanzas = [self.stanza(*key) for key in sorted(self.keys)]

    def key(self):
        d = self.dice
        architecture = d.choice(["amd64", "amd64", "all", "i386", "i386"] if self.foreign else ["amd64", "all"])
        return d.choice(NAMES), d.choice(VERSIONS[:3] if d.random() < .8 else VERSIONS), architecture

    def version(self):
        d = self.dice
        return f" ({d.choice(RELATIONS)} {d.choice(VERSIONS)})" if d.random() < .4 else ""

    def asked(self, conflict=False, names=NAMES + VIRTUAL):
        d = self.dice
        name, version = d.choice(names), self.version()
        named = d.choice([":any", ":i386", ":amd64"] if self.foreign else [":any"]) if d.random() < .4 else ""
        if named == ":any" and conflict:
            named = ""  # dpkg means all packages of the name by it, apt those that allow it, dose something else
        if named and self.reader == DOSE:
            multi = MULTI_ARCH_FOR_DOSE.get(name, ["foreign"])
            named = named if multi == (["allowed"] if named == ":any" else ["", "same"]) else ""
            version = "" if named == ":any" else version
        if named in (":i386", ":amd64") and self.reader == APT:
            version = ""  # apt takes what is provided without a version for a low one
        return self.prefix + name + named + version

    def multi_arch(self, name, architecture):
        known = MULTI_ARCH_FOR_DOSE.get(name) if self.reader == DOSE else None
        multi = self.dice.choice(known or ["", "", "same", "foreign", "allowed"])
        return "" if multi == "same" and architecture == "all" else multi  # dpkg-gencontrol refuses that

    def field(self, name, most, make):
        parts = [make() for _ in range(self.dice.randrange(most))]
        return f"{name}: {', '.join(parts)}\n" if parts else ""

    def group(self):
        return " | ".join(self.asked() for _ in range(self.dice.choice([1, 1, 1, 2, 2, 3])))

    def conflict(self, multi):
        provided = self.reader == APT or multi != "same"
        return self.asked(conflict=True, names=NAMES + VIRTUAL if provided else NEVER_PROVIDED)

    def provided(self):
        name = self.dice.choice(VIRTUAL + VIRTUAL + [n for n in NAMES if self.reader == APT or n not in NEVER_PROVIDED])
        return self.prefix + name + (f" (= {self.dice.choice(VERSIONS)})" if self.dice.random() < .4 else "")

    def stanza(self, name, version, architecture):
        multi = self.multi_arch(name, architecture)
        return (f"Package: {self.prefix}{name}\nVersion: {version}\nArchitecture: {architecture}\n"
                + (f"Multi-Arch: {multi}\n" if multi else "")
                + self.field("Depends", 4, self.group) + (self.field("Pre-Depends", 2, self.group) if self.reader == DOSE else "")  # apt wants to order them
                + self.field("Conflicts", 3, lambda: self.conflict(multi))
                + self.field("Breaks", 3, lambda: self.conflict(multi))
                + self.field("Provides", 3, self.provided)
                + f"Maintainer: nobody <nobody@archive.example>\nFilename: ./{self.prefix}{name}_{version}_{architecture}.deb\n"
                  f"Size: 1000\nSHA256: {self.dice.getrandbits(256):064x}\nDescription: one of many\n")


def text(archives):
    return "\n".join(stanza for one in archives for stanza in one.stanzas)
