#pragma once

#include "lmdb_env.hpp"
#include <larder/store/catalogue.hpp>

namespace larder::store {

/// Keys and rows of the tables paths and contents, and how claims get into them.

using path_key = std::array<char, 20>;
using content_key = std::array<char, 36>;

template <std::size_t N>
std::string_view key_view(const std::array<char, N>& key) {
    return {key.data(), key.size()};
}

/// An archive's number; nothing before anything was learnt of it.
std::optional<std::uint32_t> archive_number(const read_txn&, std::string_view archive);
/// The same, given now if it has none.
std::uint32_t number_archive(write_txn&, std::string_view archive);

path_key make_path_key(std::uint32_t archive, std::string_view path);
content_key make_content_key(const digest&, std::uint32_t archive);

/// The claims of one row of `paths`, each with the path that was asked.
std::vector<claim> parse_claims(std::string_view row, std::string_view path);

/// The claims of one index in the order in which they are written, made outside the transaction.
/// Keeps pointers into `claims`.
class sorted_claims {
public:
    explicit sorted_claims(const std::vector<claim>& claims);
    /// Puts what is not there yet, and each where its rank says.
    void store(write_txn&, std::uint32_t archive, claims_are rank);

private:
    void store_paths(write_txn&, std::uint32_t archive, claims_are rank) const;
    void store_contents(write_txn&, std::uint32_t archive, claims_are rank) const;

    struct by_path {
        std::array<char, 16> hash;
        const claim* what;
    };
    std::vector<by_path> paths_;
    std::vector<const claim*> contents_;
};

}  // namespace larder::store
