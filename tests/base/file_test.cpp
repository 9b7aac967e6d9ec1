#include <catch2/catch.hpp>
#include <filesystem>
#include <larder/base/file.hpp>
#include <larder/base/file_owner.hpp>
#include <sys/stat.h>
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

TEST_CASE("replace_file: a file of another's has owner, group and mode, and a link in its way is not followed",
          "[base]") {
    if (::geteuid() != 0) return;  // only root gives files away
    folder f;
    REQUIRE(replace_file(f.path + "/precious", "untouched", 0600));
    std::filesystem::create_symlink(f.path + "/precious", f.path + "/a");
    REQUIRE(replace_file(f.path + "/a", "new", 02640, {65533, 65534}));
    struct stat made {};
    REQUIRE(::lstat((f.path + "/a").c_str(), &made) == 0);
    CHECK((S_ISREG(made.st_mode) && made.st_uid == 65533 && made.st_gid == 65534));
    CHECK((made.st_mode & 07777U) == 02640U);
    struct stat precious {};
    REQUIRE(::stat((f.path + "/precious").c_str(), &precious) == 0);
    CHECK((precious.st_uid == 0 && *read_file(f.path + "/precious") == "untouched"));
}

TEST_CASE("read_file: absent and too large are told apart", "[base]") {
    folder f;
    CHECK(read_file(f.path + "/none").error().code() == errc::absent);
    REQUIRE(replace_file(f.path + "/big", std::string(100, 'x')));
    CHECK(read_file(f.path + "/big", 99).error().code() == errc::too_large);
    CHECK(read_file(f.path + "/big", 100)->size() == 100);
    CHECK(read_file(f.path).error().code() == errc::io);
}
