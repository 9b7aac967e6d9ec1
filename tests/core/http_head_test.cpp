#include <catch2/catch.hpp>
#include <larder/core/http_head.hpp>
#include <string>
#include <vector>

using namespace larder::core;
using namespace std::string_literals;

namespace {

struct parsed {
    head_state state = head_state::incomplete;
    request_head head;
    parse_fault why;
};

parsed parse(std::string_view text) {
    parsed out;
    out.state = parse_head(text, out.head, out.why);
    return out;
}

/// A request for "/" with these lines after the Host field.
std::string with(const std::string& lines) { return "GET / HTTP/1.1\r\nHost: a.example\r\n" + lines + "\r\n"; }

constexpr std::string_view apt_request =
    "GET http://archive.example/debian/dists/bookworm/InRelease HTTP/1.1\r\n"
    "Host: archive.example\r\n"
    "User-Agent: Debian APT-HTTP/1.3 (2.6.1)\r\n"
    "Cache-Control: max-age=0\r\n"
    "If-Modified-Since: Sat, 10 May 2025 09:11:52 GMT\r\n"
    "Proxy-Authorization: Basic Zm9sc29tOg==\r\n"
    "Range: bytes=100-\r\n"
    "If-Range: Sat, 10 May 2025 09:11:52 GMT\r\n"
    "Accept: text/*\r\n"
    "\r\n";

}  // namespace

TEST_CASE("http_head: apt's request is read completely", "[core][http_head]") {
    const auto p = parse(apt_request);
    REQUIRE(p.state == head_state::complete);
    CHECK(p.head.verb == method::get);
    CHECK(p.head.verb_text == "GET");
    CHECK(p.head.target == "http://archive.example/debian/dists/bookworm/InRelease");
    CHECK(p.head.minor == 1);
    CHECK(p.head.host == "archive.example");
    CHECK(p.head.keep_alive);
    CHECK(p.head.user_agent == "Debian APT-HTTP/1.3 (2.6.1)");
    CHECK(p.head.cache_control == "max-age=0");
    CHECK(p.head.if_modified_since == "Sat, 10 May 2025 09:11:52 GMT");
    CHECK(p.head.proxy_authorization == "Basic Zm9sc29tOg==");
    CHECK(p.head.range == "bytes=100-");
    CHECK(p.head.if_range == "Sat, 10 May 2025 09:11:52 GMT");
    CHECK(p.head.accept == "text/*");
    CHECK_FALSE(p.head.has_body());
    CHECK(p.head.size == apt_request.size());
}

TEST_CASE("http_head: whose page a browser asks for is read", "[core][http_head]") {
    const auto request = with("Origin: https://larder.example\r\nSec-Fetch-Site: same-origin\r\n");  // p refers to it
    const auto p = parse(request);
    REQUIRE(p.state == head_state::complete);
    CHECK(p.head.origin == "https://larder.example");
    CHECK(p.head.fetch_site == "same-origin");
}

TEST_CASE("http_head: pipelined requests are read one after the other", "[core][http_head]") {
    std::string buffer;
    for (int i = 0; i < 11; ++i) buffer += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: a\r\n\r\n";
    std::string_view rest = buffer;
    for (int i = 0; i < 11; ++i) {
        const auto p = parse(rest);
        REQUIRE(p.state == head_state::complete);
        CHECK(p.head.target == "/" + std::to_string(i));
        rest.remove_prefix(p.head.size);
    }
    CHECK(rest.empty());
}

TEST_CASE("http_head: how the bytes are cut into reads never changes the answer", "[core][http_head]") {
    const std::vector<std::string> requests{std::string{apt_request},          "\r\n" + std::string{apt_request},
                                            "GET / HTTP/1.1\nHost: a\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\n\n\r\n",
                                            "\r\n\r\nGET / HTTP/1.1\r\n\r\n",  with("A: b\r\n c\r\n")};
    for (const auto& request : requests) {
        const auto whole = parse(request);
        request_head head;
        parse_fault why;
        std::size_t searched = 0;
        head_state state = head_state::incomplete;
        std::size_t used = 0;
        while (state == head_state::incomplete && used < request.size()) {
            const std::string moved = request.substr(0, ++used);  // the buffer moves at every call
            state = parse_head(moved, head, why, searched);
        }
        INFO(request);
        CHECK(state == whole.state);
        if (state == head_state::bad)
            CHECK(why.kind == whole.why.kind);
        else
            CHECK(head.size == whole.head.size);
    }
}

TEST_CASE("http_head: every proper prefix of a request is incomplete", "[core][http_head]") {
    for (std::size_t n = 0; n < apt_request.size(); ++n)
        CHECK(parse(apt_request.substr(0, n)).state == head_state::incomplete);
}

TEST_CASE("http_head: hostile heads are refused, each for its own reason", "[core][http_head]") {
    struct row {
        std::string text;
        fault_kind kind;
        int status;
    };
    const std::vector<row> rows{
        {"GET / HTTP/1.1\n\n", fault_kind::bare_cr_or_lf, 400},
        {"\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", fault_kind::bare_cr_or_lf, 400},
        {with("A: b\n"), fault_kind::bare_cr_or_lf, 400},
        {with("A: b\rC: d\r\n"), fault_kind::bare_cr_or_lf, 400},
        {with("A: b\r\r\n"), fault_kind::bare_cr_or_lf, 400},
        {"\r\n\r\n", fault_kind::bad_request_line, 400},
        {"GET /\r\n\r\n", fault_kind::bad_version, 505},
        {"GET\r\n\r\n", fault_kind::bad_request_line, 400},
        {" GET / HTTP/1.1\r\nHost: a\r\n\r\n", fault_kind::bad_request_line, 400},
        {"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", fault_kind::bad_request_line, 400},
        {"GET /  HTTP/1.1\r\nHost: a\r\n\r\n", fault_kind::bad_request_line, 400},
        {"GET / HTTP/1.1 \r\nHost: a\r\n\r\n", fault_kind::bad_request_line, 400},
        {"GET / x HTTP/1.1\r\nHost: a\r\n\r\n", fault_kind::bad_request_line, 400},
        {"GET\t/\tHTTP/1.1\r\nHost: a\r\n\r\n", fault_kind::bad_request_line, 400},
        {"G(T / HTTP/1.1\r\nHost: a\r\n\r\n", fault_kind::bad_request_line, 400},
        {"GET / http/1.1\r\nHost: a\r\n\r\n", fault_kind::bad_request_line, 400},
        {"GET / HTTP/1.1x\r\nHost: a\r\n\r\n", fault_kind::bad_request_line, 400},
        {"GET / HTTP/2.0\r\nHost: a\r\n\r\n", fault_kind::bad_version, 505},
        {"PRI * HTTP/2.0\r\n\r\n", fault_kind::bad_version, 505},
        {"GET / HTTP/0.9\r\n\r\n", fault_kind::bad_version, 505},
        {"GET / HTTP/1.2\r\nHost: a\r\n\r\n", fault_kind::bad_version, 505},
        {"GET /a\tb HTTP/1.1\r\nHost: a\r\n\r\n", fault_kind::bad_target, 400},
        {"GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n", fault_kind::bad_target, 400},
        {"GET /\xc3\xa4 HTTP/1.1\r\nHost: a\r\n\r\n", fault_kind::bad_target, 400},
        {"GET /a\0b HTTP/1.1\r\nHost: a\r\n\r\n"s, fault_kind::bad_target, 400},
        {"GET / HTTP/1.1\r\n\r\n", fault_kind::bad_host, 400},
        {with("Host: a.example\r\n"), fault_kind::bad_host, 400},
        {with("hOST: b.example\r\n"), fault_kind::bad_host, 400},
        {"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", fault_kind::bad_host, 400},
        {"GET / HTTP/1.1\r\nHost: a,b\r\n\r\n", fault_kind::bad_host, 400},
        {"GET / HTTP/1.1\r\nHost: u@b\r\n\r\n", fault_kind::bad_host, 400},
        {"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", fault_kind::bad_host, 400},
        {"GET / HTTP/1.1\r\nHost: a:b\r\n\r\n", fault_kind::bad_host, 400},
        {"GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", fault_kind::bad_host, 400},
        {"GET / HTTP/1.1\r\nHost: [g::]\r\n\r\n", fault_kind::bad_host, 400},
        {with("A : b\r\n"), fault_kind::bad_field, 400},
        {with("A\r\n"), fault_kind::bad_field, 400},
        {with(": b\r\n"), fault_kind::bad_field, 400},
        {with("A b: c\r\n"), fault_kind::bad_field, 400},
        {with("A: b\0c\r\n"s), fault_kind::bad_field, 400},
        {with("A: \x7f\r\n"), fault_kind::bad_field, 400},
        {with("A\xc3\xa4: b\r\n"), fault_kind::bad_field, 400},
        {with("A: b\r\n c\r\n"), fault_kind::folded_field, 400},
        {with("A: b\r\n\tc\r\n"), fault_kind::folded_field, 400},
        {"GET / HTTP/1.1\r\n Host: a\r\n\r\n", fault_kind::folded_field, 400},
        {with("Content-Length: 1\r\nContent-Length: 1\r\n"), fault_kind::bad_length, 400},
        {with("Content-Length: 1, 1\r\n"), fault_kind::bad_length, 400},
        {with("Content-Length: +1\r\n"), fault_kind::bad_length, 400},
        {with("Content-Length: -1\r\n"), fault_kind::bad_length, 400},
        {with("Content-Length: 0x1\r\n"), fault_kind::bad_length, 400},
        {with("Content-Length: 1 1\r\n"), fault_kind::bad_length, 400},
        {with("Content-Length:\r\n"), fault_kind::bad_length, 400},
        {with("Content-Length: 9223372036854775808\r\n"), fault_kind::bad_length, 400},
        {with("Content-Length: 99999999999999999999\r\n"), fault_kind::bad_length, 400},
        {with("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n"), fault_kind::bad_length, 400},
        {with("Transfer-Encoding: chunked\r\nContent-Length: 1\r\n"), fault_kind::bad_length, 400},
        {with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), fault_kind::bad_encoding, 400},
        {with("Transfer-Encoding: gzip, chunked\r\n"), fault_kind::bad_encoding, 501},
        {with("Transfer-Encoding: xchunked\r\n"), fault_kind::bad_encoding, 501},
        {with("Transfer-Encoding: \vchunked\r\n"), fault_kind::bad_field, 400},
        {with("Transfer-Encoding:\r\n"), fault_kind::bad_encoding, 501},
        {"GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", fault_kind::bad_encoding, 400},
        {with("Expect: 200-ok\r\n"), fault_kind::bad_expectation, 417},
        {with("Range: bytes=0-1\r\nRange: bytes=0-1\r\n"), fault_kind::repeated_field, 400},
        {with("Range:\r\nRange: bytes=0-1\r\n"), fault_kind::repeated_field, 400},
        {with("Origin: null\r\nOrigin: http://a\r\n"), fault_kind::repeated_field, 400},
        {with("Sec-Fetch-Site: none\r\nSec-Fetch-Site: same-origin\r\n"), fault_kind::repeated_field, 400},
        {with("Authorization: Basic QQ==\r\nAuthorization: Basic Qg==\r\n"), fault_kind::repeated_field, 400},
    };
    for (const auto& r : rows) {
        INFO(r.text);
        const auto p = parse(r.text);
        REQUIRE(p.state == head_state::bad);
        CHECK(to_string(p.why.kind) == to_string(r.kind));
        CHECK(p.why.status == r.status);
        CHECK_FALSE(p.why.text.empty());
    }
}

TEST_CASE("http_head: a head of exactly the limit is read, one byte more is 431", "[core][http_head]") {
    const auto request = with("A: " + std::string(100, 'x') + "\r\n");
    request_head head;
    parse_fault why;
    std::size_t searched = 0;
    CHECK(parse_head(request, head, why, searched, request.size()) == head_state::complete);
    searched = 0;
    REQUIRE(parse_head(request, head, why, searched, request.size() - 1) == head_state::bad);
    CHECK(why.status == 431);
    searched = 0;
    CHECK(parse_head(std::string(99, 'x'), head, why, searched, 100) == head_state::incomplete);
    CHECK(parse_head(std::string(100, 'x'), head, why, searched, 100) == head_state::bad);
}

TEST_CASE("http_head: a hundred fields are read, more are 431", "[core][http_head]") {
    std::string lines;
    for (int i = 0; i < 99; ++i) lines += "A: b\r\n";
    CHECK(parse(with(lines)).state == head_state::complete);
    const auto p = parse(with(lines + "A: b\r\n"));
    REQUIRE(p.state == head_state::bad);
    CHECK(p.why.status == 431);
}

TEST_CASE("http_head: a connection is kept as the version and the Connection field say", "[core][http_head]") {
    CHECK(parse(with("")).head.keep_alive);
    CHECK_FALSE(parse(with("Connection: close\r\n")).head.keep_alive);
    CHECK_FALSE(parse(with("Connection: TE, Close\r\n")).head.keep_alive);
    CHECK_FALSE(parse(with("Connection: keep-alive\r\nConnection: close\r\n")).head.keep_alive);
    CHECK(parse(with("Connection: closed\r\n")).head.keep_alive);
    CHECK_FALSE(parse("GET / HTTP/1.0\r\n\r\n").head.keep_alive);
    CHECK(parse("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n").head.keep_alive);
    CHECK_FALSE(parse("GET / HTTP/1.0\r\nConnection: Keep-Alive, close\r\n\r\n").head.keep_alive);
}

TEST_CASE("http_head: bodies are announced by a length or by chunks", "[core][http_head]") {
    auto p = parse("POST /api/v1/x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-Continue\r\n\r\nhello");
    REQUIRE(p.state == head_state::complete);
    CHECK(p.head.verb == method::post);
    CHECK(p.head.content_length == 5U);
    CHECK(p.head.expect_continue);
    CHECK(p.head.has_body());
    p = parse("PUT / HTTP/1.1\r\nHost: a\r\ntransfer-encoding: Chunked\r\n\r\n");
    REQUIRE(p.state == head_state::complete);
    CHECK(p.head.chunked);
    CHECK(p.head.has_body());
    CHECK_FALSE(parse(with("Content-Length: 0\r\n")).head.has_body());
}

TEST_CASE("http_head: values are trimmed, unknown methods and fields are passed on", "[core][http_head]") {
    auto p = parse("BREW /pot HTTP/1.1\r\nHost:\t a:80 \t\r\nX-Y: \xc3\xa4\tz\r\n\r\n");
    REQUIRE(p.state == head_state::complete);
    CHECK(p.head.verb == method::other);
    CHECK(p.head.verb_text == "BREW");
    CHECK(p.head.host == "a:80");
    CHECK(parse("GET / HTTP/1.1\r\nHost:\r\n\r\n").state == head_state::complete);
    CHECK(parse("GET / HTTP/1.1\r\nHost: [fe80::1]:3142\r\n\r\n").state == head_state::complete);
    CHECK(parse("CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n").head.verb == method::connect);
    CHECK(parse("get / HTTP/1.1\r\nHost: a\r\n\r\n").head.verb == method::other);
}

TEST_CASE("http_head: one empty line before the request is skipped", "[core][http_head]") {
    const auto p = parse("\r\nGET /a HTTP/1.1\r\nHost: a\r\n\r\n");
    REQUIRE(p.state == head_state::complete);
    CHECK(p.head.target == "/a");
    CHECK(p.head.size == 30);
}
