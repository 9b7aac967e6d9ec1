"""HTTPS with the operator's certificate: the same answers as without, and what only TLS can do wrong."""

import os
import shutil
import signal
import socket
import ssl
import subprocess
import time

from learnt_ground import INRELEASE, PATIENT, file_of, ground, published
from support import faults
from support.client import Connection, request
from support.larder import clean_environment
from support.process import wait_for

class Tls:
    """A larder that listens for HTTPS as well, and who trusts it."""

    def __init__(self, env, count=1, size=5000, upstream=None, **server):
        self.authority = env.authority()
        self.certificate = self.authority.issue("127.0.0.1")
        settings = {"listen_tls": ["127.0.0.1:0"], "tls_certificate": str(self.certificate.chain),
                    "tls_key": str(self.certificate.key), **server}
        self.archive, self.upstream, self.larder, self.paths = ground(env, count, size, server=settings, upstream=upstream)
        self.address = self.larder.addresses[1]
        self.url = f"https://{self.address}"

    def curl(self, path, *options, authority=None):
        """(exit code, body); what curl does not verify it does not show."""
        trusted = (authority or self.authority).certificate
        done = subprocess.run(["curl", "--silent", "--show-error", "--fail", "--max-time", "20", "--cacert", trusted, *options,
                               self.url + path], capture_output=True, env=clean_environment())
        return done.returncode, done.stdout

    def connection(self, strict=False):
        """Strict: an end of the connection that is not said inside TLS raises."""
        made = Connection(self.address)
        trust = ssl.create_default_context(cafile=self.authority.certificate)
        if strict:
            trust.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF
        made.socket = trust.wrap_socket(made.socket, server_hostname="127.0.0.1", suppress_ragged_eofs=not strict)
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


def test_requests_that_come_one_by_one_behind_a_miss_have_their_fetches_started(env):
    tls = Tls(env, count=4, upstream=PATIENT)
    tls.upstream.rule(tls.paths[0], faults.stall(-1))
    with tls.connection() as connection:
        connection.get(tls.paths[0])
        tls.upstream.wait_count(tls.paths[0], 1)
        for path in tls.paths[1:]:
            connection.get(path)
            tls.upstream.wait_count(path, 1)
        tls.upstream.honest()
        tls.upstream.release()
        assert [connection.read().body for _ in tls.paths] == [file_of(tls.archive, path) for path in tls.paths]


def test_requests_that_come_in_one_record_behind_a_miss_have_their_fetches_started(env):
    tls = Tls(env, count=5, upstream=PATIENT)
    tls.upstream.rule(tls.paths[0], faults.stall(-1))
    with tls.connection() as connection:
        # More than is read at a time: OpenSSL has the rest of the record, of which the socket tells nothing.
        connection.send(b"".join(request(path, X_Padding="x" * 3000) for path in tls.paths))
        for path in tls.paths[1:]:
            tls.upstream.wait_count(path, 1)
        tls.upstream.honest()
        tls.upstream.release()
        assert [connection.read().body for _ in tls.paths] == [file_of(tls.archive, path) for path in tls.paths]


def test_requests_behind_a_long_answer_have_their_fetches_started(env):
    tls = Tls(env, count=7, size=30 << 20, upstream=PATIENT)
    long = tls.paths[0]
    tls.larder.good(long)
    for together, others in ((True, tls.paths[1:4]), (False, tls.paths[4:])):
        with tls.connection() as connection:
            requests = [request(path) for path in (long, *others)]
            for piece in [b"".join(requests)] if together else requests:
                connection.send(piece)
            for path in others:   # none of the long one is read yet
                tls.upstream.wait_count(path, 1)
            assert connection.read().body == file_of(tls.archive, long)
            assert all(connection.read().ok for _ in others)


def test_a_client_that_leaves_in_the_middle_of_a_file_does_no_harm(env):
    tls = Tls(env, size=30 << 20)
    for _ in range(3):
        with tls.connection() as connection:
            connection.get(tls.paths[0])
            assert connection.more()
    wait_for(lambda: tls.larder.metrics()["larder_connections"] <= 1, "the connections to be over")
    assert tls.curl(tls.paths[0]) == (0, file_of(tls.archive, tls.paths[0]))


def test_a_client_that_says_it_will_ask_no_more_gets_what_it_asked_for(env):
    tls = Tls(env, count=2, size=30 << 20, upstream=PATIENT)
    warm, cold = tls.paths
    tls.larder.good(warm)
    for path in (warm, cold):
        tls.upstream.rule(cold, faults.stall(-1))
        with tls.connection() as connection:
            connection.get(path)
            wait_for(lambda: path == warm or tls.upstream.count(cold), "the request to be seen")
            with socket.socket(fileno=os.dup(connection.socket.fileno())) as plain:
                plain.shutdown(socket.SHUT_WR)   # without a word inside TLS
            tls.upstream.honest()
            tls.upstream.release()
            answer = connection.read()
            assert answer.body == file_of(tls.archive, path), (path, answer.status, len(answer.body), answer.trouble)


def test_the_end_of_a_connection_is_said_inside_tls(env):
    tls = Tls(env)
    with tls.connection(strict=True) as connection:
        connection.get(INRELEASE, Connection="close")
        assert connection.read().ok
        assert connection.socket.recv(1) == b""


def test_tls_1_2_is_spoken_and_tls_1_1_is_not(env):
    tls = Tls(env, size=3_000_000)
    assert tls.curl(tls.paths[0], "--tls-max", "1.2") == (0, file_of(tls.archive, tls.paths[0]))
    assert tls.curl(tls.paths[0], "--tls-max", "1.1", "--ciphers", "DEFAULT@SECLEVEL=0")[0] == 35


def test_a_client_that_asks_for_new_keys_gets_them_and_its_files(env):
    tls = Tls(env)
    asking = subprocess.Popen(["openssl", "s_client", "-connect", tls.address, "-CAfile", tls.authority.certificate,
                               "-tls1_3"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        def tell(words, answer):
            asking.stdin.write(words)
            asking.stdin.flush()
            seen = b""
            while answer not in seen:
                seen += (got := os.read(asking.stdout.fileno(), 1))
                assert got, seen
        for _ in range(3):
            tell(b"K\n", b"KEYUPDATE\n")   # s_client's command for it
        tell(request(tls.paths[0]), file_of(tls.archive, tls.paths[0]))
    finally:
        asking.kill()


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
