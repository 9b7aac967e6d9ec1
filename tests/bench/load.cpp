// larder_load: a load generator for the numbers in docs/performance.md. One thread, plain epoll, so
// that it takes as little of the machine as it can; it knows apt's two ways of asking (a path, or an
// absolute URI through a proxy), pipelining, and readers slower than the server.

#include "load_connection.hpp"
#include <CLI/CLI.hpp>
#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <cstdio>
#include <iostream>
#include <memory>
#include <sys/epoll.h>
#include <unistd.h>

namespace larder::bench {
namespace {

struct arguments {
    std::string server;
    std::vector<std::string> paths;
    std::string origin;  // "http://host:port" in proxy mode
    std::string sha256;
    unsigned connections = 1;
    std::uint64_t requests = 0;
    double duration = 0;  // seconds
    double stall = 60;    // seconds without a byte
    std::uint64_t rate = 0;
    plan work;
};

constexpr auto slow_turn = std::chrono::milliseconds{250};  // how often a slow reader reads
constexpr unsigned slow_groups = 10;                        // that take their turns one after the other

result<sockaddr_in> address_of(const std::string& text) {
    auto colon = text.rfind(':');
    sockaddr_in out{};
    out.sin_family = AF_INET;
    int port = colon == std::string::npos ? 0 : std::atoi(text.c_str() + colon + 1);
    if (port <= 0 || port > 65535 || ::inet_pton(AF_INET, text.substr(0, colon).c_str(), &out.sin_addr) != 1) {
        return error{errc::bad_config, text + ": give the server as ADDRESS:PORT, say 127.0.0.1:3142"};
    }
    out.sin_port = htons(static_cast<std::uint16_t>(port));
    return out;
}

std::vector<std::string> request_heads(const arguments& args) {
    std::vector<std::string> out;
    auto host = args.origin.empty() ? args.server : args.origin.substr(args.origin.find("//") + 2);
    for (const auto& path : args.paths) {
        out.push_back("GET " + args.origin + path + " HTTP/1.1\r\nHost: " + host +
                      "\r\nUser-Agent: Debian APT-HTTP/1.3 (2.6.1)\r\n\r\n");
    }
    return out;
}

class runner {
public:
    explicit runner(const arguments& args)
        : args_{args}, tally_{args.requests}, epoll_{::epoll_create1(EPOLL_CLOEXEC)} {}

    result<void> open_all() {
        for (unsigned i = 0; i < args_.connections; ++i) {
            connections_.push_back(std::make_unique<connection>(args_.work, tally_));
            LARDER_CHECK(connections_.back()->open());
            if (args_.rate == 0) watch(i);
        }
        return {};
    }

    result<void> run() {
        start_ = steady::now();
        for (auto& c : connections_) c->fill();
        auto ran = args_.rate == 0 ? run_fast() : run_slow();
        elapsed_ = steady::now() - start_;
        return ran;
    }

    std::string report() const { return tally_.json(elapsed_); }
    bool clean() const { return tally_.errors() == 0; }

private:
    bool over() const {
        auto limit = std::chrono::duration<double>(args_.duration);
        return tally_.finished() || (args_.duration > 0 && steady::now() - start_ >= limit);
    }

    void watch(std::uint32_t index) {
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.u32 = index;
        ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, connections_[index]->fd(), &event);
    }

    result<void> run_fast() {
        std::array<epoll_event, 256> events;
        while (!over()) {
            int n = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), wait_ms());
            if (n < 0 && errno != EINTR) return errno_error(errno, "waiting");
            if (n == 0 && args_.duration == 0) {
                return error{errc::timeout, "no byte for " + std::to_string(args_.stall) + " s"};
            }
            for (int i = 0; i < n; ++i) LARDER_CHECK(serve(events[static_cast<std::size_t>(i)].data.u32, ~0ULL));
        }
        return {};
    }

    int wait_ms() const { return args_.duration > 0 ? 10 : static_cast<int>(args_.stall * 1000); }

    result<void> serve(std::uint32_t index, std::uint64_t allowance) {
        auto& c = *connections_[index];
        if (c.take(allowance) || over()) return {};
        tally_.reconnected();
        LARDER_CHECK(c.open());  // closing the old descriptor took it out of the epoll set
        if (args_.rate == 0) watch(index);
        c.fill();
        return {};
    }

    // A slow reader is never woken by its bytes: it comes by every slow_turn and takes its share.
    result<void> run_slow() {
        auto share = args_.rate * static_cast<std::uint64_t>(slow_turn.count()) / 1000;
        auto turn = start_;
        for (unsigned group = 0; !over(); group = (group + 1) % slow_groups) {
            for (auto i = group; i < connections_.size(); i += slow_groups) LARDER_CHECK(serve(i, share));
            turn += slow_turn / slow_groups;
            auto left = turn - steady::now();
            if (left > left.zero()) {
                ::usleep(static_cast<useconds_t>(std::chrono::duration_cast<std::chrono::microseconds>(left).count()));
            }
        }
        return {};
    }

    const arguments& args_;
    tally tally_;
    unique_fd epoll_;
    std::vector<std::unique_ptr<connection>> connections_;
    steady::time_point start_;
    steady::duration elapsed_{};
};

result<std::string> run(arguments& args) {
    LARDER_TRY(args.work.address, address_of(args.server));
    args.work.requests = request_heads(args);
    if (args.rate > 0) args.work.receive_buffer = 32 * 1024;
    if (!args.sha256.empty()) {
        LARDER_TRY(auto got, fetch_and_hash(args.work));
        if (got != args.sha256) return error{errc::digest_mismatch, args.paths.front() + " hashes to " + got};
    }
    if (args.requests == 0 && args.duration == 0) return std::string{"{}"};  // the check was all
    runner work{args};
    LARDER_CHECK(work.open_all());
    LARDER_CHECK(work.run());
    if (!work.clean()) std::cerr << "larder_load: some requests failed\n";
    return work.report();
}

void declare(CLI::App& app, arguments& args, bool& copied) {
    app.add_option("server", args.server, "ADDRESS:PORT")->required();
    app.add_option("path", args.paths, "paths to ask for, in turn")->required();
    app.add_option("--proxy", args.origin, "ask for absolute URIs below this origin (http://host:port)");
    app.add_option("--connections", args.connections)->check(CLI::Range(1, 100000));
    app.add_option("--requests", args.requests, "in all; 0: as many as fit into --duration");
    app.add_option("--duration", args.duration, "seconds");
    app.add_option("--stall", args.stall, "give up after so many seconds without a byte");
    app.add_option("--depth", args.work.depth, "requests in flight on a connection")->check(CLI::Range(1, 100));
    app.add_option("--rate", args.rate, "slow readers: bytes a second that each connection takes");
    app.add_option("--size", args.work.expected_size, "length that every body must have");
    app.add_option("--sha256", args.sha256, "first fetch the first path once and check its body");
    app.add_flag("--copy", copied, "read bodies into memory instead of letting the kernel drop them");
}

}  // namespace
}  // namespace larder::bench

int main(int argc, char** argv) {
    using namespace larder::bench;
    CLI::App app{"Asks an HTTP server for files and prints one JSON object: counts, errors, times."};
    arguments args;
    bool copied = false;
    declare(app, args, copied);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& e) {
        return app.exit(e) == 0 ? 0 : 2;
    }
    if (copied) args.work.body = bodies::copied;
    auto report = run(args);
    if (!report) {
        std::cerr << "larder_load: " << report.error() << '\n';
        return 1;
    }
    std::cout << *report << '\n';
    return report->find("\"errors\":0,") == std::string::npos && *report != "{}" ? 1 : 0;
}
