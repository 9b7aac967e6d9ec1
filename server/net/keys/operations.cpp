#include "keys/new_key.hpp"
#include "keys/publish_keys.hpp"
#include "pockets/admin.hpp"
#include "pockets/archive_keys.hpp"
#include "pockets/edition.hpp"
#include <algorithm>
#include <larder/base/file.hpp>
#include <larder/base/text.hpp>

namespace larder::net {
namespace {

using namespace publishing;
using pockets::archive_key;
using pockets::key_state;
using pockets::local_archive;

constexpr std::uint64_t most_key = 1 << 20;

/// A change of an archive's keys, alone.
class change {
public:
    static result<change> begin(engine& e, const std::string& archive) {
        std::unique_lock lock{e.keys().turn(archive)};
        LARDER_TRY(auto of, registry_of(e).find_archive(archive));
        return change{e, std::move(lock), std::move(of)};
    }

    local_archive& of() noexcept { return of_; }
    sys_seconds now() const { return e_->clock().now(); }

    /// Makes it so, tells the journal, and publishes the pockets again.
    result<key_report> settle(std::string what, const std::string& fingerprint, const publisher& who,
                              std::vector<std::string> notes = {}) {
        LARDER_CHECK(change_and_tell(*e_, std::move(what), of_.name + " " + fingerprint, who, [this](ref_changes also) {
            return registry_of(*e_).change(of_, std::move(also));
        }));
        ++of_.version;
        LARDER_CHECK(e_->local_archives_changed());
        lock_.unlock();
        key_report report{of_, fingerprint, {}, std::move(notes)};
        LARDER_TRY(report.pockets, publish_keys(*e_, of_.name, who, timing::now));
        LARDER_TRY(report.archive, registry_of(*e_).find_archive(of_.name));
        return report;
    }

private:
    change(engine& e, std::unique_lock<std::mutex> lock, local_archive of)
        : e_{&e}, lock_{std::move(lock)}, of_{std::move(of)} {}

    engine* e_;
    std::unique_lock<std::mutex> lock_;
    local_archive of_;
};

std::string user_id_of(const local_archive& of) {
    return of.keys.empty() || of.keys.back().user_id.empty() ? of.name + " archive" : of.keys.back().user_id;
}

/// One that the archive may take in, or has.
result<void> add_key(local_archive& of, archive_key made, std::vector<std::string>& notes) {
    auto known = std::find_if(of.keys.begin(), of.keys.end(),
                              [&](const auto& one) { return one.fingerprint == made.fingerprint; });
    if (known == of.keys.end()) {
        made.state = key_state::coming;
        notes.push_back("clients are told of it; larder key rotate puts it to work");
        of.keys.push_back(std::move(made));
        return {};
    }
    if (known->state == key_state::revoked)
        return error{errc::refused, "the key " + made.fingerprint + " was revoked: that cannot be taken back"};
    if (known->state == key_state::gone) {
        made.state = key_state::coming;
        notes.push_back("it was gone, and comes again");
    } else {
        made.state = known->state;
        made.until = known->until;
        notes.push_back("the archive has it already: its secret is here again");
    }
    made.made = known->made;
    LARDER_TRY(made.public_key, signing::merged_key(known->public_key, made.public_key));
    *known = std::move(made);
    return {};
}

result<archive_key> imported_from_agent(const key_import_options& options) {
    if (!options.agent_home.starts_with('/'))
        return error{errc::refused, "--home is the whole path of the GnuPG home whose agent has the key"};
    archive_key made;
    made.agent_home = options.agent_home;
    const auto passphrase = archive_keys::passphrase_of(options.archive, options.agent);
    LARDER_TRY(const auto facts, signing::read_agent_key({options.agent, {}, options.agent_home, passphrase}));
    take_facts(made, facts);
    return made;
}

result<archive_key> imported_text(engine& e, const key_import_options& options) {
    std::string text = options.secret;
    if (text.empty()) {
        LARDER_TRY(text, read_file(options.file, most_key));
    }
    return taken_key(e, options.archive, text);
}

result<std::chrono::seconds> overlap_of(engine& e, const key_rotate_options& options) {
    LARDER_TRY(const auto may, overlaps_of(e, options.archive));
    if (!options.overlap) return may.usual;
    if (*options.overlap < may.least)
        return error{errc::refused, "clients hold on to what they have for as long as its Valid-Until, " +
                                        std::to_string(may.least.count() / 86'400) +
                                        " days here, and take no other key until then: an overlap is no shorter"};
    return *options.overlap;
}

/// The one that is to sign: that which is coming, or a new one.
result<std::string> next_key(engine& e, local_archive& of, const key_rotate_options& options, sys_seconds now) {
    if (!options.to.empty()) {
        LARDER_TRY(const auto* meant, key_meant(of, options.to, now));
        if (meant->state != key_state::coming)
            return error{errc::refused, "the key " + meant->fingerprint + " is " +
                                            std::string{to_string(meant->state)} +
                                            ": only one that is coming can begin"};
        return meant->fingerprint;
    }
    std::vector<std::string> coming;
    for (const auto& one : of.keys)
        if (one.state == key_state::coming) coming.push_back(one.fingerprint);
    if (coming.size() > 1)
        return error{errc::refused, "several keys are coming: --to says which one (" + joined(coming) + ")"};
    if (!coming.empty()) return coming.front();
    LARDER_TRY(auto made, new_key(e, of.name, user_id_of(of), options.algorithm, options.expires));
    made.state = key_state::coming;
    of.keys.push_back(made);
    return made.fingerprint;
}

result<std::string> revoked_text(engine& e, const key_revoke_options& options, const archive_key& of) {
    auto certificate = options.certificate;
    if (certificate.empty()) {
        auto kept = e.keys().revocation_of(options.archive, of.fingerprint);
        if (!kept && of.has_primary) {
            LARDER_TRY(const auto secret, e.keys().secret_of(options.archive, of));
            kept = signing::make_revocation(secret);
        }
        if (!kept)
            return error{errc::refused, "no certificate that revokes the key " + of.fingerprint +
                                            " is here: gpg --gen-revoke makes one where its primary is, and "
                                            "--certificate FILE brings it"};
        certificate = std::move(*kept);
    }
    return signing::revoked_key(of.public_key, certificate);
}

}  // namespace

result<key_report> generate_key(engine& e, const key_generate_options& options) {
    LARDER_TRY(auto work, change::begin(e, options.archive));
    const auto user_id = options.user_id.empty() ? user_id_of(work.of()) : printable(options.user_id, 200);
    LARDER_TRY(auto made, new_key(e, options.archive, user_id, options.algorithm, options.expires));
    const auto fingerprint = made.fingerprint;
    std::vector<std::string> notes;
    LARDER_CHECK(add_key(work.of(), std::move(made), notes));
    return work.settle("key-generate", fingerprint, options.who, std::move(notes));
}

result<key_report> import_key(engine& e, const key_import_options& options) {
    LARDER_TRY(auto work, change::begin(e, options.archive));
    const int sources =
        (options.secret.empty() ? 0 : 1) + (options.file.empty() ? 0 : 1) + (options.agent.empty() ? 0 : 1);
    if (sources != 1) return error{errc::refused, "a key comes from a file, from standard input, or from an agent"};
    LARDER_TRY(auto made, options.agent.empty() ? imported_text(e, options) : imported_from_agent(options));
    made.made = work.now();
    const auto fingerprint = made.fingerprint;
    std::vector<std::string> notes;
    LARDER_CHECK(add_key(work.of(), std::move(made), notes));
    return work.settle("key-import", fingerprint, options.who, std::move(notes));
}

result<key_report> rotate_keys(engine& e, const key_rotate_options& options) {
    LARDER_TRY(auto work, change::begin(e, options.archive));
    auto& of = work.of();
    const auto now = work.now();
    LARDER_TRY(const auto overlap, overlap_of(e, options));
    LARDER_TRY(const auto next, next_key(e, of, options, now));
    std::vector<std::string> notes;
    for (auto& one : of.keys) {
        if (one.fingerprint == next) one.state = key_state::active;
        if (one.fingerprint == next || one.state != key_state::active) continue;
        one.state = key_state::leaving;
        one.until = now + overlap;
        one.follows.clear();
        notes.push_back("the key " + one.fingerprint + " signs beside it, and leaves on " + format_iso(*one.until));
    }
    return work.settle("key-rotate", next, options.who, std::move(notes));
}

result<key_report> revoke_key(engine& e, const key_revoke_options& options) {
    LARDER_TRY(auto work, change::begin(e, options.archive));
    auto& of = work.of();
    const auto now = work.now();
    LARDER_TRY(auto* meant, key_meant(of, options.fingerprint, now));
    if (meant->state == key_state::revoked)
        return error{errc::refused, "the key " + meant->fingerprint + " is revoked already"};
    if (trim(options.who.reason).empty())
        return error{errc::refused, "a revocation needs a reason, which the journal shows: --reason TEXT"};
    const auto fingerprint = meant->fingerprint;
    LARDER_TRY(meant->revoked, revoked_text(e, options, *meant));
    meant->state = key_state::revoked;
    meant->until = now;
    std::vector<std::string> notes;
    if (of.signing(now).empty()) {
        LARDER_TRY(const auto next, next_key(e, of, {of.name, {}, {}, {}, {}, {}}, now));
        LARDER_TRY(auto* begins, of.find_key(next));
        begins->state = key_state::active;
        notes.push_back("the key " + next + " signs in its place; clients that have not heard of it need /keys/" +
                        of.name + ".asc");
    }
    return work.settle("key-revoke", fingerprint, options.who, std::move(notes));
}

result<key_report> expire_key(engine& e, const key_expire_options& options) {
    LARDER_TRY(auto work, change::begin(e, options.archive));
    LARDER_TRY(auto* meant, key_meant(work.of(), options.fingerprint, work.now()));
    if (options.at && *options.at <= work.now())
        return error{errc::refused, "its end lies ahead; larder key revoke ends a key at once"};
    if (!meant->agent_home.empty())
        return error{errc::refused, "the key lies in the agent of " + meant->agent_home +
                                        ": set its end there (gpg --quick-set-expire), and import it once more"};
    LARDER_TRY(const auto secret, e.keys().secret_of(options.archive, *meant));
    LARDER_TRY(const auto changed, signing::with_expiry(secret, options.at));
    LARDER_CHECK(e.keys().keep(options.archive, meant->fingerprint, changed.secret, {}));
    const auto fingerprint = meant->fingerprint;
    LARDER_CHECK(renew_facts(*meant, changed.facts));
    return work.settle("key-expire", fingerprint, options.who);
}

result<key_report> package_keys(engine& e, const key_package_options& options) {
    LARDER_TRY(auto work, change::begin(e, options.archive));
    work.of().package.wanted = options.wanted;
    std::vector<std::string> notes;
    const auto package = keyring_package_name(options.archive);
    if (!options.wanted) notes.push_back(package + " stays where it is, as it is; larder pocket remove takes it out");
    return work.settle(options.wanted ? "key-package" : "key-no-package", package, options.who, std::move(notes));
}

result<key_list> list_keys(engine& e, const std::string& archive) {
    key_list all;
    LARDER_TRY(const auto known, registry_of(e).archives());
    bool found = archive.empty();
    const auto now = e.clock().now();
    for (const auto& of : known) {
        if (!archive.empty() && of.name != archive) continue;
        found = true;
        for (const auto& key : of.keys) all.keys.push_back({of.name, key, warning_of(key, now)});
        if (of.package.wanted) all.packages.push_back(keyring_package_name(of.name) + " " + of.package.version);
    }
    if (!found) return registry_of(e).find_archive(archive).error();
    return all;
}

}  // namespace larder::net
