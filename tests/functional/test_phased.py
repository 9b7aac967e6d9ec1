"""Updates that are being phased in: apt gives them to some machines, by their ids, and not to others."""

import json
import re

from support.archive import Archive
from support.fleet import Fleet
from test_deployments import Machine, Unit


class Phased(Fleet):
    """What the archive moves on to is for a part of all machines."""

    percentage = 0

    def publish(self, version, hours_ago, marker=None):
        plain = Archive.stanza
        self.archive.stanza = lambda p, prefix="": plain(self.archive, p, prefix) + (
            f"Phased-Update-Percentage: {self.percentage}\n" if p.name == "service" and p.version != "1.0" else "")
        return super().publish(version, hours_ago, marker)


def phased_fleet(env, *names):
    fleet = Phased(env)
    fleet.create()
    token = fleet.cli("deployment", "token", "web").strip()
    units = [Unit(fleet, name, token) for name in names]
    for unit in units:
        unit.has("1.0")
        unit.report()
    fleet.moves_on()
    fleet.cli("deployment", "upgrade", "web")
    return fleet, units


def differences(fleet, unit):
    report = fleet.json("deployment", "units", "web", check=None)
    [row] = [u for u in report["units"] if u["unit"] == unit]
    return {d["package"]: d["what"] for d in row["differences"]}


def test_a_unit_that_is_behind_in_what_is_phased_in_is_named_so_with_what_helps(env):
    fleet, units = phased_fleet(env, "web-1")
    assert differences(fleet, "web-1") == {"service": "phased", "library": "behind"}
    told = fleet.cli("deployment", "units", "web")
    assert re.search(r"service 1\.0 \(2\.0 is expected\), phased in", told) and "APT::Machine-ID" in told, told
    admit = fleet.json("deployment", "admit", "web", check=3)
    assert not admit["admitted"], "it is a difference all the same"
    page = json.loads(fleet.cli("deployment", "units", "web", "--json"))
    assert page["agree"] == 0


def test_what_all_machines_get_is_behind_and_nothing_else(env):
    Phased.percentage, before = 100, Phased.percentage
    try:
        fleet, _ = phased_fleet(env, "web-1")
        assert differences(fleet, "web-1") == {"service": "behind", "library": "behind"}
        assert "APT::Machine-ID" not in fleet.cli("deployment", "units", "web")
    finally:
        Phased.percentage = before


def test_a_generation_after_it_that_is_for_all_is_looked_at_anew(env):
    fleet, _ = phased_fleet(env, "web-1")
    assert differences(fleet, "web-1")["service"] == "phased"
    fleet.percentage = 100
    fleet.moves_on("3.0", hours_ago=1)
    fleet.cli("deployment", "upgrade", "web")
    assert differences(fleet, "web-1")["service"] == "behind"


def test_the_real_apt_leaves_it_out_where_the_machines_id_is_not_among_them(env):
    """With 0 %, nobody is. The id is the one that the deployment's settings give all its machines."""
    fleet, _ = phased_fleet(env)
    machine = Machine(fleet)
    machine.has("1.0")
    machine.apt.update().must()
    conf = fleet.larder.good("/d/web/apt.conf").body.decode()
    one_id = "APT::Machine-ID=" + re.search(r'APT::Machine-ID "([0-9a-f]{32})"', conf)[1]
    dist_upgrade = ("apt-get", "--simulate", "-o", one_id, "dist-upgrade")
    always = machine.apt.run(*dist_upgrade, "-o", "APT::Get::Always-Include-Phased-Updates=true").must()
    assert "Inst service" in always.output
    plan = machine.apt.run(*dist_upgrade).must()
    assert "Inst service" not in plan.output and "library service" in plan.output, plan.output
