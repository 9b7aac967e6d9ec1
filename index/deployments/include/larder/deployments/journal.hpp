#pragma once

#include <cstdint>
#include <functional>
#include <larder/base/clock.hpp>
#include <larder/base/digest.hpp>
#include <larder/base/result.hpp>
#include <larder/store/fetches.hpp>
#include <larder/store/objects.hpp>
#include <larder/store/refs.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace larder::deployments {

/// Something that somebody did, as it stands in the journal for ever.
struct journal_entry {
    std::uint64_t number = 0;        ///< from 1, without a gap
    std::optional<digest> previous;  ///< the entry before; none for the first
    sys_seconds when{};
    std::string what;     ///< one word: "deployment-create"
    std::string subject;  ///< "web", "web@3"
    std::string by, reason;
    std::optional<store::fetch_head> fetches = {};  ///< the fetch log as it was then

    std::string write() const;
    static result<journal_entry> read(std::string_view text);
};

inline constexpr std::string_view journal_prefix = "journal/";

/// Entries as objects, each of which names the one before by its hash: none can be changed, or taken out, without
/// changing all that follow. Refs "journal/NUMBER" and "journal-head". Thread-safe as far as the stores are; blocks.
class journal {
public:
    journal(store::object_store& objects, store::ref_store& refs) : objects_{objects}, refs_{refs} {}

    /// Puts it at the end; number and previous are filled in here.
    result<journal_entry> append(journal_entry entry);
    /// The last `most` entries, the oldest first; 0: all.
    result<std::vector<journal_entry>> last(std::size_t most) const;
    /// The same, one by one with their numbers, also those that cannot be read.
    using entry_sink = std::function<void(std::uint64_t number, result<journal_entry>&&)>;
    result<void> each(std::size_t most, const entry_sink& take) const;
    /// Whether the chain is whole: how many entries it has. `digest_mismatch`, or what it is, with the number of the
    /// first entry that does not fit.
    result<std::uint64_t> verify() const;
    /// What its entries say of the fetch log, the oldest first.
    result<std::vector<store::fetch_mark>> marks() const;

private:
    store::object_store& objects_;
    store::ref_store& refs_;
};

}  // namespace larder::deployments
