#include "journal/sealing.hpp"
#include "own_key.hpp"
#include <larder/base/file.hpp>
#include <larder/net/deployments.hpp>

// The journal, read, looked through and carried away.

namespace larder::net {
namespace {

/// Whether the entry that was signed last is still what it was.
result<void> look_at_seal(engine& e, journal_report& report) {
    const auto sealed = last_seal(e);
    if (!sealed) {
        report.broken_seal = "the last seal: " + sealed.error().message();
        return {};
    }
    if (!*sealed) return {};
    const auto& found = **sealed;
    report.sealed = found.seal;
    const auto signer = check_signature(e, found);
    if (!signer) {
        report.broken_seal = "the last seal: " + signer.error().message();
        return {};
    }
    report.sealed_by = *signer;
    std::vector<digest> entries;
    LARDER_CHECK(deployments::journal(e.store().objects(), e.store().refs())
                     .each(0, [&](std::uint64_t, result<deployments::journal_entry>&& one) {
                         entries.push_back(one ? sha256(one->write()) : digest{});
                     }));
    LARDER_TRY(const auto seals, all_seals(e));
    for (const auto& one : seals)
        if (const auto fits = deployments::check_seal(one, entries); !fits) report.broken_seal = fits.error().message();
    return {};
}

}  // namespace

result<journal_report> read_journal(engine& e, const journal_options& options) {
    const deployments::journal all{e.store().objects(), e.store().refs()};
    journal_report report;
    if (!options.verify) {
        LARDER_CHECK(all.each(options.last, [&](std::uint64_t number, result<deployments::journal_entry>&& one) {
            if (one)
                report.entries.push_back(std::move(*one));
            else
                report.lost.push_back({number, one.error().detail()});
        }));
        return report;
    }
    const auto checked = all.verify();
    if (checked)
        report.verified = *checked;
    else
        report.broken = checked.error().message();
    std::vector<store::fetch_mark> marks;
    if (checked) {
        LARDER_TRY(marks, all.marks());
    }
    const auto fetches = e.store().fetches().verify(std::move(marks));
    // What could not be looked at may be whole.
    if (!fetches && fetches.error().code() != errc::digest_mismatch) return fetches.error();
    if (fetches)
        report.fetches = *fetches;
    else
        report.broken_fetches = fetches.error().message();
    LARDER_CHECK(look_at_seal(e, report));
    return report;
}

result<journal_export_report> export_journal(engine& e, const std::string& file) {
    if (!file.starts_with('/')) return error{errc::refused, "the file '" + file + "' is no whole path"};
    LARDER_CHECK(seal_journal(e));
    deployments::journal_copy copy;
    LARDER_TRY(copy.entries, deployments::journal(e.store().objects(), e.store().refs()).last(0));
    LARDER_TRY(const auto sealed, last_seal(e));
    LARDER_TRY(const auto key, e.key().get());
    copy.key = key->public_key();
    if (sealed) copy.seal = sealed->text;
    // What was done since it was signed comes with the next copy.
    if (sealed && copy.entries.size() > sealed->seal.number) copy.entries.resize(sealed->seal.number);
    LARDER_TRY(const auto chain, copy.check_chain());
    if (sealed) LARDER_CHECK(deployments::check_seal(sealed->seal, chain));
    const auto text = copy.write();
    LARDER_CHECK(replace_file(file, text));
    return journal_export_report{file, copy.entries.size(), text.size(), key->fingerprint()};
}

}  // namespace larder::net
