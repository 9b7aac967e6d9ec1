"""A real Chromium, headless, driven through chromedriver (W3C WebDriver over loopback, no library).

    with Chromium(folder) as browser:
        browser.size(360, 800, dark=True)
        browser.open("http://127.0.0.1:3142/")
        browser.run("return document.title")
        browser.screenshot(path)
        browser.console()    # what the console said
        browser.requests()   # the URLs that were asked for
"""

import base64
import json
import os
import shutil
import urllib.error
import urllib.request

from support.larder import clean_environment
from support.process import Process, answers, free_port, wait_for

DRIVER, BROWSER = "chromedriver", "chromium"


def missing():
    """What the machine lacks for this, or nothing."""
    return ", ".join(name for name in (DRIVER, BROWSER) if not shutil.which(name))


class Chromium:
    def __init__(self, folder):
        self.port = free_port()
        self.process = Process([shutil.which(DRIVER), f"--port={self.port}"], folder / "chromedriver.log",
                               env=clean_environment(HOME=str(folder), TMPDIR=str(folder)))
        try:
            wait_for(lambda: answers(self.port), "chromedriver", 30)
            arguments = ["--headless=new", "--no-proxy-server", "--disable-gpu", "--disable-dev-shm-usage",
                         "--disable-background-networking", "--disable-component-update", "--no-first-run",
                         "--hide-scrollbars", f"--user-data-dir={folder / 'profile'}"]
            if os.geteuid() == 0:
                arguments.append("--no-sandbox")
            wanted = {"goog:chromeOptions": {"binary": shutil.which(BROWSER), "args": arguments},
                      "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"}}
            made = self.ask("POST", "/session", {"capabilities": {"alwaysMatch": wanted}}, session=False)
            self.session = made["sessionId"]
            self.open("about:blank")
            self.requests()  # the browser's own first page
        except BaseException:
            self.process.stop()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.ask("DELETE", "")
        finally:
            self.process.stop()

    def ask(self, method, path, body=None, session=True):
        where = f"http://127.0.0.1:{self.port}" + (f"/session/{self.session}" if session else "") + path
        data = None if method in ("GET", "DELETE") else json.dumps(body or {}).encode()
        request = urllib.request.Request(where, data, {"Content-Type": "application/json"}, method=method)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=40) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as e:
            raise AssertionError(f"chromedriver {path}: {e.read().decode()[:600]}") from None

    def devtools(self, command, **parameters):
        return self.ask("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def size(self, width, height, dark=False):
        self.devtools("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
                      mobile=width < 500)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.devtools("Emulation.setEmulatedMedia", features=[scheme])

    def open(self, url):
        self.ask("POST", "/url", {"url": url})

    def run(self, script, *arguments):
        return self.ask("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def press(self, key):
        """`key` as WebDriver names it: "\\ue004" is Tab."""
        strokes = [{"type": "keyDown", "value": key}, {"type": "keyUp", "value": key}]
        self.ask("POST", "/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": strokes}]})

    def screenshot(self, path):
        """The whole page, not only what the window shows."""
        size = self.devtools("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
        shot = self.devtools("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(shot["data"]))

    def console(self):
        return [entry["message"] for entry in self.ask("POST", "/se/log", {"type": "browser"})]

    def requests(self):
        events = (json.loads(e["message"])["message"] for e in self.ask("POST", "/se/log", {"type": "performance"}))
        return [e["params"]["request"]["url"] for e in events if e["method"] == "Network.requestWillBeSent"]
