#include "commands.hpp"
#include "difference_table.hpp"
#include "table.hpp"
#include "work.hpp"
#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <iostream>

namespace larder::cli {
namespace {

namespace json = boost::json;

struct list_line {
    std::string which;
};

struct diff_line {
    std::string before, after;
    std::vector<std::string> architectures;
    bool by_source = false;
};

result<json::object> ask(const common_options& common, const work& what) {
    const auto config = load_options(common);
    if (!config) return config.error();
    return run(common, *config, what);
}

/// "debian" or "debian/bookworm".
json::object filter_of(const std::string& which) {
    json::object options;
    const auto slash = which.find('/');
    if (!which.empty()) options["archive"] = which.substr(0, slash);
    if (slash != std::string::npos) options["suite"] = which.substr(slash + 1);
    return options;
}

int run_list(const common_options& common, const list_line& given) {
    const auto report = ask(common, job("snapshots", filter_of(given.which)));
    if (!report) return complain(report.error());
    if (common.json) {
        std::cout << json::serialize(*report) << "\n";
        return done;
    }
    std::vector<std::vector<std::string>> rows{
        {"ARCHIVE", "SUITE", "WHEN", "SNAPSHOT", "INDICES HERE", "FROM CHUNKS", "MISSING", ""}};
    for (const auto& one : list_in(*report, "snapshots")) {
        const auto& s = one.as_object();
        const auto all = number_in(s, "indices"), here = number_in(s, "indices_here"),
                   chunks = number_in(s, "indices_from_chunks");
        rows.push_back({text_in(s, "archive"), text_in(s, "suite"), text_in(s, "when"),
                        text_in(s, "snapshot").substr(0, 12), std::to_string(here) + " of " + std::to_string(all),
                        std::to_string(chunks), std::to_string(all - here - chunks),
                        is_set(s, "current") ? "now" : ""});
    }
    std::cout << table(rows);
    return done;
}

int run_diff(const common_options& common, const diff_line& given) {
    json::object options{{"before", given.before}, {"after", given.after}};
    if (!given.architectures.empty()) options["architectures"] = json::value_from(given.architectures);
    const auto report = ask(common, job("snapshot_diff", std::move(options)));
    if (!report) return complain(report.error());
    if (common.json)
        std::cout << json::serialize(*report) << "\n";
    else
        std::cout << difference_text(*report, given.by_source ? rows_of::sources : rows_of::packages);
    return done;
}

}  // namespace

void add_snapshot(CLI::App& app, command_line& line) {
    auto* noun = app.add_subcommand("snapshot", "The states of suites that are kept.");
    noun->require_subcommand(1);
    noun->fallthrough();
    auto* list = noun->add_subcommand("list", "List them, the oldest first.");
    auto which = std::make_shared<list_line>();
    list->add_option("which", which->which, "Only of this archive, or suite")->type_name("ARCHIVE[/SUITE]");
    list->callback([&line, which] { line.exit = run_list(line.common, *which); });
    auto* diff = noun->add_subcommand("diff", "What changed between two of them, package by package.");
    auto given = std::make_shared<diff_line>();
    diff->add_option("before", given->before, "A state: a moment, an id, or the state now")
        ->required()
        ->type_name("ARCHIVE/SUITE[@WHEN]");
    diff->add_option("after", given->after, "The state to set against it")
        ->required()
        ->type_name("ARCHIVE/SUITE[@WHEN]");
    diff->add_option("--arch", given->architectures, "Only these architectures")
        ->type_name("ARCH")
        ->allow_extra_args(false);
    diff->add_flag("--by-source", given->by_source, "A row for each source package");
    diff->callback([&line, given] { line.exit = run_diff(line.common, *given); });
}

}  // namespace larder::cli
