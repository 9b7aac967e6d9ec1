#include "commands.hpp"
#include "pocket_commands.hpp"
#include "table.hpp"
#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <iostream>
#include <larder/base/text.hpp>

namespace larder::cli {
namespace {

namespace json = boost::json;

struct pocket_line {
    std::string name, base, feeds, origin, label, description, version, upgrades_from, supported_until, component;
    std::string reason, override_reason;
    std::vector<std::string> architectures, components, files, packages, only;
    std::uint64_t to = 0, before = 0, valid_days = 0, last = 50;
    bool not_automatic = false, but_automatic_upgrades = false, needs_source = false, allow_downgrade = false;
    bool dry_run = false, by_source = false;
};

json::object who_of(const pocket_line& given) {
    json::object o{{"by", caller()}};
    if (!given.reason.empty()) o["reason"] = given.reason;
    return o;
}

void add_text(json::object& to, std::string_view name, const std::string& value) {
    if (!value.empty()) to[name] = value;
}

void add_texts(json::object& to, std::string_view name, const std::vector<std::string>& all) {
    if (!all.empty()) to[name] = json::value_from(all);
}

/// What is taken from other archives, and for whose sake.
void print_taken(const json::object& publication) {
    std::vector<std::vector<std::string>> rows{{"TAKEN", "VERSION", "ARCH", "FROM", "WHY"}};
    for (const auto& one : list_in(publication, "taken")) {
        const auto& row = one.as_object();
        const auto why = text_in(row, "why");
        rows.push_back({text_in(row, "package"), text_in(row, "version"), text_in(row, "architecture"),
                        text_in(row, "from"), why.empty() ? "asked for" : printable(why, 200)});
    }
    if (rows.size() > 1) std::cout << table(rows) << "\n";
}

/// What the next publication is, or would be.
void print_publication(const json::object& report, bool dry_run) {
    const auto& pocket = inner(report, "pocket");
    const auto& publication = inner(report, "publication");
    print_taken(publication);
    for (const auto& one : list_in(report, "findings")) std::cout << printable(std::string{one.as_string()}) << "\n";
    if (list_in(report, "packages").empty()) {
        if (text_in(publication, "step") != "create") {
            std::cout << "Nothing changes in " << text_in(pocket, "name") << ".\n";
            return;
        }
    } else {
        std::cout << changes_text(report, rows_of::packages);
    }
    if (is_set(report, "made"))
        std::cout << "Published " << text_in(pocket, "name") << ", publication " << number_in(publication, "number")
                  << ".\n";
    else if (dry_run)
        std::cout << "A dry run: nothing was published.\n";
    else
        std::cout << "Nothing was published.\n";
}

int run_create(const common_options& common, const pocket_line& given) {
    auto o = who_of(given);
    o["name"] = given.name;
    add_text(o, "base", given.base);
    add_text(o, "feeds", given.feeds);
    add_text(o, "origin", given.origin);
    add_text(o, "label", given.label);
    add_text(o, "description", given.description);
    add_text(o, "version", given.version);
    add_text(o, "upgrades_from", given.upgrades_from);
    add_text(o, "supported_until", given.supported_until);
    add_texts(o, "architectures", given.architectures);
    add_texts(o, "components", given.components);
    if (given.not_automatic) o["not_automatic"] = true;
    if (given.but_automatic_upgrades) o["but_automatic_upgrades"] = true;
    if (given.needs_source) o["needs_source"] = true;
    if (given.valid_days != 0) o["valid_for_seconds"] = given.valid_days * 86'400;
    return print(common, ask(common, job("pocket_create", std::move(o))),
                 [](const json::object& r) { print_publication(r, false); });
}

int run_include(const common_options& common, const pocket_line& given) {
    auto o = who_of(given);
    o["pocket"] = given.name;
    json::array files;
    for (const auto& file : given.files) files.emplace_back(whole_path(file));
    o["files"] = std::move(files);
    add_text(o, "component", given.component);
    if (given.allow_downgrade) o["allow_downgrade"] = true;
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
    return run_pocket_step(common, "pocket_promote", std::move(o), given.dry_run);
}

int run_rollback(const common_options& common, const pocket_line& given) {
    auto o = who_of(given);
    o["pocket"] = given.name;
    if (given.to != 0) o["to"] = given.to;
    return run_pocket_step(common, "pocket_rollback", std::move(o), given.dry_run);
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

void add_step_options(CLI::App& command, const shared_line& given) {
    command.add_flag("--dry-run", given->dry_run, "Only tell what would change");
    add_reason(command, given);
}

void add_create(CLI::App& noun, command_line& line) {
    const auto given = std::make_shared<pocket_line>();
    auto* command = verb(noun, "create", "Make a pocket, and publish it empty.", given);
    command->add_option("--arch", given->architectures, "Its architectures; 'source' among them for sources")
        ->required()
        ->delimiter(',')
        ->type_name("ARCH")
        ->allow_extra_args(false);
    command->add_option("--component", given->components, "Its components; default: main")
        ->delimiter(',')
        ->type_name("NAME")
        ->allow_extra_args(false);
    command->add_option("--base", given->base, "The suite that its packages are installed beside")
        ->type_name("ARCHIVE/SUITE");
    command->add_option("--feeds", given->feeds, "The pocket of the same archive that it is promoted to")
        ->type_name("SUITE");
    command->add_option("--origin", given->origin, "Origin of its Release")->type_name("TEXT");
    command->add_option("--label", given->label, "Label of its Release")->type_name("TEXT");
    command->add_option("--description", given->description, "Description of its Release")->type_name("TEXT");
    command->add_option("--release-version", given->version, "Version of its Release")->type_name("TEXT");
    command->add_option("--upgrades-from", given->upgrades_from, "The pocket of the release before it")
        ->type_name("ARCHIVE/SUITE");
    command->add_option("--supported-until", given->supported_until, "The last day of its support")->type_name("DAY");
    command->add_option("--valid-days", given->valid_days, "Valid-Until lies so many days behind Date")->type_name("N");
    command->add_flag("--not-automatic", given->not_automatic, "apt takes from it only what is asked for");
    command->add_flag("--but-automatic-upgrades", given->but_automatic_upgrades, "But upgrades what was taken from it");
    command->add_flag("--needs-source", given->needs_source, "Refuse a binary package without its source");
    add_reason(*command, given);
    command->callback([&line, given] { line.exit = run_create(line.common, *given); });
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
    add_step_options(*command, promote);
    command->callback([&line, promote] { line.exit = run_promote(line.common, *promote); });

    const auto rollback = std::make_shared<pocket_line>();
    command = verb(noun, "rollback", "Publish again what a former publication had.", rollback);
    command->add_option("--to", rollback->to, "Its number; default: the one before the last")->type_name("N");
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
    add_create(*noun, line);
    add_include(*noun, line);
    add_pocket_pull(*noun, line);
    add_pocket_uploads(*noun, line);
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
