#pragma once

#include <larder/net/engine.hpp>
#include <list>
#include <string>
#include <unordered_map>

namespace larder::net {

/// An object that is ready to be sent: its descriptor, or for a small one its bytes.
struct served_file {
    digest content;
    std::uint64_t size = 0;
    sys_seconds modified{};
    std::string etag;    ///< with its quotes
    std::string memory;  ///< the whole of it when `in_memory`
    bool in_memory = false;
    unique_fd fd;
};
using served_file_ptr = std::shared_ptr<const served_file>;

/// The last objects that a loop sent, open. One loop's own: no locks. Small ones are hashed when they
/// are read, so that a damaged one is never sent.
class open_files {
public:
    explicit open_files(engine& e) : engine_{e} {}

    /// `digest_mismatch` when the file is not what its name says (it has been set aside then),
    /// `absent` when it is not here.
    result<served_file_ptr> get(const digest& content, const store::object_info& info);

    /// Closes them all: what left the store must be neither sent nor keep its room on the disk.
    void let_go();

private:
    static constexpr std::size_t most_files = 512;
    static constexpr std::uint64_t most_memory = 24ULL << 20;

    result<served_file_ptr> open(const digest& content, const store::object_info& info);
    void shrink();

    engine& engine_;
    std::list<served_file_ptr> by_use_;
    std::unordered_map<digest, std::list<served_file_ptr>::iterator, digest_hash> by_content_;
    std::uint64_t memory_ = 0;
};

/// The largest object that is kept in memory.
inline constexpr std::uint64_t most_in_memory = 32 * 1024;

}  // namespace larder::net
