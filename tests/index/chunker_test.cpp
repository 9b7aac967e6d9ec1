#include <algorithm>
#include <catch2/catch.hpp>
#include <larder/index/chunker.hpp>
#include <random>
#include <set>
#include <vector>

using namespace larder;
using namespace larder::index;

namespace {

using chunks = std::vector<std::string>;

chunks cut_all(const std::string& text, std::size_t piece = 0) {
    chunks out;
    const auto in = memory_source(text, piece);
    REQUIRE(cut(*in, [&](std::string_view c) { out.emplace_back(c); }));
    return out;
}

std::string join(const chunks& parts) {
    std::string out;
    for (const auto& p : parts) out += p;
    return out;
}

/// Stanzas of very different sizes, each its own.
std::vector<std::string> stanzas(std::size_t n, std::size_t typical) {
    std::mt19937 random{3};
    std::vector<std::string> out;
    for (std::size_t i = 0; i < n; ++i) {
        std::string body(typical / 4 + random() % (typical * 3 / 2), 'x');
        for (auto& c : body) c = static_cast<char>('a' + random() % 26);
        out.push_back("Package: p" + std::to_string(i) + "\nDescription: " + body + "\n\n");
    }
    return out;
}

/// How many chunks of `after` `before` does not have.
std::size_t fresh(const chunks& before, const chunks& after) {
    const std::set<std::string> had{before.begin(), before.end()};
    return static_cast<std::size_t>(
        std::count_if(after.begin(), after.end(), [&](const auto& c) { return !had.contains(c); }));
}

}  // namespace

TEST_CASE("chunker: whole stanzas, of the sizes asked for, whatever theirs are", "[index]") {
    for (const std::size_t typical : {300U, 1000U, 4000U}) {
        const auto text = join(stanzas(8'000'000 / typical, typical));
        const auto parts = cut_all(text);
        CHECK(join(parts) == text);
        const auto average = text.size() / parts.size();
        CAPTURE(typical, average);
        CHECK(average > 50'000);
        CHECK(average < 80'000);
        for (std::size_t i = 0; i < parts.size(); ++i) {
            CHECK(parts[i].ends_with("\n\n"));
            CHECK(parts[i].size() <= 256 * 1024);
            if (i + 1 < parts.size()) CHECK(parts[i].size() >= 16 * 1024);
        }
    }
}

TEST_CASE("chunker: does not depend on the pieces it reads", "[index]") {
    const auto text = join(stanzas(1000, 700)) + "\n\n\nA: b\n\n\n\nlast: without a newline";
    const auto whole = cut_all(text);
    CHECK(join(whole) == text);
    for (const std::size_t piece : {1U, 2U, 3U, 1000U, 65'536U}) CHECK(cut_all(text, piece) == whole);
}

TEST_CASE("chunker: the edges", "[index]") {
    CHECK(cut_all("").empty());
    CHECK(cut_all("A: b") == chunks{"A: b"});
    CHECK(cut_all("\n\n\n\n") == chunks{"\n\n\n\n"});
    const auto huge = "Provides: " + std::string(300'000, 'x') + "\n\n";
    const auto parts = cut_all("A: b\n\n" + huge + "C: d\n\n");
    REQUIRE(parts.size() >= 2);
    CHECK(parts[0] == "A: b\n\n");
    CHECK(join(parts) == "A: b\n\n" + huge + "C: d\n\n");
    const std::string endless((16U << 20) + 1, 'x');
    const auto in = memory_source(endless, 1U << 20);
    const auto r = cut(*in, [](std::string_view) {});
    REQUIRE_FALSE(r);
    CHECK(r.error().code() == errc::too_large);
}

TEST_CASE("chunker: a stanza added, removed or changed leaves all but a few chunks as they were", "[index]") {
    const auto original = stanzas(10'000, 800);
    const auto before = cut_all(join(original));
    REQUIRE(before.size() > 100);
    std::mt19937 random{5};
    std::size_t worst = 0, total = 0;
    for (int i = 0; i < 60; ++i) {
        auto changed = original;
        const auto at = changed.begin() + static_cast<std::ptrdiff_t>(random() % changed.size());
        if (i % 3 == 0) changed.insert(at, "Package: new" + std::to_string(i) + "\n\n");
        if (i % 3 == 1) changed.erase(at);
        if (i % 3 == 2) at->insert(at->size() - 1, "Phased-Update-Percentage: 10\n");
        const auto n = fresh(before, cut_all(join(changed)));
        CHECK(n >= 1);
        worst = std::max(worst, n);
        total += n;
    }
    CHECK(worst <= 8);
    CHECK(total <= 60 * 2);
}

TEST_CASE("chunker: the boundaries are the ones that stored indices were cut at", "[index]") {
    // A golden value: a change of hash or sizes would end the sharing with everything already stored.
    std::string sizes;
    std::string text;
    for (int i = 0; i < 2000; ++i)
        text += "Package: p" + std::to_string(i) + "\nFiller: " + std::string(static_cast<std::size_t>(i % 200), 'x') +
                "\n\n";
    for (const auto& c : cut_all(text)) sizes += std::to_string(c.size()) + " ";
    CHECK(sizes == "31817 83250 68263 31665 32895 ");
}
