#pragma once

#include <cstdint>
#include <larder/base/digest.hpp>
#include <larder/base/result.hpp>
#include <larder/index/byte_source.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace larder::debs::detail {

/// The members of an ar file, one after the other, as dpkg reads them (lib/dpkg/ar.c), and the hash of the whole file
/// meanwhile. `malformed` for what is no ar file or ends too soon, `too_large` over the limit.
class ar_reader {
public:
    ar_reader(index::byte_source& in, std::uint64_t most_bytes) : in_{in}, most_{most_bytes} {}

    struct member {
        std::string name;  ///< up to 16 bytes; without the slash that GNU ar puts behind it
        std::uint64_t size = 0;
    };

    /// What every ar file begins with. Once, first.
    result<void> magic();
    /// The next member, whatever was read of the one before; nothing at the end of the file.
    result<std::optional<member>> next();
    /// The next piece of the present member; empty at its end.
    result<std::string_view> read();
    /// The whole of the present member, if it has no more than `most` bytes.
    result<std::string> read_all(std::uint64_t most);
    /// The rest of the present member as a source, for as long as the reader lives and next() is not called.
    std::unique_ptr<index::byte_source> rest_of_member();

    /// Of the whole file, once next() gave nothing.
    digest content() { return hash_.finish(); }
    std::uint64_t size() const noexcept { return taken_; }

private:
    result<bool> refill();
    result<std::string> take(std::size_t bytes);

    index::byte_source& in_;
    std::uint64_t most_;
    std::uint64_t taken_ = 0;
    hasher hash_;
    std::string_view rest_;   // what in_ gave and is not handed on
    std::uint64_t left_ = 0;  // of the present member
    bool padded_ = false;     // a byte stands between it and the next
};

}  // namespace larder::debs::detail
