#include "commands.hpp"
#include "deployment_commands.hpp"
#include "key_commands.hpp"
#include "table.hpp"
#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <filesystem>
#include <iostream>
#include <larder/base/units.hpp>

// A deployment into a file, and out of one.

namespace larder::cli {
namespace {

namespace json = boost::json;

struct carry_line {
    std::string name, file, reason;
    std::vector<std::string> keyrings;
    bool partial = false;
};

void print_missing(const json::object& report, const std::string& heading) {
    const auto& missing = list_in(report, "missing");
    if (missing.empty()) return;
    std::vector<std::vector<std::string>> rows{{"PACKAGE", "VERSION", "ARCHITECTURE", "ARCHIVE", "SHA256"}};
    for (const auto& one : missing) {
        const auto& o = one.as_object();
        rows.push_back({text_in(o, "package"), text_in(o, "version"), text_in(o, "architecture"), text_in(o, "archive"),
                        text_in(o, "sha256").substr(0, 12)});
    }
    std::cout << heading << "\n" << table(rows);
}

int run_export(const common_options& common, const carry_line& given) {
    json::object options{{"name", given.name}, {"file", whole_path(given.file)}, {"partial", given.partial}};
    return print(common, ask(common, job("deployment_export", std::move(options))), [](const json::object& r) {
        std::cout << text_in(r, "file") << ": " << text_in(r, "name") << ", generations 1 to "
                  << number_in(r, "generation") << ", " << number_in(r, "objects") << " objects, "
                  << format_size(number_in(r, "bytes")) << " (" << format_size(number_in(r, "file_bytes"))
                  << " compressed), signed by " << text_in(r, "signer") << ".\n";
        if (const auto resumed = number_in(r, "resumed"); resumed != 0)
            std::cout << resumed << " objects were there already, from an attempt that was interrupted.\n";
        print_missing(r, "Held, but not here, so not in it:");
    });
}

void print_imported(const json::object& r) {
    std::cout << text_in(r, "name") << ", generation " << number_in(r, "generation") << ": "
              << number_in(r, "generations") << " generations are new here, " << number_in(r, "objects") << " objects, "
              << format_size(number_in(r, "bytes")) << ", verified; " << number_in(r, "already_here")
              << " of them were here already.\n";
    for (const auto& one : list_in(r, "vouched"))
        std::cout << "Only whoever made the bundle vouches for " << one.as_string() << "\n";
    for (const auto& one : list_in(r, "unproven"))
        std::cout << "Left out, since no index of its suites names it: " << one.as_string() << "\n";
    print_missing(r, "Held, but not in the bundle:");
}

int run_import(const common_options& common, const carry_line& given) {
    json::array keyrings;
    for (const auto& path : given.keyrings) {
        const auto one = keyring_of(path);
        if (!one) return complain(one.error());
        keyrings.emplace_back(*one);
    }
    json::object options{{"file", whole_path(given.file)}, {"by", caller()}};
    if (!keyrings.empty()) options["keyrings"] = std::move(keyrings);
    if (!given.reason.empty()) options["reason"] = given.reason;
    return print(common, ask(common, job("deployment_import", std::move(options))), print_imported);
}

int run_show(const common_options& common) {
    return print(common, ask(common, job("own_key", {})),
                 [](const json::object& r) { std::cout << text_in(r, "public_key"); });
}

}  // namespace

std::string whole_path(const std::string& path) { return std::filesystem::absolute(path).lexically_normal().string(); }

result<std::string> keyring_of(const std::string& path) {
    LARDER_TRY(auto text, text_of_file(path));
    // What stands in JSON goes as it is; of another file the server is told where it is.
    if (text.starts_with("-----BEGIN PGP PUBLIC KEY BLOCK-----")) return text;
    return whole_path(path);
}

void add_deployment_carry(CLI::App& noun, command_line& line) {
    auto given = std::make_shared<carry_line>();
    auto* out = noun.add_subcommand(
        "export", "Write it, with all that it holds, into a file (tar.zst) that another Larder can take in.");
    out->add_option("name", given->name, "Deployment")->required()->type_name("NAME");
    out->add_option("file", given->file, "Bundle; one that was interrupted is gone on with")
        ->required()
        ->type_name("FILE");
    out->add_flag("--partial", given->partial, "Also when something that it holds is not here");
    out->callback([&line, given] { line.exit = run_export(line.common, *given); });

    auto* in = noun.add_subcommand("import", "Take in a deployment from such a file, after verifying all of it.");
    in->add_option("file", given->file, "Bundle")->required()->type_name("FILE");
    in->add_option("--keyring", given->keyrings, "Key of the Larder that made it (there: larder key show)")
        ->type_name("FILE")
        ->allow_extra_args(false);
    in->add_option("--reason", given->reason, "Why, for the journal")->type_name("TEXT");
    in->callback([&line, given] { line.exit = run_import(line.common, *given); });
}

void add_key(CLI::App& app, command_line& line) {
    auto* noun =
        app.add_subcommand("key", "The key that this store signs with, and those of archives that are published here.");
    noun->require_subcommand(1);
    noun->fallthrough();
    auto* show =
        noun->add_subcommand("show", "Print the public half of this store's, for --keyring on another Larder.");
    show->callback([&line] { line.exit = run_show(line.common); });
    add_archive_keys(*noun, line);
}

}  // namespace larder::cli
