"""A server under measurement: started, asked what it cost, and always stopped."""

import http.client
import subprocess
import time
from pathlib import Path

from .places import Broken


class Server:
    """One server and the processes it started. A context manager; stopping is by its own id."""

    def __init__(self, name, command, port, log, ready="/", cwd=None, environment=None):
        self.name, self.port, self.log = name, port, Path(log)
        self.address = f"127.0.0.1:{port}"
        self.started = time.monotonic()
        with open(self.log, "ab") as out:
            self.process = subprocess.Popen([str(c) for c in command], stdout=out, stderr=out,
                                            stdin=subprocess.DEVNULL, cwd=cwd, env=environment)
        self.startup = self._wait(ready)

    def _wait(self, ready):
        deadline = self.started + 30
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise Broken(f"{self.name} ended with {self.process.returncode}: {self.last_words()}")
            if answers(self.port, ready):
                return time.monotonic() - self.started
            time.sleep(0.001)
        self.stop()
        raise Broken(f"{self.name} is not ready after 30 s: {self.last_words()}")

    def last_words(self):
        lines = self.log.read_text(errors="replace").strip().splitlines()
        return " / ".join(lines[-3:]) or "it said nothing"

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def pids(self):
        found, todo = [], [self.process.pid]
        while todo:
            pid = todo.pop()
            found.append(pid)
            for children in Path(f"/proc/{pid}/task").glob("*/children"):
                todo += [int(c) for c in children.read_text().split()]
        return found

    def processor_seconds(self):
        """User and system time of all its threads so far, in nanosecond steps (not clock ticks)."""
        total = 0
        for pid in self.pids():
            for stat in Path(f"/proc/{pid}/task").glob("*/schedstat"):
                total += int(stat.read_text().split()[0])
        return total / 1e9

    def peak_rss(self):
        """Bytes, over its life; of several processes the sum."""
        return sum(memory(pid, "VmHWM") for pid in self.pids())


def memory(pid, field):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) * 1024
    return 0


def answers(port, path):
    """Whether the server answers at all; on /healthz only a 200 counts."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        status = connection.getresponse().status
        return status == 200 or path != "/healthz"
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
