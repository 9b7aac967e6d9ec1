"""Where Larder is reached: systemd's sockets and notices, the admin socket."""

import os
import signal
import socket
import stat
import subprocess
import time
from pathlib import Path

from learnt_ground import INRELEASE, file_of, ground, published
from support import client
from support.client import Connection
from support.larder import archive_table, clean_environment
from support.places import larder_binary
from support.process import free_port

# --- systemd: sockets and notices ------------------------------------------------------------------

def not_started(env, **settings):
    archive = published(env)
    upstream = env.hostile(archive.tree)
    table = archive_table("debian", f"{upstream.url}/debian", archive.keyring)
    return archive, env.larder(table, start=False, **settings)


def test_it_serves_on_the_socket_that_systemd_passes_and_the_request_that_started_it_is_answered(env):
    archive, larder = not_started(env)
    port = free_port()
    larder.launch(under=["systemd-socket-activate", "-l", f"127.0.0.1:{port}"])
    larder.wait_log("Listening on")
    assert not larder.ready_file.exists()
    answer = client.get(f"127.0.0.1:{port}", INRELEASE)
    assert answer.ok and answer.body == file_of(archive, INRELEASE), (answer.status, answer.trouble)
    assert larder.ready_file.read_text().split() == [f"127.0.0.1:{port}"], "it listens elsewhere too"
    assert larder.stop() == 0


def passed(listener):
    """A command that runs another one with this socket as systemd's first."""
    os.set_inheritable(listener.fileno(), True)
    script = f'exec 3<&{listener.fileno()}; LISTEN_PID=$$ LISTEN_FDS=1 exec "$@"'
    return ["bash", "-c", script, "bash"]


def test_no_request_is_refused_while_it_restarts_with_a_socket_of_systemds(env):
    archive, larder = not_started(env)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = "127.0.0.1:%d" % listener.getsockname()[1]
        for _ in range(3):
            with Connection(address) as early:
                early.get(INRELEASE)       # nobody is there yet
                larder.launch(under=passed(listener), keep_open=[listener.fileno()])
                answer = early.read()
                assert answer.ok and answer.body == file_of(archive, INRELEASE), (answer.status, answer.trouble)
            assert larder.stop() == 0


class Notices:
    """The other end of $NOTIFY_SOCKET."""

    def __init__(self, env):
        self.path = env.folder("notify") / "socket"
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(self.path))
        self.socket.settimeout(15)
        env.undo.append(self.socket.close)

    def next(self):
        """The next notice's lines."""
        return self.socket.recv(4096).decode().split("\n")

    def wait(self, line, but=()):
        """Reads on until one says `line`; those before it may not say what is in `but`."""
        while line not in (lines := self.next()):
            assert not set(but) & set(lines), f"{lines} came before {line}"
        return lines


def test_systemd_is_told_when_it_is_ready_reloads_and_stops(env):
    _, larder = not_started(env)
    notices = Notices(env)
    larder.launch(NOTIFY_SOCKET=str(notices.path))
    assert any(line.startswith("STATUS=serving on ") for line in notices.wait("READY=1", but=["STOPPING=1"]))
    address = larder.ready_file.read_text().split()[0]
    assert client.get(address, "/healthz").ok, "ready was said too early"
    for _ in range(2):
        larder.process.signal(signal.SIGHUP)
        notices.wait("RELOADING=1", but=["READY=1"])
        notices.wait("READY=1", but=["STOPPING=1"])
    larder.process.signal(signal.SIGTERM)
    notices.wait("STOPPING=1", but=["READY=1"])
    assert larder.stop() == 0


def test_a_reload_that_is_refused_ends_in_ready_too(env):
    _, larder = not_started(env)
    notices = Notices(env)
    larder.launch(NOTIFY_SOCKET=str(notices.path))
    notices.wait("READY=1")
    larder.config.write_text("[server\n")
    larder.process.signal(signal.SIGHUP)
    notices.wait("RELOADING=1")
    notices.wait("READY=1")


def test_the_watchdog_is_fed_more_often_than_it_bites(env):
    _, larder = not_started(env)
    notices = Notices(env)
    larder.launch(NOTIFY_SOCKET=str(notices.path), WATCHDOG_USEC="400000")
    notices.wait("READY=1")
    last = time.monotonic()
    for _ in range(5):
        notices.wait("WATCHDOG=1")
        assert time.monotonic() - last < 0.4
        last = time.monotonic()


def test_the_watchdog_is_not_fed_when_nobody_asked_for_it(env):
    _, larder = not_started(env)
    notices = Notices(env)
    larder.launch(NOTIFY_SOCKET=str(notices.path))
    notices.wait("READY=1", but=["WATCHDOG=1"])
    larder.process.signal(signal.SIGHUP)
    notices.wait("RELOADING=1", but=["WATCHDOG=1"])
    notices.wait("READY=1", but=["WATCHDOG=1"])


# --- the admin socket ------------------------------------------------------------------------------

def admin_socket(larder):
    return larder.tables["server"]["admin_socket"]


WHOAMI = """
import socket, sys
s = socket.socket(socket.AF_UNIX)
try:
    s.connect(sys.argv[1])
except PermissionError:
    sys.exit("permission denied")
s.sendall(b"GET /api/v1/whoami HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n")
while data := s.recv(4096):
    print(data.decode())
"""


def whoami(larder, user=None):
    """What the admin socket says to a process of this user."""
    return subprocess.run(["python3", "-c", WHOAMI, admin_socket(larder)], capture_output=True, text=True, user=user, group=user,
                          extra_groups=None if user is None else [])


def test_the_admin_socket_keeps_other_users_out(env):
    env.skip_unless_root()
    _, _, larder, _ = ground(env)
    mode = stat.S_IMODE(os.stat(admin_socket(larder)).st_mode)
    assert mode == 0o660, oct(mode)
    assert '{"role":"admin"}' in whoami(larder).stdout.replace(" ", "")
    other = whoami(larder, user=65534)
    assert other.returncode == 1 and "permission denied" in other.stderr, (other.stdout, other.stderr)


def test_an_admin_socket_that_a_killed_server_left_is_replaced(env):
    _, _, larder, _ = ground(env)
    larder.kill()
    assert os.path.exists(admin_socket(larder)), "nothing was left"
    larder.start()
    assert "admin" in whoami(larder).stdout


def test_a_file_at_the_admin_sockets_path_is_not_removed(env):
    _, _, larder, _ = ground(env)
    larder.stop()
    path = Path(admin_socket(larder))
    path.write_text("precious")
    done = larder.cli("serve")
    assert done.returncode == 2 and str(path) in done.stderr, (done.returncode, done.stderr)
    assert path.read_text() == "precious"


def test_the_admin_socket_is_gone_after_a_stop(env):
    _, _, larder, _ = ground(env)
    assert os.path.exists(admin_socket(larder))
    assert larder.stop() == 0
    assert not os.path.exists(admin_socket(larder))


def test_a_second_server_that_is_refused_leaves_the_admin_socket_of_the_first(env):
    _, _, larder, _ = ground(env)
    assert larder.cli("serve").returncode == 2
    assert "admin" in whoami(larder).stdout


def test_a_server_of_another_store_does_not_take_over_the_admin_socket(env):
    _, _, larder, _ = ground(env)
    config = larder.work / "other.toml"
    config.write_text(larder.config.read_text().replace(str(larder.store), str(larder.work / "other-store")))
    done = subprocess.run([larder_binary(), "serve", "--config", config], capture_output=True, text=True, timeout=30,
                          env=clean_environment())
    assert done.returncode == 2 and str(admin_socket(larder)) in done.stderr, (done.returncode, done.stderr)
    assert "admin" in whoami(larder).stdout
