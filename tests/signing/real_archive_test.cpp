#include "workshop.hpp"
#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <larder/base/file.hpp>
#include <optional>

using namespace larder;
using namespace larder::signing;
using namespace larder::signing::test;

namespace fs = std::filesystem;

namespace {

constexpr const char* debian_keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// The largest InRelease of Debian itself in apt's lists.
std::optional<std::string> real_in_release() {
    std::error_code ec;
    if (!fs::exists(debian_keyring, ec)) return std::nullopt;
    std::optional<std::string> found;
    for (const auto& entry : fs::directory_iterator{"/var/lib/apt/lists", ec}) {
        const auto name = entry.path().filename().string();
        if (name.find("_debian_dists_") == std::string::npos || !name.ends_with("_InRelease")) continue;
        auto text = read_file(entry.path().string());
        if (text.has_value() && (!found || text->size() > found->size())) found = *std::move(text);
    }
    return found;
}

}  // namespace

TEST_CASE("real archive: Debian's own InRelease is verified, and one changed byte is noticed") {
    auto file = real_in_release();
    if (!file) {
        WARN("skipped: no debian-archive-keyring or no InRelease in apt's lists");
        return;
    }
    const auto v = verifier::open({debian_keyring}).value();
    const auto verified = v->inline_signed(*file);
    REQUIRE(verified);
    CHECK(verified->text().substr(0, 8) == "Origin: ");
    CHECK(!verified->signers().empty());
    for (const auto& signer : verified->signers()) CHECK(signer.size() == 40);

    auto& byte = (*file)[file->size() / 2];
    byte = byte == 'a' ? 'b' : 'a';
    const auto doctored = v->inline_signed(*file);
    REQUIRE(!doctored);
    CHECK(doctored.error().code() == errc::bad_signature);
}

TEST_CASE("real archive: (measure) how long it takes", "[.measure]") {
    const auto file = real_in_release();
    if (!file) {
        WARN("skipped: no debian-archive-keyring or no InRelease in apt's lists");
        return;
    }
    using clock = std::chrono::steady_clock;
    const auto ms = [](clock::duration d) { return std::chrono::duration<double, std::milli>(d).count(); };
    const auto start = clock::now();
    const auto v = verifier::open({debian_keyring}).value();
    const auto opened = clock::now();
    constexpr int times = 50;
    for (int i = 0; i < times; ++i) REQUIRE(v->inline_signed(*file));
    const auto done = clock::now();
    WARN(v->keys().size() << " keys, open " << ms(opened - start) << " ms; " << file->size() << " bytes, verify "
                          << ms(done - opened) / times << " ms");
}
