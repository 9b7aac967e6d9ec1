#include "commands.hpp"
#include "init.hpp"
#include <CLI/CLI.hpp>
#include <iostream>

namespace {

void add_init(CLI::App& app, larder::cli::command_line& line) {
    auto* command =
        app.add_subcommand("init", "Write a first configuration from this machine's own apt sources and keyrings.");
    auto options = std::make_shared<larder::cli::init_options>();
    command->add_option("--output", options->output, "File to write, or - for standard output")
        ->type_name("FILE")
        ->capture_default_str();
    command->add_flag("--force", options->force, "Replace a file that is there");
    command->add_option("--store", options->store_path, "Folder of the store")->type_name("DIR")->capture_default_str();
    command->add_option("--sources", options->sources_dir, "Folder that is read as if it were /etc/apt")
        ->type_name("DIR")
        ->capture_default_str();
    command->add_option("--listen", options->listen, "Address to listen on")
        ->type_name("ADDRESS")
        ->capture_default_str();
    command->add_option("--admin-socket", options->admin_socket, "UNIX socket of the admin API")
        ->type_name("FILE")
        ->capture_default_str();
    command->callback([&line, options] { line.exit = larder::cli::run_init(*options); });
}

}  // namespace

int main(int argc, char** argv) {
    using namespace larder::cli;
    CLI::App app{"Larder: a package-archive mirror, cache and release-QA server.", "larder"};
    command_line line;
    app.set_version_flag("--version", "larder " LARDER_VERSION);
    app.add_option("--config", line.common.config,
                   "Configuration file (else $LARDER_CONFIG, else /etc/larder/larder.toml)")
        ->type_name("FILE");
    app.add_flag("--json", line.common.json, "Print results as JSON");
    app.add_flag("--quiet", line.common.quiet, "No progress, also on a terminal");
    app.require_subcommand(1);
    app.fallthrough();
    add_init(app, line);
    add_serve(app, line);
    add_status(app, line);
    add_archive(app, line);
    add_snapshot(app, line);
    add_deployment(app, line);
    add_pocket(app, line);
    add_audit(app, line);
    add_why(app, line);
    add_key(app, line);
    add_import(app, line);
    add_doctor(app, line);
    add_gc(app, line);
    add_config(app, line);
    add_token(app, line);
    add_man(app, line);
    add_completion(app, line);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& e) {
        const int how = app.exit(e);
        return how == 0 ? done : wrong_usage;
    } catch (const std::exception& e) {
        std::cerr << "larder: " << e.what() << "\n";
        return failed;
    }
    return line.exit;
}
