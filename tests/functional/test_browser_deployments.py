"""The pages of deployments in a real Chromium, signed in with a token. Pictures go to build/screens."""

from browser.chromium import Chromium, missing
from support.env import Skip
from support.places import BUILD
from test_api import TOKENS
from test_browser import TAB, sound
from test_deployment_pages import fleet_with_tokens
from test_deployments import Unit

ENTER = "\ue007"
SHAPES = ((1280, False), (1280, True), (768, False), (360, False), (360, True))


def busy_fleet(env):
    """A deployment with three generations, a unit that agrees and two that do not, a file at risk and a lost one; and a
    removed deployment."""
    if missing():
        raise Skip(f"no {missing()}")
    fleet = fleet_with_tokens(env)
    fleet.create("web", "--reason", "the first machines", "--hold", "full")
    token = fleet.cli("deployment", "token", "web").strip()
    for name, version in (("web-1.rack-3.example.org", "1.0"), ("web-2", "0.9"), ("web-3", "2.0")):
        unit = Unit(fleet, name, token)
        unit.has(version)
        unit.report()
    fleet.moves_on()
    fleet.json("deployment", "fetch", "web", check=3)
    fleet.cli("deployment", "upgrade", "web", "--reason", "library 2.0 mends the login")
    fleet.cli("deployment", "rollback", "web", "--reason", "<b>it broke</b> " + "very " * 30)
    fleet.create("old", "--reason", "for a while")
    fleet.cli("deployment", "remove", "old", "--yes")
    return fleet


def signed_in(browser, larder):
    """Once: the browser shows the token on every page from then on."""
    browser.open(larder.url.replace("//", f"//me:{TOKENS['read']}@") + "/pages/sign-in")
    assert browser.run("return location.pathname") == "/pages/deployments"
    browser.requests(), browser.console()


PAGES = {"deployments": "", "deployment": "/web", "deployment-removed": "/old", "generation": "/web/2", "generation-first": "/web/1",
         "rollback": "/web/3", "units": "/web/units", "unit": "/web/units/web-2", "holding": "/web/holding"}


def test_the_pages_of_deployments_render_in_light_and_dark_and_on_a_phone(env):
    fleet = busy_fleet(env)
    with Chromium(env.folder("browser")) as browser:
        signed_in(browser, fleet.larder)
        for name, path in PAGES.items():
            for width, dark in SHAPES:
                browser.size(width, 900, dark)
                browser.open(fleet.larder.url + "/pages/deployments" + path)
                browser.screenshot(BUILD / "screens" / f"{name}-{width}{'-dark' if dark else ''}.png")
                assert browser.run("return document.querySelector('h1').textContent") != "This needs a token", name
                sound(browser, fleet.larder)


def test_the_tables_of_deployments_are_tables_to_a_screen_reader_even_on_a_phone(env):
    fleet = busy_fleet(env)
    expected = {"": (1, 2), "/web": (2, 4), "/web/2": (2, 3), "/web/units": (1, 3), "/web/units/web-2": (1, 2),
                "/web/holding": (1, 2)}
    with Chromium(env.folder("browser")) as browser:
        signed_in(browser, fleet.larder)
        for path, (tables, rows) in expected.items():
            for width in (1280, 360):
                browser.size(width, 900)
                browser.open(fleet.larder.url + "/pages/deployments" + path)
                nodes = browser.devtools("Accessibility.getFullAXTree")["nodes"]
                roles = [n["role"]["value"] for n in nodes if not n.get("ignored")]
                assert (roles.count("table"), roles.count("rowheader")) == (tables, rows), (path, width, roles)
                assert roles.count("main") == 1 and roles.count("columnheader") >= 4 * tables, (path, roles)
                headings = browser.run("return [...document.querySelectorAll('h1,h2,h3')].map(h => +h.tagName[1])")
                assert headings.count(1) == 1 and headings[0] == 1, (path, headings)
                assert all(b <= a + 1 for a, b in zip(headings, headings[1:])), (path, headings)


def test_the_keyboard_goes_from_the_list_to_a_difference_and_each_link_is_seen(env):
    fleet = busy_fleet(env)
    with Chromium(env.folder("browser")) as browser:
        signed_in(browser, fleet.larder)
        for path in ("", "/web", "/web/2", "/web/units", "/web/holding"):
            browser.size(1280, 900)
            browser.open(fleet.larder.url + "/pages/deployments" + path)
            count = browser.run("return document.querySelectorAll('a[href], pre[tabindex]').length")
            seen = set()
            for _ in range(count):
                browser.press(TAB)
                seen.add(browser.run("const e = document.activeElement, o = getComputedStyle(e);"
                                     "return [...document.querySelectorAll('a[href], pre[tabindex]')].indexOf(e) + "
                                     "(o.outlineStyle !== 'none' && e.getBoundingClientRect().left >= 0 ? '' : ' unseen')"))
            assert seen == {str(n) for n in range(count)}, (path, seen)
        browser.open(fleet.larder.url + "/pages/deployments")
        for words in ("web", "since 1"):
            for _ in range(60):
                browser.press(TAB)
                if browser.run("return document.activeElement.textContent") == words:
                    break
            browser.press(ENTER)
        where = browser.run("return [location.pathname + location.hash, document.body.textContent.includes('upgraded')]")
        assert where == ["/pages/deployments/web/2#changes", True], where
