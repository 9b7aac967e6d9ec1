"""Suites that nobody has: asked for, and in nobody's way."""

import hashlib
import json
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

from learnt_ground import INDEX, INRELEASE, file_of, ground, paths_of, published
from support.env import Package

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
