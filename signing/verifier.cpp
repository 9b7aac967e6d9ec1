#include "armour.hpp"
#include "clearsigned.hpp"
#include "engine.hpp"
#include "gpg_home.hpp"
#include "judge.hpp"
#include "keyring.hpp"
#include "packets.hpp"
#include <algorithm>
#include <larder/base/text.hpp>
#include <larder/signing/verifier.hpp>

namespace larder::signing {

struct verifier::impl {
    gpg_home home;
    std::vector<key_info> keys{};
    key_table table{};
};

namespace {

error bad(std::string why) { return {errc::bad_signature, std::move(why)}; }

sys_seconds at(long seconds) { return sys_seconds{std::chrono::seconds{seconds}}; }

result<void> check_input(std::string_view text, std::string_view what) {
    if (text.size() > max_release_size)
        return error{errc::too_large, std::string{what} + " has " + std::to_string(text.size()) + " bytes, at most " +
                                          std::to_string(max_release_size) + " are allowed"};
    if (text.find('\0') != std::string_view::npos)
        return error{errc::malformed, std::string{what} + " holds a NUL byte"};
    return {};
}

result<void> import(const context& ctx, const keyring& ring) {
    const auto in = read_from(ring.packets);
    const auto err = gpgme_op_import(ctx.get(), in.get());
    const auto outcome = gpgme_op_import_result(ctx.get());
    const int kept = outcome == nullptr ? 0 : outcome->imported + outcome->unchanged;
    if (kept > 0) return {};
    require_gpg();
    const std::string why = gpgme_err_code(err) == GPG_ERR_NO_ERROR ? std::string{} : ": " + explain(err);
    return error{errc::malformed, "holds no key that gpg takes (damaged, too old, or without a user id)" + why}.in(
        ring.name);
}

key_info describe(const _gpgme_key& k) {
    key_info info;
    info.fingerprint = k.subkeys->fpr;
    for (auto sub = k.subkeys->next; sub != nullptr; sub = sub->next)
        if (sub->fpr != nullptr) info.subkeys.emplace_back(sub->fpr);
    if (k.uids != nullptr && k.uids->uid != nullptr) info.user_id = printable(k.uids->uid);
    info.created = at(std::max(k.subkeys->timestamp, 0L));
    if (k.subkeys->expires != 0) info.expires = at(k.subkeys->expires);
    info.usable = !k.revoked && !k.expired && !k.disabled && !k.invalid;
    return info;
}

void list_keys(const context& ctx, std::vector<key_info>& keys, key_table& table) {
    check(gpgme_op_keylist_start(ctx.get(), nullptr, 0), "listing the keys");
    for (;;) {
        gpgme_key_t raw = nullptr;
        const auto err = gpgme_op_keylist_next(ctx.get(), &raw);
        if (gpgme_err_code(err) == GPG_ERR_EOF) return;
        check(err, "listing the keys");
        const key k{raw};
        if (k->subkeys == nullptr || k->subkeys->fpr == nullptr) continue;
        keys.push_back(describe(*k));
        for (auto sub = k->subkeys; sub != nullptr; sub = sub->next)
            if (sub->fpr != nullptr) table[sub->fpr] = {keys.back().fingerprint, sub->pubkey_algo, sub->length};
    }
}

/// gpg's work: `text` is null for clear-signed data, `plain` for detached signatures.
result<std::vector<std::string>> run(const gpg_home& home, const key_table& table, const data& signature,
                                     const data& text, const data& plain, expired_key expired) {
    const auto ctx = make_context(home.path());
    const auto err = gpgme_op_verify(ctx.get(), signature.get(), text.get(), plain.get());
    const auto outcome = gpgme_op_verify_result(ctx.get());
    auto signers = judge(outcome != nullptr ? outcome->signatures : nullptr, table, expired);
    const bool failed = gpgme_err_code(err) != GPG_ERR_NO_ERROR;
    if (signers.has_value() && !failed) return signers;
    require_gpg();
    if (!home.intact())
        return error{errc::io, "the temporary keyring " + home.path() + " was removed; restart the server"};
    if (failed) return bad("gpg cannot read it: " + explain(err));
    return signers;
}

}  // namespace

verifier::verifier(std::unique_ptr<impl> i) : impl_{std::move(i)} {}
verifier::~verifier() = default;

result<std::unique_ptr<verifier>> verifier::open(const std::vector<std::string>& keyrings) {
    initialise();
    if (keyrings.empty()) return error{errc::bad_config, "no keyring given: without one nothing can be verified"};
    std::vector<keyring> rings;
    for (const auto& source : keyrings) {
        LARDER_TRY(auto ring, load_keyring(source));
        rings.push_back(std::move(ring));
    }
    LARDER_TRY(auto home, gpg_home::make());
    auto i = std::make_unique<impl>(impl{std::move(home)});
    const auto ctx = make_context(i->home.path());
    for (const auto& ring : rings) LARDER_CHECK(import(ctx, ring));
    list_keys(ctx, i->keys, i->table);
    if (i->keys.empty()) return error{errc::malformed, rings.front().name + ": gpg lists no key of it"};
    return std::unique_ptr<verifier>{new verifier{std::move(i)}};
}

result<verified_text> verifier::inline_signed(std::string_view in_release, expired_key expired) const {
    LARDER_CHECK(check_input(in_release, "the clear-signed file"));
    LARDER_TRY(auto parts, split_clearsigned(in_release));
    LARDER_TRY([[maybe_unused]] const auto covers, check_signatures(parts.signatures));
    const auto signature = read_from(in_release);
    auto plain = write_to_memory();
    LARDER_TRY(auto signers, run(impl_->home, impl_->table, signature, nullptr, plain, expired));
    auto text = canonical_text(take_bytes(std::move(plain)));
    if (text != parts.text) return bad("gpg reads another text in it than stands there");
    return verified_text{std::move(text), std::move(signers)};
}

result<verified_text> verifier::detached(std::string_view release, std::string_view signature,
                                         expired_key expired) const {
    LARDER_CHECK(check_input(release, "the Release file"));
    if (!signature.empty() && (static_cast<unsigned char>(signature.front()) & 0x80U) != 0)
        return bad("the signature is binary, not ASCII-armoured, which apt refuses too");
    LARDER_CHECK(check_input(signature, "the signature"));
    const auto blocks = dearmour(signature, "PGP SIGNATURE", surroundings::blank_lines);
    if (blocks.has_error()) return bad(blocks.error().detail());
    std::string packets;
    for (const auto& block : *blocks) packets += block;
    if (packets.empty()) return bad("there is no signature");
    LARDER_TRY(const auto covers, check_signatures(packets));
    LARDER_TRY(auto signers, run(impl_->home, impl_->table, read_from(packets), read_from(release), nullptr, expired));
    return verified_text{covers == coverage::text ? canonical_text(release) : std::string{release}, std::move(signers)};
}

const std::vector<key_info>& verifier::keys() const noexcept { return impl_->keys; }

result<std::string> verifier::armoured() const {
    const auto ctx = make_context(impl_->home.path());
    gpgme_set_armor(ctx.get(), 1);
    auto out = write_to_memory();
    const auto err = gpgme_op_export(ctx.get(), nullptr, 0, out.get());
    auto text = take_bytes(std::move(out));
    if (gpgme_err_code(err) == GPG_ERR_NO_ERROR && !text.empty()) return text;
    require_gpg();
    return error{errc::io, "exporting the keys of " + impl_->home.path() + ": " + explain(err)};
}

}  // namespace larder::signing
