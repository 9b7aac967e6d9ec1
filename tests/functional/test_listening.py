"""Where Larder is reached: HTTPS, systemd's sockets and notices, the admin socket."""

import os
import shutil
import signal
import socket
import ssl
import stat
import subprocess
import time
from pathlib import Path

from learnt_ground import INRELEASE, file_of, ground, published
from support import client
from support.client import Connection, request
from support.larder import archive_table, clean_environment
from support.places import larder_binary
from support.process import free_port, wait_for

# --- HTTPS -----------------------------------------------------------------------------------------

class Tls:
    """A larder that listens for HTTPS as well, and who trusts it."""

    def __init__(self, env, count=1, size=5000, **server):
        self.authority = env.authority()
        self.certificate = self.authority.issue("127.0.0.1")
        settings = {"listen_tls": ["127.0.0.1:0"], "tls_certificate": str(self.certificate.chain),
                    "tls_key": str(self.certificate.key), **server}
        self.archive, self.upstream, self.larder, self.paths = ground(env, count, size, server=settings)
        self.address = self.larder.addresses[1]
        self.url = f"https://{self.address}"

    def curl(self, path, *options, authority=None):
        """(exit code, body); what curl does not verify it does not show."""
        trusted = (authority or self.authority).certificate
        done = subprocess.run(["curl", "--silent", "--show-error", "--fail", "--max-time", "20", "--cacert", trusted, *options,
                               self.url + path], capture_output=True, env=clean_environment())
        return done.returncode, done.stdout

    def connection(self):
        made = Connection(self.address)
        trust = ssl.create_default_context(cafile=self.authority.certificate)
        made.socket = trust.wrap_socket(made.socket, server_hostname="127.0.0.1")
        return made

    def still_well(self):
        assert self.larder.process.running(), "larder is gone"
        assert self.curl(INRELEASE)[0] == 0


def test_curl_gets_files_over_https_cold_and_warm_and_in_part(env):
    tls = Tls(env, size=3_000_000)
    [path] = tls.paths
    whole = file_of(tls.archive, path)
    assert tls.curl(path) == (0, whole)
    assert tls.curl(path) == (0, whole)
    assert tls.curl(path, "--range", "1000000-1000099") == (0, whole[1000000:1000100])
    assert tls.curl(path, "--range", "-7") == (0, whole[-7:])
    assert tls.upstream.count(path) == 1


def test_curl_does_not_accept_https_by_an_authority_that_it_does_not_know(env):
    tls = Tls(env)
    assert tls.curl(INRELEASE, authority=env.authority()) == (60, b"")


def test_requests_pipelined_inside_tls_are_answered_in_order(env):
    tls = Tls(env, count=8, size=20_000)
    with tls.connection() as connection:
        for _ in range(2):   # cold, then warm, on one connection
            connection.send(b"".join(request(path) for path in tls.paths))
            for path in tls.paths:
                answer = connection.read()
                assert answer.ok and answer.body == file_of(tls.archive, path), (path, answer.status, answer.trouble)


def test_apt_installs_over_https(env):
    tls = Tls(env, count=3)
    apt = env.apt_for(tls.archive, f"{tls.url}/debian")
    trust = [f"Acquire::https::CAInfo={tls.authority.certificate}"]
    apt.update().must_fail("certificate")
    apt.update(*trust).must()
    apt.install("package0", "package1", options=trust).must()
    assert [d.split("_")[0] for d in apt.debs()] == ["package0", "package1"]


def test_plain_http_and_https_are_served_beside_each_other(env):
    tls = Tls(env)
    assert len(tls.larder.addresses) == 2, tls.larder.addresses
    assert tls.larder.good(tls.paths[0]).body == tls.curl(tls.paths[0])[1] == file_of(tls.archive, tls.paths[0])


def replace(tls, certificate):
    shutil.copy(certificate.chain, tls.certificate.chain)
    shutil.copy(certificate.key, tls.certificate.key)
    tls.larder.process.signal(signal.SIGHUP)


def test_a_reload_shows_new_connections_the_new_certificate_and_keeps_the_old_ones_open(env):
    tls, other = Tls(env), env.authority()
    with tls.connection() as old:
        old.get(INRELEASE)
        assert old.read().ok
        replace(tls, other.issue("127.0.0.1"))
        wait_for(lambda: tls.curl(INRELEASE, authority=other)[0] == 0, "the new certificate")
        assert tls.curl(INRELEASE)[0] == 60, "the former certificate is still shown"
        old.get(INRELEASE)
        assert old.read().ok


def test_a_certificate_that_does_not_belong_to_its_key_is_not_taken_on_reload(env):
    tls, other = Tls(env), env.authority()
    shutil.copy(other.issue("127.0.0.1").chain, tls.certificate.chain)
    tls.larder.process.signal(signal.SIGHUP)
    tls.larder.wait_log("not reloaded.*tls_key")
    tls.still_well()


def test_a_reload_that_is_refused_for_another_reason_keeps_the_certificate(env):
    tls, other = Tls(env), env.authority()
    tls.archive.keyring.unlink()
    replace(tls, other.issue("127.0.0.1"))
    tls.larder.wait_log("not reloaded")
    tls.still_well()


def test_a_certificate_that_is_not_there_is_exit_2_with_its_name(env):
    tls = Tls(env)
    tls.larder.stop()
    tls.certificate.chain.unlink()
    done = tls.larder.cli("serve")
    assert done.returncode == 2 and str(tls.certificate.chain) in done.stderr, (done.returncode, done.stderr)


def test_what_is_no_tls_does_no_harm_to_the_https_port(env):
    tls = Tls(env)
    for data in (request(INRELEASE), b"\x16\x03\x01\xff\xff" + b"\x00" * 70_000, b"\x80\x00" + b"\xff" * 5000, os.urandom(5000), b"\x00"):
        with Connection(tls.address, timeout=15) as connection:
            try:
                connection.send(data)
                connection.socket.shutdown(socket.SHUT_WR)
            except OSError:
                pass   # it has hung up already
            got = connection.rest()
            assert b"HTTP/1.1 200" not in got and b"BEGIN PGP" not in got, got[:200]
    tls.still_well()


def test_a_handshake_that_is_never_finished_is_cut_off(env):
    tls = Tls(env, header_timeout="400ms")
    hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"   # the beginning of one
    for data in (b"", hello):
        with Connection(tls.address, timeout=10) as connection:
            start = time.monotonic()
            connection.send(data)
            connection.rest()
            assert time.monotonic() - start < 8, f"still open after {data!r}"
    tls.still_well()


def test_two_hundred_unfinished_handshakes_do_not_keep_others_out(env):
    tls = Tls(env)
    held = [Connection(tls.address) for _ in range(200)]
    for connection in held:
        connection.send(b"\x16\x03\x01")
    start = time.monotonic()
    tls.still_well()
    assert time.monotonic() - start < 3
    for connection in held:
        connection.close()


def test_connect_inside_tls_is_405(env):
    archive = published(env)
    other = env.hostile(archive.tree)
    tls = Tls(env, connect_allow=[other.address])
    with tls.connection() as connection:
        connection.send(f"CONNECT {other.address} HTTP/1.1\r\nHost: {other.address}\r\n\r\n".encode())
        assert connection.read().status == 405
        assert connection.rest() == b""
    assert other.open == other.most_open == 0
    tls.still_well()


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
