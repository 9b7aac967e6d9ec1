#pragma once

#include <atomic>
#include <boost/asio/thread_pool.hpp>

namespace larder::net {

/// Where uploads are looked at: threads of their own, since they wait for each other and for whoever publishes in their
/// archive, and all other work goes on meanwhile.
struct upload_room {
    static constexpr int threads = 4, most_waiting = 64;

    boost::asio::thread_pool pool{threads};
    std::atomic<int> waiting{0};

    /// A place in it, or none: then there are too many.
    class place {
    public:
        explicit place(upload_room& of) : of_{of}, got_{of.waiting.fetch_add(1) < most_waiting} {}
        ~place() { of_.waiting.fetch_sub(1); }
        place(const place&) = delete;
        place& operator=(const place&) = delete;
        explicit operator bool() const noexcept { return got_; }

    private:
        upload_room& of_;
        const bool got_;
    };
};

}  // namespace larder::net
