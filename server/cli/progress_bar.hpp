#pragma once

#include <chrono>
#include <larder/net/engine.hpp>
#include <string>

namespace larder::cli {

/// One line of progress, as wide as the terminal: what is being done, a bar, how much of it, and how
/// long it will still take. Without a total: only what, and how many. `since` is the time on this step.
std::string progress_line(const net::progress& p, std::chrono::seconds since, std::size_t width);

/// Shows progress on standard error while it is a terminal and nobody said --quiet; else nothing. The
/// line is gone when the bar is.
class progress_bar {
public:
    enum class shown { when_terminal, never };
    explicit progress_bar(shown how);
    ~progress_bar();
    progress_bar(const progress_bar&) = delete;
    progress_bar& operator=(const progress_bar&) = delete;

    void show(const net::progress& p);

private:
    bool on_ = false;
    bool drawn_ = false;
    std::string doing_;
    std::chrono::steady_clock::time_point begun_{};
};

}  // namespace larder::cli
