#pragma once

#include "engine.hpp"
#include <list>
#include <string>

namespace larder::signing {

/// What GPGME has to read from and write to gpg for one operation, done by whoever waits for the operation's end.
/// (GPGME's own loop for operations that were begun is one for all of a process, and serves those that wait, too.)
class io_loop {
public:
    io_loop() = default;
    io_loop(const io_loop&) = delete;
    io_loop& operator=(const io_loop&) = delete;

    /// It outlives the context.
    void serve(const context& ctx);
    void begin() noexcept { done_ = false; }
    /// Until the operation that was begun is done; how it ended.
    gpgme_error_t wait();

private:
    struct watched {
        int fd;
        bool reads;
        gpgme_io_cb_t call;
        void* what;
    };
    static gpgme_error_t add(void* me, int fd, int reads, gpgme_io_cb_t call, void* what, void** tag);
    static void remove(void* tag);
    static void event(void* me, gpgme_event_io_t type, void* what);
    void turn();

    struct entry {
        io_loop* of;
        watched watches;
    };
    std::list<entry> all_;
    bool done_ = true;
    gpgme_error_t how_ = 0;
};

/// A gpg that signs; it can be started before there is a text, which is what takes most of the time. One thread at a
/// time.
class waiting_gpg {
public:
    /// `ctx` has its signers.
    waiting_gpg(context ctx, gpgme_sig_mode_t how);
    /// Waits for the gpg to end: it must not use its home any more when that goes.
    ~waiting_gpg();
    waiting_gpg(const waiting_gpg&) = delete;
    waiting_gpg& operator=(const waiting_gpg&) = delete;

    /// Starts it, unless it waits already.
    gpgme_error_t prepare();
    /// Signs; `made` is what gpg wrote. What it told is in the context until the next prepare().
    gpgme_error_t sign(std::string_view text, std::string& made);
    const context& ctx() const noexcept { return ctx_; }

private:
    static ssize_t read(void* me, void* to, size_t most);

    io_loop loop_;
    std::string_view left_;  ///< of the text
    gpgme_data_cbs source_{};
    data in_, out_;
    context ctx_;  ///< after all that it uses
    const gpgme_sig_mode_t how_;
    bool waits_ = false;
};

}  // namespace larder::signing
