"""How Larder fetches: HTTPS, a parent proxy, credentials, redirects, limits, time-outs, and several mirrors."""

import base64
import json
import re
import select
import shutil
import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor

from support import faults
from support.client import request
from support.env import Package
from support.larder import archive_table
from support.process import free_port, wait_for

INRELEASE = "/debian/dists/stable/InRelease"
INDEX = "/debian/dists/stable/main/binary-amd64/Packages"
POOL = "/debian/pool/*"
RARELY = {"refresh": "1h"}                              # what is asked of upstream is then only what a test asks for
PATIENT = {"inactivity_timeout": "60s"}                 # the test decides when a stall ends


def published(env, count=1, size=5000):
    archive = env.archive(*(Package(f"package{n}", size=size) for n in range(count)))
    archive.publish("stable")
    return archive


def paths_of(archive):
    return ["/debian/" + package.pool_path for package in archive.packages]


def file_of(archive, path):
    return (archive.tree / path.lstrip("/")).read_bytes()


def learnt(larder):
    """All indices are here: from now on only packages are asked for."""
    larder.good(INRELEASE)
    larder.good(INDEX)
    return larder


def gets_all(larder, archive, paths=None):
    for path in paths or paths_of(archive):
        assert larder.good(path, timeout=60).body == file_of(archive, path), path


# --- HTTPS -----------------------------------------------------------------------------------------

def https_ground(env, count=1):
    """(archive, an nginx with a certificate, a larder that trusts its authority)."""
    archive, authority = published(env, count), env.authority()
    upstream = env.nginx(archive.tree, certificate=authority.issue("127.0.0.1"))
    return archive, upstream, env.larder_for(archive, upstream, upstream={"ca_file": str(authority.certificate)})


def test_an_https_upstream_is_cached_however_a_client_names_it(env):
    archive, upstream, larder = https_ground(env, count=4)
    where = upstream.address
    forms = ["{path}", f"http://{where}" + "{path}", f"https://{where}" + "{path}", f"http://HTTPS///{where}" + "{path}"]
    for form, path in zip(forms, paths_of(archive)):
        for _ in range(2):
            assert larder.good(form.format(path=path)).body == file_of(archive, path), form
        assert upstream.count(path) == 1, form


def test_apt_installs_from_an_https_upstream_that_it_names_as_apt_cacher_ng_wants_it(env):
    archive, upstream, larder = https_ground(env)
    apt = env.apt_for(archive, f"http://HTTPS///{upstream.address}/debian", proxy=larder.url)
    apt.update().must()
    apt.install("package0").must()
    assert upstream.count(POOL) == 1


def is_refused(env, certificate, authority, reason):
    """Nothing is asked of the upstream with this certificate; the client is told why."""
    archive = published(env)
    upstream = env.nginx(archive.tree, certificate=certificate)
    trust = {"ca_file": str(authority.certificate)} if authority else {}
    larder = env.larder_for(archive, upstream, upstream=trust)
    for path in (INRELEASE, *paths_of(archive)):
        answer = larder.get(path, timeout=30)
        assert answer.complete and answer.status in (502, 503, 504), (path, answer.status)
        assert re.search(reason, answer.body.decode(), re.I), (path, answer.body)
    assert upstream.count() == 0, upstream.requests()


def test_a_certificate_of_an_unknown_authority_is_refused(env):
    is_refused(env, env.authority().issue("127.0.0.1"), env.authority(), "certificate")


def test_an_authority_of_ones_own_is_not_trusted_unless_it_is_configured(env):
    is_refused(env, env.authority().issue("127.0.0.1"), None, "certificate")


def test_an_expired_certificate_is_refused(env):
    authority = env.authority()
    is_refused(env, authority.issue("127.0.0.1", days=-1), authority, "certificate.*expired")


def test_a_certificate_for_another_name_is_refused(env):
    authority = env.authority()
    is_refused(env, authority.issue("other.archive.example"), authority, "certificate|name")


# --- a parent proxy --------------------------------------------------------------------------------

def behind_proxy(env, scheme, count=1, table=None, **environment):
    """(archive, upstream, proxy, larder): archive.example is to be reached through the proxy only."""
    archive, authority = published(env, count), env.authority()
    certificate = authority.issue("archive.example") if scheme == "https" else None
    upstream = env.nginx(archive.tree, certificate=certificate)
    proxy = env.proxy({"archive.example:80": upstream.address, "archive.example:443": upstream.address})
    larder = env.larder(archive_table("debian", f"{scheme}://archive.example/debian", archive.keyring, **(table or {})),
                        start=False, upstream={"proxy": proxy.url, "ca_file": str(authority.certificate)})
    larder.start(**environment)
    return archive, upstream, proxy, larder


def test_a_parent_proxy_carries_what_is_asked_of_an_http_upstream(env):
    archive, _, proxy, larder = behind_proxy(env, "http", count=3)
    gets_all(learnt(larder), archive)
    for path in (INRELEASE, *paths_of(archive)):
        assert f"http://archive.example{path}" in proxy.targets("GET"), proxy.asked
    assert not proxy.targets("CONNECT")


def test_a_parent_proxy_is_a_tunnel_to_an_https_upstream(env):
    archive, upstream, proxy, larder = behind_proxy(env, "https", count=3)
    gets_all(learnt(larder), archive)
    assert set(proxy.targets("CONNECT")) == {"archive.example:443"} and not proxy.targets("GET"), proxy.asked
    assert upstream.count(POOL) == 3


def test_nothing_is_fetched_past_a_parent_proxy_that_is_down(env):
    archive = published(env)
    upstream = env.hostile(archive.tree)
    larder = env.larder_for(archive, upstream, upstream={"proxy": f"http://127.0.0.1:{free_port()}"})
    answer = larder.get(INRELEASE, timeout=30)
    assert answer.status in (502, 503, 504) and answer.body.strip(), answer.status
    assert upstream.count() == 0, upstream.seen


def test_the_environment_does_not_decide_what_goes_through_the_parent_proxy(env):
    archive = published(env)
    upstream, proxy, other = env.hostile(archive.tree), env.proxy(), env.proxy()
    larder = env.larder(archive_table("debian", f"{upstream.url}/debian", archive.keyring), start=False,
                        upstream={"proxy": proxy.url})
    larder.start(no_proxy="*", NO_PROXY="*", http_proxy=other.url, ALL_PROXY=other.url)
    gets_all(learnt(larder), archive)
    assert len(proxy.asked) == upstream.count() and not other.asked, (proxy.asked, other.asked)


# --- credentials -----------------------------------------------------------------------------------

PASSWORD, TOKEN = "a pass:word of its own", "token.of-the~archive"
BASIC = "Basic " + base64.b64encode(f"reader:{PASSWORD}".encode()).decode()
BEARER = f"Bearer {TOKEN}"


def secret(env, text):
    path = env.folder("secrets") / "secret"
    path.write_text(text + "\n")
    path.chmod(0o600)
    return path


def basic(env):
    return {"user": "reader", "password_file": str(secret(env, PASSWORD))}


def bearer(env):
    return {"token_file": str(secret(env, TOKEN))}


def test_user_and_password_reach_the_upstream(env):
    archive = published(env)
    upstream = env.hostile(archive.tree)
    gets_all(learnt(env.larder_for(archive, upstream, table=basic(env))), archive)
    assert {s.headers.get("authorization") for s in upstream.seen} == {BASIC}


def test_a_token_reaches_the_upstream(env):
    archive = published(env)
    upstream = env.hostile(archive.tree)
    gets_all(learnt(env.larder_for(archive, upstream, table=bearer(env))), archive)
    assert {s.headers.get("authorization") for s in upstream.seen} == {BEARER}


def test_credentials_of_one_archive_are_not_sent_to_another(env):
    archives = [env.archive(Package(name), name=name) for name in ("first", "second")]
    upstreams = []
    for archive in archives:
        archive.publish("stable")
        upstreams.append(env.hostile(archive.tree))
    tables = [archive_table(a.root.name, f"{u.url}/{a.root.name}", a.keyring) for a, u in zip(archives, upstreams)]
    tables[0].update(basic(env))
    larder = env.larder(*tables)
    for archive in archives:
        larder.good(f"/{archive.root.name}/dists/stable/InRelease")
        larder.good(f"/{archive.root.name}/{archive.packages[0].pool_path}")
    assert {s.headers.get("authorization") for s in upstreams[0].seen} == {BASIC}
    assert {s.headers.get("authorization") for s in upstreams[1].seen} == {None}


def stay_at_home(env, credentials, sent):
    """They go where the redirect does on the same host, and not to another, though it is listed."""
    archive = published(env, count=2)
    front, behind = env.hostile(archive.tree), env.hostile(archive.tree)
    away, near = paths_of(archive)
    (archive.tree / "near").write_bytes(file_of(archive, near))
    front.rule(away, faults.redirect(f"{behind.url}" + "{path}"))
    front.rule(near, faults.redirect("/near"))
    gets_all(learnt(env.larder_for(archive, front, table={**credentials, "redirect_hosts": [behind.address]})), archive)
    assert behind.count() == 1 and front.count("/near") == 1, (behind.seen, front.seen)
    assert {s.headers.get("authorization") for s in front.seen} == {sent}
    assert "authorization" not in behind.seen[0].headers, behind.seen


def test_user_and_password_are_not_sent_to_the_other_host_of_a_redirect(env):
    stay_at_home(env, basic(env), BASIC)


def test_a_token_is_not_sent_to_the_other_host_of_a_redirect(env):
    stay_at_home(env, bearer(env), BEARER)


def test_credentials_for_an_https_upstream_are_not_told_to_the_parent_proxy(env):
    for credentials in (basic(env), bearer(env)):
        archive, upstream, proxy, larder = behind_proxy(env, "https", table=credentials)
        gets_all(learnt(larder), archive)
        assert proxy.targets("CONNECT")
        assert not any({"authorization", "proxy-authorization"} & set(a.headers) for a in proxy.asked), proxy.asked


def tells_no_secret(env, credentials, secrets):
    archive = published(env, count=3)
    upstream = env.hostile(archive.tree)
    larder = env.larder_for(archive, upstream, table=credentials, log={"level": "debug", "requests": True})
    good, forbidden, broken = paths_of(archive)
    upstream.rule(forbidden, faults.status(401))
    upstream.rule(broken, faults.no_answer())
    learnt(larder).good(good)
    told = [larder.get(p, timeout=30) for p in (forbidden, broken, "/", "/acng-report.html", "/pages/archive/debian", "/metrics",
                                                "/debian/nothing", "/api/v1/status", "/api/v1/openapi.json")]
    assert all(a.complete for a in told) and [a.status for a in told[3:6]] == [200] * 3, [a.status for a in told]
    texts = [a.head + a.body for a in told]
    for path in ("/api/v1/archives", "/api/v1/archives/debian", "/api/v1/jobs"):
        texts.append(over_admin_socket(larder, path))
    for command in (["status"], ["status", "--json"], ["archive", "list"], ["config", "check"]):
        done = larder.cli(*command, check=0)
        texts.append((done.stdout + done.stderr).encode())
    larder.process.signal(signal.SIGHUP)
    larder.wait_log("configuration reloaded")
    assert larder.stop() == 0
    texts.append(larder.log().encode())
    assert f"{forbidden}".encode() in texts[-1], "the log does not tell of the failure that it is searched for"
    for text in texts:
        for kept in secrets:
            assert kept.encode() not in text, (kept, text[:2000])


def over_admin_socket(larder, path):
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(20)
        s.connect(larder.tables["server"]["admin_socket"])
        s.sendall(request(path, Connection="close"))
        data = b""
        while chunk := s.recv(65536):
            data += chunk
    assert data.startswith(b"HTTP/1.1 200"), data[:200]
    return data


def test_a_password_is_in_no_log_page_answer_or_metric(env):
    tells_no_secret(env, basic(env), [PASSWORD, BASIC.split()[1]])


def test_a_token_is_in_no_log_page_answer_or_metric(env):
    tells_no_secret(env, bearer(env), [TOKEN])


# --- redirects -------------------------------------------------------------------------------------

def test_a_redirect_to_an_https_host_that_is_listed_is_followed(env):
    archive, authority = published(env), env.authority()
    front = env.hostile(archive.tree)
    behind = env.nginx(archive.tree, certificate=authority.issue("127.0.0.1"))
    front.rule(POOL, faults.redirect(behind.url + "{path}"))
    larder = env.larder_for(archive, front, table={"redirect_hosts": [behind.address]},
                            upstream={"ca_file": str(authority.certificate)})
    gets_all(learnt(larder), archive)
    assert front.count(POOL) == behind.count(POOL) == 1


def test_a_redirect_from_https_to_http_is_not_followed(env):
    archive, authority = published(env), env.authority()
    behind = env.hostile(archive.tree)
    front = env.nginx(archive.tree, certificate=authority.issue("127.0.0.1"),
                      extra=f"location /debian/pool/ {{ return 302 {behind.url}$uri; }}")
    larder = learnt(env.larder_for(archive, front, table={"redirect_hosts": [behind.address]},
                                   upstream={"ca_file": str(authority.certificate)}))
    answer = larder.get(paths_of(archive)[0], timeout=30)
    assert answer.status in (502, 503, 504) and answer.complete and b"redirect" in answer.body, answer
    assert front.count(POOL) >= 1 and behind.count() == 0


def chain(env, hops):
    """(archive, upstream, larder): the package is at the end of so many redirects."""
    archive = published(env)
    upstream = env.hostile(archive.tree)
    [path] = paths_of(archive)
    names = [path, *(f"/hop{n}" for n in range(1, hops)), "/end"]
    for here, there in zip(names, names[1:]):
        upstream.rule(here, faults.redirect(there))
    shutil.copy(archive.tree / path.lstrip("/"), archive.tree / "end")
    return archive, upstream, learnt(env.larder_for(archive, upstream))


def test_five_redirects_in_a_row_are_followed(env):
    archive, upstream, larder = chain(env, 5)
    gets_all(larder, archive)
    assert upstream.count("/end") == 1


def test_a_longer_chain_of_redirects_is_an_error(env):
    archive, upstream, larder = chain(env, 6)
    answer = larder.get(paths_of(archive)[0], timeout=30)
    assert answer.status in (502, 503, 504) and answer.complete and b"redirect" in answer.body, answer
    assert upstream.count("/end") == 0 and upstream.count("/hop5") >= 1, upstream.seen


# --- limits ----------------------------------------------------------------------------------------

RATE = BURST = 500_000   # what may come at once before the limit is felt: a second's worth


def seconds_for(larder, paths):
    start = time.monotonic()
    with ThreadPoolExecutor(len(paths)) as pool:
        answers = list(pool.map(lambda path: larder.get(path, timeout=60), paths))
    assert all(a.ok for a in answers), [a.status for a in answers]
    return time.monotonic() - start


def limited(env, count, **upstream):
    archive = published(env, count, size=1_500_000)
    upstream = {"bandwidth": f"{RATE // 1000} kB", **upstream}
    larder = env.larder_for(archive, env.nginx(archive.tree), table=RARELY, upstream=upstream)
    return archive, learnt(larder)


def test_bandwidth_limits_a_cold_file_and_not_a_warm_one(env):
    archive, larder = limited(env, count=1)
    [path] = paths_of(archive)
    least = (len(file_of(archive, path)) - BURST) / RATE * 0.8
    cold, warm = seconds_for(larder, [path]), seconds_for(larder, [path])
    assert cold >= least, f"{cold:.2f} s, not {least:.2f}"
    assert warm < least / 2, f"a warm file took {warm:.2f} s"


def test_two_downloads_at_once_share_the_bandwidth(env):
    archive, larder = limited(env, count=2)
    paths = paths_of(archive)
    least = (sum(len(file_of(archive, path)) for path in paths) - BURST) / RATE * 0.8
    took = seconds_for(larder, paths)
    assert took >= least, f"{took:.2f} s, not {least:.2f}"


def test_a_narrow_bandwidth_is_not_taken_for_an_upstream_that_is_silent(env):
    archive = published(env, size=400_000)
    upstream = env.hostile(archive.tree)
    larder = learnt(env.larder_for(archive, upstream, table=RARELY,
                                   upstream={"bandwidth": "100 kB", "inactivity_timeout": "1s"}))
    gets_all(larder, archive)
    assert upstream.count(POOL) == 1, "a transfer that was only slowed down was given up"


def test_no_more_connections_are_open_to_an_upstream_than_allowed(env):
    archive = published(env, count=8)
    upstream = env.hostile(archive.tree)
    larder = learnt(env.larder_for(archive, upstream, table=RARELY, upstream={"connections": 4, **PATIENT}))
    upstream.rule(POOL, faults.stall(-1))   # packages have two of the four, the others are for indices
    with ThreadPoolExecutor(8) as pool:
        answers = [pool.submit(larder.get, path) for path in paths_of(archive)]
        wait_for(lambda: larder.metrics().get("larder_fetches") == 8, "eight fetches under way")
        for asked in (2, 4, 6, 8):
            upstream.wait_count(POOL, asked)
            assert upstream.count(POOL) == asked, "more were asked for at once"
            upstream.release()
        assert all(a.result().ok for a in answers)
    assert upstream.most_open <= 4, upstream.most_open


def test_a_fetch_that_waits_for_a_free_connection_does_not_time_out(env):
    archive = published(env, count=4, size=20_000)
    upstream = env.hostile(archive.tree)
    larder = learnt(env.larder_for(archive, upstream, table=RARELY, upstream={
        "connections": 1, "connect_timeout": "200ms", "inactivity_timeout": "500ms"}))
    upstream.rule(POOL, faults.trickle(5_000, 0.1))   # half a second each
    with ThreadPoolExecutor(4) as pool:
        assert all(a.ok for a in pool.map(larder.get, paths_of(archive)))
    assert upstream.count(POOL) == 4, "one that waited was given up and tried again"
    assert upstream.most_open == 1


# --- time-outs and several mirrors -----------------------------------------------------------------

class Mute:
    """A listening socket whose queue is full: who connects hears nothing."""

    def __init__(self, env):
        self.listener = socket.socket()
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(0)
        self.url = "http://127.0.0.1:%d" % self.listener.getsockname()[1]
        self.held = []
        env.undo.append(self.close)
        while self.connects():
            assert len(self.held) < 100, "its queue has no end"

    def connects(self):
        one = socket.socket()
        one.setblocking(False)
        self.held.append(one)
        one.connect_ex(self.listener.getsockname())
        return bool(select.select([], [one], [], 0.3)[1])

    def close(self):
        for one in (*self.held, self.listener):
            one.close()


def failures(larder, mirror):
    return larder.metrics()[f'larder_mirror_failures{{archive="debian",mirror="{mirror.url}/debian"}}']


def test_a_mirror_that_does_not_accept_gives_way_to_the_next(env):
    archive = published(env)
    mute, good = Mute(env), env.hostile(archive.tree)
    larder = env.larder_for(archive, mute, good, table=RARELY, upstream={"connect_timeout": "300ms"})
    start = time.monotonic()
    learnt(larder)
    assert time.monotonic() - start < 5, "the time-out is not what was configured"
    gets_all(larder, archive)
    assert failures(larder, mute) >= 1 and failures(larder, good) == 0


def test_a_mirror_that_stalls_in_mid_file_gives_way_to_the_next_which_sends_the_rest_only(env):
    archive = published(env, size=400_000)
    stalled, good = env.hostile(archive.tree), env.hostile(archive.tree)
    larder = learnt(env.larder_for(archive, stalled, good, table=RARELY, upstream={"inactivity_timeout": "500ms"}))
    stalled.rule(POOL, faults.stall(200_000))
    gets_all(larder, archive)
    assert [s.headers.get("range") for s in good.matching(POOL)] == ["bytes=200000-"]
    assert stalled.count(POOL) == 1


def test_a_mirror_that_says_when_to_come_back_is_not_asked_before(env):
    archive = published(env)
    upstream = env.hostile(archive.tree)
    larder = learnt(env.larder_for(archive, upstream, table=RARELY))
    [path] = paths_of(archive)[:1]
    upstream.rule(path, faults.status(503), nth=1)
    upstream.rule(path, faults.header("Retry-After", "1"), nth=1)
    gets_all(larder, archive, [path])
    first, second = (seen.at for seen in upstream.matching(path))
    assert second - first >= 0.95, second - first


def test_a_mirror_that_keeps_failing_is_asked_less_than_a_healthy_one(env):
    archive = published(env, count=20)
    first, second = env.hostile(archive.tree), env.hostile(archive.tree)
    larder = learnt(env.larder_for(archive, first, second, table=RARELY))
    paths = paths_of(archive)
    gets_all(larder, archive, paths[:1])
    assert (first.count(POOL), second.count(POOL)) == (1, 0), "the first is not the preferred one"
    first.rule("*", faults.status(503))
    gets_all(larder, archive, paths[1:])
    assert second.count(POOL) == 19 and 1 <= first.count(POOL) - 1 <= 4, (first.count(POOL), second.count(POOL))


def test_a_failing_mirror_is_tried_again_by_itself_once_its_pause_is_over(env):
    archive = published(env, count=2)
    first, second = env.hostile(archive.tree), env.hostile(archive.tree)
    larder = learnt(env.larder_for(archive, first, second))   # refreshed every 100 ms
    first.rule("*", faults.status(503))
    wait_for(lambda: failures(larder, first) >= 1, "the first mirror to fail")
    gets_all(larder, archive, paths_of(archive)[:1])
    assert second.count(POOL) == 1
    first.honest()
    wait_for(lambda: failures(larder, first) == 0, "the first mirror to be used again", 30)
    gets_all(larder, archive, paths_of(archive)[1:])
    assert first.count(paths_of(archive)[1]) == 1 and second.count(POOL) == 1


# --- wrong bytes -----------------------------------------------------------------------------------

def test_a_range_of_a_cold_file_that_comes_with_wrong_bytes_is_no_success(env):
    archive = published(env, size=1_000_000)
    upstream = env.hostile(archive.tree)
    larder = learnt(env.larder_for(archive, upstream))
    [path] = paths_of(archive)
    whole = file_of(archive, path)
    upstream.rule(path, faults.corrupt(500_000))
    for _ in range(3):
        answer = larder.get(path, Range="bytes=499990-500009", timeout=30)
        assert not answer.complete or answer.status >= 500, f"{answer.status} {answer.body == whole[499990:500010]}"
    upstream.honest()
    wait_for(lambda: larder.get(path, Range="bytes=499990-500009").body == whole[499990:500010], "the right bytes", 20)


# --- a reload --------------------------------------------------------------------------------------

def test_a_reload_takes_another_keyring_and_the_former_key_counts_no_more(env):
    archive = published(env)
    former, next_key = archive.key, env.key("next")
    upstream = env.hostile(archive.tree)
    larder = env.larder_for(archive, upstream)
    first = larder.good(INRELEASE).body

    def served():
        return larder.good(INRELEASE).body

    archive.publish("stable", date=time.time() - 40, key=next_key)
    second = file_of(archive, INRELEASE)
    larder.wait_log("not refreshed.*(sign|key)")
    assert served() == first, "a key that is not in the keyring counted"

    archive.keyring.write_bytes(next_key.public())
    larder.process.signal(signal.SIGHUP)
    wait_for(lambda: served() == second, "the state that the new key signed")

    archive.publish("stable", date=time.time() - 20, key=former)
    asked = upstream.count(INRELEASE)
    upstream.wait_count(INRELEASE, asked + 3)
    assert served() == second, "the former key still counts"
    archive.publish("stable", date=time.time() - 10, key=next_key)
    wait_for(lambda: served() == file_of(archive, INRELEASE), "the next state that the new key signed")


def test_a_reload_sends_the_password_that_is_in_the_file_now(env):
    archive = published(env)
    upstream, credentials = env.hostile(archive.tree), basic(env)
    larder = env.larder_for(archive, upstream, table=credentials)
    learnt(larder)
    with open(credentials["password_file"], "w") as file:
        file.write("another\n")
    larder.process.signal(signal.SIGHUP)
    another = "Basic " + base64.b64encode(b"reader:another").decode()
    wait_for(lambda: upstream.seen[-1].headers["authorization"] == another, "the new password at the upstream")
    before = len(upstream.seen)
    gets_all(larder, archive)
    assert {s.headers["authorization"] for s in upstream.seen[before:]} == {another}


def test_a_reload_changes_how_often_an_upstream_is_tried(env):
    archive = published(env, count=2)
    upstream = env.hostile(archive.tree)
    larder = learnt(env.larder_for(archive, upstream, table=RARELY, upstream={"retries": 1}))
    once, thrice = paths_of(archive)
    upstream.rule(POOL, faults.status(503))
    assert not larder.get(once).ok and upstream.count(once) == 1, upstream.seen
    larder.tables["upstream"]["retries"] = 3
    larder.reload()
    larder.wait_log("configuration reloaded")
    assert not larder.get(thrice).ok and upstream.count(thrice) == 3, upstream.count(thrice)
