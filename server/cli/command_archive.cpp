#include "archive_commands.hpp"
#include "commands.hpp"
#include "table.hpp"
#include "work.hpp"
#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <iostream>
#include <larder/base/text.hpp>
#include <larder/base/units.hpp>

// What is asked of archives that are configured: list, update, fetch. Adding and removing is in
// command_archive_edit.cpp.

namespace larder::cli {
namespace {

namespace json = boost::json;

std::string listed(const std::vector<std::string>& all) { return all.empty() ? "-" : joined(all); }

int run_list(const common_options& common) {
    const auto config = load_options(common);
    if (!config) return complain(config.error());
    if (common.json) {
        const auto all = json::parse(config::show_json(*config));
        std::cout << json::serialize(json::object{{"archives", list_in(all.as_object(), "archive")}}) << "\n";
        return done;
    }
    std::vector<std::vector<std::string>> rows{{"ARCHIVE", "UPSTREAM", "SUITES", "COMPONENTS", "ARCHITECTURES"}};
    for (const auto& a : config->archives)
        rows.push_back({a.name, listed(a.upstream), listed(a.suites), listed(a.components), listed(a.architectures)});
    std::cout << table(rows);
    return done;
}

work work_of(const net::update_options& o) {
    work w;
    w.kind = "update";
    w.options = {{"archive", o.archive}};
    if (!o.suites.empty()) w.options["suites"] = json::value_from(o.suites);
    w.here = [o](net::engine& e, const net::progress_sink& tell) -> result<std::string> {
        LARDER_TRY(const auto report, net::update_archive(e, o, tell));
        return net::to_json(report);
    };
    return w;
}

void print_update(const std::vector<json::object>& reports) {
    std::vector<std::vector<std::string>> rows{{"ARCHIVE", "SUITE", "DATE", "STATE", ""}};
    for (const auto& report : reports)
        for (const auto& one : list_in(report, "suites")) {
            const auto& s = one.as_object();
            const auto failure = text_in(s, "failure");
            rows.push_back({text_in(report, "archive"), text_in(s, "suite"), moment_in(s, "date"),
                            !failure.empty()       ? "failed"
                            : is_set(s, "changed") ? "new"
                                                   : "unchanged",
                            failure});
        }
    std::cout << table(rows);
}

int run_update(const common_options& common, const update_line& given) {
    const auto config = load_options(common);
    if (!config) return complain(config.error());
    auto names = given.archives;
    if (names.empty())
        for (const auto& a : config->archives) names.push_back(a.name);
    std::vector<json::object> reports;
    bool fine = true;
    for (const auto& name : names) {
        net::update_options one;
        one.archive = name;
        one.suites = given.suites;
        auto report = run(common, *config, work_of(one));
        if (!report) return complain(report.error());
        fine = fine && is_set(*report, "fine");
        reports.push_back(std::move(*report));
    }
    if (common.json)
        std::cout << json::serialize(
                         json::object{{"archives", json::array(reports.begin(), reports.end())}, {"fine", fine}})
                  << "\n";
    else
        print_update(reports);
    return fine ? done : failed;
}

work work_of(const net::fetch_options& o) {
    work w;
    w.kind = "fetch";
    w.options = {{"archive", o.archive}, {"packages", json::value_from(o.packages)}, {"with_deps", o.with_deps}};
    if (!o.architecture.empty()) w.options["architecture"] = o.architecture;
    if (!o.suites.empty()) w.options["suites"] = json::value_from(o.suites);
    w.here = [o](net::engine& e, const net::progress_sink& tell) -> result<std::string> {
        LARDER_TRY(const auto report, net::fetch_packages(e, o, tell));
        return net::to_json(report);
    };
    return w;
}

void print_fetch(const json::object& report) {
    std::vector<std::vector<std::string>> rows{{"PACKAGE", "VERSION", "ARCHITECTURE", "SIZE", "", ""}};
    for (const auto& one : list_in(report, "packages")) {
        const auto& p = one.as_object();
        const auto failure = text_in(p, "failure");
        rows.push_back({text_in(p, "package"), text_in(p, "version"), text_in(p, "architecture"),
                        format_size(number_in(p, "size")),
                        !failure.empty()        ? "failed"
                        : is_set(p, "was_here") ? "was here"
                                                : "fetched",
                        failure});
    }
    std::cout << table(rows);
    for (const auto& one : list_in(report, "unresolved"))
        std::cout << "Not in this archive: " << printable(std::string_view{one.as_string()}) << "\n";
    std::cout << "Fetched " << format_size(number_in(report, "bytes")) << ".\n";
}

int run_fetch(const common_options& common, const net::fetch_options& options) {
    const auto config = load_options(common);
    if (!config) return complain(config.error());
    const auto report = run(common, *config, work_of(options));
    if (!report) return complain(report.error());
    if (common.json)
        std::cout << json::serialize(*report) << "\n";
    else
        print_fetch(*report);
    return is_set(*report, "fine") ? done : failed;
}

void add_update(CLI::App& noun, command_line& line) {
    auto* command =
        noun.add_subcommand("update", "Ask upstream for newer states now, and read the configured indices.");
    auto given = std::make_shared<update_line>();
    command->add_option("archives", given->archives, "Archives (else all)")->type_name("NAME");
    command->add_option("--suite", given->suites, "Only these suites")->type_name("SUITE")->allow_extra_args(false);
    command->callback([&line, given] { line.exit = run_update(line.common, *given); });
}

void add_fetch(CLI::App& noun, command_line& line) {
    auto* command = noun.add_subcommand("fetch", "Bring packages here ahead of their clients.");
    auto options = std::make_shared<net::fetch_options>();
    command->add_option("archive", options->archive, "Archive")->required()->type_name("NAME");
    command->add_option("packages", options->packages, "Packages, each NAME or NAME=VERSION")
        ->required()
        ->type_name("PACKAGE");
    command->add_flag("--with-deps", options->with_deps,
                      "Also what they depend on (a closure for filling the cache, not an installation plan)");
    command
        ->add_option("--architecture", options->architecture, "Architecture (else the archive's first configured one)")
        ->type_name("ARCH");
    command->add_option("--suite", options->suites, "Suites to look in (else all that are configured)")
        ->type_name("SUITE")
        ->allow_extra_args(false);
    command->callback([&line, options] { line.exit = run_fetch(line.common, *options); });
}

}  // namespace

void add_archive(CLI::App& app, command_line& line) {
    auto* noun = app.add_subcommand("archive", "The archives that are served.");
    noun->require_subcommand(1);
    noun->fallthrough();
    auto* list = noun->add_subcommand("list", "List the configured archives.");
    list->callback([&line] { line.exit = run_list(line.common); });
    add_archive_edit(*noun, line);
    add_archive_create(*noun, line);
    add_update(*noun, line);
    add_fetch(*noun, line);
}

}  // namespace larder::cli
