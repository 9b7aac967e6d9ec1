#pragma once

#include <larder/base/result.hpp>
#include <larder/signing/archive_key.hpp>
#include <memory>
#include <utility>
#include <vector>

namespace larder::signing {

/// A small process of one's own that signs. Each gpg is started by a fork, which copies the page tables of whoever
/// forks: a server with 400 MB waits 20 ms for it, twice for each signature; this process a fraction of one. It knows
/// no configuration, and ends with the process that started it.
///
/// Call start() in main before there are threads, once. From then on begin() works there; without it, or when that
/// process has gone, in this one. It ends with this object, which waits for the copies of secrets to be gone; five
/// seconds at most, since a smartcard may not answer. Errors of begin() and of the session are those of
/// signing_session.
class signing_process {
public:
    /// `io` when there can be none.
    static result<signing_process> start();
    static result<std::unique_ptr<signing_session>> begin(const std::vector<secret_key>& keys);

    signing_process(signing_process&& other) noexcept : pid_{std::exchange(other.pid_, -1)} {}
    signing_process& operator=(signing_process&&) = delete;
    ~signing_process();

private:
    explicit signing_process(int pid) : pid_{pid} {}
    int pid_;
};

}  // namespace larder::signing
