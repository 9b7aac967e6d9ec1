#include "upstream/curl_transfer.hpp"
#include <larder/base/text.hpp>
#include <stdexcept>
#include <sys/socket.h>
#include <vector>

namespace larder::net {
namespace {

/// Bytes per second below which a transfer is taken for silent. A modem that eight transfers share brings
/// more than that to each.
constexpr double least_rate = 256;
constexpr std::uint64_t most_of_an_error = 64 * 1024;

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

std::size_t on_header(char* data, std::size_t size, std::size_t n, void* self) noexcept {
    try {
        auto& t = *static_cast<upstream_transfer*>(self);
        note_life(t, size * n);
        take_header(t, {data, size * n});
    } catch (...) {
        return 0;
    }
    return size * n;
}

std::size_t on_body(char* data, std::size_t size, std::size_t n, void* self) noexcept {
    auto& t = *static_cast<upstream_transfer*>(self);
    try {
        const auto status = status_of(t);
        if (is_redirect(status)) return size * n;
        if (status != 200 && status != 206 && (t.error_bytes += size * n) > most_of_an_error) {
            t.enough = true;
            return 0;
        }
        if (!t.limit->may_take()) {
            t.paused = true;
            return CURL_WRITEFUNC_PAUSE;
        }
        t.limit->take(size * n);
        *t.received += size * n;
        note_life(t, size * n);
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

void set_headers(upstream_transfer& t, bool with_credentials) {
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

}  // namespace

void make_handle(upstream_transfer& t, const core::upstream_options& options, bool with_credentials) {
    t.alive_at.reset();
    t.paused = false;
    t.window.reset();
    t.easy.reset(curl_easy_init());
    if (!t.easy) throw std::runtime_error{"libcurl cannot make a handle"};
    t.message[0] = '\0';
    CURL* h = t.easy.get();
    curl_easy_setopt(h, CURLOPT_PRIVATE, &t);
    curl_easy_setopt(h, CURLOPT_URL, t.url.c_str());
    curl_easy_setopt(h, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(h, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L);
    // Not to wait for the thread that asks a dead name server: the loop would stand still.
    curl_easy_setopt(h, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(h, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(h, CURLOPT_HTTP09_ALLOWED, 0L);
    curl_easy_setopt(h, CURLOPT_USERAGENT, "Larder/" LARDER_VERSION);
    curl_easy_setopt(h, CURLOPT_ERRORBUFFER, t.message);
    curl_easy_setopt(h, CURLOPT_HEADERFUNCTION, &on_header);
    curl_easy_setopt(h, CURLOPT_HEADERDATA, &t);
    curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, &on_body);
    curl_easy_setopt(h, CURLOPT_WRITEDATA, &t);
    curl_easy_setopt(h, CURLOPT_BUFFERSIZE, t.limit->limits() ? 64L * 1024L : 512L * 1024L);
    curl_easy_setopt(h, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(h, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options.connect_timeout.count()));
    curl_easy_setopt(h, CURLOPT_PREREQFUNCTION, &on_request);
    curl_easy_setopt(h, CURLOPT_PREREQDATA, &t);
    // Never the environment's proxy: what leaves here is what the configuration says.
    curl_easy_setopt(h, CURLOPT_PROXY, options.proxy.c_str());
    curl_easy_setopt(h, CURLOPT_NOPROXY, "");
    if (!options.ca_file.empty()) curl_easy_setopt(h, CURLOPT_CAINFO, options.ca_file.c_str());
    if (options.proxy.empty()) {
        curl_easy_setopt(h, CURLOPT_OPENSOCKETFUNCTION, &on_open);
        curl_easy_setopt(h, CURLOPT_OPENSOCKETDATA, &t);
    }
    set_headers(t, with_credentials);
}

void note_life(upstream_transfer& t, std::size_t bytes) {
    const auto now = std::chrono::steady_clock::now();
    t.alive_at = now;
    if (!t.window) {
        t.window = now;
        t.in_window = 0;
    }
    t.in_window += bytes;
}

bool is_dripping(upstream_transfer& t, std::chrono::milliseconds patience) {
    const auto now = std::chrono::steady_clock::now();
    if (t.paused || !t.window || now - *t.window < patience) {
        if (t.paused) t.window.reset();
        return false;
    }
    const auto seconds = std::chrono::duration<double>(now - *t.window).count();
    const bool dripping = static_cast<double>(t.in_window) < least_rate * seconds;
    t.window = now;
    t.in_window = 0;
    return dripping;
}

long status_of(const upstream_transfer& t) noexcept {
    long status = 0;
    curl_easy_getinfo(t.easy.get(), CURLINFO_RESPONSE_CODE, &status);
    return status;
}

bool is_redirect(long status) noexcept {
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

bool begin(upstream_transfer& t) {
    if (t.begun) return !t.refused;
    curl_off_t length = -1;
    curl_easy_getinfo(t.easy.get(), CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    t.head.status = static_cast<int>(status_of(t));
    if (length >= 0) t.head.length = static_cast<std::uint64_t>(length);
    // A redirect's query is often a secret that lets its bearer in.
    t.head.url = t.url.substr(0, t.url.find('?'));
    t.begun = true;
    t.refused = !t.sink->begin(t.head);
    return !t.refused;
}

error failure_of(CURLcode code, const upstream_transfer& t) {
    std::string text =
        t.url + ": " + (t.message[0] != '\0' ? printable(t.message) : std::string{curl_easy_strerror(code)});
    switch (code) {
        case CURLE_OPERATION_TIMEDOUT: return {errc::timeout, std::move(text)};
        case CURLE_ABORTED_BY_CALLBACK: return {errc::cancelled, std::move(text)};
        default: return {errc::upstream_down, std::move(text)};
    }
}

}  // namespace larder::net
