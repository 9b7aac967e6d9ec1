#include "commands.hpp"
#include "deployment_commands.hpp"
#include "running_server.hpp"
#include "table.hpp"
#include <CLI/CLI.hpp>
#include <algorithm>
#include <boost/json.hpp>
#include <iostream>
#include <larder/base/text.hpp>
#include <larder/base/units.hpp>

namespace larder::cli {
namespace {

namespace json = boost::json;

struct admit_line {
    std::string name, reason, timeout = "10m";
    bool override_it = false, upgrade = false, wait = false;
};

std::string difference_of(const json::object& d) {
    const auto expected = text_in(d, "expected");
    return text_in(d, "package") + " " + text_in(d, "installed") +
           (expected.empty() ? " (no suite has it)" : " (" + expected + " is expected)") +
           (is_set(d, "held") ? ", held back" : "") + (text_in(d, "what") == "phased" ? ", phased in" : "");
}

constexpr std::string_view about_phasing =
    "Phased in: apt takes such an update or not by the machine's id, so that machines with one generation differ. The\n"
    "apt.conf that is served for the deployment gives all of its machines one id (APT::Machine-ID).\n";

bool any_phased(const json::array& units) {
    for (const auto& one : units)
        for (const auto& d : list_in(one.as_object(), "differences"))
            if (text_in(d.as_object(), "what") == "phased") return true;
    return false;
}

/// What is to be run on each unit, as it is pasted into a shell.
void print_plan(const json::object& report) {
    for (const auto& one : list_in(report, "plan")) {
        const auto& unit = one.as_object();
        std::cout << "\nOn " << text_in(unit, "unit") << ":\n";
        for (const auto& command : list_in(unit, "shell"))
            std::cout << "  " << std::string{command.as_string()} << "\n";
        for (const auto& package : list_in(unit, "foreign"))
            std::cout << "  # no suite has " << printable(std::string{package.as_string()})
                      << ": if it is not needed, remove it\n";
    }
}

void print_ways_on(const std::string& name) {
    std::cout << "A new unit would not get what the others have. Three ways on:\n"
              << "  bring the units up to the generation: larder deployment admit " << name
              << " --upgrade (--wait) tells how\n"
              << "  make a generation of what they run: larder deployment upgrade " << name << " --from-units\n"
              << "  admit it all the same: larder deployment admit " << name
              << " --i-know-what-i-am-doing --reason TEXT\n";
}

void print_admit(const json::object& report, const admit_line& given) {
    print_units(report);
    if (is_set(report, "overridden"))
        std::cout << "Admitted all the same; that is recorded.\n";
    else if (is_set(report, "admitted"))
        std::cout << "A new unit gets what the others have.\n";
    else if (given.upgrade)
        print_plan(report);
    else
        print_ways_on(given.name);
}

/// Before the waiting: what is to be run while it lasts.
int show_plan(const common_options& common, json::object options) {
    options["upgrade"] = true;
    const auto report = ask(common, job("deployment_admit", std::move(options)));
    if (!report) return complain(report.error());
    if (!is_set(*report, "admitted") && !common.json) {
        print_plan(*report);
        std::cout << std::endl;
    }
    return done;
}

int run_admit(const common_options& common, const admit_line& given) {
    json::object options{{"by", caller()}, {"name", given.name}, {"override", given.override_it}};
    if (!given.reason.empty()) options["reason"] = given.reason;
    if (given.upgrade) options["upgrade"] = true;
    if (given.wait) {
        const auto timeout = parse_duration(given.timeout);
        if (!timeout) return complain(error{errc::bad_config, "--timeout: " + timeout.error().detail()});
        const auto config = load_options(common);
        if (!config) return complain(config.error());
        const auto server = server_of(*config);
        if (!server) return complain(server.error());
        if (!*server)
            return complain(
                error{errc::bad_config, "no server runs, and units report to a server: nothing to wait for"});
        if (given.upgrade)
            if (const auto how = show_plan(common, options); how != done) return how;
        options["wait_seconds"] = std::max<std::int64_t>(timeout->count() / 1000, 1);
    }
    const auto report = ask(common, job("deployment_admit", std::move(options)));
    const auto how = print(common, report, [&](const json::object& r) { print_admit(r, given); });
    if (how != done) return how;
    return is_set(*report, "admitted") ? done : answer_is_no;
}

}  // namespace

void print_units(const json::object& report) {
    const auto& units = list_in(report, "units");
    if (units.empty()) {
        std::cout << "No unit of " << text_in(report, "name") << " has reported.\n";
        return;
    }
    const auto trouble = text_in(report, "trouble");
    const bool is_known = trouble.empty();
    std::vector<std::vector<std::string>> rows{{"UNIT", "REPORTED", "PACKAGES", "DIFFER", ""}};
    for (const auto& one : units) {
        const auto& u = one.as_object();
        const auto& differences = list_in(u, "differences");
        if (const auto why = text_in(u, "trouble"); !why.empty()) {
            rows.push_back({text_in(u, "unit"), moment_in(u, "reported"), "?", "?",
                            "what it has cannot be read: " + printable(why)});
            continue;
        }
        rows.push_back({text_in(u, "unit"), moment_in(u, "reported"), std::to_string(number_in(u, "packages")),
                        is_known ? std::to_string(differences.size()) : "?",
                        differences.empty() ? "" : difference_of(differences.front().as_object())});
        for (std::size_t i = 1; i < differences.size() && i < 20; ++i)
            rows.push_back({"", "", "", "", difference_of(differences[i].as_object())});
        if (differences.size() > 20)
            rows.push_back(
                {"", "", "", "", "and " + std::to_string(differences.size() - 20) + " more (--json has all)"});
    }
    if (!is_known) {
        std::cout << table(rows) << "What generation " << number_in(report, "generation")
                  << " expects is not known: " << printable(trouble) << "\nlarder doctor says what to do.\n";
        return;
    }
    std::cout << table(rows) << (any_phased(units) ? about_phasing : std::string_view{}) << number_in(report, "agree")
              << " of " << units.size() << " agree with generation " << number_in(report, "generation") << ".\n";
}

void add_deployment_admit(CLI::App& noun, command_line& line) {
    auto given = std::make_shared<admit_line>();
    auto* admit = noun.add_subcommand("admit", "Whether another unit may join; exit 3 if the units have drifted.");
    admit->add_option("name", given->name, "Deployment")->required()->type_name("NAME");
    auto* override_it =
        admit->add_flag("--i-know-what-i-am-doing", given->override_it, "Admit it all the same; needs --reason");
    admit->add_flag("--upgrade", given->upgrade, "Show what brings each unit to the generation: commands to run on it")
        ->excludes(override_it);
    auto* wait = admit->add_flag("--wait", given->wait, "Wait until all units have reported that they agree");
    wait->excludes(override_it);
    admit->add_option("--timeout", given->timeout, "So long at most")
        ->type_name("DURATION")
        ->capture_default_str()
        ->needs(wait);
    admit->add_option("--reason", given->reason, "Why, for the history")->type_name("TEXT");
    admit->callback([&line, given] { line.exit = run_admit(line.common, *given); });
}

}  // namespace larder::cli
