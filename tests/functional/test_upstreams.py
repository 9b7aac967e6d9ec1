"""How Larder fetches: HTTPS, a parent proxy, credentials, redirects."""

import base64
import re
import shutil
import signal
import socket

from learnt_ground import INRELEASE, POOL, file_of, gets_all, learnt, paths_of, published
from support import faults
from support.client import request
from support.env import Package
from support.larder import archive_table
from support.process import free_port

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
