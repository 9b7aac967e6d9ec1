"""How connections end: nothing that is on its way is lost, and nobody is waited for in vain."""

import os
import signal
import socket
import threading
import time

from support.env import Package
from support.process import wait_for

HOUR = 3600
RELEASE = "/debian/dists/stable/InRelease"


def known(env, *packages, **settings):
    """A larder that has learnt an archive of these packages, and their paths."""
    archive = env.archive(*packages)
    archive.publish("stable", date=time.time() - HOUR)
    larder = env.larder_for(archive, env.hostile(archive.tree), table={"refresh": "600s"}, **settings)
    larder.good(RELEASE)
    larder.good("/debian/dists/stable/main/binary-amd64/Packages.xz")
    return larder, ["/debian/" + p.pool_path for p in packages]


def test_a_stop_loses_no_answer_that_a_slow_client_has_not_read_yet(env):
    larder, (path,) = known(env, Package("big", size=3_000_000))
    size = len(larder.good(path).body)
    with larder.connection() as client:
        client.get(path)
        wait_for(lambda: larder.metrics()["larder_sent_bytes_total"] >= 2 * size, "it to be on its way")
        larder.process.signal(signal.SIGTERM)
        larder.wait_log("stopping")
        client.get(RELEASE)   # behind it, and too late: no reason to lose the first
        answer = client.read()
        assert answer.complete and len(answer.body) == size, answer.trouble
    larder.stop()


def test_who_takes_an_answer_slowly_is_not_idle(env):
    larder, (path,) = known(env, Package("big", size=3_000_000), server={"idle_timeout": "300ms"})
    size = len(larder.good(path).body)
    with larder.connection() as client:
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 20_000)
        client.get(path)
        received = b""
        while len(received) < size:   # 50 kB in 30 ms: some two seconds
            piece = client.socket.recv(50_000)
            assert piece, f"cut off after {len(received)} of {size}"
            received += piece
            threading.Event().wait(0.03)


def test_a_client_that_says_no_more_still_gets_all_that_it_asked_for(env):
    larder, paths = known(env, *(Package(f"x{n}", size=200_000) for n in range(3)))
    for _ in ("cold", "warm"):
        with larder.connection() as client:
            for path in paths:
                client.get(path)
            client.socket.shutdown(socket.SHUT_WR)
            assert [client.read().ok for _ in paths] == [True] * 3


class Tunnel:
    """A client's connection through larder to a port of ours, and our end of it."""

    def __init__(self, env, **server):
        self.listening = socket.create_server(("127.0.0.1", 0))
        port = self.listening.getsockname()[1]
        self.larder, _ = known(env, Package("any"), server={"connect_allow": [f"127.0.0.1:{port}"], **server},
                               upstream={"private_networks": ["127.0.0.0/8"]})
        self.client = self.larder.connection()
        self.client.send(f"CONNECT 127.0.0.1:{port} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
        assert b" 200 " in self.client.read_head()
        self.far, _ = self.listening.accept()


def test_a_tunnel_delivers_all_that_the_far_end_said_before_it_ended(env):
    tunnel = Tunnel(env)
    said = os.urandom(3_000_000)

    def say():
        tunnel.far.sendall(said)
        tunnel.far.shutdown(socket.SHUT_WR)
    saying = threading.Thread(target=say)
    saying.start()
    tunnel.client.send(b"not listened to")   # as TLS does, before it has read all
    assert tunnel.client.rest() == said
    saying.join()


def test_a_tunnel_can_be_closed_on_one_side(env):
    tunnel = Tunnel(env)
    tunnel.client.send(b"request")
    tunnel.client.socket.shutdown(socket.SHUT_WR)
    assert tunnel.far.recv(100) == b"request" and tunnel.far.recv(100) == b""
    tunnel.far.sendall(b"answer")
    tunnel.far.close()
    assert tunnel.client.rest() == b"answer"


def test_a_stop_does_not_wait_for_a_tunnel_in_which_nothing_moves(env):
    tunnel = Tunnel(env, shutdown_grace="60s")
    began = time.monotonic()
    tunnel.larder.stop()
    assert time.monotonic() - began < 20
    assert tunnel.far.recv(100) == b""


def test_files_that_are_kept_open_leave_descriptors_for_connections(env):
    packages = [Package(f"f{n}", size=40_000) for n in range(250)]
    archive = env.archive(*packages)
    archive.publish("stable", date=time.time() - HOUR)
    larder = env.larder_for(archive, env.nginx(archive.tree), table={"refresh": "600s"}, start=False)
    larder.start(under=("prlimit", "--nofile=150:150"))
    for _ in ("cold", "warm", "again"):
        for package in packages:
            answer = larder.get("/debian/" + package.pool_path)
            assert answer.ok, (package.name, answer.status, answer.body, answer.trouble)
