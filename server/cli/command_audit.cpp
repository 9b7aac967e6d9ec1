#include "commands.hpp"
#include "deployment_commands.hpp"
#include "table.hpp"
#include "work.hpp"
#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <iostream>
#include <larder/base/file.hpp>
#include <larder/base/text.hpp>
#include <larder/net/deployments.hpp>
#include <larder/signing/verifier.hpp>

namespace larder::cli {
namespace {

namespace json = boost::json;

constexpr std::uint64_t most_copy = 1ULL << 30;

struct audit_line {
    std::uint64_t last = 0;
    std::string file, key;
};

/// What a copy says, in the form in which a server tells it. Nothing of the store is needed.
result<json::object> report_of(const audit_line& given, bool verify) {
    LARDER_TRY(const auto text, read_file(given.file, most_copy));
    LARDER_TRY(auto copy, deployments::journal_copy::read(text));
    net::journal_report report;
    if (!verify) {
        const auto skip = given.last == 0 || given.last >= copy.entries.size() ? 0 : copy.entries.size() - given.last;
        report.entries.assign(copy.entries.begin() + static_cast<std::ptrdiff_t>(skip), copy.entries.end());
        return json::parse(net::to_json(report)).as_object();
    }
    const auto chain = copy.check_chain();
    if (!chain)
        report.broken = chain.error().message();
    else
        report.verified = chain->size();
    const auto look_at_seal = [&]() -> result<void> {
        if (copy.seal.empty()) return error{errc::bad_signature, "the copy is not signed"};
        LARDER_TRY(const auto verifier, signing::verifier::open({given.key.empty() ? copy.key : given.key}));
        LARDER_TRY(const auto signed_text, verifier->inline_signed(copy.seal));
        LARDER_TRY(report.sealed, deployments::journal_seal::read(signed_text.text()));
        report.sealed_by = signed_text.signers().front();
        if (!chain) return {};
        LARDER_TRY(const auto number, deployments::check_seal(*report.sealed, *chain));
        // audit export carries no entry that is not signed.
        if (number == chain->size()) return {};
        return error{errc::bad_signature, "the entries after " + std::to_string(number) +
                                              " are not signed: somebody else may have put them there"};
    };
    if (const auto sealed = look_at_seal(); !sealed) report.broken_seal = sealed.error().message();
    return json::parse(net::to_json(report)).as_object();
}

void print_verified(const json::object& report, const audit_line& given) {
    if (const auto broken = text_in(report, "broken"); broken.empty())
        std::cout << "The journal is whole: " << number_in(report, "verified") << " entries.\n";
    else
        std::cout << "The journal is not whole: " << broken << "\n";
    if (const auto broken = text_in(report, "broken_seal"); !broken.empty()) {
        std::cout << "What was signed of it does not fit: " << broken << "\n";
    } else if (const auto& sealed = inner(report, "sealed"); !sealed.empty()) {
        std::cout << "Signed up to entry " << number_in(sealed, "number") << ", " << moment_in(sealed, "when")
                  << ", by the key " << text_in(sealed, "by") << ".\n";
        if (!given.file.empty() && given.key.empty())
            std::cout << "That key came with the copy: compare it with what larder key show says, or give it with "
                         "--key.\n";
    } else {
        std::cout << "Nothing of it is signed yet: a running server signs within a minute, and then every hour.\n";
    }
    if (!given.file.empty()) return;
    if (const auto fetches = text_in(report, "broken_fetches"); fetches.empty())
        std::cout << "The fetch log is whole: " << number_in(report, "fetches") << " entries.\n";
    else
        std::cout << "The fetch log is not whole: " << fetches << "\n";
}

void print_entries(const json::object& report) {
    std::vector<std::vector<std::string>> rows{{"NUMBER", "WHEN", "WHAT", "SUBJECT", "BY", "WHY"}};
    for (const auto& one : list_in(report, "entries")) {
        const auto& e = one.as_object();
        rows.push_back({std::to_string(number_in(e, "number")), moment_in(e, "when"), text_in(e, "what"),
                        text_in(e, "subject"), text_in(e, "by"), text_in(e, "reason")});
    }
    std::cout << table(rows);
    for (const auto& one : list_in(report, "lost"))
        std::cout << "Entry " << number_in(one.as_object(), "number")
                  << " cannot be read: " << printable(text_in(one.as_object(), "why")) << "\n";
}

result<json::object> ask_store(const common_options& common, const audit_line& given, bool verify) {
    LARDER_TRY(const auto config, load_options(common));
    return run(common, config, job("journal", {{"last", given.last}, {"verify", verify}}));
}

int run_audit(const common_options& common, const audit_line& given, bool verify) {
    const auto report = given.file.empty() ? ask_store(common, given, verify) : report_of(given, verify);
    if (!report) return complain(given.file.empty() ? report.error() : report.error().in(given.file));
    if (common.json)
        std::cout << json::serialize(*report) << "\n";
    else if (verify)
        print_verified(*report, given);
    else
        print_entries(*report);
    if (!list_in(*report, "lost").empty()) return failed;
    const bool whole = text_in(*report, "broken").empty() && text_in(*report, "broken_fetches").empty() &&
                       text_in(*report, "broken_seal").empty();
    return whole ? done : answer_is_no;
}

int run_export(const common_options& common, const audit_line& given) {
    return print(common, ask(common, job("journal_export", {{"file", whole_path(given.file)}})),
                 [](const json::object& r) {
                     std::cout << number_in(r, "entries") << " entries are in " << text_in(r, "file")
                               << ", signed by the key " << text_in(r, "fingerprint") << ".\n";
                 });
}

void add_file(CLI::App& command, const std::shared_ptr<audit_line>& given) {
    command.add_option("--file", given->file, "Of a copy that audit export has made; needs neither server nor store")
        ->type_name("FILE");
}

}  // namespace

void add_audit(CLI::App& app, command_line& line) {
    auto* noun = app.add_subcommand(
        "audit", "The journal: what was done to deployments, pockets and keys, when, by whom and why.");
    noun->require_subcommand(1);
    noun->fallthrough();
    const auto listed = std::make_shared<audit_line>();
    auto* show = noun->add_subcommand("show", "Show its entries, the oldest first.")->alias("list");
    show->add_option("--last", listed->last, "Only so many")->type_name("NUMBER");
    add_file(*show, listed);
    show->callback([&line, listed] { line.exit = run_audit(line.common, *listed, false); });
    const auto checked = std::make_shared<audit_line>();
    auto* verify =
        noun->add_subcommand("verify",
                             "Look whether it and the fetch log are whole, and are what was signed; exit 3 if "
                             "an entry was changed or is missing.");
    add_file(*verify, checked);
    verify->add_option("--key", checked->key, "The public key that the copy must be signed with")->type_name("FILE");
    verify->callback([&line, checked] { line.exit = run_audit(line.common, *checked, true); });
    const auto carried = std::make_shared<audit_line>();
    auto* copy = noun->add_subcommand("export", "Sign it, and write a copy that can be verified elsewhere.");
    copy->add_option("file", carried->file, "On the machine of the store")->required()->type_name("FILE");
    copy->callback([&line, carried] { line.exit = run_export(line.common, *carried); });
}

}  // namespace larder::cli
