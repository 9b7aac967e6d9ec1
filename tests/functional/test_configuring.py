"""What must not become the configuration, and commands whose configuration is not the server's."""

import json
import os
import subprocess

from support import client
from support.env import Package, Skip
from support.larder import clean_environment
from support.places import ROOT, larder_binary
from support.process import free_port, wait_for
from test_commands import Ground
from test_operation import NOBODY


def add(ground, keyring, name="other"):
    return ground.larder.cli("archive", "add", name, f"http://archive.example/{name}", "--keyring", str(keyring))


def junk_keyring(env):
    path = env.tmp / "junk.gpg"
    path.write_text("no key\n")
    return path


# --- keyrings ------------------------------------------------------------------------------------

def an_archive_whose_keyring_is_none_is_not_added(running):
    def test(env):
        ground = Ground(env, start=running)
        before = ground.larder.config.read_text()
        done = add(ground, junk_keyring(env))
        assert done.returncode == 2 and "'other'" in done.stderr and "junk.gpg" in done.stderr, done
        assert ground.larder.config.read_text() == before
        ground.larder.cli("config", "check", check=0)
    return test


test_an_archive_whose_keyring_is_none_is_not_added_beside_a_server = an_archive_whose_keyring_is_none_is_not_added(True)
test_an_archive_whose_keyring_is_none_is_not_added_without_a_server = an_archive_whose_keyring_is_none_is_not_added(False)


def test_config_check_opens_the_keyrings_as_a_start_does(env):
    ground = Ground(env, start=False)
    ground.larder.tables["archive"][0]["keyring"] = [str(junk_keyring(env))]
    ground.larder.write_config()
    for command in (["config", "check"], ["config", "check", "--json"]):
        done = ground.larder.cli(*command, check=2)
        assert "junk.gpg" in done.stdout + done.stderr, done
    assert not json.loads(done.stdout)["fine"] and len(json.loads(done.stdout)["problems"]) == 1, done
    ground.larder.cli("config", "check", "--text-only", check=0)
    assert "junk.gpg" in ground.larder.cli("serve").stderr


def test_an_archive_whose_keyring_the_server_may_not_read_is_not_added_by_root(env):
    env.skip_unless_root()
    ground = Ground(env, start=False)
    for path in (ground.larder.store, *ground.larder.store.rglob("*")):
        os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
    before = ground.larder.config.read_text()
    keyring = env.keyring(ground.archive.key)
    keyring.chmod(0o600)
    done = add(ground, keyring)
    assert done.returncode == 2 and str(keyring) in done.stderr and "who owns the store" in done.stderr, done
    assert ground.larder.config.read_text() == before
    keyring.chmod(0o644)
    ground.larder.config.chmod(0o640)
    os.chown(ground.larder.config, 0, NOBODY)
    assert add(ground, keyring).returncode == 0
    left = ground.larder.config.stat()
    assert (left.st_uid, left.st_gid, left.st_mode & 0o777) == (0, NOBODY, 0o640)
    ground.larder.cli("config", "check", check=0)


def test_what_the_running_server_refuses_is_taken_back(env):
    ground = Ground(env)
    # Not looked at by commands, and by a reload.
    ground.larder.tables["server"] |= {"tls_certificate": "/nowhere/tls.pem", "tls_key": "/nowhere/tls.key"}
    ground.larder.write_config()
    before = ground.larder.config.read_text()
    done = add(ground, ground.archive.keyring)
    assert done.returncode == 2 and "did not take it" in done.stderr and "as it was" in done.stderr, done
    assert "tls.pem" in done.stderr and ground.larder.config.read_text() == before, done
    done = ground.larder.cli("archive", "remove", "debian")
    assert done.returncode == 2 and ground.larder.config.read_text() == before, done
    assert ground.larder.get("/healthz").ok


# --- whose server is it --------------------------------------------------------------------------

def test_a_command_does_not_work_on_the_store_of_another_configuration(env):
    ground = Ground(env)
    trial, store = env.tmp / "trial.toml", env.folder("trial") / "store"
    trial.write_text(ground.larder.config.read_text().replace(str(ground.larder.store), str(store)))
    objects = sorted((ground.larder.store / "objects").rglob("*"))
    text = trial.read_text()

    def other(*command):
        return subprocess.run([larder_binary(), *command, "--config", trial], capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, env=clean_environment(), timeout=60)
    for command in (["status"], ["gc", "--remove", "--free", "1GB"], ["doctor"], ["archive", "update"],
                    ["archive", "add", "x", "http://archive.example/x", "--keyring", str(ground.archive.keyring)],
                    ["archive", "remove", "debian"]):
        done = other(*command)
        assert done.returncode == 2 and not done.stdout, (command, done)
        assert f"{ground.larder.store}," in done.stderr and str(store) in done.stderr, (command, done)
    assert sorted((ground.larder.store / "objects").rglob("*")) == objects and trial.read_text() == text
    assert not store.exists()
    # Another way to the same store is no other store.
    store.symlink_to(ground.larder.store)
    assert other("status").returncode == 0


# --- a store among other files -------------------------------------------------------------------

def test_no_store_is_made_in_a_folder_that_is_not_empty(env):
    server = env.larder(start=False)
    server.store.mkdir()
    (server.store / "precious").write_text("x")
    for command in (["serve"], ["gc"], ["config", "check"]):
        done = server.cli(*command, check=2)
        assert "store.path" in done.stderr and str(server.store) in done.stderr, (command, done)
    assert [path.name for path in server.store.iterdir()] == ["precious"]


# --- where the machine's addresses cannot be listed ----------------------------------------------

def test_a_server_that_cannot_list_its_addresses_says_so_and_knows_the_loopback(env):
    archive = env.archive(Package("alpha", size=1000))
    archive.publish("stable")
    port = free_port()
    server = env.larder_for(archive, env.nginx(archive.tree), server={"listen": [f"*:{port}"]})
    server.stop()
    server.launch(under=["python3", ROOT / "tests/support/no_netlink.py"])
    server.address = f"127.0.0.1:{port}"

    def up():
        if not server.process.running() and server.process.child.returncode == 77:
            raise Skip("no filter for system calls here")
        return server.ready_file.exists() and client.get(server.address, "/healthz").ok
    wait_for(up, "larder without AF_NETLINK")
    for host in ("127.0.0.1", "localhost", "[::1]"):
        server.good(f"http://{host}:{port}/debian/dists/stable/InRelease")
    assert server.wait_log("warn.* addresses")
