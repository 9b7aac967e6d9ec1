#pragma once

#include <cstdint>
#include <functional>
#include <larder/base/clock.hpp>
#include <larder/base/digest.hpp>
#include <larder/base/result.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace larder::store {

/// How an object came into the store.
enum class arrival {
    fetched,   ///< from a mirror
    repaired,  ///< the same, in place of one that was damaged or lost
    imported,  ///< from a folder of this machine
    bundled,   ///< from a deployment's bundle
    made,      ///< by this store, and signed with its own key
};
std::string_view to_string(arrival) noexcept;

/// Where an object comes from, told by whoever brings it.
struct provenance {
    arrival how = arrival::fetched;
    sys_seconds when{};
    std::string archive, path;        ///< below the archive's root; empty where that is not known
    std::vector<std::string> from{};  ///< URLs, without credentials and queries, or a file; the last one ended it
    /// The snapshot's id of the state whose Release names it, where that was looked at.
    std::optional<digest> state{};
};

/// The arrival of one object, as it stands in the log for ever.
struct fetch_entry {
    std::uint64_t number = 0;          ///< from 1, without a gap
    std::optional<digest> previous{};  ///< SHA-256 of the entry before; none for the first
    digest content{};
    std::uint64_t size = 0;
    provenance origin{};

    /// Text from outside is shortened and made printable, so that an entry has at most `most_bytes`.
    std::string write() const;
    /// `malformed` names the field; `unsupported` for the format of a newer Larder.
    static result<fetch_entry> read(std::string_view text);

    static constexpr std::size_t most_bytes = 4096;
    static constexpr std::size_t most_from = 4;
};

/// The log up to an entry: changing any of it, or taking one out, changes `last`.
struct fetch_head {
    std::uint64_t number = 0;
    digest last{};  ///< SHA-256 of that entry
    bool operator==(const fetch_head&) const = default;
};
/// Where somebody else has written down what the head was.
struct fetch_mark {
    fetch_head head;
    std::string by;  ///< for people: "the journal's entry 3"
};

/// Which objects came, when and from where: entries that are only ever added, each of which names the one before by its
/// hash. Not derived. Objects go, the log stays: some 600 bytes of database for each arrival. What came before a store
/// had a log is not in it.
///
/// An entry is written to a file at once, before its object has its name, and into the database with others about twice
/// a second, or when somebody asks: a fetch waits for no sync of its own. So an end of the process loses none; a loss
/// of power may lose those of the last moments, and never leaves a gap. An entry whose object did not come to be is
/// possible: a crash or a full disk was in between. Thread-safe.
class fetch_log {
public:
    virtual ~fetch_log() = default;

    /// Adds an entry; number and previous are filled in here. Does not wait for the disk, but for one call in a
    /// thousand.
    virtual void note(provenance from, const digest& content, std::uint64_t size) = 0;
    /// Whether flush() has anything to do.
    virtual bool pending() const = 0;
    /// Makes durable what was noted.
    virtual result<void> flush() = 0;

    // These flush first.
    /// Nothing when it has no entry.
    virtual result<std::optional<fetch_head>> head() = 0;
    /// The entries of an object, the latest `most` of them, the oldest first.
    virtual result<std::vector<fetch_entry>> of(const digest& content, std::size_t most = 100) = 0;
    /// When the first entry was written; nothing when there is none.
    virtual result<std::optional<sys_seconds>> began() = 0;
    /// Whether the chain is whole, ends where it should, and goes through all `marks`: how many entries it has.
    /// `digest_mismatch`, or what it is, with the number of the first entry that does not fit.
    virtual result<std::uint64_t> verify(std::vector<fetch_mark> marks) = 0;
    /// Makes the derived table anew, by which entries are found from their objects.
    virtual result<void> index_anew() = 0;
};

}  // namespace larder::store
