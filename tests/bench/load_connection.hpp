#pragma once

#include "load_tally.hpp"
#include <cstdint>
#include <deque>
#include <larder/base/file.hpp>
#include <larder/base/result.hpp>
#include <netinet/in.h>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace larder::bench {

/// What becomes of a body that needs no check.
enum class bodies {
    dropped,  ///< the kernel throws it away (MSG_TRUNC): the generator takes as little processor as can be
    copied,   ///< read into memory, as a client would
};

/// What every connection of a run does.
struct plan {
    sockaddr_in address{};
    std::vector<std::string> requests;           ///< whole request heads, asked in turn
    std::optional<std::uint64_t> expected_size;  ///< of each body; another length is an error
    unsigned depth = 1;                          ///< requests in flight on one connection
    bodies body = bodies::dropped;
    int receive_buffer = 0;  ///< SO_RCVBUF in bytes; 0: the system's own sizing
};

/// One keep-alive connection in a closed loop: as soon as an answer is complete the next request goes
/// out, as long as the tally has some. Errors go to the tally; a broken connection is opened again.
class connection {
public:
    connection(const plan&, tally&);

    /// Connects, waiting for it. To be called before anything else.
    result<void> open();
    int fd() const noexcept { return fd_.get(); }
    /// No request in flight, and none to be had.
    bool idle() const noexcept { return in_flight_.empty(); }

    /// Sends requests until `depth` are in flight.
    void fill();
    /// Takes what has arrived, at most about `allowance` bytes. Returns false when the connection is
    /// of no use any more: the caller opens it again (requests without an answer went back to the
    /// tally) or gives it up.
    bool take(std::uint64_t allowance);

private:
    bool read_head(std::string_view& bytes);
    void read_body(std::string_view& bytes);
    bool drop_body(std::uint64_t allowance);
    void count_body(std::uint64_t bytes);
    bool broken(const std::string& why);
    bool closed_by_peer();

    const plan& plan_;
    tally& tally_;
    unique_fd fd_;
    std::deque<steady::time_point> in_flight_;  // when each was sent, oldest first
    std::string head_;                          // of the answer being read, as far as it has arrived
    std::uint64_t body_left_ = 0;
    bool in_body_ = false;
    bool answered_ = false;  // at least one whole answer since open()
    std::size_t next_request_ = 0;
};

/// One GET on a connection of its own, the body read and hashed. The hex SHA-256 of it.
result<std::string> fetch_and_hash(const plan&);

}  // namespace larder::bench
