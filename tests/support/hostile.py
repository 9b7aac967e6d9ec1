"""An upstream with fault knobs: serves a tree like any web server, except where a rule says otherwise.

    upstream = Hostile(tree)
    upstream.rule("/debian/pool/*", faults.truncate(1000), nth=1)
    …
    upstream.count("/debian/pool/*"), upstream.seen[0].headers["range"]

It runs in a thread of its own. Rules are tried in the order they were added; all that match are applied.
nth counts, from 1, the requests that this rule's pattern matched: a number, or several ([1, 3], range(2, 9)).
"""

import asyncio
import os
import socket
import struct
import threading
import time
from dataclasses import dataclass
from email.utils import formatdate, parsedate_to_datetime
from fnmatch import fnmatchcase
from pathlib import Path
from urllib.parse import unquote

from support.faults import Reply
from support.process import wait_for

REASONS = {200: "OK", 206: "Partial Content", 304: "Not Modified", 404: "Not Found", 416: "Range Not Satisfiable"}


@dataclass
class Seen:
    method: str
    path: str        # as it was sent, without the query
    headers: dict    # names in lower case
    at: float        # time.monotonic()


class Rule:
    def __init__(self, pattern, change, nth):
        self.pattern, self.change = pattern, change
        self.nth = [nth] if isinstance(nth, int) else nth
        self.matched = 0

    def applies(self, path):
        if not fnmatchcase(path, self.pattern):
            return False
        self.matched += 1
        return self.nth is None or self.matched in self.nth


def range_of(text, size):
    """(first, last) of "bytes=a-b", "a-", "-n"; None when there is none, () when it cannot be had."""
    if not text or not text.startswith("bytes=") or "," in text:
        return None
    first, _, last = text[6:].partition("-")
    if first == "":
        begin, end = max(0, size - int(last)), size - 1
    else:
        begin, end = int(first), min(int(last), size - 1) if last else size - 1
    return (begin, end) if begin < size and begin <= end else ()


def honest_reply(file, headers):
    """What a web server without faults would answer."""
    if not file.is_file():
        return Reply(404, {"Content-Length": "10"}, b"not found\n")
    # Of one file, though another takes its place meanwhile: old content with a new date would be fresh for ever.
    with file.open("rb") as open_file:
        modified, data = int(os.fstat(open_file.fileno()).st_mtime), open_file.read()
    common = {"Last-Modified": formatdate(modified, usegmt=True), "Accept-Ranges": "bytes"}
    since = headers.get("if-modified-since")
    if since and modified <= parsedate_to_datetime(since).timestamp():
        return Reply(304, common, b"")
    asked = range_of(headers.get("range"), len(data))
    if headers.get("if-range") not in (None, common["Last-Modified"]):
        asked = None
    if asked is None:
        return Reply(200, {**common, "Content-Length": str(len(data))}, data, data)
    if not asked:
        return Reply(416, {"Content-Range": f"bytes */{len(data)}", "Content-Length": "0"}, b"")
    part = data[asked[0]: asked[1] + 1]
    content_range = f"bytes {asked[0]}-{asked[1]}/{len(data)}"
    return Reply(206, {**common, "Content-Length": str(len(part)), "Content-Range": content_range}, part, data)


class Hostile:
    def __init__(self, tree, address="127.0.0.1"):
        self.tree = Path(tree)
        self.seen, self.rules = [], []
        self.down = False       # True: connections are closed at once
        self.open = self.most_open = 0   # connections now, and at most so far
        self.loop = asyncio.new_event_loop()
        self.released = asyncio.Event()
        started = threading.Event()
        self.thread = threading.Thread(target=self.run, args=(address, started), daemon=True)
        self.thread.start()
        started.wait(10)

    # --- for tests ---------------------------------------------------------------------------------

    @property
    def url(self):
        return f"http://{self.address}"

    def rule(self, pattern, change, nth=None):
        self.rules.append(Rule(pattern, change, nth))

    def honest(self):
        """No fault from now on; what is stalled goes on."""
        self.rules.clear()
        self.release()

    def release(self):
        """Lets go on everything that stalls now."""
        def swap():
            self.released.set()
            self.released = asyncio.Event()
        self.loop.call_soon_threadsafe(swap)

    def matching(self, pattern="*"):
        return [s for s in list(self.seen) if fnmatchcase(s.path, pattern)]

    def count(self, pattern="*"):
        return len(self.matching(pattern))

    def wait_count(self, pattern, number, seconds=15):
        wait_for(lambda: self.count(pattern) >= number, f"{number} upstream requests of {pattern}", seconds)

    def stop(self):
        if self.thread.is_alive():
            self.loop.call_soon_threadsafe(self.loop.stop)
            self.thread.join(10)

    # --- the server --------------------------------------------------------------------------------

    def run(self, address, started):
        asyncio.set_event_loop(self.loop)
        server = self.loop.run_until_complete(asyncio.start_server(self.session, address, 0, backlog=1024))
        self.address = "%s:%d" % server.sockets[0].getsockname()[:2]
        started.set()
        self.loop.run_forever()
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        server.close()
        self.loop.run_until_complete(asyncio.sleep(0))

    async def session(self, reader, writer):
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        try:
            while not self.down and await self.one_request(reader, writer):
                pass
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError, asyncio.LimitOverrunError):
            pass
        finally:
            self.open -= 1
            writer.close()

    async def one_request(self, reader, writer):
        """Answers one request; True when the connection goes on."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, target, _ = head[0].split(" ", 2)
        headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in head[1:] if line)}
        path = target.partition("?")[0]
        self.seen.append(Seen(method, path, headers, time.monotonic()))
        reply = honest_reply(self.tree / unquote(path).lstrip("/"), headers)
        reply.headers["X-Path"] = path
        for rule in [r for r in self.rules if r.applies(path)]:
            rule.change(reply)
        reply.headers.pop("X-Path", None)
        await self.send(writer, reply, method)
        return reply.end in ("keep", "stall") and headers.get("connection", "").lower() != "close"

    async def send(self, writer, reply, method):
        if reply.raw is not None:
            writer.write(reply.raw)
            await writer.drain()
            return
        if reply.end == "stall" and reply.cut is not None and reply.cut < 0:
            await self.released.wait()
            reply.cut, reply.end = None, "keep"
        lines = [f"HTTP/1.1 {reply.status} {REASONS.get(reply.status, 'Status')}"]
        lines += [f"{name}: {value}" for name, value in reply.headers.items()]
        writer.write(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
        if method != "HEAD" and reply.status != 304:
            await self.send_body(writer, reply)
        await writer.drain()

    async def send_body(self, writer, reply):
        if reply.endless:
            while True:
                writer.write(b"1000\r\n" + b"z" * 0x1000 + b"\r\n")
                await writer.drain()
        sent = len(reply.body) if reply.cut is None else min(reply.cut, len(reply.body))
        await self.paced(writer, reply.body[:sent], reply.pace)
        if reply.end == "stall":
            await self.released.wait()
            writer.write(reply.body[sent:])
        elif reply.end == "reset":
            linger = struct.pack("ii", 1, 0)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            await asyncio.sleep(0.05)  # lets the bytes before it arrive: a reset overtakes them
            writer.transport.abort()

    @staticmethod
    async def paced(writer, data, pace):
        if pace is None:
            writer.write(data)
            await writer.drain()
            return
        size, seconds = pace
        for at in range(0, len(data), size):
            writer.write(data[at: at + size])
            await writer.drain()
            await asyncio.sleep(seconds)
