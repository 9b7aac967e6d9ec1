#include "commands.hpp"
#include "man_page.hpp"
#include <CLI/CLI.hpp>
#include <iostream>

namespace larder::cli {

void add_man(CLI::App& app, command_line& line) {
    auto* command = app.add_subcommand("man", "Print the manual page larder(8), in roff: larder man | man -l -");
    command->callback([&line, &app] {
        std::cout << man_page(app, LARDER_VERSION);
        line.exit = done;
    });
}

void add_completion(CLI::App& app, command_line& line) {
    auto* noun = app.add_subcommand("completion", "Completion of this command line for a shell.");
    noun->require_subcommand(1);
    noun->fallthrough();
    auto* bash = noun->add_subcommand("bash", "Print a completion for bash: eval \"$(larder completion bash)\"");
    bash->callback([&line, &app] {
        std::cout << bash_completion(app);
        line.exit = done;
    });
}

}  // namespace larder::cli
