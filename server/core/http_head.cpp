#include "chars.hpp"
#include <larder/base/text.hpp>
#include <larder/core/http_head.hpp>

namespace larder::core {
namespace {

constexpr unsigned max_fields = 100;

/// What the fields say that is judged once all were read.
struct gathered {
    bool host = false, length = false, encoding = false, close = false, keep = false;
};

bool fail(parse_fault& why, fault_kind kind, int status, std::string_view text) noexcept {
    why = {kind, status, text};
    return false;
}

/// Finds the end of the head: the offset behind its empty line, 0 for not yet.
head_state find_end(std::string_view buffer, std::size_t& searched, std::size_t limit, std::size_t& end,
                    parse_fault& why) noexcept {
    const auto window = buffer.substr(0, limit);
    while (searched < window.size()) {
        const auto lf = window.find('\n', searched);
        if (lf == std::string_view::npos) {
            searched = window.size();
            break;
        }
        if (lf == 0 || window[lf - 1] != '\r') {
            fail(why, fault_kind::bare_cr_or_lf, 400, "a line of the request ends without CR LF");
            return head_state::bad;
        }
        searched = lf + 1;
        if (lf >= 3 && window[lf - 2] == '\n') {  // what stands before that LF was seen to be a CR
            end = lf + 1;
            return head_state::complete;
        }
    }
    if (buffer.size() < limit) return head_state::incomplete;
    fail(why, fault_kind::too_large, 431, "the request's head is larger than this server takes");
    return head_state::bad;
}

method to_method(std::string_view text) noexcept {
    if (text == "GET") return method::get;
    if (text == "HEAD") return method::head;
    if (text == "CONNECT") return method::connect;
    if (text == "PUT") return method::put;
    if (text == "POST") return method::post;
    if (text == "DELETE") return method::delete_;
    return method::other;
}

bool parse_version(std::string_view text, request_head& out, parse_fault& why) noexcept {
    if (text == "HTTP/1.1") return true;
    if (text == "HTTP/1.0") {
        out.minor = 0;
        return true;
    }
    const bool shaped = text.size() == 8 && text.starts_with("HTTP/") && all_of(text.substr(5, 1), is_digit) &&
                        text[6] == '.' && all_of(text.substr(7), is_digit);
    if (shaped) return fail(why, fault_kind::bad_version, 505, "this server speaks HTTP/1.0 and HTTP/1.1");
    return fail(why, fault_kind::bad_request_line, 400, "the request line does not end in an HTTP version");
}

bool parse_request_line(std::string_view line, request_head& out, parse_fault& why) noexcept {
    const auto first = line.find(' ');
    out.verb_text = line.substr(0, first);
    if (out.verb_text.empty() || out.verb_text.size() > 32 || !all_of(out.verb_text, in_token))
        return fail(why, fault_kind::bad_request_line, 400, "the request line does not start with a method");
    if (first == std::string_view::npos)
        return fail(why, fault_kind::bad_request_line, 400, "the request line has no target");
    out.verb = to_method(out.verb_text);
    const auto rest = line.substr(first + 1);
    const auto last = rest.find(' ');
    out.target = rest.substr(0, last);
    if (out.target.empty()) return fail(why, fault_kind::bad_request_line, 400, "the request line has no target");
    if (!all_of(out.target, in_target))
        return fail(why, fault_kind::bad_target, 400, "the target holds a control or non-ASCII character");
    if (last == std::string_view::npos) return fail(why, fault_kind::bad_version, 505, "HTTP/0.9 is not spoken here");
    return parse_version(rest.substr(last + 1), out, why);
}

/// "host", "host:port", "[v6]", "[v6]:port"; empty is allowed when the target has no authority.
bool plausible_host(std::string_view text) noexcept {
    if (!text.empty() && text.front() == '[') {
        const auto close = text.find(']');
        if (close == std::string_view::npos || close < 3) return false;
        for (const char c : text.substr(1, close - 1))
            if (std::string_view{"0123456789abcdefABCDEF:."}.find(c) == std::string_view::npos) return false;
        text.remove_prefix(close + 1);
        return text.empty() || (text.front() == ':' && text.size() <= 6 && all_of(text.substr(1), is_digit));
    }
    const auto colon = text.find(':');
    if (!all_of(text.substr(0, colon), in_host)) return false;
    if (colon == std::string_view::npos) return true;
    const auto port = text.substr(colon + 1);
    return colon > 0 && port.size() <= 5 && all_of(port, is_digit);
}

void read_connection(std::string_view value, gathered& seen) noexcept {
    while (!value.empty()) {
        const auto comma = value.find(',');
        const auto token = trim(value.substr(0, comma));
        if (iequals(token, "close")) seen.close = true;
        if (iequals(token, "keep-alive")) seen.keep = true;
        if (comma == std::string_view::npos) return;
        value.remove_prefix(comma + 1);
    }
}

bool once(std::string_view& slot, std::string_view value, parse_fault& why) noexcept {
    if (slot.data() != nullptr)
        return fail(why, fault_kind::repeated_field, 400, "a field that may stand once stands twice");
    slot = value;
    return true;
}

/// A list field in several lines: the first line counts. For these fields that only means answering
/// with the whole file where "not modified" would have done.
bool first(std::string_view& slot, std::string_view value) noexcept {
    if (slot.data() == nullptr) slot = value;
    return true;
}

bool read_host(std::string_view value, request_head& out, gathered& seen, parse_fault& why) noexcept {
    if (seen.host) return fail(why, fault_kind::bad_host, 400, "more than one Host field");
    if (!plausible_host(value)) return fail(why, fault_kind::bad_host, 400, "the Host field is not a host");
    seen.host = true;
    out.host = value;
    return true;
}

bool read_length(std::string_view value, request_head& out, gathered& seen, parse_fault& why) noexcept {
    std::uint64_t n = 0;
    if (seen.length) return fail(why, fault_kind::bad_length, 400, "more than one Content-Length field");
    if (!to_number(value, n)) return fail(why, fault_kind::bad_length, 400, "the Content-Length is not a number");
    seen.length = true;
    out.content_length = n;
    return true;
}

bool read_encoding(std::string_view value, request_head& out, gathered& seen, parse_fault& why) noexcept {
    if (seen.encoding) return fail(why, fault_kind::bad_encoding, 400, "more than one Transfer-Encoding field");
    if (!iequals(value, "chunked"))
        return fail(why, fault_kind::bad_encoding, 501, "the only Transfer-Encoding taken is 'chunked'");
    seen.encoding = true;
    out.chunked = true;
    return true;
}

bool read_expect(std::string_view value, request_head& out, parse_fault& why) noexcept {
    if (!iequals(value, "100-continue"))
        return fail(why, fault_kind::bad_expectation, 417, "the only expectation met is '100-continue'");
    out.expect_continue = true;
    return true;
}

/// By the name's length first: most fields differ there already.
bool read_known(std::string_view name, std::string_view value, request_head& out, gathered& seen,
                parse_fault& why) noexcept {
    const auto is = [name](std::string_view wanted) { return iequals(name, wanted); };
    switch (name.size()) {
        case 4: return is("host") ? read_host(value, out, seen, why) : true;
        case 5: return is("range") ? once(out.range, value, why) : true;
        case 6:
            if (is("accept")) return first(out.accept, value);
            if (is("origin")) return once(out.origin, value, why);
            return is("expect") ? read_expect(value, out, why) : true;
        case 8: return is("if-range") ? once(out.if_range, value, why) : true;
        case 10:
            if (is("user-agent")) return first(out.user_agent, value);
            if (is("connection")) read_connection(value, seen);
            return true;
        case 12: return is("content-type") ? once(out.content_type, value, why) : true;
        case 13:
            if (is("cache-control")) return first(out.cache_control, value);
            if (is("if-none-match")) return first(out.if_none_match, value);
            return is("authorization") ? once(out.authorization, value, why) : true;
        case 14:
            if (is("sec-fetch-site")) return once(out.fetch_site, value, why);
            return is("content-length") ? read_length(value, out, seen, why) : true;
        case 17:
            if (is("transfer-encoding")) return read_encoding(value, out, seen, why);
            return is("if-modified-since") ? once(out.if_modified_since, value, why) : true;
        case 19: return is("proxy-authorization") ? once(out.proxy_authorization, value, why) : true;
        default: return true;
    }
}

bool parse_field(std::string_view line, request_head& out, gathered& seen, parse_fault& why) noexcept {
    if (line.front() == ' ' || line.front() == '\t')
        return fail(why, fault_kind::folded_field, 400, "a field is folded over several lines");
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) return fail(why, fault_kind::bad_field, 400, "a field without a colon");
    const auto name = line.substr(0, colon);
    if (name.empty() || !all_of(name, in_token))
        return fail(why, fault_kind::bad_field, 400,
                    "a field's name is not a token, or a space stands before its colon");
    const auto raw = line.substr(colon + 1);
    if (!all_of(raw, in_value)) {
        const bool cr = raw.find('\r') != std::string_view::npos;
        return fail(why, cr ? fault_kind::bare_cr_or_lf : fault_kind::bad_field, 400,
                    "a field's value holds a control character");
    }
    return read_known(name, trim(raw), out, seen, why);
}

bool finish(request_head& out, const gathered& seen, parse_fault& why) noexcept {
    if (!seen.host && out.minor == 1) return fail(why, fault_kind::bad_host, 400, "HTTP/1.1 without a Host field");
    if (seen.length && seen.encoding)
        return fail(why, fault_kind::bad_length, 400, "both Content-Length and Transfer-Encoding");
    if (seen.encoding && out.minor == 0)
        return fail(why, fault_kind::bad_encoding, 400, "Transfer-Encoding in HTTP/1.0");
    out.keep_alive = !seen.close && (out.minor == 1 || seen.keep);
    return true;
}

/// `text` is the head with its last line's CR LF, without the empty line. Every LF in it follows a CR.
bool parse_lines(std::string_view text, request_head& out, parse_fault& why) noexcept {
    if (text.empty()) return fail(why, fault_kind::bad_request_line, 400, "empty lines where a request should be");
    gathered seen;
    unsigned fields = 0;
    for (bool request_line = true; !text.empty(); request_line = false) {
        const auto lf = text.find('\n');
        const auto line = text.substr(0, lf - 1);
        text.remove_prefix(lf + 1);
        if (request_line ? !parse_request_line(line, out, why) : !parse_field(line, out, seen, why)) return false;
        if (++fields > max_fields + 1) return fail(why, fault_kind::too_large, 431, "more than 100 fields");
    }
    return finish(out, seen, why);
}

}  // namespace

head_state parse_head(std::string_view buffer, request_head& out, parse_fault& why, std::size_t& searched,
                      std::size_t limit) noexcept {
    const std::size_t start = buffer.starts_with("\r\n") ? 2 : 0;
    std::size_t end = 0;
    const auto state = find_end(buffer, searched, limit, end, why);
    if (state != head_state::complete) return state;
    out = {};
    if (!parse_lines(buffer.substr(start, end - 2 - start), out, why)) return head_state::bad;
    out.size = end;
    return head_state::complete;
}

std::string_view to_string(fault_kind kind) noexcept {
    switch (kind) {
        case fault_kind::none: return "none";
        case fault_kind::bad_request_line: return "bad_request_line";
        case fault_kind::bad_version: return "bad_version";
        case fault_kind::bad_target: return "bad_target";
        case fault_kind::bare_cr_or_lf: return "bare_cr_or_lf";
        case fault_kind::bad_field: return "bad_field";
        case fault_kind::folded_field: return "folded_field";
        case fault_kind::repeated_field: return "repeated_field";
        case fault_kind::bad_host: return "bad_host";
        case fault_kind::bad_length: return "bad_length";
        case fault_kind::bad_encoding: return "bad_encoding";
        case fault_kind::bad_expectation: return "bad_expectation";
        case fault_kind::too_large: return "too_large";
        case fault_kind::bad_path: return "bad_path";
        case fault_kind::bad_query: return "bad_query";
        case fault_kind::bad_method: return "bad_method";
        case fault_kind::not_allowed: return "not_allowed";
        case fault_kind::unknown: return "unknown";
    }
    return "unknown";
}

}  // namespace larder::core
