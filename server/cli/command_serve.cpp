#include "commands.hpp"
#include <CLI/CLI.hpp>
#include <csignal>
#include <larder/net/server.hpp>
#include <larder/signing/signing_process.hpp>
#include <mutex>
#include <poll.h>
#include <sys/signalfd.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

// Serving: start, tell systemd, and wait for signals; everything else happens on the server's threads.

namespace larder::cli {
namespace {

struct serve_options {
    std::string ready_file;
    unsigned upstream_connections = 0;  ///< 0: as configured
};

/// The configuration file, and what the command line says otherwise.
result<core::options> options_of(const common_options& common, const serve_options& given) {
    auto options = load_options(common, config::file_check::on);
    if (options && given.upstream_connections != 0) options->upstream.connections = given.upstream_connections;
    return options;
}

/// SIGTERM, SIGINT, SIGHUP as readable bytes. Must be made before any thread is.
unique_fd catch_signals() {
    sigset_t set;
    sigemptyset(&set);
    for (const int s : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, s);
    ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
    return unique_fd{::signalfd(-1, &set, SFD_CLOEXEC)};
}

/// How often systemd wants to hear from us; 0 when it does not.
int watchdog_ms() {
    std::uint64_t usec = 0;
    if (::sd_watchdog_enabled(0, &usec) <= 0) return -1;
    return static_cast<int>(usec / 2000);
}

result<void> write_ready(const std::string& path, const net::server& s) {
    if (path.empty()) return {};
    std::string lines;
    for (const auto& a : s.addresses()) lines += a + "\n";
    return replace_file(path, lines);
}

result<void> reload(const common_options& common, const serve_options& given, net::engine& e, net::server& s) {
    ::sd_notify(0, "RELOADING=1");
    auto options = options_of(common, given);
    result<void> how;
    if (!options) how = options.error();
    if (how) how = s.reload(std::move(*options));
    e.log().write(how ? net::log_level::info : net::log_level::error,
                  how ? "configuration reloaded" : "configuration not reloaded: " + how.error().detail());
    ::sd_notify(0, "READY=1");
    return how;
}

/// Reloads from SIGHUP and from the API, one at a time.
class reloader {
public:
    reloader(const common_options& common, const serve_options& given, net::engine& e, net::server& s)
        : common_{common}, given_{given}, e_{e}, s_{s} {}
    result<void> operator()() {
        const std::lock_guard lock{mutex_};
        return reload(common_, given_, e_, s_);
    }

private:
    std::mutex mutex_;
    const common_options& common_;
    const serve_options& given_;
    net::engine& e_;
    net::server& s_;
};

/// A loop that hangs starves the watchdog.
bool all_answer(net::engine& e, net::server& s) {
    const bool upstream = e.answers();
    const bool clients = s.answers();
    return upstream && clients;
}

/// Until SIGTERM or SIGINT.
void wait_for_signals(const unique_fd& signals, reloader& again, net::engine& e, net::server& s) {
    const int every = watchdog_ms();
    for (;;) {
        pollfd ready{signals.get(), POLLIN, 0};
        const int n = ::poll(&ready, 1, every);
        if (every > 0 && all_answer(e, s)) ::sd_notify(0, "WATCHDOG=1");
        if (n <= 0) continue;
        signalfd_siginfo info{};
        if (::read(signals.get(), &info, sizeof info) != sizeof info) continue;
        if (info.ssi_signo != SIGHUP) return;
        static_cast<void>(again());  // told in the log; the old configuration stays
    }
}

int run_serve(const common_options& common, const serve_options& options) {
    auto config = options_of(common, options);
    if (!config) return complain(config.error());
    const auto signals = catch_signals();
    const auto signing = signing::signing_process::start();
    if (!signing) return complain(signing.error());
    auto engine = net::engine::start(*config, net::make_logger(config->log));
    if (!engine) return complain(engine.error());
    auto server = net::server::start(**engine);
    if (!server) return complain(server.error());
    (*engine)->start_upkeep();
    if (auto told = write_ready(options.ready_file, **server); !told) return complain(told.error());
    std::string where;
    for (const auto& a : (*server)->addresses()) where += (where.empty() ? "" : ", ") + a;
    (*engine)->log().write(net::log_level::info, "serving on " + where);
    ::sd_notify(0, ("READY=1\nSTATUS=serving on " + where).c_str());
    reloader again{common, options, **engine, **server};
    (*engine)->on_reload([&again] { return again(); });
    wait_for_signals(signals, again, **engine, **server);
    ::sd_notify(0, "STOPPING=1");
    (*engine)->log().write(net::log_level::info, "stopping");
    (*server)->stop();
    // While the server's loops still exist: those who wait on them are woken once more.
    (*engine)->stop();
    return done;
}

}  // namespace

void add_serve(CLI::App& app, command_line& line) {
    auto* command = app.add_subcommand(
        "serve", "Serve the configured archives until told to stop (SIGTERM); SIGHUP reads the configuration anew.");
    auto options = std::make_shared<serve_options>();
    command
        ->add_option("--ready-file", options->ready_file,
                     "Write the addresses that are listened on into this file once they are")
        ->type_name("FILE");
    command
        ->add_option("--upstream-connections", options->upstream_connections,
                     "Connections at a time to one upstream host, in place of upstream.connections")
        ->type_name("N")
        ->check(CLI::Range(1U, 256U));
    command->callback([&line, options] { line.exit = run_serve(line.common, *options); });
}

}  // namespace larder::cli
