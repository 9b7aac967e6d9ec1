#include "scratch_folder.hpp"
#include "waiting.hpp"
#include <catch2/catch.hpp>
#include <fstream>
#include <larder/store/objects.hpp>
#include <set>
#include <sys/stat.h>

using namespace larder;
using namespace larder::store;
using larder::test::commit_and_wait;
using larder::test::files_below;
using larder::test::object_file;

namespace {

constexpr sys_seconds noon{std::chrono::seconds{1'790'000'000}};
constexpr sys_seconds later{std::chrono::seconds{1'790'003'600}};

void overwrite(const std::string& path, std::string_view bytes) { std::ofstream{path, std::ios::trunc} << bytes; }

}  // namespace

TEST_CASE("objects: what was put is read back, with its date and size") {
    const test::scratch_folder folder{test::on::memory};
    auto objects = open_file_objects(folder.path()).value();
    const auto d = objects->put("hello", noon).value();
    CHECK(d == sha256("hello"));
    CHECK(objects->read(d).value() == "hello");
    const auto info = objects->find(d).value().value();
    CHECK(info.size == 5);
    CHECK(info.modified == noon);
    CHECK(std::filesystem::exists(object_file(folder.path(), d)));
}

TEST_CASE("objects: an empty object is an object") {
    const test::scratch_folder folder{test::on::memory};
    auto objects = open_file_objects(folder.path()).value();
    const auto d = objects->put("", noon).value();
    CHECK(objects->read(d).value().empty());
    CHECK(objects->find(d).value()->size == 0);
}

TEST_CASE("objects: one that is not here is absent, not an accident") {
    const test::scratch_folder folder{test::on::memory};
    auto objects = open_file_objects(folder.path()).value();
    const auto d = sha256("never");
    CHECK_FALSE(objects->find(d).value());
    CHECK(objects->open(d).error().code() == errc::absent);
    CHECK(objects->read(d).error().code() == errc::absent);
    CHECK(objects->remove(d));
    CHECK(objects->set_aside(d));
}

TEST_CASE("objects: a second commit keeps the first date") {
    const test::scratch_folder folder{test::on::memory};
    auto objects = open_file_objects(folder.path()).value();
    const auto d = objects->put("same", noon).value();
    SECTION("put") { CHECK(objects->put("same", later)); }
    SECTION("commit") { CHECK(commit_and_wait(*objects, "same", d, later)); }
    CHECK(objects->find(d).value()->modified == noon);
}

TEST_CASE("objects: of two equal commits that wait together the first one's date stays") {
    const test::scratch_folder folder{test::on::memory};
    auto objects = open_file_objects(folder.path()).value();
    const auto d = sha256("twice");
    test::answers all{2};
    for (const auto when : {noon, later}) {
        auto file = objects->begin().value();
        REQUIRE(file->append("twice"));
        objects->commit(std::move(file), d, when, all.callback());
    }
    CHECK(all.wait_for_good_ones() == 2);
    CHECK(objects->find(d).value()->modified == noon);
}

TEST_CASE("objects: bytes that are not what was promised are not kept") {
    const test::scratch_folder folder{test::on::memory};
    auto objects = open_file_objects(folder.path()).value();
    const auto answer = commit_and_wait(*objects, "forged", sha256("genuine"), noon);
    CHECK(answer.error().code() == errc::digest_mismatch);
    CHECK_FALSE(objects->find(sha256("genuine")).value());
    CHECK_FALSE(objects->find(sha256("forged")).value());
    CHECK(files_below(folder / "incoming") == 0);
}

TEST_CASE("objects: an incoming file that is dropped leaves nothing") {
    const test::scratch_folder folder{test::on::memory};
    auto objects = open_file_objects(folder.path()).value();
    {
        auto file = objects->begin().value();
        REQUIRE(file->append("half of someth"));
        CHECK(file->size() == 14);
        CHECK_FALSE(objects->find(sha256("half of someth")).value());
    }
    CHECK(files_below(folder / "incoming") == 0);
    CHECK(files_below(folder / "objects") == 0);
}

TEST_CASE("objects: an incoming file outlives its store without harm") {
    const test::scratch_folder folder{test::on::memory};
    auto objects = open_file_objects(folder.path()).value();
    auto file = objects->begin().value();
    objects.reset();
    CHECK(file->append("late"));
    CHECK(file->finish() == sha256("late"));
}

TEST_CASE("objects: a transfer that starts again counts only what came after") {
    const test::scratch_folder folder{test::on::memory};
    auto objects = open_file_objects(folder.path()).value();
    auto file = objects->begin().value();
    REQUIRE(file->append("the wrong mirror's very long answer"));
    REQUIRE(file->restart());
    CHECK(file->size() == 0);
    REQUIRE(file->append("right"));
    CHECK(file->finish() == sha256("right"));
    CHECK(file->finish() == sha256("right"));
    CHECK(file->append("more").error().code() == errc::refused);
    test::answers one{1};
    objects->commit(std::move(file), sha256("right"), noon, one.callback());
    CHECK(one.wait_for_good_ones() == 1);
    CHECK(objects->read(sha256("right")).value() == "right");
}

TEST_CASE("objects: a reader follows a file that is still coming") {
    const test::scratch_folder folder{test::on::memory};
    auto objects = open_file_objects(folder.path()).value();
    auto file = objects->begin().value();
    REQUIRE(file->append("first "));
    CHECK(pread_all(file->fd(), 6, 0, "reading").value() == "first ");
    REQUIRE(file->append("second"));
    CHECK(pread_all(file->fd(), 6, 6, "reading").value() == "second");
}

TEST_CASE("objects: an open one stays readable when it is removed") {
    const test::scratch_folder folder{test::on::memory};
    auto objects = open_file_objects(folder.path()).value();
    const auto d = objects->put("still here", noon).value();
    const auto fd = objects->open(d).value();
    REQUIRE(objects->remove(d));
    CHECK_FALSE(objects->find(d).value());
    CHECK(pread_all(fd.get(), 100, 0, "reading").value() == "still here");
}

TEST_CASE("objects: damage is found by reading") {
    const test::scratch_folder folder{test::on::memory};
    auto objects = open_file_objects(folder.path()).value();
    const auto d = objects->put("good bytes", noon).value();
    overwrite(object_file(folder.path(), d), "baad bytes");
    const auto damaged = objects->read(d);
    CHECK(damaged.error().code() == errc::digest_mismatch);
    CHECK(damaged.error().detail().find(d.hex().substr(2)) != std::string::npos);

    SECTION("and set aside, it is no longer here but can be looked at") {
        REQUIRE(objects->set_aside(d));
        CHECK_FALSE(objects->find(d).value());
        CHECK(read_file(folder / "damaged/" + d.hex()).value() == "baad bytes");
    }
    SECTION("and healed by a commit of the good bytes") { CHECK(commit_and_wait(*objects, "good bytes", d, noon)); }
    SECTION("and healed by a put of the good bytes") { CHECK(objects->put("good bytes", noon)); }
    if (objects->find(d).value()) CHECK(objects->read(d).value() == "good bytes");
}

TEST_CASE("objects: one cut short is healed by a commit of the good bytes") {
    const test::scratch_folder folder{test::on::memory};
    auto objects = open_file_objects(folder.path()).value();
    const auto d = objects->put("good bytes", noon).value();
    overwrite(object_file(folder.path(), d), "good");
    CHECK(commit_and_wait(*objects, "good bytes", d, later));
    CHECK(objects->read(d).value() == "good bytes");
    CHECK(files_below(folder / "incoming") == 0);
}

TEST_CASE("objects: read keeps to its limit") {
    const test::scratch_folder folder{test::on::memory};
    auto objects = open_file_objects(folder.path()).value();
    const auto d = objects->put("12345", noon).value();
    CHECK(objects->read(d, 4).error().code() == errc::too_large);
    CHECK(objects->read(d, 5));
}

TEST_CASE("objects: for_each shows each object once and nothing else") {
    const test::scratch_folder folder{test::on::memory};
    auto objects = open_file_objects(folder.path()).value();
    std::set<digest> expected;
    for (int i = 0; i < 50; ++i) expected.insert(objects->put(std::to_string(i), noon).value());
    overwrite(folder / "objects/00/README", "not an object");
    overwrite(folder / "objects/00/" + std::string(62, 'A'), "neither: open() would not find it");
    std::set<digest> seen;
    REQUIRE(objects->for_each([&](const digest& d, const object_info& info) {
        CHECK(info.modified == noon);
        return seen.insert(d).second;
    }));
    CHECK(seen == expected);
    int count = 0;
    REQUIRE(objects->for_each([&](const digest&, const object_info&) { return ++count < 3; }));
    CHECK(count == 3);
}

TEST_CASE("objects: what a crash left in incoming is gone after opening") {
    const test::scratch_folder folder{test::on::memory};
    const auto d = open_file_objects(folder.path()).value()->put("kept", noon).value();
    overwrite(folder / "incoming/in-1", "half");
    auto objects = open_file_objects(folder.path()).value();
    CHECK(files_below(folder / "incoming") == 0);
    CHECK(objects->read(d).value() == "kept");
}

TEST_CASE("objects: a commit of another store's file is refused") {
    struct foreign final : incoming {
        result<void> append(std::string_view) override { return {}; }
        std::uint64_t size() const noexcept override { return 0; }
        int fd() const noexcept override { return -1; }
        digest finish() override { return {}; }
        result<void> restart() override { return {}; }
    };
    const test::scratch_folder folder{test::on::memory};
    auto objects = open_file_objects(folder.path()).value();
    test::answers one{1};
    objects->commit(std::make_unique<foreign>(), sha256(""), noon, one.callback());
    CHECK(one.wait_for_good_ones() == 0);
    CHECK(one.first_failure().code() == errc::refused);
}
