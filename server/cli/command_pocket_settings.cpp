#include "commands.hpp"
#include "pocket_commands.hpp"
#include "table.hpp"
#include <CLI/CLI.hpp>
#include <array>
#include <boost/json.hpp>
#include <iostream>
#include <larder/base/text.hpp>

// What a pocket is: made, and changed.

namespace larder::cli {
namespace {

namespace json = boost::json;

struct settings_line {
    std::string name, reason;
    std::vector<std::string> architectures, components;
    CLI::App* command = nullptr;
};

/// An option of the command line that is a text, and the job's option.
struct text_setting {
    std::string_view flag, option, type, purpose;
};
constexpr std::array text_settings{
    text_setting{"--base", "base", "ARCHIVE/SUITE", "The suite that its packages are installed beside"},
    text_setting{"--feeds", "feeds", "SUITE", "The pocket of the same archive that it is promoted to"},
    text_setting{"--origin", "origin", "TEXT", "Origin of its Release"},
    text_setting{"--label", "label", "TEXT", "Label of its Release"},
    text_setting{"--description", "description", "TEXT", "Description of its Release"},
    text_setting{"--release-version", "version", "TEXT", "Version of its Release"},
    text_setting{"--changelogs", "changelogs", "URL", "Changelogs of its Release, with @CHANGEPATH@ in it"},
    text_setting{"--upgrades-from", "upgrades_from", "ARCHIVE/SUITE", "The pocket of the release before it"},
    text_setting{"--supported-until", "supported_until", "DAY", "The last day of its support"}};

struct switch_setting {
    std::string_view flag, option, purpose;
};
constexpr std::array switch_settings{
    switch_setting{"--not-automatic", "not_automatic", "apt takes from it only what is asked for"},
    switch_setting{"--but-automatic-upgrades", "but_automatic_upgrades", "But upgrades what was taken from it"},
    switch_setting{"--needs-source", "needs_source", "Refuse a binary package without its source"},
    switch_setting{"--xz", "xz", "Publish its indices as .xz, too"},
    switch_setting{"--translations", "translations", "Keep long descriptions apart, in Translation-en"},
    switch_setting{"--contents", "contents", "Have Contents, by which apt-file finds files"}};

constexpr std::string_view valid_days = "--valid-days";

/// Those that were given; an empty text takes one back.
json::object settings_of(const CLI::App& command) {
    json::object o;
    for (const auto& one : text_settings)
        if (const auto* given = command.get_option(std::string{one.flag}); given->count() != 0)
            o[one.option] = given->as<std::string>();
    for (const auto& one : switch_settings)
        if (const auto* given = command.get_option(std::string{one.flag}); given->count() != 0)
            o[one.option] = given->as<bool>();
    if (const auto* given = command.get_option(std::string{valid_days}); given->count() != 0)
        o["valid_for_seconds"] = given->as<std::uint64_t>() * 86'400;
    return o;
}

int run(const common_options& common, const settings_line& given, bool made) {
    auto o = settings_of(*given.command);
    o["by"] = caller();
    add_text(o, "reason", given.reason);
    o[made ? "name" : "pocket"] = given.name;
    add_texts(o, made ? "architectures" : "more_architectures", given.architectures);
    add_texts(o, made ? "components" : "more_components", given.components);
    return print(common, ask(common, job(made ? "pocket_create" : "pocket_change", std::move(o))),
                 [](const json::object& r) { print_publication(r, false); });
}

void add_settings(CLI::App& command) {
    for (const auto& one : text_settings)
        command.add_option(std::string{one.flag})
            ->description(std::string{one.purpose})
            ->type_name(std::string{one.type})
            ->expected(1);
    // With a value, so that one can be taken back: --xz=false.
    for (const auto& one : switch_settings)
        command.add_flag(std::string{one.flag})->description(std::string{one.purpose});
    command.add_option(std::string{valid_days})
        ->description("Valid-Until lies so many days behind Date; 0: there is none")
        ->type_name("N")
        ->expected(1)
        ->check(CLI::Range(0, 3660));
}

CLI::App* add_command(CLI::App& noun, command_line& line, bool made) {
    const auto given = std::make_shared<settings_line>();
    auto* command =
        noun.add_subcommand(made ? "create" : "change", made ? "Make a pocket, and publish it empty."
                                                             : "Change what a pocket is, and publish it so.");
    given->command = command;
    command->add_option("pocket", given->name, "The pocket")->required()->type_name("ARCHIVE/SUITE");
    auto* architectures =
        command
            ->add_option("--arch", given->architectures,
                         made ? "Its architectures; 'source' among them for sources" : "Architectures that are added")
            ->delimiter(',')
            ->type_name("ARCH")
            ->allow_extra_args(false);
    if (made) architectures->required();
    command
        ->add_option("--component", given->components,
                     made ? "Its components; default: main" : "Components that are added")
        ->delimiter(',')
        ->type_name("NAME")
        ->allow_extra_args(false);
    add_settings(*command);
    command->add_option("--reason", given->reason, "Why; it stands in the history")->type_name("TEXT");
    command->callback([&line, given, made] { line.exit = run(line.common, *given, made); });
    return command;
}

}  // namespace

void add_text(json::object& to, std::string_view name, const std::string& value) {
    if (!value.empty()) to[name] = value;
}

void add_texts(json::object& to, std::string_view name, const std::vector<std::string>& all) {
    if (!all.empty()) to[name] = json::value_from(all);
}

/// What is taken from other archives, and for whose sake.
static void print_taken(const json::object& publication) {
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
    for (const auto& one : list_in(report, "warnings"))
        std::cerr << "larder: warning: " << printable(std::string{one.as_string()}) << "\n";
    for (const auto& one : list_in(report, "findings")) std::cout << printable(std::string{one.as_string()}) << "\n";
    if (list_in(report, "packages").empty()) {
        if (text_in(publication, "step") != "create" && text_in(publication, "step") != "change") {
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

void add_pocket_settings(CLI::App& noun, command_line& line) {
    add_command(noun, line, true);
    add_command(noun, line, false);
}

}  // namespace larder::cli
