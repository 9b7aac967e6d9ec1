#include "commands.hpp"
#include "pocket_commands.hpp"
#include "table.hpp"
#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <larder/base/text.hpp>

namespace larder::cli {
namespace {

namespace json = boost::json;

struct pocket_line {
    std::string name, component, reason, override_reason, preferences;
    std::vector<std::string> files, packages, only;
    std::uint64_t to = 0, before = 0, last = 50;
    bool allow_downgrade = false, past_support = false, dry_run = false, by_source = false;
};

json::object who_of(const pocket_line& given) {
    json::object o{{"by", caller()}};
    if (!given.reason.empty()) o["reason"] = given.reason;
    return o;
}

int run_include(const common_options& common, const pocket_line& given) {
    auto o = who_of(given);
    o["pocket"] = given.name;
    json::array files;
    for (const auto& file : given.files) files.emplace_back(whole_path(file));
    o["files"] = std::move(files);
    add_text(o, "component", given.component);
    if (given.allow_downgrade) o["allow_downgrade"] = true;
    if (given.past_support) o["past_support"] = true;
    return run_pocket_step(common, "pocket_include", std::move(o), given.dry_run);
}

int run_remove(const common_options& common, const pocket_line& given) {
    auto o = who_of(given);
    o["pocket"] = given.name;
    add_texts(o, "packages", given.packages);
    return run_pocket_step(common, "pocket_remove", std::move(o), given.dry_run);
}

int run_promote(const common_options& common, const pocket_line& given) {
    auto o = who_of(given);
    o["pocket"] = given.name;
    add_texts(o, "only", given.only);
    add_text(o, "override", given.override_reason);
    if (given.past_support) o["past_support"] = true;
    return run_pocket_step(common, "pocket_promote", std::move(o), given.dry_run);
}

/// With which machines go down, too.
int write_preferences(const std::string& path, const std::string& text) {
    std::ofstream out{path, std::ios::binary | std::ios::trunc};
    if (out << text && out.flush()) return done;
    std::cerr << "larder: " << path << " cannot be written: " << std::strerror(errno) << "\n";
    return failed;
}

int run_rollback(const common_options& common, const pocket_line& given) {
    auto o = who_of(given);
    o["pocket"] = given.name;
    if (given.to != 0) o["to"] = given.to;
    if (given.preferences.empty()) return run_pocket_step(common, "pocket_rollback", std::move(o), given.dry_run);
    o["preferences"] = true;
    o["dry_run"] = given.dry_run;
    const auto report = ask(common, job("pocket_rollback", std::move(o)));
    if (report)
        if (const auto how = write_preferences(given.preferences, text_in(*report, "preferences")); how != done)
            return how;
    return print(common, report, [&](const json::object& r) { print_publication(r, given.dry_run); });
}

int run_freeze(const common_options& common, const pocket_line& given, bool frozen) {
    auto o = who_of(given);
    o["pocket"] = given.name;
    o["frozen"] = frozen;
    return print(common, ask(common, job("pocket_freeze", std::move(o))), [&](const json::object& r) {
        std::cout << text_in(r, "name")
                  << (frozen ? " is frozen: nothing is published there.\n" : " may change again.\n");
    });
}

/// The chain's stages, and of each source package the version that each has.
void print_list(const json::object& report) {
    std::vector<std::vector<std::string>> rows{
        {"POCKET", "PUBLICATION", "MADE", "FEEDS", "BASE", "SUPPORTED UNTIL", ""}};
    for (const auto& one : list_in(report, "pockets")) {
        const auto& p = one.as_object();
        rows.push_back({text_in(p, "name"), std::to_string(number_in(p, "publication")),
                        moment_in(inner(p, "last"), "made"),
                        text_in(p, "feeds").empty() ? "-" : "-> " + text_in(p, "feeds"),
                        text_in(p, "base").empty() ? "-" : text_in(p, "base"),
                        text_in(p, "supported_until").empty() ? "-" : text_in(p, "supported_until").substr(0, 10),
                        text_in(p, "frozen").empty() ? "" : "frozen: " + printable(text_in(p, "frozen"), 60)});
    }
    std::cout << table(rows);
    for (const auto& one : list_in(report, "pockets")) {
        const auto& p = one.as_object();
        if (const auto older = text_in(p, "upgrades_from"); !older.empty())
            std::cout << "Machines upgrade: " << older << " -> " << text_in(p, "name") << "\n";
        if (const auto warning = text_in(p, "warning"); !warning.empty()) std::cout << "Warning: " << warning << "\n";
    }
    std::map<std::string, std::map<std::string, std::string>> versions;
    std::vector<std::string> head{"SOURCE"};
    for (const auto& one : list_in(report, "pockets")) {
        const auto& p = one.as_object();
        head.push_back(text_in(p, "suite"));
        for (const auto& source : list_in(p, "sources"))
            versions[text_in(source.as_object(), "source")][text_in(p, "name")] =
                text_in(source.as_object(), "version");
    }
    if (versions.empty()) return;
    std::vector<std::vector<std::string>> sources{std::move(head)};
    for (const auto& [source, by_pocket] : versions) {
        std::vector<std::string> row{source};
        for (const auto& one : list_in(report, "pockets")) {
            const auto found = by_pocket.find(text_in(one.as_object(), "name"));
            row.push_back(found == by_pocket.end() ? "-" : found->second);
        }
        sources.push_back(std::move(row));
    }
    std::cout << "\n" << table(sources);
}

int run_list(const common_options& common, const pocket_line& given) {
    json::object o;
    add_text(o, "archive", given.name);
    return print(common, ask(common, job("pockets", std::move(o))), print_list);
}

int run_diff(const common_options& common, const pocket_line& given) {
    json::object o{{"pocket", given.name}};
    if (given.before != 0) o["before"] = given.before;
    if (given.to != 0) o["after"] = given.to;
    return print(common, ask(common, job("pocket_diff", std::move(o))), [&](const json::object& report) {
        std::cout << difference_text(report, given.by_source ? rows_of::sources : rows_of::packages);
    });
}

int run_history(const common_options& common, const pocket_line& given) {
    json::object o{{"pocket", given.name}, {"last", given.last}};
    return print(common, ask(common, job("pocket_history", std::move(o))), [](const json::object& report) {
        std::vector<std::vector<std::string>> rows{{"PUBLICATION", "MADE", "STEP", "PACKAGES", "BY", "WHY"}};
        for (const auto& one : list_in(report, "publications")) {
            const auto& p = one.as_object();
            auto step = text_in(p, "step");
            if (const auto from = text_in(p, "from"); !from.empty())
                step +=
                    " from " + from + (number_in(p, "origin") == 0 ? "" : "#" + std::to_string(number_in(p, "origin")));
            else if (const auto origin = number_in(p, "origin"); origin != 0)
                step += " to " + std::to_string(origin);
            if (!text_in(p, "overridden").empty())
                step += " (OVERRIDDEN: " + printable(text_in(p, "overridden"), 60) + ")";
            rows.push_back({std::to_string(number_in(p, "number")), moment_in(p, "made"), step,
                            "+" + std::to_string(number_in(p, "added")) + " -" +
                                std::to_string(number_in(p, "removed")) + " ~" +
                                std::to_string(number_in(p, "changed")),
                            text_in(p, "by"), printable(text_in(p, "reason"), 80)});
        }
        std::cout << table(rows);
    });
}

using shared_line = std::shared_ptr<pocket_line>;

CLI::App* verb(CLI::App& noun, const std::string& name, const std::string& purpose, const shared_line& given) {
    auto* command = noun.add_subcommand(name, purpose);
    command->add_option("pocket", given->name, "The pocket")->required()->type_name("ARCHIVE/SUITE");
    return command;
}

void add_reason(CLI::App& command, const shared_line& given) {
    command.add_option("--reason", given->reason, "Why; it stands in the history")->type_name("TEXT");
}

void add_past_support(CLI::App& command, const shared_line& given) {
    command.add_flag("--past-support", given->past_support, "Also after the end of the pocket's support");
}

void add_step_options(CLI::App& command, const shared_line& given) {
    command.add_flag("--dry-run", given->dry_run, "Only tell what would change");
    add_reason(command, given);
}

void add_include(CLI::App& noun, command_line& line) {
    const auto given = std::make_shared<pocket_line>();
    auto* command = verb(noun, "include", "Take packages into a pocket, all or none, and publish it.", given);
    command->add_option("files", given->files, ".deb, .udeb, .ddeb, .dsc or .changes, with all that it lists beside it")
        ->required()
        ->type_name("FILE");
    command->add_option("--component", given->component, "Into this component; default: the pocket's first")
        ->type_name("NAME");
    command->add_flag("--allow-downgrade", given->allow_downgrade, "Also a version below the one that is there");
    add_past_support(*command, given);
    add_step_options(*command, given);
    command->callback([&line, given] { line.exit = run_include(line.common, *given); });
}

void add_changes_of(CLI::App& noun, command_line& line) {
    const auto remove = std::make_shared<pocket_line>();
    auto* command = verb(noun, "remove", "Take packages out of a pocket, and publish it.", remove);
    command->add_option("packages", remove->packages, "Names, or src:NAME for all of a source package")
        ->required()
        ->type_name("PACKAGE");
    add_step_options(*command, remove);
    command->callback([&line, remove] { line.exit = run_remove(line.common, *remove); });

    const auto promote = std::make_shared<pocket_line>();
    command = verb(noun, "promote", "Copy what a pocket has to the one that it feeds, if the gate lets it.", promote);
    command->add_option("--only", promote->only, "Only these source packages")
        ->delimiter(',')
        ->type_name("SOURCE")
        ->allow_extra_args(false);
    command->add_option("--override", promote->override_reason, "Set aside what the gate says, and why")
        ->type_name("REASON");
    add_past_support(*command, promote);
    add_step_options(*command, promote);
    command->callback([&line, promote] { line.exit = run_promote(line.common, *promote); });

    const auto rollback = std::make_shared<pocket_line>();
    command = verb(noun, "rollback", "Publish again what a former publication had.", rollback);
    command
        ->add_option("--to", rollback->to, "Its number; default: the one before the last step that is still in force")
        ->type_name("N");
    command
        ->add_option("--preferences", rollback->preferences,
                     "Write there what machines need in /etc/apt/preferences.d to go down, too")
        ->type_name("FILE");
    add_step_options(*command, rollback);
    command->callback([&line, rollback] { line.exit = run_rollback(line.common, *rollback); });
}

void add_freezing(CLI::App& noun, command_line& line) {
    for (const bool frozen : {true, false}) {
        const auto given = std::make_shared<pocket_line>();
        auto* command =
            verb(noun, frozen ? "freeze" : "unfreeze",
                 frozen ? "Keep a pocket from being published." : "Let a frozen pocket be published again.", given);
        add_reason(*command, given);
        command->callback([&line, given, frozen] { line.exit = run_freeze(line.common, *given, frozen); });
    }
}

}  // namespace

int run_pocket_step(const common_options& common, const std::string& kind, json::object options, bool dry_run) {
    options["dry_run"] = dry_run;
    const auto report = ask(common, job(kind, std::move(options)));
    const auto how = print(common, report, [&](const json::object& r) { print_publication(r, dry_run); });
    if (how != done) return how;
    // The gate's no.
    return is_set(*report, "passed") || is_set(*report, "made") ? done : answer_is_no;
}

void add_pocket(CLI::App& app, command_line& line) {
    auto* noun = app.add_subcommand("pocket", "The suites of archives that are published here.");
    noun->require_subcommand(1);
    noun->fallthrough();
    const auto listed = std::make_shared<pocket_line>();
    auto* list = noun->add_subcommand("list", "List them by chains, with the sources at each stage.");
    list->add_option("archive", listed->name, "Only of this archive")->type_name("ARCHIVE");
    list->callback([&line, listed] { line.exit = run_list(line.common, *listed); });
    add_pocket_settings(*noun, line);
    add_include(*noun, line);
    add_pocket_pull(*noun, line);
    add_pocket_uploads(*noun, line);
    add_pocket_export(*noun, line);
    add_pocket_override(*noun, line);
    add_changes_of(*noun, line);
    add_freezing(*noun, line);
    const auto set = std::make_shared<pocket_line>();
    auto* diff = verb(*noun, "diff", "What changed between two publications.", set);
    diff->add_option("before", set->before, "A publication's number; default: the one before the other")
        ->type_name("N");
    diff->add_option("after", set->to, "A publication's number; default: the last")->type_name("M");
    diff->add_flag("--by-source", set->by_source, "A row for each source package");
    diff->callback([&line, set] { line.exit = run_diff(line.common, *set); });
    const auto told = std::make_shared<pocket_line>();
    auto* history = verb(*noun, "history", "Its publications, the last first.", told);
    history->add_option("--last", told->last, "So many; default: 50")->type_name("N");
    history->callback([&line, told] { line.exit = run_history(line.common, *told); });
}

}  // namespace larder::cli
