#include "commands.hpp"
#include "table.hpp"
#include "work.hpp"
#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <iostream>
#include <larder/base/text.hpp>

namespace larder::cli {
namespace {

namespace json = boost::json;

int run_audit(const common_options& common, std::uint64_t last, bool verify) {
    const auto config = load_options(common);
    if (!config) return complain(config.error());
    const auto report = run(common, *config, job("journal", {{"last", last}, {"verify", verify}}));
    if (!report) return complain(report.error());
    const auto broken = text_in(*report, "broken");
    const auto fetches = text_in(*report, "broken_fetches");
    if (common.json) {
        std::cout << json::serialize(*report) << "\n";
    } else if (verify) {
        if (broken.empty())
            std::cout << "The journal is whole: " << number_in(*report, "verified") << " entries.\n";
        else
            std::cout << "The journal is not whole: " << broken << "\n";
        if (fetches.empty())
            std::cout << "The fetch log is whole: " << number_in(*report, "fetches") << " entries.\n";
        else
            std::cout << "The fetch log is not whole: " << fetches << "\n";
    } else {
        std::vector<std::vector<std::string>> rows{{"NUMBER", "WHEN", "WHAT", "SUBJECT", "BY", "WHY"}};
        for (const auto& one : list_in(*report, "entries")) {
            const auto& e = one.as_object();
            rows.push_back({std::to_string(number_in(e, "number")), moment_in(e, "when"), text_in(e, "what"),
                            text_in(e, "subject"), text_in(e, "by"), text_in(e, "reason")});
        }
        std::cout << table(rows);
        for (const auto& one : list_in(*report, "lost"))
            std::cout << "Entry " << number_in(one.as_object(), "number")
                      << " cannot be read: " << printable(text_in(one.as_object(), "why")) << "\n";
    }
    if (!list_in(*report, "lost").empty()) return failed;
    return broken.empty() && fetches.empty() ? done : answer_is_no;
}

}  // namespace

void add_audit(CLI::App& app, command_line& line) {
    auto* noun = app.add_subcommand("audit", "The journal: what was done to deployments, when, by whom and why.");
    noun->require_subcommand(1);
    noun->fallthrough();
    auto last = std::make_shared<std::uint64_t>(0);
    auto* list = noun->add_subcommand("list", "Show its entries, the oldest first.");
    list->add_option("--last", *last, "Only so many")->type_name("NUMBER");
    list->callback([&line, last] { line.exit = run_audit(line.common, *last, false); });
    auto* verify = noun->add_subcommand(
        "verify", "Look whether it and the fetch log are whole; exit 3 if an entry was changed or is missing.");
    verify->callback([&line] { line.exit = run_audit(line.common, 0, true); });
}

}  // namespace larder::cli
