#pragma once

#include <cstdint>
#include <functional>
#include <larder/base/clock.hpp>
#include <larder/base/digest.hpp>
#include <larder/base/result.hpp>
#include <larder/deployments/generation.hpp>
#include <larder/store/holds.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// A deployment as one file that can be carried: a tar archive, compressed by zstd, entry by entry.

namespace larder::deployments {

/// What a bundle is of: its first entry, signed by the Larder that made it. All else follows from it by hashes.
struct bundle_head {
    std::string deployment;
    std::uint64_t generation = 0;  ///< that is in force
    hold_mode hold = hold_mode::used;
    std::string token;                  ///< SHA-256 of the join token, in hex; may be empty
    std::vector<std::string> archives;  ///< that its suites are of
    std::vector<std::string> on_first_use;
    sys_seconds made{};
    std::uint64_t objects = 0, bytes = 0;
    digest list{};  ///< of the second entry

    std::string write() const;
    /// Takes nothing but what write() gives.
    static result<bundle_head> read(std::string_view text);
    /// The same deployment in the same state has the same, whenever it is signed.
    digest identity() const;
};

/// What is in it, and what for: its second entry.
struct bundle_list {
    struct object {
        digest content{};
        std::uint64_t size = 0;
        sys_seconds modified{};  ///< as it is served: apt compares it
    };
    struct unit {
        std::string name;
        sys_seconds reported{};
        digest report{};
    };
    /// A file that belongs to a state without its manifest naming it: its Release or Release.gpg.
    struct companion {
        digest state{};
        std::string name;
        digest content{};
    };
    std::vector<object> objects;      ///< in the order of the entries that follow
    std::vector<digest> generations;  ///< manifests; the first is that of generation 1
    std::vector<unit> units;
    std::vector<companion> companions;
    std::vector<store::held_object> holds;

    std::string write() const;
    /// `malformed` names the line.
    static result<bundle_list> read(std::string_view text);
};

/// Names of entries: the signed head, the list, and an object.
inline constexpr std::string_view head_entry = "larder-bundle/head.asc";
inline constexpr std::string_view list_entry = "larder-bundle/list";
std::string object_entry(const digest& content);

/// Writes the entries of a bundle, one zstd frame each, so that what is whole of an interrupted one can be told and
/// gone on with. One thread.
class bundle_writer {
public:
    virtual ~bundle_writer() = default;

    /// How many entries of a former attempt are whole, and stay.
    virtual std::size_t whole() const noexcept = 0;
    /// The bytes of the first of those; empty when there is none.
    virtual const std::string& first() const noexcept = 0;
    /// Keeps only so many of them.
    virtual result<void> keep(std::size_t entries) = 0;

    /// Gives the next piece of an entry; an empty one is the end.
    using source = std::function<result<std::string_view>()>;
    /// How much an entry is worth compressing: packages are compressed already.
    enum class effort { none, some };
    /// One more entry. When `from` fails, or gives another number of bytes, nothing of the entry stays.
    virtual result<void> add(const std::string& name, std::uint64_t size, sys_seconds modified, effort how,
                             const source& from) = 0;
    /// Ends the archive, durably.
    virtual result<void> finish() = 0;
};
/// Goes on with the file at `path`, or begins it. `io` where it cannot be written, `refused` where it is no ordinary
/// file, `conflict` while another writer has it open.
result<std::unique_ptr<bundle_writer>> open_bundle_writer(const std::string& path);

/// Reads a bundle from its beginning to its end, in memory that does not grow with it.
class bundle_reader {
public:
    virtual ~bundle_reader() = default;

    struct entry {
        std::string name;
        std::uint64_t size = 0;
        sys_seconds modified{};
    };
    /// The next one; nothing at the end. `malformed` for what is no bundle, or ends too soon.
    virtual result<std::optional<entry>> next() = 0;
    /// The next piece of the entry; empty at its end. Valid until the next call.
    virtual result<std::string_view> read() = 0;
    /// The whole entry; `too_large` over the limit.
    result<std::string> read_all(std::uint64_t limit);
    /// Compressed bytes so far.
    virtual std::uint64_t taken() const noexcept = 0;
};
result<std::unique_ptr<bundle_reader>> open_bundle_reader(const std::string& path);

}  // namespace larder::deployments
