"""What an upstream can do wrong: each fault changes the answer that an honest server would give.

A fault is a function of a Reply. A position is a number of bytes of the body that is sent (so with a Range
it counts from where the range begins), or a part of it: 0.5 is its middle.
"""

from dataclasses import dataclass, field


@dataclass
class Reply:
    """An answer before it is sent. `end` says what happens after `cut` bytes of the body."""

    status: int
    headers: dict
    body: bytes
    whole: bytes = b""         # the file, when the answer is a range of it
    cut: int | None = None
    end: str = "keep"          # keep, close, reset, stall (until released)
    raw: bytes | None = None   # sent in place of head and body
    pace: tuple | None = None  # (bytes, seconds): trickle
    endless: bool = False      # chunks without end
    notes: list = field(default_factory=list)


def place(at, reply):
    return int(len(reply.body) * at) if isinstance(at, float) else at


def fault(make):
    """Names the faults that `make` returns after itself."""
    def named(*args, **kwargs):
        change = make(*args, **kwargs)
        change.__name__ = f"{make.__name__}{args or ''}"
        return change
    named.__name__ = make.__name__
    return named


@fault
def truncate(at):
    """The connection is closed after `at` bytes, though more were promised."""
    def change(reply):
        reply.cut, reply.end = place(at, reply), "close"
    return change


@fault
def reset(at):
    """The same with a TCP reset."""
    def change(reply):
        reply.cut, reply.end = place(at, reply), "reset"
    return change


@fault
def stall(at=0):
    """Nothing more comes after `at` bytes, until release(). at=-1: not even a head."""
    def change(reply):
        reply.cut, reply.end = place(at, reply), "stall"
    return change


@fault
def corrupt(at):
    """One byte is another; everything else is right."""
    def change(reply):
        where = place(at, reply)
        if where < len(reply.body):
            reply.body = reply.body[:where] + bytes([reply.body[where] ^ 0x55]) + reply.body[where + 1:]
    return change


@fault
def other_bytes(data=None):
    """A whole other file; without `data`, one of the same length."""
    def change(reply):
        reply.body = bytes(b ^ 0xFF for b in reply.body) if data is None else data
        reply.headers["Content-Length"] = str(len(reply.body))
        if data is not None:
            reply.status = 200
            reply.headers.pop("Content-Range", None)
    return change


@fault
def redirect(to, status=302):
    """Elsewhere; `to` may hold {path}."""
    def change(reply):
        path = reply.headers.pop("X-Path")
        reply.status, reply.body = status, b"elsewhere\n"
        reply.headers = {"Location": to.format(path=path), "Content-Length": "10"}
    return change


@fault
def length(difference):
    """Content-Length lies. Shorter: the rest is sent all the same. Longer: the connection is closed."""
    def change(reply):
        reply.headers["Content-Length"] = str(max(0, len(reply.body) + difference))
        reply.cut, reply.end = len(reply.body), "close"
    return change


@fault
def no_length():
    """No Content-Length: the body ends with the connection."""
    def change(reply):
        reply.headers.pop("Content-Length", None)
        reply.headers["Connection"] = "close"
        reply.cut, reply.end = len(reply.body), "close"
    return change


@fault
def wrong_range():
    """Answers a range with 206 and a Content-Range that is not what was asked for."""
    def change(reply):
        if reply.status == 206:
            size = len(reply.whole)
            reply.body = reply.whole[: len(reply.body)]
            reply.headers["Content-Range"] = f"bytes 0-{len(reply.body) - 1}/{size}"
    return change


@fault
def lying_range():
    """Answers a range with the right Content-Range and the bytes of another."""
    def change(reply):
        if reply.status == 206:
            reply.body = reply.whole[: len(reply.body)]
    return change


@fault
def ignores_range():
    """Always 200 with the whole file, as simple servers do."""
    def change(reply):
        if reply.status == 206:
            reply.status, reply.body = 200, reply.whole
            reply.headers.pop("Content-Range")
            reply.headers["Content-Length"] = str(len(reply.whole))
    return change


@fault
def status(code, body=b"no\n"):
    def change(reply):
        reply.status, reply.body = code, body
        reply.headers = {"Content-Length": str(len(body)), "Content-Type": "text/plain"}
    return change


@fault
def no_last_modified():
    def change(reply):
        reply.headers.pop("Last-Modified", None)
    return change


@fault
def trickle(size, seconds=0.01):
    """`size` bytes at a time."""
    def change(reply):
        reply.pace = (size, seconds)
    return change


@fault
def no_answer():
    """The request is read and the connection closed."""
    def change(reply):
        reply.raw, reply.end = b"", "close"
    return change


@fault
def garbage(data=b"\x00\x01SSH-2.0-not-http\r\n\r\n" * 20):
    def change(reply):
        reply.raw, reply.end = data, "close"
    return change


@fault
def big_headers(size=1 << 20):
    def change(reply):
        for n in range(size // 1000):
            reply.headers[f"X-Filler-{n}"] = "x" * 980
    return change


@fault
def endless_chunked():
    """A chunked body that goes on for as long as someone reads it."""
    def change(reply):
        reply.headers.pop("Content-Length", None)
        reply.headers["Transfer-Encoding"] = "chunked"
        reply.endless = True
    return change


@fault
def header(name, value):
    """One header more, or another value for it; bytes as given."""
    def change(reply):
        reply.headers[name] = value
    return change
