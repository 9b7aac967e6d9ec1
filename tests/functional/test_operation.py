"""What an operator does around the server: a first configuration, checks of it, commands as root, a purge."""

import json
import os
import pty
import pwd
import socket
import subprocess
import time
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from support import faults
from support.env import Package, Skip
from support.larder import archive_table, clean_environment
from support.places import larder_binary

NOBODY = 65534   # stands for the service's user
ROOT = Path(__file__).resolve().parents[2]


def ground(env, **settings):
    """A published archive, and a larder for it that has not been started."""
    archive = env.archive(Package("alpha", size=1000))
    archive.publish("stable")
    upstream = env.nginx(archive.tree)
    table = archive_table("debian", f"{upstream.url}/debian", archive.keyring)
    return env.larder(table, start=False, **settings)


def larder(*arguments, umask=-1, **environment):
    return subprocess.run([larder_binary(), *arguments], capture_output=True, text=True, stdin=subprocess.DEVNULL,
                          env=clean_environment(**environment), umask=umask, timeout=60)


def in_own_mounts(env, script, *arguments):
    """Root's shell script with mounts that nobody else sees."""
    env.skip_unless_root()
    if subprocess.run(["unshare", "--mount", "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True).returncode:
        raise Skip("may not mount anything here")
    return subprocess.run(["unshare", "--mount", "sh", "-ec", script, "sh", *arguments], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, env=clean_environment(), timeout=60)


def has_user(name):
    return any(entry.pw_name == name for entry in pwd.getpwall())


# --- a store that is not there yet ---------------------------------------------------------------

def test_status_says_that_there_is_no_store_and_makes_none(env):
    server = ground(env)
    for arguments in (["status"], ["status", "--json"]):
        done = server.cli(*arguments, check=1)
        assert f"no store at {server.store} yet" in done.stderr, done
        assert not server.store.exists()
    server.store.mkdir()
    server.cli("status", check=1)
    assert not list(server.store.iterdir())


def test_root_makes_no_store_where_the_server_is_the_user_larders(env):
    server = ground(env)
    users = env.tmp / "passwd"
    users.write_text(Path("/etc/passwd").read_text() + f"larder:x:{NOBODY}:{NOBODY}::/:/usr/sbin/nologin\n")
    as_if_installed = 'mount --bind "$1" /etc/passwd; exec "$2" --config "$3" gc'
    done = in_own_mounts(env, as_if_installed, users, larder_binary(), server.config)
    assert done.returncode == 1 and str(server.store) in done.stderr and "start the server" in done.stderr, done
    assert not server.store.exists()
    server.store.mkdir()
    os.chown(server.store, NOBODY, NOBODY)
    done = in_own_mounts(env, as_if_installed, users, larder_binary(), server.config)
    assert done.returncode == 0, done
    assert {path.stat().st_uid for path in server.store.rglob("*")} == {NOBODY}


def test_without_such_a_user_the_store_is_whose_command_makes_it(env):
    if os.geteuid() == 0 and has_user("larder"):
        raise Skip("this machine has the user larder")
    server = ground(env)
    server.cli("gc", check=0)
    server.cli("status", check=0)


# --- commands of root ----------------------------------------------------------------------------

def test_a_command_of_root_uses_none_of_roots_own_folders(env):
    env.skip_unless_root()
    server = ground(env)
    server.store.mkdir()
    os.chown(server.store, NOBODY, NOBODY)
    private = env.folder("private")
    private.chmod(0o700)
    done = larder("archive", "update", "--config", server.config, TMPDIR=str(private), HOME=str(private),
                  XDG_RUNTIME_DIR=str(private))
    assert done.returncode == 0, done
    assert not list(private.iterdir())


def test_config_check_of_root_asks_whether_the_owner_of_the_store_can_read_the_files(env):
    env.skip_unless_root()
    server = ground(env)
    secret = server.work / "password"
    secret.write_text("secret\n")
    secret.chmod(0o600)
    server.tables["archive"][0] |= {"user": "me", "password_file": str(secret)}
    server.write_config()
    server.cli("config", "check", check=0)   # the store is not there: nobody says who the server will be
    server.store.mkdir()
    os.chown(server.store, NOBODY, NOBODY)
    done = server.cli("config", "check", check=2)
    assert f"'{secret}' cannot be read" in done.stderr and pwd.getpwuid(NOBODY).pw_name in done.stderr, done
    server.cli("config", "check", "--text-only", check=0)
    os.chown(secret, 0, NOBODY)
    secret.chmod(0o640)
    assert pwd.getpwuid(NOBODY).pw_name in server.cli("config", "check", check=0).stdout
    assert json.loads(server.cli("config", "check", "--json", check=0).stdout)["user"] == pwd.getpwuid(NOBODY).pw_name


# --- files that are there only for the server ----------------------------------------------------

def test_commands_need_no_tls_files_but_serve_and_config_check_do(env):
    server = ground(env)
    server.start()
    server.stop()
    server.tables["server"] |= {"listen_tls": ["127.0.0.1:0"], "tls_certificate": "/run/credentials/none/tls.pem",
                                "tls_key": "/run/credentials/none/tls.key"}
    server.write_config()
    for command in (["status"], ["gc"], ["doctor"], ["archive", "update"], ["archive", "list"]):
        server.cli(*command, check=0)
    keyring = server.tables["archive"][0]["keyring"][0]
    server.cli("archive", "add", "other", "http://archive.example/other", "--keyring", keyring, check=0)
    for command in (["config", "check"], ["serve"]):
        done = server.cli(*command, check=2)
        assert "tls.pem" in done.stderr and "tls.key" in done.stderr, (command, done)


# --- init ----------------------------------------------------------------------------------------

def init(env, sources, *more, umask=-1):
    """(what it said, the configuration as a table, its path) of `larder init` for such an /etc/apt."""
    folder = env.folder("apt")
    keyring = env.keyring(env.key())
    (folder / "sources.list").write_text("".join(f"deb [signed-by={keyring}] {line}\n" for line in sources))
    output = folder / "etc/larder.toml"
    done = larder("init", "--output", output, "--sources", folder, *more, umask=umask)
    assert done.returncode == 0, done
    return done, tomllib.loads(output.read_text()), output


def test_init_on_a_client_of_this_very_larder_writes_no_loop(env):
    for itself in ("127.0.0.1:3142", "localhost:3142", "[::1]:3142", "127.0.1.1:3142"):
        done, config, _ = init(env, [f"http://{itself}/debian stable main", "http://127.0.0.1:1/other stable main"],
                               "--listen", "*:3142")
        assert [a["upstream"] for a in config["archive"]] == [["http://127.0.0.1:1/other"]], (itself, config)
        assert done.stderr.count("this server itself; left out") == 1, done.stderr


def test_the_configuration_names_the_manual_page_that_there_is(env):
    _, _, output = init(env, ["http://127.0.0.1:1/debian stable main"])
    page = larder("man").stdout
    assert "larder(8)" in output.read_text() and page.startswith(".TH LARDER 8")


def test_what_root_writes_with_init_the_owner_of_the_store_can_read(env):
    env.skip_unless_root()
    store = env.folder("store")
    os.chown(store, NOBODY, NOBODY)
    _, config, output = init(env, ["http://me:pw@127.0.0.1:1/debian stable main"], "--store", store, umask=0o077)
    secret = Path(config["archive"][0]["password_file"])

    def left(path):
        return path.stat().st_uid, path.stat().st_gid, path.stat().st_mode & 0o777
    assert left(secret) == (0, NOBODY, 0o640)
    assert larder("config", "check", "--config", output).returncode == 0
    # The administrator's own choice stays, also when both are made again.
    for path, mode in ((output, 0o640), (secret, 0o440)):
        os.chown(path, 0, NOBODY)
        path.chmod(mode)
    done = larder("init", "--force", "--output", output, "--sources", output.parent.parent, "--store", store)
    assert done.returncode == 0, done
    assert [left(output), left(secret)] == [(0, NOBODY, 0o640), (0, NOBODY, 0o440)]
    assert larder("config", "check", "--config", output).returncode == 0


# --- serve: its log and its command line ---------------------------------------------------------

def entry_of(datagram):
    """The fields of journald's native protocol, as long as no value has a newline."""
    return dict(line.split("=", 1) for line in datagram.decode().splitlines())


def test_to_the_journal_go_messages_with_their_fields_and_nothing_to_stderr(env):
    in_own_mounts(env, "true")   # or it is skipped
    journal = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    env.undo.append(journal.close)
    journal.settimeout(15)
    journal.bind(str(env.tmp / "journal"))
    server = ground(env, log={"target": "journald", "level": "info", "requests": True})
    server.start(under=["unshare", "--mount", "sh", "-ec", """
        mount -t tmpfs none /run; mkdir -p /run/systemd/journal; touch /run/systemd/journal/socket
        mount --bind "$1" /run/systemd/journal/socket; shift; exec "$@" """, "sh", env.tmp / "journal"])
    server.good("/debian/dists/stable/InRelease", User_Agent='odd "agent" = 1')

    def entry(message):
        while not (found := entry_of(journal.recv(1 << 16)))["MESSAGE"].startswith(message):
            assert found["SYSLOG_IDENTIFIER"] == "larder" and found["PRIORITY"].isdigit(), found
        return found
    assert entry("serving on ")["PRIORITY"] == "6"
    asked = entry("GET /debian/dists/stable/InRelease")
    assert asked["LARDER_STATUS"] == "200" and asked["LARDER_COMPLETE"] == "yes", asked
    assert asked["LARDER_AGENT"] == 'odd "agent" = 1', asked
    server.stop()
    assert entry("stopping")["PRIORITY"] == "6" and server.log() == ""


def test_the_command_line_limits_the_connections_to_an_upstream(env):
    archive = env.archive(*(Package(name, size=2000) for name in ("alpha", "beta", "gamma")))
    archive.publish("stable")
    for arguments, at_once in (("", 3), ("--upstream-connections 1", 1)):
        upstream = env.hostile(archive.tree)
        server = env.larder_for(archive, upstream, start=False, upstream={"inactivity_timeout": "10s"})
        server.start(under=["sh", "-c", f'exec "$@" {arguments}', "sh"])
        server.good("/debian/dists/stable/main/binary-amd64/Packages.xz")
        upstream.rule("/debian/pool/*", faults.stall(100))
        with ThreadPoolExecutor(3) as pool:
            answers = [pool.submit(server.get, f"/debian/{p.pool_path}") for p in archive.packages]
            upstream.wait_count("/debian/pool/*", at_once)
            time.sleep(0.3)
            assert upstream.count("/debian/pool/*") == at_once, upstream.seen
            upstream.honest()
            assert all(answer.result().ok for answer in answers)
        assert (upstream.most_open == 1) == (at_once == 1), upstream.most_open


# --- progress ------------------------------------------------------------------------------------

def shown_on_a_terminal(command):
    """What `command` writes to a terminal that is its standard error."""
    terminal, its_end = pty.openpty()
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=its_end,
                          env=clean_environment()) as child:
        os.close(its_end)
        shown = b""
        try:
            while part := os.read(terminal, 4096):
                shown += part
        except OSError:   # EIO: the last who had it open has ended
            pass
    os.close(terminal)
    assert child.returncode == 0, shown
    return shown.decode()


def test_long_work_shows_a_bar_on_a_terminal_and_takes_it_away(env):
    server = ground(env)
    server.start()
    server.good("/debian/dists/stable/InRelease")
    server.stop()
    command = [larder_binary(), "doctor", "--config", server.config]
    shown = shown_on_a_terminal(command)
    lines = shown.split("\r\033[K")
    assert lines[-1] == "" and len(lines) > 2, repr(shown)
    assert any("[####" in line and "%" in line for line in lines), repr(shown)
    assert all(len(line) < 80 for line in lines), repr(shown)
    assert shown_on_a_terminal([*command, "--quiet"]) == ""
    assert server.cli("doctor", check=0).stderr == ""


# --- the Debian package --------------------------------------------------------------------------

def test_a_purge_with_something_mounted_inside_the_store_goes_on_and_says_so(env):
    """postrm, on folders of its own in place of this machine's."""
    kept = env.folder("kept")
    (kept / "precious").write_text("x")
    done = in_own_mounts(env, """
        mount -t tmpfs none /run; mount -t tmpfs none /var/lib
        mkdir -p /var/lib/larder/objects/ab /var/lib/larder/db /run/larder
        touch /var/lib/larder/format /var/lib/larder/db/data.mdb /run/larder/admin.sock
        mount --bind "$2" /var/lib/larder/objects/ab
        mount -t tmpfs none /etc; mkdir -p /etc/larder/secrets
        sh "$1" purge
        echo "left: $(find /var/lib/larder /etc/larder /run/larder 2>/dev/null | sort | tr '\\n' ' ')"
        """, ROOT / "systemd/debian/postrm", kept)
    assert done.returncode == 0, done
    assert done.stdout.split() == ["left:", "/var/lib/larder", "/var/lib/larder/objects", "/var/lib/larder/objects/ab",
                                   "/var/lib/larder/objects/ab/precious"], done
    assert "not all of /var/lib/larder could be removed" in done.stderr, done
    assert (kept / "precious").exists()


# This machine's own /etc stays out of it; $1 is where the scripts are, $2 the line of the account, $3 larder.
ETC = """
    mount -t tmpfs none /mnt; mkdir /mnt/etc /mnt/bin
    cp -a /etc/passwd /etc/group /etc/shadow /etc/gshadow /etc/nsswitch.conf /etc/login.defs /mnt/etc
    sed -i /^larder:/d /mnt/etc/passwd /mnt/etc/group /mnt/etc/shadow /mnt/etc/gshadow
    mkdir -p /mnt/etc/apt /mnt/etc/larder; mount --bind /mnt/etc /etc
    if [ -n "$2" ]; then
        echo "$2" >>/etc/passwd
        echo "larder:x:$(echo "$2" | cut -d: -f4):" >>/etc/group
    fi
    mount -t tmpfs none /run; mount -t tmpfs none /var/lib
    ln -s "$3" /mnt/bin/larder; ln -s /bin/true /mnt/bin/deb-systemd-helper; PATH=/mnt/bin:$PATH
    """
OF_THE_PACKAGE = "larder:x:150:150:Larder archive cache:/var/lib/larder:/usr/sbin/nologin"
OF_A_PERSON = "larder:x:1000:1000:Lars Larder:/home/larder:/bin/bash"
OF_ANOTHER_SERVICE = "larder:x:151:151::/srv/pantry:/usr/sbin/nologin"


def script(env, then, account):
    return in_own_mounts(env, ETC + then, ROOT / "systemd/debian", account, larder_binary().resolve())


def test_the_package_is_not_installed_beside_a_person_called_larder(env):
    done = script(env, 'sh "$1/preinst" install', OF_A_PERSON)
    assert done.returncode == 1 and "uid 1000" in done.stderr and "no system account" in done.stderr, done
    for account in ("", OF_THE_PACKAGE, OF_ANOTHER_SERVICE):
        done = script(env, 'sh "$1/preinst" install', account)
        assert done.returncode == 0 and not done.stderr, (account, done)


def test_a_purge_takes_the_account_that_the_package_made_and_no_other(env):
    for account, left in ((OF_THE_PACKAGE, False), (OF_A_PERSON, True), (OF_ANOTHER_SERVICE, True)):
        done = script(env, 'sh "$1/postrm" purge; echo; cat /etc/passwd; echo; cat /etc/group', account)
        assert done.returncode == 0, done
        assert ("\nlarder:" in done.stdout) == left == (account in done.stdout), (account, done)
        assert done.stdout.count("\nlarder:") == (2 if left else 0), (account, done)


def test_installing_gives_the_service_the_files_of_init_and_no_others(env):
    done = script(env, """
        echo "deb [trusted=yes] http://me:pw@127.0.0.1:1/debian stable main" >/etc/apt/sources.list
        mkdir -p /etc/apt/trusted.gpg.d; echo key >/etc/apt/trusted.gpg.d/some.gpg
        mkdir -m 0700 /etc/larder/tls; echo secret >/etc/larder/tls/key.pem; chmod 0600 /etc/larder/tls/key.pem
        umask 077; sh "$1/postinst" configure
        stat -c '%n %U:%G %a' /etc/larder /etc/larder/tls /etc/larder/tls/key.pem /etc/larder/larder.toml /etc/larder/secrets/*
        """, OF_THE_PACKAGE)
    assert done.returncode == 0, done
    assert done.stdout.splitlines() == [
        "/etc/larder root:root 755", "/etc/larder/tls root:root 700", "/etc/larder/tls/key.pem root:root 600",
        "/etc/larder/larder.toml root:larder 640", "/etc/larder/secrets/debian.password root:larder 640"], done
