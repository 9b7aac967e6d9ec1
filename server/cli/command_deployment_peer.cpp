#include "commands.hpp"
#include "deployment_commands.hpp"
#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <iostream>
#include <larder/base/text.hpp>
#include <larder/base/units.hpp>

// A deployment that another Larder has: taken over, and followed.

namespace larder::cli {
namespace {

namespace json = boost::json;

struct peer_line {
    std::string url, name, token_file, reason;
    std::vector<std::string> keyrings;
    bool once = false;
};

void print_followed(const json::object& r) {
    std::cout << text_in(r, "name") << ", generation " << number_in(r, "generation") << ": "
              << number_in(r, "generations") << " generations are new here, " << number_in(r, "objects") << " objects, "
              << format_size(number_in(r, "bytes")) << ", verified; " << number_in(r, "fetched") << " of them, "
              << format_size(number_in(r, "fetched_bytes")) << ", came from " << text_in(r, "url") << " just now.\n";
    for (const auto& one : list_in(r, "vouched")) std::cout << "Only the peer vouches for " << one.as_string() << "\n";
    for (const auto& one : list_in(r, "unproven"))
        std::cout << "Left out, since no index of its suites names it: " << one.as_string() << "\n";
    if (const auto missing = list_in(r, "missing").size(); missing != 0)
        std::cout << missing << " files that it holds the peer does not have either; larder deployment status "
                  << text_in(r, "name") << " lists them.\n";
    if (is_set(r, "following")) std::cout << "It follows the peer from now on, as long as a server runs here.\n";
}

int run_follow(const common_options& common, const peer_line& given) {
    json::array keyrings;
    for (const auto& path : given.keyrings) {
        const auto one = keyring_of(path);
        if (!one) return complain(one.error());
        keyrings.emplace_back(*one);
    }
    json::object options{{"name", given.name}, {"url", given.url}, {"once", given.once}, {"by", caller()}};
    if (!keyrings.empty()) options["keyrings"] = std::move(keyrings);
    if (!given.token_file.empty()) options["token_file"] = whole_path(given.token_file);
    if (!given.reason.empty()) options["reason"] = given.reason;
    return print(common, ask(common, job("deployment_follow", std::move(options))), print_followed);
}

int run_unfollow(const common_options& common, const peer_line& given) {
    json::object options{{"name", given.name}, {"by", caller()}};
    if (!given.reason.empty()) options["reason"] = given.reason;
    return print(common, ask(common, job("deployment_unfollow", std::move(options))), [](const json::object& r) {
        std::cout << text_in(r, "name") << " follows nobody any more; it stays at generation "
                  << number_in(r, "generation") << ".\n";
    });
}

}  // namespace

void print_follows(const json::object& deployment) {
    const auto* follows = deployment.if_contains("follows");
    if (follows == nullptr || !follows->is_object()) return;
    const auto& peer = follows->get_object();
    const auto trouble = text_in(peer, "trouble");
    std::cout << text_in(deployment, "name") << " follows " << text_in(peer, "url") << ", asked with success "
              << moment_in(peer, "asked") << (trouble.empty() ? "" : "; since then: " + printable(trouble)) << "\n";
}

void add_deployment_peer(CLI::App& noun, command_line& line) {
    auto given = std::make_shared<peer_line>();
    auto* follow = noun.add_subcommand(
        "follow", "Take over a deployment from another Larder, and follow it, after verifying all of it.");
    follow->add_option("url", given->url, "That Larder, like https://larder.archive.example:3143")
        ->required()
        ->type_name("URL");
    follow->add_option("name", given->name, "Deployment")->required()->type_name("NAME");
    follow->add_option("--keyring", given->keyrings, "Key of that Larder (there: larder key show)")
        ->type_name("FILE")
        ->allow_extra_args(false);
    follow
        ->add_option("--token-file", given->token_file,
                     "File with a token of its API, with the role read (else that of the [[peer]])")
        ->type_name("FILE");
    follow->add_flag("--once", given->once, "Take it over as it is now, and do not follow");
    follow->add_option("--reason", given->reason, "Why, for the journal")->type_name("TEXT");
    follow->callback([&line, given] { line.exit = run_follow(line.common, *given); });

    auto* unfollow = noun.add_subcommand("unfollow", "Let one that follows another go its own way.");
    unfollow->add_option("name", given->name, "Deployment")->required()->type_name("NAME");
    unfollow->add_option("--reason", given->reason, "Why, for the journal")->type_name("TEXT");
    unfollow->callback([&line, given] { line.exit = run_unfollow(line.common, *given); });
}

}  // namespace larder::cli
