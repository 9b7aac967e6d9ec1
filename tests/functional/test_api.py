"""The administration API: roles, jobs, its own document, and the metrics beside it."""

import hashlib
import json
import re
import socket
import time

from support import client, faults
from support.env import Package
from support.process import wait_for

TOKENS = {"read": "token-of-a-reader", "upload": "token-of-an-uploader", "admin": "token-of-the-admin"}
JSON = {"Content_Type": "application/json"}


def with_tokens(env, *packages, upstream="nginx", **more):
    """(archive, upstream, larder): one archive "debian", and a token for each role."""
    archive = env.archive(*(packages or [Package("alpha", size=5000)]))
    archive.publish("stable")
    server = getattr(env, upstream)(archive.tree)
    larder = env.larder_for(archive, server, **more)
    larder.tables["token"] = [{"name": role, "role": role, "sha256": hashlib.sha256(text.encode()).hexdigest()}
                              for role, text in TOKENS.items()]
    larder.write_config()
    larder.restart()
    return archive, server, larder


def ask(larder, path, method="GET", role="admin", body=None, **headers):
    """(status, JSON, headers). A body that is no string is sent as JSON."""
    if role:
        headers["Authorization"] = f"Bearer {TOKENS.get(role, role)}"
    data = b""
    if body is not None:
        data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        headers = {**JSON, **headers, "Content_Length": str(len(data))}
    with larder.connection() as connection:
        connection.send(client.request(f"/api/v1{path}", method, **headers) + data)
        answer = connection.read(method)
    assert answer.complete, answer
    assert answer.headers["content-type"] == "application/json" or method == "HEAD", answer
    return answer.status, json.loads(answer.body) if answer.body else None, answer.headers


def run_job(larder, kind, seconds=60, **options):
    """Starts a job and waits for its end; the job."""
    status, told, _ = ask(larder, f"/jobs/{kind}", "POST", body=options)
    assert status == 202, (status, told)

    def ended():
        job = ask(larder, f"/jobs/{told['job']}")[1]
        return job if job["state"] in ("done", "failed") else None
    return wait_for(ended, f"the end of job {kind}", seconds)


def unix(path, request):
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(20)
        s.connect(str(path))
        s.sendall(request)
        data = b""
        while chunk := s.recv(65536):
            data += chunk
    head, _, body = data.partition(b"\r\n\r\n")
    return int(head.split()[1]), body


# --- schemas, as far as the document uses them -----------------------------------------------------

KINDS = {"object": dict, "array": list, "string": str, "integer": int, "number": (int, float), "boolean": bool,
         "null": type(None)}


def conforms(value, schema, document, where="$"):
    """Raises AssertionError where `value` is not what the schema says."""
    if "$ref" in schema:
        name = schema["$ref"].removeprefix("#/components/schemas/")
        return conforms(value, document["components"]["schemas"][name], document, where)
    if "anyOf" in schema and value is not None:
        schema = next(one for one in schema["anyOf"] if one.get("type") != "null")
        return conforms(value, schema, document, where)
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    fits = any(isinstance(value, KINDS[k]) and not (k in ("integer", "number") and isinstance(value, bool)) for k in kinds)
    assert fits or not kinds, f"{where}: {value!r} is no {kinds}"
    assert value in schema.get("enum", [value]), f"{where}: {value!r}"
    if isinstance(value, dict):
        known, extra = schema.get("properties", {}), schema.get("additionalProperties", True)
        for name in schema.get("required", []):
            assert name in value, f"{where}: no {name}"
        for name, part in value.items():
            assert name in known or extra, f"{where}: {name} is not in the schema"
            conforms(part, known.get(name, extra if isinstance(extra, dict) else {}), document, f"{where}.{name}")
    if isinstance(value, list):
        for i, part in enumerate(value):
            conforms(part, schema.get("items", {}), document, f"{where}[{i}]")
    return None


def test_each_answer_is_what_the_document_says(env):
    _, _, larder = with_tokens(env)
    larder.get("/debian/dists/stable/InRelease")
    larder.cli("deployment", "create", "debian", "--suite", "debian/stable", "--arch", "amd64", check=0)
    job = run_job(larder, "gc")
    document = ask(larder, "/openapi.json", role=None)[1]
    assert document["openapi"].startswith("3.1")
    checked = 0
    for path, item in document["paths"].items():
        # What is no JSON is for other larders: see test_peers.
        if "application/json" not in item.get("get", {}).get("responses", {}).get("200", {}).get("content", {}):
            continue
        concrete = path.replace("{name}", "debian").replace("{id}", job["id"]).replace("{what}", "alpha")
        status, told, _ = ask(larder, concrete)
        assert status == 200, (path, status, told)
        conforms(told, item["get"]["responses"]["200"]["content"]["application/json"]["schema"], document)
        checked += 1
    assert checked >= 13
    for status, told, _ in (ask(larder, "/archives/none"), ask(larder, "/jobs", role=None), ask(larder, "/status", "DELETE")):
        conforms(told, {"$ref": "#/components/schemas/Error"}, document)


#: All others want admin.
ROLES_OF_JOBS = {"keys": "read", "pockets": "read", "pocket_diff": "read", "pocket_history": "read",
                 "pocket_uploads": "read", "pocket_promote": "promote",
                 "pocket_rollback": "promote", "pocket_freeze": "promote"}


def test_every_job_of_the_document_wants_its_role_and_refuses_unknown_options(env):
    _, _, larder = with_tokens(env)
    document = ask(larder, "/openapi.json", role=None)[1]
    kinds = [p for p in document["paths"] if p.startswith("/jobs/") and "post" in document["paths"][p]]
    assert {f"/jobs/{k}" for k in ("doctor", "gc", "import", "update", "fetch")} <= set(kinds), kinds
    assert {f"/jobs/{k}" for k in ROLES_OF_JOBS} <= set(kinds), kinds
    for path in kinds:
        needed = ROLES_OF_JOBS.get(path.removeprefix("/jobs/"), "admin")
        assert f"role {needed}" in document["paths"][path]["post"]["description"] or needed == "read", path
        for role, expected in ((None, 401), ("wrong-token", 401), ("read", 403), ("upload", 403)):
            if needed != "read" or expected == 401:
                assert ask(larder, path, "POST", role, body={})[0] == expected, (path, role)
        status, told, _ = ask(larder, path, "POST", body={"no_such_option": 1})
        assert status == 400 and "no_such_option" in told["error"]["detail"], (path, status, told)


def test_a_token_opens_what_its_role_may_and_no_more(env):
    _, _, larder = with_tokens(env)
    assert ask(larder, "/status", role=None)[0] == 200
    status, _, headers = ask(larder, "/whoami", role=None)
    assert status == 401 and headers["www-authenticate"].startswith("Bearer")
    assert ask(larder, "/whoami", role="wrong-token")[0] == 401
    for role in TOKENS:
        assert ask(larder, "/whoami", role=role)[1] == {"role": role}
    assert ask(larder, "/whoami", role=hashlib.sha256(TOKENS["admin"].encode()).hexdigest())[0] == 401


def test_who_can_open_the_admin_socket_is_admin(env):
    _, _, larder = with_tokens(env)
    where = larder.tables["server"]["admin_socket"]
    status, body = unix(where, client.request("/api/v1/whoami", Connection="close"))
    assert status == 200 and json.loads(body) == {"role": "admin"}, (status, body)


def test_doctor_finds_a_whole_store_whole(env):
    archive, _, larder = with_tokens(env)
    larder.get("/debian/dists/stable/InRelease")
    larder.get("/debian/dists/stable/main/binary-amd64/Packages.xz")
    assert larder.get(f"/debian/{archive.packages[0].pool_path}").ok
    job = run_job(larder, "doctor")
    assert job["state"] == "done" and job["result"]["lost"] == [] and job["result"]["objects"] >= 3, job


def test_gc_tells_and_removes_nothing_unless_it_is_told_to(env):
    archive, _, larder = with_tokens(env)
    job = run_job(larder, "gc")
    assert job["state"] == "done" and job["result"]["dry_run"] is True, job
    job = run_job(larder, "gc", dry_run=False, grace_seconds=0)
    assert job["state"] == "failed" and job["error"]["code"] == "refused", job


def test_an_update_brings_a_newer_state_and_a_fetch_its_packages(env):
    archive, _, larder = with_tokens(env)
    first = run_job(larder, "update", archive="debian")["result"]["suites"][0]
    archive.add(Package("beta", depends="alpha"))
    archive.publish("stable", date=time.time())
    second = run_job(larder, "update", archive="debian")["result"]["suites"][0]
    assert second["changed"] and second["snapshot"] != first["snapshot"], (first, second)
    job = run_job(larder, "fetch", archive="debian", packages=["beta"], with_deps=True, architecture="amd64")
    assert job["state"] == "done", job
    assert sorted(p["package"] for p in job["result"]["packages"]) == ["alpha", "beta"], job
    assert ask(larder, "/archives/debian")[1]["suites"][0]["snapshot"] == second["snapshot"]


def test_an_unknown_archive_fails_the_job_with_a_reason(env):
    _, _, larder = with_tokens(env)
    job = run_job(larder, "update", archive="nothing")
    assert job["state"] == "failed" and job["error"]["code"] == "absent" and "nothing" in job["error"]["detail"], job


def test_a_reload_takes_a_new_archive_without_dropping_a_connection(env):
    archive, server, larder = with_tokens(env)
    with larder.connection() as connection:
        connection.get("/healthz")
        assert connection.read().ok
        larder.tables["archive"].append({**larder.tables["archive"][0], "name": "second", "upstream": [f"{server.url}/second"]})
        larder.write_config()
        assert ask(larder, "/reload", "POST")[0] == 202
        wait_for(lambda: len(ask(larder, "/archives")[1]["archives"]) == 2, "the second archive")
        connection.get("/healthz")
        assert connection.read().ok


def test_a_stop_does_not_wait_for_a_job(env):
    _, upstream, larder = with_tokens(env, Package("alpha", size=400_000), upstream="hostile")
    larder.get("/debian/dists/stable/InRelease")
    larder.get("/debian/dists/stable/main/binary-amd64/Packages.xz")
    upstream.rule("*.deb", faults.stall(1000))
    status, told, _ = ask(larder, "/jobs/fetch", "POST", body={"archive": "debian", "packages": ["alpha"], "architecture": "amd64"})
    assert status == 202, told
    upstream.wait_count("*.deb", 1)
    assert ask(larder, f"/jobs/{told['job']}")[1]["state"] == "running"
    start = time.monotonic()
    assert larder.stop() == 0, larder.log()
    assert time.monotonic() - start < 10


def test_the_same_job_twice_is_one(env):
    _, upstream, larder = with_tokens(env, Package("alpha", size=400_000), upstream="hostile")
    larder.get("/debian/dists/stable/InRelease")
    larder.get("/debian/dists/stable/main/binary-amd64/Packages.xz")
    upstream.rule("*.deb", faults.stall(1000))
    wanted = {"archive": "debian", "packages": ["alpha"], "architecture": "amd64"}
    first = ask(larder, "/jobs/fetch", "POST", body=wanted)[1]
    again = ask(larder, "/jobs/fetch", "POST", body=dict(reversed(wanted.items())))[1]
    assert again == {"job": first["job"], "joined": True} and first["joined"] is False, (first, again)
    upstream.release()


def test_a_page_elsewhere_cannot_start_a_job_with_a_form(env):
    _, _, larder = with_tokens(env)
    for kind in ("text/plain", "application/x-www-form-urlencoded"):
        assert ask(larder, "/jobs/gc", "POST", body="{}", Content_Type=kind)[0] == 415
    assert ask(larder, "/jobs/gc", "POST", body="{\"dry_run\": tru}")[0] == 400


# --- metrics ---------------------------------------------------------------------------------------

NAME, LABEL = r"[a-zA-Z_:][a-zA-Z0-9_:]*", r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*"'
SAMPLE = re.compile(rf"({NAME})(?:\{{((?:{LABEL},?)*)\}})? (-?(?:[0-9.]+(?:[eE][+-]?[0-9]+)?|Inf)|NaN)")


def parse_metrics(text):
    """{(name, labels): value}; raises AssertionError for what a strict reader would refuse."""
    samples, types, helps, closed, current = {}, {}, set(), set(), None
    assert text.endswith("\n")
    for line in text.splitlines():
        if line.startswith("# "):
            _, word, name, rest = line.split(" ", 3)
            if name != current:
                assert name not in closed, f"{name} comes twice"
                closed.add(current)
                current = name
            if word == "TYPE":
                assert name not in types and rest in ("counter", "gauge", "histogram", "summary"), line
                types[name] = rest
            else:
                assert word == "HELP" and name not in helps and rest.strip(), line
                helps.add(name)
            continue
        m = SAMPLE.fullmatch(line)
        assert m, f"no sample: {line!r}"
        name, labels = m[1], m[2] or ""
        assert name == current and name in types and name in helps, f"{line!r} without HELP and TYPE"
        assert (name, labels) not in samples, f"{line!r} twice"
        if types[name] == "counter":
            assert name.endswith("_total") and float(m[3]) >= 0, line
        else:
            assert not name.endswith("_total"), line
        samples[name, labels] = float(m[3])
    return samples


def test_the_metrics_are_what_a_strict_reader_takes(env):
    archive, upstream, larder = with_tokens(env)
    larder.get("/debian/dists/stable/InRelease")
    larder.get("/debian/nothing?here")
    larder.get(f"/debian/{archive.packages[0].pool_path}")
    answer = larder.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4"), answer.headers
    samples = parse_metrics(answer.body.decode())
    assert samples["larder_requests_total", ""] >= 4
    assert samples["larder_suite_ok", 'archive="debian",suite="stable"'] == 1
    assert samples["larder_connections", ""] >= 1


def test_healthz_says_ok(env):
    _, _, larder = with_tokens(env)
    answer = larder.get("/healthz")
    assert answer.ok and answer.body == b"ok\n"


def test_a_long_text_that_a_job_is_given_is_shown_by_its_hash(env):
    _, _, larder = with_tokens(env)
    lock = "# a lockfile that is none\n" * 2000
    job = run_job(larder, "deployment_create_from_lock", name="web", lock=lock)
    assert job["state"] == "failed" and "Larder-Lock" in json.dumps(job), job
    assert job["options"] == {"name": "web", "lock": {"sha256": hashlib.sha256(lock.encode()).hexdigest(), "size": len(lock)}}


def test_a_long_list_that_a_job_is_given_is_shown_by_its_hash(env):
    _, _, larder = with_tokens(env)
    files = [f"/nowhere/{n}.deb" for n in range(101)]
    kept = run_job(larder, "pocket_include", pocket="cloud/bookworm", files=files)["options"]["files"]
    assert kept == {"sha256": hashlib.sha256(json.dumps(files, separators=(",", ":")).encode()).hexdigest(), "count": 101}
    assert run_job(larder, "pocket_include", pocket="cloud/bookworm", files=files[:100])["options"]["files"] == files[:100]


def test_a_number_out_of_range_starts_no_job(env):
    _, _, larder = with_tokens(env)
    for kind, options in (("doctor", {"threads": 2 ** 40}), ("doctor", {"threads": 1025}),
                          ("gc", {"grace_seconds": 2 ** 63}), ("gc", {"free_bytes": 2 ** 64 - 1})):
        status, told, _ = ask(larder, f"/jobs/{kind}", "POST", body=options)
        assert status == 400 and told["error"]["code"] == "malformed", (options, told)
        assert f"'{next(iter(options))}' must be at most" in told["error"]["detail"], told
    assert ask(larder, "/jobs")[1]["jobs"] == []


def test_an_update_of_several_suites_tells_of_each_also_when_one_cannot_be_a_suite(env):
    _, _, larder = with_tokens(env)
    bad = ["../../../secret", "x" * 500, "a\nb", "", "none"]
    job = run_job(larder, "update", archive="debian", suites=[*bad, "stable"])
    assert job["state"] == "done", job
    rows = {row["suite"]: row for row in job["result"]["suites"]}
    assert rows["stable"]["snapshot"] and not rows["stable"]["failure"], rows
    assert all(rows[name]["failure"] and not rows[name]["snapshot"] for name in bad), rows
    assert not job["result"]["fine"]
