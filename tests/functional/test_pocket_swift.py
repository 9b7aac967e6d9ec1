"""Pockets in a bucket of a service that nobody here wrote: OpenStack Swift by its S3 API, and the real apt behind it."""

import json
import time
from email.utils import parsedate_to_datetime

from support import debs
from support.debs import Package
from support.process import wait_for
from support.swift import KEY_ID, SECRET, Swift
from test_pocket_export import NEWER
from test_pockets import ARCHIVE, LIBRARY, SERVICE, STAGING, Chain

BUCKET, PREFIX = "packages", "cloud+1/apt"


def ground(env):
    swift = Swift(env.folder("swift"))
    env.undo.append(swift.stop)
    swift.make_public_bucket(BUCKET)
    chain = Chain(env, chain=(STAGING,))
    chain.larder.stop()
    chain.larder.start(AWS_ACCESS_KEY_ID=KEY_ID, AWS_SECRET_ACCESS_KEY=SECRET)
    chain.include(STAGING, SERVICE, LIBRARY, Package("tool", "1.0+b1~rc", arch="amd64"))
    return swift, chain


def export(swift, chain, *more, check=0):
    done = chain.cli("pocket", "export", f"{ARCHIVE}/{STAGING}", f"s3://{BUCKET}/{PREFIX}", "--endpoint", swift.url, *more,
                     "--json", check=check)
    return json.loads(done.stdout) if check == 0 else done.stderr


def test_apt_installs_from_a_bucket_of_swift_and_the_next_export_writes_only_what_changed(env):
    swift, chain = ground(env)
    first = export(swift, chain)
    assert first["written"] == first["files"], first
    keyring = env.folder("keys") / "cloud.asc"
    keyring.write_bytes(swift.ask("GET", f"/{BUCKET}/cloud%2B1/apt/keys/{ARCHIVE}.asc")[2])
    client = env.apt([f"deb KEY {swift.public(BUCKET)}/{PREFIX} {STAGING} main"], keyring)
    client.update().must()
    client.install("service", "tool").must()
    for package in (SERVICE, LIBRARY):
        assert (client.root / "var/cache/apt/archives" / package.file_name).read_bytes() == debs.deb(package).read_bytes()
    assert export(swift, chain)["written"] == 0
    # Swift dates objects to the second: what comes within one is the same to a client.
    dated = parsedate_to_datetime(swift.ask("HEAD", f"/{BUCKET}/cloud%2B1/apt/dists/{STAGING}/InRelease")[1]["Last-Modified"])
    wait_for(lambda: time.time() > dated.timestamp() + 1, "the next second")
    chain.include(STAGING, NEWER)
    second = export(swift, chain)
    assert 0 < second["written"] < first["written"], second
    updated = client.update().must()
    assert client.versions(NEWER.name) == [NEWER.version], (client.versions(NEWER.name), updated.output)


test_apt_installs_from_a_bucket_of_swift_and_the_next_export_writes_only_what_changed.limit = 240
