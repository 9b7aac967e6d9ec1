"""Starting, stopping, reloading, and what an operator sees."""

import signal
import time

from support import faults
from support.env import Package
from support.larder import archive_table, toml
from support.process import wait_for


def ground(env, size=400_000, **more):
    archive = env.archive(Package("alpha", size=size))
    archive.publish("stable")
    upstream = env.hostile(archive.tree)
    larder = env.larder_for(archive, upstream, **more)
    larder.good("/debian/dists/stable/InRelease")
    path = archive.packages[0].pool_path
    return archive, upstream, larder, "/debian/" + path, (archive.root / path).read_bytes()


def test_sigterm_lets_a_response_under_way_finish_and_exits_0(env):
    _, upstream, larder, path, whole = ground(env, server={"shutdown_grace": "20s"},
                                              upstream={"inactivity_timeout": "60s"})
    upstream.rule(path, faults.stall(200_000))
    with larder.connection() as connection:
        connection.get(path)
        while len(connection.buffer) < 100_000:
            connection.more()
        larder.process.signal(signal.SIGTERM)
        wait_for(lambda: not larder.get("/healthz", timeout=2).ok, "new connections to be refused")
        upstream.honest()
        assert connection.read().body == whole
    assert larder.stop() == 0


def test_a_reload_adds_an_archive_and_drops_no_connection(env):
    archive, upstream, larder, path, whole = ground(env, upstream={"inactivity_timeout": "60s"})
    other = env.archive(Package("beta"), name="other")
    other.publish("stable")
    second = env.nginx(other.tree)
    upstream.rule(path, faults.stall(200_000))
    with larder.connection() as connection:
        connection.get(path)
        while len(connection.buffer) < 100_000:
            connection.more()
        larder.tables["archive"].append(archive_table("other", f"{second.url}/other", other.keyring))
        larder.reload()
        wait_for(lambda: larder.get("/other/dists/stable/InRelease").ok, "the new archive")
        upstream.honest()
        assert connection.read().body == whole


def test_a_reload_with_a_broken_configuration_changes_nothing(env):
    _, _, larder, path, whole = ground(env)
    larder.config.write_text(toml(larder.tables) + "\n[server\nnonsense = 1\n")
    larder.process.signal(signal.SIGHUP)
    larder.wait_log("larder.toml")
    assert larder.get(path).body == whole


def test_an_unknown_key_in_the_configuration_is_exit_2_with_its_line(env):
    _, _, larder, _, _ = ground(env)
    larder.stop()
    larder.config.write_text(toml(larder.tables).replace("[store]", "[store]\nmax_cash_size = 5"))
    done = larder.cli("serve")
    assert done.returncode == 2 and "max_cash_size" in done.stderr, (done.returncode, done.stderr)
    assert "larder.toml:" in done.stderr, done.stderr


def test_a_port_that_is_taken_is_a_clear_error(env):
    _, upstream, larder, _, _ = ground(env)
    larder.stop()
    larder.tables["server"]["listen"] = [upstream.address]
    larder.write_config()
    done = larder.cli("serve")
    assert done.returncode in (1, 2) and upstream.address in done.stderr, (done.returncode, done.stderr)


def test_it_listens_on_several_addresses_and_ipv6(env):
    _, _, larder, path, whole = ground(env, server={"listen": ["127.0.0.1:0", "127.0.0.1:0", "[::1]:0"]})
    addresses = larder.ready_file.read_text().split()
    assert len(addresses) == 3, addresses
    for address in addresses:
        larder.address = address
        assert larder.get(path).body == whole, address


def test_health_metrics_and_the_page_answer(env):
    _, _, larder, path, _ = ground(env)
    larder.good(path)
    larder.good("/healthz")
    metrics = larder.metrics()
    assert any(name.startswith("larder_") for name in metrics), metrics
    page = larder.get("/", Accept="text/html,application/xhtml+xml", User_Agent="Mozilla/5.0 (X11; Linux x86_64) Firefox/128.0")
    assert page.complete and b"debian" in page.body, (page.status, page.body[:200])


def test_auto_apt_proxy_recognises_it_as_a_cache(env):
    """It asks for "/" and takes what apt-cacher-ng says: 406, or a page that names such a cache."""
    _, _, larder, _, _ = ground(env)
    answer = larder.get("/", User_Agent="Debian APT-HTTP/1.3 (2.6.2)")
    assert answer.status == 406 or b"apt-cacher" in answer.head.lower() + answer.body.lower(), answer.head


def test_memory_does_not_grow_with_the_size_of_a_file(env):
    _, _, larder, path, whole = ground(env, size=120_000_000)
    assert larder.get(path, timeout=60).body == whole
    assert larder.get(path, timeout=60).body == whole
    assert larder.peak_memory() < 100_000_000, larder.peak_memory()


def test_an_idle_connection_is_closed_after_the_configured_time(env):
    _, _, larder, path, whole = ground(env, server={"idle_timeout": "300ms"})
    with larder.connection(timeout=10) as connection:
        connection.get(path)
        assert connection.read().body == whole
        start = time.monotonic()
        assert connection.rest() == b"" and time.monotonic() - start < 8


def test_clients_can_be_served_before_any_upstream_was_ever_reached(env):
    archive = env.archive(Package("alpha"))
    archive.publish("stable")
    upstream = env.hostile(archive.tree)
    upstream.down = True
    larder = env.larder_for(archive, upstream)
    refused = larder.get("/debian/dists/stable/InRelease", timeout=30)
    assert refused.status in (502, 503, 504) and refused.body.strip()
    upstream.down = False
    wait_for(lambda: larder.get("/debian/dists/stable/InRelease").ok, "the archive once upstream is there", 20)


def test_every_request_gets_a_line_in_the_log_when_that_is_asked_for(env):
    _, _, larder, path, _ = ground(env, log={"requests": True})
    larder.good(path)
    larder.wait_log(path)
