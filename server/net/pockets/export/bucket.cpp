#include "pockets/export/bucket.hpp"
#include "upstream/curl_transfer.hpp"
#include <algorithm>
#include <condition_variable>
#include <cstdlib>
#include <larder/base/digest.hpp>
#include <larder/base/file.hpp>
#include <larder/base/number.hpp>
#include <larder/base/text.hpp>
#include <mutex>
#include <unistd.h>

namespace larder::net::publishing {
namespace {

constexpr std::uint64_t most_upload = 5ULL << 30;  // more takes several parts
constexpr std::uint64_t most_answer = 16 << 20;
constexpr std::size_t most_keys = 10'000'000;
constexpr int most_tries = 6;
constexpr std::chrono::milliseconds first_pause{200}, longest_pause{5000};
constexpr std::string_view scheme = "s3://";

/// As Signature Version 4 wants it: all but unreserved characters, and slashes only in paths.
std::string encode(std::string_view text, bool slashes) {
    std::string out;
    for (const char c : text) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                           c == '_' || c == '.' || c == '~' || (c == '/' && slashes);
        if (plain) {
            out += c;
            continue;
        }
        constexpr char digits[] = "0123456789ABCDEF";
        const auto byte = static_cast<unsigned char>(c);
        out += '%';
        out += digits[byte >> 4];
        out += digits[byte & 15];
    }
    return out;
}

bool is_bucket_name(std::string_view name) {
    return name.size() >= 3 && name.size() <= 63 && std::all_of(name.begin(), name.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
           });
}

std::string word_in(const char* folder, const char* file, const char* variable) {
    if (folder != nullptr)
        if (const auto text = read_file(std::string{folder} + "/" + file, 4096)) return std::string{trim(*text)};
    const char* value = std::getenv(variable);
    return value != nullptr ? value : "";
}

struct request {
    const char* method = "GET";
    std::string url;
    std::vector<std::string> headers;
    const bucket_upload* body = nullptr;
    std::uint64_t limit = most_answer;  ///< of the answer's body

    std::uint64_t sent = 0;
};
struct answer {
    long status = 0;
    std::string body, etag, sha256;
    std::uint64_t size = 0;
    bool too_large = false;
};

std::size_t on_header(char* data, std::size_t size, std::size_t n, void* self) noexcept {
    auto& got = *static_cast<answer*>(self);
    const std::string_view line{data, size * n};
    if (line.starts_with("HTTP/")) got = {};
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) return size * n;
    const auto name = line.substr(0, colon), value = trim(line.substr(colon + 1));
    if (iequals(name, "etag")) {
        got.etag = value;
        std::erase(got.etag, '"');
    }
    if (iequals(name, "x-amz-meta-sha256")) got.sha256 = value;
    if (iequals(name, "content-length")) got.size = number_in(value).value_or(0);
    return size * n;
}

struct receiving {
    answer& to;
    std::uint64_t limit;
};

std::size_t on_body(char* data, std::size_t size, std::size_t n, void* self) noexcept {
    auto& in = *static_cast<receiving*>(self);
    if (in.to.body.size() + size * n > in.limit) {
        in.to.too_large = true;
        return 0;
    }
    in.to.body.append(data, size * n);
    return size * n;
}

std::size_t on_read(char* data, std::size_t size, std::size_t n, void* self) noexcept {
    auto& of = *static_cast<request*>(self);
    const auto left = std::min<std::uint64_t>(size * n, of.body->size - of.sent);
    const auto got = ::pread(of.body->fd, data, left, static_cast<off_t>(of.sent));
    if (got < 0 || (got == 0 && left > 0)) return CURL_READFUNC_ABORT;
    of.sent += static_cast<std::uint64_t>(got);
    return static_cast<std::size_t>(got);
}

int on_seek(void* self, curl_off_t offset, int origin) noexcept {
    if (origin != SEEK_SET || offset < 0) return CURL_SEEKFUNC_CANTSEEK;
    static_cast<request*>(self)->sent = static_cast<std::uint64_t>(offset);
    return CURL_SEEKFUNC_OK;
}

int on_progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) noexcept {
    return static_cast<const std::stop_token*>(self)->stop_requested() ? 1 : 0;
}

bool may_pass(long status) { return status == 0 || status == 429 || status >= 500; }

}  // namespace

result<bucket_address> bucket_address::parse(const std::string& url, const std::string& endpoint,
                                             const std::string& region) {
    const auto rest = std::string_view{url}.substr(std::min(url.size(), scheme.size()));
    const auto slash = std::min(rest.find('/'), rest.size());
    bucket_address made{endpoint, std::string{rest.substr(0, slash)}, {}, region.empty() ? "us-east-1" : region};
    if (!url.starts_with(scheme) || !is_bucket_name(made.bucket))
        return error{errc::bad_config, "a bucket is named so: s3://BUCKET/PREFIX"};
    auto prefix = rest.substr(std::min(slash + 1, rest.size()));
    while (prefix.ends_with('/')) prefix.remove_suffix(1);
    if (!prefix.empty()) {
        LARDER_TRY(made.prefix, clean_path(prefix));
        made.prefix += '/';
    }
    while (made.endpoint.ends_with('/')) made.endpoint.pop_back();
    const auto host = made.endpoint.find("://");
    const bool http = made.endpoint.starts_with("http://") || made.endpoint.starts_with("https://");
    if (!http || made.endpoint.find_first_of("/?#@ ", host + 3) != std::string::npos ||
        made.endpoint.size() == host + 3)
        return error{errc::bad_config, "the service of a bucket is named by its URL: --endpoint https://s3.example"};
    return made;
}

result<bucket_credentials> bucket_credentials::find() {
    const char* folder = std::getenv("CREDENTIALS_DIRECTORY");
    bucket_credentials found{word_in(folder, "larder-s3-access-key-id", "AWS_ACCESS_KEY_ID"),
                             word_in(folder, "larder-s3-secret-access-key", "AWS_SECRET_ACCESS_KEY"),
                             word_in(folder, "larder-s3-session-token", "AWS_SESSION_TOKEN")};
    if (!found.key_id.empty() && !found.secret.empty()) return found;
    return error{errc::refused,
                 "no credentials for the bucket: give the process that has the store open systemd's credentials "
                 "larder-s3-access-key-id and larder-s3-secret-access-key, or AWS_ACCESS_KEY_ID and "
                 "AWS_SECRET_ACCESS_KEY in its environment"};
}

bucket_pause pause_until(std::stop_token stop) {
    return [stop](std::chrono::milliseconds how_long) {
        std::mutex mutex;
        std::condition_variable_any wake;
        std::unique_lock lock{mutex};
        wake.wait_for(lock, stop, how_long, [] { return false; });
        return !stop.stop_requested();
    };
}

struct bucket::impl {
    bucket_address where;
    bucket_credentials who;
    core::upstream_options how;
    bucket_pause pause;
    std::stop_token stop;
    std::unique_ptr<CURL, easy_freer> easy{curl_easy_init()};
    char message[CURL_ERROR_SIZE] = {};

    std::string url_of(const std::string& path) const {
        return where.endpoint + "/" + where.bucket + "/" + encode(where.prefix + path, true);
    }

    void prepare(request& of, answer& got, receiving& in, curl_slist* headers) {
        CURL* h = easy.get();
        curl_easy_reset(h);
        message[0] = '\0';
        curl_easy_setopt(h, CURLOPT_URL, of.url.c_str());
        curl_easy_setopt(h, CURLOPT_PROTOCOLS_STR, "http,https");
        curl_easy_setopt(h, CURLOPT_PATH_AS_IS, 1L);
        curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(h, CURLOPT_FOLLOWLOCATION, 0L);
        curl_easy_setopt(h, CURLOPT_USERAGENT, "Larder/" LARDER_VERSION);
        curl_easy_setopt(h, CURLOPT_ERRORBUFFER, message);
        curl_easy_setopt(h, CURLOPT_AWS_SIGV4, ("aws:amz:" + where.region + ":s3").c_str());
        curl_easy_setopt(h, CURLOPT_USERNAME, who.key_id.c_str());
        curl_easy_setopt(h, CURLOPT_PASSWORD, who.secret.c_str());
        curl_easy_setopt(h, CURLOPT_HTTPHEADER, headers);
        curl_easy_setopt(h, CURLOPT_HEADERFUNCTION, &on_header);
        curl_easy_setopt(h, CURLOPT_HEADERDATA, &got);
        curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, &on_body);
        curl_easy_setopt(h, CURLOPT_WRITEDATA, &in);
        curl_easy_setopt(h, CURLOPT_XFERINFOFUNCTION, &on_progress);
        curl_easy_setopt(h, CURLOPT_XFERINFODATA, &stop);
        curl_easy_setopt(h, CURLOPT_NOPROGRESS, 0L);
        curl_easy_setopt(h, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(how.connect_timeout.count()));
        curl_easy_setopt(h, CURLOPT_LOW_SPEED_LIMIT, 256L);
        curl_easy_setopt(h, CURLOPT_LOW_SPEED_TIME, 60L);
        curl_easy_setopt(h, CURLOPT_PROXY, how.proxy.c_str());
        curl_easy_setopt(h, CURLOPT_NOPROXY, "");
        if (!how.ca_file.empty()) curl_easy_setopt(h, CURLOPT_CAINFO, how.ca_file.c_str());
        if (of.body != nullptr) {
            curl_easy_setopt(h, CURLOPT_UPLOAD, 1L);
            curl_easy_setopt(h, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(of.body->size));
            curl_easy_setopt(h, CURLOPT_READFUNCTION, &on_read);
            curl_easy_setopt(h, CURLOPT_READDATA, &of);
            curl_easy_setopt(h, CURLOPT_SEEKFUNCTION, &on_seek);
            curl_easy_setopt(h, CURLOPT_SEEKDATA, &of);
        } else if (std::string_view{of.method} == "HEAD") {
            curl_easy_setopt(h, CURLOPT_NOBODY, 1L);
        } else if (std::string_view{of.method} != "GET") {
            curl_easy_setopt(h, CURLOPT_CUSTOMREQUEST, of.method);
        }
    }

    result<answer> once(request& of) {
        answer got;
        receiving in{got, of.limit};
        of.sent = 0;
        std::unique_ptr<curl_slist, slist_freer> headers;
        const auto add = [&](const std::string& line) {
            headers.reset(curl_slist_append(headers.release(), line.c_str()));
        };
        // Not "Expect:", which would spare a wait: libcurl 7.88 signs it, and then does not send it.
        add("x-amz-content-sha256: " + (of.body != nullptr ? of.body->sha256 : sha256({}).hex()));
        if (!who.session.empty()) add("x-amz-security-token: " + who.session);
        for (const auto& line : of.headers) add(line);
        prepare(of, got, in, headers.get());
        const auto code = curl_easy_perform(easy.get());
        if (got.too_large) return error{errc::too_large, of.url + ": the answer is too large"};
        if (stop.stop_requested()) return error{errc::cancelled, "stopped on request; the next export goes on"};
        if (code != CURLE_OK)
            return error{code == CURLE_OPERATION_TIMEDOUT ? errc::timeout : errc::upstream_down,
                         of.url + ": " + (message[0] != '\0' ? printable(message) : curl_easy_strerror(code))};
        curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &got.status);
        return got;
    }

    result<answer> ask(request of) {
        auto wait = first_pause;
        for (int tries = 1;; ++tries) {
            auto got = once(of);
            const auto code = got ? errc::io : got.error().code();
            const bool again = got ? may_pass(got->status) : code == errc::upstream_down || code == errc::timeout;
            if (!again || tries == most_tries) {
                if (!got || (got->status >= 200 && got->status < 300)) return got;
                return failure_of(of, *got);
            }
            if (!pause(wait)) return error{errc::cancelled, "stopped on request; the next export goes on"};
            wait = std::min(wait * 2, longest_pause);
        }
    }

    static error failure_of(const request& of, const answer& got) {
        const auto said = read_bucket_error(got.body);
        auto text = of.url + ": " + of.method + " was answered " + std::to_string(got.status) +
                    (said.empty() ? std::string{} : ", " + said);
        if (got.status == 404) return {errc::absent, std::move(text)};
        if (got.status == 401 || got.status == 403) return {errc::refused, std::move(text)};
        return {errc::upstream_down, std::move(text)};
    }
};

bucket::bucket(bucket_address where, bucket_credentials who, core::upstream_options how, bucket_pause pause,
               std::stop_token stop)
    : impl_{new impl{std::move(where), std::move(who), std::move(how), std::move(pause), std::move(stop)}} {}
bucket::~bucket() = default;

result<std::vector<listed_object>> bucket::list() {
    std::vector<listed_object> all;
    std::string next;
    do {
        request of;
        // Sorted by their names, as the signature wants them.
        of.url = impl_->where.endpoint + "/" + impl_->where.bucket + "?" +
                 (next.empty() ? std::string{} : "continuation-token=" + encode(next, false) + "&") +
                 "list-type=2&prefix=" + encode(impl_->where.prefix, false);
        LARDER_TRY(const auto got, impl_->ask(std::move(of)));
        auto page = read_bucket_listing(got.body);
        if (!page) return page.error().in("listing the bucket " + impl_->where.bucket);
        for (auto& one : page->objects) {
            if (!one.key.starts_with(impl_->where.prefix)) continue;
            one.key.erase(0, impl_->where.prefix.size());
            all.push_back(std::move(one));
        }
        if (all.size() > most_keys) return error{errc::too_large, "the bucket has more than 10 million objects there"};
        if (page->next == next && !next.empty()) return error{errc::malformed, "the bucket's listing has no end"};
        next = std::move(page->next);
    } while (!next.empty());
    return all;
}

result<std::string> bucket::get(const std::string& path, std::uint64_t limit) {
    request of;
    of.url = impl_->url_of(path);
    of.limit = limit;
    LARDER_TRY(auto got, impl_->ask(std::move(of)));
    return std::move(got.body);
}

result<bucket_object> bucket::head(const std::string& path) {
    request of;
    of.method = "HEAD";
    of.url = impl_->url_of(path);
    LARDER_TRY(auto got, impl_->ask(std::move(of)));
    return bucket_object{std::move(got.etag), got.size, std::move(got.sha256)};
}

result<std::string> bucket::put(const std::string& path, const bucket_upload& what) {
    if (what.size > most_upload)
        return error{errc::refused, path + " has more than 5 GiB: uploads in several parts are not made"};
    request of;
    of.method = "PUT";
    of.url = impl_->url_of(path);
    of.body = &what;
    of.headers = {"Content-Type: " + what.content_type, "Cache-Control: " + what.cache_control,
                  "x-amz-meta-sha256: " + what.sha256};
    LARDER_TRY(auto got, impl_->ask(std::move(of)));
    if (got.etag.empty()) return error{errc::malformed, path + ": the bucket's service gave no ETag"};
    return std::move(got.etag);
}

result<void> bucket::remove(const std::string& path) {
    request of;
    of.method = "DELETE";
    of.url = impl_->url_of(path);
    const auto got = impl_->ask(std::move(of));
    if (!got && got.error().code() != errc::absent) return got.error();
    return {};
}

}  // namespace larder::net::publishing
