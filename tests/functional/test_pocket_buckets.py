"""Pockets as the keys of a bucket: an S3 service that has botocore check each signature, and the real apt behind it."""

import json
import re

from support import debs
from support.debs import Package
from support.s3 import KEY_ID, S3, SECRET
from test_clock import DAY, by_clock
from test_pocket_export import NEWER, OTHER, sha256, sha256_of_release
from test_pockets import ARCHIVE, LIBRARY, PROPOSED, SERVICE, STAGING, Chain

PREFIX = "cloud+1/apt"


class Bucket:
    """A chain of pockets, and a bucket that they are exported to."""

    def __init__(self, env, secret=SECRET, **more):
        self.env, self.s3 = env, S3(**more)
        env.undo.append(self.s3.stop)
        self.chain = Chain(env, chain=(STAGING, PROPOSED))
        self.clock = env.folder("clock") / "offset"
        self.clock.write_text("0\n")
        self.chain.larder.stop()
        self.chain.larder.start(**by_clock(self.clock),
                                AWS_ACCESS_KEY_ID=KEY_ID, AWS_SECRET_ACCESS_KEY=secret)
        self.chain.include(STAGING, SERVICE, LIBRARY)

    def jump(self, seconds):
        replaced = self.clock.with_suffix(".new")
        replaced.write_text(f"{seconds}\n")
        replaced.rename(self.clock)

    def export(self, *more, check=0):
        self.s3.requests.clear()
        done = self.chain.cli("pocket", "export", f"{ARCHIVE}/{STAGING}", f"s3://{self.s3.bucket}/{PREFIX}", "--endpoint",
                              self.s3.url, *more, "--json", check=check)
        return json.loads(done.stdout) if check == 0 else done.stderr

    def put(self):
        """What was written, below the prefix, in its order."""
        return [k.removeprefix(f"{PREFIX}/") for k in self.s3.keys("PUT")]

    def files(self):
        return {k.removeprefix(f"{PREFIX}/"): o for k, o in self.s3.objects.items()}

    def in_release(self):
        return self.files()[f"dists/{STAGING}/InRelease"].data.decode()

    def complete(self, in_release):
        files = self.files()
        for digest, size, path in sha256_of_release(in_release):
            folder = path.rpartition("/")[0]
            data = files[f"dists/{STAGING}/{folder}/by-hash/SHA256/{digest}"].data
            assert (sha256(data), len(data)) == (digest, int(size)), path
            if path.endswith("/Packages"):
                for name in re.findall(r"^Filename: (.*)$", data.decode(), re.M):
                    assert name in files, name

    def client(self):
        keyring = self.env.folder("keys") / "cloud.asc"
        keyring.write_bytes(self.files()[f"keys/{ARCHIVE}.asc"].data)
        return self.env.apt([f"deb KEY {self.s3.url}/web/{self.s3.bucket}/{PREFIX} {STAGING} main"], keyring)


def place_of(path):
    """Which part of the order a path is of."""
    if "/by-hash/" in path or path.startswith(("pool/", "keys/")):
        return 1
    name = path.rpartition("/")[2]
    return {".larder-export": 0, "Release": 3, "Release.gpg": 4, "InRelease": 5}.get(name, 2)


def test_apt_installs_from_a_bucket(env):
    bucket = Bucket(env)
    report = bucket.export()
    assert report["written"] == report["files"] == len(bucket.files()) - 1, report
    client = bucket.client()
    client.update().must()
    client.install("service").must()
    for package in (SERVICE, LIBRARY):
        assert (client.root / "var/cache/apt/archives" / package.file_name).read_bytes() == debs.deb(package).read_bytes()


def test_keys_come_in_the_order_that_clients_need(env):
    bucket = Bucket(env)
    bucket.export()
    order = [place_of(path) for path in bucket.put()]
    assert order == [0, *sorted(order[1:-1]), 0] and {1, 2, 3, 4, 5} <= set(order), bucket.put()


def test_a_plus_in_a_version_and_in_the_prefix_is_signed_as_it_is_sent(env):
    bucket = Bucket(env)
    package = Package("tool", "1.0+b1~rc", arch="amd64")
    bucket.chain.include(STAGING, package)
    bucket.export()
    path = next(p for p in bucket.files() if p.startswith("pool/") and "tool" in p)
    assert path.endswith("tool_1.0+b1~rc_amd64.deb") and bucket.files()[path].data == debs.deb(package).read_bytes()


def test_what_never_changes_may_be_cached_for_ever(env):
    bucket = Bucket(env)
    bucket.export()
    for path, one in bucket.files().items():
        immutable = path.startswith("pool/") or "/by-hash/" in path
        assert ("immutable" in one.headers["cache-control"]) == immutable, (path, one.headers)
        assert one.headers["x-amz-meta-sha256"] == sha256(one.data)
    types = {p.rpartition(".")[2]: o.headers["content-type"] for p, o in bucket.files().items() if "/by-hash/" not in p}
    assert (types["deb"], types["gz"]) == ("application/vnd.debian.binary-package", "application/gzip"), types


def test_the_next_export_puts_only_what_changed_also_from_a_listing_of_many_pages(env):
    bucket = Bucket(env, page=3)
    bucket.export()
    assert bucket.export()["written"] == 0 and set(bucket.put()) <= {".larder-export"}
    bucket.chain.include(STAGING, NEWER)
    former = bucket.in_release()
    bucket.export()
    assert not any(SERVICE.file_name in p or LIBRARY.file_name in p for p in bucket.put()), bucket.put()
    bucket.complete(former)
    bucket.complete(bucket.in_release())
    # Somebody else's bytes are not taken for ours.
    path = next(k for k in bucket.s3.objects if k.endswith(NEWER.file_name))
    bucket.s3.objects[path] = type(bucket.s3.objects[path])(b"other", {})
    bucket.export()
    assert bucket.s3.objects[path].data == debs.deb(NEWER).read_bytes()


def test_an_export_whose_record_was_lost_half_way_asks_for_the_hashes(env):
    bucket = Bucket(env)
    bucket.export()
    key = f"{PREFIX}/.larder-export"
    record = bucket.s3.objects[key]
    text = re.sub(r"^(file \w+ \d+) \w+ ", r"\1 - ", record.data.decode(), flags=re.M)
    bucket.s3.objects[key] = type(record)(text.encode(), record.headers)
    assert bucket.export()["written"] == 0
    assert len(bucket.s3.keys("HEAD")) == len(bucket.files()) - 1


def test_what_is_gone_for_long_enough_is_deleted(env):
    bucket = Bucket(env)
    bucket.export()
    bucket.chain.include(STAGING, NEWER)
    bucket.export()
    bucket.chain.include(STAGING, OTHER)
    assert bucket.export()["pruned"] == 0
    bucket.jump(8 * DAY)
    report = bucket.export()
    assert report["pruned"] == len(bucket.s3.keys("DELETE")) > 0
    assert not any(SERVICE.file_name in path for path in bucket.files())
    bucket.complete(bucket.in_release())


def test_a_service_that_fails_in_passing_is_asked_again_and_one_that_goes_on_so_is_told_of(env):
    bucket = Bucket(env)
    bucket.s3.broken = {("PUT", "pool/"): 2, ("GET", ""): 1}
    bucket.export()
    bucket.complete(bucket.in_release())
    bucket.chain.include(STAGING, NEWER)
    former = bucket.in_release()
    bucket.s3.broken = {("PUT", "InRelease"): 6}
    assert "503, SlowDown: Reduce your request rate." in bucket.export(check=1)
    assert bucket.in_release() == former
    bucket.complete(former)
    bucket.export()
    assert bucket.in_release() != former


def test_a_wrong_secret_is_told_plainly(env):
    bucket = Bucket(env, secret=SECRET[:-1])
    assert "403, SignatureDoesNotMatch" in bucket.export(check=1)
    assert not bucket.s3.objects


def test_a_prefix_with_other_objects_is_refused(env):
    bucket = Bucket(env)
    bucket.s3.objects[f"{PREFIX}/letter"] = type("O", (), {"data": b"dear", "etag": "1", "headers": {}})()
    assert "has objects, and no .larder-export" in bucket.export(check=1)
    assert bucket.s3.keys("PUT") == []


def test_a_bucket_needs_credentials_of_the_process_and_an_endpoint(env):
    bucket = Bucket(env)
    target = (f"{ARCHIVE}/{STAGING}", f"s3://{bucket.s3.bucket}/{PREFIX}")
    assert "--endpoint" in bucket.chain.cli("pocket", "export", *target, check=2).stderr
    bucket.chain.larder.stop()
    assert "AWS_SECRET_ACCESS_KEY" in bucket.export(check=1)
    assert not bucket.s3.requests


def test_credentials_of_systemd_come_before_those_of_the_environment(env):
    bucket = Bucket(env, secret="another")
    folder = env.folder("credentials")
    (folder / "larder-s3-access-key-id").write_text(KEY_ID + "\n")
    (folder / "larder-s3-secret-access-key").write_text(SECRET + "\n")
    bucket.chain.larder.stop()
    bucket.chain.larder.start(AWS_ACCESS_KEY_ID=KEY_ID, AWS_SECRET_ACCESS_KEY="another", CREDENTIALS_DIRECTORY=str(folder))
    assert bucket.export()["written"] > 0
    assert SECRET not in bucket.chain.larder.log()


def test_a_listing_that_is_no_xml_or_has_entities_of_its_own_is_refused(env):
    bucket = Bucket(env)
    for text in (b"hello", b'<!DOCTYPE a [<!ENTITY b "c">]><ListBucketResult>&b;</ListBucketResult>', b"<a/>",
                 b"<ListBucketResult>" + b"<Contents><Key>k</Key><Size>1</Size></Contents>" * 1001 + b"</ListBucketResult>",
                 b"<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>"):
        bucket.s3.listing = text
        bucket.export(check=1)
        assert bucket.s3.keys("PUT") == [], text
