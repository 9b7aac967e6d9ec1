#include "commands.hpp"
#include "deployment_commands.hpp"
#include "difference_table.hpp"
#include "table.hpp"
#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <iostream>

namespace larder::cli {
namespace {

namespace json = boost::json;

struct lock_line {
    std::string name, format = "lock", check;
    std::uint64_t generation = 0;
    bool by_source = false;
};

json::object options_of(const lock_line& given) {
    json::object o{{"name", given.name}};
    if (given.generation != 0) o["generation"] = given.generation;
    return o;
}

int run_write(const common_options& common, const lock_line& given) {
    auto options = options_of(given);
    options["format"] = given.format;
    return print(common, ask(common, job("deployment_lock", std::move(options))), [](const json::object& report) {
        std::cout << text_in(report, "text");
        if (number_in(report, "packages") == 0)
            std::cerr << "larder: nothing is held of generation " << number_in(report, "generation") << " of "
                      << text_in(report, "name")
                      << " yet: a machine that installs through it, or larder deployment hold, changes that\n";
    });
}

std::string state_of(const json::object& suite, std::string_view side) {
    const auto* state = suite.if_contains(side);
    if (state == nullptr || !state->is_object()) return "-";
    auto text =
        text_in(state->get_object(), "when") + " (" + text_in(state->get_object(), "release").substr(0, 12) + ")";
    for (const auto& pick : list_in(state->get_object(), "picks")) text += ", " + std::string{pick.as_string()};
    return text;
}

void print_check(const json::object& report, rows_of which) {
    if (is_set(report, "agrees")) {
        std::cout << "Generation " << number_in(report, "generation") << " of " << text_in(report, "name")
                  << " is what the lockfile says.\n";
        return;
    }
    std::cout << "Generation " << number_in(report, "generation") << " of " << text_in(report, "name")
              << " is not what the lockfile says (before: the lockfile; after: the deployment):\n";
    const auto& suites = list_in(report, "suites");
    if (!suites.empty()) {
        std::vector<std::vector<std::string>> rows{{"SUITE", "BEFORE", "AFTER"}};
        for (const auto& one : suites) {
            const auto& s = one.as_object();
            rows.push_back(
                {text_in(s, "archive") + "/" + text_in(s, "suite"), state_of(s, "before"), state_of(s, "after")});
        }
        std::cout << table(rows);
    }
    std::cout << changes_text(report, which);
}

int run_check(const common_options& common, const lock_line& given) {
    const auto text = text_of_file(given.check);
    if (!text) return complain(text.error());
    auto options = options_of(given);
    options["lock"] = *text;
    const auto which = given.by_source ? rows_of::sources : rows_of::packages;
    const auto report = ask(common, job("deployment_lock_check", std::move(options)));
    const auto how = print(common, report, [which](const json::object& r) { print_check(r, which); });
    if (how != done) return how;
    return is_set(*report, "agrees") ? done : answer_is_no;
}

}  // namespace

void add_deployment_lock(CLI::App& noun, command_line& line) {
    auto given = std::make_shared<lock_line>();
    auto* lock = noun.add_subcommand(
        "lock", "Print what a generation holds, a line a package, or check that it is what a lockfile says.");
    lock->add_option("name", given->name, "Deployment")->required()->type_name("NAME");
    lock->add_option("--generation", given->generation, "Its number (else the one in force)")->type_name("NUMBER");
    lock->add_option("--format", given->format, "As what (lock)")
        ->type_name("")
        ->check(CLI::IsMember({"lock", "sha256sums", "preferences", "spdx", "cyclonedx"}));
    lock->add_option("--check", given->check, "Compare with this lockfile; exit 3 where they differ (- reads it)")
        ->type_name("FILE");
    lock->add_flag("--by-source", given->by_source, "A row for each source package");
    lock->callback([&line, given] {
        line.exit = given->check.empty() ? run_write(line.common, *given) : run_check(line.common, *given);
    });
}

}  // namespace larder::cli
