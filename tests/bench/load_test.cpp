#include "load_connection.hpp"
#include <catch2/catch.hpp>
#include <poll.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

using namespace larder;
using namespace larder::bench;

namespace {

// Answers the n-th connection with the n-th text, whatever is asked, and closes it.
class scripted_server {
public:
    explicit scripted_server(std::vector<std::string> answers) : answers_{std::move(answers)} {
        listener_.reset(::socket(AF_INET, SOCK_STREAM, 0));
        address_.sin_family = AF_INET;
        address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address_;
        REQUIRE(::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address_), size) == 0);
        REQUIRE(::listen(listener_.get(), 10) == 0);
        REQUIRE(::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address_), &size) == 0);
        thread_ = std::thread{[this] { serve(); }};
    }
    ~scripted_server() {
        ::shutdown(listener_.get(), SHUT_RDWR);
        thread_.join();
    }
    const sockaddr_in& address() const { return address_; }

private:
    void serve() {
        for (const auto& answer : answers_) {
            unique_fd client{::accept(listener_.get(), nullptr, nullptr)};
            if (!client) return;
            char request[4096];
            if (::recv(client.get(), request, sizeof request, 0) > 0) {
                (void)::send(client.get(), answer.data(), answer.size(), MSG_NOSIGNAL);
            }
            ::shutdown(client.get(), SHUT_WR);
            (void)::recv(client.get(), request, sizeof request, 0);  // until the client is gone
        }
    }

    std::vector<std::string> answers_;
    unique_fd listener_;
    sockaddr_in address_{};
    std::thread thread_;
};

std::string answer(const std::string& body) {
    return "HTTP/1.1 200 OK\r\ncontent-length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

// Asks the scripted server for `limit` files on one connection, opened again as often as needed.
std::string run(std::vector<std::string> answers, std::uint64_t limit, unsigned depth = 1) {
    scripted_server server{std::move(answers)};
    plan work;
    work.address = server.address();
    work.requests = {"GET /x HTTP/1.1\r\nHost: x\r\n\r\n"};
    work.expected_size = 5;
    work.depth = depth;
    tally counts{limit};
    connection c{work, counts};
    REQUIRE(c.open());
    c.fill();
    while (!counts.finished()) {
        pollfd readable{c.fd(), POLLIN, 0};
        REQUIRE(::poll(&readable, 1, 10000) == 1);
        if (c.take(1 << 20) || counts.finished()) continue;
        REQUIRE(c.open());
        c.fill();
    }
    return counts.json(std::chrono::seconds{1});
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("load: whole answers of the right length count as requests") {
    auto report = run({answer("12345") + answer("12345") + answer("12345")}, 3, 3);
    CAPTURE(report);
    CHECK(has(report, "\"requests\":3,\"errors\":0"));
    CHECK(has(report, "\"bytes\":15"));
}

TEST_CASE("load: an answer that is not the file is an error") {
    auto [bad, why] = GENERATE(table<std::string, std::string>({
        {answer("1234"), "Content-Length 4, not 5"},
        {"HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\n\r\n12345", "HTTP/1.1 404 Not Found"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n123", "cut off in the body, 2 bytes short"},
        {"HTTP/1.1 200 OK\r\n\r\n12345", "an answer without Content-Length"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 5x\r\n\r\n12345", "an answer without Content-Length"},
        {"", "closed without an answer"},
    }));
    auto report = run({bad}, 1);
    CAPTURE(report);
    CHECK(has(report, "\"requests\":0,\"errors\":1"));
    CHECK(has(report, why));
}

TEST_CASE("load: a connection closed between two answers is opened again and nothing is lost") {
    auto report = run({answer("12345"), answer("12345")}, 2, 2);
    CAPTURE(report);
    CHECK(has(report, "\"requests\":2,\"errors\":0"));
}

TEST_CASE("load: percentiles are of what was answered") {
    tally counts{0};
    for (int i = 1; i <= 100; ++i) counts.completed(std::chrono::microseconds{i});
    auto report = counts.json(std::chrono::seconds{2});
    CAPTURE(report);
    CHECK(has(report, "\"p50\":50"));
    CHECK(has(report, "\"p99\":99"));
    CHECK(has(report, "\"max\":100"));
    CHECK(has(report, "\"first_byte_us\":null"));
}
