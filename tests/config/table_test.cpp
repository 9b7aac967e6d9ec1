#include "format.hpp"
#include "golden.hpp"
#include <catch2/catch.hpp>
#include <larder/config/settings.hpp>
#include <set>

using namespace larder;
using namespace larder::config;

namespace {

/// Converts to anything: what brace initialisation takes as many of as an aggregate has members.
struct anything {
    template <class T>
    operator T() const;
};

template <class S, class... A>
constexpr std::size_t members_of() {
    if constexpr (requires { S{A{}..., anything{}}; })
        return members_of<S, A..., anything>();
    else
        return sizeof...(A);
}

}  // namespace

TEST_CASE("config table: every member of the options is a setting, and none is one twice", "[config]") {
    static_assert(members_of<core::token_options>() == 3);
    for_each_section([]<class S>(const section<S>& sec) {
        INFO(header(sec));
        // Whether an archive is published here is no setting: a command makes those.
        constexpr std::size_t no_settings = std::is_same_v<S, core::archive_options> ? 1 : 0;
        CHECK(sec.settings.size() + no_settings == members_of<S>());
        std::set<std::string_view> keys;
        for (std::size_t i = 0; i < sec.settings.size(); ++i) {
            INFO(sec.settings[i].key);
            CHECK(keys.insert(sec.settings[i].key).second);
            for (std::size_t j = 0; j < i; ++j) CHECK(sec.settings[i].where != sec.settings[j].where);
        }
    });
    CHECK(members_of<core::options>() == 7);  // a section each
}

TEST_CASE("config table: every setting has a purpose in one sentence, a default and an example", "[config]") {
    const auto all = settings();
    CHECK(all.size() >= 45);
    for (const auto& s : all) {
        INFO(s.path());
        CHECK(s.purpose.size() > 10);
        CHECK(s.purpose.ends_with('.'));
        CHECK_FALSE(s.purpose.find(". ") != std::string::npos);
        CHECK_FALSE(s.type.empty());
        CHECK_FALSE(s.default_value.empty());
        CHECK_FALSE(s.example.empty());
        CHECK(s.example != s.default_value);
    }
}

TEST_CASE("config table: defaults are within the ranges and pass their own checks", "[config]") {
    for_each_section([]<class S>(const section<S>& sec) {
        const S defaults{};
        for (const auto& s : sec.settings) {
            INFO(sec.name << "." << s.key);
            if (const auto* text = std::get_if<std::string S::*>(&s.where);
                text && s.judge && !(defaults.**text).empty())
                CHECK(s.judge(defaults.**text).has_value());
            if (const auto* n = std::get_if<unsigned S::*>(&s.where)) {
                CHECK(defaults.**n >= s.least);
                CHECK(defaults.**n <= s.most);
                CHECK(s.most <= std::numeric_limits<unsigned>::max());
            }
            if (const auto* n = std::get_if<std::uint64_t S::*>(&s.where))
                CHECK((defaults.**n >= s.least && defaults.**n <= s.most));
            if (const auto* d = std::get_if<core::milliseconds S::*>(&s.where)) {
                CHECK(static_cast<std::uint64_t>((defaults.**d).count()) >= s.least);
                CHECK(static_cast<std::uint64_t>((defaults.**d).count()) <= s.most);
            }
        }
    });
}

TEST_CASE("config table: docs/configuration.md says what the table says", "[config]") {
    check_golden("docs/configuration.md", reference());
}

TEST_CASE("config format: a value is written in the largest unit that leaves nothing over", "[config]") {
    CHECK(exact_size(0) == "0");
    CHECK(exact_size(1) == "1 B");
    CHECK(exact_size(1025) == "1025 B");
    CHECK(exact_size(50ULL << 30) == "50 GiB");
    CHECK(exact_size(1536ULL << 20) == "1536 MiB");
    CHECK(exact_duration(core::milliseconds{0}) == "0");
    CHECK(exact_duration(core::milliseconds{250}) == "250ms");
    CHECK(exact_duration(core::milliseconds{90'000}) == "90s");
    CHECK(exact_duration(core::milliseconds{300'000}) == "5 min");
    CHECK(quote("a\"b\\c\n\x7f") == "\"a\\\"b\\\\c\\u000a\\u007f\"");
}
