#include "load_connection.hpp"
#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <larder/base/digest.hpp>
#include <larder/base/text.hpp>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace larder::bench {
namespace {

constexpr std::size_t buffer_size = 64 * 1024;
// What is dropped never reaches the buffer (tcp(7), MSG_TRUNC), so its pages are never touched; it is
// this large all the same, because recv(2) is told so.
constexpr std::size_t drop_size = 4 * 1024 * 1024;

char* buffer() {
    static std::array<char, drop_size> bytes;
    return bytes.data();
}

struct answer_head {
    int status = 0;
    std::optional<std::uint64_t> length;
};

template <class T>
std::optional<T> number(std::string_view text) {
    T value{};
    auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (fault != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

// `head` ends with the blank line.
answer_head parse(std::string_view head) {
    answer_head out;
    if (head.size() > 12 && head.starts_with("HTTP/1.")) out.status = number<int>(head.substr(9, 3)).value_or(0);
    for (auto line : split(head, '\n')) {
        auto colon = line.find(':');
        if (colon == std::string_view::npos) continue;
        if (!iequals(line.substr(0, colon), "content-length")) continue;
        out.length = number<std::uint64_t>(trim(line.substr(colon + 1)));
    }
    return out;
}

result<unique_fd> connect_to(const plan& plan) {
    unique_fd fd{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    if (!fd) return errno_error(errno, "opening a socket");
    const int on = 1;
    ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    // Before connect(2): it decides the window that is offered.
    if (plan.receive_buffer > 0) {
        ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUF, &plan.receive_buffer, sizeof plan.receive_buffer);
    }
    if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&plan.address), sizeof plan.address) != 0) {
        return errno_error(errno, "connecting");
    }
    return fd;
}

}  // namespace

connection::connection(const plan& plan, tally& tally) : plan_{plan}, tally_{tally} {}

result<void> connection::open() {
    LARDER_TRY(fd_, connect_to(plan_));
    head_.clear();
    body_left_ = 0;
    in_body_ = false;
    answered_ = false;
    return {};
}

void connection::fill() {
    while (in_flight_.size() < plan_.depth && tally_.take()) {
        const auto& request = plan_.requests[next_request_++ % plan_.requests.size()];
        in_flight_.push_back(steady::now());
        // The few requests that may be in flight always fit into a fresh socket's send buffer; should
        // the send fail, the read that follows finds the connection broken.
        (void)::send(fd_.get(), request.data(), request.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    }
}

bool connection::take(std::uint64_t allowance) {
    if (in_body_ && plan_.body == bodies::dropped && body_left_ > 0) return drop_body(allowance);
    auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(allowance, buffer_size));
    auto n = ::recv(fd_.get(), buffer(), wanted, MSG_DONTWAIT);
    if (n < 0) return errno == EAGAIN || errno == EINTR || broken(errno_error(errno, "receiving").message());
    if (n == 0) return closed_by_peer();
    std::string_view bytes{buffer(), static_cast<std::size_t>(n)};
    while (!bytes.empty()) {
        if (in_flight_.empty()) return broken("bytes that nobody asked for");
        if (in_body_) {
            read_body(bytes);
        } else if (!read_head(bytes)) {
            return false;
        }
    }
    fill();
    return true;
}

// Takes the head of an answer off `bytes`, or all of them when the head goes on.
bool connection::read_head(std::string_view& bytes) {
    if (head_.empty()) tally_.first_byte(steady::now() - in_flight_.front());
    auto before = head_.size();
    head_ += bytes;
    auto end = head_.find("\r\n\r\n", before < 3 ? 0 : before - 3);
    if (end == std::string::npos) {
        bytes = {};
        return head_.size() < 65536 || broken("a head of more than 64 KiB");
    }
    head_.resize(end + 4);
    bytes.remove_prefix(head_.size() - before);
    auto head = parse(head_);
    if (head.status != 200) return broken(head_.substr(0, head_.find('\r')));
    if (!head.length) return broken("an answer without Content-Length");
    if (plan_.expected_size && *head.length != *plan_.expected_size) {
        return broken("Content-Length " + std::to_string(*head.length) + ", not " +
                      std::to_string(*plan_.expected_size));
    }
    head_.clear();
    in_body_ = true;
    body_left_ = *head.length;
    if (body_left_ == 0) count_body(0);
    return true;
}

void connection::read_body(std::string_view& bytes) {
    auto n = std::min<std::uint64_t>(bytes.size(), body_left_);
    bytes.remove_prefix(static_cast<std::size_t>(n));
    count_body(n);
}

bool connection::drop_body(std::uint64_t allowance) {
    auto wanted = static_cast<std::size_t>(std::min({allowance, body_left_, std::uint64_t{drop_size}}));
    auto n = ::recv(fd_.get(), buffer(), wanted, MSG_DONTWAIT | MSG_TRUNC);
    if (n < 0) return errno == EAGAIN || errno == EINTR || broken(errno_error(errno, "receiving").message());
    if (n == 0) return closed_by_peer();
    count_body(static_cast<std::uint64_t>(n));
    fill();
    return true;
}

void connection::count_body(std::uint64_t bytes) {
    body_left_ -= bytes;
    tally_.received(bytes);
    if (body_left_ > 0) return;
    tally_.completed(steady::now() - in_flight_.front());
    in_flight_.pop_front();
    in_body_ = false;
    answered_ = true;
}

// The oldest request failed; those behind it were never answered and are asked again.
bool connection::broken(const std::string& why) {
    if (!in_flight_.empty()) {
        tally_.failed(why);
        in_flight_.pop_front();
    }
    for (; !in_flight_.empty(); in_flight_.pop_front()) tally_.give_back();
    return false;
}

// Between two answers a server may close (RFC 9112 section 9.5); anywhere else, or before it ever
// answered, it is an error.
bool connection::closed_by_peer() {
    if (in_body_) return broken("cut off in the body, " + std::to_string(body_left_) + " bytes short");
    if (!head_.empty() || !answered_) return broken("closed without an answer");
    for (; !in_flight_.empty(); in_flight_.pop_front()) tally_.give_back();
    return false;
}

result<std::string> fetch_and_hash(const plan& plan) {
    LARDER_TRY(auto fd, connect_to(plan));
    const auto& request = plan.requests.front();
    LARDER_CHECK(write_all(fd.get(), request, "sending"));
    std::string head;
    std::optional<std::uint64_t> left;
    hasher hash;
    while (!left || *left > 0) {
        auto n = ::recv(fd.get(), buffer(), buffer_size, 0);
        if (n < 0) return errno_error(errno, "receiving");
        if (n == 0) return error{errc::upstream_down, "the server closed the connection in mid-answer"};
        std::string_view bytes{buffer(), static_cast<std::size_t>(n)};
        std::string first;
        if (!left) {
            head += bytes;
            auto end = head.find("\r\n\r\n");
            if (end == std::string::npos) continue;
            auto parsed = parse(head.substr(0, end + 4));
            if (parsed.status != 200 || !parsed.length) {
                return error{errc::refused, printable(head.substr(0, head.find('\r')))};
            }
            left = parsed.length;
            first = head.substr(end + 4);
            bytes = first;
        }
        if (bytes.size() > *left) return error{errc::malformed, "more bytes than Content-Length"};
        hash.update(bytes);
        *left -= bytes.size();
    }
    return hash.finish().hex();
}

}  // namespace larder::bench
