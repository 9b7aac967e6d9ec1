"""The Atom feeds of publications, read with an XML parser, against RFC 4287."""

import re
from datetime import datetime
from typing import NamedTuple
from urllib.parse import urlsplit
from xml.etree import ElementTree

from support import debs
from support.debs import Package
from test_deployment_pages import as_password, page
from test_pocket_steps_on_the_page import ROLES, chain_with_tokens
from test_pockets import ARCHIVE, LIBRARY, PROPOSED, RELEASED, SERVICE, STAGING

ATOM = "{http://www.w3.org/2005/Atom}"
ALL, ONE = "/pages/pockets/feed.atom", f"/pages/pockets/{ARCHIVE}/{PROPOSED}/feed.atom"


def lived_in(env):
    chain = chain_with_tokens(env)
    chain.include(STAGING, SERVICE, LIBRARY, debs.source("service", "2.1")[0])
    chain.promote(STAGING, "--override", "<b>&tonight</b> \uffff")
    return chain


class Feed(NamedTuple):
    answer: object
    root: ElementTree.Element
    entries: list


def feed(larder, path, token=None, **headers):
    """The feed; what RFC 4287 asks of every feed (4.1.1) and entry (4.1.2) holds."""
    if token:
        headers["Authorization"] = as_password(token)
    answer = larder.get(path, Host=urlsplit(larder.url).netloc, **headers)
    assert answer.status == 200 and answer.headers["content-type"] == "application/atom+xml; charset=utf-8", answer
    root = ElementTree.fromstring(answer.body)
    assert root.tag == ATOM + "feed"
    entries = root.findall(ATOM + "entry")
    for one in (root, *entries):
        for required in ("id", "title", "updated"):
            assert len(one.findall(ATOM + required)) == 1 and one.findtext(ATOM + required), required
        assert re.fullmatch(r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", one.findtext(ATOM + "id"))
        datetime.fromisoformat(one.findtext(ATOM + "updated").replace("Z", "+00:00"))
        assert [link for link in one.findall(ATOM + "link") if link.get("rel") == "alternate"]
        assert all(urlsplit(link.get("href")).scheme == "http" for link in one.findall(ATOM + "link"))
    assert root.find(f"{ATOM}author/{ATOM}name").text
    assert [link.get("href") for link in root.findall(ATOM + "link") if link.get("rel") == "self"] == [larder.url + path]
    ids = [one.findtext(ATOM + "id") for one in (root, *entries)]
    assert len(set(ids)) == len(ids)
    updated = [one.findtext(ATOM + "updated") for one in entries]
    assert updated == sorted(updated, reverse=True) and root.findtext(ATOM + "updated") == max(updated, default="1970-01-01T00:00:00Z")
    return Feed(answer, root, entries)


def text_of(one):
    return " ".join(one.root.itertext())


def test_publications_are_a_feed_of_all_pockets_and_of_each(env):
    chain = lived_in(env)
    everything, one = feed(chain.larder, ALL), feed(chain.larder, ONE)
    assert len(everything.entries) == 5 and len(one.entries) == 2
    assert one.entries[0].findtext(ATOM + "title") == f"{chain.name(PROPOSED)} 2: promote from {chain.name(STAGING)} 2"
    assert "3 added" in one.entries[0].findtext(ATOM + "summary") and "OVERRIDDEN" in one.entries[0].findtext(ATOM + "summary")
    for entry in one.entries:
        page(chain.larder, urlsplit(entry.find(ATOM + "link").get("href")).path)
    for path, where in (("/pages/pockets", ALL), (f"/pages/pockets/{ARCHIVE}/{PROPOSED}", ONE)):
        named = re.findall(r'<link rel="alternate" type="application/atom\+xml" title="Publications" href="([^"]+)">',
                           page(chain.larder, path).answer.body.decode())
        assert named == [where]


def test_who_and_why_stand_in_the_feed_of_those_with_a_token(env):
    chain = lived_in(env)
    assert "tested" not in text_of(feed(chain.larder, ONE))
    reader = feed(chain.larder, ONE, ROLES["read"])
    assert "Why: tested" in reader.entries[0].findtext(ATOM + "summary")
    assert reader.entries[0].find(f"{ATOM}author/{ATOM}name").text == "root"
    assert "private" in reader.answer.headers["cache-control"] and reader.answer.headers["vary"] == "Authorization"


def test_an_entry_keeps_its_id_for_ever(env):
    chain = lived_in(env)
    ids = [e.findtext(ATOM + "id") for e in feed(chain.larder, ONE).entries]
    whole = feed(chain.larder, ALL).root.findtext(ATOM + "id")
    chain.include(PROPOSED, Package("tool", "1.0"))
    chain.larder.restart()
    now = feed(chain.larder, ONE, ROLES["read"])
    assert [e.findtext(ATOM + "id") for e in now.entries][1:] == ids
    assert feed(chain.larder, ALL).root.findtext(ATOM + "id") == whole


def test_what_a_reader_has_is_not_sent_again(env):
    chain = lived_in(env)
    had = feed(chain.larder, ONE).answer.headers
    assert re.fullmatch(r'"[0-9a-f]{32}"', had["etag"]) and had["last-modified"].endswith(" GMT")
    same = chain.larder.get(ONE, Host=urlsplit(chain.larder.url).netloc, If_None_Match=had["etag"])
    assert same.status == 304 and same.body == b"" and same.headers["etag"] == had["etag"], same
    chain.include(PROPOSED, Package("tool", "1.0"))
    assert chain.larder.get(ONE, Host=urlsplit(chain.larder.url).netloc, If_None_Match=had["etag"]).status == 200


def test_there_is_a_feed_before_anything_is_published_and_none_of_what_is_not_there(env):
    chain = chain_with_tokens(env, chain=())
    assert feed(chain.larder, ALL).entries == []
    for path in (f"/pages/pockets/{ARCHIVE}/none/feed.atom", f"/pages/pockets/{ARCHIVE}/feed.atom", "/pages/pockets/x%20y/z/feed.atom"):
        assert chain.larder.get(path).status == 404, path
