#include "armour.hpp"
#include "engine.hpp"
#include "gpg_home.hpp"
#include <larder/signing/signer.hpp>
#include <larder/signing/verifier.hpp>

namespace larder::signing {
namespace {

error failed(std::string_view doing, gpgme_error_t err) {
    require_gpg();
    return {errc::io, std::string{doing} + ": " + explain(err) + " (is gpg-agent installed?)"};
}

bool is_error(gpgme_error_t err) { return gpgme_err_code(err) != GPG_ERR_NO_ERROR; }

result<std::string> export_key(const context& ctx, const std::string& fingerprint, gpgme_export_mode_t mode) {
    auto out = write_to_memory();
    gpgme_set_armor(ctx.get(), 1);
    const auto err = gpgme_op_export(ctx.get(), fingerprint.c_str(), mode, out.get());
    if (is_error(err)) return failed("exporting a key", err);
    auto text = take_bytes(std::move(out));
    if (text.empty()) return error{errc::io, "gpg exported no key"};
    return text;
}

/// The home's only key, which can sign.
result<key> only_key(const context& ctx) {
    check(gpgme_op_keylist_start(ctx.get(), nullptr, 1), "listing the keys");
    gpgme_key_t raw = nullptr;
    const auto err = gpgme_op_keylist_next(ctx.get(), &raw);
    key found{raw};
    gpgme_op_keylist_end(ctx.get());
    if (is_error(err) || !found || found->subkeys == nullptr || found->subkeys->fpr == nullptr || !found->can_sign)
        return error{errc::malformed, "there is no key in it that gpg can sign with"};
    return found;
}

}  // namespace

result<signer> signer::make(const std::string& user_id) {
    initialise();
    LARDER_TRY(const auto home, gpg_home::make(gpg_home::purpose::signing));
    const auto ctx = make_context(home.path());
    const auto err =
        gpgme_op_createkey(ctx.get(), user_id.c_str(), "ed25519", 0, 0, nullptr,
                           GPGME_CREATE_SIGN | GPGME_CREATE_NOPASSWD | GPGME_CREATE_NOEXPIRE | GPGME_CREATE_FORCE);
    if (is_error(err)) return failed("making a key", err);
    LARDER_TRY(const auto made, only_key(ctx));
    signer s;
    s.fingerprint_ = made->subkeys->fpr;
    LARDER_TRY(s.secret_, export_key(ctx, s.fingerprint_, GPGME_EXPORT_MODE_SECRET));
    LARDER_TRY(s.public_, export_key(ctx, s.fingerprint_, 0));
    return s;
}

namespace {

result<key> import_secret(const context& ctx, std::string_view secret) {
    const auto in = read_from(secret);
    const auto err = gpgme_op_import(ctx.get(), in.get());
    const auto* outcome = gpgme_op_import_result(ctx.get());
    if (is_error(err) || outcome == nullptr || outcome->secret_imported + outcome->secret_unchanged == 0) {
        require_gpg();
        return error{errc::malformed,
                     "it holds no secret key that gpg takes" + (is_error(err) ? ": " + explain(err) : std::string{})};
    }
    return only_key(ctx);
}

}  // namespace

result<signer> signer::open(std::string secret_key) {
    initialise();
    LARDER_TRY(const auto home, gpg_home::make(gpg_home::purpose::signing));
    const auto ctx = make_context(home.path());
    signer s;
    s.secret_ = std::move(secret_key);
    LARDER_TRY(const auto ours, import_secret(ctx, s.secret_));
    s.fingerprint_ = ours->subkeys->fpr;
    LARDER_TRY(s.public_, export_key(ctx, s.fingerprint_, 0));
    return s;
}

namespace {

/// Signs in one home, in one or several ways.
class signing_room {
public:
    static result<signing_room> open(std::string_view secret) {
        LARDER_TRY(auto home, gpg_home::make(gpg_home::purpose::signing));
        signing_room room{std::move(home)};
        LARDER_TRY(const auto ours, import_secret(room.ctx_, secret));
        check(gpgme_signers_add(room.ctx_.get(), ours.get()), "choosing the key");
        gpgme_set_armor(room.ctx_.get(), 1);
        return room;
    }
    result<std::string> sign(std::string_view text, gpgme_sig_mode_t how) const {
        const auto in = read_from(text);
        auto out = write_to_memory();
        const auto err = gpgme_op_sign(ctx_.get(), in.get(), out.get(), how);
        if (is_error(err)) return failed("signing", err);
        return take_bytes(std::move(out));
    }

private:
    explicit signing_room(gpg_home home) : home_{std::move(home)}, ctx_{make_context(home_.path())} {}

    gpg_home home_;
    context ctx_;
};

result<void> check_text(std::string_view text) {
    if (canonical_text(text) == text) return {};
    return error{errc::malformed, "a text to be signed has no blanks at line ends, and a newline at its end"};
}

}  // namespace

result<std::string> signer::clear_signed(std::string_view text) const {
    LARDER_CHECK(check_text(text));
    LARDER_TRY(const auto room, signing_room::open(secret_));
    return room.sign(text, GPGME_SIG_MODE_CLEAR);
}

namespace {

class open_session final : public signer::session {
public:
    explicit open_session(signing_room room) : room_{std::move(room)} {}

    result<both_ways> release(std::string_view text) const override {
        LARDER_CHECK(check_text(text));
        both_ways made;
        LARDER_TRY(made.clear, room_.sign(text, GPGME_SIG_MODE_CLEAR));
        LARDER_TRY(made.detached, room_.sign(text, GPGME_SIG_MODE_DETACH));
        return made;
    }

private:
    signing_room room_;
};

}  // namespace

result<std::unique_ptr<signer::session>> signer::begin() const {
    LARDER_TRY(auto room, signing_room::open(secret_));
    return std::unique_ptr<session>{std::make_unique<open_session>(std::move(room))};
}

}  // namespace larder::signing
