#include "commands.hpp"
#include "work.hpp"
#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <iostream>
#include <larder/base/text.hpp>
#include <larder/base/units.hpp>

namespace larder::cli {
namespace {

namespace json = boost::json;

work work_of(const net::doctor_options& o) {
    work w;
    w.kind = "doctor";
    w.options = {{"rebuild", o.rebuild}, {"repair", o.repair}, {"give_up", o.give_up}, {"threads", o.threads}};
    w.here = [o](net::engine& e, const net::progress_sink& tell) -> result<std::string> {
        LARDER_TRY(const auto report, net::doctor(e, o, tell));
        return net::to_json(report);
    };
    return w;
}

void print_objects(const json::object& report, std::string_view name, const std::string& heading) {
    const auto& all = list_in(report, name);
    if (all.empty()) return;
    std::cout << heading << " (" << all.size() << "):\n";
    for (const auto& one : all) {
        const auto& o = one.as_object();
        std::cout << "  " << text_in(o, "object") << "  " << printable(text_in(o, "why")) << "\n";
        for (const auto& from : list_in(o, "known_from"))
            std::cout << "    " << printable(std::string_view{from.as_string()}) << "\n";
    }
}

void print_deployments(const json::object& report) {
    const auto& all = list_in(report, "deployments");
    if (all.empty()) return;
    std::cout << "Deployments (" << all.size() << "):\n";
    for (const auto& one : all) {
        const auto& o = one.as_object();
        std::cout << "  " << printable(text_in(o, "what"), 1000)
                  << "\n    what follows: " << printable(text_in(o, "follows"), 1000)
                  << "\n    what to do: " << printable(text_in(o, "advice"), 1000) << "\n";
    }
}

void print_for_people(const json::object& report, bool rebuilt) {
    std::cout << "Checked " << number_in(report, "objects") << " objects (" << format_size(number_in(report, "bytes"))
              << ") and " << number_in(report, "states") << " states of suites.\n";
    print_objects(report, "damaged", "Damaged");
    print_objects(report, "missing", "Missing");
    print_objects(report, "unreadable", "Could not be read, and were left as they are");
    print_objects(report, "refetched", "Here again");
    print_objects(report, "lost", "Lost");
    for (const auto& one : list_in(report, "dropped"))
        std::cout << "Given up: " << printable(std::string_view{one.as_string()}) << "\n";
    print_deployments(report);
    if (rebuilt) std::cout << "Made the derived tables anew from " << number_in(report, "indices") << " indices.\n";
    if (is_set(report, "whole"))
        std::cout << "Everything is whole.\n";
    else if (list_in(report, "lost").empty() && list_in(report, "dropped").empty() &&
             list_in(report, "deployments").empty())
        std::cout << "Not everything could be read.\n";
    else
        std::cout << "Not everything could be brought back.\n";
}

int run_doctor(const common_options& common, const net::doctor_options& options) {
    const auto config = load_options(common);
    if (!config) return complain(config.error());
    const auto report = run(common, *config, work_of(options));
    if (!report) return complain(report.error());
    if (common.json)
        std::cout << json::serialize(*report) << "\n";
    else
        print_for_people(*report, options.rebuild);
    return is_set(*report, "whole") ? done : failed;
}

}  // namespace

void add_doctor(CLI::App& app, command_line& line) {
    auto* command =
        app.add_subcommand("doctor", "Check every object's hash; set aside what is damaged and fetch it again.");
    auto options = std::make_shared<net::doctor_options>();
    auto* rebuild =
        command->add_flag("--rebuild", options->rebuild, "Make the derived tables anew, from objects and refs alone");
    auto* look = command->add_flag("!--no-repair", options->repair, "Only look: move, fetch and change nothing");
    auto* give_up = command->add_flag("--give-up", options->give_up,
                                      "Forget generations of deployments that are lost and not in force, for good");
    rebuild->excludes(look);
    give_up->excludes(look);
    command->add_option("--threads", options->threads, "Threads that hash (else one a core)")->type_name("N");
    command->callback([&line, options] { line.exit = run_doctor(line.common, *options); });
}

}  // namespace larder::cli
