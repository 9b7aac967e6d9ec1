#include "upstream/curl_transfer.hpp"
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <larder/base/text.hpp>
#include <larder/core/url.hpp>
#include <larder/net/upstream_client.hpp>
#include <map>
#include <stdexcept>
#include <unordered_map>

namespace larder::net {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr int max_redirects = 5;

void check(CURLMcode code, const char* doing) {
    if (code != CURLM_OK) throw std::runtime_error{std::string{"libcurl: "} + doing + ": " + curl_multi_strerror(code)};
}

/// One set of connections, with its queue. Metadata has one of its own, so that an InRelease does not wait
/// behind packages.
struct lane {
    /// A socket of libcurl's that the loop watches. Shared with the waits under way, which look at
    /// `closed` when they come back.
    struct watch {
        watch(asio::io_context& loop, curl_socket_t fd) : descriptor{loop, fd} {}
        asio::posix::stream_descriptor descriptor;
        int wanted = 0;
        bool reading = false, writing = false, closed = false;
    };

    asio::io_context& loop;
    core::upstream_options options;
    asio::steady_timer timer;
    asio::steady_timer silence;
    asio::steady_timer throttle;
    bool throttling = false;
    rate_limit& limited;               ///< of all lanes
    std::deque<std::uint64_t> paused;  ///< transfers that wait for bandwidth, who waits longest first
    bool watching = false;
    CURLM* multi = curl_multi_init();
    std::map<curl_socket_t, std::shared_ptr<watch>> watches;
    std::unordered_map<std::uint64_t, std::shared_ptr<upstream_transfer>> transfers;
    std::uint64_t received = 0;
    std::shared_ptr<bool> alive = std::make_shared<bool>(true);

    lane(asio::io_context& l, const core::upstream_options& o, unsigned connections, rate_limit& all)
        : loop{l}, options{o}, timer{l}, silence{l}, throttle{l}, limited{all} {
        if (multi == nullptr) throw std::runtime_error{"libcurl cannot start"};
        check(curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, &lane::on_socket), "setting up");
        check(curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, this), "setting up");
        check(curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, &lane::on_timer), "setting up");
        check(curl_multi_setopt(multi, CURLMOPT_TIMERDATA, this), "setting up");
        limit(connections);
    }

    ~lane() {
        *alive = false;
        end_all();
        for (auto& [fd, w] : watches) {
            w->closed = true;
            w->descriptor.release();
        }
        curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, nullptr);
        curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, nullptr);
        curl_multi_cleanup(multi);
    }

    void limit(unsigned connections) {
        check(curl_multi_setopt(multi, CURLMOPT_MAX_HOST_CONNECTIONS, static_cast<long>(connections)), "setting up");
        check(curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, static_cast<long>(connections) * 4L), "setting up");
    }

    static int on_socket(CURL*, curl_socket_t fd, int what, void* self, void*) noexcept {
        auto& me = *static_cast<lane*>(self);
        try {
            me.watch_socket(fd, what);
        } catch (...) {
            return -1;
        }
        return 0;
    }

    static int on_timer(CURLM*, long ms, void* self) noexcept {
        auto& me = *static_cast<lane*>(self);
        try {
            me.set_timer(ms);
        } catch (...) {
            return -1;
        }
        return 0;
    }

    void watch_socket(curl_socket_t fd, int what) {
        auto found = watches.find(fd);
        if (what == CURL_POLL_REMOVE) {
            if (found == watches.end()) return;
            found->second->closed = true;
            found->second->descriptor.release();
            watches.erase(found);
            return;
        }
        if (found == watches.end()) found = watches.emplace(fd, std::make_shared<watch>(loop, fd)).first;
        found->second->wanted = what;
        arm(found->second);
    }

    void arm(const std::shared_ptr<watch>& w) {
        const bool read = w->wanted == CURL_POLL_IN || w->wanted == CURL_POLL_INOUT;
        const bool write = w->wanted == CURL_POLL_OUT || w->wanted == CURL_POLL_INOUT;
        if (read && !w->reading) {
            w->reading = true;
            w->descriptor.async_wait(asio::posix::stream_descriptor::wait_read, [this, w, live = alive](error_code ec) {
                w->reading = false;
                if (*live) ready(w, ec, CURL_CSELECT_IN);
            });
        }
        if (write && !w->writing) {
            w->writing = true;
            w->descriptor.async_wait(asio::posix::stream_descriptor::wait_write,
                                     [this, w, live = alive](error_code ec) {
                                         w->writing = false;
                                         if (*live) ready(w, ec, CURL_CSELECT_OUT);
                                     });
        }
    }

    void ready(const std::shared_ptr<watch>& w, error_code ec, int event) {
        if (w->closed || ec == asio::error::operation_aborted) return;
        int running = 0;
        curl_multi_socket_action(multi, w->descriptor.native_handle(), ec ? CURL_CSELECT_ERR : event, &running);
        collect();
        if (!w->closed) arm(w);
        queue_paused();
    }

    void set_timer(long ms) {
        timer.cancel();
        if (ms < 0) return;
        timer.expires_after(std::chrono::milliseconds{ms});
        timer.async_wait([this, live = alive](error_code ec) {
            if (ec || !*live) return;
            int running = 0;
            curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &running);
            collect();
            queue_paused();
        });
    }

    void collect() {
        int left = 0;
        while (CURLMsg* message = curl_multi_info_read(multi, &left)) {
            if (message->msg != CURLMSG_DONE) continue;
            void* self = nullptr;
            curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &self);
            const auto code = message->data.result;
            const auto found = transfers.find(static_cast<upstream_transfer*>(self)->id);
            if (found != transfers.end()) finish(found->second, code);
        }
    }

    void finish(std::shared_ptr<upstream_transfer> t, CURLcode code) {
        curl_multi_remove_handle(multi, t->easy.get());
        const auto status = status_of(*t);
        if (code == CURLE_OK && is_redirect(status) && follow(t)) return;
        transfer_end end;
        end.status = static_cast<int>(status);
        end.connected = status != 0;
        curl_off_t wait = 0;
        if (curl_easy_getinfo(t->easy.get(), CURLINFO_RETRY_AFTER, &wait) == CURLE_OK && wait > 0)
            end.retry_after = std::chrono::seconds{std::min<curl_off_t>(wait, 86'400)};
        if (t->enough)
            begin(*t);  // the status says it all
        else if (t->refused)
            end.failure = error{errc::cancelled, t->url + ": stopped here"};
        else if (t->address_refused && code != CURLE_OK)
            end.failure = error{errc::refused, t->url +
                                                   ": its address is loopback, link-local or private; name it in "
                                                   "upstream.private_networks if that is meant"};
        else if (code != CURLE_OK)
            end.failure = failure_of(code, *t);
        else if (is_redirect(status))
            end.failure =
                error{errc::upstream_down, t->url + ": refused its redirect to '" + printable(t->location) + "'"};
        else if (!begin(*t))
            end.failure = error{errc::cancelled, t->url + ": stopped here"};
        transfers.erase(t->id);
        t->sink->ended(end);
    }

    /// Follows one redirect where the allow-list lets it; false leaves it an error.
    bool follow(const std::shared_ptr<upstream_transfer>& t) {
        if (++t->redirects > max_redirects) return false;
        const auto from = core::parse_url(t->url);
        if (!from) return false;
        const auto to = core::resolve(*from, t->location);
        if (!to || !core::redirect_allowed(*from, *to, t->request.redirect_hosts)) return false;
        const auto first = core::parse_url(t->request.url);
        const bool same_host = first && core::same_origin(*first, *to);
        t->url = core::to_string(*to);
        return try_launch(t, same_host);
    }

    /// False when libcurl has no memory for one more: an outcome like any other, not the end of the loop.
    bool try_launch(const std::shared_ptr<upstream_transfer>& t, bool with_credentials) noexcept {
        try {
            launch(t, with_credentials);
            return true;
        } catch (const std::exception&) {
            return false;
        }
    }

    void launch(const std::shared_ptr<upstream_transfer>& t, bool with_credentials) {
        make_handle(*t, options, with_credentials);
        check(curl_multi_add_handle(multi, t->easy.get()), "starting a transfer");
        if (!watching) look_for_silence();
    }

    /// Ends transfers without a sign of life. libcurl's own speed limit averages over several seconds,
    /// which would add to a time-out that must stay below apt's.
    void look_for_silence() {
        watching = true;
        silence.expires_after(std::clamp<std::chrono::milliseconds>(
            options.inactivity_timeout / 8, std::chrono::milliseconds{20}, std::chrono::milliseconds{500}));
        silence.async_wait([this, live = alive](error_code ec) {
            if (ec || !*live) return;
            const auto oldest = std::chrono::steady_clock::now() - options.inactivity_timeout;
            std::vector<std::shared_ptr<upstream_transfer>> silent;
            for (const auto& [id, t] : transfers)
                if ((!t->paused && t->alive_at && *t->alive_at < oldest) || is_dripping(*t, options.inactivity_timeout))
                    silent.push_back(t);
            for (const auto& t : silent) {
                end(t,
                    error{errc::timeout, t->url + ": next to nothing for " +
                                             std::to_string(options.inactivity_timeout.count()) + " ms"},
                    status_of(*t) != 0);
            }
            watching = !transfers.empty();
            if (watching) look_for_silence();
        });
    }

    /// Puts those that were paused since behind those that wait already, and sees to their waking.
    void queue_paused() {
        if (limited.limits() || !paused.empty())
            for (const auto& [id, t] : transfers)
                if (t->paused && std::find(paused.begin(), paused.end(), id) == paused.end()) paused.push_back(id);
        if (paused.empty() || throttling) return;
        throttling = true;
        throttle.expires_after(limited.pause());
        throttle.async_wait([this, live = alive](error_code ec) {
            if (ec || !*live) return;
            throttling = false;
            go_on_with_paused();
        });
    }

    /// In turn, as long as there is bandwidth; who takes his part and wants more queues up again.
    void go_on_with_paused() {
        for (auto turns = paused.size(); turns > 0 && limited.may_take(); --turns) {
            const auto found = transfers.find(paused.front());
            paused.pop_front();
            if (found == transfers.end() || !found->second->easy) continue;
            const auto t = found->second;
            t->paused = false;
            t->window.reset();
            t->alive_at = std::chrono::steady_clock::now();
            // What libcurl kept meanwhile is handed over by this very call, and may be refused in it.
            const auto how = curl_easy_pause(t->easy.get(), CURLPAUSE_CONT);
            if (how != CURLE_OK && transfers.contains(t->id)) finish(t, how);
        }
        collect();
        queue_paused();
    }

    void end(const std::shared_ptr<upstream_transfer>& t, error why, bool connected) {
        if (t->easy) curl_multi_remove_handle(multi, t->easy.get());
        transfers.erase(t->id);
        transfer_end over;
        over.failure = std::move(why);
        over.connected = connected;
        t->sink->ended(over);
    }
    void cancel(const std::shared_ptr<upstream_transfer>& t) {
        end(t, error{errc::cancelled, t->url + ": cancelled"}, false);
    }

    void end_all() {
        while (!transfers.empty()) {
            const auto t = transfers.begin()->second;
            cancel(t);
        }
    }
};

/// Of so many connections to a host, those that metadata has for itself; none where there is but one.
constexpr unsigned urgent_of(unsigned connections) { return connections >= 4 ? 2 : connections / 2; }

}  // namespace

struct upstream_client::impl {
    impl(asio::io_context& l, const core::upstream_options& o)
        : loop{l},
          limited{o.bandwidth},
          bulk{l, o, o.connections - urgent_of(o.connections), limited},
          urgent{l, o, std::max(1U, urgent_of(o.connections)), limited},
          connections{o.connections} {}

    lane& for_request(const transfer_request& request) {
        return request.urgent && urgent_of(connections) > 0 ? urgent : bulk;
    }

    asio::io_context& loop;
    rate_limit limited;
    lane bulk, urgent;
    unsigned connections;
    std::uint64_t last_id = 0;
};

upstream_client::upstream_client(asio::io_context& loop, const core::upstream_options& options) {
    static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
    if (started != CURLE_OK) throw std::runtime_error{"libcurl cannot start"};
    impl_ = std::make_unique<impl>(loop, options);
}

upstream_client::~upstream_client() = default;

std::uint64_t upstream_client::start(transfer_request request, std::shared_ptr<transfer_sink> sink) {
    auto& in = impl_->for_request(request);
    auto t = std::make_shared<upstream_transfer>();
    t->id = ++impl_->last_id;
    t->url = request.url;
    t->request = std::move(request);
    t->sink = std::move(sink);
    t->received = &in.received;
    t->limit = &impl_->limited;
    in.transfers.emplace(t->id, t);
    if (!in.try_launch(t, true))
        asio::post(impl_->loop, [&in, live = in.alive, t] {
            if (*live && in.transfers.contains(t->id))
                in.end(t, error{errc::upstream_down, t->url + ": libcurl cannot start it"}, false);
        });
    return t->id;
}

void upstream_client::cancel(std::uint64_t handle) {
    for (auto* const in : {&impl_->bulk, &impl_->urgent})
        asio::post(impl_->loop, [in, live = in->alive, handle] {
            if (!*live) return;
            const auto found = in->transfers.find(handle);
            if (found == in->transfers.end()) return;
            const auto t = found->second;
            in->cancel(t);
        });
}

void upstream_client::shut_down() {
    impl_->urgent.end_all();
    impl_->bulk.end_all();
}

void upstream_client::reconfigure(const core::upstream_options& options) {
    impl_->connections = options.connections;
    impl_->limited.change(options.bandwidth);
    impl_->bulk.options = impl_->urgent.options = options;
    impl_->bulk.limit(options.connections - urgent_of(options.connections));
    impl_->urgent.limit(std::max(1U, urgent_of(options.connections)));
}

std::size_t upstream_client::active() const noexcept {
    return impl_->bulk.transfers.size() + impl_->urgent.transfers.size();
}

std::uint64_t upstream_client::received() const noexcept { return impl_->bulk.received + impl_->urgent.received; }

}  // namespace larder::net
