"""The pages in a real Chromium, light and dark, wide and on a phone. Pictures go to build/screens."""

from browser.chromium import Chromium, missing
from support import faults
from support.env import Package, Skip
from support.larder import archive_table
from support.places import BUILD

TAB = "\ue004"

# WCAG 2.2's contrast of each text with what is behind it; those below 4.5 (3 for large text).
CONTRAST = """
const parse = c => { const m = c.match(/[\\d.]+/g).map(Number); return {rgb: m.slice(0, 3), a: m.length > 3 ? m[3] : 1}; };
const light = rgb => { const [r, g, b] = rgb.map(v => { v /= 255; return v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; });
  return .2126 * r + .7152 * g + .0722 * b; };
const behind = e => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor); if (c.a > 0) return c.rgb; }
  return [255, 255, 255]; };
const bad = [];
for (const e of document.querySelectorAll('body *')) {
  if (![...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim())) continue;
  const style = getComputedStyle(e), size = parseFloat(style.fontSize);
  const a = light(parse(style.color).rgb), b = light(behind(e));
  const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
  if (ratio < (size >= 24 ? 3 : 4.5)) bad.push(e.tagName + ' ' + e.className + ' ' + ratio.toFixed(2));
}
return bad;
"""


def colourful(env):
    """A larder with a suite in each state: fresh, failing, never had; and a mirror that is down."""
    if missing():
        raise Skip(f"no {missing()}")
    archive = env.archive(Package("alpha", size=300_000), Package("beta", size=2_000_000), Package("gamma", size=1000))
    for suite in ("bookworm", "bookworm-updates", "bookworm-security"):
        archive.publish(suite)
    upstream = env.hostile(archive.tree)
    other = env.archive(Package("delta"), name="extras")
    other.publish("stable")
    nginx = env.nginx(other.tree)
    dead = f"http://127.0.0.1:1/{'extras'}"
    larder = env.larder(
        archive_table("debian", f"{upstream.url}/debian", archive.keyring,
                      ("bookworm", "bookworm-updates", "bookworm-security", "trixie"), components=["main", "contrib"]),
        archive_table("extras", [dead, f"{nginx.url}/extras"], other.keyring))
    for path in ("dists/bookworm", "dists/bookworm-updates", "dists/bookworm-security", "dists/trixie"):
        larder.get(f"/debian/{path}/InRelease")
    larder.get("/debian/dists/bookworm/main/binary-amd64/Packages")
    for package in archive.packages * 4:
        larder.get(f"/debian/{package.pool_path}")
    larder.get("/extras/dists/stable/InRelease")
    larder.get("/debian/dists/%3Cscript%3Ealert(1)%3C%2Fscript%3E/InRelease")
    upstream.rule("/debian/dists/bookworm-security/*", faults.status(503, b"<script>alert(1)</script>"))
    larder.get("/debian/dists/bookworm-security/InRelease")
    return larder


def sound(browser, larder):
    """What must be true of every page in every shape."""
    assert browser.console() == [], browser.console()
    urls = browser.requests()
    assert urls and all(u.startswith(f"{larder.url}/") for u in urls if not u.startswith("data:")), urls
    assert browser.run("return document.documentElement.scrollWidth <= window.innerWidth"), browser.run(
        "return [document.documentElement.scrollWidth, window.innerWidth]")
    assert browser.run(CONTRAST) == [], browser.run(CONTRAST)
    assert browser.run("return document.scripts.length") == 0


def test_the_pages_render_without_errors_or_strangers_in_light_and_dark_and_on_a_phone(env):
    larder = colourful(env)
    with Chromium(env.folder("browser")) as browser:
        for name, path in (("home", "/"), ("archive", "/pages/archive/debian")):
            grounds = set()
            for width, dark in ((1280, False), (1280, True), (768, False), (360, False), (360, True)):
                browser.size(width, 900, dark)
                browser.open(larder.url + path)
                browser.screenshot(BUILD / "screens" / f"{name}-{width}{'-dark' if dark else ''}.png")
                sound(browser, larder)
                grounds.add((dark, browser.run("return getComputedStyle(document.body).backgroundColor")))
            assert len({colour for _, colour in grounds}) == 2, f"dark is not another colour: {grounds}"


def test_the_tables_are_tables_to_a_screen_reader_even_on_a_phone(env):
    larder = colourful(env)
    with Chromium(env.folder("browser")) as browser:
        for width in (1280, 360):
            browser.size(width, 900)
            browser.open(larder.url + "/")
            nodes = browser.devtools("Accessibility.getFullAXTree")["nodes"]
            roles = [n["role"]["value"] for n in nodes if not n.get("ignored")]
            assert roles.count("table") == 4, (width, roles.count("table"))
            assert roles.count("rowheader") >= 7 and roles.count("columnheader") == 18, (width, roles)
            assert roles.count("main") == 1 and roles.count("navigation") == 1
            headings = browser.run("return [...document.querySelectorAll('h1,h2,h3')].map(h => h.tagName)")
            assert headings[0] == "H1" and headings.count("H1") == 1, headings


def test_the_keyboard_reaches_the_content_first_and_every_link(env):
    larder = colourful(env)
    with Chromium(env.folder("browser")) as browser:
        browser.size(1280, 900)
        browser.open(larder.url + "/")
        links = browser.run("return document.querySelectorAll('a[href], pre[tabindex]').length")
        seen = []
        for _ in range(links):
            browser.press(TAB)
            seen.append(browser.run("const e = document.activeElement; const o = getComputedStyle(e);"
                                    "return [e.textContent.trim().slice(0, 30), o.outlineStyle !== 'none', "
                                    "e.getBoundingClientRect().left >= 0]"))
        assert seen[0][0] == "Skip to the content", seen
        assert all(visible and outlined for _, outlined, visible in seen), seen
        assert len({text for text, *_ in seen}) == links, seen
