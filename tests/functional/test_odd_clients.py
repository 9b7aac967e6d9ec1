"""Clients that are slow, odd or mean; and damage that they must not be given."""

import hashlib
import json
import os
import re
import socket
import time

from learnt_ground import PATIENT, file_of, ground
from support import faults
from support.client import request
from support.process import wait_for
from test_https import Tls

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
