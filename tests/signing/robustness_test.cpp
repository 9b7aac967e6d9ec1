#include "workshop.hpp"
#include <catch2/catch.hpp>
#include <random>

using namespace larder;
using namespace larder::signing;
using namespace larder::signing::test;

namespace {

/// One to three bytes flipped, put in, taken out or doubled; or the file cut off.
std::string damage(std::string file, std::mt19937& dice) {
    const auto below = [&](std::size_t n) { return std::uniform_int_distribution<std::size_t>{0, n - 1}(dice); };
    for (std::size_t times = 1 + below(3); times > 0 && !file.empty(); --times) {
        const auto at = below(file.size());
        switch (below(6)) {
            case 0: file.resize(at); break;
            case 1: file.erase(at, 1 + below(4)); break;
            case 2: file.insert(at, 1, static_cast<char>(below(256))); break;
            case 3: file.insert(at, file.substr(at, below(80))); break;
            case 4: file.insert(at, "\n"); break;
            default: file[at] = static_cast<char>(file[at] ^ (1 << below(8))); break;
        }
    }
    return file;
}

}  // namespace

TEST_CASE("robustness: no damage to an InRelease makes another text a verified one") {
    const auto v = trusting({"archive"});
    const auto file = shop().clearsign(release_text, {"archive"});
    std::mt19937 dice{20261121};
    int refused = 0;
    for (int i = 0; i < 500; ++i) {
        const auto damaged = damage(file, dice);
        const auto verified = v->inline_signed(damaged);
        refused += verified.has_error() ? 1 : 0;
        if (verified.has_value() && verified->text() != release_text) FAIL(damaged);
    }
    CHECK(refused > 400);
}

TEST_CASE("robustness: no damage to a Release.gpg makes another text a verified one") {
    const auto v = trusting({"archive"});
    const auto signature = shop().detach(release_text, {"archive"});
    std::mt19937 dice{20261122};
    for (int i = 0; i < 200; ++i) {
        CHECK(!v->detached(std::string{release_text} + "x", damage(signature, dice)));
        const auto text = damage(release_text, dice);
        if (text != release_text) CHECK(!v->detached(text, signature));
    }
}

TEST_CASE("robustness: no damage to a keyring crashes it") {
    const temporary_folder folder;
    const auto keys = shop().keyring({"archive", "other"});
    const auto armoured = shop().keyring({"archive"}, {"--armor"});
    std::mt19937 dice{20261123};
    for (int i = 0; i < 60; ++i) {
        const auto form = damage(i % 2 == 0 ? keys : armoured, dice);
        const auto v = verifier::open({folder.write("keys", form)});
        if (v.has_value()) CHECK(!(*v)->keys().empty());
    }
}
