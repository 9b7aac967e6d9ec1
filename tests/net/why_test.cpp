#include "store_ground.hpp"
#include <larder/net/deployments.hpp>
#include <larder/net/why.hpp>
#include <why/question.hpp>

using namespace larder;
using namespace larder::net;
using larder::net::test::ground;
using why::parse_question;

namespace {

store::provenance from(const std::string& url) {
    return {store::arrival::fetched, sys_seconds{std::chrono::seconds{7}}, "debian", "pool/x.deb", {url}};
}

why_report ask(ground& g, const std::string& what) { return explain(*g.e, what, test::quiet).value(); }

}  // namespace

TEST_CASE("why: what is asked for is an object, a path or a package", "[why]") {
    const auto hex = sha256("x").hex();
    CHECK(parse_question(" " + hex + "\n").value().content == sha256("x"));
    CHECK(parse_question("dists/a/by-hash/SHA256/" + hex).value().content == sha256("x"));
    CHECK(parse_question("pool//main/./h/hello.deb").value().path == "pool/main/h/hello.deb");
    struct one {
        std::string text, name, version, architecture;
    };
    for (const auto& [text, name, version, architecture] : std::vector<one>{
             {"hello", "hello", "", ""},
             {"hello=2.10-3", "hello", "2.10-3", ""},
             {"hello=1:2.10-3", "hello", "1:2.10-3", ""},
             {"hello=2.10-3:amd64", "hello", "2.10-3", "amd64"},
             {"hello=1:2.10-3:kfreebsd-amd64", "hello", "1:2.10-3", "kfreebsd-amd64"},
             {"hello:amd64", "hello", "", "amd64"},
             {"hello:amd64=1:2.10", "hello", "1:2.10", "amd64"},
             {"g++-12:source", "g++-12", "", "source"},
         }) {
        INFO(text);
        const auto q = parse_question(text).value();
        CHECK((q.package == name && q.version == version && q.architecture == architecture));
        CHECK((!q.content && q.path.empty()));
    }
    for (const auto* odd :
         {"", "  ", "Hello", "a b", "hello=", "hello:", "hello:=1", "=1", "../x", "a/../../b", "h\xc3\xa9"})
        CHECK(parse_question(odd).error().code() == errc::bad_config);
    CHECK(parse_question(std::string(5000, 'a')).error().code() == errc::bad_config);
}

TEST_CASE("why: an object that no state names tells what the fetch log has, and whether it is whole", "[why]") {
    ground g;
    const auto d = g.e->store().objects().put("bytes", sys_seconds{}, from("http://archive.example/x.deb")).value();
    const auto report = ask(g, d.hex());
    REQUIRE(report.objects.size() == 1);
    const auto& one = report.objects.front();
    REQUIRE(one.entries.size() == 1);
    CHECK(one.entries[0].origin.from == std::vector<std::string>{"http://archive.example/x.deb"});
    CHECK((one.here && one.whole && one.size == 5));
    CHECK(report.log_began == sys_seconds{std::chrono::seconds{7}});
    g.damage(d);
    CHECK_FALSE(ask(g, d.hex()).objects.front().whole);
    CHECK(ask(g, sha256("nothing").hex()).objects.empty());
}

TEST_CASE("why: a state's files tell the state, and whether it is the current one", "[why]") {
    ground g;
    const auto [id, index] = g.state("stable");
    g.refer("archive/debian/suite/stable", id.hex());
    g.refer("history/debian/stable@20261118T091640Z", id.hex());
    for (const auto& what : {index.hex(), std::string{"debian/dists/stable/main/binary-amd64/Packages"},
                             std::string{"dists/stable/main/binary-amd64/Packages"}}) {
        INFO(what);
        const auto report = ask(g, what);
        REQUIRE(report.objects.size() == 1);
        const auto& one = report.objects.front();
        CHECK((one.content == index && one.here && one.whole && one.entries.empty()));
        REQUIRE(one.states.size() == 1);
        CHECK((one.states[0].snapshot == id && one.states[0].current && one.states[0].by == "Release"));
        CHECK((one.archive == "debian" && one.path == "dists/stable/main/binary-amd64/Packages"));
    }
    const auto manifest = ask(g, id.hex());
    REQUIRE(manifest.objects.size() == 1);
    CHECK(manifest.objects[0].refs.size() == 2);
    CHECK(ask(g, "dists/stable/InRelease").objects.size() == 1);
    CHECK(ask(g, "dists/stable/contrib/binary-amd64/Packages").objects.empty());
}

TEST_CASE("why: a state that cannot be read hides nothing of the others", "[why]") {
    ground g;
    const auto [lost, lost_index] = g.state("broken");
    const auto [id, index] = g.state("stable");
    g.refer("archive/debian/suite/broken", lost.hex());
    g.refer("archive/debian/suite/stable", id.hex());
    g.refer("history/debian/broken@20261118T091640Z", lost.hex());
    g.refer("history/debian/stable@20261118T091640Z", id.hex());
    g.damage(lost);
    const auto report = ask(g, index.hex());
    CHECK(report.objects.front().states.size() == 1);
    CHECK(std::any_of(report.unread.begin(), report.unread.end(),
                      [](const auto& one) { return one.starts_with("debian/broken, snapshot "); }));
}

TEST_CASE("why: each entry of the journal names the head of the fetch log, and verify follows both", "[why]") {
    ground g;
    REQUIRE(record(*g.e, {0, {}, sys_seconds{}, "before", "x", "alice", ""}));
    REQUIRE(g.e->store().objects().put("bytes", sys_seconds{}, from("u")));
    REQUIRE(record(*g.e, {0, {}, sys_seconds{}, "after", "x", "alice", ""}));
    const auto entries = read_journal(*g.e, {}).value().entries;
    REQUIRE(entries.size() == 2);
    CHECK_FALSE(entries[0].fetches);
    CHECK(entries[1].fetches == g.e->store().fetches().head().value());
    journal_options verify;
    verify.verify = true;
    const auto report = read_journal(*g.e, verify).value();
    CHECK((report.verified == 2 && report.fetches == 1));
    CHECK((report.broken.empty() && report.broken_fetches.empty()));
}

TEST_CASE("why: an entry of the journal that names another log shows that this one was written anew", "[why]") {
    ground g;
    REQUIRE(g.e->store().objects().put("bytes", sys_seconds{}, from("u")));
    deployments::journal all{g.e->store().objects(), g.e->store().refs()};
    deployments::journal_entry entry;
    entry.what = "x";
    entry.fetches = store::fetch_head{1, sha256("another")};
    REQUIRE(all.append(entry));
    journal_options verify;
    verify.verify = true;
    const auto report = read_journal(*g.e, verify).value();
    CHECK(report.verified == 1);
    CHECK_FALSE(report.fetches);
    CHECK(report.broken_fetches.find("entry 1 is not the one that the journal's entry 1 names") != std::string::npos);
}
