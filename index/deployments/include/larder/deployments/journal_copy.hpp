#pragma once

#include <larder/deployments/journal.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace larder::deployments {

/// What is signed of the journal at intervals: which entry was the last then. As each names the one before by its hash,
/// all of them up to there are what they were.
struct journal_seal {
    std::uint64_t number = 0;
    digest entry{};
    sys_seconds when{};

    std::string write() const;
    static result<journal_seal> read(std::string_view text);
};
/// Refs "journal-seal/NUMBER", ten digits, each the object of a clear-signed seal.
inline constexpr std::string_view seal_prefix = "journal-seal/";
std::string seal_ref(std::uint64_t number);

/// The journal as one text that can be carried, and looked at without the store that it is of:
///
///     Larder-Journal-Copy: 1
///
///     (each entry, with an empty line behind it)
///     (the last seal, clear-signed)
///     (the public key that it was signed with)
struct journal_copy {
    std::vector<journal_entry> entries;  ///< from the first on
    std::string seal;                    ///< clear-signed; empty: none was made yet
    std::string key;                     ///< armoured

    std::string write() const;
    /// `malformed` for what write() has not made. Nothing is verified.
    static result<journal_copy> read(std::string_view text);
    /// Whether the entries follow each other from the first on, and the hash of each. `digest_mismatch` names the first
    /// that does not.
    result<std::vector<digest>> check_chain() const;
};

/// Whether that seal is of one of these entries; its number. `digest_mismatch` when it is not.
result<std::uint64_t> check_seal(const journal_seal& seal, const std::vector<digest>& entries);

}  // namespace larder::deployments
