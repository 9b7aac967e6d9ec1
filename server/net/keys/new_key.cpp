#include "keys/new_key.hpp"
#include "pockets/archive_keys.hpp"
#include <algorithm>
#include <larder/pockets/registry.hpp>

namespace larder::net {
namespace {

/// A key whose time is over leaves within some minutes.
constexpr std::chrono::hours late{1};

}  // namespace

void take_facts(pockets::archive_key& to, const signing::key_facts& facts) {
    to.fingerprint = facts.fingerprint;
    to.user_id = facts.user_id;
    to.algorithm = facts.algorithm;
    to.expires = facts.expires;
    to.has_primary = facts.has_primary;
    to.needs_passphrase = facts.needs_passphrase;
    to.public_key = facts.public_key;
}

result<void> renew_facts(pockets::archive_key& to, const signing::key_facts& facts) {
    LARDER_TRY(auto merged, signing::merged_key(to.public_key, facts.public_key));
    take_facts(to, facts);
    to.public_key = std::move(merged);
    return {};
}

result<pockets::archive_key> new_key(engine& e, const std::string& archive, const std::string& user_id,
                                     signing::key_algorithm algorithm, std::optional<sys_seconds> expires) {
    if (expires && *expires <= e.clock().now())
        return error{errc::refused, "the key would end before it begins, at " + format_iso(*expires)};
    LARDER_TRY(const auto made, signing::make_archive_key(user_id, algorithm, expires));
    LARDER_CHECK(e.keys().keep(archive, made.facts.fingerprint, made.secret, made.revocation));
    pockets::archive_key key;
    take_facts(key, made.facts);
    key.made = e.clock().now();
    return key;
}

result<pockets::archive_key> taken_key(engine& e, const std::string& archive, const std::string& text) {
    auto read = signing::read_secret_key(text, archive_keys::passphrase_of(archive, {}));
    if (!read && read.error().code() == errc::refused)
        return error{errc::refused, read.error().detail() + ". A passphrase comes as the credential larder-key-" +
                                        archive + " of the service (LoadCredential= of systemd)"};
    if (!read) return read.error();
    pockets::archive_key made;
    made.made = e.clock().now();
    take_facts(made, read->facts);
    auto known = pockets::registry{e.store().refs()}.find_archive(archive);
    if (const auto has = known ? known->find_key(made.fingerprint) : known.error();
        has && (*has)->has_primary && !made.has_primary)
        return error{errc::refused,
                     "it lacks the primary's secret of the key " + made.fingerprint +
                         ", which the store has: larder key export --primary FILE --remove takes it out"};
    std::string revocation;
    if (made.has_primary) {
        const auto passphrase = archive_keys::passphrase_of(archive, made.fingerprint);
        LARDER_TRY(revocation, signing::make_revocation({made.fingerprint, read->secret, {}, passphrase}));
    }
    LARDER_CHECK(e.keys().keep(archive, made.fingerprint, read->secret, revocation));
    return made;
}

result<pockets::archive_key*> key_meant(pockets::local_archive& of, std::string_view given, sys_seconds now) {
    if (given.empty()) {
        const auto signing = of.signing(now);
        if (signing.size() == 1) return of.find_key(signing.front()->fingerprint);
        return error{errc::refused, "archive '" + of.name + "' has " + std::to_string(signing.size()) +
                                        " keys that sign: name the one that is meant (larder key list)"};
    }
    constexpr std::size_t shortest = 8;
    std::string digits;
    for (const char c : given)
        if (c != ' ') digits += c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c;
    pockets::archive_key* found = nullptr;
    for (auto& one : of.keys) {
        if (digits.size() < shortest || !one.fingerprint.ends_with(digits)) continue;
        if (found != nullptr) return error{errc::refused, "'" + digits + "' is the end of several keys' fingerprints"};
        found = &one;
    }
    return found != nullptr ? result<pockets::archive_key*>{found} : of.find_key(given);
}

result<key_overlaps> overlaps_of(engine& e, const std::string& archive) {
    key_overlaps made;
    bool all_have = true;
    LARDER_TRY(const auto known, pockets::registry{e.store().refs()}.pockets(archive));
    for (const auto& one : known) {
        made.least = std::max(made.least, one.valid_for);
        all_have = all_have && one.valid_for.count() != 0;
    }
    made.usual =
        all_have && made.least.count() != 0 ? made.least : std::max<std::chrono::seconds>(made.least, usual_overlap);
    return made;
}

std::string warning_of(const pockets::archive_key& of, sys_seconds now) {
    const bool leaving = of.state == pockets::key_state::leaving && of.until.has_value();
    if (leaving && *of.until + late < now)
        return "it was to leave on " + format_iso(*of.until).substr(0, 10) +
               ", and stays until every pocket has the package with the newer keys: larder pocket unfreeze those "
               "that are frozen";
    const bool used = of.signs() || of.state == pockets::key_state::coming;
    if (!used || !of.expires || *of.expires - now > key_warning) return {};
    if (leaving && *of.until <= *of.expires) return {};
    // The last day, as it was given: the end itself is the midnight after it.
    const auto day = format_iso(*of.expires - std::chrono::seconds{1}).substr(0, 10);
    if (of.has_ended(now)) return "it ended on " + day + ", and signs no more";
    const auto days = std::chrono::duration_cast<std::chrono::hours>(*of.expires - now).count() / 24;
    return "it ends on " + day + ", in " + std::to_string(days) + (days == 1 ? " day" : " days") +
           ": larder key rotate, or larder key expire";
}

}  // namespace larder::net
