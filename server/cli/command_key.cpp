#include "commands.hpp"
#include "deployment_commands.hpp"
#include "key_commands.hpp"
#include "table.hpp"
#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <iostream>
#include <larder/base/number.hpp>
#include <larder/base/text.hpp>

namespace larder::cli {
namespace {

namespace json = boost::json;

struct key_line {
    std::string archive, fingerprint, algorithm, key_name, expires, at, to, overlap, file, agent, home, certificate;
    std::string primary, reason;
    bool remove = false, off = false;
};

json::object options_of(const key_line& given) {
    json::object o{{"archive", given.archive}, {"by", caller()}};
    const std::pair<const char*, const std::string*> all[] = {{"fingerprint", &given.fingerprint},
                                                              {"algorithm", &given.algorithm},
                                                              {"key_name", &given.key_name},
                                                              {"expires", &given.expires},
                                                              {"at", &given.at},
                                                              {"to", &given.to},
                                                              {"reason", &given.reason}};
    for (const auto& [name, value] : all)
        if (!value->empty()) o[name] = *value;
    return o;
}

std::string secret_is(const json::object& key) {
    if (const auto home = text_in(key, "agent_home"); !home.empty()) return "in the agent of " + home;
    return is_set(key, "has_primary") ? "all of it" : "its subkey";
}

void print_table(const json::array& keys) {
    std::vector<std::vector<std::string>> rows{
        {"ARCHIVE", "KEY", "STATE", "ALGORITHM", "SINCE", "LEAVES", "ENDS", "SECRET", ""}};
    for (const auto& one : keys) {
        const auto& k = one.as_object();
        rows.push_back({text_in(k, "archive"), text_in(k, "fingerprint"), text_in(k, "state"), text_in(k, "algorithm"),
                        moment_in(k, "made"), moment_in(k, "until"), moment_in(k, "expires"), secret_is(k),
                        text_in(k, "warning")});
    }
    std::cout << table(rows);
}

void print_report(const json::object& report) {
    print_table(list_in(report, "keys"));
    std::cout << "\nKey " << text_in(report, "fingerprint") << ".\n";
    for (const auto& one : list_in(report, "notes")) std::cout << printable(std::string{one.as_string()}) << ".\n";
    for (const auto& one : list_in(report, "pockets")) {
        const auto& p = one.as_object();
        std::cout << text_in(p, "pocket");
        if (number_in(p, "publication") != 0) std::cout << ", publication " << number_in(p, "publication");
        if (const auto note = text_in(p, "note"); !note.empty()) std::cout << ": " << printable(note);
        std::cout << ".\n";
    }
}

int run_step(const common_options& common, const char* kind, json::object options) {
    return print(common, ask(common, job(kind, std::move(options))), print_report);
}

int run_list(const common_options& common, const key_line& given) {
    json::object o;
    if (!given.archive.empty()) o["archive"] = given.archive;
    return print(common, ask(common, job("keys", std::move(o))), [](const json::object& report) {
        print_table(list_in(report, "keys"));
        for (const auto& one : list_in(report, "packages"))
            std::cout << "Published in the pockets: " << printable(std::string{one.as_string()}) << ".\n";
    });
}

int run_import(const common_options& common, const key_line& given) {
    auto o = options_of(given);
    o.erase("fingerprint");
    if (!given.agent.empty()) {
        o["agent"] = given.agent;
        if (!given.home.empty()) o["agent_home"] = whole_path(given.home);
    } else {
        const auto text = secret_of_file(given.file);
        if (!text) return complain(text.error());
        o["secret"] = *text;
    }
    return run_step(common, "key_import", std::move(o));
}

int run_rotate(const common_options& common, const key_line& given) {
    auto o = options_of(given);
    if (!given.overlap.empty()) {
        const auto days = larder::number_in(given.overlap);
        if (!days || *days > 3650)
            return complain(error{errc::bad_config, "--overlap is a number of days, up to 3650"});
        o["overlap_seconds"] = *days * 86'400;
    }
    return run_step(common, "key_rotate", std::move(o));
}

int run_revoke(const common_options& common, const key_line& given) {
    auto o = options_of(given);
    if (!given.certificate.empty()) {
        const auto text = text_of_file(given.certificate);
        if (!text) return complain(text.error());
        o["certificate"] = *text;
    }
    return run_step(common, "key_revoke", std::move(o));
}

int run_export(const common_options& common, const key_line& given) {
    auto o = options_of(given);
    if (!given.primary.empty()) o["primary"] = whole_path(given.primary);
    if (given.remove) o["remove"] = true;
    return print(common, ask(common, job("key_export", std::move(o))), [](const json::object& r) {
        if (text_in(r, "file").empty()) {
            std::cout << text_in(r, "public_key");
            return;
        }
        std::cout << "The secret of key " << text_in(r, "fingerprint") << " is in " << text_in(r, "file") << ".\n"
                  << (is_set(r, "removed") ? "Its primary has left the store: keep that file where no machine is.\n"
                                           : "The store has it still; --remove takes the primary out.\n");
    });
}

int run_package(const common_options& common, const key_line& given) {
    auto o = options_of(given);
    o["wanted"] = !given.off;
    return run_step(common, "key_package", std::move(o));
}

using shared_line = std::shared_ptr<key_line>;

CLI::App* verb(CLI::App& noun, const std::string& name, const std::string& purpose, const shared_line& given) {
    auto* command = noun.add_subcommand(name, purpose);
    command->add_option("archive", given->archive, "One that is published here")->required()->type_name("ARCHIVE");
    return command;
}

void add_which(CLI::App& command, const shared_line& given) {
    command
        .add_option("key", given->fingerprint, "Its fingerprint, or the end of it; default: the only one that signs")
        ->type_name("KEY");
}

void add_reason(CLI::App& command, const shared_line& given) {
    command.add_option("--reason", given->reason, "Why; it stands in the journal")->type_name("TEXT");
}

void add_new_key(CLI::App& command, const shared_line& given) {
    command.add_option("--algorithm", given->algorithm, "ed25519 (the default) or rsa4096")->type_name("NAME");
    command.add_option("--expires", given->expires, "The last day of a new key; default: never")->type_name("DAY");
}

void add_making(CLI::App& noun, command_line& line) {
    const auto made = std::make_shared<key_line>();
    auto* command = verb(noun, "generate", "Make another key for an archive: clients are told of it first.", made);
    command->add_option("--key-name", made->key_name, "Its user id; default: as that of the last key")
        ->type_name("TEXT");
    add_new_key(*command, made);
    add_reason(*command, made);
    command->callback([&line, made] { line.exit = run_step(line.common, "key_generate", options_of(*made)); });

    const auto taken = std::make_shared<key_line>();
    taken->file = "-";
    command = verb(noun, "import", "Take in a secret key that was made elsewhere, or one that a gpg-agent has.", taken);
    command->add_option("file", taken->file, "It, armoured; default: standard input")->type_name("FILE");
    auto* agent =
        command->add_option("--agent", taken->agent, "In its place a key of a gpg-agent, a smartcard's perhaps");
    agent->type_name("FINGERPRINT");
    command->add_option("--home", taken->home, "The GnuPG home of that agent")->type_name("FOLDER")->needs(agent);
    add_reason(*command, taken);
    command->callback([&line, taken] { line.exit = run_import(line.common, *taken); });
}

void add_changing(CLI::App& noun, command_line& line) {
    const auto turned = std::make_shared<key_line>();
    auto* command =
        verb(noun, "rotate", "Put another key to work; the old one signs beside it, and leaves by itself.", turned);
    command->add_option("--to", turned->to, "A key that is coming; default: the one that is, or a new one")
        ->type_name("KEY");
    add_new_key(*command, turned);
    command
        ->add_option("--overlap", turned->overlap,
                     "Both sign for so many days; default: the longest Valid-Until, or 30 where there is none")
        ->type_name("DAYS");
    add_reason(*command, turned);
    command->callback([&line, turned] { line.exit = run_rotate(line.common, *turned); });

    const auto revoked = std::make_shared<key_line>();
    command = verb(noun, "revoke", "Sign no more with a key, at once, and tell clients.", revoked);
    add_which(*command, revoked);
    command->add_option("--certificate", revoked->certificate, "What revokes it; default: what was made with it")
        ->type_name("FILE");
    add_reason(*command, revoked);
    command->callback([&line, revoked] { line.exit = run_revoke(line.common, *revoked); });

    const auto ended = std::make_shared<key_line>();
    command = verb(noun, "expire", "Set the end of a key.", ended);
    add_which(*command, ended);
    command->add_option("--at", ended->at, "Its last day, or 'never'")->required()->type_name("DAY");
    add_reason(*command, ended);
    command->callback([&line, ended] { line.exit = run_step(line.common, "key_expire", options_of(*ended)); });
}

void add_handing_out(CLI::App& noun, command_line& line) {
    const auto out = std::make_shared<key_line>();
    auto* command =
        verb(noun, "export", "Print public keys, or put the secret of one into a file for safe-keeping.", out);
    add_which(*command, out);
    auto* primary = command->add_option("--primary", out->primary, "A new file for the whole secret");
    primary->type_name("FILE");
    command->add_flag("--remove", out->remove, "And take the primary out of the store: its subkey signs on")
        ->needs(primary);
    add_reason(*command, out);
    command->callback([&line, out] { line.exit = run_export(line.common, *out); });

    const auto package = std::make_shared<key_line>();
    command = verb(noun, "package", "Keep a package with the archive's keys in its pockets.", package);
    command->add_flag("--off", package->off, "Build it no more");
    add_reason(*command, package);
    command->callback([&line, package] { line.exit = run_package(line.common, *package); });
}

}  // namespace

result<std::string> secret_of_file(const std::string& path) {
    LARDER_TRY(auto text, text_of_file(path));
    if (text.find("-----BEGIN PGP PRIVATE KEY BLOCK-----") != std::string::npos) return text;
    return error{errc::refused, (path == "-" ? "standard input" : path) +
                                    " is no armoured secret key: gpg --armor --export-secret-keys writes one"};
}

void add_archive_keys(CLI::App& noun, command_line& line) {
    const auto listed = std::make_shared<key_line>();
    auto* list = noun.add_subcommand("list", "The keys of archives that are published here.");
    list->add_option("archive", listed->archive, "Only of this one")->type_name("ARCHIVE");
    list->callback([&line, listed] { line.exit = run_list(line.common, *listed); });
    add_making(noun, line);
    add_changing(noun, line);
    add_handing_out(noun, line);
}

}  // namespace larder::cli
