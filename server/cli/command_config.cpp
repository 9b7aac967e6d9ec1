#include "commands.hpp"
#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <iostream>
#include <larder/config/load.hpp>
#include <larder/config/settings.hpp>

namespace larder::cli {
namespace {

namespace json = boost::json;

int run_check(const common_options& common, config::file_check files) {
    const auto path = config_path(common);
    const auto options = config::load(path, files);
    if (common.json) {
        json::object out{{"config", path}, {"fine", options.has_value()}, {"problems", json::array{}}};
        if (!options) {
            std::istringstream lines{options.error().detail()};
            for (std::string one; std::getline(lines, one);)
                if (!one.empty()) out["problems"].as_array().emplace_back(one);
        }
        std::cout << json::serialize(out) << "\n";
    } else if (options) {
        std::cout << path << " is fine: " << options->archives.size()
                  << (options->archives.size() == 1 ? " archive.\n" : " archives.\n");
    } else {
        std::cerr << options.error().detail() << "\n";
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
        "check", "Say whether the configuration is right; all that is wrong, a line each (exit code 2).");
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
