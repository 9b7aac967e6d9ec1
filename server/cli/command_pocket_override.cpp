#include "commands.hpp"
#include "pocket_commands.hpp"
#include "table.hpp"
#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <iostream>
#include <larder/base/text.hpp>

// What a pocket says of packages.

namespace larder::cli {
namespace {

namespace json = boost::json;

struct override_line {
    std::string name, package, section, priority, reason;
    std::uint64_t phased = 0;
    bool has_phased = false;
};

void print_overrides(const json::object& pocket) {
    std::vector<std::vector<std::string>> rows{{"PACKAGE", "SECTION", "PRIORITY", "PHASED"}};
    const auto or_dash = [](const std::string& text) { return text.empty() ? std::string{"-"} : text; };
    for (const auto& one : list_in(pocket, "overrides")) {
        const auto& row = one.as_object();
        rows.push_back({text_in(row, "package"), or_dash(text_in(row, "section")), or_dash(text_in(row, "priority")),
                        row.at("phased").is_null() ? "-" : std::to_string(number_in(row, "phased")) + " %"});
    }
    if (rows.size() == 1)
        std::cout << text_in(pocket, "name") << " says of all packages what they say of themselves.\n";
    else
        std::cout << table(rows);
}

int run(const common_options& common, const override_line& given, bool clear) {
    json::object o{{"pocket", given.name}, {"package", given.package}, {"by", caller()}};
    if (!given.section.empty()) o["section"] = given.section;
    if (!given.priority.empty()) o["priority"] = given.priority;
    if (given.has_phased) o["phased"] = given.phased;
    if (clear) o["clear"] = true;
    if (!given.reason.empty()) o["reason"] = given.reason;
    return print(common, ask(common, job("pocket_override", std::move(o))), [](const json::object& report) {
        print_overrides(inner(report, "pocket"));
        if (is_set(report, "made"))
            std::cout << "Published " << text_in(inner(report, "pocket"), "name") << ", publication "
                      << number_in(inner(report, "publication"), "number") << ".\n";
        else
            std::cout << "Nothing that stands there changes.\n";
    });
}

}  // namespace

void add_pocket_override(CLI::App& noun, command_line& line) {
    auto* override_noun = noun.add_subcommand("override", "What a pocket says of packages in their place.");
    override_noun->require_subcommand(1);
    override_noun->fallthrough();
    for (const bool clear : {false, true}) {
        const auto given = std::make_shared<override_line>();
        auto* command = override_noun->add_subcommand(
            clear ? "clear" : "set", clear ? "As the package itself says." : "Now, and of what comes.");
        command->add_option("pocket", given->name, "The pocket")->required()->type_name("ARCHIVE/SUITE");
        command->add_option("package", given->package, "A binary package's name, or src:NAME")
            ->required()
            ->type_name("PACKAGE");
        if (!clear) {
            command->add_option("--section", given->section, "Its Section")->type_name("S");
            command->add_option("--priority", given->priority, "Its Priority")->type_name("P");
            command
                ->add_option_function<std::uint64_t>(
                    "--phased",
                    [given](const std::uint64_t& percent) {
                        given->phased = percent;
                        given->has_phased = true;
                    },
                    "So many of a hundred machines take it as an update")
                ->check(CLI::Range(0, 100))
                ->type_name("PERCENT");
        }
        command->add_option("--reason", given->reason, "Why; it stands in the history")->type_name("TEXT");
        command->callback([&line, given, clear] { line.exit = run(line.common, *given, clear); });
    }
    const auto listed = std::make_shared<override_line>();
    auto* list = override_noun->add_subcommand("list", "All of them.");
    list->add_option("pocket", listed->name, "The pocket")->required()->type_name("ARCHIVE/SUITE");
    list->callback([&line, listed] { line.exit = show_pocket(line.common, listed->name, print_overrides); });
}

}  // namespace larder::cli
