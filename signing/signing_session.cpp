#include "armour.hpp"
#include "secret_home.hpp"
#include "waiting_gpg.hpp"
#include <algorithm>
#include <future>
#include <larder/signing/verifier.hpp>
#include <set>

namespace larder::signing {
namespace {

constexpr std::string_view signature_block = "PGP SIGNATURE";

struct signature {
    std::string text;  ///< as gpg writes it, armoured
    std::vector<std::string> fingerprints;
};

/// Signs with all keys of one home, in both ways; each has a gpg of its own, so that they can be made at once.
class room {
public:
    static result<room> open(std::unique_ptr<secret_home> home, const std::vector<secret_key>& keys) {
        room made{std::move(home)};
        for (const auto& one : keys) made.home_->words().add(one);
        std::string all;
        for (const auto& one : keys) all += one.text;
        if (!all.empty()) {
            LARDER_TRY(const auto came, made.home_->import_secret(all));
            static_cast<void>(came);
        }
        auto clear = made.home_->open(), detached = made.home_->open();
        for (const auto& one : keys) made.primaries_.push_back(one.fingerprint);
        LARDER_TRY(const auto all_keys, made.home_->find_all(made.primaries_));
        for (const auto& found : all_keys) {
            for (const auto* ctx : {&clear, &detached})
                check(gpgme_signers_add(ctx->get(), found.get()), "choosing the key");
            for (auto* sub = found->subkeys; sub != nullptr; sub = sub->next)
                if (sub->fpr != nullptr) made.primary_of_[sub->fpr] = found->subkeys->fpr;
        }
        made.clear_ = std::make_unique<waiting_gpg>(std::move(clear), GPGME_SIG_MODE_CLEAR);
        made.detached_ = std::make_unique<waiting_gpg>(std::move(detached), GPGME_SIG_MODE_DETACH);
        made.own_ = std::none_of(keys.begin(), keys.end(), [](const auto& one) { return !one.agent_home.empty(); });
        return made;
    }

    /// In somebody's home no gpg waits: it would ask a smartcard for nothing when it is given up.
    void prepare() const {
        if (!own_) return;
        // What fails here fails, and is told, when it signs.
        for (const auto* one : {&clear_, &detached_}) static_cast<void>((*one)->prepare());
    }

    result<signature> sign(std::string_view text, gpgme_sig_mode_t how) const {
        auto& gpg = how == GPGME_SIG_MODE_CLEAR ? *clear_ : *detached_;
        signature made;
        const auto err = gpg.sign(text, made.text);
        if (is_error(err)) return gpg_failed("signing", err);
        // gpg is content when one of several keys has signed.
        std::set<std::string> missing{primaries_.begin(), primaries_.end()};
        const auto* told = gpgme_op_sign_result(gpg.ctx().get());
        for (auto* one = told != nullptr ? told->signatures : nullptr; one != nullptr; one = one->next) {
            const auto of = primary_of_.find(one->fpr != nullptr ? one->fpr : "");
            if (of == primary_of_.end()) continue;
            missing.erase(of->second);
            made.fingerprints.push_back(of->first);
            if (of->first != of->second) made.fingerprints.push_back(of->second);
        }
        if (!missing.empty()) return not_signed(*missing.begin());
        return made;
    }

private:
    /// gpg says what one key lacks only where it is the only one.
    error not_signed(const std::string& fingerprint) const {
        const auto what = "signing: the key " + fingerprint + " has not signed";
        if (!home_->words().asked()) return {errc::io, what};
        return {errc::refused, what + ": its passphrase is missing or wrong"};
    }

    explicit room(std::unique_ptr<secret_home> home) : home_{std::move(home)} {}

    std::unique_ptr<secret_home> home_;
    std::unique_ptr<waiting_gpg> clear_, detached_;
    bool own_ = true;  ///< the home
    std::vector<std::string> primaries_;
    std::map<std::string, std::string, std::less<>> primary_of_;
};

/// The signature packets of several armoured blocks, as one block.
result<std::string> joined(const std::vector<std::string_view>& blocks) {
    std::string packets;
    for (const auto text : blocks) {
        LARDER_TRY(const auto found, dearmour(text, signature_block, surroundings::blank_lines));
        for (const auto& one : found) packets += one;
    }
    return armour(packets, signature_block);
}

/// A clear-signed text in its parts.
struct clear_parts {
    std::string hash;       ///< "SHA512"
    std::string_view text;  ///< escaped, from the empty line on
    std::string_view block;
};

result<clear_parts> cut_clear(std::string_view whole) {
    constexpr std::string_view hash = "Hash: ";
    const auto body = whole.find("\n\n"), block = whole.rfind("-----BEGIN PGP SIGNATURE-----");
    const auto header = whole.find(hash);
    if (body == std::string_view::npos || block == std::string_view::npos || header > body || body > block)
        return error{errc::io, "gpg has written a signed text of a form that is not known"};
    const auto name = whole.substr(header + hash.size());
    return clear_parts{std::string{name.substr(0, name.find('\n'))}, whole.substr(body, block - body),
                       whole.substr(block)};
}

/// The same text, clear-signed in several homes, with all signatures.
result<std::string> joined_clear(const std::vector<signature>& all) {
    std::vector<std::string_view> blocks;
    std::string hashes, text;
    for (const auto& one : all) {
        LARDER_TRY(const auto parts, cut_clear(one.text));
        blocks.push_back(parts.block);
        if (text.empty()) text = parts.text;
        if (text != parts.text) return error{errc::io, "gpg has written a signed text in two ways"};
        if (hashes.find(parts.hash) == std::string::npos) hashes += (hashes.empty() ? "" : ", ") + parts.hash;
    }
    LARDER_TRY(const auto block, joined(blocks));
    return "-----BEGIN PGP SIGNED MESSAGE-----\nHash: " + hashes + text + block;
}

class open_session final : public signing_session {
public:
    explicit open_session(std::vector<room> rooms) : rooms_{std::move(rooms)} {}

    void prepare() const override {
        for (const auto& one : rooms_) one.prepare();
    }

    result<both_ways> release(std::string_view text) const override {
        if (canonical_text(text) != text)
            return error{errc::malformed, "a text to be signed has no blanks at line ends, and a newline at its end"};
        auto detached = std::async(std::launch::async, [&] { return sign_all(text, GPGME_SIG_MODE_DETACH); });
        auto clear = sign_all(text, GPGME_SIG_MODE_CLEAR);
        LARDER_TRY(const auto beside, detached.get());
        if (!clear) return clear.error();
        both_ways made;
        std::set<std::string> signers;
        for (const auto& one : *clear) signers.insert(one.fingerprints.begin(), one.fingerprints.end());
        made.signers = {signers.begin(), signers.end()};
        if (clear->size() == 1) {
            made.clear = std::move(clear->front().text);
            made.detached = beside.front().text;
            return made;
        }
        LARDER_TRY(made.clear, joined_clear(*clear));
        std::vector<std::string_view> blocks;
        for (const auto& one : beside) blocks.push_back(one.text);
        LARDER_TRY(made.detached, joined(blocks));
        return made;
    }

private:
    result<std::vector<signature>> sign_all(std::string_view text, gpgme_sig_mode_t how) const {
        std::vector<signature> all;
        for (const auto& one : rooms_) {
            LARDER_TRY(auto made, one.sign(text, how));
            all.push_back(std::move(made));
        }
        return all;
    }

    std::vector<room> rooms_;
};

}  // namespace

void sweep_signing_places() { gpg_home::sweep_leftovers(); }

result<std::unique_ptr<signing_session>> signing_session::begin(const std::vector<secret_key>& keys) {
    if (keys.empty()) return error{errc::refused, "there is no key to sign with"};
    std::vector<secret_key> ours;
    std::map<std::string, std::vector<secret_key>> theirs;
    for (const auto& one : keys) (one.agent_home.empty() ? ours : theirs[one.agent_home]).push_back(one);
    std::vector<room> rooms;
    if (!ours.empty()) {
        LARDER_TRY(auto home, secret_home::make());
        LARDER_TRY(auto made, room::open(std::move(home), ours));
        rooms.push_back(std::move(made));
    }
    for (const auto& [path, of] : theirs) {
        LARDER_TRY(auto made, room::open(secret_home::of(path), of));
        rooms.push_back(std::move(made));
    }
    return std::unique_ptr<signing_session>{std::make_unique<open_session>(std::move(rooms))};
}

}  // namespace larder::signing
