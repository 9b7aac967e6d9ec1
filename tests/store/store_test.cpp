#include "scratch_folder.hpp"
#include <catch2/catch.hpp>
#include <fstream>
#include <larder/base/file.hpp>
#include <larder/store/store.hpp>
#include <sys/stat.h>
#include <unistd.h>

using namespace larder;

namespace {

void write(const std::string& path, std::string_view bytes) { std::ofstream{path, std::ios::trunc} << bytes; }

}  // namespace

TEST_CASE("store: opening makes the whole path, for its owner and group only") {
    const test::scratch_folder folder{test::on::memory};
    auto s = store::open(folder / "a/b/store/").value();
    CHECK(s->path() == folder / "a/b/store");
    struct stat st {};
    REQUIRE(::stat(s->path().c_str(), &st) == 0);
    CHECK((st.st_mode & 07U) == 0);
    for (const char* name : {"lock", "objects/00", "objects/ff", "incoming", "damaged", "db/data.mdb", "format"})
        CHECK(std::filesystem::exists(s->path() + "/" + name));
}

TEST_CASE("store: a second opener is told who holds it") {
    const test::scratch_folder folder{test::on::memory};
    auto s = store::open(folder / "s").value();
    const auto second = store::open(folder / "s");
    CHECK(second.error().code() == errc::conflict);
    CHECK(second.error().detail().find("process " + std::to_string(::getpid()) + ":") != std::string::npos);
    s.reset();
    CHECK(store::open(folder / "s"));
}

TEST_CASE("store: the second opener leaves the first one's incoming files alone") {
    const test::scratch_folder folder{test::on::memory};
    auto s = store::open(folder / "s").value();
    write(folder / "s/incoming/in-7", "being written");
    CHECK_FALSE(store::open(folder / "s"));
    CHECK(std::filesystem::exists(folder / "s/incoming/in-7"));
}

TEST_CASE("store: one made by a newer Larder is left alone") {
    const test::scratch_folder folder{test::on::memory};
    (void)store::open(folder / "s").value();
    write(folder / "s/format", "larder-store 2\n");
    const auto r = store::open(folder / "s");
    CHECK(r.error().code() == errc::unsupported);
    CHECK(r.error().detail().find("layout 2") != std::string::npos);
    for (const char* text : {"", "larder-store\n", "larder-store x\n", "larder-store 99999999999999999999\n", "?"}) {
        write(folder / "s/format", text);
        CHECK(store::open(folder / "s").error().code() == errc::malformed);
    }
}

TEST_CASE("store: no store is made among other files, whatever they are called") {
    const test::scratch_folder folder{test::on::memory};
    std::filesystem::create_directories(folder / "disk/lost+found");
    write(folder / "disk/format.Ab3xYz", "");  // a start that was killed while it wrote the file
    REQUIRE(store::open(folder / "disk").has_value());
    std::filesystem::create_directories(folder / "home");
    write(folder / "home/.profile", "precious");
    const auto r = store::open(folder / "home");
    REQUIRE_FALSE(r.has_value());
    CHECK(r.error().code() == errc::refused);
    CHECK(r.error().detail().find("'.profile'") != std::string::npos);
    CHECK_FALSE(std::filesystem::exists(folder / "home/format"));
}

TEST_CASE("store: a folder that is somebody else's is not touched") {
    const test::scratch_folder folder{test::on::memory};
    std::filesystem::create_directories(folder / "queue/incoming");
    write(folder / "queue/incoming/upload.changes", "precious");
    const auto r = store::open(folder / "queue");
    CHECK(r.error().code() == errc::refused);
    CHECK(r.error().detail().find("incoming") != std::string::npos);
    CHECK(read_file(folder / "queue/incoming/upload.changes").value() == "precious");
}

TEST_CASE("store: a making that was cut short is finished by the next opening") {
    const test::scratch_folder folder{test::on::memory};
    (void)store::open(folder / "s").value();
    std::filesystem::remove_all(folder / "s/db");
    std::filesystem::remove_all(folder / "s/objects");
    auto s = store::open(folder / "s");
    REQUIRE(s);
    CHECK((*s)->objects().put("x", {}));
}

TEST_CASE("store: a path that cannot be one is a clear error") {
    const test::scratch_folder folder{test::on::memory};
    write(folder / "file", "x");
    CHECK(store::open("").error().code() == errc::bad_config);
    const auto r = store::open(folder / "file");
    CHECK(r.error().code() == errc::io);
    CHECK(r.error().detail().find(folder / "file") != std::string::npos);
    CHECK(store::open(folder / "file/below").error().detail().find("file") != std::string::npos);
}

TEST_CASE("store: a folder that may not be written is a clear error") {
    if (::geteuid() == 0) {
        WARN("root may write everywhere: not tried");
        return;
    }
    const test::scratch_folder folder{test::on::memory};
    std::filesystem::permissions(folder.path(),
                                 std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec);
    const auto r = store::open(folder / "s");
    std::filesystem::permissions(folder.path(), std::filesystem::perms::owner_all);
    CHECK(r.error().code() == errc::io);
    CHECK(r.error().detail().find(folder / "s") != std::string::npos);
}
