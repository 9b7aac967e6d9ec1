"""A small forward proxy: absolute-form GET and CONNECT, with a note of every request.

`routes` says where a "host:port" that clients ask for really is, so that names need no name server; what
is not in it is asked for under its own address.
"""

import asyncio
import threading
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass
class Asked:
    method: str
    target: str
    headers: dict    # names in lower case


class Proxy:
    def __init__(self, routes=None):
        self.routes, self.asked = dict(routes or {}), []
        self.loop = asyncio.new_event_loop()
        started = threading.Event()
        self.thread = threading.Thread(target=self.run, args=(started,), daemon=True)
        self.thread.start()
        started.wait(10)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def targets(self, method):
        return [a.target for a in list(self.asked) if a.method == method]

    def stop(self):
        if self.thread.is_alive():
            self.loop.call_soon_threadsafe(self.loop.stop)
            self.thread.join(10)

    # --- the proxy ---------------------------------------------------------------------------------

    def run(self, started):
        asyncio.set_event_loop(self.loop)
        server = self.loop.run_until_complete(asyncio.start_server(self.session, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        started.set()
        self.loop.run_forever()
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        server.close()
        self.loop.run_until_complete(asyncio.sleep(0))

    async def session(self, reader, writer):
        try:
            await self.one_request(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def one_request(self, reader, writer):
        """One request a connection: the answer ends with it."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        method, target, _ = head.split("\r\n")[0].split(" ", 2)
        fields = [line.partition(":") for line in head.split("\r\n")[1:] if line]
        self.asked.append(Asked(method, target, {name.lower(): value.strip() for name, _, value in fields}))
        url = urlsplit(f"//{target}" if method == "CONNECT" else target)
        host, _, port = self.routes.get(f"{url.hostname}:{url.port or 80}", f"{url.hostname}:{url.port or 80}").rpartition(":")
        there_reader, there_writer = await asyncio.open_connection(host, int(port))
        try:
            if method == "CONNECT":
                writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
                await asyncio.gather(self.pour(reader, there_writer), self.pour(there_reader, writer))
            else:
                kept = [f"{n}:{v}" for n, _, v in fields if n.lower() not in ("connection", "proxy-connection")]
                lines = [f"{method} {url.path} HTTP/1.1", *kept, "Connection: close"]
                there_writer.write(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
                await self.pour(there_reader, writer)
        finally:
            there_writer.close()

    @staticmethod
    async def pour(reader, writer):
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
        writer.close()
