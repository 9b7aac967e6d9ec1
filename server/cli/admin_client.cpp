#include "admin_client.hpp"
#include <boost/json.hpp>
#include <cerrno>
#include <curl/curl.h>
#include <larder/base/file.hpp>
#include <sys/socket.h>
#include <sys/un.h>

namespace larder::cli {
namespace {

namespace json = boost::json;

struct close_curl {
    void operator()(CURL* c) const noexcept { ::curl_easy_cleanup(c); }
};
struct free_list {
    void operator()(curl_slist* l) const noexcept { ::curl_slist_free_all(l); }
};

/// No answer is larger than this: a status of a thousand suites is some 500 KB.
constexpr std::size_t most_answer = 64 << 20;
constexpr long seconds_to_answer = 60;

std::size_t take_bytes(char* bytes, std::size_t size, std::size_t count, void* into) noexcept {
    auto& out = *static_cast<std::string*>(into);
    if (out.size() + size * count > most_answer) return 0;
    try {
        out.append(bytes, size * count);
    } catch (const std::bad_alloc&) {
        return 0;
    }
    return size * count;
}

/// 0, or the errno of a plain connect.
int try_to_connect(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) return ENAMETOOLONG;
    path.copy(static_cast<char*>(address.sun_path), path.size());
    const unique_fd fd{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    if (!fd) return errno;
    return ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ? 0 : errno;
}

error told_by(long status, const json::value& answer) {
    if (const auto* object = answer.if_object())
        if (const auto* inner = object->if_contains("error"); inner != nullptr && inner->is_object()) {
            const auto& e = inner->get_object();
            const auto text = [&e](std::string_view name) {
                const auto* v = e.if_contains(name);
                return v != nullptr && v->is_string() ? std::string{v->get_string()} : std::string{};
            };
            return {errc_of(text("code")), text("detail")};
        }
    return {errc::io, "the server answered " + std::to_string(status) + " without a reason"};
}

}  // namespace

struct admin_client::impl {
    std::string socket;
    std::unique_ptr<CURL, close_curl> curl;

    result<json::value> call(std::string_view path, const std::string* body) {
        auto* const c = curl.get();
        ::curl_easy_reset(c);
        const auto url = "http://localhost/api/v1" + std::string{path};
        std::string answer;
        const std::unique_ptr<curl_slist, free_list> fields{
            ::curl_slist_append(nullptr, "Content-Type: application/json")};
        ::curl_easy_setopt(c, CURLOPT_UNIX_SOCKET_PATH, socket.c_str());
        ::curl_easy_setopt(c, CURLOPT_URL, url.c_str());
        ::curl_easy_setopt(c, CURLOPT_PROXY, "");
        ::curl_easy_setopt(c, CURLOPT_TIMEOUT, seconds_to_answer);
        ::curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
        ::curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take_bytes);
        ::curl_easy_setopt(c, CURLOPT_WRITEDATA, &answer);
        if (body != nullptr) {
            ::curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body->size()));
            ::curl_easy_setopt(c, CURLOPT_POSTFIELDS, body->c_str());
            ::curl_easy_setopt(c, CURLOPT_HTTPHEADER, fields.get());
        }
        if (const auto how = ::curl_easy_perform(c); how != CURLE_OK)
            return error{errc::io, "the server at " + socket + " does not answer: " + ::curl_easy_strerror(how)};
        long status = 0;
        ::curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
        boost::system::error_code ec;
        auto value = json::parse(answer, ec);
        if (status < 200 || status > 299) return told_by(status, ec ? json::value{} : value);
        if (ec) return error{errc::malformed, "the server at " + socket + " did not answer in JSON"};
        return value;
    }
};

admin_client::admin_client(std::unique_ptr<impl> i) : impl_{std::move(i)} {}
admin_client::admin_client(admin_client&&) noexcept = default;
admin_client& admin_client::operator=(admin_client&&) noexcept = default;
admin_client::~admin_client() = default;

result<std::optional<admin_client>> admin_client::connect(const std::string& socket) {
    if (socket.empty()) return std::optional<admin_client>{};
    const int how = try_to_connect(socket);
    if (how == EACCES || how == EPERM)
        return error{errc::refused, "a server may be running, but this user may not use its admin socket " + socket +
                                        "; run this as root or as the server's user"};
    if (how != 0) return std::optional<admin_client>{};
    auto made = std::make_unique<impl>();
    made->socket = socket;
    made->curl.reset(::curl_easy_init());
    if (!made->curl) return error{errc::io, "libcurl does not start"};
    return std::optional{admin_client{std::move(made)}};
}

result<json::value> admin_client::get(std::string_view path) { return impl_->call(path, nullptr); }

result<json::value> admin_client::post(std::string_view path, const json::value& body) {
    const auto text = json::serialize(body);
    return impl_->call(path, &text);
}

errc errc_of(std::string_view name) noexcept {
    for (int i = 0; i <= static_cast<int>(errc::bad_config); ++i)
        if (to_string(static_cast<errc>(i)) == name) return static_cast<errc>(i);
    return errc::io;
}

}  // namespace larder::cli
