#include "commands.hpp"
#include "deployment_commands.hpp"
#include "difference_table.hpp"
#include "table.hpp"
#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <iostream>
#include <larder/base/digest.hpp>
#include <larder/base/text.hpp>
#include <larder/base/units.hpp>
#include <unistd.h>

namespace larder::cli {
namespace {

namespace json = boost::json;

struct change_line {
    std::string name, reason, hold, lock, grace;
    std::vector<std::string> suites, architectures;
    std::uint64_t to = 0, before = 0, after = 0;
    bool dry_run = false, by_source = false, yes = false, on_first_use = false;
    std::vector<std::string> archives;
    std::string unit;
};

json::object options_of(const change_line& given) {
    json::object o{{"by", caller()}};
    if (!given.name.empty()) o["name"] = given.name;
    if (!given.reason.empty()) o["reason"] = given.reason;
    if (!given.suites.empty()) o["suites"] = json::value_from(given.suites);
    return o;
}

std::string joined(const json::array& all) {
    std::string out;
    for (const auto& one : all) out += (out.empty() ? "" : " ") + std::string{one.as_string()};
    return out;
}

void print_created(const json::object& report) {
    std::cout << "Deployment " << text_in(report, "name") << ", generation 1, for "
              << joined(list_in(inner(report, "generation"), "architectures")) << ":\n";
    print_suites(inner(report, "generation"));
    if (const auto& later = list_in(report, "on_first_use"); !later.empty())
        std::cout << "Suites of " << joined(later) << " are pinned when a client first asks for them.\n";
}

int run_create_from_lock(const common_options& common, const change_line& given) {
    const auto text = text_of_file(given.lock);
    if (!text) return complain(text.error());
    auto options = options_of(given);
    options["lock"] = *text;
    return print(common, ask(common, job("deployment_create_from_lock", std::move(options))),
                 [](const json::object& report) {
                     print_created(report);
                     std::cout << "It holds what the lockfile lists; larder deployment fetch "
                               << text_in(report, "name") << " brings what of that is not here.\n";
                 });
}

int run_create(const common_options& common, const change_line& given) {
    if (!given.lock.empty()) return run_create_from_lock(common, given);
    auto options = options_of(given);
    if (!given.architectures.empty()) options["architectures"] = json::value_from(given.architectures);
    if (!given.hold.empty()) options["hold"] = given.hold;
    if (given.on_first_use) options["on_first_use"] = true;
    if (!given.archives.empty()) options["archives"] = json::value_from(given.archives);
    return print(common, ask(common, job("deployment_create", std::move(options))), print_created);
}

int run_step(const common_options& common, const change_line& given, const std::string& kind) {
    auto options = options_of(given);
    options["dry_run"] = given.dry_run;
    if (given.to != 0) options["to"] = given.to;
    const auto which = given.by_source ? rows_of::sources : rows_of::packages;
    return print(common, ask(common, job(kind, std::move(options))),
                 [&](const json::object& report) { print_step(report, given.dry_run, which); });
}

int run_list(const common_options& common) {
    const auto report = ask(common, job("deployments", {}));
    const auto how = print(common, report, [](const json::object& all) {
        std::vector<std::vector<std::string>> rows{
            {"DEPLOYMENT", "GENERATION", "MADE", "HOLD", "ARCHITECTURES", "SUITES"}};
        for (const auto& one : list_in(all, "deployments")) {
            const auto& d = one.as_object();
            const auto& head = inner(d, "head");
            std::string suites;
            for (const auto& pin : list_in(head, "suites"))
                suites += (suites.empty() ? "" : " ") + text_in(pin.as_object(), "archive") + "/" +
                          text_in(pin.as_object(), "suite");
            for (const auto& archive : list_in(d, "on_first_use"))
                suites += (suites.empty() ? "" : " ") + std::string{archive.as_string()} + "/ (on first use)";
            rows.push_back({text_in(d, "name"), std::to_string(number_in(d, "generation")), moment_in(head, "made"),
                            text_in(d, "hold"), joined(list_in(head, "architectures")), suites});
        }
        std::cout << table(rows);
        for (const auto& one : list_in(all, "deployments"))
            if (const auto trouble = text_in(one.as_object(), "trouble"); !trouble.empty())
                std::cout << "\n"
                          << text_in(one.as_object(), "name") << " cannot be read: " << printable(trouble)
                          << "\nlarder doctor says what to do.\n";
        for (const auto& one : list_in(all, "deployments")) print_follows(one.as_object());
    });
    if (how != done) return how;
    for (const auto& one : list_in(*report, "deployments"))
        if (!text_in(one.as_object(), "trouble").empty()) return failed;
    return done;
}

int run_history(const common_options& common, const std::string& name) {
    const auto history = ask(common, job("deployment_history", {{"name", name}}));
    const auto how = print(common, history, [](const json::object& report) {
        std::vector<std::vector<std::string>> rows{{"GENERATION", "MADE", "STEP", "BY", "WHY"}};
        for (const auto& one : list_in(report, "generations")) {
            const auto& g = one.as_object();
            auto step = text_in(g, "step");
            if (const auto origin = number_in(g, "origin"); origin != 0) step += " to " + std::to_string(origin);
            rows.push_back({std::to_string(number_in(g, "number")), moment_in(g, "made"), step, text_in(g, "by"),
                            text_in(g, "reason")});
        }
        std::cout << table(rows);
        for (const auto& one : list_in(report, "lost"))
            std::cout << "Generation " << number_in(one.as_object(), "number")
                      << " cannot be read: " << printable(text_in(one.as_object(), "why")) << "\n";
        if (!list_in(report, "lost").empty()) std::cout << "larder doctor says what to do.\n";
    });
    if (how != done) return how;
    return list_in(*history, "lost").empty() ? done : failed;
}

void print_hold(const json::object& report) {
    std::cout << text_in(report, "name") << ", generation " << number_in(report, "generation") << ", holds what is "
              << text_in(report, "hold") << ":\n  held     " << number_in(report, "held") << " files, "
              << format_size(number_in(report, "held_bytes")) << "\n  at risk  " << number_in(report, "at_risk")
              << "\n  lost     " << number_in(report, "lost") << "\n";
    print_follows(report);
    const auto& objects = list_in(report, "objects");
    if (!objects.empty()) {
        std::vector<std::vector<std::string>> rows{{"", "PACKAGE", "VERSION", "ARCHITECTURE", "ARCHIVE", "WHY"}};
        for (const auto& one : objects) {
            const auto& o = one.as_object();
            rows.push_back({text_in(o, "state"), text_in(o, "package"), text_in(o, "version"),
                            text_in(o, "architecture"), text_in(o, "archive"), text_in(o, "why")});
        }
        std::cout << "\n" << table(rows);
    }
    for (const auto& one : list_in(report, "unresolved")) std::cout << "Not in its suites: " << one.as_string() << "\n";
    if (number_in(report, "at_risk") != 0)
        std::cout << "\nAt risk: not here, but upstream may still have it; larder deployment fetch brings it.\n";
}

int run_units(const common_options& common, const std::string& name) {
    const auto report = ask(common, job("deployment_units", {{"name", name}}));
    const auto how = print(common, report, print_units);
    if (how != done) return how;
    bool whole = text_in(*report, "trouble").empty();
    for (const auto& one : list_in(*report, "units")) whole = whole && text_in(one.as_object(), "trouble").empty();
    return whole ? done : failed;
}

/// Made here, and told nobody but the caller: the store has its hash.
int run_token(const common_options& common, const std::string& name) {
    const auto token = new_token();
    if (!token) return complain(token.error());
    const auto report = ask(
        common, job("deployment_change", {{"name", name}, {"by", caller()}, {"token_sha256", sha256(*token).hex()}}));
    if (!report) return complain(report.error());
    if (common.json)
        std::cout << json::serialize(json::object{{"name", name}, {"token", *token}}) << "\n";
    else
        std::cout << *token << "\n";
    return done;
}

/// 0 when all is held: a script can ask.
int run_hold(const common_options& common, const std::string& name, const std::string& kind) {
    const auto report = ask(common, job(kind, {{"name", name}}));
    const auto how = print(common, report, print_hold);
    if (how != done) return how;
    return number_in(*report, "at_risk") + number_in(*report, "lost") == 0 ? done : answer_is_no;
}

int run_change(const common_options& common, json::object options) {
    options["by"] = caller();
    return print(common, ask(common, job("deployment_change", std::move(options))), [](const json::object& report) {
        const bool removed = !text_in(report, "removed").empty();
        std::cout << text_in(report, "name") << " holds what is " << text_in(report, "hold")
                  << (removed ? "; it is removed: not served, and kept until " + moment_in(report, "forget_after") +
                                    " (larder deployment restore brings it back)"
                              : std::string{})
                  << ".\n";
    });
}

/// Asks on a terminal; elsewhere somebody must have said so.
int run_remove(const common_options& common, const change_line& given) {
    json::object options{{"name", given.name}, {"removed", true}};
    if (!given.grace.empty()) {
        const auto grace = parse_duration(given.grace);
        if (!grace) return complain(error{errc::bad_config, "--grace: " + grace.error().detail()});
        options["grace_seconds"] = grace->count() / 1000;
    }
    if (!given.reason.empty()) options["reason"] = given.reason;
    if (given.yes) return run_change(common, std::move(options));
    const auto report = ask(common, job("deployment_removal", {{"name", given.name}}));
    if (!report) return complain(report.error());
    std::cerr << given.name << " is served no more then. Nothing else keeps " << number_in(*report, "objects")
              << " of its files, " << format_size(number_in(*report, "bytes"))
              << ", which gc may remove when its grace time is over; until then larder deployment restore brings it "
                 "back.\n";
    if (::isatty(STDIN_FILENO) != 1)
        return complain(error{errc::bad_config, "nobody is there to be asked: --yes removes it"});
    std::cerr << "Remove it? [y/N] ";
    std::string answer;
    std::getline(std::cin, answer);
    if (answer != "y" && answer != "Y" && answer != "yes") return failed;
    return run_change(common, std::move(options));
}

int run_diff(const common_options& common, const change_line& given) {
    json::object options{{"name", given.name}};
    if (given.before != 0) options["before"] = given.before;
    if (given.after != 0) options["after"] = given.after;
    const auto which = given.by_source ? rows_of::sources : rows_of::packages;
    return print(common, ask(common, job("deployment_diff", std::move(options))), [&](const json::object& report) {
        std::cout << "Generation " << number_in(report, "before") << " to " << number_in(report, "after") << ":\n"
                  << differences_text(list_in(report, "differences"), which);
    });
}

CLI::App* add_named(CLI::App& noun, const std::string& verb, const std::string& purpose, change_line& given) {
    auto* command = noun.add_subcommand(verb, purpose);
    command->add_option("name", given.name, "Deployment")->required()->type_name("NAME");
    return command;
}

CLI::Option* add_suites(CLI::App& command, change_line& given, const std::string& purpose) {
    return command.add_option("--suite", given.suites, purpose)
        ->type_name("ARCHIVE/SUITE[@WHEN]")
        ->allow_extra_args(false);
}

void add_reason(CLI::App& command, change_line& given) {
    command.add_option("--reason", given.reason, "Why, for the history")->type_name("TEXT");
}

void add_shown(CLI::App& command, change_line& given) {
    command.add_flag("--by-source", given.by_source, "A row for each source package");
}

void add_changes(CLI::App& noun, command_line& line) {
    auto created = std::make_shared<change_line>();
    auto* create = noun.add_subcommand("create", "Pin suites together under a name, as they are now.");
    auto* name = create->add_option("name", created->name, "Deployment")->type_name("NAME");
    auto* suites = add_suites(*create, *created, "A suite to pin, now or as it was at a moment; again for each");
    auto* lock = create->add_option("--from-lock", created->lock,
                                    "The deployment that this lockfile is of (- reads it); NAME else as it says");
    lock->type_name("FILE")->excludes(suites);
    auto* first_use = create->add_flag("--on-first-use", created->on_first_use,
                                       "Pin each configured suite when a client first asks for it");
    first_use->excludes(lock);
    create
        ->add_option("--archive", created->archives,
                     "With --on-first-use: of this archive (else of all); again for each")
        ->type_name("ARCHIVE")
        ->needs(first_use)
        ->allow_extra_args(false);
    create->add_option("--arch", created->architectures, "Architecture of its machines (else those configured)")
        ->type_name("ARCH")
        ->excludes(lock)
        ->allow_extra_args(false);
    create->add_option("--hold", created->hold, "What is kept for ever (used)")
        ->type_name("")
        ->excludes(lock)
        ->check(CLI::IsMember({"used", "closure", "full"}));
    add_reason(*create, *created);
    create->callback([&line, created, name, suites, lock, first_use] {
        // CLI11 has no "one of these" for a command that one of them does without.
        if (lock->count() == 0 && name->count() == 0) throw CLI::RequiredError("name");
        if (lock->count() + suites->count() + first_use->count() == 0) throw CLI::RequiredError("--suite");
        line.exit = run_create(line.common, *created);
    });

    add_deployment_upgrade(noun, line);

    auto rolled = std::make_shared<change_line>();
    auto* rollback =
        add_named(noun, "rollback", "Make the next generation, with the suites of an earlier one.", *rolled);
    rollback->add_option("--to", rolled->to, "That generation (else the one before)")->type_name("NUMBER");
    rollback->add_flag("--dry-run", rolled->dry_run, "Only show what would change");
    add_shown(*rollback, *rolled);
    add_reason(*rollback, *rolled);
    rollback->callback([&line, rolled] { line.exit = run_step(line.common, *rolled, "deployment_rollback"); });
}

}  // namespace

void add_deployment(CLI::App& app, command_line& line) {
    auto* noun = app.add_subcommand("deployment", "Machines that install the very same packages, for ever.");
    noun->require_subcommand(1);
    noun->fallthrough();
    add_deployment_lock(*noun, line);
    add_deployment_carry(*noun, line);
    add_deployment_peer(*noun, line);
    auto* list = noun->add_subcommand("list", "List the deployments.");
    list->callback([&line] { line.exit = run_list(line.common); });
    add_changes(*noun, line);
    auto asked = std::make_shared<change_line>();
    auto* history = add_named(*noun, "history", "Its generations: when, who, why.", *asked);
    history->callback([&line, asked] { line.exit = run_history(line.common, asked->name); });
    auto held = std::make_shared<change_line>();
    auto* status =
        add_named(*noun, "status", "What it holds, and what of that is not here; exit 3 if any is not.", *held);
    status->callback([&line, held] { line.exit = run_hold(line.common, held->name, "deployment_status"); });
    auto* fetch =
        add_named(*noun, "fetch", "Bring here what it holds and is not; exit 3 if some cannot be had.", *held);
    fetch->callback([&line, held] { line.exit = run_hold(line.common, held->name, "deployment_fetch"); });
    auto changed = std::make_shared<change_line>();
    auto* hold = add_named(*noun, "hold", "Change what is kept of it for ever.", *changed);
    hold->add_option("mode", changed->hold, "What is fetched through it, that and all it depends on, or everything")
        ->required()
        ->type_name("MODE")
        ->check(CLI::IsMember({"used", "closure", "full"}));
    hold->callback([&line, changed] {
        line.exit = run_change(line.common, {{"name", changed->name}, {"hold", changed->hold}});
    });
    auto* units = add_named(*noun, "units", "Its units, and in which packages each differs.", *held);
    units->callback([&line, held] { line.exit = run_units(line.common, held->name); });
    add_deployment_admit(*noun, line);
    auto forgotten = std::make_shared<change_line>();
    auto* forget = add_named(*noun, "forget-unit", "Forget a unit that is no more.", *forgotten);
    forget->add_option("unit", forgotten->unit, "Unit")->required()->type_name("UNIT");
    add_reason(*forget, *forgotten);
    forget->callback([&line, forgotten] {
        auto options = options_of(*forgotten);
        options["unit"] = forgotten->unit;
        line.exit = print(line.common, ask(line.common, job("deployment_forget_unit", std::move(options))),
                          [&](const json::object&) { std::cout << "Forgotten: " << forgotten->unit << ".\n"; });
    });
    auto* token = add_named(*noun, "token", "Make and print the token with which its units report from now on.", *held);
    token->callback([&line, held] { line.exit = run_token(line.common, held->name); });
    auto* remove = add_named(*noun, "remove", "Serve it no more; what it holds stays for a grace time.", *changed);
    remove->add_option("--grace", changed->grace, "Until gc may forget it for good (30d)")->type_name("DURATION");
    remove->add_flag("--yes", changed->yes, "Without asking");
    add_reason(*remove, *changed);
    remove->callback([&line, changed] { line.exit = run_remove(line.common, *changed); });
    auto* restore = add_named(*noun, "restore", "Serve a removed one again.", *changed);
    restore->callback([&line, changed] {
        line.exit = run_change(line.common, {{"name", changed->name}, {"removed", false}});
    });
    auto compared = std::make_shared<change_line>();
    auto* diff = add_named(*noun, "diff", "What changed between two generations, package by package.", *compared);
    diff->add_option("before", compared->before, "A generation (else the one before the other)")->type_name("NUMBER");
    diff->add_option("after", compared->after, "Another (else the one in force)")->type_name("NUMBER");
    add_shown(*diff, *compared);
    diff->callback([&line, compared] { line.exit = run_diff(line.common, *compared); });
}

}  // namespace larder::cli
