#include "progress_bar.hpp"
#include <algorithm>
#include <larder/base/text.hpp>
#include <larder/base/units.hpp>
#include <sys/ioctl.h>
#include <unistd.h>

namespace larder::cli {
namespace {

constexpr std::size_t usual_width = 80;
constexpr std::size_t bar_width = 24;

std::size_t terminal_width() {
    winsize size{};
    if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col < 20) return usual_width;
    return size.ws_col;
}

void put(const std::string& text) { static_cast<void>(write_all(STDERR_FILENO, text, "showing progress")); }

}  // namespace

std::string progress_line(const net::progress& p, std::chrono::seconds since, std::size_t width) {
    auto line = printable(p.doing, 60);
    if (p.total == 0) {
        if (p.done > 0) line += "  " + std::to_string(p.done);
        return line.substr(0, width);
    }
    const auto done = std::min(p.done, p.total);
    const auto part = static_cast<double>(done) / static_cast<double>(p.total);
    const auto filled = static_cast<std::size_t>(part * static_cast<double>(bar_width));
    line += "  [" + std::string(filled, '#') + std::string(bar_width - filled, ' ') + "] ";
    line += std::to_string(static_cast<int>(part * 100)) + " %";
    // The first seconds tell nothing yet.
    if (since.count() >= 2 && part > 0.01 && part < 1) {
        const auto left = static_cast<double>(since.count()) * (1 - part) / part;
        line += ", " + format_duration(std::chrono::seconds{static_cast<std::int64_t>(left)}) + " to go";
    }
    return line.substr(0, width);
}

progress_bar::progress_bar(shown how) : on_{how == shown::when_terminal && ::isatty(STDERR_FILENO) == 1} {}

progress_bar::~progress_bar() {
    if (drawn_) put("\r\033[K");
}

void progress_bar::show(const net::progress& p) {
    if (!on_) return;
    const auto now = std::chrono::steady_clock::now();
    if (p.doing != doing_) {
        doing_ = p.doing;
        begun_ = now;
    }
    put("\r\033[K" +
        progress_line(p, std::chrono::duration_cast<std::chrono::seconds>(now - begun_), terminal_width() - 1));
    drawn_ = true;
}

}  // namespace larder::cli
