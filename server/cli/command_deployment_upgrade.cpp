#include "commands.hpp"
#include "deployment_commands.hpp"
#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <iostream>

namespace larder::cli {
namespace {

namespace json = boost::json;

struct upgrade_line {
    std::string name, reason, to, unit;
    std::vector<std::string> suites, packages, sources;
    bool with_deps = false, from_units = false, leave_out_foreign = false, dry_run = false, by_source = false;
};

json::object options_of(const upgrade_line& given) {
    json::object o{{"by", caller()}, {"name", given.name}, {"dry_run", given.dry_run}};
    const auto text = [&o](const char* name, const std::string& value) {
        if (!value.empty()) o[name] = value;
    };
    const auto texts = [&o](const char* name, const std::vector<std::string>& values) {
        if (!values.empty()) o[name] = json::value_from(values);
    };
    text("reason", given.reason);
    text("to", given.to);
    text("unit", given.unit);
    texts("suites", given.suites);
    texts("packages", given.packages);
    texts("sources", given.sources);
    if (given.with_deps) o["with_deps"] = true;
    if (given.from_units) o["from_units"] = true;
    if (given.leave_out_foreign) o["leave_out_foreign"] = true;
    return o;
}

void print_lines(const json::object& report, std::string_view name, std::string_view before) {
    for (const auto& one : list_in(report, name)) std::cout << before << std::string{one.as_string()} << "\n";
}

/// Whether units run what no generation can have.
bool is_refused(const json::object& report, bool leave_out_foreign) {
    return !list_in(report, "disagreeing").empty() || (!list_in(report, "foreign").empty() && !leave_out_foreign);
}

void print_upgrade(const json::object& report, const upgrade_line& given) {
    const auto which = given.by_source ? rows_of::sources : rows_of::packages;
    print_lines(report, "disagreeing", "The units do not agree on ");
    print_lines(report, "foreign", "In no kept state of its suites: ");
    if (is_refused(report, given.leave_out_foreign)) {
        std::cout << "Nothing was made. "
                  << (list_in(report, "disagreeing").empty() ? "--leave-out-foreign makes a generation of the rest."
                                                             : "--unit NAME says whose packages count.")
                  << "\n";
        return;
    }
    print_step(report, given.dry_run, which);
    print_lines(report, "unmet", "Not in its suites then: ");
}

int run_upgrade(const common_options& common, const upgrade_line& given) {
    const auto report = ask(common, job("deployment_upgrade", options_of(given)));
    const auto how = print(common, report, [&](const json::object& r) { print_upgrade(r, given); });
    if (how != done) return how;
    return is_refused(*report, given.leave_out_foreign) ? answer_is_no : done;
}

}  // namespace

void add_deployment_upgrade(CLI::App& noun, command_line& line) {
    auto given = std::make_shared<upgrade_line>();
    auto* upgrade = noun.add_subcommand(
        "upgrade", "Make the next generation, of suites at other states, or of some packages of them.");
    upgrade->add_option("name", given->name, "Deployment")->required()->type_name("NAME");
    upgrade
        ->add_option("--suite", given->suites,
                     "Only this suite, to now or to a moment (else all, to now); again for each")
        ->type_name("ARCHIVE/SUITE[@WHEN]")
        ->allow_extra_args(false);
    upgrade->add_option("--to", given->to, "All its suites as they were at a moment (else now)")->type_name("WHEN");
    const auto picked = [&](const std::string& name, std::vector<std::string>& into, const std::string& purpose) {
        return upgrade->add_option(name, into, purpose)->type_name("NAME[=VERSION][:ARCH]")->allow_extra_args(false);
    };
    auto* packages = picked("--package", given->packages, "Only this package, as those suites have it; again for each");
    auto* sources =
        picked("--source", given->sources, "Only what is built from this source package, and itself; again for each");
    upgrade->add_flag("--with-deps", given->with_deps, "And what these need and the deployment lacks");
    auto* from_units =
        upgrade
            ->add_flag(
                "--from-units", given->from_units,
                "To the versions that its units have reported; exit 3 if they disagree, or one is in no kept state")
            ->excludes(packages)
            ->excludes(sources);
    upgrade->add_option("--unit", given->unit, "The unit whose versions count")->type_name("UNIT")->needs(from_units);
    upgrade->add_flag("--leave-out-foreign", given->leave_out_foreign, "Without what is in no kept state")
        ->needs(from_units);
    upgrade->add_flag("--dry-run", given->dry_run, "Only show what would change");
    upgrade->add_flag("--by-source", given->by_source, "A row for each source package");
    upgrade->add_option("--reason", given->reason, "Why, for the history")->type_name("TEXT");
    upgrade->callback([&line, given, packages, sources] {
        if (given->with_deps && packages->count() + sources->count() == 0)
            throw CLI::RequiredError("--with-deps: --package or --source");
        line.exit = run_upgrade(line.common, *given);
    });
}

}  // namespace larder::cli
