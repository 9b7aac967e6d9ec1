#include "commands.hpp"
#include "work.hpp"
#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <filesystem>
#include <iostream>
#include <larder/base/text.hpp>
#include <larder/base/units.hpp>

namespace larder::cli {
namespace {

namespace json = boost::json;

void print_list(const json::object& report, std::string_view name, const std::string& heading) {
    const auto& all = list_in(report, name);
    if (all.empty()) return;
    std::cout << heading << " (" << all.size() << "):\n";
    for (const auto& one : all) std::cout << "  " << printable(std::string_view{one.as_string()}) << "\n";
}

void print_for_people(const json::object& report) {
    print_list(report, "learnt", "Learnt first");
    print_list(report, "unknown", "Left out, because no verified index knows their hash");
    print_list(report, "unreadable", "Could not be read or stored");
    std::cout << "Looked at " << number_in(report, "files") << " files (" << format_size(number_in(report, "bytes"))
              << "): kept " << number_in(report, "kept") << " (" << format_size(number_in(report, "kept_bytes"))
              << "), " << number_in(report, "already_here") << " were here already, "
              << list_in(report, "unknown").size() << " are unknown.\n";
}

int run_import(const common_options& common, net::import_options options) {
    const auto config = load_options(common);
    if (!config) return complain(config.error());
    options.folder = std::filesystem::absolute(options.folder).lexically_normal().string();
    work w;
    w.kind = "import";
    w.options = {{"folder", options.folder}};
    w.here = [options](net::engine& e, const net::progress_sink& tell) -> result<std::string> {
        LARDER_TRY(const auto report, net::import_folder(e, options, tell));
        return net::to_json(report);
    };
    const auto report = run(common, *config, w);
    if (!report) return complain(report.error());
    if (common.json)
        std::cout << json::serialize(*report) << "\n";
    else
        print_for_people(*report);
    return list_in(*report, "unreadable").empty() ? done : failed;
}

}  // namespace

void add_import(CLI::App& app, command_line& line) {
    auto* command = app.add_subcommand(
        "import", "Take in the files of a folder (a cache of apt's or apt-cacher-ng's) that a verified index knows.");
    auto options = std::make_shared<net::import_options>();
    command->add_option("folder", options->folder, "Folder to look through, with all below it")
        ->required()
        ->type_name("DIR");
    command->callback([&line, options] { line.exit = run_import(line.common, *options); });
}

}  // namespace larder::cli
