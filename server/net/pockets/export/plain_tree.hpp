#pragma once

#include <functional>
#include <larder/base/digest.hpp>
#include <larder/net/engine.hpp>
#include <larder/pockets/published_index.hpp>
#include <map>
#include <optional>
#include <string>
#include <string_view>

// What a publication is as files below one folder.

namespace larder::net::publishing {

/// In the order in which mirrors need them: each of them names only what stands before it.
enum class tree_part { key, pool, by_hash, index, release, release_gpg, in_release };

struct tree_file {
    tree_part part = tree_part::pool;
    std::uint64_t size = 0;
    digest content{};
    std::optional<digest> plain;        ///< of an index: its uncompressed form, in whose chunks it may be kept
    std::optional<pockets::form> form;  ///< of an index: which of their forms it is; none: that one
    std::string text;                   ///< of one that is no object: its bytes
    sys_seconds modified{};             ///< what its Last-Modified should be; of a package: nothing
    std::string linked_to;              ///< of an index: the path by which its bytes are there already
};
/// By their paths: "pool/main/s/service/service_2.0_amd64.deb".
using plain_tree = std::map<std::string, tree_file, std::less<>>;

/// Adds all files of a suite's state. `conflict` where a path has other bytes already.
result<void> add_suite(engine& e, const std::string& suite, const digest& state, plain_tree& to);
/// And the keys with which clients verify it.
void add_keys(engine& e, const std::string& archive, plain_tree& to);

/// Hands over a file's bytes, piece by piece; after the last it has compared their hash: `digest_mismatch`.
result<void> read_file_of(engine& e, const std::string& path, const tree_file& file,
                          const std::function<result<void>(std::string_view)>& take);

}  // namespace larder::net::publishing
