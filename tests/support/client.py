"""A client that notices everything: raw sockets, exact lengths, answers that are cut short.

An Answer says by `complete` whether all that its head promised arrived. A body that is not complete is
never "success", whatever the status said.
"""

import hashlib
import socket
from dataclasses import dataclass, field


@dataclass
class Answer:
    status: int = 0                    # 0: there was none
    headers: dict = field(default_factory=dict)  # names in lower case
    body: bytes = b""
    complete: bool = False
    head: bytes = b""
    trouble: str = ""                  # why it is not complete

    @property
    def sha256(self):
        return hashlib.sha256(self.body).hexdigest()

    @property
    def ok(self):
        return self.status == 200 and self.complete


class Connection:
    """One TCP connection; send what you like, read answers one at a time."""

    def __init__(self, address, timeout=20):
        host, _, port = address.rpartition(":")
        self.socket = socket.create_connection((host.strip("[]"), int(port)), timeout=timeout)
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def get(self, target, method="GET", version="1.1", **headers):
        self.send(request(target, method, version, **headers))

    def more(self):
        data = self.socket.recv(1 << 18)
        self.buffer += data
        return bool(data)

    def read_head(self):
        """The head's bytes without the blank line, or None when the connection ended first."""
        while b"\r\n\r\n" not in self.buffer:
            if not self.more():
                return None
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        return head

    def take(self, size):
        parts, have = [self.buffer], len(self.buffer)
        while have < size and (data := self.socket.recv(1 << 18)):
            parts.append(data)
            have += len(data)
        everything = b"".join(parts)
        self.buffer = everything[size:]
        return everything[:size]

    def read_chunked(self, answer):
        while True:
            while b"\r\n" not in self.buffer:
                if not self.more():
                    return
            line, _, self.buffer = self.buffer.partition(b"\r\n")
            size = int(line.split(b";")[0], 16)
            data = self.take(size + 2)
            answer.body += data[:size]
            if len(data) < size + 2:
                return
            if size == 0:
                answer.complete = True
                return

    def read(self, method="GET"):
        answer = Answer()
        try:
            self.read_into(answer, method)
        except (OSError, ValueError, IndexError) as e:
            answer.trouble = f"{type(e).__name__}: {e}"
        return answer

    def read_into(self, answer, method):
        head = self.read_head()
        if head is None:
            answer.trouble = f"closed before an answer, after {self.buffer[:80]!r}"
            return
        answer.head = head
        status, *lines = head.decode("latin-1").split("\r\n")
        answer.status = int(status.split()[1])
        for line in lines:
            name, _, value = line.partition(":")
            answer.headers[name.lower()] = value.strip()
        if method == "HEAD" or answer.status in (204, 304) or answer.status < 200:
            answer.complete = True
        elif "chunked" in answer.headers.get("transfer-encoding", ""):
            self.read_chunked(answer)
        elif "content-length" in answer.headers:
            size = int(answer.headers["content-length"])
            answer.body = self.take(size)
            answer.complete = len(answer.body) == size
            if not answer.complete:
                answer.trouble = f"{len(answer.body)} of {size} bytes"
        else:
            while self.more():
                pass
            answer.body, self.buffer, answer.complete = self.buffer, b"", True

    def rest(self):
        """All bytes until the other side closes; what came before a time-out otherwise."""
        try:
            while self.more():
                pass
        except OSError:
            pass
        return self.buffer


def request(target, method="GET", version="1.1", **headers):
    fields = {"Host": "larder.example", **{k.replace("_", "-"): v for k, v in headers.items()}}
    lines = [f"{method} {target} HTTP/{version}"] + [f"{k}: {v}" for k, v in fields.items() if v is not None]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def get(address, target, method="GET", timeout=20, **headers):
    """One request on a connection of its own. Never raises for what the server does."""
    try:
        with Connection(address, timeout) as connection:
            connection.get(target, method, **headers)
            return connection.read(method)
    except OSError as e:
        return Answer(trouble=f"{type(e).__name__}: {e}")


def raw(address, data, timeout=20):
    """Sends bytes as they are and returns what came back until the close or the time-out."""
    with Connection(address, timeout) as connection:
        connection.send(data)
        return connection.rest()
