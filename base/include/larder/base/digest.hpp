#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <larder/base/result.hpp>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace larder {

/// A SHA-256 value: the name of an object.
struct digest {
    std::array<std::uint8_t, 32> bytes{};

    auto operator<=>(const digest&) const = default;

    /// 64 lower-case hexadecimal digits.
    std::string hex() const;

    /// Takes exactly 64 hexadecimal digits, either case; anything else is `malformed`.
    static result<digest> from_hex(std::string_view);

    /// Takes exactly 32 raw bytes (a database key); anything else is `malformed`.
    static result<digest> from_bytes(std::string_view);

    std::string_view as_bytes() const noexcept { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }
};

/// Any 8 bytes of a digest are as good a hash as any other.
struct digest_hash {
    std::size_t operator()(const digest& d) const noexcept {
        std::size_t h;
        std::memcpy(&h, d.bytes.data(), sizeof h);
        return h;
    }
};

/// Which hash an expected value is of. Only hashes that apt trusts (SHA-1 and MD5 never).
enum class hash_kind { sha256, sha512 };

/// A running hash. Not thread-safe; one writer. Throws std::runtime_error only when OpenSSL itself
/// is broken.
class hasher {
public:
    explicit hasher(hash_kind kind = hash_kind::sha256);
    ~hasher();
    hasher(hasher&&) noexcept;
    hasher& operator=(hasher&&) noexcept;

    void update(std::string_view bytes);
    void update(std::span<const std::byte> bytes) {
        update(std::string_view{reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    }

    /// Another that has taken what this one has: what follows is hashed by each on its own.
    hasher copy() const;

    /// The SHA-256 so far; the hasher starts anew. Only for hash_kind::sha256.
    digest finish();
    /// The value so far in lower-case hex, whatever the kind; the hasher starts anew.
    std::string finish_hex();

private:
    struct impl;
    std::unique_ptr<impl> impl_;
};

/// The SHA-256 of a text in memory.
digest sha256(std::string_view);

/// Lower-case hex of any bytes, and back (`malformed` on an odd length or another character).
std::string to_hex(std::string_view bytes);
result<std::string> from_hex(std::string_view hex);

}  // namespace larder
