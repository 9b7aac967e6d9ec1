#include "upstream/hub_impl.hpp"
#include "upstream/requests.hpp"
#include <algorithm>

// Small texts whose content nobody knows yet: kept in memory, and from one mirror each.

namespace larder::net {
namespace {

using namespace std::chrono;
using core::transfer;

/// Collects a small text in memory.
class text_sink final : public transfer_sink {
public:
    text_sink(std::shared_ptr<outcome<bool>> done, std::uint64_t limit) : done_{std::move(done)}, limit_{limit} {}

    bool begin(const transfer_head& h) override {
        head = h;
        too_large = h.status == 200 && h.length && *h.length > limit_;
        return !too_large;
    }
    bool body(std::string_view bytes) override {
        if (head.status == 200) text += bytes;
        too_large = text.size() > limit_;
        return !too_large;
    }
    void ended(const transfer_end& e) override {
        end = e;
        done_->set(true);
    }

    transfer_head head;
    transfer_end end;
    std::string text;
    bool too_large = false;

private:
    std::shared_ptr<outcome<bool>> done_;
    std::uint64_t limit_;
};

/// How long a text may take that is at most so large: a mirror that keeps sending, slowly, must not keep a
/// suite as it is for ever.
milliseconds most_time(const core::upstream_options& options, std::uint64_t limit) {
    return options.inactivity_timeout * 6 + milliseconds{limit / 64};
}

core::outcome judge_text(const text_sink& got, std::uint64_t limit) {
    auto how = judge_end(got.end, got.head.status, got.text.size());
    if (got.too_large) {
        how.kind = transfer::wrong_length;
        how.detail = "is larger than " + std::to_string(limit) + " bytes";
    }
    if (how.kind != transfer::ok) return how;
    if (got.head.status == 206) {
        how.kind = transfer::wrong_range;
        how.detail = "sent a part of it, unasked";
    } else if (got.head.status == 200 && got.head.length && got.text.size() != *got.head.length) {
        how.kind = transfer::reset;
        how.detail = "ended early";
    }
    return how;
}

}  // namespace

awaitable<result<document>> fetch_hub::ask(std::shared_ptr<mirror_group> from, std::string path,
                                           std::optional<sys_seconds> if_modified_since, std::uint64_t limit,
                                           std::vector<std::size_t> excluded) {
    auto mirrors = impl_->order(*from);
    std::erase_if(mirrors,
                  [&](std::size_t m) { return std::find(excluded.begin(), excluded.end(), m) != excluded.end(); });
    core::mirror_plan plan{std::move(mirrors), core::promise::none, impl_->limits()};
    for (;;) {
        const auto step = plan.next();
        if (step.what == core::step::action::give_up) co_return step.why;
        if (step.wait.count() > 0) {
            const auto loop = co_await asio::this_coro::executor;
            const auto pause = std::make_shared<waiter>(loop);
            const auto until = steady_clock::now() + step.wait;
            co_await waiter::until(pause, until);
        }
        if (impl_->closed) co_return error{errc::cancelled, "shutting down"};
        auto request = request_to(from, step.mirror, path);
        request.if_modified_since = if_modified_since;
        request.urgent = true;
        const auto done = std::make_shared<outcome<bool>>();
        const auto into = std::make_shared<text_sink>(done, limit);
        impl_->counts.upstream_transfers.add();
        const auto handle = impl_->client.start(std::move(request), into);
        const auto patience = most_time(impl_->options, limit);
        const auto until = steady_clock::now() + patience;
        const auto whole = co_await outcome<bool>::get(done, until);
        if (!whole) {
            impl_->client.cancel(handle);
            co_await outcome<bool>::get(done, no_deadline());
        }
        impl_->counts.upstream_bytes.add(into->text.size());
        auto how = judge_text(*into, limit);
        if (!whole && how.kind != transfer::ok) {
            how.kind = transfer::timed_out;
            how.detail = "not whole after " + std::to_string(duration_cast<seconds>(patience).count()) + " s";
        }
        impl_->report(from, step.mirror, how, path);
        plan.report(how);
        if (how.kind != transfer::ok) continue;
        document got;
        got.status = into->head.status;
        got.body = std::move(into->text);
        got.modified = into->head.last_modified;
        got.mirror = step.mirror;
        got.url = into->head.url;
        co_return got;
    }
}

}  // namespace larder::net
