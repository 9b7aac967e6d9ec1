#include "commands.hpp"
#include "work.hpp"
#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <iostream>
#include <larder/base/units.hpp>

namespace larder::cli {
namespace {

namespace json = boost::json;

struct gc_line {
    bool remove = false, dry_run = false;
    std::string grace, free;
};

result<net::gc_options> read(const gc_line& given) {
    net::gc_options o;
    o.dry_run = !given.remove;
    if (!given.grace.empty()) {
        const auto duration = parse_duration(given.grace);
        if (!duration) return error{errc::bad_config, "--grace: " + duration.error().detail()};
        o.grace_seconds = static_cast<std::uint64_t>(duration->count() / 1000);
    }
    if (!given.free.empty()) {
        const auto size = parse_size(given.free);
        if (!size) return error{errc::bad_config, "--free: " + size.error().detail()};
        o.free_bytes = *size;
    }
    return o;
}

work work_of(const net::gc_options& o) {
    work w;
    w.kind = "gc";
    w.options = {{"dry_run", o.dry_run}, {"free_bytes", o.free_bytes}, {"grace_seconds", o.grace_seconds}};
    w.here = [o](net::engine& e, const net::progress_sink& tell) -> result<std::string> {
        LARDER_TRY(const auto report, net::gc(e, o, tell));
        return net::to_json(report);
    };
    return w;
}

std::string count(const json::object& report, const std::string& name) {
    return std::to_string(number_in(report, name)) + " objects, " + format_size(number_in(report, name + "_bytes"));
}

void print_for_people(const json::object& report) {
    std::cout << "In the store:   " << number_in(report, "objects") << " objects, "
              << format_size(number_in(report, "bytes")) << "\n"
              << "Kept by refs:   " << count(report, "referenced") << "\n"
              << "Cache:          " << count(report, "cached") << "; the limit is "
              << format_size(number_in(report, "limit")) << "\n";
    const bool dry = is_set(report, "dry_run");
    if (const auto former = number_in(report, "former_indices"); former != 0)
        std::cout << (dry ? "Would be kept as chunks: " : "Kept as chunks: ") << former << " indices of former states"
                  << (dry ? "" : ", " + format_size(number_in(report, "former_indices_bytes"))) << "\n";
    for (const auto& one : list_in(report, "forgotten"))
        std::cout << (dry ? "Would forget the removed deployment " : "Forgot the removed deployment ")
                  << one.as_string() << ": its grace time is over.\n";
    if (number_in(report, "removed") == 0) {
        std::cout << (dry ? "Nothing would be removed.\n" : "Nothing was removed.\n");
        return;
    }
    std::cout << (dry ? "Would remove:   " : "Removed:        ") << count(report, "removed") << ", last used up to "
              << moment_in(report, "used_before") << "\n";
    if (dry) std::cout << "This was a dry run; larder gc --remove does it.\n";
}

int run_gc(const common_options& common, const gc_line& given) {
    const auto config = load_options(common);
    if (!config) return complain(config.error());
    const auto options = read(given);
    if (!options) return complain(options.error());
    const auto report = run(common, *config, work_of(*options));
    if (!report) return complain(report.error());
    if (common.json)
        std::cout << json::serialize(*report) << "\n";
    else
        print_for_people(*report);
    return done;
}

}  // namespace

void add_gc(CLI::App& app, command_line& line) {
    auto* command = app.add_subcommand(
        "gc", "Show, or remove, what no ref reaches and is beyond max_cache_size, least recently used first.");
    auto given = std::make_shared<gc_line>();
    auto* remove = command->add_flag("--remove", given->remove, "Remove it; without this nothing is changed");
    command->add_flag("--dry-run", given->dry_run, "Only show (the default)")->excludes(remove);
    command
        ->add_option("--grace", given->grace,
                     "Leave what came within this time (10 min; less only while no server runs)")
        ->type_name("DURATION");
    command->add_option("--free", given->free, "Remove at least so much, also when the cache is below its limit")
        ->type_name("SIZE");
    command->callback([&line, given] { line.exit = run_gc(line.common, *given); });
}

}  // namespace larder::cli
