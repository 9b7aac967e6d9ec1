#include <array>
#include <larder/base/digest.hpp>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <site/form_seal.hpp>
#include <stdexcept>
#include <sys/random.h>

namespace larder::net::site {

form_seal::form_seal() : secret_(32, '\0') {
    if (::getrandom(secret_.data(), secret_.size(), 0) != static_cast<ssize_t>(secret_.size()))
        throw std::runtime_error{"the kernel gives no random bytes"};
}

std::string form_seal::of(std::string_view text) const {
    std::string made(EVP_MAX_MD_SIZE, '\0');
    unsigned size = 0;
    auto* const to = reinterpret_cast<unsigned char*>(made.data());
    const auto* const from = reinterpret_cast<const unsigned char*>(text.data());
    if (HMAC(EVP_sha256(), secret_.data(), static_cast<int>(secret_.size()), from, text.size(), to, &size) == nullptr)
        throw std::runtime_error{"OpenSSL makes no HMAC"};
    made.resize(size);
    return to_hex(made);
}

bool form_seal::fits(std::string_view text, std::string_view seal) const {
    const auto ours = of(text);
    return ours.size() == seal.size() && CRYPTO_memcmp(ours.data(), seal.data(), ours.size()) == 0;
}

}  // namespace larder::net::site
