#include "engine.hpp"
#include <larder/base/text.hpp>
#include <larder/signing/verifier.hpp>
#include <unistd.h>

namespace larder::signing {

namespace {

constexpr const char* advice = "; is the package gpg installed?";

const char* gpg_path() {
    gpgme_engine_info_t info = nullptr;
    if (gpgme_get_engine_info(&info) != GPG_ERR_NO_ERROR) return nullptr;
    for (; info != nullptr; info = info->next)
        if (info->protocol == GPGME_PROTOCOL_OpenPGP) return info->file_name;
    return nullptr;
}

/// True, or throws engine_error.
bool start_gpgme() {
    if (gpgme_check_version("1.17.0") == nullptr)
        throw engine_error{"OpenPGP: GPGME 1.17 or later is needed, this is " +
                           std::string{gpgme_check_version(nullptr)}};
    require_gpg();
    const auto err = gpgme_engine_check_version(GPGME_PROTOCOL_OpenPGP);
    if (gpgme_err_code(err) != GPG_ERR_NO_ERROR)
        throw engine_error{"OpenPGP: gpg does not run, or is too old: " + explain(err) + advice};
    return true;
}

}  // namespace

std::string explain(gpgme_error_t err) {
    char text[200] = {};
    (void)gpgme_strerror_r(err, text, sizeof text);
    return printable(text);
}

void check(gpgme_error_t err, std::string_view doing) {
    if (gpgme_err_code(err) == GPG_ERR_NO_ERROR) return;
    throw engine_error{"OpenPGP: " + std::string{doing} + ": " + explain(err)};
}

void require_gpg() {
    const char* path = gpg_path();
    if (path == nullptr) throw engine_error{std::string{"OpenPGP: GPGME finds no gpg"} + advice};
    if (::access(path, X_OK) != 0) throw engine_error{"OpenPGP: there is no " + std::string{path} + advice};
}

void initialise() {
    // GPGME asks for exactly one gpgme_check_version before anything else in the process. Not
    // std::call_once: after an exception its next call never returns under the thread sanitizer.
    [[maybe_unused]] static const bool ready = start_gpgme();
}

context make_context(const std::string& home) {
    gpgme_ctx_t raw = nullptr;
    check(gpgme_new(&raw), "making a context");
    context c{raw};
    check(gpgme_set_protocol(raw, GPGME_PROTOCOL_OpenPGP), "choosing OpenPGP");
    check(gpgme_ctx_set_engine_info(raw, GPGME_PROTOCOL_OpenPGP, nullptr, home.c_str()), "choosing the keyring");
    gpgme_set_offline(raw, 1);
    check(gpgme_set_ctx_flag(raw, "auto-key-retrieve", "0"), "going offline");
    return c;
}

data read_from(std::string_view bytes) {
    gpgme_data_t raw = nullptr;
    check(gpgme_data_new_from_mem(&raw, bytes.data(), bytes.size(), 0), "reading from memory");
    return data{raw};
}

data write_to_memory() {
    gpgme_data_t raw = nullptr;
    check(gpgme_data_new(&raw), "writing to memory");
    return data{raw};
}

std::string take_bytes(data d) {
    struct bytes_deleter {
        void operator()(char* p) const noexcept { gpgme_free(p); }
    };
    std::size_t size = 0;
    const std::unique_ptr<char, bytes_deleter> bytes{gpgme_data_release_and_get_mem(d.release(), &size)};
    return bytes ? std::string{bytes.get(), size} : std::string{};
}

}  // namespace larder::signing
