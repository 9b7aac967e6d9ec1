#include <catch2/catch.hpp>
#include <larder/debs/build.hpp>
#include <larder/debs/deb.hpp>

using namespace larder;
using namespace larder::debs;

namespace {

new_package sample() {
    new_package p;
    p.control =
        "Package: cloud-keyring\nVersion: 20261122.1\nArchitecture: all\nMaintainer: cloud archive\n"
        "Description: keys\n of an archive\n";
    p.files = {{"usr/share/keyrings/cloud.gpg", std::string(3000, 'k')}, {"usr/share/doc/cloud/README", "read me\n"}};
    p.modified = parse_timestamp("20261122T000000Z").value();
    return p;
}

}  // namespace

TEST_CASE("build: what was built is read again as what it is", "[build]") {
    const auto bytes = build_deb(sample()).value();
    const auto in = index::memory_source(bytes);
    const auto read = read_deb(*in, "cloud-keyring_20261122.1_all.deb").value();
    CHECK(read.name == "cloud-keyring");
    CHECK(read.version == "20261122.1");
    CHECK(read.control.get("Installed-Size") == "10");
    CHECK(read.control.get("Description").substr(0, 4) == "keys");
    CHECK(read.files == std::vector<std::string>{"usr/share/doc/cloud/README", "usr/share/keyrings/cloud.gpg"});
}

TEST_CASE("build: the same package is the same bytes, in whatever order its files are given", "[build]") {
    auto turned = sample();
    std::swap(turned.files[0], turned.files[1]);
    CHECK(build_deb(turned).value() == build_deb(sample()).value());
    turned.modified += std::chrono::hours{24};
    CHECK(build_deb(turned).value() != build_deb(sample()).value());
}

TEST_CASE("build: what could not be installed is not built", "[build]") {
    for (const auto* path : {"../etc/passwd", "/etc/passwd", "a//b", ""}) {
        auto wrong = sample();
        wrong.files = {{path, "x"}};
        CHECK_FALSE(build_deb(wrong));
    }
    auto wrong = sample();
    wrong.control = "Package: cloud-keyring\n";
    CHECK(build_deb(wrong).error().code() == errc::malformed);
}
