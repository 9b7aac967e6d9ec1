#include "commands.hpp"
#include "pocket_commands.hpp"
#include "table.hpp"
#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <iostream>
#include <larder/base/text.hpp>

// Who may upload to a pocket, how uploads come, and what became of them.

namespace larder::cli {
namespace {

namespace json = boost::json;

struct upload_line {
    std::string name, key, folder, reason;
    std::vector<std::string> distributions;
    bool no_folder = false, token = false, no_token = false, no_distributions = false;
};

json::object options_of(const upload_line& given) {
    json::object o{{"pocket", given.name}, {"by", caller()}};
    if (!given.reason.empty()) o["reason"] = given.reason;
    return o;
}

void print_uploaders(const json::object& pocket) {
    std::vector<std::vector<std::string>> rows{{"KEY", "WHOSE"}};
    for (const auto& one : list_in(pocket, "uploaders"))
        rows.push_back({text_in(one.as_object(), "fingerprint"), printable(text_in(one.as_object(), "user_id"), 100)});
    if (rows.size() == 1)
        std::cout << text_in(pocket, "name") << " takes no uploads: it has no uploaders.\n";
    else
        std::cout << table(rows);
}

int run_add(const common_options& common, const upload_line& given) {
    auto o = options_of(given);
    const auto key = keyring_of(given.key);
    if (!key) return complain(key.error());
    o["key"] = *key;
    return print(common, ask(common, job("pocket_uploader", std::move(o))), print_uploaders);
}

int run_remove(const common_options& common, const upload_line& given) {
    auto o = options_of(given);
    o["key"] = given.key;
    o["remove"] = true;
    return print(common, ask(common, job("pocket_uploader", std::move(o))), print_uploaders);
}

void print_intake(const json::object& pocket) {
    const auto folder = text_in(pocket, "incoming");
    std::cout << "Uploads to " << text_in(pocket, "name") << " come over HTTP to /upload/" << text_in(pocket, "name")
              << "/" << (is_set(pocket, "upload_token") ? ", with a token," : "")
              << (folder.empty() ? "" : " and into " + folder) << ".\n";
    std::string names;
    for (const auto& one : list_in(pocket, "distributions")) names += " " + std::string{one.as_string()};
    std::cout << "Their Distribution is " << text_in(pocket, "suite") << (names.empty() ? "" : ", or one of:" + names)
              << ".\n";
}

int run_intake(const common_options& common, const upload_line& given) {
    auto o = options_of(given);
    if (!given.folder.empty() || given.no_folder) o["folder"] = given.no_folder ? "" : whole_path(given.folder);
    if (given.token || given.no_token) o["token"] = given.token;
    if (!given.distributions.empty() || given.no_distributions)
        o["distributions"] = json::value_from(given.distributions);
    return print(common, ask(common, job("pocket_intake", std::move(o))), print_intake);
}

int run_uploads(const common_options& common, const upload_line& given) {
    return print(common, ask(common, job("pocket_uploads", json::object{{"pocket", given.name}})),
                 [](const json::object& report) {
                     std::vector<std::vector<std::string>> rows{{"WHEN", "UPLOAD", "STATE", "BY", ""}};
                     for (const auto& one : list_in(report, "uploads")) {
                         const auto& row = one.as_object();
                         rows.push_back({moment_in(row, "when"), text_in(row, "changes"), text_in(row, "state"),
                                         text_in(row, "by").empty() ? "-" : printable(text_in(row, "by"), 100),
                                         printable(text_in(row, "text"), 300)});
                     }
                     if (rows.size() == 1)
                         std::cout << "No uploads to " << text_in(report, "pocket") << " are known.\n";
                     else
                         std::cout << table(rows);
                 });
}

using shared_line = std::shared_ptr<upload_line>;

CLI::App* verb(CLI::App& noun, const std::string& name, const std::string& purpose, const shared_line& given) {
    auto* command = noun.add_subcommand(name, purpose);
    command->add_option("pocket", given->name, "The pocket")->required()->type_name("ARCHIVE/SUITE");
    return command;
}

void add_reason(CLI::App& command, const shared_line& given) {
    command.add_option("--reason", given->reason, "Why; it stands in the journal")->type_name("TEXT");
}

void add_uploader(CLI::App& noun, command_line& line) {
    auto* uploader = noun.add_subcommand("uploader", "Whose signature makes an upload to a pocket count.");
    uploader->require_subcommand(1);
    uploader->fallthrough();
    const auto given = std::make_shared<upload_line>();
    auto* add = verb(*uploader, "add", "Let whoever has this key upload.", given);
    add->add_option("key", given->key, "A file with one public key")->required()->type_name("KEYFILE");
    add_reason(*add, given);
    add->callback([&line, given] { line.exit = run_add(line.common, *given); });
    const auto gone = std::make_shared<upload_line>();
    auto* remove = verb(*uploader, "remove", "Let him no more.", gone);
    remove->add_option("key", gone->key, "The key's fingerprint, or its last 16 digits")
        ->required()
        ->type_name("FINGERPRINT");
    add_reason(*remove, gone);
    remove->callback([&line, gone] { line.exit = run_remove(line.common, *gone); });
    const auto listed = std::make_shared<upload_line>();
    auto* list = verb(*uploader, "list", "The keys.", listed);
    list->callback([&line, listed] { line.exit = show_pocket(line.common, listed->name, print_uploaders); });
}

}  // namespace

/// One pocket out of the list of all.
int show_pocket(const common_options& common, const std::string& name,
                const std::function<void(const json::object&)>& show) {
    const auto all = ask(common, job("pockets", json::object{{"archive", name.substr(0, name.find('/'))}}));
    if (!all) return complain(all.error());
    for (const auto& one : list_in(*all, "pockets"))
        if (text_in(one.as_object(), "name") == name) return print(common, result<json::object>{one.as_object()}, show);
    return complain(
        error{errc::absent, "there is no pocket '" + printable(name, 100) + "'; larder pocket list shows all"});
}

void add_pocket_uploads(CLI::App& noun, command_line& line) {
    add_uploader(noun, line);
    const auto how = std::make_shared<upload_line>();
    auto* intake = verb(noun, "intake", "How uploads to a pocket come; what is not given stays.", how);
    intake->add_option("--folder", how->folder, "Look for them in this folder, too")->type_name("DIR");
    intake->add_flag("--no-folder", how->no_folder, "In no folder");
    intake->add_flag("--token", how->token, "Over HTTP ask for a token with the role upload, too");
    intake->add_flag("--no-token", how->no_token, "Ask for none");
    intake->add_option("--distribution", how->distributions, "What their Distribution may be beside the suite")
        ->delimiter(',')
        ->type_name("NAME")
        ->allow_extra_args(false);
    intake->add_flag("--no-distribution", how->no_distributions, "Nothing but the suite");
    add_reason(*intake, how);
    intake->callback([&line, how] { line.exit = run_intake(line.common, *how); });
    const auto told = std::make_shared<upload_line>();
    auto* uploads = verb(noun, "uploads", "The uploads that wait, and what became of the last ones.", told);
    uploads->callback([&line, told] { line.exit = run_uploads(line.common, *told); });
}

}  // namespace larder::cli
