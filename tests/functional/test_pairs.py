"""Two Larders that have the same deployment, and machines that go on when one of them is away."""

import re

from support.fleet import Fleet
from support.process import wait_for
from test_deployments import Machine


class Pair(Fleet):
    """The second has the deployment from a bundle; the first names it as its partner."""

    def __init__(self, env):
        super().__init__(env)
        self.create("web", "--hold", "full")
        wait_for(lambda: self.json("deployment", "status", "web", check=None)["held"] == 2, "all of it to be held")
        bundle, keyring = env.tmp / "web.tar.zst", env.tmp / "larder.asc"
        keyring.write_text(self.cli("key", "show"))
        self.cli("deployment", "export", "web", str(bundle))
        self.other = self.second(server={"listen": ["127.0.0.2:0"]})
        self.other.cli("deployment", "import", str(bundle), "--keyring", str(keyring), check=0)
        self.larder.tables["server"]["partners"] = [self.other.url]
        self.larder.reload()
        wait_for(lambda: self.other.address.encode() in self.larder.good("/d/web/mirrorlist-debian").body, "the setting")


class PairMachine(Machine):
    """Its list of mirrors is below its root: apt takes the path of mirror+file as it stands."""

    def __init__(self, fleet, name="web"):
        super().__init__(fleet, name)
        sources = self.root / "etc/apt/sources.list.d/larder.sources"
        sources.write_text(sources.read_text().replace("mirror+file:/etc", f"mirror+file:{self.root}/etc"))

    def another(self):
        """An apt root with the files of this one, that knows nothing yet."""
        fresh = self.fleet.env.apt([], "")
        for file in ("sources.list.d/larder.sources", "mirrors/larder-debian.list", "preferences.d/larder",
                     "apt.conf.d/50larder"):
            target = fresh.root / "etc/apt" / file
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text((self.root / "etc/apt" / file).read_text().replace(str(self.root), str(fresh.root)))
        return fresh


def test_a_machine_of_a_pair_goes_on_installing_when_either_one_is_switched_off(env):
    pair = Pair(env)
    pair.gone()
    machine = PairMachine(pair)
    assert machine.plan() == {}
    pair.installs(machine.apt, pair.first)
    pair.larder.stop()
    pair.installs(machine.another(), pair.first)


def test_a_machine_of_a_pair_prefers_them_above_all_and_so_goes_down_with_a_rollback(env):
    pair = Pair(env)
    machine = PairMachine(pair)
    policy = machine.apt.run("apt-get", "update").must() and machine.apt.run("apt-cache", "policy", "service").output
    assert re.search(r"^ +1\.0 1001$", policy, re.M), policy
    machine.has("1.0")
    pair.moves_on()
    pair.cli("deployment", "upgrade", "web")
    assert machine.plan() == {"service": "2.0", "library": "2.0"}
    machine.has("2.0")
    pair.cli("deployment", "rollback", "web")
    assert machine.plan() == {"service": "1.0", "library": "1.0"}


def test_the_list_names_this_one_first_and_each_archive_has_its_own(env):
    pair = Pair(env)
    body = lambda path: pair.larder.good(path, Host=pair.larder.address).body.decode()
    lines = body("/d/web/mirrorlist-debian").splitlines()
    assert lines == [f"{pair.larder.url}/d/web/debian\tpriority:1", f"{pair.other.url}/d/web/debian\tpriority:2"]
    assert f"{pair.larder.url}/d/web@1/debian\t" in body("/d/web@1/mirrorlist-debian")
    assert pair.larder.get("/d/web/mirrorlist-other").status == 404
    assert "mirrorlist-debian\n" in body("/d/web")
    sources = body("/d/web/larder.sources")
    assert "URIs: mirror+file:/etc/apt/mirrors/larder-debian.list\n" in sources
    assert "mirror+file" not in body("/d/web/mmdebstrap.sh")


def test_without_partners_the_sources_name_the_one_server(env):
    fleet = Fleet(env)
    fleet.create()
    assert "mirror" not in fleet.larder.good("/d/web/larder.sources").body.decode()
    assert "mirrors/" not in fleet.larder.good("/d/web/setup.sh").body.decode()
    assert fleet.larder.good("/d/web/preferences").body.decode().count("Package: *") == 1


def test_the_second_of_a_pair_may_be_away_as_well(env):
    pair = Pair(env)
    pair.other.stop()
    pair.installs(PairMachine(pair).apt, pair.first)
