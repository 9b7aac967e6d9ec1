#include "commands.hpp"
#include "keyrings.hpp"
#include "service_user.hpp"
#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <iostream>
#include <larder/config/load.hpp>
#include <larder/config/settings.hpp>
#include <unistd.h>

namespace larder::cli {
namespace {

namespace json = boost::json;

/// Root may read every file; what counts is whether the server may. Its name, when this process now is
/// that user's; empty when it looks as whoever started it.
result<std::string> look_as_server(const std::string& path) {
    if (::geteuid() != 0) return std::string{};
    const auto options = config::load(path, config::file_check::off);
    if (!options) return std::string{};  // its faults are told next
    const auto owner = owner_of_store(options->store.path);
    if (!owner) return std::string{};
    LARDER_CHECK(become(*owner));
    return owner->name;
}

/// As the server does when it starts: also the keyrings must be some.
result<core::options> checked(const std::string& path, config::file_check files) {
    LARDER_TRY(auto options, config::load(path, files));
    if (files != config::file_check::off) LARDER_CHECK(check_keyrings(options, path));
    return options;
}

int run_check(const common_options& common, config::file_check files) {
    const auto path = config_path(common);
    const auto user = files == config::file_check::off ? result<std::string>{std::string{}} : look_as_server(path);
    if (!user) return complain(user.error());
    const auto as =
        user->empty() ? std::string{} : "Its files were looked at as the user " + *user + ", who owns the store.\n";
    const auto options = checked(path, files);
    if (common.json) {
        json::object out{{"config", path}, {"fine", options.has_value()}, {"problems", json::array{}}};
        if (!options) {
            std::istringstream lines{options.error().detail()};
            for (std::string one; std::getline(lines, one);)
                if (!one.empty()) out["problems"].as_array().emplace_back(one);
        }
        if (!user->empty()) out["user"] = *user;
        std::cout << json::serialize(out) << "\n";
    } else if (options) {
        std::cout << path << " is fine: " << options->archives.size()
                  << (options->archives.size() == 1 ? " archive.\n" : " archives.\n") << as;
    } else {
        std::cerr << options.error().detail() << "\n" << as;
    }
    return options ? done : wrong_usage;
}

int run_show(const common_options& common) {
    const auto options = config::load(config_path(common), config::file_check::off);
    if (!options) return complain(options.error());
    std::cout << (common.json ? config::show_json(*options) : config::show(*options));
    return done;
}

}  // namespace

void add_config(CLI::App& app, command_line& line) {
    auto* noun = app.add_subcommand("config", "Look at the configuration.");
    noun->require_subcommand(1);
    noun->fallthrough();
    auto* check = noun->add_subcommand(
        "check",
        "Say whether the configuration is right; all that is wrong, a line each (exit code 2). Root looks at the files "
        "it names as the user who owns the store.");
    auto text_only = std::make_shared<bool>(false);
    check->add_flag("--text-only", *text_only, "Do not look for the files it names: they are on another machine");
    check->callback([&line, text_only] {
        line.exit = run_check(line.common, *text_only ? config::file_check::off : config::file_check::on);
    });
    auto* show = noun->add_subcommand("show", "Print the effective configuration, every setting with its value.");
    show->callback([&line] { line.exit = run_show(line.common); });
    auto* sample = noun->add_subcommand("sample", "Print a configuration that explains every setting and sets none.");
    sample->callback([&line] {
        std::cout << config::sample();
        line.exit = done;
    });
}

}  // namespace larder::cli
