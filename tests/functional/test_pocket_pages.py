"""The pages of pockets: without JavaScript, and in a real Chromium. Pictures go to build/screens."""

import hashlib

from browser.chromium import Chromium, missing
from support import debs
from support.debs import Package
from support.env import Skip
from support.places import BUILD
from test_api import TOKENS
from test_browser import sound
from test_browser_deployments import SHAPES, signed_in
from test_deployment_pages import page
from test_pockets import ARCHIVE, LIBRARY, PROPOSED, RELEASED, SERVICE, STAGING, Chain


def busy_chain(env):
    """Three pockets; a promotion against the gate's advice, with a reason that is markup; one of them is frozen."""
    tokens = [{"name": role, "role": role, "sha256": hashlib.sha256(text.encode()).hexdigest()}
              for role, text in TOKENS.items()]
    chain = Chain(env, token=tokens)
    chain.include(STAGING, SERVICE, LIBRARY, debs.source("service", "2.0")[0])
    chain.promote(STAGING)
    chain.promote(PROPOSED, "--only", "library")
    chain.include(STAGING, debs.source("service", "2.1")[0], Package("tool", "1:3.0~rc1"))
    chain.promote(STAGING, "--override", "<b>tonight</b>")
    chain.cli("pocket", "freeze", chain.name(RELEASED), "--reason", "release week")
    return chain


def test_the_chain_and_the_versions_at_each_stage_are_on_one_page(env):
    chain = busy_chain(env)
    seen = page(chain.larder, "/pages/pockets")
    for words in (*(chain.name(s) for s in (STAGING, PROPOSED, RELEASED)), "→ " + PROPOSED, "frozen", "1:3.0~rc1", "2.1"):
        assert words in seen.text, words
    assert f"/pages/pockets/{ARCHIVE}/{STAGING}" in seen.links


def test_a_pocket_s_page_tells_who_and_why_to_those_who_may_know(env):
    chain = busy_chain(env)
    everybody = page(chain.larder, f"/pages/pockets/{ARCHIVE}/{PROPOSED}")
    assert "closed: failed" in everybody.text and "overridden" in everybody.text
    assert "tested" not in everybody.text and "sign in" in everybody.text
    reader = page(chain.larder, f"/pages/pockets/{ARCHIVE}/{PROPOSED}", token=TOKENS["read"])
    assert "tested" in reader.text and "root" in reader.text and "<b>tonight</b>" in reader.text


def test_a_pocket_that_is_not_there_is_not_found(env):
    chain = Chain(env, chain=())
    for path in ("/cloud/nothing", "/cloud", "/cloud/x%20y"):
        page(chain.larder, "/pages/pockets" + path, status=404)
    assert "There is none yet" in page(chain.larder, "/pages/pockets").text


def test_the_pages_of_pockets_render_in_light_and_dark_and_on_a_phone(env):
    if missing():
        raise Skip(f"no {missing()}")
    chain = busy_chain(env)
    with Chromium(env.folder("browser")) as browser:
        signed_in(browser, chain.larder)
        for name, path in {"pockets": "", "pocket": f"/{ARCHIVE}/{PROPOSED}", "pocket-frozen": f"/{ARCHIVE}/{RELEASED}"}.items():
            for width, dark in SHAPES:
                browser.size(width, 900, dark)
                browser.open(chain.larder.url + "/pages/pockets" + path)
                browser.screenshot(BUILD / "screens" / f"{name}-{width}{'-dark' if dark else ''}.png")
                sound(browser, chain.larder)
