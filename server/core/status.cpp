#include <larder/core/status.hpp>

namespace larder::core {

int http_status(errc code, origin from) noexcept {
    const bool ours = from == origin::request;
    switch (code) {
        case errc::absent: return 404;
        case errc::malformed: return ours ? 400 : 502;
        case errc::refused: return ours ? 403 : 502;
        case errc::digest_mismatch: return ours ? 422 : 502;  // an upload that is not what it says
        case errc::bad_signature: return ours ? 403 : 502;
        case errc::stale: return ours ? 409 : 502;
        case errc::upstream_down: return 503;
        case errc::timeout: return ours ? 408 : 504;
        case errc::too_large: return ours ? 413 : 502;
        case errc::full: return 503;  // not 507: apt retries 503
        case errc::io: return 500;
        case errc::conflict: return ours ? 409 : 503;
        case errc::unsupported: return ours ? 415 : 502;
        case errc::cancelled: return 503;
        case errc::bad_config: return 500;
    }
    return 500;
}

std::string_view reason_phrase(int status) noexcept {
    switch (status) {
        case 100: return "Continue";
        case 200: return "OK";
        case 201: return "Created";
        case 202: return "Accepted";
        case 204: return "No Content";
        case 206: return "Partial Content";
        case 301: return "Moved Permanently";
        case 302: return "Found";
        case 303: return "See Other";
        case 304: return "Not Modified";
        case 307: return "Temporary Redirect";
        case 308: return "Permanent Redirect";
        case 400: return "Bad Request";
        case 401: return "Unauthorized";
        case 403: return "Forbidden";
        case 404: return "Not Found";
        case 405: return "Method Not Allowed";
        // Not the registered phrase: auto-apt-proxy knows a cache by these words of apt-cacher-ng's.
        case 406: return "Usage Information";
        case 407: return "Proxy Authentication Required";
        case 408: return "Request Timeout";
        case 409: return "Conflict";
        case 411: return "Length Required";
        case 412: return "Precondition Failed";
        case 413: return "Content Too Large";
        case 415: return "Unsupported Media Type";
        case 416: return "Range Not Satisfiable";
        case 417: return "Expectation Failed";
        case 422: return "Unprocessable Content";
        case 429: return "Too Many Requests";
        case 431: return "Request Header Fields Too Large";
        case 500: return "Internal Server Error";
        case 501: return "Not Implemented";
        case 502: return "Bad Gateway";
        case 503: return "Service Unavailable";
        case 504: return "Gateway Timeout";
        case 505: return "HTTP Version Not Supported";
        default: return "Unknown";
    }
}

}  // namespace larder::core
