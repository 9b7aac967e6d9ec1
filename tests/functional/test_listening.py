"""Where Larder is reached (HTTPS, systemd's sockets, the admin socket), how it starts and stops, and clients
that are slow, odd or mean there."""

import hashlib
import json
import os
import re
import shutil
import signal
import socket
import ssl
import stat
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

from support import client, faults
from support.client import Connection, request
from support.env import Package
from support.larder import archive_table, clean_environment
from support.places import larder_binary
from support.process import free_port, wait_for

INRELEASE = "/debian/dists/stable/InRelease"
INDEX = "/debian/dists/stable/main/binary-amd64/Packages"
PATIENT = {"inactivity_timeout": "60s"}   # the test decides when a stall ends


def published(env, count=1, size=5000):
    archive = env.archive(*(Package(f"package{n}", size=size) for n in range(count)))
    archive.publish("stable")
    return archive


def paths_of(archive):
    return ["/debian/" + package.pool_path for package in archive.packages]


def file_of(archive, path):
    return (archive.tree / path.lstrip("/")).read_bytes()


def ground(env, count=1, size=5000, server=None, upstream=None, kind="hostile"):
    """(archive, upstream, larder, paths of packages that no client has asked for)."""
    archive = published(env, count, size)
    there = getattr(env, kind)(archive.tree)
    larder = env.larder_for(archive, there, server=server or {}, upstream=upstream or {})
    larder.good(INRELEASE)
    larder.good(INDEX)
    return archive, there, larder, paths_of(archive)


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


# --- stopping, and slow clients --------------------------------------------------------------------

def test_a_stop_does_not_wait_longer_than_its_grace_for_an_upstream_that_stalls(env):
    _, upstream, larder, [begun, waiting] = ground(env, count=2, size=400_000, server={"shutdown_grace": "500ms"}, upstream=PATIENT)
    upstream.rule(begun, faults.stall(200_000))
    upstream.rule(waiting, faults.stall(-1))
    with larder.connection() as first, larder.connection() as second:
        first.get(begun)
        while len(first.buffer) < 100_000:
            assert first.more()
        second.get(waiting)
        upstream.wait_count(waiting, 1)
        start = time.monotonic()
        assert larder.stop() == 0, larder.log()
        assert 0.4 < time.monotonic() - start < 5
        answers = first.read(), second.read()
    assert answers[0].status == 200 and not answers[0].complete, answers[0].status
    assert not answers[1].ok, answers[1].status


def stops_reading(connection, path):
    """Asks for a file and takes a few bytes of it."""
    connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.get(path)
    assert connection.socket.recv(1000)


def is_cut_off(larder):
    wait_for(lambda: larder.metrics()["larder_client_timeouts_total"] == 1, "the client that stopped reading to be cut off")


def test_a_client_that_stops_reading_a_cold_file_is_cut_off_and_takes_it_from_nobody(env):
    archive, upstream, larder, [path] = ground(env, size=40_000_000, kind="nginx", server={"send_timeout": "500ms"})
    whole = file_of(archive, path)
    with larder.connection(timeout=30) as slow:
        stops_reading(slow, path)
        answer = larder.get(path, timeout=60)
        assert answer.ok and answer.body == whole, (answer.status, answer.trouble)
        is_cut_off(larder)
        assert len(slow.rest()) < len(whole)
    assert upstream.count(path) == 1


def test_a_client_that_stops_reading_a_warm_file_is_cut_off(env):
    _, _, larder, [path] = ground(env, size=40_000_000, kind="nginx", server={"send_timeout": "500ms"})
    larder.good(path, timeout=60)
    with larder.connection() as slow:
        stops_reading(slow, path)
        is_cut_off(larder)


def test_a_client_that_stops_reading_inside_tls_is_cut_off(env):
    tls = Tls(env, size=40_000_000, send_timeout="500ms")
    tls.larder.good(tls.paths[0], timeout=60)
    with tls.connection() as slow:
        stops_reading(slow, tls.paths[0])
        is_cut_off(tls.larder)


def test_a_client_that_reads_slowly_but_reads_is_not_cut_off(env):
    archive, _, larder, [path] = ground(env, size=12_000_000, server={"send_timeout": "600ms"})
    whole = file_of(archive, path)
    with larder.connection() as slow:
        slow.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        slow.get(path)
        got = b""
        end = time.monotonic() + 3     # five times as long as it may be silent
        while time.monotonic() < end and (data := slow.socket.recv(20_000)):
            got += data
            time.sleep(0.01)
        slow.buffer = got
        answer = slow.read()
    assert answer.ok and answer.body == whole, (answer.status, answer.trouble)


# --- bodies ----------------------------------------------------------------------------------------

def answers_in(data):
    """The statuses of the answers that follow each other in these bytes."""
    return [int(code) for code in re.findall(rb"HTTP/1\.1 (\d{3}) ", data)]


def a_body_is_no_request(env, encode):
    """`encode` makes head fields and a body of bytes that are a request themselves."""
    archive, upstream, larder, [warm, cold, hidden] = ground(env, count=3, size=2000)
    larder.good(warm)
    smuggled = request(hidden)
    for target in (warm, cold, "/healthz", "/debian/nothing", "/nowhere", "/metrics", "/"):
        fields, body = encode(smuggled)
        with larder.connection(timeout=10) as connection:
            connection.send(request(target, **fields) + body + request("/api/v1/status", Connection="close"))
            got = connection.rest()
        assert got.startswith(b"HTTP/1.1 "), (target, got[:100])
        assert len(answers_in(got)) <= 2, (target, answers_in(got))
        assert file_of(archive, hidden) not in got and upstream.count(hidden) == 0, f"{target}: the body was taken for a request"
        if len(answers_in(got)) == 2:
            assert b'"archives"' in got.rpartition(b"\r\n\r\n")[2], (target, got[-300:])
    assert larder.good(warm).body == file_of(archive, warm)


def test_the_body_of_a_get_is_not_taken_for_a_request(env):
    a_body_is_no_request(env, lambda body: ({"Content_Length": str(len(body))}, body))


def test_the_chunked_body_of_a_get_is_not_taken_for_a_request(env):
    a_body_is_no_request(env, lambda body: ({"Transfer_Encoding": "chunked"}, b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)))


def test_a_get_with_a_body_is_answered_as_without(env):
    archive, _, larder, [path] = ground(env, size=2000)
    for size in (1, 1000, 100_000):
        with larder.connection(timeout=10) as connection:
            connection.send(request(path, Content_Length=str(size)) + b"x" * size)
            answer = connection.read()
        assert answer.ok and answer.body == file_of(archive, path), (size, answer.status, answer.trouble)


def with_admin(larder):
    larder.tables["token"] = [{"name": "admin", "role": "admin", "sha256": hashlib.sha256(b"of-the-admin").hexdigest()}]
    larder.write_config()
    larder.restart()
    return {"Authorization": "Bearer of-the-admin", "Content_Type": "application/json"}


def test_a_body_that_trickles_is_cut_off(env):
    _, _, larder, [path] = ground(env, server={"header_timeout": "500ms"})
    headers = with_admin(larder)
    with larder.connection() as connection:
        connection.send(request("/api/v1/jobs/gc", "POST", Content_Length="1000", **headers))
        connection.socket.settimeout(0.1)
        start, open_still = time.monotonic(), True
        while open_still and time.monotonic() - start < 8:
            try:
                connection.send(b" ")
                open_still = connection.more()
            except TimeoutError:
                pass
            except OSError:
                open_still = False
        assert not open_still, "a byte now and then kept the connection open"
        assert 202 not in answers_in(connection.buffer)
    larder.good(path)


def test_a_body_in_two_parts_is_one_request(env):
    _, _, larder, _ = ground(env)
    headers = with_admin(larder)
    body = json.dumps({"dry_run": True}).encode()
    with larder.connection() as connection:
        for _ in range(2):
            connection.send(request("/api/v1/jobs/gc", "POST", Content_Length=str(len(body)), Expect="100-continue", **headers))
            assert connection.read().status == 100   # it has read the head, and waits
            connection.send(body[:4])
            connection.send(body[4:])
            answer = connection.read()
            assert answer.status == 202, (answer.status, answer.body)


# --- damage ----------------------------------------------------------------------------------------

def with_damaged_object(env, size):
    """(archive, upstream, larder, path): one byte of the object's file is another since it was stored."""
    archive, upstream, larder, [path] = ground(env, size=size)
    digest = larder.good(path).sha256
    larder.stop()
    file = larder.store / "objects" / digest[:2] / digest[2:]
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    when = file.stat().st_mtime
    file.chmod(0o644)
    file.write_bytes(data)
    os.utime(file, (when, when))
    larder.start()
    return archive, upstream, larder, path


def right_or_honest(answer, whole):
    assert not answer.ok or answer.body == whole, "wrong bytes as a success"
    assert answer.ok or not answer.complete or answer.status >= 500, answer.status
    return answer.ok


def test_a_head_of_a_damaged_file_makes_no_later_get_a_wrong_success(env):
    for size in (2_000, 3_000_000):
        archive, _, larder, path = with_damaged_object(env, size)
        whole = file_of(archive, path)
        for _ in range(2):
            head = larder.get(path, method="HEAD")
            assert head.status >= 500 or head.headers["content-length"] == str(len(whole)), head.headers
        right_or_honest(larder.get(path), whole)
        wait_for(lambda: larder.get(path).body == whole, "the right bytes")
        assert larder.metrics()["larder_damaged_objects_total"] == 1


def test_a_range_of_a_damaged_file_is_never_wrong(env):
    for size in (2_000, 3_000_000):
        archive, _, larder, path = with_damaged_object(env, size)
        whole = file_of(archive, path)
        middle = len(whole) // 2
        larder.get(path, method="HEAD")
        for _ in range(3):
            answer = larder.get(path, Range=f"bytes={middle - 5}-{middle + 5}")
            assert not answer.complete or answer.status >= 500 or answer.body in (whole[middle - 5: middle + 6], whole), answer.body[:50]
        wait_for(lambda: larder.get(path).body == whole, "the right bytes")


def test_of_three_gets_on_one_connection_after_damage_each_is_right_or_an_honest_failure(env):
    for size in (2_000, 3_000_000):
        archive, upstream, larder, path = with_damaged_object(env, size)
        whole = file_of(archive, path)
        upstream.rule(path, faults.no_answer())
        connection = larder.connection()
        for there in (False, False, True):
            if there:
                upstream.honest()
            connection.get(path)
            answer = connection.read()
            right_or_honest(answer, whole)
            assert there or not answer.ok, "nobody could have had the right bytes"
            if not answer.complete:   # cut off: it goes on with another connection
                connection.close()
                connection = larder.connection()
        assert answer.ok or answer.status >= 500
        connection.close()
        wait_for(lambda: larder.get(path).body == whole, "the right bytes once upstream is there")


# --- suites that nobody has ------------------------------------------------------------------------

def junk_names():
    return ["has space", "tab\tbed", "gr\u00fc\u00dfe", "\u540d\u524d", "x" * 600, "stable@20260101T000000Z", "@", "stable@", "a@b/c",
            "stable ", " stable", "stable\u00a0", "~", "...", "stable..", "-", "--json", "*", "%", "%2e", "a" * 301, "s/" * 100 + "s",
            "history", "stable/main/binary-amd64", "\u202estable", "\x7f", "<script>", "\"", "';--", "$(id)", "a:b", "CON", "flat/"]


def suites_of(larder):
    told = json.loads(larder.cli("status", "--json", check=0).stdout)
    [archive] = told["archives"]
    return [suite["name"] for suite in archive["suites"]]


def test_junk_names_of_suites_are_404_and_leave_no_trace(env):
    archive, _, larder, [path] = ground(env)
    names = (INRELEASE, INDEX, path)
    before = [larder.good(name).body for name in names]
    for junk in junk_names():
        for below in ("InRelease", "Release", "main/binary-amd64/Packages.xz", "main/binary-amd64/by-hash/SHA256/" + "0" * 64):
            answer = larder.get(f"/debian/dists/{quote(junk, safe='/')}/{below}")
            assert answer.status in (400, 404) and answer.complete, (junk, below, answer.status, answer.body[:200])
        assert [larder.good(name).body for name in names] == before, f"{junk!r} changed what a good suite answers"
    assert suites_of(larder) == ["stable"]
    page = larder.get("/pages/archive/debian").body.decode()
    assert "has space" not in page and "&lt;script" not in page and "<script" not in page
    larder.restart()
    assert suites_of(larder) == ["stable"] and [larder.good(name).body for name in names] == before


def test_a_suite_in_the_folder_of_another_takes_no_file_from_it(env):
    archive = published(env)
    larder = env.larder_for(archive, env.hostile(archive.tree))
    for below in ("main", "main/binary-amd64", "main/binary-amd64/by-hash"):
        for name in ("InRelease", "Release", "Release.gpg"):
            assert larder.get(f"/debian/dists/stable/{below}/{name}").status == 404, (below, name)
    assert larder.good(INDEX).body == file_of(archive, INDEX)
    assert larder.good(f"{INDEX}.xz").body == file_of(archive, f"{INDEX}.xz")
    digest = hashlib.sha256(file_of(archive, INDEX)).hexdigest()
    assert larder.good(f"/debian/dists/stable/main/binary-amd64/by-hash/SHA256/{digest}").body == file_of(archive, INDEX)
    assert suites_of(larder) == ["stable"]


def test_1500_made_up_suites_do_not_keep_a_good_one_from_being_found(env):
    archive, _, larder, [path] = ground(env)
    with larder.connection() as connection:
        for n in range(1500):
            connection.get(f"/debian/dists/made-up-{n}/InRelease")
            answer = connection.read()
            assert answer.status == 404, (n, answer.status, answer.trouble)
    archive.add(Package("later"))
    archive.publish("testing")
    release = "/debian/dists/testing/InRelease"
    assert larder.good(release).body == file_of(archive, release)
    for wanted in (release.replace("InRelease", "main/binary-amd64/Packages.xz"), paths_of(archive)[1], path, INRELEASE):
        assert larder.good(wanted).body == file_of(archive, wanted), wanted
    assert sorted(suites_of(larder)) == ["stable", "testing"]


def test_many_clients_at_once_asking_for_made_up_suites_do_not_slow_down_a_good_one(env):
    _, _, larder, [path] = ground(env)
    with ThreadPoolExecutor(20) as pool:
        junk = [pool.submit(larder.get, f"/debian/dists/made-up-{n}/main/binary-amd64/Packages") for n in range(300)]
        for _ in range(20):
            start = time.monotonic()
            larder.good(path)
            assert time.monotonic() - start < 2
        assert all(j.result().status == 404 for j in junk), {j.result().status for j in junk}
