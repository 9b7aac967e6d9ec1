"""The commands beside `serve`: with a server running and without one."""

import hashlib
import json
import os
import subprocess
import time

from support import faults
from support.env import Package
from support.larder import archive_table, clean_environment
from support.places import larder_binary
from support.process import wait_for

HOUR = 3600
ROOM_FOR_ONE = "60 kB"   # of the three packages that Ground fetches, some 41 kB each


class Ground:
    """A published archive, its upstream, and a larder that has served all of its packages but "unused"."""

    def __init__(self, env, start=True, **settings):
        self.env = env
        self.archive = env.archive(*(Package(n, size=20_000) for n in ("alpha", "beta", "gamma")),
                                   Package("needy", depends="alpha (>= 0.5), missing | beta", size=1000),
                                   Package("unused", size=1000))
        self.archive.publish("stable", date=time.time() - 2 * HOUR)
        self.upstream = env.hostile(self.archive.tree)
        table = archive_table("debian", f"{self.upstream.url}/debian", self.archive.keyring,
                              architectures=["amd64"], components=["main"])
        self.larder = env.larder(table, **settings)
        for name in ("alpha", "beta", "gamma"):
            assert self.larder.get(self.path(name)).ok
            wait_for(lambda: self.object(self.sum_of(name)).exists(), f"{name} in the store")
        if not start:
            self.larder.stop()

    def upstream_gone(self):
        """Also for connections that are open."""
        self.upstream.down = True
        self.upstream.rule("*", faults.no_answer())

    def upstream_back(self):
        self.upstream.down = False
        self.upstream.honest()

    def path(self, name):
        return "/debian/" + next(p.pool_path for p in self.archive.packages if p.name == name)

    def upstream_bytes(self, name):
        return (self.archive.tree / self.path(name)[1:]).read_bytes()

    def sum_of(self, name):
        return hashlib.sha256(self.upstream_bytes(name)).hexdigest()

    def object(self, digest):
        return self.larder.store / "objects" / digest[:2] / digest[2:]

    def damage(self, digest):
        path = self.object(digest)
        os.chmod(path, 0o644)
        with open(path, "r+b") as file:
            file.seek(path.stat().st_size // 2)
            byte = file.read(1)
            file.seek(-1, os.SEEK_CUR)
            file.write(bytes([byte[0] ^ 1]))

    def json(self, *arguments, check=0):
        return json.loads(self.larder.cli(*arguments, "--json", check=check).stdout)

    def in_release(self):
        """The digest of the InRelease that is served."""
        return self.larder.get("/debian/dists/stable/InRelease").sha256


# --- status --------------------------------------------------------------------------------------

def test_status_tells_of_a_running_server_and_of_a_store_alone(env):
    ground = Ground(env)
    there = ground.json("status")
    assert there["running"] and there["archives"][0]["suites"][0]["name"] == "stable"
    assert "stable" in ground.larder.cli("status", check=0).stdout
    ground.larder.stop()
    here = ground.json("status")
    assert not here["running"] and here["objects"] > 5 and here["archives"][0]["suites"][0]["snapshot"]
    assert "No server is running" in ground.larder.cli("status", check=0).stdout


def test_a_second_process_on_a_store_that_is_open_exits_2_and_names_the_first(env):
    ground = Ground(env)
    second = ground.larder.work / "second.toml"
    second.write_text(ground.larder.config.read_text().replace("admin.sock", "other.sock"))
    for command in (["serve"], ["gc"], ["doctor"]):
        done = subprocess.run([larder_binary(), *command, "--config", second], capture_output=True, text=True,
                              env=clean_environment(), timeout=30)
        assert done.returncode == 2 and str(ground.larder.process.pid) in done.stderr, (command, done)
    assert ground.larder.get("/healthz").ok


# --- doctor --------------------------------------------------------------------------------------

def doctor_repairs(running):
    def test(env):
        ground = Ground(env, start=running)
        digest = ground.sum_of("beta")
        ground.damage(digest)
        report = ground.json("doctor")
        assert [d["object"] for d in report["damaged"]] == [digest] == [d["object"] for d in report["refetched"]]
        assert ground.path("beta")[1:] in report["damaged"][0]["known_from"]
        assert report["whole"] and not report["lost"]
        assert ground.object(digest).read_bytes() == ground.upstream_bytes("beta")
        assert (ground.larder.store / "damaged" / digest).exists()
        assert "Everything is whole" in ground.larder.cli("doctor", check=0).stdout
    return test


test_doctor_beside_a_server_brings_back_a_damaged_object = doctor_repairs(running=True)
test_doctor_alone_brings_back_a_damaged_object = doctor_repairs(running=False)


def test_doctor_with_upstream_gone_fetches_from_a_peer(env):
    peer = Ground(env)
    table = archive_table("debian", [f"{peer.upstream.url}/debian", f"{peer.larder.url}/debian"], peer.archive.keyring)
    larder = env.larder(table)
    path, digest = peer.path("beta"), peer.sum_of("beta")
    whole = larder.good(path).body
    stored = larder.store / "objects" / digest[:2] / digest[2:]
    wait_for(stored.exists, "the object in the store")
    os.chmod(stored, 0o644)
    stored.write_bytes(b"x" * len(whole))
    peer.upstream_gone()
    report = json.loads(larder.cli("doctor", "--json", check=0).stdout)
    assert [d["object"] for d in report["refetched"]] == [digest] and report["whole"]
    assert stored.read_bytes() == whole


def test_doctor_with_upstream_gone_says_what_is_lost_and_exits_1(env):
    ground = Ground(env, start=False)
    digest = ground.sum_of("beta")
    ground.damage(digest)
    ground.upstream_gone()
    report = ground.json("doctor", check=1)
    assert [d["object"] for d in report["lost"]] == [digest] and not report["whole"]
    assert "Everything is whole" in ground.larder.cli("doctor", check=0).stdout, "a second run finds nothing more"


def test_doctor_without_repair_changes_nothing(env):
    ground = Ground(env, start=False)
    digest = ground.sum_of("beta")
    ground.damage(digest)
    report = ground.json("doctor", "--no-repair", check=1)
    assert [d["object"] for d in report["damaged"]] == [digest]
    assert ground.object(digest).exists()


def test_doctor_brings_back_release_files_and_manifest_of_the_current_state(env):
    ground = Ground(env)
    release, snapshot = ground.in_release(), ground.json("status")["archives"][0]["suites"][0]["snapshot"]
    ground.larder.stop()
    ground.damage(release)
    os.unlink(ground.object(snapshot))
    report = ground.json("doctor")
    assert {d["object"] for d in report["refetched"]} == {release, snapshot}
    ground.upstream_gone()
    ground.larder.start()
    assert ground.in_release() == release and ground.larder.get(ground.path("alpha")).ok


def test_doctor_gives_up_a_state_that_is_gone_for_good_and_the_suite_lives_on(env):
    ground = Ground(env)
    snapshot = ground.json("status")["archives"][0]["suites"][0]["snapshot"]
    ground.larder.stop()
    os.unlink(ground.object(snapshot))
    ground.archive.add(Package("delta", size=1000))
    ground.archive.publish("stable", date=time.time() - HOUR)
    report = ground.json("doctor", check=1)
    assert [d["object"] for d in report["lost"]] == [snapshot] and report["dropped"]
    assert ground.json("doctor")["whole"]
    ground.larder.start()
    assert ground.larder.get(ground.path("delta")).ok


def test_doctor_rebuild_gives_the_same_answers(env):
    ground = Ground(env, start=False)
    ground.upstream_gone()
    report = ground.json("doctor", "--rebuild")
    assert report["whole"] and report["indices"] >= 1
    ground.larder.start()
    for name in ("alpha", "beta", "gamma"):
        assert ground.larder.get(ground.path(name)).body == ground.upstream_bytes(name)
    assert ground.larder.get("/debian/pool/main/n/none/none_1_all.deb").status in (404, 503)


def test_a_command_of_root_works_as_the_owner_of_the_store(env):
    env.skip_unless_root()
    ground = Ground(env, start=False)
    digest, nobody = ground.sum_of("beta"), 65534
    os.unlink(ground.object(digest))
    for path in (ground.larder.store, *ground.larder.store.rglob("*")):
        os.chown(path, nobody, nobody)
    ground.json("archive", "fetch", "debian", "beta", "unused")
    assert {p.stat().st_uid for p in ground.larder.store.rglob("*")} == {nobody}
    assert ground.object(digest).exists()


# --- gc ------------------------------------------------------------------------------------------

def test_gc_is_a_dry_run_by_default_and_then_removes_only_what_no_ref_reaches(env):
    ground = Ground(env, start=False, store={"max_cache_size": ROOM_FOR_ONE})
    all_objects = sorted((ground.larder.store / "objects").rglob("*"))
    dry = ground.json("gc", "--grace", "0")
    assert dry["dry_run"] and dry["removed"] >= 1 and sorted((ground.larder.store / "objects").rglob("*")) == all_objects
    report = ground.json("gc", "--remove", "--grace", "0")
    assert report["removed"] == dry["removed"] and report["cached_bytes"] - report["removed_bytes"] <= 60_000
    assert ground.json("doctor")["whole"]
    ground.upstream_gone()
    ground.larder.start()
    apt = env.apt_for(ground.archive, f"{ground.larder.url}/debian")
    apt.update().must()
    left = [n for n in ("alpha", "beta", "gamma") if ground.larder.get(ground.path(n)).ok]
    assert len(left) == 1, left


def test_gc_removes_what_was_used_longest_ago_first(env):
    ground = Ground(env, store={"max_cache_size": ROOM_FOR_ONE})
    time.sleep(1.1)  # uses are noted by the second
    assert ground.larder.get(ground.path("alpha")).ok
    ground.larder.stop()
    assert ground.json("gc", "--remove", "--grace", "0")["removed"] == 2
    assert ground.object(ground.sum_of("alpha")).exists()
    assert not ground.object(ground.sum_of("beta")).exists()


def test_gc_leaves_what_came_just_now(env):
    ground = Ground(env, store={"max_cache_size": "1 kB"})
    assert ground.json("gc", "--remove")["removed"] == 0
    refused = ground.larder.cli("gc", "--remove", "--grace", "0")
    assert refused.returncode == 1 and "600" in refused.stderr


# --- import --------------------------------------------------------------------------------------

def import_of_an_apt_cache(running):
    def test(env):
        ground = Ground(env, start=running)
        folder = env.folder("cache")
        for package in ground.archive.packages:
            data = (ground.archive.root / package.pool_path).read_bytes()
            (folder / package.file_name).write_bytes(data)
        (folder / "unused_1.0_all.deb.head").write_text("HTTP/1.1 200 OK\n")
        (folder / "lock").write_text("")
        doctored = bytearray((folder / "needy_1.0_all.deb").read_bytes())
        doctored[-20] ^= 1
        (folder / "needy_1.0_all.deb").write_bytes(doctored)
        report = ground.json("import", str(folder))
        assert report["unknown"] == ["needy_1.0_all.deb"] and report["kept"] == 1 and report["already_here"] == 3, report
        ground.upstream_gone()
        if not running:
            ground.larder.start()
        assert ground.larder.get(ground.path("unused")).body == ground.upstream_bytes("unused")
        assert not ground.larder.get(ground.path("needy")).ok
    return test


test_import_beside_a_server_keeps_only_what_an_index_knows = import_of_an_apt_cache(running=True)
test_import_alone_keeps_only_what_an_index_knows = import_of_an_apt_cache(running=False)


def test_import_into_an_empty_store_learns_the_suites_first(env):
    archive = env.archive(Package("alpha", size=1000))
    archive.publish("stable")
    upstream = env.hostile(archive.tree)
    larder = env.larder_for(archive, upstream)
    larder.stop()
    report = json.loads(larder.cli("import", str(archive.root / "pool"), "--json", check=0).stdout)
    assert report["kept"] == 1 and report["learnt"], report


def test_import_tells_of_a_file_whose_name_is_no_utf8(env):
    for running in (True, False):
        ground = Ground(env, start=running)
        folder = env.folder("cache")
        with open(os.fsencode(folder) + b"/caf\xe9_1.0_all.deb", "wb") as file:
            file.write(b"nothing that is known")
        report = ground.json("import", str(folder))
        assert report["unknown"] == ["caf\ufffd_1.0_all.deb"], report
        ground.larder.stop()


# --- archive -------------------------------------------------------------------------------------

def test_archive_add_and_remove_keep_the_rest_of_the_file_and_reach_the_running_server(env):
    ground = Ground(env)
    other = env.archive(Package("other", size=1000), name="other")
    other.publish("stable")
    second = env.nginx(other.tree)
    config = ground.larder.config
    before = "# mine\n" + config.read_text() + "\n# about nothing\n"
    config.write_text(before)
    ground.larder.cli("archive", "add", "other", f"{second.url}/other", "--keyring", str(other.keyring),
                      "--suite", "stable", check=0)
    assert config.read_text().startswith(before) and "other" in ground.larder.cli("archive", "list", check=0).stdout
    wait_for(lambda: ground.larder.get("/other/dists/stable/InRelease").ok, "the new archive")
    again = ground.larder.cli("archive", "add", "other", f"{second.url}/other", "--keyring", str(other.keyring))
    assert again.returncode == 2 and "already" in again.stderr
    ground.larder.cli("archive", "remove", "other", check=0)
    assert config.read_text().rstrip() == before.rstrip()
    wait_for(lambda: ground.larder.get("/other/dists/stable/InRelease").status == 404, "the archive to be gone")
    ground.larder.cli("archive", "remove", "other", check=1)


def test_archive_add_with_a_keyring_that_is_not_there_changes_nothing(env):
    ground = Ground(env)
    before = ground.larder.config.read_text()
    done = ground.larder.cli("archive", "add", "other", "http://archive.example/x", "--keyring", "/nowhere.gpg", check=2)
    assert "nowhere.gpg" in done.stderr and ground.larder.config.read_text() == before


def update(running):
    def test(env):
        ground = Ground(env, start=running)
        assert not ground.json("archive", "update")["archives"][0]["suites"][0]["changed"]
        ground.archive.add(Package("delta", size=1000))
        ground.archive.publish("stable", date=time.time() - HOUR)
        suite = ground.json("archive", "update", "debian")["archives"][0]["suites"][0]
        assert suite["changed"] and not suite["failure"], suite
        ground.upstream_gone()
        failed = ground.json("archive", "update", "debian", check=1)["archives"][0]["suites"][0]
        assert failed["failure"] and not failed["changed"] and failed["snapshot"] == suite["snapshot"]
    return test


test_archive_update_beside_a_server_says_what_changed = update(running=True)
test_archive_update_alone_says_what_changed = update(running=False)


def test_archive_fetch_with_deps_makes_an_install_need_no_upstream(env):
    ground = Ground(env, start=False)
    report = ground.json("archive", "fetch", "debian", "needy", "--with-deps")
    assert [p["package"] for p in report["packages"]] == ["needy", "alpha", "beta"] and report["fine"], report
    assert [p["was_here"] for p in report["packages"]] == [False, True, True]
    ground.upstream_gone()
    ground.larder.start()
    apt = env.apt_for(ground.archive, f"{ground.larder.url}/debian")
    apt.update().must()
    assert ground.larder.get(ground.path("needy")).ok


def test_archive_fetch_of_an_unknown_package_or_archive_fails_with_its_name(env):
    ground = Ground(env)
    for arguments in (["debian", "nonesuch"], ["nowhere", "alpha"], ["debian", "alpha=9"]):
        done = ground.larder.cli("archive", "fetch", *arguments, check=1)
        assert arguments[0] in done.stderr or arguments[1] in done.stderr, done.stderr


# --- the rest ------------------------------------------------------------------------------------

def test_a_new_token_opens_the_api_with_its_role(env):
    ground = Ground(env)
    token = ground.json("token", "new", "ci", "--role", "read")
    ground.larder.tables["token"] = [{k: token[k] for k in ("name", "sha256", "role")}]
    ground.larder.reload()

    def role():
        answer = ground.larder.get("/api/v1/whoami", Authorization=f"Bearer {token['token']}")
        return answer.ok and json.loads(answer.body)["role"] == "read"
    wait_for(role, "the token to count")
    block = ground.larder.cli("token", "new", "x", check=0).stdout
    assert "[[token]]" in block and "larder_" in block
    ground.larder.cli("token", "new", "x", "--role", "king", check=2)


def test_config_check_lists_every_problem_with_its_line(env):
    ground = Ground(env)
    ground.larder.cli("config", "check", check=0)
    shown = ground.larder.cli("config", "show", check=0).stdout
    assert "max_cache_size" in shown and ground.json("config", "show")["archive"][0]["name"] == "debian"
    ground.larder.config.write_text("[server]\nlistn = 1\n[store]\nmax_cache_size = \"many\"\n")
    wrong = ground.larder.cli("config", "check", check=2)
    assert ":2:" in wrong.stderr and ":4:" in wrong.stderr
    assert len(ground.json("config", "check", check=2)["problems"]) == 2
    ground.larder.cli("status", check=2)


def test_wrong_usage_exits_2_and_help_exits_0(env):
    for arguments, code in ((["--help"], 0), (["--version"], 0), ([], 2), (["frobnicate"], 2), (["gc", "--grace", "soon"], 2),
                            (["archive"], 2), (["doctor", "--threads", "x"], 2)):
        done = subprocess.run([larder_binary(), *arguments, "--config", "/dev/null"], capture_output=True, text=True,
                              env=clean_environment(), timeout=30)
        assert done.returncode == code, (arguments, done)


def test_the_manual_page_has_no_faults_and_names_every_command_and_setting(env):
    page = env.tmp / "larder.8"
    page.write_text(subprocess.run([larder_binary(), "man"], capture_output=True, text=True, check=True).stdout)
    done = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", page], capture_output=True, text=True,
                          env=clean_environment(MANWIDTH="100", PAGER="cat"), timeout=60)
    assert done.returncode == 0 and not done.stderr, done.stderr
    for word in ("larder archive fetch", "larder doctor", "max_cache_size", "redirect_hosts", "EXIT STATUS"):
        assert word in done.stdout, word


def test_bash_completes_commands_options_choices_and_files(env):
    def complete(*words):
        script = ('eval "$("$1" completion bash)"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($#-1)); _larder; '
                  'printf "%s\\n" "${COMPREPLY[@]}"')
        done = subprocess.run(["bash", "-c", script, "bash", larder_binary(), *words], capture_output=True, text=True,
                              cwd=env.tmp, env=clean_environment(), timeout=30)
        assert not done.stderr, done.stderr
        return done.stdout.split()
    (env.tmp / "some.toml").write_text("")
    assert complete("larder", "doc") == ["doctor"]
    assert set(complete("larder", "archive", "")) >= {"add", "list", "update", "fetch", "remove"}
    assert "--rebuild" in complete("larder", "doctor", "--re")
    assert "--with-deps" in complete("larder", "--json", "archive", "fetch", "--w")
    assert complete("larder", "token", "new", "--role", "p") == ["promote"]
    assert complete("larder", "--config", "some") == ["some.toml"]
