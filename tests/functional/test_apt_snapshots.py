"""apt's own --snapshot (2.7.1 and later): the apt here has none, so the URLs are made as that one makes them.

It takes Acquire::Snapshots::URI::Host::HOST of the source's URL, or the field Snapshots of its Release, and puts the
path of the source's URL, without slashes at its ends, in the place of @PATH@, and what the user named in that of
@SNAPSHOTID@ (apt-pkg/deb/debmetaindex.cc).
"""

import re
import subprocess
from urllib.parse import urlsplit

from support.fleet import HOUR, RELEASE, Fleet, moment
from support.larder import clean_environment
from test_deployments import Machine


def template_in(apt_conf, tmp, host):
    """As apt itself reads its configuration."""
    file = tmp / "apt.conf"
    file.write_text(apt_conf)
    dump = subprocess.run(["apt-config", "dump", "--format", "%v%n", f"Acquire::Snapshots::URI::Host::{host}"],
                          capture_output=True, text=True, env=clean_environment(APT_CONFIG=str(file)))
    return dump.stdout.strip()


def url_of(template, source, snapshot):
    return template.replace("@PATH@", urlsplit(source).path.strip("/")).replace("@SNAPSHOTID@", snapshot).rstrip("/")


def test_what_apt_makes_of_the_settings_is_served_by_moment_by_id_and_by_deployment(env):
    fleet = Fleet(env)
    first = (fleet.archive.root / RELEASE).read_bytes()
    fleet.create()
    fleet.installs(fleet.unit(), fleet.first)
    fleet.moves_on()
    second = (fleet.archive.root / RELEASE).read_bytes()
    fleet.cli("deployment", "upgrade", "web")
    template = template_in(fleet.larder.good("/d/web/apt.conf", Host=fleet.larder.address).body.decode(), env.tmp, "127.0.0.1")
    assert template.startswith(fleet.larder.url + "/snapshot/"), template
    rows = fleet.json("snapshot", "list", "debian/stable")["snapshots"]
    for source in (fleet.larder.url + "/debian", fleet.larder.url + "/d/web/debian/", fleet.larder.url + "/d/web@2/debian"):
        for snapshot, wanted in ((moment(fleet.now - 3 * HOUR), first), (rows[0]["snapshot"], first), ("web@1", first),
                                 ("web@2", second), ("web", second), (rows[1]["snapshot"][:12], second)):
            url = url_of(template, source, snapshot).removeprefix(fleet.larder.url)
            assert fleet.larder.good(f"{url}/{RELEASE}").body == wanted, (source, snapshot)
    unit = fleet.unit(url_of(template, fleet.larder.url + "/d/web/debian", "web@1").removeprefix(fleet.larder.url))
    fleet.installs(unit, fleet.first)
    assert fleet.larder.get(f"/snapshot/debian/nobody/{RELEASE}").status == 404
    assert fleet.larder.get(f"/snapshot/debian/web@9/{RELEASE}").status == 404


def test_what_is_signed_here_names_where_former_states_are(env):
    fleet = Fleet(env, server={"public_url": "http://larder.archive.example:3142/"})
    fleet.create()
    unit = Machine(fleet)
    unit.has("1.0")
    fleet.moves_on()
    fleet.cli("deployment", "upgrade", "web")
    fleet.cli("deployment", "rollback", "web")
    release = fleet.larder.good(f"/d/web/debian/{RELEASE}").body.decode()
    assert re.findall(r"^Snapshots: (.*)$", release, re.M) == [
        "http://larder.archive.example:3142/snapshot/debian/@SNAPSHOTID@/"]
    assert "Snapshots:" not in fleet.larder.good(f"/d/web@3/debian/{RELEASE}").body.decode()
    plain = fleet.env.apt([f"deb [trusted=yes] {fleet.larder.url}/d/web/debian stable main"], "")
    assert plain.update().code == 0


def test_a_state_with_snapshots_is_carried_and_mended_like_any_other(env):
    fleet = Fleet(env, server={"public_url": "http://larder.archive.example:3142"})
    fleet.create()
    fleet.installs(fleet.unit(), fleet.first)
    fleet.moves_on()
    fleet.cli("deployment", "upgrade", "web")
    fleet.cli("deployment", "rollback", "web")
    shown = fleet.larder.good(f"/d/web/debian/{RELEASE}").body
    bundle, keyring = env.tmp / "web.tar.zst", env.tmp / "larder.asc"
    keyring.write_text(fleet.cli("key", "show"))
    fleet.cli("deployment", "export", "web", str(bundle))
    other = fleet.second()
    other.cli("deployment", "import", str(bundle), "--keyring", str(keyring), check=0)
    assert other.good(f"/d/web/debian/{RELEASE}").body == shown
    # Its text is lost, and made again of the state's own and of what the signature covers.
    text = [p for p in (fleet.larder.store / "objects").glob("*/*")
            if p.read_bytes().startswith(b"Origin: Test") and b"Snapshots:" in p.read_bytes()]
    fleet.larder.stop()
    assert len(text) == 1
    text[0].unlink()
    fleet.larder.cli("doctor", check=0)
    fleet.larder.start()
    assert fleet.larder.good(f"/d/web/debian/{RELEASE}").body == shown
