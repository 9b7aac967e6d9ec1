"""A pocket is promoted and rolled back from its page: by forms that work without JavaScript, and only by ours."""

import hashlib
import re
from html.parser import HTMLParser
from urllib.parse import urlencode, urlsplit

from browser.chromium import Chromium, missing
from support import client, debs
from support.debs import Package
from support.env import Skip
from support.places import BUILD
from support.process import wait_for
from test_api import TOKENS
from test_browser import sound
from test_browser_deployments import SHAPES
from test_deployment_pages import as_password, page
from test_pages import BROWSER
from test_pockets import ARCHIVE, LIBRARY, PROPOSED, RELEASED, SERVICE, STAGING, Chain

ROLES = {**TOKENS, "promote": "token-of-a-promoter", "other": "token-of-another-promoter"}
OURS = {"Sec_Fetch_Site": "same-origin"}


def chain_with_tokens(env, **more):
    tokens = [{"name": f"the-{name}", "role": "promote" if name == "other" else name,
               "sha256": hashlib.sha256(text.encode()).hexdigest()} for name, text in ROLES.items()]
    return Chain(env, token=tokens, **more)


def ready_chain(env):
    """Two packages wait in the first pocket, and the gate has nothing against them."""
    chain = chain_with_tokens(env)
    chain.include(STAGING, SERVICE, LIBRARY, debs.source("service", "2.0")[0])
    return chain


class Forms(HTMLParser):
    """The forms of a page: where each goes to, and what is in it."""

    def __init__(self, text):
        super().__init__()
        self.forms = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "form":
            self.forms.append({"method": attributes["method"], "action": attributes["action"], "fields": {}})
        if tag == "input":
            self.forms[-1]["fields"][attributes["name"]] = attributes.get("value", "")


def url_of(suite, query=""):
    return f"/pages/pockets/{ARCHIVE}/{suite}" + (f"?{query}" if query else "")


def form_on(chain, path, role="promote"):
    """The form that does something, of the page that asks for agreement."""
    shown = page(chain.larder, path, token=ROLES[role])
    assert "form-action 'self'" in shown.answer.headers["content-security-policy"]
    return shown, next((f for f in Forms(shown.answer.body.decode()).forms if f["method"] == "post"), None)


def send(chain, form, role="promote", more=None, headers=OURS, **fields):
    body = urlencode({**form["fields"], "reason": "tested", **fields}).encode()
    headers = {**BROWSER, "Host": urlsplit(chain.larder.url).netloc, "Content_Type": "application/x-www-form-urlencoded", "Content_Length": str(len(body)), **headers}
    if role:
        headers["Authorization"] = as_password(ROLES[role])
    with chain.larder.connection() as connection:
        connection.send(client.request(form["action"], "POST", **headers) + body)
        answer = connection.read("POST")
    assert answer.complete, answer
    return answer


def last(chain, suite):
    return chain.json("pocket", "history", chain.name(suite))["publications"][0]


def test_the_page_shows_what_waits_for_the_next_pocket_and_what_the_gate_says(env):
    chain = ready_chain(env)
    listed = page(chain.larder, "/pages/pockets")
    assert "3 packages wait" in listed.text and "nothing waits" in listed.text
    everybody = page(chain.larder, url_of(STAGING))
    assert re.search(r"service amd64 added — 2\.0", everybody.text), everybody.text
    assert "closed: passed" not in everybody.text and "sign in" in everybody.text
    reader = page(chain.larder, url_of(STAGING), token=ROLES["read"])
    dry = chain.promote(STAGING, "--dry-run").stdout
    for words in ("closed: passed", "forwards: passed", "installable: passed"):
        assert words in reader.text and words in dry, words
    chain.promote(STAGING)
    assert "Nothing: both have the same" in page(chain.larder, url_of(STAGING)).text
    assert "3 packages wait" in page(chain.larder, "/pages/pockets").text


def test_of_many_packages_that_wait_the_first_are_shown_and_the_rest_counted(env):
    chain = chain_with_tokens(env)
    chain.include(STAGING, *(Package(f"part-{n}", "1.0", size=100) for n in range(230)))
    shown = page(chain.larder, url_of(STAGING))
    assert "230 packages change" in shown.text and "there are 30 more" in shown.text, shown.text
    assert shown.text.count(" added — ") == 200


def test_a_promotion_from_the_page_is_shown_agreed_to_and_stands_in_the_history(env):
    chain = ready_chain(env)
    shown, form = form_on(chain, url_of(STAGING, "do=promote"))
    assert re.search(r"service amd64 added — 2\.0", shown.text) and "installable: passed" in shown.text
    assert f"publication 2 of {chain.name(STAGING)} and publication 1 of {chain.name(PROPOSED)}" in shown.text
    assert last(chain, PROPOSED)["number"] == 1
    done = send(chain, form, reason="geprüft & gut")
    assert (done.status, done.headers["location"]) == (303, url_of(PROPOSED, "done=2")), done
    after = page(chain.larder, done.headers["location"], token=ROLES["promote"])
    assert f"Done: publication 2, promote from {chain.name(STAGING)} 2" in after.text
    made = last(chain, PROPOSED)
    assert (made["by"], made["reason"], made["step"]) == ("token the-promote", "geprüft & gut", "promote")
    assert chain.index(PROPOSED) == chain.index(STAGING)


def test_only_the_named_sources_are_promoted(env):
    chain = ready_chain(env)
    shown, form = form_on(chain, url_of(STAGING, "do=promote&only=library"))
    assert "Only these sources: library" in shown.text and "service amd64" not in shown.text
    assert send(chain, {**form, "fields": {**form["fields"], "only": ""}}).status == 403
    assert send(chain, form).status == 303
    assert re.findall(rb"^Package: (\S+)$", chain.index(PROPOSED), re.M) == [b"library"]


def test_what_was_not_shown_is_not_promoted(env):
    chain = ready_chain(env)
    _, form = form_on(chain, url_of(STAGING, "do=promote"))
    chain.include(STAGING, Package("tool", "1.0"))
    late = send(chain, form)
    assert late.status == 409 and b"what comes has changed meanwhile" in late.body, late
    _, form = form_on(chain, url_of(STAGING, "do=promote"))
    chain.include(PROPOSED, Package("fix", "1.0"))
    late = send(chain, form)
    assert late.status == 409 and b"the pocket has changed meanwhile" in late.body, late
    assert last(chain, PROPOSED)["step"] == "include"
    again = Forms(page(chain.larder, url_of(STAGING, "do=promote"), token=ROLES["promote"]).answer.body.decode()).forms[0]
    assert send(chain, again).status == 303
    twice = send(chain, again)
    assert twice.status == 409 and last(chain, PROPOSED)["number"] == 3, twice


def test_a_form_of_another_page_or_of_another_caller_does_nothing(env):
    chain = ready_chain(env)
    _, form = form_on(chain, url_of(STAGING, "do=promote"))
    for headers in ({"Sec_Fetch_Site": "cross-site"}, {"Sec_Fetch_Site": "same-site"}, {"Origin": "http://evil.example"},
                    {"Origin": "null"}, {"Origin": "http://evil.example", "Sec_Fetch_Site": "same-origin"}):
        refused = send(chain, form, headers=headers)
        assert refused.status == 403 and b"a page elsewhere" in refused.body, (headers, refused)
    for role, status in ((None, 401), ("read", 403), ("upload", 403), ("other", 403)):
        assert send(chain, form, role=role).status == status, role
    assert send(chain, {**form, "fields": {**form["fields"], "seal": "0" * 64}}).status == 403
    assert send(chain, form, reason="  ").status == 400
    assert send(chain, form, headers={**OURS, "Content_Type": "text/plain"}).status == 400
    assert send(chain, {**form, "action": url_of("nothing")}).status == 403
    assert last(chain, PROPOSED)["number"] == 1
    assert send(chain, form, headers={"Origin": chain.larder.url}).status == 303


def test_a_password_does_no_more_in_the_api_than_before(env):
    chain = ready_chain(env)
    body = b'{"pocket": "%s", "reason": "x"}' % chain.name(STAGING).encode()
    with chain.larder.connection() as connection:
        connection.send(client.request("/api/v1/jobs/pocket_promote", "POST", Content_Type="application/json",
                                       Content_Length=str(len(body)), Authorization=as_password(ROLES["promote"])) + body)
        assert connection.read("POST").status == 403


def test_the_forms_are_shown_only_to_those_who_may(env):
    chain = ready_chain(env)
    for role, expected in ((None, 0), ("read", 0), ("upload", 0), ("promote", 1), ("admin", 1)):
        seen = page(chain.larder, url_of(STAGING), token=role and ROLES[role])
        assert seen.seen.count("form") == expected, role
    asked = chain.larder.get(url_of(STAGING, "do=promote"), **BROWSER)
    assert asked.status == 401 and asked.headers["www-authenticate"].startswith("Basic"), asked
    page(chain.larder, url_of(STAGING, "do=promote"), 403, ROLES["read"])


def test_what_the_gate_refuses_only_an_admin_sets_aside_and_it_stays_red(env):
    chain = ready_chain(env)
    chain.include(STAGING, debs.source("service", "2.1")[0])
    shown, form = form_on(chain, url_of(STAGING, "do=promote"))
    assert form is None and "Only a token with the role admin" in shown.text and "closed: failed" in shown.text
    shown, form = form_on(chain, url_of(STAGING, "do=promote"), "admin")
    refused = send(chain, form, "admin", override="")
    assert refused.status == 409 and b"closed: failed" in refused.body and last(chain, PROPOSED)["number"] == 1
    assert send(chain, form, "admin", override="<b>tonight</b>").status == 303
    assert last(chain, PROPOSED)["overridden"] == "<b>tonight</b>"
    seen = page(chain.larder, url_of(PROPOSED), token=ROLES["read"])
    assert "<b>tonight</b>" in seen.text and "b" not in seen.seen
    assert '<span class="danger">&lt;b&gt;tonight' in seen.answer.body.decode()


def test_a_rollback_from_the_page_shows_what_goes_back(env):
    chain = ready_chain(env)
    chain.promote(STAGING)
    chain.include(PROPOSED, Package("library", "3.0", arch="all"))
    seen = page(chain.larder, url_of(PROPOSED), token=ROLES["promote"])
    assert url_of(PROPOSED, "do=rollback&to=2") in seen.links and "in force" in seen.text
    shown, form = form_on(chain, url_of(PROPOSED, "do=rollback&to=2"))
    assert re.search(r"library all downgraded 3\.0 2\.0", shown.text), shown.text
    chain.include(PROPOSED, Package("tool", "1.0"))
    assert send(chain, form).status == 409
    _, form = form_on(chain, url_of(PROPOSED, "do=rollback&to=2"))
    assert send(chain, form, reason="it broke").status == 303
    made = last(chain, PROPOSED)
    assert (made["step"], made["origin"], made["reason"]) == ("rollback", 2, "it broke")
    assert b"Version: 3.0" not in chain.index(PROPOSED)
    for query, status in (("do=rollback&to=99", 404), ("do=rollback&to=5", 403)):
        page(chain.larder, url_of(PROPOSED, query), status, ROLES["promote"])


def test_a_frozen_pocket_shows_what_waits_and_who_froze_it_but_takes_nothing(env):
    chain = ready_chain(env)
    _, form = form_on(chain, url_of(STAGING, "do=promote"))
    chain.cli("pocket", "freeze", chain.name(PROPOSED), "--reason", "release week")
    shown, none = form_on(chain, url_of(STAGING, "do=promote"))
    assert none is None and "service amd64 added" in shown.text and "it is frozen" in shown.text
    refused = send(chain, form)
    assert refused.status == 403 and b"frozen: release week" in refused.body, refused
    reader = page(chain.larder, url_of(PROPOSED), token=ROLES["read"])
    assert re.search(r"It is frozen by root since [-0-9]+ [:0-9]+ UTC: release week", reader.text), reader.text
    assert "release week" not in page(chain.larder, url_of(PROPOSED)).text + page(chain.larder, url_of(STAGING)).text


def test_after_the_end_of_support_the_page_says_so_and_promotes_nothing(env):
    chain = ready_chain(env)
    _, form = form_on(chain, url_of(STAGING, "do=promote"), "admin")
    chain.cli("pocket", "change", chain.name(PROPOSED), "--supported-until", "2020-01-31", "--reason", "x")
    shown, none = form_on(chain, url_of(STAGING, "do=promote"), "admin")
    assert none is None and "has ended. larder pocket promote --past-support" in shown.text, shown.text
    refused = send(chain, form, "admin")
    assert refused.status == 403 and b"--past-support" in refused.body, refused
    assert "support ended" in page(chain.larder, url_of(PROPOSED)).text
    assert "2020-01-31" in page(chain.larder, "/pages/pockets").text


def test_the_pages_of_a_suite_with_slashes_have_their_steps_and_feed(env):
    chain = chain_with_tokens(env, chain=("folsom/staging", "folsom/released"))
    chain.include("folsom/staging", Package("tool", "1.0"))
    _, form = form_on(chain, url_of("folsom/staging", "do=promote"))
    assert form["action"] == url_of("folsom/staging") and send(chain, form).status == 303
    assert last(chain, "folsom/released")["step"] == "promote"
    assert b"<entry>" in chain.larder.good(url_of("folsom/released") + "/feed.atom").body


def test_readers_see_who_may_do_what(env):
    chain = ready_chain(env)
    chain.cli("pocket", "override", "set", chain.name(STAGING), "service", "--section", "net", "--reason", "x")
    chain.cli("pocket", "change", chain.name(RELEASED), "--upgrades-from", chain.name(STAGING), "--reason", "x")
    reader = page(chain.larder, url_of(STAGING), token=ROLES["read"])
    assert "Tokens: promote the-promote, the-other" in reader.text, reader.text
    assert "Tokens: admin the-admin" in reader.text and "service section net" in reader.text
    assert f"Upgrades to {chain.name(RELEASED)}" in reader.text
    assert "the-admin" not in page(chain.larder, url_of(STAGING)).text


def test_a_browser_promotes_and_rolls_back_and_all_of_it_looks_right(env):
    if missing():
        raise Skip(f"no {missing()}")
    chain = ready_chain(env)
    chain.promote(STAGING)
    chain.include(STAGING, debs.source("service", "2.1")[0], Package("tool", "1:3.0~rc1"))
    with Chromium(env.folder("browser")) as browser:
        browser.open(chain.larder.url.replace("//", f"//me:{ROLES['admin']}@") + "/pages/sign-in")
        browser.open(chain.larder.url + "/pages/pockets")  # the icon, with the password in its URL, was asked for before
        browser.requests(), browser.console()
        browser.devtools("Emulation.setScriptExecutionDisabled", value=True)
        pages = {"steps-all": "/pages/pockets", "steps-pocket": url_of(STAGING), "steps-promote": url_of(STAGING, "do=promote"),
                 "steps-rollback": url_of(STAGING, "do=rollback&to=1")}
        for name, path in pages.items():
            for width, dark in SHAPES:
                browser.size(width, 900, dark)
                browser.open(chain.larder.url + path)
                browser.screenshot(BUILD / "screens" / f"{name}-{width}{'-dark' if dark else ''}.png")
                sound(browser, chain.larder)
        browser.open(chain.larder.url + url_of(STAGING))
        press(browser, "form button")
        fill(browser, "#reason", "looked at")
        fill(browser, "#override", "the binaries follow tonight")
        press(browser, "form button")
        element(browser, "[role=status]")
        where = urlsplit(browser.run("return location.href"))
        assert (where.path, where.query) == (url_of(PROPOSED), "done=3"), where
        assert last(chain, PROPOSED)["overridden"] == "the binaries follow tonight"
        for width, dark in SHAPES:
            browser.size(width, 900, dark)
            browser.open(where.geturl())
            browser.screenshot(BUILD / "screens" / f"steps-done-{width}{'-dark' if dark else ''}.png")
            sound(browser, chain.larder)


def element(browser, selector):
    """The first such, when the page that is on its way has it."""
    wanted = {"using": "css selector", "value": selector}
    [found, *_] = wait_for(lambda: browser.ask("POST", "/elements", wanted), f"{selector} on the page", 20)
    return next(iter(found.values()))


def press(browser, selector):
    browser.ask("POST", f"/element/{element(browser, selector)}/click")


def fill(browser, selector, text):
    browser.ask("POST", f"/element/{element(browser, selector)}/value", {"text": text})
