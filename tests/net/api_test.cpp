#include <atomic>
#include <boost/json.hpp>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <larder/net/engine.hpp>
#include <larder/net/store_identity.hpp>
#include <set>
#include <site/api.hpp>
#include <site/pages.hpp>

using namespace larder;
using namespace larder::net;
using namespace larder::net::site;
using namespace std::chrono_literals;
namespace json = boost::json;

namespace {

struct scratch {
    scratch() {
        std::string name = (std::filesystem::temp_directory_path() / "larder-api-XXXXXX").string();
        path = ::mkdtemp(name.data());
    }
    ~scratch() { std::filesystem::remove_all(path); }
    std::string path;
};

/// A kind of job of the test's own: says what it was given.
std::vector<job_kind> own_kinds() {
    job_kind echo{"echo",
                  "Says what it was given.",
                  {{"text", option_type::text, "What.", presence::required},
                   {"loud", option_type::boolean, "How."},
                   {"times", option_type::number, "How often.", presence::optional, 1024},
                   {"more", option_type::texts, "What else."}},
                  [](engine&, const json::object& given, const progress_sink&, std::stop_token) -> result<std::string> {
                      if (given.at("text").as_string() == "fail") return error{errc::upstream_down, "no <mirror>"};
                      return json::serialize(given);
                  }};
    return {echo};
}

/// An engine without archives, and the API before it.
struct ground {
    ground() {
        core::options options;
        options.store.path = folder.path + "/store";
        options.log.level = "error";
        options.log.target = "stderr";
        host = std::move(engine::start(options, make_logger(options.log)).value());
        site.emplace(host->clock(), own_kinds());
    }

    site_reply ask(core::method verb, std::string path, role who = role::admin, std::string body = "",
                   std::string type = "application/json") {
        site_request r;
        r.verb = verb;
        const auto question = path.find('?');
        if (question != std::string::npos) {
            r.query = path.substr(question + 1);
            path.resize(question);
        }
        r.path = std::move(path);
        r.who = who;
        r.body = std::move(body);
        r.content_type = std::move(type);
        return site::answer_api(*host, *site, r);
    }
    site_reply get(std::string path, role who = role::admin) { return ask(core::method::get, std::move(path), who); }
    site_reply post(std::string path, std::string body, role who = role::admin) {
        return ask(core::method::post, std::move(path), who, std::move(body));
    }

    json::object job_ended(const std::string& id) {
        const auto limit = std::chrono::steady_clock::now() + 20s;
        for (;;) {
            auto job = json::parse(get("v1/jobs/" + id).body).as_object();
            if (job.at("state") == "done" || job.at("state") == "failed") return job;
            if (std::chrono::steady_clock::now() > limit) FAIL("the job does not end");
            std::this_thread::yield();
        }
    }

    scratch folder;
    std::unique_ptr<engine> host;
    std::optional<site_state> site;
};

std::string field(const site_reply& reply, std::string_view name) {
    for (const auto& [n, v] : reply.fields)
        if (n == name) return v;
    return "";
}

std::string code_of(const site_reply& reply) {
    return json::value_to<std::string>(json::parse(reply.body).at("error").at("code"));
}
std::string detail_of(const site_reply& reply) {
    return json::value_to<std::string>(json::parse(reply.body).at("error").at("detail"));
}

}  // namespace

TEST_CASE("api: status and the document are open, all else wants a token") {
    ground g;
    CHECK(g.get("v1/status", role::none).status == 200);
    CHECK(g.get("v1/openapi.json", role::none).status == 200);
    for (const auto* path : {"v1/whoami", "v1/archives", "v1/archives/x", "v1/jobs", "v1/jobs/x"}) {
        const auto reply = g.get(path, role::none);
        CHECK(reply.status == 401);
        CHECK(field(reply, "WWW-Authenticate").starts_with("Bearer"));
        CHECK(code_of(reply) == "unauthorized");
    }
    CHECK(g.get("v1/archives", role::read).status == 200);
}

TEST_CASE("api: an object is asked for by its hash, with a token, and is there or not") {
    ground g;
    const auto path = "v1/objects/" + sha256("x").hex();
    CHECK(g.get(path, role::none).status == 401);
    CHECK(g.get(path, role::read).status == 404);
    CHECK(code_of(g.get(path, role::read)) == "absent");
    CHECK(g.get("v1/objects/x", role::read).status == 400);
    CHECK(g.post(path, "", role::admin).status == 405);
    CHECK(g.get("v1/deployments/none/bundle-head", role::none).status == 401);
    CHECK(g.get("v1/deployments/none/bundle-head", role::read).status == 404);
}

TEST_CASE("api: starting work needs admin, and every lesser role is told so") {
    ground g;
    CHECK(g.post("v1/jobs/echo", R"({"text":"x"})", role::none).status == 401);
    for (const auto who : {role::read, role::upload, role::promote}) {
        CHECK(g.post("v1/jobs/echo", R"({"text":"x"})", who).status == 403);
        CHECK(g.post("v1/reload", "", who).status == 403);
    }
    CHECK(g.post("v1/jobs/echo", R"({"text":"x"})").status == 202);
}

TEST_CASE("api: a job is started, found under its Location, and done with its result") {
    ground g;
    const auto reply = g.post("v1/jobs/echo", R"({"text":"x","loud":true,"times":3,"more":["y"]})");
    const auto id = json::value_to<std::string>(json::parse(reply.body).at("job"));
    CHECK(field(reply, "Location") == "/api/v1/jobs/" + id);
    const auto job = g.job_ended(id);
    CHECK(job.at("kind") == "echo");
    CHECK(job.at("result").at("more").at(0) == "y");
    CHECK(job.at("result") == job.at("options"));
    CHECK_FALSE(job.contains("error"));
    CHECK(json::parse(g.get("v1/jobs").body).at("jobs").as_array().size() == 1);
}

TEST_CASE("api: a job that failed says why") {
    ground g;
    const auto reply = g.post("v1/jobs/echo", R"({"text":"fail"})");
    const auto job = g.job_ended(json::value_to<std::string>(json::parse(reply.body).at("job")));
    CHECK(job.at("state") == "failed");
    CHECK(job.at("error").at("code") == "upstream_down");
    CHECK(job.at("error").at("detail") == "no <mirror>");
    CHECK_FALSE(job.contains("result"));
}

TEST_CASE("api: malformed JSON is refused with the place where it breaks") {
    ground g;
    const auto reply = g.post("v1/jobs/echo", R"({"text": nope})");
    CHECK(reply.status == 400);
    CHECK(detail_of(reply) == "the body is no JSON: syntax error after 9 bytes");
    for (const auto* body : {"{", "[]", "null", "{} {}", "{\"text\":\"x\"} x", "\"text\"", "{\"text\":\"\xff\"}"})
        CHECK(g.post("v1/jobs/echo", body).status == 400);
    CHECK(g.post("v1/jobs/echo", std::string(5000, '[')).status == 400);
}

TEST_CASE("api: unknown, missing and mistyped options are refused by name") {
    ground g;
    const auto refused = [&](const char* body, const char* says) {
        const auto reply = g.post("v1/jobs/echo", body);
        CHECK(reply.status == 400);
        CHECK(detail_of(reply).find(says) != std::string::npos);
    };
    refused(R"({"text":"x","lound":true})", "'lound'; there is: text, loud");
    refused(R"({})", "needs the option 'text'");
    refused("", "needs the option 'text'");
    refused(R"({"text":1})", "'text' must be a string");
    refused(R"({"text":"x","loud":"yes"})", "true or false");
    refused(R"({"text":"x","times":-1})", "whole number");
    refused(R"({"text":"x","times":1.5})", "whole number");
    refused(R"({"text":"x","times":1025})", "'times' must be at most 1024");
    refused(R"({"text":"x","times":1099511627776})", "'times' must be at most 1024");
    refused(R"({"text":"x","more":["y",1]})", "array of strings");
    CHECK(g.site->jobs().all().empty());
}

TEST_CASE("api: a body of another type starts nothing") {
    ground g;
    for (const auto* type :
         {"text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/jsonx"})
        CHECK(g.ask(core::method::post, "v1/jobs/echo", role::admin, R"({"text":"x"})", type).status == 415);
    CHECK(g.ask(core::method::post, "v1/jobs/echo", role::admin, R"({"text":"x"})", "application/json; charset=utf-8")
              .status == 202);
}

TEST_CASE("api: a wrong method is told which would do") {
    ground g;
    const auto reply = g.ask(core::method::delete_, "v1/jobs/echo");
    CHECK(reply.status == 405);
    CHECK(field(reply, "Allow") == "GET, HEAD, POST");
    CHECK(field(g.post("v1/status", ""), "Allow") == "GET, HEAD");
    CHECK(field(g.get("v1/reload"), "Allow") == "POST");
    CHECK(g.ask(core::method::head, "v1/status").status == 200);
}

TEST_CASE("api: what is not there is 404, as JSON") {
    ground g;
    for (const auto* path : {"", "v2/status", "v1", "v1/", "v1/nothing", "v1/jobs/x/y", "v1/archives/",
                             "v1/archives/none", "v1/jobs/none"}) {
        const auto reply = g.get(path);
        CHECK(reply.status == 404);
        CHECK(code_of(reply) == "absent");
    }
    CHECK(g.post("v1/jobs/nothing", "{}").status == 405);  // the path of a job that could be looked at
}

TEST_CASE("api: a query parameter is not silently ignored") {
    ground g;
    CHECK(g.get("v1/jobs?state=running").status == 400);
}

TEST_CASE("api: whoami says the role") {
    ground g;
    CHECK(json::parse(g.get("v1/whoami", role::upload).body).at("role") == "upload");
}

TEST_CASE("api: the store says which it is, to admins alone") {
    ground g;
    for (const auto who : {role::read, role::upload, role::promote}) CHECK(g.get("v1/store", who).status == 403);
    const auto told = json::parse(g.get("v1/store").body);
    CHECK(json::value_to<std::string>(told.at("path")) == g.folder.path + "/store");
    const auto id = json::value_to<std::string>(told.at("id"));
    CHECK(store_identity(g.folder.path + "/store").value() == id);
    std::filesystem::create_directory_symlink(g.folder.path + "/store", g.folder.path + "/link");
    CHECK(store_identity(g.folder.path + "/link").value() == id);
    CHECK(store_identity(g.folder.path).error().code() == errc::absent);
}

TEST_CASE("api: the numbers of every kind of job have a range that its options can hold") {
    for (const auto& kind : maintenance_kinds())
        for (const auto& option : kind.options) {
            if (option.type != option_type::number) continue;
            INFO(kind.name << " " << option.name);
            json::object most{{option.name, option.most}}, more{{option.name, option.most + 1}};
            CHECK(check_options(kind, most).has_value());
            CHECK_FALSE(check_options(kind, more).has_value());
            CHECK(option.most <= (option.name == "threads" ? 1024U : (1ULL << 53)));
        }
}

TEST_CASE("api: a reload runs the server's own, and its failure is the job's") {
    ground g;
    std::atomic<int> reloads{0};
    g.site->on_reload([&]() -> result<void> {
        if (++reloads == 1) return {};
        return error{errc::bad_config, "larder.toml:3: unknown key"};
    });
    const auto id_of = [](const site_reply& r) { return json::value_to<std::string>(json::parse(r.body).at("job")); };
    CHECK(g.job_ended(id_of(g.post("v1/reload", "")))["state"] == "done");
    const auto second = g.job_ended(id_of(g.post("v1/reload", "{}")));
    CHECK(second.at("error").at("detail") == "larder.toml:3: unknown key");
    CHECK(reloads == 2);
    CHECK(g.post("v1/reload", R"({"x":1})").status == 400);
}

TEST_CASE("openapi: each operation of the document is dispatched, and each operation is in the document") {
    ground g;
    const auto document = json::parse(g.get("v1/openapi.json").body);
    CHECK(document.at("openapi") == "3.1.0");
    std::size_t operations = 0;
    for (const auto& [path, item] : document.at("paths").as_object())
        for (const auto& [verb, operation] : item.as_object()) {
            ++operations;
            std::string concrete = "v1" + std::string{path};
            if (const auto open = concrete.find('{'); open != std::string::npos)
                concrete.replace(open, concrete.find('}') - open + 1, "none");
            const auto reply = g.ask(verb == "post" ? core::method::post : core::method::get, concrete, role::none);
            const bool open = operation.as_object().contains("security");
            INFO(verb << " " << path);
            CHECK(reply.status == (open ? 200 : 401));
        }
    CHECK(operations == api_routes(g.site->kinds()).size());
}

TEST_CASE("openapi: all references resolve, and operation ids are unique") {
    ground g;
    const auto text = g.get("v1/openapi.json").body;
    const auto document = json::parse(text);
    const auto& schemas = document.at("components").at("schemas").as_object();
    const std::string prefix = "#/components/schemas/";
    for (auto at = text.find(prefix); at != std::string::npos; at = text.find(prefix, at + 1)) {
        const auto start = at + prefix.size();
        const auto name = text.substr(start, text.find('"', start) - start);
        INFO(name);
        CHECK(schemas.contains(name));
    }
    std::set<std::string> ids;
    for (const auto& r : api_routes(g.site->kinds())) CHECK(ids.insert(r.id).second);
}

TEST_CASE("status: an engine without archives has an answer and a page") {
    ground g;
    const auto status = json::parse(g.get("v1/status").body);
    CHECK(status.at("hit_rate").is_null());
    CHECK(status.at("archives").as_array().empty());
    CHECK(status.at("disk").at("free").to_number<std::uint64_t>() > 0);
    const auto page = home_page(gather(*g.host, *g.site), "http://x");
    CHECK(page.find("No archive is configured") != std::string::npos);
}
