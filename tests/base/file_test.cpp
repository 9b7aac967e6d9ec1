#include <catch2/catch.hpp>
#include <filesystem>
#include <larder/base/file.hpp>
#include <unistd.h>

using namespace larder;

namespace {
struct folder {
    std::string path =
        (std::filesystem::temp_directory_path() / ("larder-file-test-" + std::to_string(::getpid()))).string();
    folder() { std::filesystem::create_directories(path); }
    ~folder() { std::filesystem::remove_all(path); }
};
}  // namespace

TEST_CASE("replace_file: the new bytes, and no temporary file left", "[base]") {
    folder f;
    REQUIRE(replace_file(f.path + "/a", "one"));
    REQUIRE(replace_file(f.path + "/a", "two"));
    CHECK(*read_file(f.path + "/a") == "two");
    CHECK(std::distance(std::filesystem::directory_iterator{f.path}, {}) == 1);
}

TEST_CASE("replace_file: a folder that is not there is an error that names it, and changes nothing", "[base]") {
    const auto r = replace_file("/nonexistent-larder/a", "x");
    REQUIRE_FALSE(r);
    CHECK(r.error().detail().find("/nonexistent-larder/a") != std::string::npos);
}

TEST_CASE("read_file: absent and too large are told apart", "[base]") {
    folder f;
    CHECK(read_file(f.path + "/none").error().code() == errc::absent);
    REQUIRE(replace_file(f.path + "/big", std::string(100, 'x')));
    CHECK(read_file(f.path + "/big", 99).error().code() == errc::too_large);
    CHECK(read_file(f.path + "/big", 100)->size() == 100);
    CHECK(read_file(f.path).error().code() == errc::io);
}
