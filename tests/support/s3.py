"""An S3 service on loopback that keeps its objects in memory: as much of the API as an export needs.

Every request must be signed: botocore, the signer of AWS's own clients, computes the Signature Version 4 of what came
anew, from the secret, and the two are compared. It can be told to fail, and serves its objects to apt without a signature
under /web/BUCKET/.
"""

import hashlib
import re
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from xml.sax.saxutils import escape

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

KEY_ID, SECRET = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
EMPTY = hashlib.sha256(b"").hexdigest()


class Object:
    def __init__(self, data, headers):
        self.data = data
        self.etag = hashlib.md5(data).hexdigest()
        self.headers = {name.lower(): value for name, value in headers.items()}


class S3:
    """`objects`: key -> Object. `page`: of a listing so many at once. `broken`: (method, part of the key) -> how often a
    503 is to come; `requests`: (method, key) as they came."""

    def __init__(self, bucket="packages", page=1000, region="us-east-1"):
        self.bucket, self.page, self.region = bucket, page, region
        self.objects, self.broken, self.requests, self.listing = {}, {}, [], None
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                service.answer(self)
            do_HEAD = do_PUT = do_DELETE = do_GET

            def log_message(self, *_):
                pass
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def keys(self, method):
        return [key for m, key in self.requests if m == method]

    # --- a request ---------------------------------------------------------------------------------

    def answer(self, http):
        body = http.rfile.read(int(http.headers.get("Content-Length") or 0))
        path, _, query = http.path.partition("?")
        if path.startswith(f"/web/{self.bucket}/"):
            found = self.objects.get(urllib.parse.unquote(path.removeprefix(f"/web/{self.bucket}/")))
            return self.send(http, 200 if found else 404, found.data if found else b"", found and found.headers)
        bucket, _, key = urllib.parse.unquote(path[1:]).partition("/")
        self.requests.append((http.command, key))
        for (method, part), times in self.broken.items():
            if method == http.command and part in key and times > 0:
                self.broken[method, part] -= 1
                return self.fail(http, 503, "SlowDown", "Reduce your request rate.")
        trouble = self.trouble(http, body)
        if trouble:
            return self.fail(http, 403, *trouble)
        if bucket != self.bucket:
            return self.fail(http, 404, "NoSuchBucket", "The specified bucket does not exist")
        if not key:
            return self.send(http, 200, self.list(dict(urllib.parse.parse_qsl(query))))
        if http.command == "PUT":
            return self.put(http, key, body)
        if http.command == "DELETE":
            self.objects.pop(key, None)
            return self.send(http, 204)
        found = self.objects.get(key)
        if not found:
            return self.fail(http, 404, "NoSuchKey", "The specified key does not exist.")
        return self.send(http, 200, found.data, {"ETag": f'"{found.etag}"', **found.headers})

    def put(self, http, key, body):
        if hashlib.sha256(body).hexdigest() != http.headers["x-amz-content-sha256"]:
            return self.fail(http, 400, "XAmzContentSHA256Mismatch", "The provided hash is another.")
        kept = {n: v for n, v in http.headers.items()
                if n.lower() in ("content-type", "cache-control") or n.lower().startswith("x-amz-meta-")}
        self.objects[key] = Object(body, kept)
        return self.send(http, 200, b"", {"ETag": f'"{self.objects[key].etag}"'})

    def list(self, query):
        if self.listing:
            return self.listing
        assert query["list-type"] == "2", query
        after = query.get("continuation-token", "")
        keys = sorted(k for k in self.objects if k.startswith(query["prefix"]) and k > after)
        here = keys[:self.page]
        rows = "".join(f"<Contents><Key>{escape(k)}</Key><ETag>&quot;{self.objects[k].etag}&quot;</ETag>"
                       f"<Size>{len(self.objects[k].data)}</Size></Contents>" for k in here)
        more = len(keys) > len(here)
        return ('<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
                f"<IsTruncated>{'true' if more else 'false'}</IsTruncated>{rows}"
                + (f"<NextContinuationToken>{escape(here[-1])}</NextContinuationToken>" if more else "")
                + "</ListBucketResult>").encode()

    def trouble(self, http, body):
        """What is wrong with the signature; nothing when botocore makes the same."""
        given = re.fullmatch(r"AWS4-HMAC-SHA256 Credential=(\S+?)/(\d{8})/(\S+?)/s3/aws4_request, ?SignedHeaders=(\S+), ?"
                             r"Signature=([0-9a-f]{64})", http.headers.get("Authorization", ""))
        if not given:
            return "AccessDenied", "Access Denied"
        key_id, _, region, signed, signature = given.groups()
        if key_id != KEY_ID:
            return "InvalidAccessKeyId", "The access key is not known."
        wanted = {"host", "x-amz-content-sha256", "x-amz-date"} | {h.lower() for h in http.headers
                                                                   if h.lower().startswith("x-amz-")}
        if region != self.region or not wanted <= set(signed.split(";")):
            return "AuthorizationHeaderMalformed", f"region {region}, headers {signed}"
        request = AWSRequest(http.command, f"http://{http.headers['Host']}{http.path}", data=body,
                             headers={n: http.headers[n] for n in signed.split(";")})
        request.context["timestamp"] = http.headers["x-amz-date"]
        signer = S3SigV4Auth(Credentials(KEY_ID, SECRET), "s3", region)
        assert http.headers["x-amz-content-sha256"] == hashlib.sha256(body).hexdigest(), "a hash of other bytes"
        text = signer.string_to_sign(request, signer.canonical_request(request))
        return None if signer.signature(text, request) == signature else ("SignatureDoesNotMatch", "it does not match")

    # --- an answer ---------------------------------------------------------------------------------

    def fail(self, http, status, code, message):
        self.send(http, status, f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{message}</Message></Error>"
                  .encode())

    @staticmethod
    def send(http, status, body=b"", headers=None):
        http.send_response(status)
        for name, value in (headers or {}).items():
            http.send_header(name, value)
        http.send_header("Content-Length", str(len(body)))
        http.end_headers()
        if http.command != "HEAD":
            http.wfile.write(body)
