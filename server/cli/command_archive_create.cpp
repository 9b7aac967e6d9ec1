#include "archive_commands.hpp"
#include "commands.hpp"
#include "deployment_commands.hpp"
#include "key_commands.hpp"
#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <iostream>

namespace larder::cli {
namespace {

struct create_line {
    std::string name, key_name, key, reason;
    bool keyring_package = false;
};

int run_create(const common_options& common, const create_line& given) {
    boost::json::object o{{"name", given.name}, {"by", caller()}};
    if (!given.key_name.empty()) o["key_name"] = given.key_name;
    if (!given.reason.empty()) o["reason"] = given.reason;
    if (given.keyring_package) o["keyring_package"] = true;
    if (!given.key.empty()) {
        const auto text = secret_of_file(given.key);
        if (!text) return complain(text.error());
        o["secret"] = *text;
    }
    return print(common, ask(common, job("archive_create", std::move(o))), [](const boost::json::object& r) {
        std::cout << "Archive " << text_in(r, "name") << " is signed with the key " << text_in(r, "key")
                  << ".\nClients trust it by /keys/" << text_in(r, "name") << ".asc.\n";
    });
}

}  // namespace

void add_archive_create(CLI::App& noun, command_line& line) {
    auto* command = noun.add_subcommand("create", "Make an archive that is published here, with a key of its own.");
    const auto given = std::make_shared<create_line>();
    command->add_option("name", given->name, "Its name: the first part of its URLs")->required()->type_name("NAME");
    command->add_option("--key-name", given->key_name, "The user id of its key; default: 'NAME archive'")
        ->type_name("TEXT");
    command->add_option("--key", given->key, "A secret key, armoured ('-': standard input), in place of a new one")
        ->type_name("FILE");
    command->add_flag("--keyring-package", given->keyring_package, "Its pockets have a package with its keys");
    command->add_option("--reason", given->reason, "Why; it stands in the journal")->type_name("TEXT");
    command->callback([&line, given] { line.exit = run_create(line.common, *given); });
}

}  // namespace larder::cli
