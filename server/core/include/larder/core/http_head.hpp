#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace larder::core {

/// Request heads, read strictly. A lenient reader in front of a lenient upstream is how requests are
/// smuggled, so whatever two readers could understand differently is refused: obs-fold, bare CR or
/// LF, NUL, a space before a colon, repeated Host or Content-Length, Content-Length together with
/// Transfer-Encoding (RFC 9112 sections 2.2, 3.2, 5.1, 6.1, 6.3). It is the hot path, too: nothing
/// here allocates, and every view points into the caller's buffer.

enum class method { get, head, connect, put, post, delete_, other };

/// Why a request was not accepted: one counter each in the metrics.
enum class fault_kind {
    none,
    bad_request_line,  ///< not "METHOD target HTTP/1.x"
    bad_version,       ///< HTTP/0.9, HTTP/2.x: 505
    bad_target,        ///< control, non-ASCII or otherwise impossible characters
    bare_cr_or_lf,     ///< a line end other than CR LF
    bad_field,         ///< no colon, no token before it, a control character in the value
    folded_field,      ///< obs-fold
    repeated_field,    ///< a field that may stand once stood twice
    bad_host,          ///< absent in HTTP/1.1, or not a host
    bad_length,        ///< Content-Length that is no number, or beside Transfer-Encoding
    bad_encoding,      ///< Transfer-Encoding other than exactly "chunked": 501
    bad_expectation,   ///< Expect other than 100-continue: 417
    too_large,         ///< the head is over the limit, or has over 100 fields: 431
    bad_path,          ///< traversal, encoded slash, NUL, odd '%' (the router's)
    bad_query,         ///< a query where none is defined (the router's)
    bad_method,        ///< not offered for this resource (the router's)
    not_allowed,       ///< host, port or archive that is not configured (the router's)
    unknown,           ///< no such resource (the router's)
};

/// The name of a kind as it stands in metrics and logs: "bare_cr_or_lf".
std::string_view to_string(fault_kind) noexcept;

/// A refused request head. `text` is one line for the client, a literal.
struct parse_fault {
    fault_kind kind = fault_kind::none;
    int status = 0;
    std::string_view text;
};

enum class head_state {
    incomplete,  ///< read more and call again
    complete,    ///< `out` is filled
    bad,         ///< answer with the fault and close: where the next request starts is not known
};

/// One request head. Absent fields are empty views. Values are trimmed, never folded, and hold no
/// control character but TAB.
struct request_head {
    method verb = method::other;
    std::string_view verb_text;
    std::string_view target;  ///< as sent: printable ASCII, not empty, not decoded
    int minor = 1;            ///< of HTTP/1.x
    std::string_view host;    ///< may be empty in HTTP/1.0
    bool keep_alive = true;   ///< what the client allows
    std::optional<std::uint64_t> content_length;
    bool chunked = false;          ///< a chunked body follows
    bool expect_continue = false;  ///< wants "100 Continue" before it sends the body
    std::string_view range, if_range, if_modified_since, if_none_match;
    std::string_view authorization, proxy_authorization;
    std::string_view user_agent, cache_control, accept, content_type;
    std::string_view origin, fetch_site;  ///< whose page a browser sends it for: Origin, Sec-Fetch-Site
    std::size_t size = 0;                 ///< bytes up to and including the empty line; the body follows

    bool has_body() const noexcept { return chunked || content_length.value_or(0) > 0; }
};

inline constexpr std::size_t default_head_limit = 16384;

/// Reads the head at the start of `buffer`, which may hold more requests after it. One empty line
/// before the head is skipped (RFC 9112 section 2.2).
///
/// `searched` must be 0 at a head's first call and is kept by the caller between calls on the same,
/// growing head, so that no byte is searched twice; the buffer may move between calls. How the bytes
/// were cut into reads never changes the answer. `limit` is in bytes and counts the whole head.
/// `out` is only meaningful when complete, `why` only when bad.
head_state parse_head(std::string_view buffer, request_head& out, parse_fault& why, std::size_t& searched,
                      std::size_t limit = default_head_limit) noexcept;

/// For a buffer that is not going to grow.
inline head_state parse_head(std::string_view buffer, request_head& out, parse_fault& why) noexcept {
    std::size_t searched = 0;
    return parse_head(buffer, out, why, searched);
}

}  // namespace larder::core
