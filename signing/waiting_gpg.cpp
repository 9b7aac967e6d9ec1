#include "waiting_gpg.hpp"
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <poll.h>
#include <tuple>
#include <vector>

namespace larder::signing {

void io_loop::serve(const context& ctx) {
    gpgme_io_cbs calls{add, this, remove, event, this};
    gpgme_set_io_cbs(ctx.get(), &calls);
}

gpgme_error_t io_loop::add(void* me, int fd, int reads, gpgme_io_cb_t call, void* what, void** tag) {
    auto& loop = *static_cast<io_loop*>(me);
    loop.all_.push_back({&loop, {fd, reads != 0, call, what}});
    *tag = &loop.all_.back();
    return 0;
}

void io_loop::remove(void* tag) {
    auto& all = static_cast<entry*>(tag)->of->all_;
    all.remove_if([tag](const entry& one) { return &one == tag; });
}

void io_loop::event(void* me, gpgme_event_io_t type, void* what) {
    if (type != GPGME_EVENT_DONE) return;
    auto& loop = *static_cast<io_loop*>(me);
    const auto& done = *static_cast<gpgme_io_event_done_data_t>(what);
    loop.how_ = done.err != 0 ? done.err : done.op_err;
    loop.done_ = true;
}

gpgme_error_t io_loop::wait() {
    while (!done_) {
        if (all_.empty()) return gpgme_error(GPG_ERR_EOF);  // gpg has gone, and GPGME has not said so
        turn();
    }
    return how_;
}

void io_loop::turn() {
    std::vector<pollfd> ready;
    std::vector<const entry*> of;
    for (const auto& one : all_) {
        ready.push_back({one.watches.fd, static_cast<short>(one.watches.reads ? POLLIN : POLLOUT), 0});
        of.push_back(&one);
    }
    if (::poll(ready.data(), ready.size(), -1) < 0) return;  // a signal
    for (std::size_t i = 0; i < ready.size() && !done_; ++i) {
        if (ready[i].revents == 0) continue;
        // One of those before it may have removed it.
        const auto there = std::find_if(all_.begin(), all_.end(), [&](const entry& one) { return &one == of[i]; });
        if (there == all_.end()) continue;
        const auto watches = there->watches;
        watches.call(watches.what, watches.fd);
    }
}

waiting_gpg::waiting_gpg(context ctx, gpgme_sig_mode_t how) : ctx_{std::move(ctx)}, how_{how} {
    source_.read = read;
    loop_.serve(ctx_);
}

waiting_gpg::~waiting_gpg() {
    // GPGME lets go of a gpg that waits, and ends none: so it signs nothing, which nobody gets.
    if (waits_) std::ignore = loop_.wait();
}

ssize_t waiting_gpg::read(void* me, void* to, size_t most) {
    auto& left = static_cast<waiting_gpg*>(me)->left_;
    const auto size = std::min(most, left.size());
    std::memcpy(to, left.data(), size);
    left.remove_prefix(size);
    return static_cast<ssize_t>(size);
}

gpgme_error_t waiting_gpg::prepare() {
    if (waits_) return 0;
    gpgme_data_t in = nullptr;
    if (const auto err = gpgme_data_new_from_cbs(&in, &source_, this); err != 0) return err;
    in_.reset(in);
    out_ = write_to_memory();
    loop_.begin();
    const auto err = gpgme_op_sign_start(ctx_.get(), in_.get(), out_.get(), how_);
    waits_ = err == 0;
    return err;
}

gpgme_error_t waiting_gpg::sign(std::string_view text, std::string& made) {
    if (const auto err = prepare(); err != 0) return err;
    left_ = text;
    const auto err = loop_.wait();
    left_ = {};
    waits_ = false;
    if (err != 0) return err;
    made = take_bytes(std::move(out_));
    return 0;
}

}  // namespace larder::signing
