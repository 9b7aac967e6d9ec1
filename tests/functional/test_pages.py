"""What people, and programs that look for a cache, find on / and beside it."""

import ctypes
import fcntl
import os
import re
import socket
import struct
import subprocess

from support import faults
from support.env import Package, Skip
from support.larder import clean_environment
from support.places import BUILD
from support.process import wait_for

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
CLONE_NEWNET, SIOCSIFFLAGS, IFF_UP_RUNNING = 0x40000000, 0x8914, 0x41


def served(env, upstream="nginx", **more):
    archive = env.archive(Package("alpha", size=5000))
    archive.publish("stable")
    server = getattr(env, upstream)(archive.tree)
    return archive, server, env.larder_for(archive, server, **more)


def page_of(larder, path="/", **headers):
    answer = larder.get(path, **{**BROWSER, **headers})
    assert answer.complete and answer.headers["content-type"] == "text/html; charset=utf-8", answer
    return answer


def test_a_browser_is_shown_archives_suites_and_mirrors(env):
    archive, server, larder = served(env)
    larder.get("/debian/dists/stable/InRelease")
    answer = page_of(larder)
    text = answer.body.decode()
    assert answer.status == 200
    for part in ("All suites are fresh", "debian", "stable", server.url, "Hit rate"):
        assert part in text, part
    assert page_of(larder, "/pages/archive/debian").status == 200
    assert page_of(larder, "/pages/archive/none").status == 404
    assert page_of(larder, "/acng-report.html", Accept="*/*").status == 200


def test_a_page_runs_nothing_and_is_framed_by_nobody(env):
    _, _, larder = served(env)
    policy = page_of(larder).headers["content-security-policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy, policy
    for link in re.findall(r'(?:src|href)="([^"]*)"', page_of(larder).body.decode()):
        assert link.startswith(("/", "#")) and not link.startswith("//"), link
        if link.startswith("/"):
            assert larder.get(link.partition("#")[0], **BROWSER).status == 200, link


def test_who_is_no_browser_is_told_406_and_the_three_lines(env):
    _, _, larder = served(env)
    for accept in (None, "*/*", "text/*"):
        answer = larder.get("/", Accept=accept)
        assert answer.status == 406 and b"Usage Information" in answer.head, answer
        assert b"Acquire::http::Proxy" in answer.body
    head = larder.get("/", "HEAD", **BROWSER)
    assert head.status == 200 and not head.body and int(head.headers["content-length"]) > 1000


def test_the_lines_of_the_page_make_a_real_apt_install_through_larder(env):
    archive, server, larder = served(env)
    text = larder.get("/", Host=larder.address).body.decode()
    proxy = re.search(r"""^echo 'Acquire::http::Proxy "(.*)";' > /etc/apt/apt\.conf\.d/30larder$""", text, re.M)[1]
    assert proxy == larder.url
    apt = env.apt_for(archive, f"{server.url}/debian", proxy=proxy)
    before = server.count("*.deb")
    for _ in range(2):
        apt.update().must()
        apt.install("alpha").must()
        apt.forget_packages()
    assert server.count("*.deb") == before + 1


def test_the_sources_stanza_of_an_archives_page_is_one_that_apt_takes(env):
    archive, _, larder = served(env)
    larder.get("/debian/dists/stable/InRelease")
    text = page_of(larder, "/pages/archive/debian", Host=larder.address).body.decode()
    stanza = re.search(r"<pre[^>]*><code>(Types: deb.*?)</code>", text, re.S)[1]
    assert f"URIs: {larder.url}/debian\n" in stanza and "Suites: stable\n" in stanza, stanza
    apt = env.apt_for(archive, "http://unused.example/debian")
    for old in (apt.root / "etc/apt").rglob("sources.list"):
        old.unlink()
    (apt.root / "etc/apt/sources.list.d").mkdir(exist_ok=True)
    (apt.root / "etc/apt/sources.list.d/debian.sources").write_text(stanza)
    apt.update().must()
    apt.install("alpha").must()


def test_a_host_field_with_more_than_a_host_in_it_is_in_no_line(env):
    _, _, larder = served(env)
    for host in ("x';reboot;'", "$(reboot)", "<script>alert(1)</script>", "a`b`"):
        for path in ("/", "/acng-report.html"):
            answer = larder.get(path, Host=host, **BROWSER)
            assert b"reboot" not in answer.body and b"<script" not in answer.body and b"a`b" not in answer.body, answer.body


def test_public_url_is_what_the_lines_say(env):
    _, _, larder = served(env, server={"public_url": "http://larder.archive.example:3142"})
    assert b'"http://larder.archive.example:3142"' in larder.get("/", Host="10.1.2.3:3142").body


def test_markup_from_upstream_and_from_paths_stays_text(env):
    _, upstream, larder = served(env, "hostile")
    upstream.rule("*", faults.status(503, b"<script>alert(1)</script>"))
    for path in ("stable", "%3Cscript%3Ealert(1)%3C%2Fscript%3E", "%3Cimg%20src=x%3E", "a%22%3E%3Cb%3E"):
        larder.get(f"/debian/dists/{path}/InRelease")
    for path in ("/", "/pages/archive/debian", "/pages/archive/%3Cscript%3E", "/pages/%3Cimg%20src=x%3E"):
        text = page_of(larder, path).body.decode()
        for markup in ("<script", "<img", '"><b>'):
            assert markup not in text, (path, markup)


def test_trouble_with_upstream_is_on_the_page_with_its_reason(env):
    _, server, larder = served(env)
    larder.get("/debian/dists/stable/InRelease")
    server.stop()

    def troubled():
        larder.get("/debian/dists/stable/InRelease")
        text = page_of(larder).body.decode()
        return text if "1 suite needs attention" in text else None
    text = wait_for(troubled, "the trouble on the page")
    assert "last good state is being served" in text and "failing" in text, text


def test_small_files_that_browsers_and_robots_ask_for_are_there(env):
    _, _, larder = served(env)
    assert larder.get("/favicon.ico").headers["content-type"] == "image/svg+xml"
    assert larder.get("/robots.txt").body == b"User-agent: *\nDisallow: /\n"
    assert larder.get("/pages/larder.css").headers["content-type"].startswith("text/css")


# --- the real auto-apt-proxy -----------------------------------------------------------------------

def auto_apt_proxy():
    """The program out of its package, which is fetched once; installing it would change how this machine's apt works."""
    folder = BUILD / "functional/auto-apt-proxy"
    script = folder / "usr/bin/auto-apt-proxy"
    if not script.exists():
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(["apt-get", "download", "-q", "auto-apt-proxy"], cwd=folder, env=clean_environment(),
                       stdin=subprocess.DEVNULL, capture_output=True)
        for package in folder.glob("*.deb"):
            subprocess.run(["dpkg-deb", "-x", package, folder], check=True)
    if not script.exists():
        raise Skip("auto-apt-proxy cannot be downloaded")
    return script


def alone_on_a_network():
    """This process, and what it starts, in a network of its own with nothing but loopback: every port is free."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET) != 0:
        raise Skip(f"no network namespace: {os.strerror(ctypes.get_errno())}")
    with socket.socket() as s:
        fcntl.ioctl(s, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP_RUNNING))


def test_the_real_auto_apt_proxy_finds_larder(env):
    env.skip_unless_root()
    script = auto_apt_proxy()
    alone_on_a_network()

    def found():
        done = subprocess.run(["sh", script], env=clean_environment(AUTO_APT_PROXY_NO_CACHE="1", TMPDIR=str(env.tmp)),
                              capture_output=True, text=True, stdin=subprocess.DEVNULL)
        return done.stdout.strip()
    assert found() == ""
    served(env, server={"listen": ["127.0.0.1:3142"]})
    assert found() == "http://127.0.0.1:3142"
