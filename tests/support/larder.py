"""A larder of the test's own: a configuration from Python values, a free port, a store that goes away."""

import json
import os
import re
import signal
import subprocess

from support import client
from support.places import larder_binary
from support.process import Process, wait_for

# Short, so that an upstream that stalls costs a test a second and not twenty.
QUICK = {
    "server": {"listen": ["127.0.0.1:0"], "shutdown_grace": "2s"},
    "log": {"level": "debug", "target": "stderr"},
    "upstream": {"connect_timeout": "2s", "inactivity_timeout": "1s", "retries": 2, "backoff": "20ms"},
}


def clean_environment(**more):
    """Without the machine's proxies."""
    keep = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
    return {**keep, "LC_ALL": "C.UTF-8", **more}


def toml_value(value):
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(toml_value(v) for v in value) + "]"
    return json.dumps(value if isinstance(value, (bool, int)) else str(value))


def toml(tables):
    """{"server": {…}, "archive": [{…}, …]} as TOML."""
    out = []
    for name, content in tables.items():
        many = isinstance(content, list)
        for table in content if many else [content]:
            out.append(f"[[{name}]]" if many else f"[{name}]")
            out += [f"{key} = {toml_value(value)}" for key, value in table.items()]
            out.append("")
    return "\n".join(out)


def archive_table(name, upstream, keyring, suites=("stable",), **more):
    """An [[archive]]. An InRelease is asked for again after so short a time that a test sees a new state at once."""
    upstream = [upstream] if isinstance(upstream, str) else list(upstream)
    return {"name": name, "upstream": upstream, "keyring": [str(keyring)], "suites": list(suites), "refresh": "100ms",
            **more}


class Larder:
    def __init__(self, work, archives, start=True, **settings):
        self.work = work
        work.mkdir(parents=True, exist_ok=True)
        self.config, self.ready_file, self.store = work / "larder.toml", work / "ready", work / "store"
        self.tables = {name: {**QUICK.get(name, {}), **settings.get(name, {})} for name in ("server", "log", "upstream")}
        self.tables["server"].setdefault("admin_socket", str(work / "admin.sock"))
        self.tables["store"] = {"path": str(self.store), **settings.get("store", {})}
        self.tables["archive"] = archives
        self.tables.update({name: settings[name] for name in ("token", "peer") if name in settings})
        self.process, self.address, self.addresses = None, None, []
        self.write_config()
        if start:
            self.start()

    def write_config(self):
        self.config.write_text(toml(self.tables))

    @property
    def url(self):
        return f"http://{self.address}"

    # --- its life ----------------------------------------------------------------------------------

    def launch(self, under=(), keep_open=(), **environment):
        """Starts the process and does not wait; `under` is a command that runs it, with these descriptors too."""
        self.ready_file.unlink(missing_ok=True)
        command = [larder_binary(), "serve", "--config", self.config, "--ready-file", self.ready_file]
        self.process = Process([*under, *command], self.work / "log", env=clean_environment(**environment),
                               pass_fds=keep_open)

    def start(self, seconds=30, under=(), **environment):
        self.launch(under=under, **environment)

        def up():
            if not self.process.running():
                raise AssertionError(f"larder did not start (exit {self.process.child.returncode}):\n{self.log()}")
            return self.ready_file.exists() and self.ready_file.read_text().endswith("\n")
        wait_for(up, "larder's ready file", seconds)
        self.addresses = self.ready_file.read_text().split()
        self.address = self.addresses[0]
        wait_for(lambda: self.get("/healthz").ok, "larder's /healthz", seconds)

    def stop(self):
        return self.process.stop() if self.process else 0

    def kill(self):
        self.process.kill()

    def restart(self):
        self.stop()
        self.start()

    def reload(self):
        self.write_config()
        self.process.signal(signal.SIGHUP)

    def cli(self, *arguments, check=None, seconds=120):
        """`larder … --config …`, finished; `check` is the exit code it must have."""
        done = subprocess.run([larder_binary(), *arguments, "--config", self.config], capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, env=clean_environment(), timeout=seconds)
        if check is not None and done.returncode != check:
            raise AssertionError(f"larder {' '.join(arguments)}: exit {done.returncode}, not {check}:\n"
                                 f"{done.stdout}{done.stderr}")
        return done

    # --- asking it ---------------------------------------------------------------------------------

    def get(self, target, method="GET", timeout=20, **headers):
        return client.get(self.address, target, method, timeout, **headers)

    def good(self, target, **more):
        """A whole 200, or an assertion that says what came instead."""
        answer = self.get(target, **more)
        assert answer.ok, f"{target}: {answer.status} {answer.body[:200]!r} {answer.trouble}"
        return answer

    def connection(self, timeout=20):
        return client.Connection(self.address, timeout)

    def state(self):
        """"running", or how it ended: a negative number is the signal."""
        if not self.process:
            return "never started"
        return "running" if self.process.running() else f"ended with {self.process.child.returncode}"

    def log(self):
        return self.process.log() if self.process else ""

    def wait_log(self, pattern, seconds=15):
        return wait_for(lambda: re.search(pattern, self.log(), re.I), f"/{pattern}/ in the log of larder", seconds)

    def metrics(self):
        """{"name{labels}": value}."""
        rows = (line.rpartition(" ") for line in self.get("/metrics").body.decode().splitlines())
        return {name: float(value) for name, _, value in rows if name and not name.startswith("#")}

    def peak_memory(self):
        """VmHWM in bytes."""
        with open(f"/proc/{self.process.pid}/status") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))
