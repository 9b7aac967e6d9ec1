"""The pages of deployments, and what the API tells of them at once."""

import base64
import hashlib
import re
from html.parser import HTMLParser

from test_api import TOKENS, ask, conforms
from test_deployments import Unit
from test_pages import BROWSER

from support.fleet import BY_HAND, Fleet

VOID = {"meta", "link", "br", "path", "rect", "input"}


def fleet_with_tokens(env, **settings):
    fleet = Fleet(env, store=BY_HAND, **settings)
    fleet.larder.tables["token"] = [{"name": role, "role": role, "sha256": hashlib.sha256(text.encode()).hexdigest()}
                                    for role, text in TOKENS.items()]
    fleet.larder.write_config()
    fleet.larder.restart()
    return fleet


def two_generations(env):
    fleet = fleet_with_tokens(env)
    fleet.create("web", "--reason", "the first machines")
    fleet.moves_on()
    fleet.cli("deployment", "upgrade", "web", "--reason", "a fix")
    return fleet


class WellFormed(HTMLParser):
    """Every element is closed, in order; ids are unique; every table has a caption and headings."""

    def __init__(self, text):
        super().__init__()
        self.open, self.ids, self.seen, self.text, self.links = [], [], [], "", []
        self.feed(text)
        self.close()
        assert not self.open, self.open
        assert len(set(self.ids)) == len(self.ids), self.ids
        assert self.seen.count("h1") == 1 and self.seen.count("main") == 1, self.seen
        assert self.seen.count("table") == self.seen.count("caption") == self.seen.count("thead")

    def handle_starttag(self, tag, attributes):
        self.seen.append(tag)
        self.text += " "
        attributes = dict(attributes)
        if "id" in attributes:
            self.ids.append(attributes["id"])
        if tag == "a":
            self.links.append(attributes["href"])
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        assert tag in VOID, tag

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, (tag, self.open)
        self.open.pop()

    def handle_data(self, data):
        self.text += data


def as_password(token):
    return "Basic " + base64.b64encode(f"me:{token}".encode()).decode()


def page(larder, path, status=200, token=None, **headers):
    """The page, well-formed, with its words in .text without runs of blanks."""
    if token:
        headers["Authorization"] = as_password(token)
    answer = larder.get(path, **{**BROWSER, **headers})
    assert answer.complete and answer.status == status, (path, answer)
    assert answer.headers["content-type"] == "text/html; charset=utf-8", answer
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    read = WellFormed(answer.body.decode())
    read.text, read.answer = re.sub(r"\s+", " ", read.text), answer
    return read


def test_every_page_links_to_the_list_and_the_list_to_each_deployment(env):
    fleet = two_generations(env)
    assert "/pages/deployments" in page(fleet.larder, "/").links
    listed = page(fleet.larder, "/pages/deployments")
    assert "1 deployment" in listed.text and "in force" in listed.text and "debian/stable" in listed.text
    assert {"/pages/deployments/web", "/pages/deployments/web/2"} <= set(listed.links), listed.links
    one = page(fleet.larder, "/pages/deployments/web")
    assert {"/pages/deployments/web/1", "/pages/deployments/web/2#changes"} <= set(one.links), one.links
    assert "upgrade" in one.text and "create" in one.text


def test_a_page_without_any_deployment_says_how_to_make_one(env):
    fleet = Fleet(env)
    assert "larder deployment create" in page(fleet.larder, "/pages/deployments").text


def test_a_generation_shows_what_changed_since_the_one_before_or_any_other(env):
    fleet = two_generations(env)
    fleet.cli("deployment", "rollback", "web")
    for _ in range(2):  # worked out, and remembered
        second = page(fleet.larder, "/pages/deployments/web/2")
        assert "From generation 1 to 2" in second.text and "former" in second.text
        assert re.search(r"library upgraded 1\.0 2\.0", second.text), second.text
        assert "Upgraded 2 packages" in second.text and "Added 0 packages" in second.text, second.text
    third = page(fleet.larder, "/pages/deployments/web/3")
    assert "rollback to generation 1" in third.text and "downgraded" in third.text and "in force" in third.text
    same = page(fleet.larder, "/pages/deployments/web/3?against=1")
    assert "From generation 1 to 3" in same.text and "the same suites at the same states" in same.text, same.text
    assert "downgraded" in page(fleet.larder, "/pages/deployments/web/1?against=2").text
    first = page(fleet.larder, "/pages/deployments/web/1")
    assert "This is the first generation" in first.text and "/pages/deployments/web/1?against=2#changes" in first.links


def test_what_is_not_there_is_a_page_with_404(env):
    fleet = two_generations(env)
    reader = TOKENS["read"]
    for path in ("none", "none/1", "none/units", "none/holding", "web/0", "web/3", "web/2?against=9", "web/2?against=x",
                 "web/x", "web/1x", "web/2/more", "web/units/nobody", "web/units/a/b", "web/%3Cscript%3E", "%3Cscript%3E",
                 "web/99999999999999999999"):
        read = page(fleet.larder, f"/pages/deployments/{path}", 404, reader)
        assert "script" not in read.seen, path


def test_units_and_holding_and_reasons_are_for_those_with_a_token(env):
    fleet = two_generations(env)
    for path in ("web/units", "web/units/web-1", "web/holding", "none/units"):
        for token in (None, "wrong-token"):
            answer = page(fleet.larder, f"/pages/deployments/{path}", 401, token).answer
            assert answer.headers["www-authenticate"].startswith("Basic "), answer
    for path in ("/pages/deployments/web", "/pages/deployments/web/2"):
        assert "a fix" not in page(fleet.larder, path).text
        assert "a fix" in page(fleet.larder, path, token=TOKENS["read"]).text
    assert page(fleet.larder, "/pages/sign-in", 401).answer.headers["www-authenticate"].startswith("Basic ")
    signed_in = fleet.larder.get("/pages/sign-in", Authorization=as_password(TOKENS["read"]))
    assert signed_in.status == 303 and signed_in.headers["location"] == "/pages/deployments"


def test_a_password_in_a_browser_is_good_for_reading_alone(env):
    fleet = fleet_with_tokens(env)
    admin = as_password(TOKENS["admin"])
    assert ask(fleet.larder, "/whoami", role=None, Authorization=admin)[1] == {"role": "read"}
    assert ask(fleet.larder, "/jobs/gc", "POST", None, {}, Authorization=admin)[0] == 403
    assert ask(fleet.larder, "/store", role=None, Authorization=admin)[0] == 403
    asked = fleet.larder.get("/api/v1/deployments", **BROWSER).head.lower()
    assert b"www-authenticate: bearer" in asked and b"www-authenticate: basic" in asked
    assert b"basic" not in fleet.larder.get("/api/v1/deployments").head.lower()


def test_units_and_how_they_differ_are_shown_each_with_a_page(env):
    fleet = fleet_with_tokens(env)
    fleet.create()
    reader = TOKENS["read"]
    assert "No unit has reported yet" in page(fleet.larder, "/pages/deployments/web/units", token=reader).text
    token = fleet.cli("deployment", "token", "web").strip()
    for name, version in (("web-1", "1.0"), ("web-2", "0.9")):
        unit = Unit(fleet, name, token)
        unit.has(version)
        unit.report()
    units = page(fleet.larder, "/pages/deployments/web/units", token=reader)
    assert "1 of 2 units differs" in units.text and "service 0.9 (1.0 is expected)" in units.text, units.text
    assert units.text.index("web-2") < units.text.index("web-1"), "those that differ stand first"
    assert {"/pages/deployments/web/units/web-1", "/pages/deployments/web/units/web-2"} <= set(units.links)
    other = page(fleet.larder, "/pages/deployments/web/units/web-2", token=reader)
    assert "behind" in other.text and "library" in other.text and "differs" in other.text
    assert "agrees" in page(fleet.larder, "/pages/deployments/web/units/web-1", token=reader).text
    unit.has("1.0")
    unit.report()
    assert "All 2 units agree" in page(fleet.larder, "/pages/deployments/web/units", token=reader).text


def test_what_is_at_risk_and_what_is_lost_is_shown_by_file(env):
    fleet = fleet_with_tokens(env)
    fleet.create("web", "--hold", "full")
    holding = lambda: page(fleet.larder, "/pages/deployments/web/holding", token=TOKENS["read"]).text
    assert "2 files are at risk" in holding() and "pool/main/l/library/library_1.0_all.deb" in holding()
    fleet.moves_on()
    fleet.json("deployment", "fetch", "web", check=3)
    assert "2 files are lost" in holding()
    fleet.cli("deployment", "hold", "web", "used")
    fleet.cli("deployment", "create", "other", "--suite", "debian/stable")
    assert "All that it holds is here" in page(fleet.larder, "/pages/deployments/other/holding",
                                               token=TOKENS["read"]).text


def test_a_removed_deployment_is_shown_as_removed(env):
    fleet = two_generations(env)
    fleet.cli("deployment", "remove", "web", "--yes")
    for path in ("", "/web", "/web/2", "/web/1", "/web/units", "/web/holding"):
        read = page(fleet.larder, "/pages/deployments" + path, token=TOKENS["read"])
        assert "removed" in read.text and "in force" not in read.text, (path, read.text)
        assert not any(link.startswith("/d/") for link in read.links), read.links
    fleet.cli("deployment", "restore", "web")
    assert "in force" in page(fleet.larder, "/pages/deployments/web").text


def test_reasons_and_names_stay_text(env):
    fleet = fleet_with_tokens(env)
    fleet.create("web", "--reason", "<script>alert(1)</script>\"><b>")
    for path in ("/web", "/web/1"):
        read = page(fleet.larder, "/pages/deployments" + path, token=TOKENS["read"])
        assert "script" not in read.seen and "b" not in read.seen and "<script>alert(1)" in read.text, path


def test_a_long_list_says_how_much_more_there_is_and_where(env):
    fleet = fleet_with_tokens(env)
    fleet.create()
    token = fleet.cli("deployment", "token", "web").strip()
    lines = "".join(f"foreign-{n} amd64 1 ii\n" for n in range(620)).encode()
    body = b"Unit: web-1\n" + lines
    with fleet.larder.connection() as connection:
        connection.send((f"POST /d/web/report HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
                         f"Content-Length: {len(body)}\r\n\r\n").encode() + body)
        assert connection.read().status == 200
    units = page(fleet.larder, "/pages/deployments/web/units", token=TOKENS["read"])
    assert "and 617 more" in units.text, units.text
    one = page(fleet.larder, "/pages/deployments/web/units/web-1", token=TOKENS["read"])
    assert one.seen.count("tr") == 501 and "500 of 620 are shown" in one.text, one.seen.count("tr")
    assert "/api/v1/deployments/web/units" in one.links
    whole = ask(fleet.larder, "/deployments/web/units", role="read")[1]
    assert len(whole["units"][0]["differences"]) == 620


def test_no_archive_stands_where_the_pages_are(env):
    archive = env.archive()
    archive.publish("stable")
    larder = env.larder_for(archive, env.nginx(archive.tree), start=False)
    larder.tables["archive"][0]["name"] = "pages"
    larder.write_config()
    assert "a path of Larder's own" in larder.cli("config", "check", check=2).stderr
    larder.tables["archive"][0]["name"] = "deployments"
    larder.write_config()
    larder.start()
    assert larder.good("/deployments/dists/stable/InRelease")
    assert page(larder, "/pages/deployments").text


# --- the same as JSON ------------------------------------------------------------------------------

def test_the_api_tells_the_same_as_the_commands(env):
    fleet = two_generations(env)
    for path, command in (("", ("list",)), ("/web/generations", ("history", "web")), ("/web/units", ("units", "web")),
                          ("/web/status", ("status", "web")), ("/web/diff", ("diff", "web")),
                          ("/web/diff?before=2&after=1", ("diff", "web", "2", "1"))):
        status, told, _ = ask(fleet.larder, "/deployments" + path, role="read")
        assert status == 200 and told == fleet.json("deployment", *command), path
    [row] = ask(fleet.larder, "/deployments", role="read")[1]["deployments"]
    assert ask(fleet.larder, "/deployments/web", role="read")[1] == row
    assert row["head"]["reason"] == "a fix" and row["generation"] == 2


def test_the_api_says_what_is_wrong_and_asks_for_a_token(env):
    fleet = two_generations(env)
    for path, expected in (("/none", 404), ("/none/units", 404), ("/none/diff", 404), ("/a%3Cb", 404), ("/web/nothing", 404),
                           ("/web/diff?after=7", 404), ("/web/diff?after=x", 400), ("/web/diff?from=1", 400),
                           ("/web/units?after=1", 400)):
        status, told, _ = ask(fleet.larder, "/deployments" + path)
        assert status == expected and told["error"]["detail"], (path, status, told)
    for path in ("", "/web", "/web/generations", "/web/units", "/web/status", "/web/diff"):
        assert ask(fleet.larder, "/deployments" + path, role=None)[0] == 401, path
        assert ask(fleet.larder, "/deployments" + path, role="wrong-token")[0] == 401, path
        assert ask(fleet.larder, "/deployments" + path, "POST", body={})[0] == 405, path


def test_what_the_api_tells_of_full_reports_is_what_its_document_says(env):
    fleet = fleet_with_tokens(env)
    fleet.create("web", "--hold", "full")
    token = fleet.cli("deployment", "token", "web").strip()
    unit = Unit(fleet, "web-1", token)
    unit.has("0.9")
    unit.report()
    fleet.moves_on()
    fleet.cli("deployment", "upgrade", "web")
    fleet.cli("deployment", "rollback", "web")
    document = ask(fleet.larder, "/openapi.json", role=None)[1]
    told = {}
    for path, item in document["paths"].items():
        content = item["get"]["responses"]["200"]["content"] if path.startswith("/deployments") else {}
        if "application/json" in content:
            told[path] = ask(fleet.larder, path.replace("{name}", "web"), role="read")[1]
            conforms(told[path], content["application/json"]["schema"], document)
    assert len(told) == 6
    assert told["/deployments/{name}/units"]["units"][0]["differences"]
    assert told["/deployments/{name}/status"]["objects"]
    assert told["/deployments/{name}/diff"]["differences"][0]["packages"]
    names = [p["name"] for p in document["paths"]["/deployments/{name}/diff"]["get"]["parameters"]]
    assert names == ["name", "before", "after"]
