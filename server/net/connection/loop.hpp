#pragma once

#include "connection/served_file.hpp"
#include "connection/transport.hpp"
#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/context.hpp>
#include <larder/core/response_head.hpp>
#include <set>

namespace larder::net {

/// A connection as its loop's watch sees it: when it must have moved on, and how to end it.
class watched {
public:
    virtual ~watched() = default;
    /// Ends what it waits for; its coroutine then finds a broken connection.
    virtual void expire() noexcept = 0;
    /// No further request: at once when it is between two, else after the one under way.
    virtual void wind_down() noexcept = 0;
    steady_point deadline = steady_point::max();
};

/// A connection's place on a loop: taken when the loop is chosen for it, given back when it ends.
class seat {
public:
    explicit seat(counter& taken) : taken_{&taken} { taken.add(); }
    seat(seat&& other) noexcept : taken_{std::exchange(other.taken_, nullptr)} {}
    seat(const seat&) = delete;
    seat& operator=(const seat&) = delete;
    seat& operator=(seat&&) = delete;
    ~seat() {
        if (taken_ != nullptr) taken_->subtract();
    }

private:
    counter* taken_;
};

/// What the connections of one loop share. One thread; no locks.
struct loop_context {
    /// `most_open`: files, and ready answers that hold one, that it keeps.
    loop_context(engine& e, asio::io_context& io_, std::shared_ptr<const routing> r, std::size_t most_open)
        : host{e},
          io{io_},
          files{e, most_open},
          most_answers{most_open},
          routes{std::move(r)},
          routes_generation{e.generation()} {}

    engine& host;
    asio::io_context& io;
    open_files files;
    const std::size_t most_answers;
    std::shared_ptr<const routing> routes;
    std::uint64_t routes_generation;
    std::set<watched*> connections;
    bool stopping = false;

    /// A ready answer by request target: what routing and resolving came to, as long as the engine's
    /// generation stays.
    struct ready {
        std::uint64_t generation = 0;
        served_file_ptr file;
        std::string head_200;  ///< everything but the Date field and the empty line
        core::lifetime keep = core::lifetime::revalidate;
        std::string_view content_type;
        steady_point noted{};  ///< when its use was noted last
    };
    std::unordered_map<std::string, ready> answers;

    /// Lets go of open files and ready answers when objects have left the store.
    void follow_removals();
    /// Lets go of them all: there are no descriptors left.
    void let_go();

    /// The Date field of this second.
    std::string_view date();
    /// The same, and the empty line that ends a head.
    const std::string& date_and_end();
    const std::shared_ptr<const routing>& current_routes();

private:
    std::uint64_t removals_ = 0;
    std::string date_and_end_;
    sys_seconds date_of_{};
};

}  // namespace larder::net
