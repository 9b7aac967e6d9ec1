#include "scratch_folder.hpp"
#include <catch2/catch.hpp>
#include <filesystem>
#include <larder/base/file.hpp>
#include <larder/deployments/bundle.hpp>

using namespace larder;
using namespace larder::deployments;

namespace {

using effort = bundle_writer::effort;

/// Gives a text in pieces of this size.
bundle_writer::source pieces(const std::string& text, std::size_t size) {
    return [text, size, at = std::size_t{0}]() mutable -> result<std::string_view> {
        const auto piece = std::string_view{text}.substr(at, size);
        at += piece.size();
        return piece;
    };
}

void add(bundle_writer& out, const std::string& name, const std::string& text, effort how = effort::none) {
    REQUIRE(out.add(name, text.size(), sys_seconds{std::chrono::seconds{1'700'000'000}}, how, pieces(text, 1000)));
}

std::string all_of(const std::string& path) {
    auto in = open_bundle_reader(path).value();
    std::string out;
    for (;;) {
        auto entry = in->next();
        if (!entry) return out + "! " + std::string{to_string(entry.error().code())};
        if (!*entry) return out;
        const auto text = in->read_all(1 << 20);
        out += (*entry)->name + " " + std::to_string((*entry)->modified.time_since_epoch().count()) + " " +
               (text ? sha256(*text).hex().substr(0, 4) : "too large") + "\n";
    }
}

std::string noise(std::size_t size) {
    std::string out;
    for (std::uint32_t x = 1; out.size() < size; x = x * 1664525 + 1013904223) out += static_cast<char>(x >> 24);
    return out;
}

bundle_list some_list() {
    bundle_list list;
    list.objects = {{sha256("a"), 1, sys_seconds{std::chrono::seconds{5}}}, {sha256("b"), 0, sys_seconds{}}};
    list.generations = {sha256("first"), sha256("second")};
    list.units = {{"web-1", sys_seconds{std::chrono::seconds{7}}, sha256("report")}};
    list.companions = {{sha256("state"), "Release.gpg", sha256("sig")}};
    list.holds = {{sha256("deb"), 9, "debian", "pool/main/h/hello/hello with a space_1.deb"}};
    return list;
}

}  // namespace

TEST_CASE("bundle: entries come back as they were written", "[bundle]") {
    const test::scratch_folder folder{test::on::memory};
    const auto path = folder.path() + "/x.tar.zst";
    const auto large = noise(300'000);
    auto out = open_bundle_writer(path).value();
    CHECK(out->whole() == 0);
    add(*out, "one", "hello");
    add(*out, "empty", "");
    add(*out, "large", large, effort::some);
    REQUIRE(out->finish());
    CHECK(all_of(path) == "one 1700000000 " + sha256("hello").hex().substr(0, 4) + "\nempty 1700000000 " +
                              sha256("").hex().substr(0, 4) + "\nlarge 1700000000 " + sha256(large).hex().substr(0, 4) +
                              "\n");
}

TEST_CASE("bundle: an interrupted one is gone on with after its last whole entry", "[bundle]") {
    const test::scratch_folder folder{test::on::memory};
    const auto path = folder.path() + "/x.tar.zst";
    const std::vector<std::string> texts{"head", noise(70'000), noise(200'000), "last"};
    {
        auto out = open_bundle_writer(path).value();
        for (std::size_t i = 0; i < texts.size(); ++i) add(*out, "e" + std::to_string(i), texts[i]);
        REQUIRE(out->finish());
    }
    const auto whole = read_file(path).value();
    const auto expected = all_of(path);
    for (std::size_t cut = 0; cut <= 40; ++cut) {
        const auto size = whole.size() * cut / 40;
        REQUIRE(replace_file(path, std::string_view{whole}.substr(0, size)));
        auto out = open_bundle_writer(path).value();
        CHECK(out->first() == (out->whole() == 0 ? "" : "head"));
        for (auto i = out->whole(); i < texts.size(); ++i) add(*out, "e" + std::to_string(i), texts[i]);
        REQUIRE(out->finish());
        CHECK(all_of(path) == expected);
    }
}

TEST_CASE("bundle: of an entry that fails nothing stays", "[bundle]") {
    const test::scratch_folder folder{test::on::memory};
    const auto path = folder.path() + "/x.tar.zst";
    auto out = open_bundle_writer(path).value();
    add(*out, "one", "hello");
    const auto fails = [n = 0]() mutable -> result<std::string_view> {
        if (++n > 2) return error{errc::digest_mismatch, "damaged"};
        return std::string_view{"12345"};
    };
    CHECK(out->add("two", 100, {}, effort::none, fails).error().code() == errc::digest_mismatch);
    CHECK(out->add("short", 100, {}, effort::none, pieces("12345", 5)).error().code() == errc::digest_mismatch);
    CHECK(out->add("long", 3, {}, effort::none, pieces("12345", 5)).error().code() == errc::digest_mismatch);
    add(*out, "three", "there");
    REQUIRE(out->finish());
    CHECK(all_of(path) == "one 1700000000 " + sha256("hello").hex().substr(0, 4) + "\nthree 1700000000 " +
                              sha256("there").hex().substr(0, 4) + "\n");
}

TEST_CASE("bundle: what is none, or was changed, is an error and no entry", "[bundle]") {
    const test::scratch_folder folder{test::on::memory};
    const auto path = folder.path() + "/x";
    CHECK(open_bundle_reader(path).error().code() == errc::absent);
    REQUIRE(replace_file(path, "no bundle at all"));
    CHECK(open_bundle_reader(path).error().code() == errc::malformed);
}

TEST_CASE("bundle: head and list are texts that come back", "[bundle]") {
    bundle_head head;
    head.deployment = "web";
    head.generation = 2;
    head.hold = hold_mode::full;
    head.token = sha256("token").hex();
    head.archives = {"debian", "security"};
    head.made = parse_timestamp("20261121T063000Z").value();
    head.objects = 16;
    head.bytes = 9;
    head.list = sha256("list");
    CHECK(bundle_head::read(head.write()).value().write() == head.write());
    head.token.clear();
    CHECK(bundle_head::read(head.write()).value().write() == head.write());
    // What an upstream wrote and this key signed, since a deployment went back to it, is no head.
    CHECK(bundle_head::read(head.write() + "Origin: Debian\n").error().code() == errc::malformed);
    CHECK(bundle_head::read("").error().code() == errc::malformed);
    CHECK(bundle_head::read("Larder-Bundle: 2\nDeployment: web\n").error().code() == errc::unsupported);
    CHECK(bundle_head::read("Larder-Bundle: 1\nDeployment: ../web\n").error().code() == errc::refused);
    const auto text = some_list().write();
    const auto again = bundle_list::read(text).value();
    CHECK(again.write() == text);
    CHECK(again.holds[0].path == "pool/main/h/hello/hello with a space_1.deb");
}

TEST_CASE("bundle: a list that cannot be read names the line", "[bundle]") {
    const auto hash = sha256("x").hex();
    const auto refusal = [](const std::string& text) {
        const auto read = bundle_list::read(text);
        return read ? std::string{"taken"} : read.error().detail();
    };
    CHECK(refusal("object " + hash + " 1 1\nobject " + hash + "\n") ==
          "line 2 of its list: a bundle's line cannot be read");
    CHECK(refusal("generation 2 " + hash + "\n").find("order of generations") != std::string::npos);
    CHECK(refusal("held " + hash + " 1 debian ../../etc/passwd\n").starts_with("line 1 of its list: "));
    CHECK(refusal("companion " + hash + " InRelease " + hash + "\n").find("companion") != std::string::npos);
    CHECK(refusal("unit ../x 1 " + hash + "\n").starts_with("line 1 of its list: "));
    CHECK(refusal("object " + hash + " 1 99999999999999\n").find("moment") != std::string::npos);
}
