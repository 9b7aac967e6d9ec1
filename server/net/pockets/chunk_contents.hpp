#pragma once

#include <chrono>
#include <larder/pockets/published_index.hpp>
#include <larder/qa/gate.hpp>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

namespace larder::net::publishing {

/// What a stanza of a published index says of its package that a promotion asks for, and the hash of its text.
struct listed_stanza {
    qa::promoted_package package;
    digest text{};
};
/// Of all stanzas of a chunk, in its order.
using chunk_contents = std::vector<listed_stanza>;
using chunk_contents_ptr = std::shared_ptr<const chunk_contents>;

/// What stands in chunks of published indices, kept from one promotion to the next: of a pocket of 63,000 packages a
/// publication changes a few chunks, and reading all of them takes half a second. By the hash of the chunk, so nothing
/// in it is ever out of date. Thread-safe; blocks.
class known_contents {
public:
    using clock = std::chrono::steady_clock;

    /// Of each chunk of an index; reads those that are not known. `source`: it is one of source packages.
    result<std::vector<chunk_contents_ptr>> of(const pockets::placed_list& in, bool source,
                                               const pockets::object_opener& open);
    /// Lets go of what nobody asked for since.
    void forget(clock::time_point before);

private:
    struct entry {
        chunk_contents_ptr contents;
        clock::time_point asked;
    };
    chunk_contents_ptr find(const digest& chunk);
    void keep(const digest& chunk, const chunk_contents_ptr& contents);

    std::mutex mutex_;
    std::unordered_map<digest, entry, digest_hash> known_;
    std::size_t stanzas_ = 0;
};

}  // namespace larder::net::publishing
