#include <catch2/catch.hpp>
#include <larder/base/text.hpp>
#include <larder/config/load.hpp>
#include <larder/config/settings.hpp>

using namespace larder;

namespace {

/// What somebody gets who takes every '#' away that has no space after it.
std::string uncommented(const std::string& text) {
    std::string out;
    for (const auto line : split(text, '\n'))
        out += std::string{line.size() > 1 && line[0] == '#' && line[1] != ' ' ? line.substr(1) : line} + "\n";
    return out;
}

}  // namespace

TEST_CASE("config sample: it sets nothing", "[config]") {
    const auto parsed = config::parse(config::sample(), "sample");
    REQUIRE(parsed.has_value());
    CHECK(config::show(*parsed) == config::show(core::options{}));
}

TEST_CASE("config sample: with every setting taken in, it is right but for what excludes each other", "[config]") {
    auto text = uncommented(config::sample());
    const auto both = config::parse(text, "sample", config::file_check::off);
    REQUIRE_FALSE(both.has_value());
    CHECK(both.error().detail().find('\n') == std::string::npos);
    CHECK(both.error().detail().find("either a token, or user and password") != std::string::npos);

    const auto token = text.find("\ntoken_file");
    text.insert(token + 1, "#");
    const auto parsed = config::parse(text, "sample", config::file_check::off);
    REQUIRE(parsed.has_value());
    CHECK(parsed->archives.size() == 1);
    CHECK(parsed->server.listen == core::server_options{}.listen);  // a default stays one
    CHECK(parsed->log.level == "info");
}

TEST_CASE("config sample: it names every setting, and no line is wider than a terminal", "[config]") {
    const auto text = config::sample();
    for (const auto& s : config::settings()) {
        INFO(s.path());
        CHECK(text.find("\n#" + s.key + " = ") != std::string::npos);
    }
    for (const auto line : split(text, '\n')) CHECK(line.size() <= 110);
}
