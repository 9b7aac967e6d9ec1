#include "armour.hpp"
#include "packets.hpp"
#include "secret_home.hpp"
#include <larder/base/text.hpp>
#include <larder/signing/verifier.hpp>

namespace larder::signing {
namespace {

constexpr std::string_view public_block = "PGP PUBLIC KEY BLOCK";
/// Whole: what it has signed is judged by what its own signatures said then, and they may have been renewed since.
constexpr gpgme_export_mode_t as_published = 0;

/// What is in a home of the key, which can be signed with.
result<read_key> look_at(const secret_home& home, const std::string& fingerprint) {
    LARDER_TRY(const auto found, home.find(fingerprint));
    read_key made;
    made.facts = facts_of(*found);
    if (made.facts.signs_with.empty())
        return error{errc::refused, "the key " + fingerprint +
                                        " cannot sign: it has no subkey for that whose secret is here and that has "
                                        "not ended or been revoked"};
    LARDER_CHECK(try_key(home, found));
    LARDER_TRY(made.facts.public_key, home.export_key(fingerprint, as_published));
    LARDER_TRY(made.secret, home.export_key(fingerprint, made.facts.has_primary ? GPGME_EXPORT_MODE_SECRET
                                                                                : GPGME_EXPORT_MODE_SECRET_SUBKEY));
    return made;
}

/// A home with this key alone.
result<std::unique_ptr<secret_home>> home_with(const secret_key& one) {
    LARDER_TRY(auto home, secret_home::make());
    home->words().add(one);
    LARDER_TRY(const auto came, home->import_secret(one.text));
    if (came != std::vector{one.fingerprint})
        return error{errc::malformed, "the text that should be the key " + one.fingerprint + " is another"};
    return home;
}

result<key> find_with_primary(const secret_home& home, const std::string& fingerprint) {
    LARDER_TRY(auto found, home.find(fingerprint));
    if (facts_of(*found).has_primary) return found;
    return error{errc::refused, "the secret of the primary key " + fingerprint +
                                    " is not here: it was taken out, or lies in an agent. larder key import brings it "
                                    "back"};
}

std::string binary_of(const std::vector<std::string>& blocks) {
    std::string all;
    for (const auto& one : blocks) all += one;
    return all;
}

}  // namespace

std::string_view to_string(key_algorithm one) noexcept { return one == key_algorithm::ed25519 ? "ed25519" : "rsa4096"; }

result<key_algorithm> parse_algorithm(std::string_view text) {
    for (const auto one : {key_algorithm::ed25519, key_algorithm::rsa4096})
        if (to_string(one) == text) return one;
    return error{errc::refused, "'" + printable(text, 40) + "' is no algorithm of keys here: ed25519 or rsa4096"};
}

result<made_key> make_archive_key(const std::string& user_id, key_algorithm how, std::optional<sys_seconds> expires) {
    LARDER_TRY(const auto home, secret_home::make());
    const std::string algorithm{to_string(how)};
    const auto ctx = home->open();
    const auto lifetime = lifetime_until(expires);
    const unsigned flags = GPGME_CREATE_NOPASSWD | GPGME_CREATE_FORCE | (expires ? 0U : GPGME_CREATE_NOEXPIRE);
    auto err = gpgme_op_createkey(ctx.get(), user_id.c_str(), algorithm.c_str(), 0, lifetime, nullptr,
                                  GPGME_CREATE_CERT | flags);
    if (is_error(err)) return gpg_failed("making a key", err);
    const auto* made = gpgme_op_genkey_result(ctx.get());
    if (made == nullptr || made->fpr == nullptr) return error{errc::io, "gpg made no key"};
    const std::string fingerprint = made->fpr;
    LARDER_TRY(const auto primary, home->find(fingerprint));
    err = gpgme_op_createsubkey(ctx.get(), primary.get(), algorithm.c_str(), 0, lifetime, GPGME_CREATE_SIGN | flags);
    if (is_error(err)) return gpg_failed("making a subkey that signs", err);
    LARDER_TRY(auto whole, look_at(*home, fingerprint));
    made_key all{std::move(whole.facts), std::move(whole.secret), {}};
    LARDER_TRY(all.revocation, make_revocation({fingerprint, all.secret, {}, {}}));
    return all;
}

result<read_key> read_secret_key(std::string_view text, const std::string& passphrase) {
    LARDER_TRY(const auto home, secret_home::make());
    home->words().add_any(passphrase);
    LARDER_TRY(const auto came, home->import_secret(text));
    if (came.size() != 1)
        return error{errc::refused, "it holds " + std::to_string(came.size()) +
                                        " keys: export the one that is meant (gpg --export-secret-keys FINGERPRINT)"};
    LARDER_TRY(auto read, look_at(*home, came.front()));
    read.facts.needs_passphrase = home->words().asked();
    return read;
}

result<key_facts> read_agent_key(const secret_key& of) {
    const auto home = secret_home::of(of.agent_home);
    home->words().add(of);
    LARDER_TRY(const auto found, home->find(of.fingerprint));
    auto facts = facts_of(*found);
    if (facts.fingerprint != of.fingerprint)
        return error{errc::refused, of.fingerprint + " is a subkey of " + facts.fingerprint + ": name that"};
    if (facts.signs_with.empty()) return error{errc::refused, "the key " + of.fingerprint + " cannot sign"};
    LARDER_CHECK(try_key(*home, found));
    facts.has_primary = false;  // not ours to change
    facts.needs_passphrase = home->words().asked();
    LARDER_TRY(facts.public_key, home->export_key(of.fingerprint, as_published));
    return facts;
}

result<std::string> without_primary(const secret_key& of) {
    LARDER_TRY(const auto home, home_with(of));
    LARDER_TRY(const auto found, find_with_primary(*home, of.fingerprint));
    const auto facts = facts_of(*found);
    if (facts.signs_with == std::vector{of.fingerprint})
        return error{errc::refused, "the key " + of.fingerprint +
                                        " signs with its primary: without that nothing of it is left. larder key "
                                        "rotate makes one with a subkey"};
    return home->export_key(of.fingerprint, GPGME_EXPORT_MODE_SECRET_SUBKEY);
}

result<read_key> with_expiry(const secret_key& of, std::optional<sys_seconds> expires) {
    LARDER_TRY(const auto home, home_with(of));
    LARDER_TRY(const auto found, find_with_primary(*home, of.fingerprint));
    const auto ctx = home->open();
    const auto lifetime = lifetime_until(expires);
    // By name: "*" means to gpg only those that have not ended yet.
    std::string subkeys;
    for (auto* sub = found->subkeys->next; sub != nullptr; sub = sub->next)
        if (sub->can_sign != 0 && sub->revoked == 0 && sub->fpr != nullptr)
            subkeys += (subkeys.empty() ? "" : "\n") + std::string{sub->fpr};
    for (const char* which : {static_cast<const char*>(nullptr), subkeys.c_str()}) {
        if (which != nullptr && subkeys.empty()) continue;
        const auto err = gpgme_op_setexpire(ctx.get(), found.get(), lifetime, which, 0);
        if (is_error(err)) return gpg_failed("setting the end of the key " + of.fingerprint, err);
    }
    LARDER_TRY(auto read, look_at(*home, of.fingerprint));
    read.facts.needs_passphrase = home->words().asked();
    return read;
}

namespace {

constexpr unsigned char key_revocation = 0x20;

/// Answers gpg's questions as somebody would who revokes a whole key without a reason.
gpgme_error_t revoke_by_answers(void* hook, const char* status, const char* keyword, int fd) {
    auto& revoked = *static_cast<bool*>(hook);
    if (fd < 0) return 0;
    const std::string_view asked{keyword};
    std::string_view reply = "y\n";
    if (asked == "keyedit.prompt")
        reply = revoked ? "save\n" : "revkey\n";
    else if (asked == "ask_revocation_reason.code")
        reply = "0\n";
    else if (asked == "ask_revocation_reason.text")
        reply = "\n";
    else if (!asked.ends_with(".okay"))
        return gpgme_error(GPG_ERR_UNEXPECTED);
    static_cast<void>(status);
    if (asked == "keyedit.prompt") revoked = true;
    return gpgme_io_writen(fd, reply.data(), reply.size()) == 0 ? 0 : gpgme_error_from_errno(errno);
}

/// The first signature that revokes the key, whole, out of a key's packets.
result<std::string> revocation_in(std::string_view bytes) {
    LARDER_TRY(const auto packets, split_packets(bytes));
    const char* begin = bytes.data();
    for (const auto& one : packets) {
        const char* end = one.body.data() + one.body.size();
        const bool is_one = one.tag == packet_tag::signature && one.body.size() > 2 && one.body[0] >= 4 &&
                            static_cast<unsigned char>(one.body[1]) == key_revocation;
        if (is_one) return std::string{begin, end};
        begin = end;
    }
    return error{errc::io, "gpg made no certificate of revocation"};
}

}  // namespace

result<std::string> make_revocation(const secret_key& of) {
    LARDER_TRY(const auto home, home_with(of));
    LARDER_TRY(const auto found, find_with_primary(*home, of.fingerprint));
    const auto ctx = home->open();
    auto out = write_to_memory();
    bool revoked = false;
    const auto err = gpgme_op_interact(ctx.get(), found.get(), 0, revoke_by_answers, &revoked, out.get());
    if (is_error(err)) return gpg_failed("making a certificate that revokes the key " + of.fingerprint, err);
    LARDER_TRY(const auto text, home->export_key(of.fingerprint, as_published));
    LARDER_TRY(const auto blocks, dearmour(text, public_block, surroundings::blank_lines));
    LARDER_TRY(const auto certificate, revocation_in(binary_of(blocks)));
    return armour(certificate, public_block);
}

namespace {

/// Keys and certificates put together, which must be of one key.
class merging {
public:
    static result<merging> of(const std::vector<std::string>& texts) {
        initialise();
        LARDER_TRY(auto home, gpg_home::make());
        merging made{std::move(home)};
        for (const auto& text : texts) {
            const auto in = read_from(text);
            const auto err = gpgme_op_import(made.ctx_.get(), in.get());
            if (is_error(err)) return gpg_failed("reading a key, or a certificate of revocation", err);
        }
        check(gpgme_op_keylist_start(made.ctx_.get(), nullptr, 0), "listing the keys");
        for (;;) {
            gpgme_key_t raw = nullptr;
            if (is_error(gpgme_op_keylist_next(made.ctx_.get(), &raw))) break;
            key one{raw};
            if (made.key_) return error{errc::refused, "these are several keys"};
            made.key_ = std::move(one);
        }
        if (!made.key_) return error{errc::malformed, "there is no public key"};
        return made;
    }
    const _gpgme_key& key_here() const noexcept { return *key_; }
    result<std::string> text() const {
        auto out = write_to_memory();
        const auto err = gpgme_op_export(ctx_.get(), key_->subkeys->fpr, as_published, out.get());
        if (is_error(err)) return gpg_failed("exporting a key", err);
        return take_bytes(std::move(out));
    }

private:
    explicit merging(gpg_home home) : home_{std::move(home)}, ctx_{make_context(home_.path())} {
        gpgme_set_armor(ctx_.get(), 1);
    }

    gpg_home home_;
    context ctx_;
    key key_;
};

}  // namespace

result<std::string> revoked_key(const std::string& public_key, const std::string& revocation) {
    // As gpg keeps one (openpgp-revocs.d), its first line is spoilt so that it does not count by accident.
    const auto spoilt = revocation.find("\n:-----BEGIN ");
    const auto certificate =
        spoilt == std::string::npos ? revocation : revocation.substr(0, spoilt + 1) + revocation.substr(spoilt + 2);
    LARDER_TRY(const auto both, merging::of({public_key, certificate}));
    if (both.key_here().revoked == 0)
        return error{errc::refused,
                     "that certificate does not revoke the key " + std::string{both.key_here().subkeys->fpr}};
    return both.text();
}

result<std::string> merged_key(const std::string& before, const std::string& now) {
    LARDER_TRY(const auto both, merging::of({before, now}));
    return both.text();
}

result<std::string> binary_keys(const std::vector<std::string>& armoured) {
    std::string all;
    for (const auto& text : armoured) {
        LARDER_TRY(const auto blocks, dearmour(text, public_block, surroundings::any_text));
        all += binary_of(blocks);
    }
    if (all.empty()) return error{errc::malformed, "there is no public key"};
    return all;
}

result<std::string> joined_keys(const std::vector<std::string>& armoured) {
    LARDER_TRY(const auto all, binary_keys(armoured));
    return armour(all, public_block);
}

}  // namespace larder::signing
