#include "admin_client.hpp"
#include "archive_commands.hpp"
#include "commands.hpp"
#include "config_edit.hpp"
#include "work.hpp"
#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <filesystem>
#include <iostream>
#include <larder/base/file.hpp>

// The configuration file first, the running server second: what it serves is what is written there.

namespace larder::cli {
namespace {

namespace json = boost::json;

constexpr std::uint64_t most_config = 16 << 20;

/// Whether there is a server; it has taken the new configuration then.
result<bool> tell_server(const common_options& common, const core::options& config) {
    LARDER_TRY(auto server, admin_client::connect(config.server.admin_socket));
    if (!server) return false;
    const auto how = follow_job(*server, common, "/reload", {});
    if (!how) return how.error().in("the file is changed, but the running server did not take it");
    return true;
}

int finish(const common_options& common, const std::string& path, const std::string& name, std::string_view what) {
    const auto config = config::load(path, config::file_check::but_tls);
    if (!config) return complain(config.error());
    const auto told = tell_server(common, *config);
    if (common.json) {
        std::cout << json::serialize(json::object{
                         {"archive", name}, {"config", path}, {"done", what}, {"server_told", told && *told}})
                  << "\n";
    } else {
        std::cout << "Archive '" << name << "' " << what << " in " << path << ".";
        std::cout << (told && *told ? " The running server reads it anew.\n" : "\n");
    }
    return told ? done : complain(told.error());
}

int run_add(const common_options& common, core::archive_options added) {
    const auto path = config_path(common);
    for (auto& file : added.keyring) file = std::filesystem::absolute(file).lexically_normal().string();
    const auto text = read_file(path, most_config);
    if (!text) return complain(error{errc::bad_config, text.error().detail()});
    const auto next = with_archive(*text, path, added);
    if (!next) return complain(next.error());
    if (const auto written = replace_config(path, *next); !written) return complain(written.error());
    return finish(common, path, added.name, "added");
}

int run_remove(const common_options& common, const std::string& name) {
    const auto path = config_path(common);
    const auto text = read_file(path, most_config);
    if (!text) return complain(error{errc::bad_config, text.error().detail()});
    const auto next = without_archive(*text, path, name);
    if (!next) return complain(next.error());
    if (const auto written = replace_config(path, *next); !written) return complain(written.error());
    return finish(common, path, name, "removed");
}

}  // namespace

void add_archive_edit(CLI::App& noun, command_line& line) {
    auto* add = noun.add_subcommand("add", "Add an archive to the configuration, and have the running server read it.");
    auto added = std::make_shared<core::archive_options>();
    add->add_option("name", added->name, "What it is called here: the first part of its path")
        ->required()
        ->type_name("NAME");
    add->add_option("upstream", added->upstream, "URLs of its mirrors, most wanted first")
        ->required()
        ->type_name("URL");
    add->add_option("--keyring", added->keyring, "Keyring whose keys sign it")
        ->required()
        ->type_name("FILE")
        ->allow_extra_args(false);
    add->add_option("--suite", added->suites, "Suite to keep fresh")->type_name("SUITE")->allow_extra_args(false);
    add->add_option("--component", added->components, "Component whose indices are fetched ahead of clients")
        ->type_name("NAME")
        ->allow_extra_args(false);
    add->add_option("--architecture", added->architectures, "Architecture whose indices are fetched ahead of clients")
        ->type_name("ARCH")
        ->allow_extra_args(false);
    add->callback([&line, added] { line.exit = run_add(line.common, *added); });

    auto* remove =
        noun.add_subcommand("remove", "Take an archive out of the configuration; what the store has of it stays.");
    auto name = std::make_shared<std::string>();
    remove->add_option("name", *name, "Archive")->required()->type_name("NAME");
    remove->callback([&line, name] { line.exit = run_remove(line.common, *name); });
}

}  // namespace larder::cli
