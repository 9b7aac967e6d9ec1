#include <algorithm>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <curl/curl.h>
#include <deque>
#include <larder/base/text.hpp>
#include <larder/core/url.hpp>
#include <larder/net/upstream_client.hpp>
#include <map>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>
#include <unordered_map>

namespace larder::net {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr int max_redirects = 5;

void check(CURLMcode code, const char* doing) {
    if (code != CURLM_OK) throw std::runtime_error{std::string{"libcurl: "} + doing + ": " + curl_multi_strerror(code)};
}

struct easy_freer {
    void operator()(CURL* h) const noexcept { curl_easy_cleanup(h); }
};
struct slist_freer {
    void operator()(curl_slist* l) const noexcept { curl_slist_free_all(l); }
};

/// "bytes 100-199/1000"
void read_content_range(std::string_view value, transfer_head& head) {
    value = trim(value);
    if (!value.starts_with("bytes ")) return;
    value.remove_prefix(6);
    const auto dash = value.find('-');
    const auto slash = value.find('/');
    if (dash == std::string_view::npos || slash == std::string_view::npos || dash > slash) return;
    const auto number = [](std::string_view text) -> std::optional<std::uint64_t> {
        if (text.empty() || text.size() > 18) return std::nullopt;
        std::uint64_t n = 0;
        for (const char c : text) {
            if (c < '0' || c > '9') return std::nullopt;
            n = n * 10 + static_cast<std::uint64_t>(c - '0');
        }
        return n;
    };
    head.range_start = number(value.substr(0, dash));
    head.range_total = number(value.substr(slash + 1));
}

error failure_of(CURLcode code, const char* buffer, const std::string& url) {
    std::string text = url + ": " + (buffer[0] != '\0' ? printable(buffer) : std::string{curl_easy_strerror(code)});
    switch (code) {
        case CURLE_OPERATION_TIMEDOUT: return {errc::timeout, std::move(text)};
        case CURLE_ABORTED_BY_CALLBACK: return {errc::cancelled, std::move(text)};
        default: return {errc::upstream_down, std::move(text)};
    }
}

}  // namespace

/// The bandwidth of all transfers together, as a bucket that fills by itself. A transfer takes what it got
/// and may leave the bucket in debt; nobody gets more before that is paid.
class rate_limit {
public:
    explicit rate_limit(std::uint64_t bytes_per_second) { change(bytes_per_second); }
    void change(std::uint64_t bytes_per_second) {
        rate_ = static_cast<double>(bytes_per_second);
        left_ = std::min(left_, most());
    }
    bool limits() const noexcept { return rate_ > 0; }
    bool may_take() {
        fill();
        return !limits() || left_ > 0;
    }
    void take(std::size_t bytes) {
        if (limits()) left_ -= static_cast<double>(bytes);
    }
    /// Until may_take() is true again.
    std::chrono::milliseconds pause() const {
        const auto ms = limits() && left_ <= 0 ? -left_ / rate_ * 1000 : 0;
        return std::chrono::milliseconds{static_cast<std::int64_t>(ms) + 5};
    }

private:
    /// What may come at once after a quiet time: a quarter of a second's worth.
    double most() const noexcept { return rate_ / 4; }
    void fill() {
        const auto now = std::chrono::steady_clock::now();
        left_ = std::min(most(), left_ + rate_ * std::chrono::duration<double>(now - filled_).count());
        filled_ = now;
    }

    double rate_ = 0, left_ = 0;
    std::chrono::steady_clock::time_point filled_ = std::chrono::steady_clock::now();
};

/// One transfer: an easy handle, its sink, and where its redirects have led so far.
struct upstream_transfer {
    std::uint64_t id = 0;
    transfer_request request;
    std::shared_ptr<transfer_sink> sink;
    std::unique_ptr<CURL, easy_freer> easy;
    std::unique_ptr<curl_slist, slist_freer> headers;
    std::string url;
    std::string location;
    transfer_head head;
    int redirects = 0;
    bool begun = false;    ///< the sink has the head
    bool refused = false;  ///< the sink said no
    bool address_refused = false;
    bool paused = false;  ///< its turn for a part of the bandwidth has not come
    rate_limit* limit = nullptr;
    /// When it last showed life, from the moment its request was sent; before that it may be queued
    /// for a connection, and the connect time-out watches.
    std::optional<std::chrono::steady_clock::time_point> alive_at;
    std::uint64_t* received = nullptr;
    char message[CURL_ERROR_SIZE] = {};
};

namespace {

/// A header line of the current response; a status line starts a new one (after 100 or a redirect).
void take_header(upstream_transfer& t, std::string_view line) {
    if (line.starts_with("HTTP/")) {
        t.head = {};
        t.location.clear();
        return;
    }
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) return;
    const auto name = line.substr(0, colon);
    const auto value = trim(line.substr(colon + 1));
    if (iequals(name, "last-modified")) {
        if (const auto date = parse_http_date(value)) t.head.last_modified = *date;
    } else if (iequals(name, "content-range")) {
        read_content_range(value, t.head);
    } else if (iequals(name, "location")) {
        t.location = std::string{value};
    }
}

bool is_redirect(long status) {
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/// Tells the sink of the answer, once, before its first byte or its end.
bool begin(upstream_transfer& t) {
    if (t.begun) return !t.refused;
    long status = 0;
    curl_off_t length = -1;
    curl_easy_getinfo(t.easy.get(), CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(t.easy.get(), CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    t.head.status = static_cast<int>(status);
    if (length >= 0) t.head.length = static_cast<std::uint64_t>(length);
    t.begun = true;
    t.refused = !t.sink->begin(t.head);
    return !t.refused;
}

std::size_t on_header(char* data, std::size_t size, std::size_t n, void* self) noexcept {
    try {
        auto& t = *static_cast<upstream_transfer*>(self);
        t.alive_at = std::chrono::steady_clock::now();
        take_header(t, {data, size * n});
    } catch (...) {
        return 0;
    }
    return size * n;
}

std::size_t on_body(char* data, std::size_t size, std::size_t n, void* self) noexcept {
    auto& t = *static_cast<upstream_transfer*>(self);
    try {
        long status = 0;
        curl_easy_getinfo(t.easy.get(), CURLINFO_RESPONSE_CODE, &status);
        if (is_redirect(status)) return size * n;
        if (!t.limit->may_take()) {
            t.paused = true;
            return CURL_WRITEFUNC_PAUSE;
        }
        t.limit->take(size * n);
        *t.received += size * n;
        t.alive_at = std::chrono::steady_clock::now();
        if (!begin(t)) return 0;
        if (!t.sink->body({data, size * n})) {
            t.refused = true;
            return 0;
        }
    } catch (...) {
        t.refused = true;
        return 0;
    }
    return size * n;
}

int on_request(void* self, char*, char*, int, int) noexcept {
    static_cast<upstream_transfer*>(self)->alive_at = std::chrono::steady_clock::now();
    return CURL_PREREQFUNC_OK;
}

curl_socket_t on_open(void* self, curlsocktype purpose, curl_sockaddr* address) noexcept {
    auto& t = *static_cast<upstream_transfer*>(self);
    if (purpose != CURLSOCKTYPE_IPCXN) return CURL_SOCKET_BAD;
    try {
        if (t.request.may_connect && !t.request.may_connect(&address->addr)) {
            t.address_refused = true;
            return CURL_SOCKET_BAD;
        }
    } catch (...) {
        return CURL_SOCKET_BAD;
    }
    return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

}  // namespace

struct upstream_client::impl {
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
    rate_limit limited;
    std::deque<std::uint64_t> paused;  ///< transfers that wait for bandwidth, who waits longest first
    bool watching = false;
    CURLM* multi = curl_multi_init();
    std::map<curl_socket_t, std::shared_ptr<watch>> watches;
    std::unordered_map<std::uint64_t, std::shared_ptr<upstream_transfer>> transfers;
    std::uint64_t last_id = 0;
    std::uint64_t received = 0;
    std::shared_ptr<bool> alive = std::make_shared<bool>(true);

    impl(asio::io_context& l, const core::upstream_options& o)
        : loop{l}, options{o}, timer{l}, silence{l}, throttle{l}, limited{o.bandwidth} {
        if (multi == nullptr) throw std::runtime_error{"libcurl cannot start"};
        check(curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, &impl::on_socket), "setting up");
        check(curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, this), "setting up");
        check(curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, &impl::on_timer), "setting up");
        check(curl_multi_setopt(multi, CURLMOPT_TIMERDATA, this), "setting up");
        limit();
    }

    ~impl() {
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

    void limit() {
        check(curl_multi_setopt(multi, CURLMOPT_MAX_HOST_CONNECTIONS, static_cast<long>(options.connections)),
              "setting up");
        check(curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, static_cast<long>(options.connections) * 4L),
              "setting up");
    }

    static int on_socket(CURL*, curl_socket_t fd, int what, void* self, void*) noexcept {
        auto& me = *static_cast<impl*>(self);
        try {
            me.watch_socket(fd, what);
        } catch (...) {
            return -1;
        }
        return 0;
    }

    static int on_timer(CURLM*, long ms, void* self) noexcept {
        auto& me = *static_cast<impl*>(self);
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
        long status = 0;
        curl_easy_getinfo(t->easy.get(), CURLINFO_RESPONSE_CODE, &status);
        if (code == CURLE_OK && is_redirect(status) && follow(t)) return;
        transfer_end end;
        end.status = static_cast<int>(status);
        end.connected = status != 0;
        curl_off_t wait = 0;
        if (curl_easy_getinfo(t->easy.get(), CURLINFO_RETRY_AFTER, &wait) == CURLE_OK && wait > 0)
            end.retry_after = std::chrono::seconds{std::min<curl_off_t>(wait, 86'400)};
        if (t->refused)
            end.failure = error{errc::cancelled, t->url + ": stopped here"};
        else if (t->address_refused && code != CURLE_OK)
            end.failure = error{errc::refused, t->url +
                                                   ": its address is loopback, link-local or private; name it in "
                                                   "upstream.private_networks if that is meant"};
        else if (code != CURLE_OK)
            end.failure = failure_of(code, t->message, t->url);
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
        t->alive_at.reset();
        t->paused = false;
        t->easy.reset(curl_easy_init());
        if (!t->easy) throw std::runtime_error{"libcurl cannot make a handle"};
        t->message[0] = '\0';
        CURL* h = t->easy.get();
        curl_easy_setopt(h, CURLOPT_PRIVATE, t.get());
        curl_easy_setopt(h, CURLOPT_URL, t->url.c_str());
        curl_easy_setopt(h, CURLOPT_PROTOCOLS_STR, "http,https");
        curl_easy_setopt(h, CURLOPT_PATH_AS_IS, 1L);
        curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(h, CURLOPT_FOLLOWLOCATION, 0L);
        curl_easy_setopt(h, CURLOPT_HTTP09_ALLOWED, 0L);
        curl_easy_setopt(h, CURLOPT_USERAGENT, "Larder/" LARDER_VERSION);
        curl_easy_setopt(h, CURLOPT_ERRORBUFFER, t->message);
        curl_easy_setopt(h, CURLOPT_HEADERFUNCTION, &on_header);
        curl_easy_setopt(h, CURLOPT_HEADERDATA, t.get());
        curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, &on_body);
        curl_easy_setopt(h, CURLOPT_WRITEDATA, t.get());
        curl_easy_setopt(h, CURLOPT_BUFFERSIZE, limited.limits() ? 64L * 1024L : 512L * 1024L);
        curl_easy_setopt(h, CURLOPT_TCP_KEEPALIVE, 1L);
        curl_easy_setopt(h, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options.connect_timeout.count()));
        curl_easy_setopt(h, CURLOPT_PREREQFUNCTION, &on_request);
        curl_easy_setopt(h, CURLOPT_PREREQDATA, t.get());
        // Never the environment's proxy: what leaves here is what the configuration says.
        curl_easy_setopt(h, CURLOPT_PROXY, options.proxy.c_str());
        curl_easy_setopt(h, CURLOPT_NOPROXY, "");
        if (!options.ca_file.empty()) curl_easy_setopt(h, CURLOPT_CAINFO, options.ca_file.c_str());
        if (options.proxy.empty()) {
            curl_easy_setopt(h, CURLOPT_OPENSOCKETFUNCTION, &on_open);
            curl_easy_setopt(h, CURLOPT_OPENSOCKETDATA, t.get());
        }
        set_headers(*t, with_credentials);
        check(curl_multi_add_handle(multi, h), "starting a transfer");
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
                if (!t->paused && t->alive_at && *t->alive_at < oldest) silent.push_back(t);
            for (const auto& t : silent) {
                long status = 0;
                curl_easy_getinfo(t->easy.get(), CURLINFO_RESPONSE_CODE, &status);
                end(t,
                    error{errc::timeout,
                          t->url + ": not a byte for " + std::to_string(options.inactivity_timeout.count()) + " ms"},
                    status != 0);
            }
            watching = !transfers.empty();
            if (watching) look_for_silence();
        });
    }

    static void set_headers(upstream_transfer& t, bool with_credentials) {
        CURL* h = t.easy.get();
        if (t.request.offset > 0) curl_easy_setopt(h, CURLOPT_RANGE, (std::to_string(t.request.offset) + "-").c_str());
        std::vector<std::string> lines;
        if (t.request.if_modified_since)
            lines.push_back("If-Modified-Since: " + format_http_date(*t.request.if_modified_since));
        if (with_credentials && !t.request.bearer.empty()) lines.push_back("Authorization: Bearer " + t.request.bearer);
        if (with_credentials && !t.request.user.empty()) {
            curl_easy_setopt(h, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
            curl_easy_setopt(h, CURLOPT_USERNAME, t.request.user.c_str());
            curl_easy_setopt(h, CURLOPT_PASSWORD, t.request.password.c_str());
        }
        t.headers.reset();
        for (const auto& line : lines) t.headers.reset(curl_slist_append(t.headers.release(), line.c_str()));
        if (t.headers) curl_easy_setopt(h, CURLOPT_HTTPHEADER, t.headers.get());
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

upstream_client::upstream_client(asio::io_context& loop, const core::upstream_options& options) {
    static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
    if (started != CURLE_OK) throw std::runtime_error{"libcurl cannot start"};
    impl_ = std::make_unique<impl>(loop, options);
}

upstream_client::~upstream_client() = default;

std::uint64_t upstream_client::start(transfer_request request, std::shared_ptr<transfer_sink> sink) {
    auto t = std::make_shared<upstream_transfer>();
    t->id = ++impl_->last_id;
    t->url = request.url;
    t->request = std::move(request);
    t->sink = std::move(sink);
    t->received = &impl_->received;
    t->limit = &impl_->limited;
    impl_->transfers.emplace(t->id, t);
    if (!impl_->try_launch(t, true))
        asio::post(impl_->loop, [me = impl_.get(), live = impl_->alive, t] {
            if (*live && me->transfers.contains(t->id))
                me->end(t, error{errc::upstream_down, t->url + ": libcurl cannot start it"}, false);
        });
    return t->id;
}

void upstream_client::cancel(std::uint64_t handle) {
    asio::post(impl_->loop, [me = impl_.get(), live = impl_->alive, handle] {
        if (!*live) return;
        const auto found = me->transfers.find(handle);
        if (found == me->transfers.end()) return;
        const auto t = found->second;
        me->cancel(t);
    });
}

void upstream_client::shut_down() { impl_->end_all(); }

void upstream_client::reconfigure(const core::upstream_options& options) {
    impl_->options = options;
    impl_->limited.change(options.bandwidth);
    impl_->limit();
}

std::size_t upstream_client::active() const noexcept { return impl_->transfers.size(); }

std::uint64_t upstream_client::received() const noexcept { return impl_->received; }

}  // namespace larder::net
