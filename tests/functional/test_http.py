"""What HTTP clients rely on: ranges, conditions, dates, keep-alive and pipelining."""

import os
import time

from support import client, faults
from support.client import request
from support.env import Package


def warm(env, size=300_000, count=1, upstream="nginx"):
    """(archive, upstream, larder, paths) of packages that are published, none asked for yet."""
    archive = env.archive(*(Package(f"package{n}", size=size) for n in range(count)))
    archive.publish("stable")
    server = getattr(env, upstream)(archive.tree)
    larder = env.larder_for(archive, server)
    larder.good("/debian/dists/stable/InRelease")
    larder.good("/debian/dists/stable/main/binary-amd64/Packages")
    return archive, server, larder, ["/debian/" + p.pool_path for p in archive.packages]


def file_of(archive, path):
    return (archive.root.parent / path.lstrip("/")).read_bytes()


def test_a_range_of_a_warm_file_is_exact(env):
    archive, _, larder, [path] = warm(env)
    whole = file_of(archive, path)
    assert larder.get(path).body == whole
    for asked, first, last in (("0-0", 0, 0), ("100-199", 100, 199), ("299999-", 299999, len(whole) - 1),
                               ("-50", len(whole) - 50, len(whole) - 1), ("10-999999999", 10, len(whole) - 1)):
        answer = larder.get(path, Range=f"bytes={asked}")
        assert answer.status == 206 and answer.body == whole[first: last + 1], (asked, answer.status)
        assert answer.headers["content-range"] == f"bytes {first}-{last}/{len(whole)}", answer.headers


def test_a_range_of_a_cold_file_is_exact(env):
    archive, _, larder, [path] = warm(env)
    whole = file_of(archive, path)
    answer = larder.get(path, Range="bytes=200000-200099")
    assert answer.complete and answer.status in (200, 206)
    assert answer.body == (whole if answer.status == 200 else whole[200000:200100])


def test_a_range_beyond_the_end_is_416_with_the_size(env):
    archive, _, larder, [path] = warm(env)
    size = len(larder.get(path).body)
    answer = larder.get(path, Range=f"bytes={size}-")
    assert answer.status == 416 and answer.headers["content-range"] == f"bytes */{size}"


def test_if_range_counts_only_for_the_exact_date(env):
    _, _, larder, [path] = warm(env)
    first = larder.get(path)
    date = first.headers["last-modified"]
    assert larder.get(path, Range="bytes=5-9", If_Range=date).status == 206
    other = larder.get(path, Range="bytes=5-9", If_Range="Mon, 01 Jan 2035 00:00:00 GMT")
    assert other.status == 200 and other.body == first.body


def test_if_range_counts_for_the_etag(env):
    _, _, larder, [path] = warm(env)
    etag = larder.get(path).headers["etag"]
    assert etag.startswith('"')
    assert larder.get(path, Range="bytes=5-9", If_Range=etag).status == 206
    assert larder.get(path, Range="bytes=5-9", If_Range='"other"').status == 200


def test_if_modified_since_and_if_none_match_give_304_without_a_body(env):
    _, _, larder, [path] = warm(env)
    first = larder.get(path)
    for condition in ({"If_Modified_Since": first.headers["last-modified"]}, {"If_None_Match": first.headers["etag"]}):
        answer = larder.get(path, **condition)
        assert answer.status == 304 and not answer.body, (condition, answer.status)


def test_head_tells_what_get_would_and_sends_no_body(env):
    _, _, larder, [path] = warm(env)
    whole = larder.get(path)
    with larder.connection() as connection:
        connection.get(path, "HEAD")
        head = connection.read("HEAD")
        connection.get(path)
        again = connection.read()
    assert head.status == 200 and again.ok and again.body == whole.body
    for name in ("content-length", "last-modified", "etag"):
        assert head.headers[name] == whole.headers[name], name


def test_a_refusal_after_a_head_request_has_its_reason(env):
    _, _, larder, [path] = warm(env)
    with larder.connection() as connection:
        connection.get(path, "HEAD")
        assert connection.read("HEAD").ok
        connection.send(b"GET / HTTP/2.0\r\nHost: x\r\n\r\n")
        refused = connection.read()
    assert refused.status == 505 and refused.body, refused


def test_small_files_reach_a_client_whole_that_reads_none_before_it_has_asked_for_all(env):
    archive = env.archive(Package("alpha", size=20_000), Package("beta", size=30_000))
    archive.publish("stable")
    larder = env.larder_for(archive, env.nginx(archive.tree))
    larder.good("/debian/dists/stable/InRelease")
    paths = ["/debian/" + package.pool_path for package in archive.packages]
    whole = [larder.good(path).body for path in paths]
    with larder.connection() as connection:
        for _ in range(500):  # more than the sockets' buffers hold
            connection.send(request(paths[0]) + request(paths[1]))
        for n in range(1000):
            answer = connection.read()
            assert answer.ok and answer.body == whole[n % 2], n


def test_last_modified_is_upstreams_and_stays_after_a_restart(env):
    archive, upstream, larder, [path] = warm(env)
    before = larder.get(path).headers["last-modified"]
    assert before == client.get(upstream.address, path).headers["last-modified"]
    larder.restart()
    assert larder.get(path).headers["last-modified"] == before


def test_a_file_without_an_upstream_date_gets_one_that_stays(env):
    archive = env.archive(Package("alpha", size=1000))
    archive.publish("stable")
    upstream = env.hostile(archive.tree)
    upstream.rule("*", faults.no_last_modified())
    larder = env.larder_for(archive, upstream)
    larder.good("/debian/dists/stable/InRelease")
    path = "/debian/" + archive.packages[0].pool_path
    dates = [larder.get(path).headers.get("last-modified") for _ in range(2)]
    larder.restart()
    dates.append(larder.get(path).headers.get("last-modified"))
    assert dates[0] and len(set(dates)) == 1, dates


def test_apt_resumes_a_download_that_was_cut(env):
    archive, _, larder, [path] = warm(env, size=400_000)
    apt = env.apt_for(archive, f"{larder.url}/debian")
    apt.update().must()
    apt.install("package0").must()
    archives = apt.root / "var/cache/apt/archives"
    whole = (archives / "package0_1.0_all.deb").read_bytes()
    modified = (archives / "package0_1.0_all.deb").stat().st_mtime
    apt.forget_packages()
    part = archives / "partial/package0_1.0_all.deb"
    part.write_bytes(whole[:150_000])
    os.utime(part, (modified, modified))
    seen = apt.install("package0", options=["Debug::Acquire::http=true"]).must().output
    assert "\nRange: bytes=150000-\n" in seen and "206 Partial Content" in seen, seen
    assert (archives / "package0_1.0_all.deb").read_bytes() == whole


def test_a_package_no_index_names_is_404_with_a_reason(env):
    _, upstream, larder, _ = warm(env)
    answer = larder.get("/debian/pool/main/n/nothing/nothing_1.0_all.deb")
    assert answer.status == 404 and answer.body.strip(), answer


def test_an_upstream_that_is_down_gives_5xx_with_a_body(env):
    _, upstream, larder, [path] = warm(env)
    upstream.stop()
    answer = larder.get(path)
    assert answer.status in (502, 503, 504) and answer.complete and answer.body.strip(), answer


def test_keep_alive_serves_many_requests_on_one_connection(env):
    archive, _, larder, paths = warm(env, size=2000, count=5)
    with larder.connection() as connection:
        for _ in range(4):
            for path in paths:
                connection.get(path)
                assert connection.read().body == file_of(archive, path)


def test_eleven_pipelined_requests_are_answered_in_order(env):
    archive, _, larder, paths = warm(env, size=20_000, count=11)
    with larder.connection() as connection:
        connection.send(b"".join(request(path) for path in paths))
        for path in paths:
            answer = connection.read()
            assert answer.ok and answer.body == file_of(archive, path), (path, answer.status, answer.trouble)


def test_fetches_of_all_pipelined_misses_start_at_once(env):
    archive, upstream, larder, paths = warm(env, size=20_000, count=8, upstream="hostile")
    upstream.rule(paths[0], faults.stall(-1))
    with larder.connection() as connection:
        connection.send(b"".join(request(path) for path in paths))
        for path in paths[1:]:
            upstream.wait_count(path, 1, seconds=0.9)  # before the stalled one can have timed out
        upstream.honest()
        for path in paths:
            assert connection.read().body == file_of(archive, path), path


def test_a_connection_that_says_close_is_closed_after_the_answer(env):
    _, _, larder, [path] = warm(env, size=2000)
    with larder.connection() as connection:
        connection.get(path, Connection="close")
        assert connection.read().ok
        assert connection.rest() == b""


def test_an_http_1_0_client_gets_the_file_and_the_close(env):
    archive, _, larder, [path] = warm(env, size=2000)
    with larder.connection() as connection:
        connection.get(path, version="1.0")
        assert connection.read().body == file_of(archive, path)
        assert connection.rest() == b""


def test_a_cold_file_reaches_the_client_while_upstream_still_sends(env):
    archive, upstream, larder, [path] = warm(env, size=600_000, upstream="hostile")
    upstream.rule(path, faults.stall(300_000))
    with larder.connection() as connection:
        connection.get(path)
        deadline = time.monotonic() + 0.9
        while len(connection.buffer) < 100_000 and time.monotonic() < deadline:
            connection.more()
        upstream.honest()
        assert len(connection.buffer) >= 100_000, "nothing came before the file was whole"
        assert connection.read().body == file_of(archive, path)


def test_nothing_is_content_encoded(env):
    _, _, larder, [path] = warm(env, size=2000)
    answer = larder.get(path, Accept_Encoding="gzip, br, zstd")
    assert answer.ok and "content-encoding" not in answer.headers
