#include "../store/scratch_folder.hpp"
#include <catch2/catch.hpp>
#include <fstream>
#include <pockets/staging.hpp>
#include <sys/stat.h>

using namespace larder;
using namespace larder::net;
using namespace larder::net::publishing;

namespace {

const auto noon = parse_timestamp("20261121T120000Z").value();

struct desk {
    test::scratch_folder folder{test::on::memory};
    staging place;

    explicit desk(staging_limits limits = {}) : place{folder.path(), of(), limits} {}
    static pockets::pocket of() {
        pockets::pocket p;
        p.archive = "cloud";
        p.suite = "jammy-updates/zed";
        return p;
    }
    void put(const std::string& name, const std::string& bytes, sys_seconds when = noon) {
        const auto file = place.begin(name, bytes.size()).value();
        REQUIRE(file->append(bytes));
        REQUIRE(place.put(*file, when));
    }
    std::vector<std::string> names() const {
        std::vector<std::string> all;
        for (const auto& one : place.files().value()) all.push_back(one.name);
        return all;
    }
};

using names = std::vector<std::string>;

}  // namespace

TEST_CASE("staging: a file is there once all of it is, and one that is not finished goes", "[net][uploads]") {
    desk d;
    CHECK(d.place.folder() == d.folder.path() + "/uploads/cloud~jammy-updates~zed");
    {
        const auto file = d.place.begin("tool.deb", 10).value();
        REQUIRE(file->append("12345"));
        CHECK(d.names().empty());
        CHECK(d.place.put(*file, noon).error().code() == errc::malformed);
        CHECK(file->append("678901").error().code() == errc::too_large);
    }
    CHECK(folder_names(d.place.folder()).value().empty());
    d.put("tool.deb", "first");
    d.put("tool.deb", "second");
    CHECK(d.names() == names{"tool.deb"});
    const auto is = measure(d.place.path_of("tool.deb")).value();
    CHECK((is.size == 6 && is.content == sha256("second")));
}

TEST_CASE("staging: what has waited for a day goes, and nothing before", "[net][uploads]") {
    desk d;
    d.put("old.deb", "x", noon);
    d.put("new.deb", "x", noon + std::chrono::hours{2});
    CHECK(d.place.remove_stale(noon + std::chrono::hours{24} - std::chrono::seconds{1}).value().empty());
    const auto gone = d.place.remove_stale(noon + std::chrono::hours{24}).value();
    REQUIRE(gone.size() == 1);
    CHECK(gone.front().name == "old.deb");
    CHECK(d.names() == names{"new.deb"});
}

TEST_CASE("staging: what a crash left goes after a day, too", "[net][uploads]") {
    desk d;
    REQUIRE(d.place.files());
    std::ofstream{d.place.folder() + "/.new-abcdef"} << "half";
    CHECK(d.names().empty());
    CHECK(folder_names(d.place.folder()).value() == names{".new-abcdef"});
    const auto tomorrow =
        std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()) + std::chrono::hours{25};
    REQUIRE(d.place.remove_stale(tomorrow));
    CHECK(folder_names(d.place.folder()).value().empty());
}

TEST_CASE("staging: there is room for so much, and a file that is sent again takes the first one's", "[net][uploads]") {
    desk d{{.file = 10, .changes = 5, .total = 20, .files = 3, .age = std::chrono::hours{24}}};
    d.put("a.deb", "0123456789");
    const auto there = d.place.files().value();
    CHECK(d.place.check_room(there, "b.deb", 10));
    CHECK(d.place.check_room(there, "b.deb", 11).error().code() == errc::too_large);
    CHECK(d.place.check_room(there, "b.changes", 6).error().code() == errc::too_large);
    d.put("b.deb", "012345678");
    const auto more = d.place.files().value();
    CHECK(d.place.check_room(more, "c.deb", 1));
    CHECK(d.place.check_room(more, "c.deb", 2).error().code() == errc::full);
    CHECK(d.place.check_room(more, "a.deb", 10));
    d.put("c.deb", "");
    CHECK(d.place.check_room(d.place.files().value(), "d.deb", 0).error().code() == errc::full);
}

TEST_CASE("staging: of the last uploads a hundred are told, the last first, and no text breaks its line",
          "[net][uploads]") {
    desk d;
    REQUIRE(d.place.files());
    for (int i = 0; i < 103; ++i)
        REQUIRE(d.place.note({noon, "tool_" + std::to_string(i) + ".changes", "accepted", "key AB A\tB", "x\ny"}));
    const auto all = d.place.outcomes().value();
    REQUIRE(all.size() == 100);
    CHECK(all.front().changes == "tool_102.changes");
    CHECK(all.back().changes == "tool_3.changes");
    CHECK(all.front().when == noon);
    CHECK(all.front().text.find('\n') == std::string::npos);
    // Something else by that name is no reason to fail.
    std::ofstream{d.place.folder() + "/.outcomes"} << "odd\n\t\t\t\t\nno day\ta\tb\tc\td\n";
    CHECK(d.place.outcomes().value().empty());
}
