#include "scratch_folder.hpp"
#include <catch2/catch.hpp>
#include <larder/deployments/journal.hpp>
#include <larder/deployments/journal_step.hpp>
#include <larder/store/store.hpp>
#include <thread>

using namespace larder;
using namespace larder::deployments;

namespace {

struct ground {
    test::scratch_folder folder{test::on::memory};
    std::unique_ptr<store::store> s = store::open(folder / "s").value();
    journal all{s->objects(), s->refs()};

    journal_entry add(const std::string& what) {
        journal_entry e;
        e.what = what;
        e.subject = "web";
        e.by = "alice";
        e.reason = "because\nof this";
        e.when = parse_timestamp("20261121T063000Z").value();
        return all.append(e).value();
    }
};

}  // namespace

TEST_CASE("journal: entries stand in their order, each names the one before", "[journal]") {
    ground g;
    CHECK(g.all.verify().value() == 0);
    CHECK_FALSE(g.add("one").previous);
    g.add("two");
    const auto three = g.add("three");
    CHECK(three.number == 3);
    const auto rows = g.all.last(2).value();
    REQUIRE(rows.size() == 2);
    CHECK((rows[0].what == "two" && rows[1].what == "three"));
    CHECK(three.previous == sha256(rows[0].write()));
    CHECK((rows[0].by == "alice" && rows[0].reason == "because?of this"));
    CHECK(g.all.last(0).value().size() == 3);
    CHECK(g.all.verify().value() == 3);
}

TEST_CASE("journal: an entry that is read has the hash by which the next one names it", "[journal]") {
    ground g;
    journal_entry e;
    e.what = "one";
    e.by = "alice ";
    e.reason = std::string(999, 'x') + " and here it is cut off";
    REQUIRE(g.all.append(e));
    const auto two = g.add("two");
    CHECK(two.previous == sha256(g.all.last(0).value().front().write()));
}

TEST_CASE("journal: an entry keeps how far the fetch log had come", "[journal]") {
    journal_entry e;
    e.number = 1;
    e.what = "one";
    e.fetches = store::fetch_head{12, sha256("entry")};
    CHECK(journal_entry::read(e.write()).value().fetches == e.fetches);
    const auto text = e.write();
    const auto odd = text.substr(0, text.rfind(' ')) + "\n";
    CHECK(journal_entry::read(odd).error().code() == errc::malformed);
}

TEST_CASE("journal: what was changed, or taken out, is found", "[journal]") {
    ground g;
    for (const auto* what : {"one", "two", "three"}) g.add(what);
    auto& refs = g.s->refs();
    SECTION("an entry for another") {
        const auto forged = g.s->objects().put("Larder-Journal: 1\nNumber: 2\nWhat: nothing\n", {}).value();
        REQUIRE(refs.change({{"journal/0000000002", 1, forged.hex()}}));
        CHECK(g.all.verify().error().detail().find("entry 2") != std::string::npos);
    }
    SECTION("an entry taken out") {
        REQUIRE(refs.change({{"journal/0000000002", 1, std::nullopt}}));
        CHECK(g.all.verify().error().detail().find("entry 2") != std::string::npos);
    }
    SECTION("the last one taken out") {
        REQUIRE(refs.change({{"journal/0000000003", 1, std::nullopt}}));
        CHECK(g.all.verify().error().code() == errc::digest_mismatch);
    }
    SECTION("an object that is gone") {
        REQUIRE(g.s->objects().remove(sha256(g.all.last(0).value()[1].write())));
        CHECK(g.all.verify().error().code() == errc::absent);
    }
}

TEST_CASE("journal: an entry is written with what it tells of, or neither is", "[journal]") {
    ground g;
    g.add("one");
    auto& refs = g.s->refs();
    journal_entry e;
    e.what = "two";
    auto step = make_step(g.s->objects(), refs, e).value();
    CHECK((step.entry.number == 2 && fits(refs, step).value()));
    CHECK(g.all.verify().value() == 1);
    SECTION("both") {
        step.refs.push_back({"told-of", 0, "value"});
        REQUIRE(refs.change(step.refs));
        CHECK(g.all.last(1).value().front().what == "two");
        CHECK(refs.get("told-of").value()->value == "value");
    }
    SECTION("neither, when something else was written first") {
        g.add("another");
        step.refs.push_back({"told-of", 0, "value"});
        CHECK(refs.change(step.refs).error().code() == errc::conflict);
        CHECK_FALSE(fits(refs, step).value());
        CHECK_FALSE(refs.get("told-of").value());
        REQUIRE(refs.change(make_step(g.s->objects(), refs, e).value().refs));
    }
    CHECK(g.all.verify().value() >= 2);
}

TEST_CASE("journal: of many who write at once nobody's entry is lost", "[journal]") {
    ground g;
    std::vector<std::thread> writers;
    for (int i = 0; i < 4; ++i)
        writers.emplace_back([&g] {
            for (int n = 0; n < 10; ++n) g.add("written");
        });
    for (auto& one : writers) one.join();
    CHECK(g.all.verify().value() == 40);
}
