"""What a pocket says of packages in place of what they say of themselves; apt believes it."""

import re

from support import debs
from support.debs import Package
from test_pockets import Chain, STAGING, PROPOSED
from test_pull import Pulling, SUITE

TOOL = Package("tool", "1.0")
SOURCE = "src:tool"


class Overridden(Chain):
    def set(self, *words, suite=STAGING, check=0):
        return self.cli("pocket", "override", "set", self.name(suite), *words, check=check)

    def clear(self, package, suite=STAGING, check=0):
        return self.cli("pocket", "override", "clear", self.name(suite), package, check=check)

    def field(self, name, suite=STAGING, package="tool", index="binary-amd64/Packages"):
        text = self.larder.good(f"/cloud/dists/{suite}/main/{index}").body.decode()
        stanza = next(s for s in text.split("\n\n") if s.startswith(f"Package: {package}\n"))
        found = re.search(rf"^{name}: (.*)$", stanza, re.M)
        return found[1] if found else None


def test_what_stands_there_and_what_comes_is_said_otherwise(env):
    chain = Overridden(env)
    chain.include(STAGING, TOOL)
    before = chain.index(STAGING)
    chain.set("tool", "--section", "net", "--priority", "extra", "--reason", "as in the policy")
    assert (chain.field("Section"), chain.field("Priority")) == ("net", "extra")
    chain.include(STAGING, Package("tool", "2.0"))
    assert (chain.field("Version"), chain.field("Section"), chain.field("Priority")) == ("2.0", "net", "extra")
    chain.set("tool", "--section", "admin")
    assert (chain.field("Section"), chain.field("Priority")) == ("admin", "extra")
    steps = [p["step"] for p in chain.json("pocket", "history", chain.name(STAGING))["publications"]]
    assert steps == ["change", "include", "change", "include", "create"]
    chain.clear("tool")
    assert (chain.field("Section"), chain.field("Priority")) == ("misc", "optional")
    chain.include(STAGING, TOOL, more=["--allow-downgrade", "--reason", "compare"])
    assert chain.index(STAGING) == before
    journal = chain.cli("audit", "list").stdout
    assert journal.count("pocket-override-set") == 2 and "pocket-override-clear" in journal


def test_it_may_be_said_before_the_package_is_there(env):
    chain = Overridden(env)
    assert "Nothing that stands there changes" in chain.set("tool", "--section", "net").stdout
    chain.include(STAGING, TOOL)
    assert chain.field("Section") == "net"
    row, = next(p for p in chain.json("pocket", "list")["pockets"] if p["suite"] == STAGING)["overrides"]
    assert row == {"package": "tool", "section": "net", "priority": "", "phased": None}
    assert "tool" in chain.cli("pocket", "override", "list", chain.name(STAGING)).stdout
    assert "says nothing of other" in chain.clear("other", check=1).stderr


def test_source_packages_have_their_own(env):
    chain = Overridden(env)
    chain.include(STAGING, TOOL, debs.source("tool", "1.0")[0])
    chain.set(SOURCE, "--section", "net")
    assert chain.field("Section", index="source/Sources") == "net" and chain.field("Section") == "misc"
    chain.clear(SOURCE)
    assert chain.field("Section", index="source/Sources") != "net"


def test_the_real_apt_holds_a_phased_update_back_or_takes_it(env):
    chain = Overridden(env)
    chain.include(STAGING, TOOL)
    client = chain.client(STAGING)
    status = client.root / "var/lib/dpkg/status"
    status.write_text("Package: tool\nStatus: install ok installed\nVersion: 1.0\nArchitecture: all\n"
                      "Maintainer: A <a@archive.example>\nDescription: x\n\n")
    chain.include(STAGING, Package("tool", "2.0"))
    machine = ("-o", "APT::Machine-ID=" + "0123456789abcdef" * 2)

    def upgraded(*more):
        client.update().must()
        return "Inst tool" in client.run("apt-get", "--simulate", *machine, *more, "dist-upgrade").must().output
    chain.set("tool", "--phased", "0")
    assert chain.field("Phased-Update-Percentage") == "0"
    assert not upgraded()
    assert upgraded("-o", "APT::Get::Always-Include-Phased-Updates=true")
    chain.set("tool", "--phased", "100")
    assert upgraded()
    chain.clear("tool")
    assert chain.field("Phased-Update-Percentage") is None
    assert upgraded()


def test_the_targets_own_words_win_and_phasing_does_not_travel(env):
    chain = Overridden(env)
    chain.include(STAGING, TOOL)
    chain.set("tool", "--section", "net", "--phased", "20")
    chain.promote(STAGING)
    assert (chain.field("Section", PROPOSED), chain.field("Phased-Update-Percentage", PROPOSED)) == ("net", None)
    chain.set("tool", "--section", "admin", "--phased", "50", suite=PROPOSED)
    chain.include(STAGING, Package("tool", "2.0"))
    chain.promote(STAGING)
    assert chain.field("Version", PROPOSED) == "2.0"
    assert (chain.field("Section", PROPOSED), chain.field("Phased-Update-Percentage", PROPOSED)) == ("admin", "50")
    assert chain.field("Phased-Update-Percentage") == "20"
    assert "Nothing changes" in chain.promote(STAGING).stdout


def test_what_is_pulled_is_said_otherwise_too(env):
    chain = Pulling(env, TOOL)
    chain.cli("pocket", "override", "set", chain.name(STAGING), "tool", "--priority", "extra")
    chain.pull("tool")
    assert b"\nPriority: extra\n" in chain.index(STAGING)


def test_what_would_not_stay_in_its_line_is_refused(env):
    chain = Overridden(env)
    before = chain.release(STAGING)
    assert "is no section" in chain.set("tool", "--section", "net misc", check=1).stderr
    assert "nothing is said" in chain.set("tool", check=1).stderr
    assert chain.set("tool", "--phased", "101", check=2)
    assert "not phased" in chain.set(SOURCE, "--phased", "20", check=1).stderr
    assert chain.set("../x", "--section", "net", check=1)
    chain.cli("pocket", "freeze", chain.name(STAGING), "--reason", "release week")
    assert "it is frozen" in chain.set("tool", "--section", "net", check=1).stderr
    assert chain.release(STAGING) == before
