#include "secret_home.hpp"
#include "packets.hpp"
#include <algorithm>
#include <cstring>
#include <larder/base/file.hpp>
#include <larder/signing/verifier.hpp>

namespace larder::signing {

error gpg_failed(std::string_view doing, gpgme_error_t err) {
    require_gpg();
    const auto code = gpgme_err_code(err);
    if (code == GPG_ERR_BAD_PASSPHRASE || code == GPG_ERR_NO_PASSPHRASE)
        return {errc::refused, std::string{doing} + ": its passphrase is missing or wrong"};
    return {errc::io, std::string{doing} + ": " + explain(err) + " (is gpg-agent installed?)"};
}

bool is_error(gpgme_error_t err) { return gpgme_err_code(err) != GPG_ERR_NO_ERROR; }

namespace {

constexpr std::size_t key_id_digits = 16;

std::string key_id(const std::string& fingerprint) {
    return fingerprint.size() <= key_id_digits ? fingerprint : fingerprint.substr(fingerprint.size() - key_id_digits);
}

}  // namespace

void passphrases::add(const secret_key& of) {
    if (!of.passphrase.empty()) by_key_[key_id(of.fingerprint)] = of.passphrase;
}

void passphrases::serve(const context& ctx) {
    gpgme_set_pinentry_mode(ctx.get(), GPGME_PINENTRY_MODE_LOOPBACK);
    gpgme_set_passphrase_cb(ctx.get(), answer, this);
}

gpgme_error_t passphrases::answer(void* hook, const char* hint, const char*, int was_bad, int fd) {
    auto& me = *static_cast<passphrases*>(hook);
    me.asked_ = true;
    if (was_bad != 0) return gpgme_error(GPG_ERR_BAD_PASSPHRASE);
    const auto known = hint == nullptr ? me.by_key_.end()
                                       : me.by_key_.find(std::string{hint, std::min(std::strlen(hint), key_id_digits)});
    const auto& word = known == me.by_key_.end() ? me.any_ : known->second;
    const auto line = word + "\n";
    return gpgme_io_writen(fd, line.data(), line.size()) == 0 ? 0 : gpgme_error_from_errno(errno);
}

result<std::unique_ptr<secret_home>> secret_home::make() {
    initialise();
    LARDER_TRY(auto own, gpg_home::make(gpg_home::purpose::signing));
    std::unique_ptr<secret_home> made{new secret_home};
    made->path_ = own.path();
    made->own_.emplace(std::move(own));
    return made;
}

std::unique_ptr<secret_home> secret_home::of(const std::string& path) {
    initialise();
    std::unique_ptr<secret_home> made{new secret_home};
    made->path_ = path;
    return made;
}

context secret_home::open() const {
    auto ctx = make_context(path_);
    gpgme_set_armor(ctx.get(), 1);
    // In somebody's home his own pinentry asks, unless there is something to answer with.
    if (own_ || !words_.empty()) words_.serve(ctx);
    return ctx;
}

result<std::vector<std::string>> secret_home::import_secret(std::string_view text) {
    const auto ctx = open();
    const auto in = read_from(text);
    const auto err = gpgme_op_import(ctx.get(), in.get());
    const auto* outcome = gpgme_op_import_result(ctx.get());
    if (is_error(err) || outcome == nullptr || outcome->secret_imported + outcome->secret_unchanged == 0) {
        require_gpg();
        return error{errc::malformed,
                     "it holds no secret key that gpg takes" + (is_error(err) ? ": " + explain(err) : std::string{})};
    }
    std::vector<std::string> all;
    for (auto* one = outcome->imports; one != nullptr; one = one->next)
        if (one->fpr != nullptr && std::find(all.begin(), all.end(), one->fpr) == all.end()) all.emplace_back(one->fpr);
    return all;
}

result<key> secret_home::find(const std::string& fingerprint) const {
    LARDER_TRY(auto all, find_all({fingerprint}));
    return std::move(all.front());
}

result<std::vector<key>> secret_home::find_all(const std::vector<std::string>& fingerprints) const {
    const auto ctx = open();
    std::vector<const char*> patterns;
    for (const auto& one : fingerprints) patterns.push_back(one.c_str());
    patterns.push_back(nullptr);
    std::vector<key> listed;
    auto err = gpgme_op_keylist_ext_start(ctx.get(), patterns.data(), 1, 0);
    while (!is_error(err)) {
        gpgme_key_t raw = nullptr;
        err = gpgme_op_keylist_next(ctx.get(), &raw);
        if (raw != nullptr) listed.emplace_back(raw);
    }
    std::vector<key> all;
    for (const auto& wanted : fingerprints) {
        const auto found = std::find_if(listed.begin(), listed.end(), [&](const key& one) {
            if (!one) return false;
            for (auto* sub = one->subkeys; sub != nullptr; sub = sub->next)
                if (sub->fpr != nullptr && wanted == sub->fpr) return true;
            return false;
        });
        if (found == listed.end()) {
            require_gpg();
            return error{errc::absent, "gpg knows no secret key " + wanted + (own_ ? "" : " in " + path_)};
        }
        all.push_back(std::move(*found));
    }
    return all;
}

result<std::string> secret_home::export_key(const std::string& fingerprint, gpgme_export_mode_t mode) const {
    const auto ctx = open();
    auto out = write_to_memory();
    const auto err = gpgme_op_export(ctx.get(), fingerprint.c_str(), mode, out.get());
    if (is_error(err)) return gpg_failed("exporting the key " + fingerprint, err);
    auto text = take_bytes(std::move(out));
    if (text.empty())
        return error{errc::refused, "gpg exported no key " + fingerprint + ": is its passphrase missing?"};
    return text;
}

namespace {

bool can_sign_now(const _gpgme_subkey& one) {
    return one.can_sign != 0 && one.secret != 0 && one.revoked == 0 && one.expired == 0 && one.disabled == 0 &&
           one.invalid == 0 && one.fpr != nullptr;
}

std::optional<sys_seconds> end_of(const _gpgme_subkey& one) {
    if (one.expires == 0) return std::nullopt;
    return sys_seconds{std::chrono::seconds{one.expires}};
}

std::string algorithm_of(const _gpgme_subkey& one) {
    struct freed {
        void operator()(char* p) const noexcept { gpgme_free(p); }
    };
    const std::unique_ptr<char, freed> text{gpgme_pubkey_algo_string(const_cast<gpgme_subkey_t>(&one))};
    return text ? text.get() : "unknown";
}

/// No end is later than any.
std::optional<sys_seconds> later(std::optional<sys_seconds> a, std::optional<sys_seconds> b) {
    return !a || !b ? std::nullopt : std::optional{std::max(*a, *b)};
}

}  // namespace

key_facts facts_of(const _gpgme_key& k) {
    key_facts facts;
    facts.fingerprint = k.subkeys->fpr;
    if (k.uids != nullptr && k.uids->uid != nullptr) facts.user_id = k.uids->uid;
    facts.algorithm = algorithm_of(*k.subkeys);
    facts.created = sys_seconds{std::chrono::seconds{k.subkeys->timestamp}};
    facts.has_primary = k.subkeys->secret != 0;
    std::optional<std::optional<sys_seconds>> last;
    for (auto* one = k.subkeys; one != nullptr; one = one->next) {
        if (!can_sign_now(*one)) continue;
        facts.signs_with.emplace_back(one->fpr);
        last = last ? later(*last, end_of(*one)) : end_of(*one);
    }
    facts.expires = end_of(*k.subkeys);
    if (last && *last && (!facts.expires || **last < *facts.expires)) facts.expires = *last;
    return facts;
}

result<void> try_key(const secret_home& home, const key& with) {
    const auto ctx = home.open();
    check(gpgme_signers_add(ctx.get(), with.get()), "choosing the key");
    const auto in = read_from("a trial\n");
    auto out = write_to_memory();
    const auto err = gpgme_op_sign(ctx.get(), in.get(), out.get(), GPGME_SIG_MODE_DETACH);
    if (is_error(err)) return gpg_failed("signing with the key " + std::string{with->subkeys->fpr}, err);
    return {};
}

unsigned long lifetime_until(std::optional<sys_seconds> expires) {
    if (!expires) return 0;
    const auto left = *expires - std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    return static_cast<unsigned long>(std::max<std::int64_t>(1, left.count()));
}

}  // namespace larder::signing
