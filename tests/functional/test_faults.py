"""An upstream that breaks and lies, in every way: no client ever gets wrong bytes as a success.

Each fault makes three tests: alone (whatever comes is no success, and once upstream is well the file is
right), with a second, good mirror (the client succeeds), and in the indices (the last good state stays).
"""

import time

from support import faults
from support.env import Package
from support.process import wait_for

SIZE = 300_000

# Never right while it lasts.
FATAL = {
    "closes at once": faults.truncate(0),
    "closes in the middle": faults.truncate(0.4),
    "closes shortly before the end": faults.truncate(0.99),
    "sends a wrong byte": faults.corrupt(0.4),
    "sends a wrong first byte": faults.corrupt(0),
    "stalls before the head": faults.stall(-1),
    "stalls in the middle": faults.stall(0.4),
    "resets in the middle": faults.reset(0.4),
    "promises more than it sends": faults.length(7),
    "promises less than it sends": faults.length(-7),
    "sends another file of the same size": faults.other_bytes(),
    "sends a shorter file": faults.other_bytes(b"short"),
    "sends a longer file": faults.other_bytes(b"long" * SIZE),
    "sends an empty file": faults.other_bytes(b""),
    "says 404": faults.status(404),
    "says 403": faults.status(403),
    "says 500": faults.status(500),
    "says 503 without a body": faults.status(503, b""),
    "says 503 with a body": faults.status(503),
    "says 429": faults.status(429),
    "says 200 and sends an error page": faults.other_bytes(b"<html>please log in</html>"),
    "says 304 though nothing was conditional": faults.status(304, b""),
    "says 206 though no range was asked for": faults.status(206),
    "redirects in circles": faults.redirect("{path}"),
    "redirects to a host not configured": faults.redirect("http://198.51.100.7/{path}"),
    "redirects to a file scheme": faults.redirect("file:///etc/passwd"),
    "redirects to nothing": faults.redirect(""),
    "closes without an answer": faults.no_answer(),
    "answers garbage": faults.garbage(),
    "sends oversized headers": faults.big_headers(),
    "sends chunks without end": faults.endless_chunked(),
    "has a length that is no number": faults.header("Content-Length", "many"),
    "has a negative length": faults.header("Content-Length", "-1"),
    "has two lengths": faults.header("X-A", "b\r\nContent-Length: 5"),
}

# Odd, but the bytes are right: the client must get them.
HARMLESS = {
    "trickles": [(faults.trickle(20_000), None)],
    "has no length": [(faults.no_length(), None)],
    "has no last modified": [(faults.no_last_modified(), None)],
    "cuts the first and resumes": [(faults.truncate(100_000), 1)],
    "resets the first and resumes": [(faults.reset(100_000), 1)],
    "stalls the first and resumes": [(faults.stall(100_000), 1)],
    "cuts the first and ignores ranges": [(faults.truncate(100_000), 1), (faults.ignores_range(), None)],
    "cuts the first and has no last modified": [(faults.truncate(100_000), 1), (faults.no_last_modified(), None)],
    "answers 503 once": [(faults.status(503), 1)],
    "closes without an answer once": [(faults.no_answer(), 1)],
}

# Once cut, these lie about where they go on.
RESUME_LIES = {"names a wrong range": faults.wrong_range(), "sends the bytes of another range": faults.lying_range()}


def ground(env, mirrors=1, **more):
    """(bytes, upstreams, larder, path of a file that no client has asked for)."""
    archive = env.archive(Package("alpha", size=SIZE))
    archive.publish("stable", date=time.time() - 7200)
    upstreams = [env.hostile(archive.tree) for _ in range(mirrors)]
    larder = env.larder_for(archive, *upstreams, **more)
    larder.good("/debian/dists/stable/InRelease")
    larder.good("/debian/dists/stable/main/binary-amd64/Packages")
    path = archive.packages[0].pool_path
    return (archive.root / path).read_bytes(), upstreams, larder, "/debian/" + path


def never_wrong(answer, whole):
    assert not (answer.ok and answer.body != whole), f"wrong bytes as a success: {answer.head!r}"
    assert not answer.ok, "the fault was not one"
    assert answer.status not in (0, 200) or not answer.complete
    if answer.complete:
        assert answer.body.strip(), f"{answer.status} without a body: apt would not try again"


def alone(fault):
    def test(env):
        whole, [upstream], larder, path = ground(env)
        upstream.rule(path, fault)
        for _ in range(2):
            never_wrong(larder.get(path, timeout=30), whole)
        upstream.honest()
        wait_for(lambda: larder.get(path).body == whole, "the right bytes once upstream is well", 20)
    return test


def failover(fault):
    def test(env):
        whole, [bad, good], larder, path = ground(env, mirrors=2)
        bad.rule(path, fault)
        answer = larder.get(path, timeout=30)
        if not answer.ok:
            # Bytes already on their way may have been the wrong ones: then the client was cut off.
            assert not answer.complete, f"{answer.status} {answer.body[:200]!r}"
            answer = larder.get(path, timeout=30)
        assert answer.ok and answer.body == whole, (answer.status, answer.trouble)
        assert good.count(path) >= 1
    return test


def indices(fault):
    def test(env):
        archive = env.archive(Package("alpha", size=1000))
        archive.publish("stable", date=time.time() - 7200)
        upstream = env.hostile(archive.tree)
        larder = env.larder_for(archive, upstream)
        larder.good("/debian/dists/stable/InRelease")
        names = ("InRelease", "main/binary-amd64/Packages.xz")
        good = [larder.get(f"/debian/dists/stable/{name}") for name in names]
        assert all(g.ok for g in good)
        archive.add(Package("beta"))
        archive.publish("stable", date=time.time() - 3600)  # there would be something new
        upstream.rule("/debian/dists/*", fault)
        asked = upstream.count("*InRelease")
        for n in range(2):
            for name, before in zip(names, good):
                answer = larder.get(f"/debian/dists/stable/{name}", timeout=30)
                assert answer.ok and answer.body == before.body, (name, answer.status, answer.trouble)
            upstream.wait_count("*InRelease", asked + n + 1)
    return test


def harmless(rules):
    def test(env):
        whole, [upstream], larder, path = ground(env)
        for fault, nth in rules:
            upstream.rule(path, fault, nth=nth)
        answer = larder.get(path, timeout=30)
        assert answer.ok and answer.body == whole, (answer.status, answer.trouble)
    return test


def resume_lie(fault):
    def test(env):
        whole, [upstream], larder, path = ground(env)
        upstream.rule(path, faults.truncate(100_000), nth=1)
        upstream.rule(path, fault)
        answer = larder.get(path, timeout=30)
        assert not (answer.ok and answer.body != whole)
        upstream.honest()
        wait_for(lambda: larder.get(path).body == whole, "the right bytes once upstream is well", 20)
    return test


def define(name, test):
    test.__name__ = "test_" + name.replace(" ", "_")
    globals()[test.__name__] = test


for said, made in FATAL.items():
    define(f"no wrong bytes when upstream {said}", alone(made))
    define(f"a second mirror helps when the first {said}", failover(made))
    define(f"the last good indices stay when upstream {said}", indices(made))
for said, made in HARMLESS.items():
    define(f"the file arrives though upstream {said}", harmless(made))
for said, made in RESUME_LIES.items():
    define(f"no wrong bytes when upstream {said}", resume_lie(made))


def test_a_failover_in_mid_file_goes_on_where_the_first_mirror_stopped(env):
    whole, [bad, good], larder, path = ground(env, mirrors=2)
    bad.rule(path, faults.reset(200_000), nth=1)
    bad.rule(path, faults.no_answer(), nth=range(2, 100))
    answer = larder.get(path)
    assert answer.ok and answer.body == whole, (answer.status, answer.trouble)
    asked = good.matching(path)[0].headers.get("range", "")
    assert asked.startswith("bytes=") and asked != "bytes=0-", f"no range asked of the second mirror: {asked!r}"


def test_a_redirect_to_a_listed_host_is_followed(env):
    archive = env.archive(Package("alpha", size=SIZE))
    archive.publish("stable")
    front, behind = env.hostile(archive.tree), env.hostile(archive.tree)
    other_name = behind.address.replace("127.0.0.1", "localhost")
    front.rule("/debian/pool/*", faults.redirect(f"http://{other_name}" + "{path}"))
    larder = env.larder_for(archive, front, table={"redirect_hosts": [other_name]},
                            upstream={"private_networks": ["127.0.0.0/8", "::1/128"]})
    larder.good("/debian/dists/stable/InRelease")
    path = archive.packages[0].pool_path
    answer = larder.get("/debian/" + path)
    assert answer.ok and answer.body == (archive.root / path).read_bytes(), answer
    assert behind.count("/debian/pool/*") == 1


def test_apt_recovers_by_itself_from_an_upstream_that_cuts_everything_once(env):
    archive = env.archive(*(Package(f"package{n}", size=20_000) for n in range(5)))
    archive.publish("stable")
    upstream = env.hostile(archive.tree)
    for package in archive.packages:
        upstream.rule("/debian/" + package.pool_path, faults.truncate(5_000), nth=1)
    larder = env.larder_for(archive, upstream)
    apt = env.apt_for(archive, f"{larder.url}/debian")
    apt.update().must()
    apt.install(*(p.name for p in archive.packages)).must()
