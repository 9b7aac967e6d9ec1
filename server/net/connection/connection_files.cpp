#include "connection/connection.hpp"
#include <array>
#include <larder/core/router.hpp>

namespace larder::net {
namespace {

using namespace std::chrono;

constexpr auto note_every = 60s;
/// Before one as large it is worth a call to see what else the client has asked for.
constexpr std::uint64_t large_body = 1 << 20;

bool plain_get(const core::request_head& head) {
    return (head.verb == core::method::get || head.verb == core::method::head) && head.proxy_authorization.empty() &&
           !head.has_body();
}

/// Puts a field before the empty line that ends a head.
void insert_field(std::string& head, std::string_view name, std::string_view value) {
    head.resize(head.size() - 2);
    ((head += name) += ": ") += value;
    head += "\r\n\r\n";
}

}  // namespace

loop_context::ready* connection::find_ready(const core::request_head& head) {
    loop_->follow_removals();
    if (!plain_get(head)) return nullptr;
    key_.assign(head.target);
    const auto found = loop_->answers.find(key_);
    if (found == loop_->answers.end()) return nullptr;
    auto& ready = found->second;
    if (ready.generation != loop_->host.generation() || ready.file->changed()) {
        loop_->answers.erase(found);
        return nullptr;
    }
    const auto now = about_now();
    if (now - ready.noted > note_every) {
        ready.noted = now;
        loop_->host.store().known().used(ready.file->content, loop_->host.clock().now());
    }
    counts_.hits.add();
    return &ready;
}

bool connection::takes_whole(const core::request_head& head) const {
    return head.range.empty() && head.if_modified_since.empty() && head.if_none_match.empty() && head.minor == 1 &&
           keep_ == then::keep && !winding_down_;
}

bool connection::send_at_once(const core::request_head& head, const loop_context::ready& ready) {
    const auto& file = *ready.file;
    if (!file.in_memory || !takes_whole(head)) return false;
    status_ = 200;
    const std::string_view body = head_only_ ? std::string_view{} : std::string_view{file.memory};
    const std::array<std::string_view, 3> parts{ready.head_200, loop_->date_and_end(), body};
    out_.clear();
    transport_->write_now(parts, out_);
    count_body(body.size());
    return true;
}

awaitable<void> connection::answer_ready(const core::request_head& head, const loop_context::ready& ready) {
    // The map may change while this waits for the client.
    const served_file_ptr file = ready.file;
    if (takes_whole(head)) {
        status_ = 200;
        out_.assign(ready.head_200);
        out_ += loop_->date_and_end();
        core::answer whole;
        whole.length = file->size;
        co_await send_file(file, whole);
    } else {
        const auto type = ready.content_type;
        const auto keep = ready.keep;
        co_await answer_file(head, file, type, keep, std::nullopt, "hit");
    }
}

void connection::remember(const core::request_head& head, const served_file_ptr& file, std::string_view content_type,
                          core::lifetime keep) {
    if (!plain_get(head) || head.target.size() > 2000) return;
    if (loop_->answers.size() >= loop_->most_answers) loop_->answers.clear();
    loop_context::ready ready;
    ready.generation = resolved_at_;
    ready.file = file;
    ready.keep = keep;
    ready.content_type = content_type;
    ready.noted = about_now();
    core::file_head whole;
    whole.what.length = file->size;
    whole.size = file->size;
    whole.modified = file->modified;
    whole.etag = file->etag;
    whole.content_type = content_type;
    whole.keep = keep;
    whole.cache = "hit";
    core::append_file_head(ready.head_200, whole, core::reply_context{});
    ready.head_200.resize(ready.head_200.size() - 2);
    ready.head_200 += "Date: ";
    loop_->answers.insert_or_assign(std::string{head.target}, std::move(ready));
}

awaitable<bool> connection::answer_object(const core::request_head& head, const std::string& path,
                                          const serve_object& serve, audience whom) {
    const auto type = core::content_type_of(path);
    const auto keep = serve.immutable ? core::lifetime_of(path) : core::lifetime::revalidate;
    auto opened = loop_->files.get(serve.content, serve.info);
    if (!opened && opened.error().code() == errc::io) {
        // Out of descriptors, most likely, of which this loop may hold many for later.
        loop_->let_go();
        opened = loop_->files.get(serve.content, serve.info);
    }
    if (!opened) {
        if (opened.error().code() == errc::digest_mismatch || opened.error().code() == errc::absent) co_return false;
        co_await send_failure(opened.error());
        co_return true;
    }
    const served_file_ptr file = *opened;
    loop_->host.store().known().used(serve.content, loop_->host.clock().now());
    if (!file->in_memory && !head_only_) {
        if (const auto check = loop_->host.check_first(serve.content, serve.info.size, file->stamp)) {
            counts_.hits.add();
            co_await answer_flight(head, path, check, keep, "hit");
            co_return true;
        }
    }
    counts_.hits.add();
    // What a HEAD was asked for has not been looked through yet.
    if (!serve.age && whom == audience::everybody && (file->in_memory || !head_only_)) remember(head, file, type, keep);
    co_await answer_file(head, file, type, keep, serve.age, "hit");
    co_return true;
}

core::answer connection::decide(core::request_head head, dates which, std::uint64_t size, sys_seconds modified,
                                std::string_view etag) {
    if (which == dates::do_not_tell) head.if_modified_since = {};
    return core::decide(head, size, modified, etag);
}

awaitable<void> connection::answer_file(const core::request_head& head, served_file_ptr file, std::string_view type,
                                        core::lifetime keep, std::optional<seconds> age, std::string_view cache) {
    core::file_head h;
    // Release files have dates that only grow; another index may well have the date of the one before it.
    h.what = decide(head, age ? dates::tell : dates_tell(keep), file->size, file->modified, file->etag);
    h.size = file->size;
    h.modified = file->modified;
    h.etag = file->etag;
    h.content_type = type;
    h.keep = keep;
    h.age = age;
    h.cache = cache;
    const auto age_text = age ? std::to_string(age->count()) : std::string{};
    out_.clear();
    core::append_file_head(out_, h, context());
    if (age) insert_field(out_, "X-Larder-Age", age_text);
    count_status(h.what.status);
    co_await send_file(file, h.what);
}

void connection::count_status(int status) {
    status_ = status;
    if (status == 304) counts_.not_modified.add();
}

void connection::count_body(std::uint64_t sent) {
    counts_.bytes_sent.add(sent);
    counts_.bytes_from_store.add(sent);
}

awaitable<void> connection::send_file(served_file_ptr file, core::answer what) {
    const auto length = head_only_ ? 0 : what.length;
    if (file->in_memory || length == 0) {
        const auto body = std::string_view{file->memory}.substr(length == 0 ? 0 : what.offset, length);
        // One small send beats two: the copy is cheaper than the call.
        out_ += body;
        const auto failed = co_await transport_->write(out_);
        broken_ = broken_ || failed;
        count_body(body.size());
        co_return;
    }
    // It may be long under way: what was asked for behind it can be fetched meanwhile.
    if (may_read_on() && (what.length < large_body || read_queued())) prefetch_queued(head_.size);
    std::uint64_t sent = 0;
    deadline = about_now() + limits().send_timeout;
    send_watch watch{transport_->socket(), deadline, limits().send_timeout};
    watch.waiting = [this] { listen(); };
    sending_ = &watch;
    const auto failed = co_await transport_->send_file(out_, file->fd.get(), what.offset, length, sent, watch);
    sending_ = nullptr;
    stop_listening();
    broken_ = broken_ || failed;
    count_body(sent);
}

}  // namespace larder::net
