"""What a pocket is, as opposed to what is in it: changed, supported for a time, a step on the way from release to release."""

import datetime
import hashlib
import re
import subprocess

from support import debs
from support.debs import Package
from test_pockets import ARCHIVE, STAGING, Chain, fetched

PAST = "2020-01-31"


def in_days(days):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days)).strftime("%Y-%m-%d")


def field(chain, suite, name):
    found = re.search(rf"^{name}: (.*)$", chain.release(suite), re.M)
    return found[1] if found else None


def test_what_a_pocket_is_can_be_changed_and_its_release_says_so(env):
    chain = Chain(env, chain=(STAGING,))
    chain.include(STAGING, Package("tool"))
    index = chain.index(STAGING)
    chain.cli("pocket", "change", chain.name(STAGING), "--description", "Newer stacks", "--label", "Cloud",
              "--changelogs", "https://archive.example/@CHANGEPATH@_changelog", "--not-automatic", "--valid-days", "9",
              "--arch", "arm64", "--component", "extra", "--reason", "more")
    said = {name: field(chain, STAGING, name) for name in
            ("Description", "Label", "Changelogs", "NotAutomatic", "Architectures", "Components")}
    assert said == {"Description": "Newer stacks", "Label": "Cloud", "NotAutomatic": "yes",
                    "Changelogs": "https://archive.example/@CHANGEPATH@_changelog", "Architectures": "amd64 arm64",
                    "Components": "main extra"}, said
    assert field(chain, STAGING, "Valid-Until")
    assert chain.index(STAGING) == index
    chain.larder.good(f"/{ARCHIVE}/dists/{STAGING}/extra/binary-arm64/Packages.gz")
    chain.cli("pocket", "change", chain.name(STAGING), "--description", "", "--not-automatic=false", "--valid-days", "0")
    assert [field(chain, STAGING, name) for name in ("Description", "NotAutomatic", "Valid-Until")] == [None] * 3
    last = chain.json("pocket", "history", chain.name(STAGING))["publications"]
    assert [p["step"] for p in last] == ["change", "change", "include", "create"]
    client = chain.client(STAGING)
    client.update().must()
    client.install("tool").must()


def test_a_change_that_changes_nothing_or_leads_in_a_circle_is_refused(env):
    chain = Chain(env)
    nothing = chain.cli("pocket", "change", chain.name(STAGING), "--arch", "amd64", check=None)
    assert nothing.returncode == 1 and "nothing changes" in nothing.stderr, nothing
    circle = chain.cli("pocket", "change", chain.name("bookworm-folsom"), "--feeds", STAGING, check=None)
    assert circle.returncode == 1 and "would feed cloud/bookworm-folsom itself" in circle.stderr, circle
    chain.cli("pocket", "change", chain.name(STAGING), "--upgrades-from", chain.name("bookworm-folsom"))
    back = chain.cli("pocket", "change", chain.name("bookworm-folsom"), "--upgrades-from", chain.name(STAGING),
                     check=None)
    assert back.returncode == 1 and "upgrades from cloud/bookworm-folsom itself" in back.stderr, back
    assert "there is no pocket" in chain.cli("pocket", "change", chain.name(STAGING), "--feeds", "nowhere",
                                             check=None).stderr


def test_the_end_of_support_is_warned_of_and_then_nothing_comes_in_by_mistake(env):
    chain = Chain(env)
    chain.cli("pocket", "change", chain.name(STAGING), "--supported-until", in_days(30))
    warned = chain.include(STAGING, Package("tool"))
    assert "warning: the support of cloud/bookworm-folsom-staging ends on " + in_days(30) in warned.stderr, warned
    chain.cli("pocket", "change", chain.name(STAGING), "--supported-until", PAST)
    refused = chain.include(STAGING, Package("other"), check=None)
    assert refused.returncode == 1 and f"ended on {PAST}" in refused.stderr and "--past-support" in refused.stderr
    assert "needs a reason" in chain.include(STAGING, Package("other"), check=None, more=["--past-support"]).stderr
    chain.include(STAGING, Package("other"), more=["--past-support", "--reason", "a last fix"])
    listed = chain.json("pocket", "list")["pockets"]
    assert [p["warning"] for p in listed] == [f"the support of {chain.name(STAGING)} ended on {PAST}", "", ""]
    assert f"ended on {PAST}" in chain.cli("pocket", "list").stdout
    chain.cli("pocket", "change", chain.name("bookworm-folsom-proposed"), "--supported-until", PAST)
    assert f"ended on {PAST}" in chain.promote(STAGING, check=None).stderr
    chain.promote(STAGING, "--past-support")
    chain.cli("pocket", "remove", chain.name(STAGING), "tool")
    chain.cli("pocket", "rollback", chain.name(STAGING))


def test_releases_say_from_which_and_to_which_machines_upgrade(env):
    chain = Chain(env, chain=("folsom",))
    chain.json("pocket", "create", chain.name("havana"), "--arch", "amd64", "--upgrades-from", chain.name("folsom"))
    rows = {p["suite"]: p for p in chain.json("pocket", "list")["pockets"]}
    assert rows["folsom"]["upgrades_to"] == [chain.name("havana")]
    assert rows["havana"]["upgrades_from"] == chain.name("folsom")
    assert "cloud/folsom -> cloud/havana" in chain.cli("pocket", "list").stdout


def test_a_promotion_that_would_break_the_way_to_the_next_release_is_stopped(env):
    chain = Chain(env, chain=("folsom-proposed", "folsom"))
    chain.json("pocket", "create", chain.name("havana"), "--arch", "amd64,source",
               "--upgrades-from", chain.name("folsom"))
    chain.include("havana", Package("tool", "3.0"))
    chain.include("folsom-proposed", Package("tool", "2.0"))
    chain.promote("folsom-proposed")
    chain.include("folsom-proposed", Package("tool", "4.0"))
    said = chain.promote("folsom-proposed", check=3).stdout
    assert "upgrades: failed: tool (all) would be 4.0, above the 3.0 of cloud/havana" in said, said
    client = chain.client("folsom")
    client.update().must()
    assert client.versions("tool") == ["2.0"]


def test_a_pocket_that_is_asked_to_has_its_indices_as_xz_too(env):
    chain = Chain(env, chain=(STAGING,))
    chain.include(STAGING, *(Package(f"tool-{i}") for i in range(3)))
    plain = chain.index(STAGING)
    assert ".xz" not in chain.release(STAGING)
    chain.cli("pocket", "change", chain.name(STAGING), "--xz")
    listed = re.findall(r"^ ([0-9a-f]{64}) (\d+) (\S+\.xz)$", chain.release(STAGING), re.M)
    assert [path for _, _, path in listed] == ["main/binary-amd64/Packages.xz", "main/source/Sources.xz"]
    for sha256, size, path in listed:
        body = chain.larder.good(f"/{ARCHIVE}/dists/{STAGING}/{path}").body
        assert (hashlib.sha256(body).hexdigest(), len(body)) == (sha256, int(size))
    unpacked = subprocess.run(["xz", "-dc"], input=chain.index(STAGING, ".xz"), capture_output=True, check=True).stdout
    assert unpacked == plain == chain.index(STAGING)
    client = chain.client(STAGING)
    client.update("Acquire::CompressionTypes::Order::=xz").must()
    client.install("tool-1").must()
    assert fetched(client, "tool-1_1.0_all.deb") == debs.deb(Package("tool-1")).read_bytes()
    chain.include(STAGING, Package("tool-9"))
    assert subprocess.run(["xz", "-dc"], input=chain.index(STAGING, ".xz"), capture_output=True,
                          check=True).stdout == chain.index(STAGING)
    chain.cli("pocket", "change", chain.name(STAGING), "--xz=false")
    assert ".xz" not in chain.release(STAGING)
    chain.cli("doctor")


def test_a_rollback_gives_the_preferences_with_which_machines_go_down(env):
    chain = Chain(env, chain=(STAGING,))
    chain.include(STAGING, Package("tool", "1.0"), Package("other"))
    chain.include(STAGING, Package("tool", "2.0"))
    client = chain.client(STAGING)
    client.update().must()
    file = env.folder("preferences") / "larder-rollback"
    chain.cli("pocket", "rollback", chain.name(STAGING), "--preferences", str(file))
    assert file.read_text() == "Package: tool\nPin: version 1.0\nPin-Priority: 1001\n"
    client.update().must()
    (client.root / "etc/apt/preferences.d").mkdir(parents=True, exist_ok=True)
    (client.root / "etc/apt/preferences.d/larder-rollback").write_text(file.read_text())
    assert "1001" in client.run("apt-cache", "policy", "tool").must().output
    chain.cli("pocket", "rollback", chain.name(STAGING), "--to", "3", "--preferences", str(file))
    assert file.read_text() == ""
