#include "archive_commands.hpp"
#include "commands.hpp"
#include "config_edit.hpp"
#include "keyrings.hpp"
#include "running_server.hpp"
#include "service_user.hpp"
#include "work.hpp"
#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <filesystem>
#include <iostream>
#include <larder/base/file.hpp>

// The configuration file first, the running server second: what it serves is what is written there. What it
// would refuse is not written, and what it does refuse is taken back: at its next start it would have no
// other configuration.

namespace larder::cli {
namespace {

namespace json = boost::json;

constexpr std::uint64_t most_config = 16 << 20;

error put_back(const std::string& path, const std::string& before, const std::string& next, const error& why) {
    const auto now = read_file(path, most_config);
    result<void> back{error{errc::conflict, "somebody else has changed it since"}};
    if (now && *now == next) back = replace_config(path, before);
    if (back) return why.in("the running server did not take it, and " + path + " is as it was");
    return why.in("the running server did not take it, and " + path + " is changed (" + back.error().detail() + ")");
}

/// Whether there is a server; it has taken the new configuration then. When it does not, the file is as
/// before.
result<bool> put_in_place(const common_options& common, const std::string& path, const std::string& before,
                          const std::string& next) {
    LARDER_TRY(const auto config, config::parse(next, path, config::file_check::off));
    LARDER_TRY(auto server, server_of(config));
    LARDER_CHECK(replace_config(path, next));
    if (!server) return false;
    const auto how = follow_job(*server, common, "/reload", {});
    if (!how) return put_back(path, before, next, how.error());
    return true;
}

void report(const common_options& common, const std::string& path, const std::string& name, std::string_view what,
            bool server_told) {
    if (common.json) {
        std::cout << json::serialize(json::object{
                         {"archive", name}, {"config", path}, {"done", what}, {"server_told", server_told}})
                  << "\n";
    } else {
        std::cout << "Archive '" << name << "' " << what << " in " << path << "."
                  << (server_told ? " The running server reads it anew.\n" : "\n");
    }
}

/// What a start of the server would refuse, looked at as the user who starts it.
result<void> would_start(const std::string& text, const std::string& path) {
    LARDER_TRY(const auto config, config::parse(text, path, config::file_check::off));
    return as_owner_of_store(config.store.path, [&]() -> result<void> {
        LARDER_TRY(const auto seen, config::parse(text, path, config::file_check::but_tls));
        return check_keyrings(seen, path);
    });
}

int run_add(const common_options& common, core::archive_options added) {
    const auto path = config_path(common);
    for (auto& file : added.keyring) file = std::filesystem::absolute(file).lexically_normal().string();
    const auto text = read_file(path, most_config);
    if (!text) return complain(error{errc::bad_config, text.error().detail()});
    const auto next = with_archive(*text, path, added);
    if (!next) return complain(next.error());
    if (const auto fine = would_start(*next, path); !fine) return complain(fine.error());
    const auto told = put_in_place(common, path, *text, *next);
    if (!told) return complain(told.error());
    report(common, path, added.name, "added", *told);
    return done;
}

int run_remove(const common_options& common, const std::string& name) {
    const auto path = config_path(common);
    const auto text = read_file(path, most_config);
    if (!text) return complain(error{errc::bad_config, text.error().detail()});
    const auto next = without_archive(*text, path, name);
    if (!next) return complain(next.error());
    const auto told = put_in_place(common, path, *text, *next);
    if (!told) return complain(told.error());
    report(common, path, name, "removed", *told);
    return done;
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
