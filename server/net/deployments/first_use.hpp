#pragma once

#include <larder/core/options.hpp>
#include <larder/net/deployments.hpp>
#include <larder/net/waiting.hpp>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace larder::net::pinning {

/// A suite of a deployment that nobody has asked for yet.
struct first_use {
    std::string deployment, archive, suite;
    auto operator<=>(const first_use&) const = default;
};

/// The configured suite of an archive whose InRelease, Release or Release.gpg this is; nothing for any other path.
/// Nothing but these can be pinned by asking for it, so that clients cannot make a deployment grow without end.
std::optional<std::string> suite_of_release_file(const core::archive_options& of, std::string_view path);

/// Archives, sorted, of which a deployment can have suites on first use: those named, or all that have suites
/// configured. `bad_config` or `absent` says which cannot.
result<std::vector<std::string>> archives_on_first_use(engine& e, const std::vector<std::string>& named);

/// The next generation of its deployment, in which the suite is at its state now, with its indices here: the rules are
/// those of create_deployment(). Success also when another has pinned it meanwhile. `by` stands in the history.
/// Blocks, on an ordinary thread; upstream may take its time.
result<void> pin_first(engine& e, const first_use& what, const std::string& by, const std::stop_token& stop);

/// Those on their way. A suite that many ask for at once is pinned once, on a thread of its own: the pool is left to
/// the others. Thread-safe.
class first_uses {
public:
    using answer = std::shared_ptr<outcome<result<void>>>;

    ~first_uses() { close(); }

    /// Null when too many others are being pinned, or after close().
    answer begin(engine& e, const first_use& what, const std::string& by);
    /// Asks all to end, and waits for them.
    void close();

private:
    struct flight {
        answer to;
        std::jthread thread;
        bool ended = false;
    };

    std::mutex mutex_;
    bool closed_ = false;
    std::map<first_use, flight> flights_;
};

}  // namespace larder::net::pinning
