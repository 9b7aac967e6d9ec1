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
    std::uint64_t stamp = 0;  ///< of the file when it was opened (not `in_memory`)

    /// Whether somebody has written to the file since it was opened.
    bool changed() const { return !in_memory && stamp_of(fd.get()) != stamp; }
};
using served_file_ptr = std::shared_ptr<const served_file>;

/// The last objects that a loop sent, open. One loop's own: no locks. Small ones are hashed when they
/// are read, so that a damaged one is never sent.
class open_files {
public:
    /// Keeps at most `most` of them.
    open_files(engine& e, std::size_t most) : engine_{e}, most_{most} {}

    /// Opened anew when it was written to meanwhile.
    /// `digest_mismatch` when the file is not what its name says (it has been set aside then),
    /// `absent` when it is not here.
    result<served_file_ptr> get(const digest& content, const store::object_info& info);

    /// Closes them all: what left the store must be neither sent nor keep its room on the disk.
    void let_go();

private:
    static constexpr std::uint64_t most_memory = 24ULL << 20;

    result<served_file_ptr> open(const digest& content, const store::object_info& info);
    void shrink();

    engine& engine_;
    const std::size_t most_;
    std::list<served_file_ptr> by_use_;
    std::unordered_map<digest, std::list<served_file_ptr>::iterator, digest_hash> by_content_;
    std::uint64_t memory_ = 0;
};

/// The largest object that is kept in memory.
inline constexpr std::uint64_t most_in_memory = 32 * 1024;

}  // namespace larder::net
