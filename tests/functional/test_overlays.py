"""Generations that are the one before but for some packages: of other states, or as the units have them."""

import gzip
import hashlib
import json
import re
from concurrent.futures import ThreadPoolExecutor
from email.utils import parsedate_to_datetime

from test_api import unix
from test_bundles import export, import_bundle, key_of
from test_deployments import Machine, Unit
from test_peers import TOKENS, follow, second

from support import debs
from support.bundles import Bundle
from support.client import request
from support.env import Package
from support.fleet import HOUR, PACKAGES, RELEASE, Fleet, moment, packages_of
from support.process import wait_for

GZ = "dists/stable/main/binary-amd64/Packages.gz"


def parts_of(version):
    return [*packages_of(version), Package("tool", version, size=10_000), Package("other", version, size=10_000)]


class Shop(Fleet):
    """A service that needs its library, and two packages that need nothing; its indices in any compression."""

    def __init__(self, env, pack=("", ".xz", ".gz"), by_hash=True, **settings):
        self.pack, self.by_hash = pack, by_hash
        super().__init__(env, **settings)

    def publish(self, version, hours_ago, marker=None):
        for old in self.archive.packages:
            (self.archive.root / old.pool_path).unlink(missing_ok=True)
        self.archive.packages, self.archive.sources = [], []
        self.archive.add(*parts_of(version))
        self.archive.add_source("tool", version)
        self.archive.publish("stable", date=self.now - hours_ago * HOUR, by_hash=self.by_hash, pack=self.pack,
                             extras=("translation",))
        return {f"{p.name}_{p.version}_{p.arch}.deb": debs.deb(p).read_bytes() for p in parts_of(version)}

    def machine(self):
        machine = ShopMachine(self)
        machine.has("1.0")
        return machine

    def picks(self, name="web", number=-1):
        [suite] = self.json("deployment", "history", name)["generations"][number]["suites"]
        return {(p["package"], p["version"]) for p in suite["picks"]}

    def upgrade(self, *arguments, check=0):
        return self.json("deployment", "upgrade", "web", *arguments, check=check)

    def status_of(self, versions):
        """dpkg's status where these are installed, as the archive has them."""
        stanzas = [p.control().replace("\n", "\nStatus: install ok installed\n", 1)
                   for name, version in versions.items() for p in parts_of(version) if p.name == name]
        return "\n".join(stanzas)


class ShopMachine(Machine):
    def has(self, version):
        self.runs({name: version for name in ("service", "library", "tool", "other")})

    def runs(self, versions):
        (self.root / "var/lib/dpkg/status").write_text(self.fleet.status_of(versions))


class ShopUnit(Unit):
    def runs(self, **versions):
        all_of_it = {name: "1.0" for name in ("service", "library", "tool", "other")}
        (self.root / "var/lib/dpkg/status").write_text(self.fleet.status_of({**all_of_it, **versions}))
        self.report()


def changes(report):
    return {(p["package"], p["what"], p["before"], p["after"]) for d in report["differences"] for p in d["packages"]}


def upgrade_of_one_package_alone(env, **how):
    shop = Shop(env, **how)
    shop.create()
    machine = shop.machine()
    assert machine.plan() == {}
    new = shop.moves_on()
    dry = shop.upgrade("--package", "tool", "--dry-run")
    assert not dry["made"] and changes(dry) == {("tool", "upgraded", "1.0", "2.0")}
    assert machine.plan() == {}
    made = shop.upgrade("--package", "tool", "--reason", "a fix")
    assert made["made"] and changes(made) == changes(dry) and made["unmet"] == []
    assert machine.plan() == {"tool": "2.0"}
    assert shop.picks() == {("tool", "2.0")} and shop.picks(number=0) == set()
    unit = machine.apt
    unit.download("tool").must()
    assert (unit.root / "work/tool_2.0_all.deb").read_bytes() == new["tool_2.0_all.deb"]
    return shop, new


def test_one_package_alone_reaches_machines_and_nothing_else_changes(env):
    upgrade_of_one_package_alone(env)


def test_one_package_alone_where_indices_are_in_xz_only_and_not_by_hash(env):
    upgrade_of_one_package_alone(env, pack=(".xz",), by_hash=False)


def test_one_package_alone_where_indices_are_in_gz_only(env):
    upgrade_of_one_package_alone(env, pack=(".gz",))


def test_of_the_composed_index_all_else_is_upstreams_own_byte_for_byte(env):
    shop = Shop(env)
    own = shop.larder.good(f"/debian/{GZ}").body
    shop.create()
    shop.moves_on()
    newer = gzip.decompress(shop.larder.good(f"/debian/{GZ}").body).decode().split("\n\n")
    shop.cli("deployment", "upgrade", "web", "--package", "tool")
    stanzas = gzip.decompress(own).decode().split("\n\n")
    expected = [next(n for n in newer if n.startswith("Package: tool\n")) if s.startswith("Package: tool\n") else s
                for s in stanzas]
    composed = gzip.decompress(shop.larder.good(f"/d/web/debian/{GZ}").body).decode()
    assert [s.strip("\n") for s in composed.split("\n\n") if s] == [s.strip("\n") for s in expected]
    release = shop.larder.good(f"/d/web/debian/{RELEASE}").body.decode()
    upstream = shop.larder.good(f"/d/web@1/debian/{RELEASE}").body.decode()
    field = lambda text, name: [line for line in text.splitlines() if line.startswith(name + ":")]
    for name in ("Origin", "Label", "Suite", "Codename", "Components", "Architectures", "Acquire-By-Hash"):
        assert field(release, name) == field(upstream, name), name
    assert field(release, "Date") != field(upstream, "Date")
    assert "main/binary-amd64/Packages.gz" in release and "Packages.xz" not in release
    translation = "dists/stable/main/i18n/Translation-en"
    assert shop.larder.good(f"/d/web/debian/{translation}").body == shop.larder.good(f"/d/web@1/debian/{translation}").body


def test_each_generation_keeps_its_own_url_and_a_rollback_leads_back_and_forth(env):
    shop, new = upgrade_of_one_package_alone(env)
    machine = shop.machine()
    upstream = shop.larder.good(f"/d/web@1/debian/{RELEASE}").body
    shop.cli("deployment", "rollback", "web")
    machine.runs({"service": "1.0", "library": "1.0", "tool": "2.0", "other": "1.0"})
    assert machine.plan() == {"tool": "1.0"}
    assert shop.larder.good(f"/d/web@3/debian/{RELEASE}").body == upstream
    composed = shop.larder.good(f"/d/web@2/debian/{RELEASE}").body
    assert composed != upstream
    shop.cli("deployment", "rollback", "web", "--to", "2")
    machine.has("1.0")
    assert machine.plan() == {"tool": "2.0"}
    assert shop.picks() == {("tool", "2.0")}
    assert shop.larder.good(f"/d/web@4/debian/{RELEASE}").body == composed
    assert shop.larder.good(f"/d/web/debian/{RELEASE}").body != composed, "it was seen before what came since"
    shop.cli("deployment", "upgrade", "web")
    machine.has("1.0")
    assert machine.plan() == {name: "2.0" for name in ("service", "library", "tool", "other")}
    assert shop.picks() == set()


def test_a_second_pick_keeps_the_first_and_another_version_takes_its_place(env):
    shop, _ = upgrade_of_one_package_alone(env)
    shop.upgrade("--package", "other")
    assert shop.picks() == {("tool", "2.0"), ("other", "2.0")}
    machine = shop.machine()
    assert machine.plan() == {"tool": "2.0", "other": "2.0"}
    shop.moves_on("3.0", hours_ago=1)
    shop.upgrade("--package", "tool")
    assert shop.picks() == {("tool", "3.0"), ("other", "2.0")}
    assert machine.plan() == {"tool": "3.0", "other": "2.0"}
    page = shop.larder.good("/pages/deployments/web/4").body.decode()
    assert "Picked packages" in page and ">tool<" in page and "3.0" in page
    assert "Picked packages" not in shop.larder.good("/pages/deployments/web/1").body.decode()
    again = shop.upgrade("--package", "tool")
    assert not again["made"] and again["differences"] == []
    earlier = shop.upgrade("--package", "tool=1.0", "--to", moment(shop.now - 4 * HOUR))
    assert changes(earlier) == {("tool", "downgraded", "3.0", "1.0")}
    assert machine.plan() == {"other": "2.0"}


def test_what_was_picked_is_there_when_upstream_has_deleted_everything_and_is_gone(env):
    shop, new = upgrade_of_one_package_alone(env)
    wait_for(lambda: shop.json("deployment", "status", "web", check=None)["held"] >= 1, "it to be held")
    shop.publish("3.0", hours_ago=1)
    shop.gone()
    shop.collect_all()
    answer = shop.larder.good("/d/web/debian/pool/main/t/tool/tool_2.0_all.deb")
    assert answer.body == new["tool_2.0_all.deb"]
    assert shop.machine().plan() == {"tool": "2.0"}
    shop.larder.stop()
    shop.larder.cli("doctor", "--rebuild", check=0)
    shop.larder.start()
    assert shop.larder.good("/d/web/debian/pool/main/t/tool/tool_2.0_all.deb").body == answer.body
    assert shop.machine().plan() == {"tool": "2.0"}


def test_each_generation_is_dated_after_the_one_before_however_quickly_they_are_made(env):
    shop = Shop(env)
    shop.create()
    shop.moves_on()
    shown = []
    for pick in ("tool", "other", "library", "service"):
        shop.upgrade("--package", pick)
        release = shop.larder.good(f"/d/web/debian/{RELEASE}").body.decode()
        shown.append(parsedate_to_datetime(re.search(r"^Date: (.*)$", release, re.M)[1]))
    assert all(a < b for a, b in zip(shown, shown[1:])), shown


def test_of_several_versions_in_one_state_the_one_that_is_named_is_taken(env):
    shop = Shop(env)
    shop.create()
    shop.publish("2.0", hours_ago=3)
    shop.archive.add(Package("tool", "3.0", size=10_000))
    shop.archive.publish("stable", date=shop.now - 2 * HOUR, pack=shop.pack)
    shop.cli("archive", "update")
    made = shop.upgrade("--package", "tool=2.0")
    assert changes(made) == {("tool", "upgraded", "1.0", "2.0")}
    assert shop.machine().plan() == {"tool": "2.0"}


def test_what_a_picked_package_breaks_or_needs_is_said_and_with_deps_brings_it(env):
    shop = Shop(env)
    shop.create()
    shop.moves_on()
    alone = shop.upgrade("--package", "service", "--dry-run")
    assert alone["unmet"] == ["service 2.0 needs: library (= 2.0)"]
    breaks = shop.upgrade("--package", "library", "--dry-run")
    assert breaks["unmet"] == ["service 1.0 needs: library (= 1.0)"]
    text = shop.cli("deployment", "upgrade", "web", "--package", "service", "--dry-run")
    assert "Not in its suites then: service 2.0 needs: library (= 2.0)" in text
    both = shop.upgrade("--package", "service", "--with-deps")
    assert both["unmet"] == [] and {row[0] for row in changes(both)} == {"service", "library"}
    assert shop.machine().plan() == {"service": "2.0", "library": "2.0"}


def test_a_source_package_brings_what_is_built_from_it_and_itself(env):
    shop = Shop(env)
    shop.create("web", "--arch", "amd64", "--arch", "source")
    shop.moves_on()
    made = shop.upgrade("--source", "tool")
    assert changes(made) == {("tool", "upgraded", "1.0", "2.0")}
    [suite] = made["generation"]["suites"]
    assert {(p["package"], p["architecture"]) for p in suite["picks"]} == {("tool", "all"), ("tool", "source")}
    sources = gzip.decompress(shop.larder.good("/d/web/debian/dists/stable/main/source/Sources.gz").body).decode()
    assert "Version: 2.0" in sources and "Version: 1.0" not in sources


def test_what_was_picked_of_one_index_stays_when_another_is_composed(env):
    shop = Shop(env)
    shop.create("web", "--arch", "amd64", "--arch", "source")
    shop.moves_on()
    shop.upgrade("--source", "tool")
    shop.upgrade("--package", "other")
    text = lambda path: gzip.decompress(shop.larder.good(f"/d/web/debian/dists/stable/main/{path}").body).decode()
    assert "Version: 2.0" in text("source/Sources.gz") and "Version: 1.0" not in text("source/Sources.gz")
    assert shop.machine().plan() == {"tool": "2.0", "other": "2.0"}


def test_wishes_that_cannot_be_fulfilled_are_said_so_and_make_nothing(env):
    shop = Shop(env)
    shop.create()
    shop.moves_on()
    no = lambda *arguments, check=1: shop.larder.cli("deployment", "upgrade", "web", *arguments, check=check).stderr
    assert "missing" in no("--package", "missing") and "tool=9" in no("--package", "tool=9", "--package", "other")
    assert "NAME=VERSION" in no("--package", "tool=", check=2)
    assert "not both" in no("--package", "tool", "--to", moment(shop.now), "--suite", "debian/stable", check=2)
    no("--with-deps", check=2)
    no("--unit", "web-1", check=2)
    assert len(shop.json("deployment", "history", "web")["generations"]) == 1


def test_an_overlay_is_in_the_lockfile_and_is_made_again_from_it(env):
    shop, new = upgrade_of_one_package_alone(env)
    shop.cli("deployment", "hold", "web", "full")
    shop.cli("deployment", "fetch", "web", check=None)
    lock = env.tmp / "larder.lock"
    lock.write_text(shop.cli("deployment", "lock", "web"))
    assert "\nPick: tool all 2.0 " in lock.read_text() and "\ntool 2.0 all " in lock.read_text()
    shop.cli("deployment", "lock", "web", "--check", str(lock))
    shop.cli("deployment", "create", "again", "--from-lock", str(lock))
    assert shop.picks("again") == {("tool", "2.0")}
    shop.cli("deployment", "lock", "again", "--check", str(lock))
    assert shop.larder.good("/d/again/debian/pool/main/t/tool/tool_2.0_all.deb").body == new["tool_2.0_all.deb"]
    shop.cli("deployment", "rollback", "web")
    text = shop.cli("deployment", "lock", "web", "--check", str(lock), check=3)
    assert "), tool all 2.0 " in text


def test_an_overlay_is_carried_to_a_larder_without_a_network(env):
    shop, new = upgrade_of_one_package_alone(env)
    shop.cli("deployment", "hold", "web", "full")
    shop.cli("deployment", "fetch", "web", check=None)
    lock = shop.cli("deployment", "lock", "web")
    # What was picked from it first is then the state of the whole suite.
    shop.cli("deployment", "upgrade", "web")
    file, key = export(shop, "--partial"), key_of(shop)
    composed = shop.larder.good(f"/d/web@2/debian/{RELEASE}").body
    packages = shop.larder.good(f"/d/web@3/debian/{PACKAGES}").body
    shop.gone()
    other = shop.second()
    report = json.loads(import_bundle(other, file, "--keyring", str(key), "--json").stdout)
    assert report["generations"] == 3 and report["unproven"] == []
    assert [line for line in report["vouched"] if "tool 2.0" in line], report["vouched"]
    other.cli("gc", "--remove", "--free", "1000000000", check=0)
    assert other.cli("deployment", "lock", "web", "--generation", "2", check=0).stdout == lock
    assert other.good(f"/d/web@3/debian/{PACKAGES}").body == packages
    assert other.good(f"/d/web@2/debian/{RELEASE}").body == composed
    assert other.good("/d/web/debian/pool/main/t/tool/tool_2.0_all.deb").body == new["tool_2.0_all.deb"]


def test_a_bundle_whose_overlay_has_more_than_was_picked_is_refused(env):
    shop, _ = upgrade_of_one_package_alone(env)
    file, key = export(shop, "--partial"), key_of(shop)
    bundle = Bundle(file, shop)
    manifest = bundle.manifest(2)
    bundle.set_generation(2, "\n".join(line for line in manifest.split("\n") if not line.startswith("Pick: ")))
    bundle.write()
    shop.gone()
    refused = import_bundle(shop.second(), file, "--keyring", str(key), check=1)
    assert "tool 2.0 is neither its snapshot's own nor picked" in refused.stderr


def test_what_a_later_generation_says_of_the_same_overlay_is_verified_too(env):
    shop, _ = upgrade_of_one_package_alone(env)
    file, key = export(shop, "--partial"), key_of(shop)
    bundle = Bundle(file, shop)
    lines = [line for line in bundle.manifest(2).splitlines() if not line.startswith("Pick: ")]
    third = "\n".join(lines).replace("Number: 2", "Number: 3").replace(*bundle.generations()) + "\n"
    bundle.lines.append(f"generation 3 {bundle.put(third)}")
    bundle.fields["Generation"] = "3"
    bundle.write()
    refused = import_bundle(shop.second(), file, "--keyring", str(key), check=1)
    assert "tool 2.0 is neither its snapshot's own nor picked" in refused.stderr


def recomposed(env, change):
    """A bundle whose maker has changed the composed index, and signed it; and why it is refused elsewhere."""
    shop, _ = upgrade_of_one_package_alone(env)
    file, key = export(shop, "--partial"), key_of(shop)
    bundle = Bundle(file, shop)
    bundle.change_overlay(2, "main/binary-amd64/Packages", change)
    bundle.write()
    shop.gone()
    done = import_bundle(shop.second(), file, "--keyring", str(key), check=None)
    return done.stderr if done.returncode else None


def test_a_bundle_whose_overlay_was_put_together_again_as_it_was_is_taken(env):
    assert recomposed(env, lambda text: text) is None


def test_a_bundle_whose_overlay_lacks_what_was_not_picked_is_refused(env):
    def without(text):
        return "\n\n".join(s for s in text.split("\n\n") if not s.startswith("Package: library\n"))
    assert "library 1.0 is left out, and not picked" in recomposed(env, without)


def test_a_bundle_whose_overlay_says_something_else_of_a_package_that_was_not_picked_is_refused(env):
    refused = recomposed(env, lambda text: text.replace("Depends: library (= 1.0)", "Depends: evil (= 1.0)"))
    assert "service 1.0 is neither its snapshot's own nor picked" in refused


def test_a_bundle_whose_overlay_has_a_package_of_its_own_is_refused(env):
    refused = recomposed(env, lambda text: text.replace("Package: library", "Package: evil") + "\n\n" + text)
    assert "evil 1.0 is neither its snapshot's own nor picked" in refused


def test_a_composed_state_that_is_lost_is_named_and_the_generation_before_it_serves_again(env):
    shop, _ = upgrade_of_one_package_alone(env)
    overlay = shop.json("deployment", "history", "web")["generations"][1]["suites"][0]["overlay"]
    shop.larder.stop()
    (shop.larder.store / "objects" / overlay[:2] / overlay[2:]).unlink()
    [trouble] = json.loads(shop.larder.cli("doctor", "--json", check=1).stdout)["deployments"]
    assert "that was composed of snapshot" in trouble["what"] and "rollback web --to 1" in trouble["advice"], trouble
    shop.larder.start()
    shop.cli("deployment", "rollback", "web", "--to", "1")
    assert shop.machine().plan() == {}


def test_where_what_was_picked_comes_from_and_who_keeps_it_is_told(env):
    shop, _ = upgrade_of_one_package_alone(env)
    [tool] = shop.json("why", "tool=2.0")["objects"]
    composed = shop.json("deployment", "history", "web")["generations"][1]["suites"][0]["overlay"]
    assert {s["snapshot"] for s in tool["states"] if s["shown"]} == {composed}
    [web] = tool["deployments"]
    assert (web["name"], web["generations"]) == ("web", [2])


def test_doctor_names_the_composed_index_that_a_generation_lacks(env):
    shop, _ = upgrade_of_one_package_alone(env)
    composed = hashlib.sha256(shop.larder.good(f"/d/web/debian/{GZ}").body).hexdigest()
    shop.larder.stop()
    (shop.larder.store / "objects" / composed[:2] / composed[2:]).unlink()
    [lost] = [one for one in shop.json("doctor", check=1)["lost"] if f"debian/{GZ}" in one["known_from"]]
    assert "generation 2 of 'web'" in lost["known_from"]


def test_what_was_picked_is_followed_by_another_larder(env):
    shop, new = upgrade_of_one_package_alone(env, token=TOKENS)
    other = second(shop)
    follow(shop, other)
    shop.gone()
    for path in (RELEASE, GZ):
        assert other.good(f"/d/web@2/debian/{path}").body == shop.larder.good(f"/d/web@2/debian/{path}").body
    assert other.good("/d/web/debian/pool/main/t/tool/tool_2.0_all.deb").body == new["tool_2.0_all.deb"]
    assert other.cli("deployment", "lock", "web", check=0).stdout == shop.cli("deployment", "lock", "web")


# --- what units run --------------------------------------------------------------------------------

def running(env, *names):
    shop = Shop(env)
    shop.create()
    token = shop.cli("deployment", "token", "web").strip()
    return shop, [ShopUnit(shop, name, token) for name in names]


def test_a_generation_is_made_from_what_the_units_run_and_then_they_agree_with_it(env):
    shop, units = running(env, "web-1", "web-2")
    shop.moves_on()
    shop.cli("deployment", "upgrade", "web")
    for unit in units:
        unit.runs(tool="2.0")  # and service, library and other as they were
    assert shop.json("deployment", "admit", "web", check=3)["agree"] == 0
    shop.gone()
    dry = shop.upgrade("--from-units", "--dry-run")
    assert not dry["made"] and changes(dry) == {(name, "downgraded", "2.0", "1.0") for name in ("service", "library", "other")}
    made = shop.upgrade("--from-units", "--reason", "they run well")
    assert made["made"] and made["foreign"] == [] and made["disagreeing"] == []
    report = shop.json("deployment", "admit", "web", check=0)
    assert report["agree"] == 2 and report["admitted"]
    machine = shop.machine()
    machine.has("2.0")
    assert machine.plan() == {"service": "1.0", "library": "1.0", "other": "1.0"}


def test_units_that_do_not_agree_are_named_and_one_can_be_the_model(env):
    shop, (one, two) = running(env, "web-1", "web-2")
    shop.moves_on()
    shop.unit("/debian").update().must()
    one.runs(tool="2.0")
    two.runs()
    text = shop.cli("deployment", "upgrade", "web", "--from-units", check=3)
    assert "tool all: 1.0 (web-2), 2.0 (web-1)" in text and "Nothing was made." in text
    made = shop.upgrade("--from-units", "--unit", "web-1")
    assert changes(made) == {("tool", "upgraded", "1.0", "2.0")}
    rows = {u["unit"]: u["differences"] for u in shop.json("deployment", "admit", "web", check=3)["units"]}
    assert rows["web-1"] == [] and [d["package"] for d in rows["web-2"]] == ["tool"]


def test_what_no_kept_state_has_is_named_and_nothing_is_made_unless_it_may_be_left_out(env):
    shop, (one,) = running(env, "web-1")
    shop.moves_on()
    shop.unit("/debian").update().must()
    one.runs(tool="2.0", other="9.9")
    refused = shop.upgrade("--from-units", check=3)
    assert refused["foreign"] == ["other 9.9 all"] and not refused["made"]
    made = shop.upgrade("--from-units", "--leave-out-foreign")
    assert made["made"] and changes(made) == {("tool", "upgraded", "1.0", "2.0")}


# --- bringing units up to the generation -----------------------------------------------------------

def test_the_way_to_the_generation_is_shown_command_by_command(env):
    shop, (one, two) = running(env, "web-1", "web-2")
    one.runs()
    two.runs(tool="2.0", other="0.9")
    report = shop.json("deployment", "admit", "web", "--upgrade", check=3)
    [plan] = report["plan"]
    assert plan["unit"] == "web-2" and plan["foreign"] == []
    assert plan["commands"] == [["apt-get", "update"],
                                ["apt-get", "install", "--allow-downgrades", "other=1.0", "tool=1.0"]]
    text = shop.cli("deployment", "admit", "web", "--upgrade", check=3)
    assert "On web-2:\n  apt-get update\n  apt-get install --allow-downgrades other=1.0 tool=1.0\n" in text
    simulated = shop.machine()
    simulated.runs({"service": "1.0", "library": "1.0", "tool": "2.0", "other": "1.0"})
    simulated.apt.update().must()
    done = simulated.apt.run("apt-get", "--simulate", *plan["commands"][1][1:]).must()
    assert "Inst tool [2.0] (1.0 " in done.output
    two.runs()
    assert shop.json("deployment", "admit", "web", "--upgrade", check=0)["plan"] == []


def waiting_jobs(shop):
    """Those that wait for units, with how many of them agree."""
    status, body = unix(shop.larder.tables["server"]["admin_socket"], request("/api/v1/jobs", Connection="close"))
    assert status == 200, (status, body)
    return [j["progress"]["done"] for j in json.loads(body)["jobs"]
            if j["state"] == "running" and j["progress"]["doing"] == "waiting for units to agree"]


def test_waiting_ends_when_the_last_unit_has_reported_that_it_agrees(env):
    shop, (one, two) = running(env, "web-1", "web-2")
    one.runs(tool="2.0")
    two.runs(tool="2.0")
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(shop.json, "deployment", "admit", "web", "--wait", "--timeout", "1h")
        wait_for(lambda: waiting_jobs(shop) == [0], "the waiting to begin")
        one.runs()
        wait_for(lambda: waiting_jobs(shop) == [1], "one unit to agree")
        assert not waiting.done()
        # Long work goes on meanwhile.
        assert shop.json("deployment", "list")["deployments"]
        two.runs()
        assert waiting.result()["admitted"]
    three = shop.json("deployment", "admit", "web", "--wait", "--timeout", "1s")
    assert three["admitted"]
    two.runs(tool="2.0")
    late = shop.json("deployment", "admit", "web", "--upgrade", "--wait", "--timeout", "1s", check=3)
    assert [p["unit"] for p in late["plan"]] == ["web-2"]


def test_a_rollback_to_what_the_units_have_ends_the_waiting_and_without_a_server_there_is_none(env):
    shop, (one,) = running(env, "web-1")
    one.runs()
    shop.moves_on()
    shop.cli("deployment", "upgrade", "web")
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(shop.json, "deployment", "admit", "web", "--wait", "--timeout", "1h")
        wait_for(lambda: waiting_jobs(shop) == [0], "the waiting to begin")
        shop.cli("deployment", "rollback", "web")
        assert waiting.result()["admitted"]
    one.runs(tool="2.0")
    for ends in (("forget-unit", "web", "web-1"), ("remove", "web", "--yes")):
        with ThreadPoolExecutor() as pool:
            waiting = pool.submit(shop.larder.cli, "deployment", "admit", "web", "--wait", "--timeout", "1h")
            wait_for(lambda: waiting_jobs(shop) == [0], "the waiting to begin")
            shop.cli("deployment", *ends)
            done = waiting.result()
        if ends[0] == "forget-unit":
            assert done.returncode == 0 and "No unit of web has reported" in done.stdout
            one.runs(tool="2.0")
        else:
            assert done.returncode == 1 and "'web' was removed" in done.stderr, done
    shop.larder.stop()
    alone = shop.larder.cli("deployment", "admit", "web", "--wait", check=2)
    assert "no server runs" in alone.stderr
