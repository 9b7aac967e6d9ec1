#include <CLI/CLI.hpp>
#include <catch2/catch.hpp>
#include <larder/config/settings.hpp>
#include <man_page.hpp>
#include <progress_bar.hpp>
#include <table.hpp>

using namespace larder;
using namespace larder::cli;
using namespace std::chrono_literals;

namespace {

net::progress at(std::uint64_t done, std::uint64_t total) {
    net::progress p;
    p.doing = "working";
    p.done = done;
    p.total = total;
    return p;
}

/// A small program with all that a declaration can have.
struct program {
    program() : app{"A program.", "larder"} {
        app.add_option("--config", text, "Which")->type_name("FILE");
        auto* noun = app.add_subcommand("noun", "Things.");
        auto* verb = noun->add_subcommand("verb", "Do it - now.");
        verb->add_option("names", texts, "Whose")->required()->type_name("NAME");
        verb->add_option("--role", text, "What")->check(CLI::IsMember({"read", "admin"}));
        verb->add_flag("--deep", flag, "'Deep'.");
        app.add_subcommand("secret", "Not shown.")->group("");
    }
    CLI::App app;
    std::string text;
    std::vector<std::string> texts;
    bool flag = false;
};

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("table: columns line up and no line ends in spaces", "[cli]") {
    CHECK(table({{"A", "LONGER", ""}, {"xxxx", "y", "z"}, {"é", "y"}}) == "A     LONGER\nxxxx  y       z\né     y\n");
    CHECK(table({}).empty());
}

TEST_CASE("table: control characters of a cell do not reach the terminal", "[cli]") {
    CHECK_FALSE(has(table({{"a\033[31m\n"}}), "\033"));
}

TEST_CASE("progress: a line shows the part that is done and never more than all of it", "[cli]") {
    CHECK(has(progress_line(at(1, 4), 0s, 100), "[######                  ] 25 %"));
    CHECK(has(progress_line(at(9, 4), 0s, 100), "100 %"));
    CHECK(has(progress_line(at(0, 4), 10s, 100), " 0 %"));
    CHECK(has(progress_line(at(7, 0), 0s, 100), "working  7"));
    CHECK(progress_line(at(0, 0), 0s, 100) == "working");
}

TEST_CASE("progress: the time to go comes once there is something to tell it from", "[cli]") {
    CHECK(has(progress_line(at(1, 4), 10s, 100), "30 s to go"));
    CHECK_FALSE(has(progress_line(at(1, 4), 1s, 100), "to go"));
    CHECK_FALSE(has(progress_line(at(4, 4), 10s, 100), "to go"));
}

TEST_CASE("progress: a line is never wider than the terminal", "[cli]") {
    CHECK(progress_line(at(1, 4), 10s, 20).size() == 20);
}

TEST_CASE("man_page: what roff would take for its own is not", "[cli]") {
    CHECK(roff(".TH x") == "\\&.TH x");
    CHECK(roff("a\n'b") == "a\n\\&'b");
    CHECK(roff("--x \\fB") == "\\-\\-x \\efB");
}

TEST_CASE("man_page: names every command that is shown, its options, and every setting", "[cli]") {
    const program p;
    const auto page = man_page(p.app, "1.2");
    CHECK(has(page, ".SS larder noun verb NAME... [options]\nDo it \\- now.\n"));
    CHECK(has(page, "\\fB\\-\\-config FILE\\fR\nWhich\n"));
    CHECK(has(page, "\\&'Deep'."));
    CHECK_FALSE(has(page, "secret"));
    for (const auto& s : config::settings()) CHECK(has(page, ".TP\n\\fB" + roff(s.key) + "\\fR ("));
}

TEST_CASE("completion: has the words of every command that is shown, and fixed choices", "[cli]") {
    const program p;
    const auto script = bash_completion(p.app);
    CHECK(has(script, "'') words='noun "));
    CHECK(has(script, "'noun verb') words='"));
    CHECK(has(script, "--deep"));
    CHECK(has(script, "compgen -W 'read admin'"));
    CHECK_FALSE(has(script, "secret"));
}
