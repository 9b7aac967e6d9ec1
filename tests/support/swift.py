"""OpenStack Swift on loopback, whose S3 API is one that nobody here wrote: four servers, their cache, one device, one user."""

import http.client
import subprocess

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from support.process import Process, answers, free_port, wait_for

KEY_ID, SECRET, REGION = "test:tester", "testing", "us-east-1"
KINDS = ("account", "container", "object", "proxy")
CONFIG = """\
[DEFAULT]
swift_dir = {top}
devices = {top}/devices
mount_check = false
bind_ip = 127.0.0.1
bind_port = {port}
workers = 0
user = {user}
[pipeline:main]
pipeline = {pipeline}
[app:{kind}-server]
use = egg:swift#{kind}
"""
PROXY = """\
account_autocreate = true
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:{cache}
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:s3api]
use = egg:swift#s3api
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = testing .admin
[filter:copy]
use = egg:swift#copy
[filter:slo]
use = egg:swift#slo
"""
#: Swift reads the file of the cluster's secret from a fixed place, unless it is told before its modules are loaded.
SERVE = """\
import sys
from swift.common import utils
utils.SWIFT_CONF_FILE = sys.argv[1]
from swift.common.wsgi import run_wsgi
sys.exit(run_wsgi(sys.argv[2], sys.argv[3]))
"""


class Swift:
    """`public` is where anybody reads what is in a bucket that was made public."""

    def __init__(self, top):
        self.top, self.ports, self.servers = top, {kind: free_port() for kind in KINDS}, []
        (top / "devices/disk").mkdir(parents=True)
        (top / "swift.conf").write_text("[swift-hash]\nswift_hash_path_suffix = test\n"
                                        "[storage-policy:0]\nname = one\ndefault = yes\n")
        self.user = subprocess.run(["id", "-un"], check=True, capture_output=True, text=True).stdout.strip()
        self.ports["cache"] = free_port()
        self.servers.append(Process(["memcached", "-l", "127.0.0.1", "-p", self.ports["cache"], "-U", "0", "-u", self.user],
                                    top / "cache.log"))
        for kind in KINDS[:-1]:
            self.make_ring(kind)
        for kind in KINDS:
            self.start(kind)
        for kind in self.ports:
            wait_for(lambda port=self.ports[kind]: answers(port), f"Swift's {kind}", seconds=60)

    def make_ring(self, kind):
        for words in (("create", "4", "1", "0"),
                      ("add", "--region", "1", "--zone", "1", "--ip", "127.0.0.1", "--port", str(self.ports[kind]),
                       "--device", "disk", "--weight", "1"), ("rebalance",)):
            subprocess.run(["swift-ring-builder", self.top / f"{kind}.builder", *words], check=True, capture_output=True)

    def start(self, kind):
        passed = "catch_errors cache listing_formats s3api tempauth copy slo " if kind == "proxy" else ""
        text = CONFIG.format(top=self.top, port=self.ports[kind], kind=kind, user=self.user, pipeline=f"{passed}{kind}-server")
        config = self.top / f"{kind}.conf"
        config.write_text(text + (PROXY.format(cache=self.ports["cache"]) if kind == "proxy" else ""))
        self.servers.append(Process(["/usr/bin/python3", "-c", SERVE, self.top / "swift.conf", config, f"{kind}-server"],
                                    self.top / f"{kind}.log"))

    @property
    def url(self):
        return f"http://127.0.0.1:{self.ports['proxy']}"

    def public(self, bucket):
        return f"{self.url}/v1/AUTH_test/{bucket}"

    def ask(self, method, path, data=b"", **headers):
        """(status, headers, body) of a signed request."""
        asked = AWSRequest(method, self.url + path, data=data, headers={k.replace("_", "-"): v for k, v in headers.items()})
        S3SigV4Auth(Credentials(KEY_ID, SECRET), "s3", REGION).add_auth(asked)
        connection = http.client.HTTPConnection("127.0.0.1", self.ports["proxy"], timeout=60)
        connection.request(method, path, data, dict(asked.headers.items()))
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()

    def make_public_bucket(self, name):
        status, _, body = self.ask("PUT", f"/{name}", x_amz_acl="public-read")
        assert status == 200, (status, body)

    def stop(self):
        for one in self.servers:
            one.stop()
