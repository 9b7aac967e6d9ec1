#include "workshop.hpp"
#include <catch2/catch.hpp>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <larder/base/file.hpp>
#include <sys/file.h>

using namespace larder;
using namespace larder::signing;
using namespace larder::signing::test;
using Catch::Matchers::Contains;
using Catch::Matchers::EndsWith;
using Catch::Matchers::StartsWith;

namespace fs = std::filesystem;

namespace {

std::string opened(const std::vector<std::string>& keyrings) { return said(verifier::open(keyrings)); }

/// $NAME for as long as this lives.
class environment {
public:
    environment(const char* name, const std::string& value) : name_{name} {
        if (const char* old = std::getenv(name)) old_ = old;
        ::setenv(name, value.c_str(), 1);
    }
    ~environment() { old_ ? ::setenv(name_, old_->c_str(), 1) : ::unsetenv(name_); }
    environment(const environment&) = delete;
    environment& operator=(const environment&) = delete;

private:
    const char* name_;
    std::optional<std::string> old_;
};

bool some_process_mentions(const std::string& text) {
    std::error_code ec;
    for (const auto& entry : fs::directory_iterator{"/proc", ec}) {
        std::ifstream in{entry.path() / "cmdline"};
        const std::string line{std::istreambuf_iterator<char>{in}, {}};
        if (line.find(text) != std::string::npos) return true;
    }
    return false;
}

}  // namespace

TEST_CASE("keyring: binary, armoured, several armours with text around, keybox and inline text give the same keys") {
    const temporary_folder folder;
    const std::vector<std::string> names{"archive", "other"};
    const auto one = shop().keyring({"archive"}, {"--armor"});
    const auto two = shop().keyring({"other"}, {"--armor"});
    shop().keyring(names);
    workshop boxed;
    boxed.gpg({"--import"}, shop().keyring(names));
    const auto keybox = read_file(boxed.home() + "/pubring.kbx").value();
    const std::vector<std::vector<std::string>> forms{
        {folder.write("a.gpg", shop().keyring(names))},
        {folder.write("a.asc", shop().keyring(names, {"--armor"}))},
        {folder.write("b.asc", "the first:\n" + one + "\nthe second:\n" + two)},
        {folder.write("wrong-name.gpg", one), folder.write("c.gpg", shop().keyring({"other"}))},
        {folder.write("a.kbx", keybox)},
        {one + two},
        {one, two, one},
    };
    for (const auto& form : forms) {
        INFO(form.front().substr(0, 100));
        const auto v = verifier::open(form);
        REQUIRE(v);
        REQUIRE((*v)->keys().size() == 2);
        CHECK((*v)->keys()[0].fingerprint == shop().key("archive"));
        CHECK((*v)->keys()[1].fingerprint == shop().key("other"));
        CHECK(said((*v)->inline_signed(shop().clearsign(release_text, {"other"}))) == "accepted");
    }
}

TEST_CASE("keyring: a key is described") {
    const arguments in_2020{"--faked-system-time", "20200101T000000"};
    shop().key("described", "ed25519", "20900101T000000", in_2020);
    const auto v = trusting({"described"});
    const auto& key = v->keys().front();
    CHECK(key.fingerprint.size() == 40);
    CHECK(key.user_id == "described");
    CHECK(format_iso(key.created) == "2020-01-01T00:00:00Z");
    REQUIRE(key.expires);
    CHECK(format_iso(*key.expires) == "2090-01-01T00:00:00Z");
    CHECK(key.usable);
    CHECK(key.subkeys.empty());
    CHECK(!trusting({"archive"})->keys().front().expires);
}

TEST_CASE("keyring: what is wrong with a file is said, with its name") {
    const temporary_folder folder;
    const auto good = folder.write("good.gpg", shop().keyring({"archive"}));
    CHECK_THAT(opened({good, folder.path() + "/none.gpg"}),
               StartsWith("absent: keyring " + folder.path() + "/none.gpg"));
    CHECK_THAT(opened({folder.path()}), StartsWith("io: keyring " + folder.path()));
    CHECK_THAT(opened({folder.write("empty.gpg", "")}), EndsWith("empty.gpg: is empty"));
    CHECK_THAT(opened({folder.write("text.asc", "hello\n")}), Contains("text.asc: holds no OpenPGP public key"));
    CHECK_THAT(opened({folder.write("sig.asc", shop().detach("x", {"archive"}))}), StartsWith("malformed: keyring"));
    const auto keys = shop().keyring({"archive"});
    CHECK_THAT(opened({folder.write("cut.gpg", keys.substr(0, keys.size() - 7))}),
               EndsWith("cut.gpg: OpenPGP data that is damaged, cut off or no key or signature"));
    CHECK_THAT(opened({folder.write("bare.gpg", keys.substr(0, 2 + static_cast<unsigned char>(keys[1])))}),
               Contains("bare.gpg: holds no key that gpg takes"));
    CHECK_THAT(opened({"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nxx"}),
               StartsWith("malformed: the key block in the configuration: an armoured block has no end"));
    CHECK_THAT(opened({}), StartsWith("bad_config: no keyring given"));
}

TEST_CASE("keyring: a damaged keybox is refused, wherever it is cut") {
    const temporary_folder folder;
    workshop boxed;
    boxed.gpg({"--import"}, shop().keyring({"archive"}));
    const auto keybox = read_file(boxed.home() + "/pubring.kbx").value();
    for (std::size_t size = 33; size < keybox.size(); size += 29)
        CHECK_THAT(opened({folder.write("cut.kbx", keybox.substr(0, size))}), StartsWith("malformed: keyring"));
    auto wild = keybox;
    wild.replace(32 + 8, 4, "\xff\xff\xff\xff");
    CHECK_THAT(opened({folder.write("wild.kbx", wild)}), EndsWith("is a damaged keybox"));
}

TEST_CASE("keyring: a secret key is refused, binary or armoured") {
    const temporary_folder folder;
    const auto key = shop().key("archive");
    CHECK_THAT(opened({folder.write("s.gpg", shop().gpg({"--export-secret-keys", key}))}),
               StartsWith("refused: keyring " + folder.path() + "/s.gpg: holds a secret key"));
    CHECK_THAT(opened({folder.write("s.asc", shop().gpg({"--armor", "--export-secret-keys", key}))}),
               StartsWith("refused: keyring " + folder.path() + "/s.asc: holds a secret key"));
}

TEST_CASE("keyring: no key counts but the verifier's own, not even those of $GNUPGHOME") {
    const auto file = shop().clearsign(release_text, {"archive"});
    shop().key("other");
    const environment mine{"GNUPGHOME", shop().home()};
    const auto v = trusting({"other"});
    CHECK(v->keys().size() == 1);
    CHECK(said(v->inline_signed(file)) == "bad_signature: unknown key " + shop().key("archive"));
}

TEST_CASE("keyring: the temporary folder is private, goes with the verifier, and no process stays in it") {
    const temporary_folder folder;
    const auto file = shop().clearsign(release_text, {"archive"});
    const auto keys = folder.write("keys.gpg", shop().keyring({"archive"}));
    const auto place = folder.path() + "/tmp";
    fs::create_directory(place);
    const environment there{"TMPDIR", place};
    auto v = verifier::open({keys}).value();
    REQUIRE(v->inline_signed(file));
    REQUIRE(std::distance(fs::directory_iterator{place}, {}) == 1);
    const auto home = fs::directory_iterator { place } -> path();
    CHECK(fs::status(home).permissions() == fs::perms::owner_all);
    CHECK(!some_process_mentions(home.string()));
    v.reset();
    CHECK(fs::is_empty(place));
    CHECK(!verifier::open({keys, folder.path() + "/none.gpg"}));
    CHECK(!verifier::open({folder.write("bad.gpg", shop().keyring({"archive"}).substr(0, 53))}));
    CHECK(fs::is_empty(place));
}

TEST_CASE("keyring: what killed processes left is swept away, what others use or just made is not") {
    const temporary_folder folder;
    const auto keys = folder.write("keys.gpg", shop().keyring({"archive"}));
    const auto place = folder.path() + "/tmp";
    const environment there{"TMPDIR", place};
    for (const auto* name : {"larder-keys-left", "larder-keys-used", "larder-keys-young", "larder-other"}) {
        fs::create_directories(place + "/" + name + "/inner");
        if (std::string_view{name} != "larder-keys-young")
            fs::last_write_time(place + "/" + name, fs::file_time_type::clock::now() - std::chrono::hours{2});
    }
    const unique_fd used{::open((place + "/larder-keys-used").c_str(), O_RDONLY | O_DIRECTORY)};
    REQUIRE(::flock(used.get(), LOCK_SH) == 0);
    REQUIRE(verifier::open({keys}));
    CHECK(!fs::exists(place + "/larder-keys-left"));
    CHECK(fs::exists(place + "/larder-keys-used/inner"));
    CHECK(fs::exists(place + "/larder-keys-young/inner"));
    CHECK(fs::exists(place + "/larder-other/inner"));
}

TEST_CASE("keyring: a temporary folder that was cleaned away is not called a bad signature") {
    const temporary_folder folder;
    const auto file = shop().clearsign(release_text, {"archive"});
    const auto keys = folder.write("keys.gpg", shop().keyring({"archive"}));
    const auto place = folder.path() + "/tmp";
    fs::create_directory(place);
    const environment there{"TMPDIR", place};
    const auto v = verifier::open({keys}).value();
    fs::remove_all(fs::directory_iterator { place } -> path());
    CHECK_THAT(said(v->inline_signed(file)), StartsWith("io: the temporary keyring"));
}

TEST_CASE("keyring: no folder for temporary files is said") {
    const temporary_folder folder;
    const auto keys = folder.write("keys.gpg", shop().keyring({"archive"}));
    const environment nowhere{"TMPDIR", folder.path() + "/none"};
    CHECK_THAT(opened({keys}), Contains("temporary"));
}
