#include "commands.hpp"
#include "pocket_commands.hpp"
#include "table.hpp"
#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <iostream>

// Pockets as plain files.

namespace larder::cli {
namespace {

namespace json = boost::json;

struct export_line {
    std::vector<std::string> names;  ///< the last: where to
    std::string endpoint, region;
    std::uint64_t prune_after = 7;  ///< days
    bool hard_links = false, dry_run = false;
};

std::string count(const json::object& report, std::string_view name, const char* what) {
    return std::to_string(number_in(report, name)) + " " + what;
}

void print_export(const json::object& report) {
    const bool dry = is_set(report, "dry_run");
    std::vector<std::vector<std::string>> rows{{"SUITE", "PUBLICATION", "BEFORE", "DATE"}};
    for (const auto& one : list_in(report, "suites")) {
        const auto& suite = one.as_object();
        const auto former = number_in(suite, "former");
        rows.push_back({text_in(suite, "suite"), std::to_string(number_in(suite, "publication")),
                        former == 0 ? "-" : std::to_string(former), text_in(suite, "date")});
    }
    std::cout << table(rows) << text_in(report, "to") << ": " << count(report, "files", "files, ")
              << count(report, "bytes", "bytes; ") << (dry ? "would write " : "written ")
              << count(report, "written", "(") << count(report, "written_bytes", "bytes); ")
              << (dry ? "would remove " : "removed ") << count(report, "pruned", "that nothing names any more, ")
              << count(report, "kept", "stay for clients in mid-update.\n");
}

int run_export(const common_options& common, const export_line& given) {
    if (given.names.size() < 2) {
        std::cerr << "larder: name a pocket and where it is to go: larder pocket export ARCHIVE/SUITE DIR\n";
        return wrong_usage;
    }
    json::array pockets;
    for (std::size_t i = 0; i + 1 < given.names.size(); ++i) pockets.emplace_back(given.names[i]);
    json::object o{
        {"pockets", std::move(pockets)},
        {"to", given.names.back().starts_with("s3://") ? given.names.back() : whole_path(given.names.back())},
        {"prune_after_seconds", given.prune_after * 24 * 3600}};
    add_text(o, "endpoint", given.endpoint);
    add_text(o, "region", given.region);
    if (given.hard_links) o["hard_links"] = true;
    if (given.dry_run) o["dry_run"] = true;
    return print(common, ask(common, job("pocket_export", std::move(o))), print_export);
}

}  // namespace

void add_pocket_export(CLI::App& noun, command_line& line) {
    const auto given = std::make_shared<export_line>();
    auto* command = noun.add_subcommand("export", "Write pockets as plain files, for a web server without Larder.");
    command
        ->add_option("names", given->names,
                     "Pockets, or an archive for all of its; and at last the folder or s3://BUCKET/PREFIX")
        ->required()
        ->type_name("ARCHIVE[/SUITE]... DIR");
    command
        ->add_option("--prune-after", given->prune_after,
                     "Days for which what no publication names any more stays; default: 7")
        ->check(CLI::Range(0, 3650))
        ->type_name("DAYS");
    command->add_option("--endpoint", given->endpoint, "Of a bucket: its S3-compatible service")->type_name("URL");
    command->add_option("--region", given->region, "Of a bucket; default: us-east-1")->type_name("NAME");
    command->add_flag("--hard-links", given->hard_links, "Packages are links to the store's own files");
    command->add_flag("--dry-run", given->dry_run, "Only tell what would be written and removed");
    command->callback([&line, given] { line.exit = run_export(line.common, *given); });
}

}  // namespace larder::cli
