#pragma once

#include <cstdint>
#include <larder/base/clock.hpp>
#include <larder/base/digest.hpp>
#include <larder/base/file.hpp>
#include <larder/base/result.hpp>
#include <larder/net/waiting.hpp>
#include <optional>

namespace larder::net {

/// One object on its way here, and all who read it meanwhile. The download belongs to the hub, not
/// to a reader: readers come late and leave early as they like. Thread-safe.
class flight {
public:
    explicit flight(const digest& want, std::uint64_t expected_size) : want_{want}, size_{expected_size} {}

    /// Bytes at the end held back from readers until the hash is known to be right: a client can then
    /// never have the whole of a wrong file. A reader of a part does the same with the end of that.
    static constexpr std::uint64_t tail = 4096;

    struct state {
        enum class phase {
            waiting,    ///< nothing has come yet
            streaming,  ///< `readable` bytes may be read
            verified,   ///< all of it is here and is what the index promised
            failed,     ///< it will not come; `why` says why
        };
        phase now = phase::waiting;
        std::uint64_t readable = 0;         ///< bytes a reader may have; the tail is held back until verified
        std::optional<std::uint64_t> size;  ///< of the whole, once known
        std::optional<sys_seconds> modified;
        error why;
    };

    const digest& want() const noexcept { return want_; }
    state look() const;
    /// Waits until more than `offset` bytes are readable, or the flight has ended; the state then, or
    /// nothing at the deadline.
    static awaitable<std::optional<state>> beyond(std::shared_ptr<flight> me, std::uint64_t offset,
                                                  steady_point deadline);

    /// The same for one who waits for other things, too: the state now; `w` will be woken by the next
    /// change unless the state has what beyond() would return at once.
    state enter(const std::shared_ptr<waiter>& w, std::uint64_t offset);

    /// The file that grows; valid while the flight lives, only for pread and sendfile, once
    /// `readable` is over 0 or the phase is verified.
    int fd() const noexcept { return fd_.get(); }
    /// Notes that a reader took bytes: from then on the start of the file must not change.
    void taken();

    // The hub's side.
    void attach(int fd);
    void head(std::optional<std::uint64_t> size, std::optional<sys_seconds> modified);
    void grew(std::uint64_t written);
    /// Back to the beginning, before the file is emptied; false, and nothing happens, when a reader
    /// took bytes of it.
    bool restart();
    void done(std::uint64_t size, sys_seconds modified);
    void fail(error why);
    /// Set when the object is in the store, or will not be.
    const std::shared_ptr<outcome<result<void>>>& stored() const noexcept { return stored_; }

private:
    const digest want_;
    unique_fd fd_;
    const std::shared_ptr<outcome<result<void>>> stored_ = std::make_shared<outcome<result<void>>>();
    mutable std::mutex mutex_;
    bool taken_ = false;
    const std::uint64_t size_;
    state state_;
    wait_list waiting_;
};

}  // namespace larder::net
