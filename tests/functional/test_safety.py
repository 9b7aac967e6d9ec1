"""Requests and upstreams that mean harm, as bytes on the wire."""

import re
import time

from support import client, faults
from support.client import request
from support.env import Package
from support.larder import archive_table
from support.process import wait_for


def ground(env, **more):
    """(archive, upstream, larder, path of a warm package)."""
    archive = env.archive(Package("alpha", size=5000))
    archive.publish("stable")
    (archive.tree / "secret").write_text("not of any archive")
    upstream = env.hostile(archive.tree)
    larder = env.larder_for(archive, upstream, **more)
    path = "/debian/" + archive.packages[0].pool_path
    larder.good("/debian/dists/stable/InRelease")
    larder.good(path)
    return archive, upstream, larder, path


def ok_or_none(answer):
    return answer if answer.ok else None


def still_well(larder, path):
    assert larder.process.running(), "larder is gone"
    larder.good(path)


def refused(larder, data, timeout=5):
    """The status of the refusal (0: closed without one). Whatever follows it on the connection is an error."""
    got = client.raw(larder.address, data, timeout)
    if not got:
        return 0
    assert got.startswith(b"HTTP/1."), got[:100]
    assert len(re.findall(rb"HTTP/1\.[01] \d{3} ", got)) == 1, f"a second answer: {got[:600]!r}"
    status = int(got.split()[1])
    assert status >= 400, f"{data[:120]!r} was answered {status}"
    return status


TRAVERSAL = ["/../etc/passwd", "/debian/../secret", "/debian/../../etc/passwd", "/debian/pool/../../secret",
             "/debian/%2e%2e/secret", "/debian/..%2fsecret", "/debian/%2e%2e%2fsecret", "/debian/pool%2f..%2f..%2fsecret",
             "/debian/%252e%252e/secret", "/debian/%252e%252e%252fsecret", "/debian/..%5csecret", "/debian/..\\secret",
             "/debian//etc/passwd", "/debian/./../secret", "/debian/pool/a%00.deb", "/%2e%2e/%2e%2e/etc/passwd",
             "/debian/%c0%ae%c0%ae/secret", "/debian/dists/stable/../../../secret", "/.%2e/secret", "//etc/passwd",
             "/debian/pool/..;/secret", "/debian/%2/x", "/debian/%zz/x", "/debian%2fpool/x"]


def test_no_path_leads_out_of_an_archive(env):
    _, upstream, larder, path = ground(env)
    for target in TRAVERSAL:
        answer = larder.get(target)
        assert 400 <= answer.status < 500, (target, answer.status)
        assert b"not of any archive" not in answer.body and b"root:" not in answer.body, target
    assert upstream.count("*secret*") == 0 and upstream.count("*passwd*") == 0, upstream.seen
    still_well(larder, path)


def test_an_encoded_slash_is_refused(env):
    _, upstream, larder, path = ground(env)
    assert 400 <= larder.get(path.replace("/alpha/", "%2falpha%2F")).status < 500
    still_well(larder, path)


def test_a_name_is_decoded_once_only(env):
    _, upstream, larder, path = ground(env)
    larder.good(path.replace("alpha", "%61lpha"))
    assert 400 <= larder.get(path.replace("alpha", "%2561lpha")).status < 500


def smuggled(path):
    """Heads of which one part of the world sees one request, the other two."""
    second = f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n"
    head = f"GET {path} HTTP/1.1\r\nHost: x\r\n"
    return {
        "both lengths": f"{head}Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{second}",
        "two different lengths": f"{head}Content-Length: 0\r\nContent-Length: 5\r\n\r\n{second}",
        "a signed length": f"{head}Content-Length: +0\r\n\r\n{second}",
        "a length with a list": f"{head}Content-Length: 0, 5\r\n\r\n{second}",
        "an odd transfer encoding": f"{head}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n{second}",
        "a folded line": f"{head}X-A: b\r\n c\r\n\r\n{second}",
        "a folded encoding": f"{head}Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n{second}",
        "a bare CR": f"{head}X-A: b\rX-B: c\r\n\r\n{second}",
        "a bare LF": f"GET {path} HTTP/1.1\nHost: x\n\n{second}",
        "a space before the colon": f"{head}Content-Length : 5\r\n\r\n{second}",
        "two hosts": f"{head}Host: y\r\n\r\n{second}",
        "no host": f"GET {path} HTTP/1.1\r\n\r\n{second}",
        "a NUL": f"{head}X-A: b\0c\r\n\r\n{second}",
        "a NUL in the target": f"GET {path}\0 HTTP/1.1\r\nHost: x\r\n\r\n{second}",
        "a space in the target": f"GET {path} x HTTP/1.1\r\nHost: x\r\n\r\n{second}",
        "a version that is none": f"GET {path} HTTP/1.x\r\nHost: x\r\n\r\n{second}",
        "version 2": f"GET {path} HTTP/2.0\r\nHost: x\r\n\r\n{second}",
        "no version": f"GET {path}\r\n\r\n{second}",
        "a name that is no token": f"{head}X(A): b\r\n\r\n{second}",
        "an empty name": f"{head}: b\r\n\r\n{second}",
        "a method that is no token": f"G@T {path} HTTP/1.1\r\nHost: x\r\n\r\n{second}",
        "bytes that are not ASCII": f"GET {path}\xff HTTP/1.1\r\nHost: x\r\n\r\n{second}",
    }


def smuggling_test(name):
    def test(env):
        _, _, larder, path = ground(env)
        refused(larder, smuggled(path)[name].encode("latin-1"))
        still_well(larder, path)
    return test


for case in smuggled("/"):
    globals()[f"test_a_head_with_{case.replace(' ', '_')}_is_refused_and_the_connection_closed"] = smuggling_test(case)


def test_an_oversized_head_is_431(env):
    _, _, larder, path = ground(env, server={"max_request_head": "4 KiB"})
    assert refused(larder, request(path, X_Filler="x" * 8000)) in (0, 431)
    assert refused(larder, b"GET /" + b"a" * 8000 + b" HTTP/1.1\r\nHost: x\r\n\r\n") in (0, 414, 431)
    assert refused(larder, request(path, **{f"X_{n}": "y" for n in range(1000)})) in (0, 431)
    still_well(larder, path)


def test_a_slow_head_is_cut_off(env):
    _, _, larder, path = ground(env, server={"header_timeout": "300ms"})
    start = time.monotonic()
    got = client.raw(larder.address, b"GET / HTTP/1.1\r\nHost: x\r\nX-A:", timeout=10)
    assert time.monotonic() - start < 8, "the connection was still open"
    assert not got or int(got.split()[1]) == 408, got
    still_well(larder, path)


def test_bytes_that_trickle_do_not_keep_a_head_alive(env):
    _, _, larder, path = ground(env, server={"header_timeout": "500ms"})
    with larder.connection() as connection:
        start = time.monotonic()
        try:
            while time.monotonic() - start < 8:
                connection.send(b"x")
                connection.socket.settimeout(0.1)
                try:
                    if not connection.more():
                        break
                except TimeoutError:
                    pass
        except OSError:
            pass
        assert time.monotonic() - start < 7, "a byte now and then kept the connection open"
    still_well(larder, path)


def test_more_connections_than_allowed_are_refused_and_later_ones_served(env):
    _, _, larder, path = ground(env, server={"max_connections": 5})
    wait_for(lambda: larder.get("/healthz").ok, "a free place")
    held = []
    for _ in range(5):
        connection = larder.connection()
        connection.get(path)
        answer = connection.read()
        assert answer.ok or answer.status == 503
        held.append(connection)
    sixth = larder.get(path, timeout=5)
    assert sixth.status in (0, 503) and not sixth.ok, sixth
    for connection in held:
        connection.close()
    wait_for(lambda: larder.get(path).ok, "a free place again")


def test_a_host_that_is_not_configured_is_403_in_proxy_mode(env):
    archive, upstream, larder, path = ground(env)
    other = env.hostile(archive.tree)
    for target in (f"{other.url}{path}", "http://elsewhere.example/debian/x", "http://169.254.169.254/latest/meta-data/",
                   f"http://127.0.0.1:{larder.address.split(':')[1]}/metrics", "http://[::1]/", "http://localhost/secret"):
        answer = larder.get(target)
        assert answer.status in (403, 404), (target, answer.status)
    assert other.count() == 0
    still_well(larder, path)


def test_what_lies_beside_an_archive_on_its_host_is_not_reachable(env):
    _, upstream, larder, path = ground(env)
    for target in (f"{upstream.url}/secret", f"{upstream.url}/debian/../secret", f"{upstream.url}/debianx/secret",
                   f"http://user@{upstream.address}/secret", f"http://{upstream.address}@elsewhere.example/debian/x"):
        answer = larder.get(target)
        assert 400 <= answer.status < 500, (target, answer.status)
    assert upstream.count("*secret*") == 0


def test_a_scheme_other_than_http_is_refused(env):
    _, upstream, larder, path = ground(env)
    for target in ("ftp://archive.example/debian/x", "file:///etc/passwd", "gopher://127.0.0.1/", "HTTP:/x", "*"):
        assert 400 <= larder.get(target).status <= 501, target
    still_well(larder, path)


def connect(larder, target):
    connection = larder.connection(timeout=5)
    connection.send(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode())
    return connection, connection.read("HEAD")


def test_connect_is_refused_unless_host_and_port_are_listed(env):
    archive, upstream, larder, path = ground(env)
    other = env.hostile(archive.tree)
    for target in (other.address, upstream.address, "127.0.0.1:22", "elsewhere.example:443", "[::1]:443", "x"):
        connection, answer = connect(larder, target)
        connection.close()
        assert 400 <= answer.status < 500, (target, answer.status)
    assert other.count() == 0


def test_connect_to_a_listed_host_and_port_is_a_tunnel(env):
    archive = env.archive(Package("alpha"))
    archive.publish("stable")
    upstream, other = env.hostile(archive.tree), env.hostile(archive.tree)
    larder = env.larder_for(archive, upstream, server={"connect_allow": [other.address]},
                            upstream={"private_networks": ["127.0.0.0/8"]})
    connection, answer = connect(larder, other.address)
    assert answer.status == 200 and len(answer.head) < 4096, (answer.status, connection.buffer)
    connection.get("/debian/dists/stable/InRelease")
    through = connection.read()
    assert through.ok and through.body == (archive.root / "dists/stable/InRelease").read_bytes()


def test_connect_to_a_listed_name_that_resolves_to_this_machine_is_refused(env):
    archive = env.archive(Package("alpha"))
    archive.publish("stable")
    upstream, other = env.hostile(archive.tree), env.hostile(archive.tree)
    listed = other.address.replace("127.0.0.1", "localhost")
    refusing = env.larder_for(archive, upstream, server={"connect_allow": [listed]})
    refusal = client.raw(refusing.address, f"CONNECT {listed} HTTP/1.1\r\nHost: {listed}\r\n\r\n".encode())
    assert refusal.startswith(b"HTTP/1.1 50") and b"upstream.private_networks" in refusal, refusal
    assert other.most_open == 0
    # It would lead there: with its range named, it does.
    larder = env.larder_for(archive, upstream, server={"connect_allow": [listed]},
                            upstream={"private_networks": ["127.0.0.0/8"]})
    connection, answer = connect(larder, listed)
    assert answer.status == 200, answer
    connection.get("/debian/dists/stable/InRelease")
    assert connection.read().ok


def test_an_upstream_whose_name_resolves_to_this_machine_is_not_asked(env):
    archive = env.archive(Package("alpha"))
    archive.publish("stable")
    upstream = env.hostile(archive.tree)
    # Such a name leads to loopback without a name server (RFC 6761), and is none that the policy knows.
    named = upstream.url.replace("127.0.0.1", "archive.localhost")
    refusing = env.larder(archive_table("debian", f"{named}/debian", archive.keyring))
    for path in ("dists/stable/InRelease", archive.packages[0].pool_path):
        answer = refusing.get(f"/debian/{path}")
        assert answer.status in (500, 502, 503, 504) and b"upstream.private_networks" in answer.body, (path, answer)
    refusing.wait_log("private_networks")
    assert upstream.most_open == upstream.count() == 0, upstream.seen
    # It would lead there: with its range named, it does.
    asking = env.larder(archive_table("debian", f"{named}/debian", archive.keyring),
                        upstream={"private_networks": ["127.0.0.0/8"]})
    asking.good("/debian/dists/stable/InRelease")
    assert upstream.count("*/InRelease") >= 1


def test_a_redirect_to_an_address_not_configured_is_not_followed(env):
    archive = env.archive(*(Package(f"package{n}", size=1000) for n in range(6)))
    archive.publish("stable")
    upstream, other = env.hostile(archive.tree), env.hostile(archive.tree)
    larder = env.larder_for(archive, upstream)
    larder.good("/debian/dists/stable/InRelease")
    port = other.address.rpartition(":")[2]
    targets = [f"http://127.0.0.1:{port}", f"http://localhost:{port}", f"http://127.0.0.2:{port}", "http://169.254.169.254",
               f"http://[::ffff:127.0.0.1]:{port}", f"http://2130706433:{port}"]
    for package, target in zip(archive.packages, targets):
        upstream.rule("/debian/" + package.pool_path, faults.redirect(target + "{path}"))
        answer = larder.get("/debian/" + package.pool_path, timeout=30)
        assert not answer.ok and answer.status >= 500, (target, answer.status)
    assert other.count() == 0, other.seen


def test_nothing_of_a_request_splits_a_response(env):
    _, upstream, larder, path = ground(env)
    for target in ("/debian/x%0d%0aSet-Cookie:%20a=b", "/x%0d%0a%0d%0a<html>", "/debian/x%0aSet-Cookie:a=b",
                   "/snapshot/x%0d%0aSet-Cookie:a/"):
        answer = larder.get(target)
        assert answer.status >= 400 and "set-cookie" not in answer.headers, target
        assert b"\r\nSet-Cookie" not in answer.head + answer.body
        assert b"<html>" not in answer.body or b"&lt;" in answer.body


def test_headers_of_an_upstream_never_reach_a_client(env):
    archive, upstream, larder, _ = ground(env)
    archive.add(Package("beta", size=1000))
    archive.publish("stable", date=time.time() - 10)
    upstream.rule("*", faults.header("Set-Cookie", "session=1"))
    upstream.rule("*", faults.header("X-Evil", "a"))
    answer = wait_for(lambda: ok_or_none(larder.get("/debian/" + archive.packages[1].pool_path)), "the new package")
    assert "set-cookie" not in answer.headers and "x-evil" not in answer.headers


def test_a_clients_credentials_are_not_sent_upstream(env):
    archive, upstream, larder, _ = ground(env)
    archive.add(Package("beta", size=1000))
    first = larder.good("/debian/dists/stable/InRelease").body
    archive.publish("stable", date=time.time() - 10)
    path = "/debian/" + archive.packages[1].pool_path
    wait_for(lambda: larder.get("/debian/dists/stable/InRelease").body != first, "the new state")
    larder.get(path, Authorization="Basic dXNlcjpzZWNyZXQ=", Cookie="a=b", Proxy_Authorization="Basic dXNlcjpzZWNyZXQ=")
    for seen in upstream.seen:
        assert not {"authorization", "cookie", "proxy-authorization"} & set(seen.headers), seen


def test_methods_other_than_get_and_head_change_nothing(env):
    _, upstream, larder, path = ground(env)
    before = upstream.count()
    for method in ("PUT", "POST", "DELETE", "PATCH", "TRACE", "OPTIONS", "PURGE"):
        answer = larder.get(path, method=method, Content_Length="0")
        assert answer.status in (400, 401, 403, 404, 405, 501), (method, answer.status)
    assert upstream.count() == before
    still_well(larder, path)


def test_the_admin_api_is_closed_to_who_has_no_token(env):
    _, _, larder, path = ground(env)
    for method, target in (("POST", "/api/v1/gc"), ("POST", "/api/v1/archives/debian/update"), ("DELETE", "/api/v1/archives/debian")):
        answer = larder.get(target, method=method, Content_Length="0")
        assert answer.status in (401, 403, 404, 405), (method, target, answer.status)
        wrong = larder.get(target, method=method, Content_Length="0", Authorization="Bearer wrong")
        assert wrong.status in (401, 403, 404, 405), (method, target, wrong.status)


def test_two_hundred_half_open_connections_do_not_keep_others_out(env):
    _, _, larder, path = ground(env)
    held = [larder.connection() for _ in range(200)]
    for connection in held:
        connection.send(b"GET /debian/")
    start = time.monotonic()
    assert larder.get(path).ok and time.monotonic() - start < 3
    for connection in held:
        connection.close()
