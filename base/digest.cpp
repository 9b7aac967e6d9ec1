#include <larder/base/digest.hpp>
#include <openssl/evp.h>

namespace larder {
namespace {

constexpr char digits[] = "0123456789abcdef";

int nibble(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

bool unhex(std::string_view hex, std::uint8_t* out) noexcept {
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
        const int high = nibble(hex[i]);
        const int low = nibble(hex[i + 1]);
        if (high < 0 || low < 0) return false;
        *out++ = static_cast<std::uint8_t>(high << 4 | low);
    }
    return true;
}

}  // namespace

std::string to_hex(std::string_view bytes) {
    std::string text(bytes.size() * 2, '\0');
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        const auto b = static_cast<std::uint8_t>(bytes[i]);
        text[2 * i] = digits[b >> 4];
        text[2 * i + 1] = digits[b & 15];
    }
    return text;
}

result<std::string> from_hex(std::string_view hex) {
    std::string bytes(hex.size() / 2, '\0');
    if (hex.size() % 2 != 0 || !unhex(hex, reinterpret_cast<std::uint8_t*>(bytes.data())))
        return error{errc::malformed, "not a hexadecimal value"};
    return bytes;
}

std::string digest::hex() const { return to_hex(as_bytes()); }

result<digest> digest::from_hex(std::string_view text) {
    digest d;
    if (text.size() != 64 || !unhex(text, d.bytes.data()))
        return error{errc::malformed, "not a SHA-256 value (64 hexadecimal digits)"};
    return d;
}

result<digest> digest::from_bytes(std::string_view text) {
    digest d;
    if (text.size() != d.bytes.size()) return error{errc::malformed, "not a SHA-256 value (32 bytes)"};
    std::memcpy(d.bytes.data(), text.data(), d.bytes.size());
    return d;
}

struct hasher::impl {
    struct freer {
        void operator()(EVP_MD_CTX* c) const noexcept { EVP_MD_CTX_free(c); }
    };
    std::unique_ptr<EVP_MD_CTX, freer> context{EVP_MD_CTX_new()};
    const EVP_MD* method = nullptr;

    void restart() {
        if (!context || EVP_DigestInit_ex(context.get(), method, nullptr) != 1)
            throw std::runtime_error{"OpenSSL cannot start a hash"};
    }
    std::string finish() {
        unsigned char out[EVP_MAX_MD_SIZE];
        unsigned int size = 0;
        if (EVP_DigestFinal_ex(context.get(), out, &size) != 1)
            throw std::runtime_error{"OpenSSL cannot finish a hash"};
        restart();
        return {reinterpret_cast<char*>(out), size};
    }
};

hasher::hasher(hash_kind kind) : impl_{std::make_unique<impl>()} {
    impl_->method = kind == hash_kind::sha256 ? EVP_sha256() : EVP_sha512();
    impl_->restart();
}
hasher::~hasher() = default;
hasher::hasher(hasher&&) noexcept = default;
hasher& hasher::operator=(hasher&&) noexcept = default;

hasher hasher::copy() const {
    hasher made;
    made.impl_->method = impl_->method;
    if (EVP_MD_CTX_copy_ex(made.impl_->context.get(), impl_->context.get()) != 1)
        throw std::runtime_error{"OpenSSL cannot copy a hash"};
    return made;
}

void hasher::update(std::string_view bytes) {
    if (EVP_DigestUpdate(impl_->context.get(), bytes.data(), bytes.size()) != 1)
        throw std::runtime_error{"OpenSSL cannot hash"};
}

digest hasher::finish() { return digest::from_bytes(impl_->finish()).value(); }

std::string hasher::finish_hex() { return to_hex(impl_->finish()); }

digest sha256(std::string_view text) {
    hasher h;
    h.update(text);
    return h.finish();
}

}  // namespace larder
