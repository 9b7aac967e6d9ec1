"""The page of keys: without JavaScript, and in a real Chromium. Pictures go to build/screens."""

import time

from browser.chromium import Chromium, missing
from support.env import Skip
from support.places import BUILD
from test_archive_keys import keys_of
from test_browser import sound
from test_browser_deployments import SHAPES
from test_deployment_pages import page
from test_pockets import ARCHIVE, STAGING, Chain


def busy_keys(env):
    """One key that leaves, two of which one is revoked, one that is coming and ends soon."""
    chain = Chain(env, chain=(STAGING,))
    chain.cli("key", "rotate", ARCHIVE)
    chain.cli("key", "rotate", ARCHIVE)
    chain.cli("key", "revoke", ARCHIVE, keys_of(chain)[1], "--reason", "stolen")
    soon = chain.json("key", "generate", ARCHIVE)["fingerprint"]
    chain.cli("key", "expire", ARCHIVE, soon, "--at", tomorrow())
    chain.cli("key", "package", ARCHIVE)
    return chain


def tomorrow():
    return time.strftime("%Y-%m-%d", time.gmtime(time.time() + 86400))


def test_the_page_of_keys_says_what_each_does(env):
    chain = busy_keys(env)
    seen = page(chain.larder, "/pages/keys")
    for words in (*keys_of(chain), "signs, and leaves", "revoked", "coming", "it ends on " + tomorrow(), f"{ARCHIVE}-keyring 2"):
        assert words in seen.text, words
    assert f"/keys/{ARCHIVE}.asc" in seen.links
    chain.larder.stop()
    status = chain.cli("status").stdout
    assert "No server is running" in status and "it ends on " + tomorrow() in status, status


def test_without_an_archive_of_one_s_own_the_page_says_how_to_make_one(env):
    assert "There is none yet" in page(env.larder(), "/pages/keys").text


def test_the_page_of_keys_renders_in_light_and_dark_and_on_a_phone(env):
    if missing():
        raise Skip(f"no {missing()}")
    chain = busy_keys(env)
    with Chromium(env.folder("browser")) as browser:
        for width, dark in SHAPES:
            browser.size(width, 900, dark)
            browser.open(chain.larder.url + "/pages/keys")
            browser.screenshot(BUILD / "screens" / f"keys-{width}{'-dark' if dark else ''}.png")
            sound(browser, chain.larder)
