#include "commands.hpp"
#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <iostream>
#include <larder/base/digest.hpp>
#include <sys/random.h>

namespace larder::cli {
namespace {

namespace json = boost::json;

struct token_line {
    std::string name, role = "read";
};

int run_new(const common_options& common, const token_line& given) {
    const auto token = new_token();
    if (!token) return complain(token.error());
    const auto hash = sha256(*token).hex();
    if (common.json) {
        std::cout << json::serialize(
                         json::object{{"name", given.name}, {"role", given.role}, {"token", *token}, {"sha256", hash}})
                  << "\n";
        return done;
    }
    std::cout << "The token, shown this once; clients send it as \"Authorization: Bearer TOKEN\":\n\n"
              << *token << "\n\nThis goes into " << config_path(common) << ", and then: systemctl reload larder\n\n"
              << "[[token]]\nname = " << json::serialize(json::string{given.name}) << "\nsha256 = \"" << hash
              << "\"\nrole = \"" << given.role << "\"\n";
    return done;
}

}  // namespace

result<std::string> new_token() {
    std::string raw(32, '\0');
    if (::getrandom(raw.data(), raw.size(), 0) != static_cast<ssize_t>(raw.size()))
        return errno_error(errno, "asking the kernel for random bytes");
    return "larder_" + to_hex(raw);
}

void add_token(CLI::App& app, command_line& line) {
    auto* noun = app.add_subcommand("token", "Tokens, with which clients may use the API over TCP.");
    noun->require_subcommand(1);
    noun->fallthrough();
    auto* make = noun->add_subcommand(
        "new", "Make a token, and the [[token]] table that lets it in (which holds only its hash).");
    auto given = std::make_shared<token_line>();
    make->add_option("name", given->name, "Whose token it is, for logs")->required()->type_name("NAME");
    make->add_option("--role", given->role, "What it may do")
        ->capture_default_str()
        ->check(CLI::IsMember({"read", "upload", "promote", "admin"}));
    make->callback([&line, given] { line.exit = run_new(line.common, *given); });
}

}  // namespace larder::cli
