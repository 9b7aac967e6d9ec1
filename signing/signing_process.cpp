#include "frame.hpp"
#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <larder/base/file.hpp>
#include <larder/signing/signing_process.hpp>
#include <larder/signing/verifier.hpp>
#include <mutex>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

// A session has a socket of its own. Over it goes first {fingerprint, text, agent_home, passphrase} of each key, then
// text after text; each is answered with {"", …}, or with {number of an errc, words}.

namespace larder::signing {
namespace {

constexpr std::size_t fields_of_key = 4;

std::atomic<int> to_process{-1};
unique_fd to_process_kept;

struct both_ends {
    unique_fd ours, theirs;
};

result<both_ends> make_sockets() {
    int fds[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0) return errno_error(errno, "making sockets");
    return both_ends{unique_fd{fds[0]}, unique_fd{fds[1]}};
}

// --- in the process that signs

frame answer_of(const error& why) { return {std::to_string(static_cast<int>(why.code())), why.detail()}; }

result<std::unique_ptr<signing_session>> begin_here(const frame& asked) {
    if (asked.size() % fields_of_key != 0) return error{errc::malformed, "no keys"};
    std::vector<secret_key> keys;
    for (std::size_t i = 0; i < asked.size(); i += fields_of_key)
        keys.push_back({asked[i], asked[i + 1], asked[i + 2], asked[i + 3]});
    return signing_session::begin(keys);
}

frame sign(const signing_session& session, const frame& asked) {
    if (asked.size() != 1) return answer_of({errc::malformed, "no text"});
    auto made = session.release(asked[0]);
    if (!made) return answer_of(made.error());
    frame answer{"", std::move(made->clear), std::move(made->detached)};
    answer.insert(answer.end(), made->signers.begin(), made->signers.end());
    return answer;
}

/// To start two gpgs takes both cores for some ms, which whoever has just been given a signature has use for.
constexpr std::chrono::milliseconds after_it{25};

bool is_asked_within(std::chrono::milliseconds most, int socket) {
    pollfd asked{socket, POLLIN, 0};
    return ::poll(&asked, 1, static_cast<int>(most.count())) > 0;
}

/// Until whoever asked has gone.
void serve_session(int socket) {
    const auto keys = receive_frame(socket);
    if (!keys) return;
    try {
        const auto session = begin_here(*keys);
        if (!send_frame(socket, session ? frame{""} : answer_of(session.error())) || !session) return;
        (*session)->prepare();
        for (;;) {
            if (!is_asked_within(after_it, socket)) (*session)->prepare();
            const auto asked = receive_frame(socket);
            if (!asked || !send_frame(socket, sign(**session, *asked))) return;
        }
    } catch (const std::exception& e) {  // GnuPG is missing or broken
        std::ignore = send_frame(socket, answer_of({errc::io, e.what()}));
    }
}

/// How many sessions there are: each has a gpg-agent, which ends with it.
class open_sessions {
public:
    void begin(unique_fd socket) {
        {
            const std::lock_guard lock{mutex_};
            ++count_;
        }
        std::thread{[this, socket = std::move(socket)] {
            serve_session(socket.get());
            const std::lock_guard lock{mutex_};
            --count_;
            changed_.notify_all();
        }}.detach();
    }
    void wait() {
        std::unique_lock lock{mutex_};
        changed_.wait(lock, [this] { return count_ == 0; });
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::size_t count_ = 0;
};

/// What the parent has open is not this process's: a port that it gives up is free then.
void close_all_but(int kept) {
    constexpr unsigned first_own = 3;
    const auto fd = static_cast<unsigned>(kept);
    if (fd > first_own) ::close_range(first_own, fd - 1, 0);
    ::close_range(fd + 1, ~0U, 0);
}

[[noreturn]] void run(int from_parent) {
    close_all_but(from_parent);
    ::prctl(PR_SET_DUMPABLE, 0);  // it has secrets
    open_sessions sessions;
    for (int socket = 0; (socket = receive_descriptor(from_parent)) >= 0;) sessions.begin(unique_fd{socket});
    // The parent has gone, so each session's other end has, too.
    sessions.wait();
    ::_exit(0);
}

// --- in the process that wants a signature

/// The answer without its first word.
result<frame> ask(int socket, const frame& what) {
    LARDER_CHECK(send_frame(socket, what));
    LARDER_TRY(auto answer, receive_frame(socket));
    if (answer.empty()) return error{errc::io, "the process that signs has answered nothing"};
    if (!answer[0].empty())
        return error{static_cast<errc>(std::stoi(answer[0])), answer.size() > 1 ? answer[1] : std::string{}};
    answer.erase(answer.begin());
    return answer;
}

class remote_session final : public signing_session {
public:
    explicit remote_session(unique_fd socket) : socket_{std::move(socket)} {}

    result<both_ways> release(std::string_view text) const override {
        LARDER_TRY(auto answer, ask(socket_.get(), {std::string{text}}));
        if (answer.size() < 2) return error{errc::io, "the process that signs has answered too little"};
        both_ways made{std::move(answer[0]), std::move(answer[1]), {}};
        made.signers.assign(answer.begin() + 2, answer.end());
        return made;
    }

private:
    unique_fd socket_;
};

frame keys_as_frame(const std::vector<secret_key>& keys) {
    frame all;
    for (const auto& one : keys) {
        all.push_back(one.fingerprint);
        all.push_back(one.text);
        all.push_back(one.agent_home);
        all.push_back(one.passphrase);
    }
    return all;
}

/// Nothing when there is no such process.
result<unique_fd> connect() {
    const int process = to_process.load();
    if (process < 0) return error{errc::absent, "there is no process that signs"};
    LARDER_TRY(auto ends, make_sockets());
    // A passphrase that nobody types must not keep an archive from being published for ever.
    constexpr timeval most{60, 0};
    ::setsockopt(ends.ours.get(), SOL_SOCKET, SO_RCVTIMEO, &most, sizeof most);
    if (!send_descriptor(process, ends.theirs.get())) return error{errc::absent, "the process that signs has gone"};
    return std::move(ends.ours);
}

}  // namespace

result<signing_process> signing_process::start() {
    initialise();
    LARDER_TRY(auto ends, make_sockets());
    const auto pid = ::fork();
    if (pid < 0) return errno_error(errno, "starting the process that signs");
    if (pid == 0) {
        ends.ours = unique_fd{};
        run(ends.theirs.get());
    }
    to_process_kept = std::move(ends.ours);
    to_process = to_process_kept.get();
    return signing_process{pid};
}

signing_process::~signing_process() {
    if (pid_ < 0) return;
    to_process = -1;
    to_process_kept = unique_fd{};
    constexpr int most_ms = 5000;
    const unique_fd it{static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0))};
    pollfd ended{it.get(), POLLIN, 0};
    while (it && ::poll(&ended, 1, most_ms) < 0 && errno == EINTR) {
    }
    ::waitpid(pid_, nullptr, WNOHANG);
}

result<std::unique_ptr<signing_session>> signing_process::begin(const std::vector<secret_key>& keys) {
    auto socket = connect();
    if (!socket) return signing_session::begin(keys);
    LARDER_TRY(const auto ready, ask(socket->get(), keys_as_frame(keys)));
    static_cast<void>(ready);
    return std::unique_ptr<signing_session>{std::make_unique<remote_session>(std::move(*socket))};
}

}  // namespace larder::signing
