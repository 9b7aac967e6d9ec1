#include <catch2/catch.hpp>
#include <config_edit.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <larder/base/file.hpp>
#include <larder/config/load.hpp>
#include <sys/stat.h>
#include <unistd.h>

using namespace larder;
using namespace larder::cli;
namespace fs = std::filesystem;

namespace {

struct scratch {
    scratch() {
        std::string name = (fs::temp_directory_path() / "larder-edit-XXXXXX").string();
        path = ::mkdtemp(name.data());
        std::ofstream{path + "/key.gpg"} << "key";
    }
    ~scratch() { fs::remove_all(path); }
    std::string path;
};

core::archive_options archive_called(const std::string& name, const std::string& key) {
    core::archive_options a;
    a.name = name;
    a.upstream = {"http://" + name + ".example/x"};
    a.keyring = {key};
    a.suites = {"stable"};
    return a;
}

const std::string text = R"(# top
[server]
listen = ["127.0.0.1:1"]  # here

# the first
[[archive]]
name = "one"
upstream = "http://one.example/x"
keyring = "/k"
suites = [
  "a",   # [[archive]] is no table here
  "b",
]
# about its end

# the second
[[ archive ]]  # so
upstream = "http://two.example/x"
keyring = "/k"
name = 'two'

[log]
level = "info"
)";

}  // namespace

TEST_CASE("config_edit: adding leaves what is there byte for byte", "[cli]") {
    const scratch s;
    const auto next =
        with_archive("# mine\n[log]\nlevel = \"warn\" # so", "f", archive_called("new", s.path + "/key.gpg")).value();
    CHECK(next.starts_with("# mine\n[log]\nlevel = \"warn\" # so\n\n[[archive]]\nname = \"new\"\n"));
    const auto read = config::parse(next, "f").value();
    REQUIRE(read.archives.size() == 1);
    CHECK(read.archives[0].suites == std::vector<std::string>{"stable"});
    CHECK(read.log.level == "warn");
}

TEST_CASE("config_edit: adding what would not be right is refused with the reason", "[cli]") {
    const scratch s;
    CHECK(with_archive(text, "f", archive_called("two", s.path + "/key.gpg")).error().code() == errc::conflict);
    CHECK(with_archive("", "f", archive_called("new", s.path + "/none.gpg")).error().detail().find("none.gpg") !=
          std::string::npos);
    CHECK(with_archive("", "f", archive_called("bad/name", s.path + "/key.gpg")).error().code() == errc::bad_config);
    CHECK(with_archive("[broken", "f", archive_called("new", s.path + "/key.gpg")).error().code() == errc::bad_config);
    auto hostile = archive_called("new", s.path + "/key.gpg");
    hostile.suites = {"a\"]\n[server]\nlisten = [\"*:1"};
    CHECK_FALSE(with_archive("", "f", hostile));
}

TEST_CASE("config_edit: adding and removing again gives the text there was", "[cli]") {
    const scratch s;
    const std::string before = "# mine\n[log]\nlevel = \"warn\"\n";
    const auto with = with_archive(before, "f", archive_called("new", s.path + "/key.gpg")).value();
    const auto without = without_archive(with, "f", "new").value();
    CHECK(without.substr(0, before.size()) == before);
    CHECK(without.find_first_not_of('\n', before.size()) == std::string::npos);
}

TEST_CASE("config_edit: removing takes one table and no comment outside of it", "[cli]") {
    const auto first = without_archive(text, "f", "one").value();
    CHECK(first.find("one.example") == std::string::npos);
    CHECK(first.find("\"b\"") == std::string::npos);
    for (const auto* comment : {"# top", "# here", "# the first", "# about its end", "# the second", "# so"})
        CHECK(first.find(comment) != std::string::npos);
    CHECK(first.find("two.example") != std::string::npos);
    const auto second = without_archive(text, "f", "two").value();
    CHECK(second.find("two.example") == std::string::npos);
    CHECK(second.find("one.example") != std::string::npos);
    CHECK(second.find("[log]\nlevel = \"info\"\n") != std::string::npos);
    CHECK(second.find("\n\n\n") == std::string::npos);
}

TEST_CASE("config_edit: an archive that is not there cannot be removed", "[cli]") {
    CHECK(without_archive(text, "f", "three").error().code() == errc::absent);
}

TEST_CASE("config_edit: lines that cannot be told apart are left alone", "[cli]") {
    const std::string inlined = "archive = [{name = \"one\", upstream = \"http://one.example/x\", keyring = \"/k\"}]\n";
    REQUIRE(config::parse(inlined, "f", config::file_check::off));
    CHECK(without_archive(inlined, "f", "one").error().detail().find("by hand") != std::string::npos);
}

TEST_CASE("config_edit: the file keeps its mode, and a link stays a link", "[cli]") {
    const scratch s;
    const auto real = s.path + "/real.toml", link = s.path + "/link.toml";
    std::ofstream{real} << "old";
    ::chmod(real.c_str(), 0640);
    fs::create_symlink(real, link);
    REQUIRE(replace_config(link, "new"));
    CHECK(fs::is_symlink(link));
    CHECK(read_file(real).value() == "new");
    struct stat st {};
    REQUIRE(::stat(real.c_str(), &st) == 0);
    CHECK((st.st_mode & 07777U) == 0640U);
    CHECK_FALSE(replace_config(s.path + "/none.toml", "new"));
}
