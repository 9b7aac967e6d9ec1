"""A plain nginx on loopback: the upstream that does nothing wrong."""

import http.client
import re
import ssl
from fnmatch import fnmatchcase

from support.process import Process, answers, free_port, wait_for

CONFIG = """\
daemon off;
master_process off;
worker_processes 1;
pid {work}/nginx.pid;
error_log {work}/error.log;
events {{ worker_connections 2048; }}
http {{
    types {{ }}
    default_type application/octet-stream;
    log_format counted '$request_method $status $bytes_sent $request_uri';
    access_log {work}/access.log counted;
    client_body_temp_path {work}/t1; proxy_temp_path {work}/t2; fastcgi_temp_path {work}/t3;
    uwsgi_temp_path {work}/t4; scgi_temp_path {work}/t5;
    server {{
        listen 127.0.0.1:{port}{tls};
        root {tree};
        sendfile on;
        {extra}
    }}
}}
"""


MARK = "/.mark-"


class Nginx:
    """Serves `tree`; what was asked of it is in requests(). `extra` goes into the server block.

    With a `certificate` (see certificates.py) it speaks HTTPS.
    """

    def __init__(self, tree, work, extra="", port=None, certificate=None):
        work.mkdir(parents=True, exist_ok=True)
        self.tree, self.work, self.scheme = tree, work, "https" if certificate else "http"
        self.port = port or free_port()
        if certificate:
            extra += f" ssl_certificate {certificate.chain}; ssl_certificate_key {certificate.key};"
        (work / "nginx.conf").write_text(CONFIG.format(work=work, port=self.port, tree=tree, extra=extra,
                                                       tls=" ssl" if certificate else ""))
        self.process, self.marks = None, 0
        self.start()

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    @property
    def url(self):
        return f"{self.scheme}://{self.address}"

    def start(self):
        self.process = Process(["/usr/sbin/nginx", "-p", self.work, "-c", self.work / "nginx.conf"], self.work / "out")

        def up():
            if not self.process.running():
                raise AssertionError(f"nginx did not start: {self.process.log()}")
            return answers(self.port)
        wait_for(up, "nginx")

    def stop(self):
        if self.process:
            self.process.stop()

    def requests(self, path="*"):
        """(method, status, path) of every request so far whose path matches."""
        if self.process.running():
            self.settle()
        rows = [line.split(" ", 3) for line in self.lines()]
        return [(m, int(s), p) for m, s, _, p in rows if fnmatchcase(re.sub(r"\?.*", "", p), path)]

    def lines(self):
        log = self.work / "access.log"
        return [line for line in log.read_text().splitlines() if MARK not in line] if log.exists() else []

    def settle(self):
        """nginx writes a request down once its last byte is sent, and the other side may be ahead of it. It is
        one process: when a request of ours is in the log, all that ended before are."""
        self.marks += 1
        mark = f"{MARK}{self.marks}-{id(self)}"
        kind = http.client.HTTPSConnection if self.scheme == "https" else http.client.HTTPConnection
        more = {"context": ssl._create_unverified_context()} if self.scheme == "https" else {}
        connection = kind("127.0.0.1", self.port, timeout=15, **more)
        try:
            connection.request("GET", mark)
            connection.getresponse().read()
        finally:
            connection.close()
        log = self.work / "access.log"
        wait_for(lambda: log.exists() and f"{mark}\n" in log.read_text(), "nginx to write its log")

    def count(self, path="*"):
        return len(self.requests(path))

    def forget(self):
        """Counts from nothing again (nginx appends, so an emptied log is continued)."""
        (self.work / "access.log").write_text("")
