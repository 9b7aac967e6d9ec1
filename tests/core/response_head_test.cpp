#include <catch2/catch.hpp>
#include <larder/core/response_head.hpp>
#include <vector>

using namespace larder;
using namespace larder::core;
using namespace std::chrono_literals;
using namespace std::string_literals;

namespace {

const sys_seconds modified = *parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT");

std::string head_of(const answer& what, const reply_context& context = {}) {
    file_head f;
    f.what = what;
    f.size = 1000;
    f.modified = modified;
    f.etag = "\"abc\"";
    f.content_type = content_type_of("pool/a.deb");
    f.keep = lifetime_of("pool/a.deb");
    std::string out;
    append_file_head(out, f, context);
    return out;
}

bool has(const std::string& text, std::string_view line) {
    return text.find("\r\n" + std::string{line} + "\r\n") != std::string::npos;
}

std::size_t lines(const std::string& text) {
    std::size_t n = 0;
    for (auto at = text.find('\n'); at != std::string::npos; at = text.find('\n', at + 1)) ++n;
    return n;
}

}  // namespace

TEST_CASE("response_head: a whole file's head is exactly this", "[core][response_head]") {
    reply_context context;
    context.date = "Mon, 07 Nov 1994 00:00:00 GMT";
    CHECK(head_of({200, 0, 1000}, context) ==
          "HTTP/1.1 200 OK\r\n"
          "Server: Larder\r\n"
          "Date: Mon, 07 Nov 1994 00:00:00 GMT\r\n"
          "Content-Length: 1000\r\n"
          "Content-Type: application/vnd.debian.binary-package\r\n"
          "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
          "ETag: \"abc\"\r\n"
          "Accept-Ranges: bytes\r\n"
          "Cache-Control: max-age=31536000, immutable\r\n"
          "\r\n");
}

TEST_CASE("response_head: parts, missing parts and unchanged files say what they are", "[core][response_head]") {
    const auto part = head_of({206, 100, 900});
    CHECK(part.starts_with("HTTP/1.1 206 Partial Content\r\n"));
    CHECK(has(part, "Content-Range: bytes 100-999/1000"));
    CHECK(has(part, "Content-Length: 900"));
    const auto beyond = head_of({416, 0, 0});
    CHECK(has(beyond, "Content-Range: bytes */1000"));
    CHECK(has(beyond, "Content-Length: 0"));
    const auto unchanged = head_of({304, 0, 0});
    CHECK(unchanged.find("Content-Length") == std::string::npos);
    CHECK(unchanged.find("Content-Range") == std::string::npos);
    CHECK(has(unchanged, "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT"));
    CHECK(has(unchanged, "ETag: \"abc\""));
}

TEST_CASE("response_head: the connection's end is announced, keeping it only to HTTP/1.0", "[core][response_head]") {
    CHECK(head_of({200, 0, 1}).find("Connection") == std::string::npos);
    CHECK(has(head_of({200, 0, 1}, {"", connection::close, 1}), "Connection: close"));
    CHECK(has(head_of({200, 0, 1}, {"", connection::close, 0}), "Connection: close"));
    CHECK(has(head_of({200, 0, 1}, {"", connection::keep, 0}), "Connection: keep-alive"));
}

TEST_CASE("response_head: the words of the status line may say why, and stay in their line", "[core][response_head]") {
    std::string out;
    head_writer{out, 403, {}, "tool is older\r\nSet-Cookie: x"}.end();
    CHECK(out.starts_with("HTTP/1.1 403 tool is older??Set-Cookie: x\r\n"));
    out.clear();
    head_writer{out, 403, {}}.end();
    CHECK(out.starts_with("HTTP/1.1 403 Forbidden\r\n"));
}

TEST_CASE("response_head: no value can start a line of its own", "[core][response_head]") {
    const auto evil = "a\r\nSet-Cookie: b\r\n\r\n<script>\0\x7f\x1b"s;
    std::string out;
    head_writer head{out, 200, {}};
    const auto before = lines(out);
    head.field("X-A", evil).field("X-B\r\nX-C", "d").field("", "e").field("X F", "g");
    head.end();
    CHECK(lines(out) == before + 2);  // X-A and the empty line
    CHECK(out.find("\r\nSet-Cookie") == std::string::npos);
    CHECK(out.find('\0') == std::string::npos);

    file_head f;
    f.what = {200, 0, 1};
    f.etag = f.content_type = f.cache = evil;
    std::string file;
    append_file_head(file, f, {evil, connection::keep, 1});
    CHECK(file.find("\r\n\r\n") == file.size() - 4);
    CHECK(file.find("\nSet-Cookie") == std::string::npos);

    const auto error =
        error_response(503, evil, {evil, connection::keep, 1}, body::send, {{"X-Why", evil}, {evil, "x"}});
    CHECK(error.find("\nSet-Cookie") == std::string::npos);
    CHECK(error.find("\r\n\r\n") == error.rfind("\r\n\r\n"));
}

TEST_CASE("response_head: an error always has a body of one line and its exact length", "[core][response_head]") {
    for (const int status : {400, 404, 408, 429, 500, 502, 503, 504}) {
        for (const auto& reason : std::vector<std::string>{"", "no mirror answered", "a\nb", std::string(2000, 'x')}) {
            const auto out = error_response(status, reason);
            const auto end = out.find("\r\n\r\n");
            REQUIRE(end != std::string::npos);
            const auto text = out.substr(end + 4);
            CHECK(text.size() > 1);
            CHECK(lines(text) == 1);
            CHECK(has(out.substr(0, end + 2), "Content-Length: " + std::to_string(text.size())));
            const auto bare = error_response(status, reason, {}, body::leave_out);
            CHECK(bare == out.substr(0, end + 4));
        }
    }
}

TEST_CASE("response_head: 405 says what is allowed and 503 when to come back, once", "[core][response_head]") {
    CHECK(has(error_response(405, "x"), "Allow: GET, HEAD"));
    CHECK(has(error_response(503, "x"), "Retry-After: 5"));
    const auto own = error_response(503, "x", {}, body::send, {{"retry-after", "9"}});
    CHECK(has(own, "retry-after: 9"));
    CHECK_FALSE(has(own, "Retry-After: 5"));
    CHECK(has(error_response(404, "x"), "X-Content-Type-Options: nosniff"));
}

TEST_CASE("response_head: dates are written as format_http_date writes them", "[core][response_head]") {
    for (std::int64_t t = 0; t < 8'000'000'000; t += 12'345'678) {
        std::string fast;
        append_http_date(fast, sys_seconds{std::chrono::seconds{t}});
        REQUIRE(fast == format_http_date(sys_seconds{std::chrono::seconds{t}}));
    }
}

TEST_CASE("response_head: types follow names, and none is run by a browser", "[core][response_head]") {
    CHECK(content_type_of("pool/a.deb") == "application/vnd.debian.binary-package");
    CHECK(content_type_of("dists/x/InRelease") == "text/plain");
    CHECK(content_type_of("InRelease") == "text/plain");
    CHECK(content_type_of("dists/x/main/binary-amd64/Packages") == "text/plain");
    CHECK(content_type_of("dists/x/main/binary-amd64/Packages.xz") == "application/x-xz");
    CHECK(content_type_of("dists/x/main/i18n/Translation-de") == "text/plain");
    CHECK(content_type_of("dists/x/Release.gpg") == "application/pgp-signature");
    CHECK(content_type_of("evil.html") == "application/octet-stream");
    CHECK(content_type_of("evil.svg") == "application/octet-stream");
    CHECK(content_type_of("") == "application/octet-stream");
}

TEST_CASE("response_head: only what never changes is called immutable", "[core][response_head]") {
    CHECK(lifetime_of("pool/main/a/a.deb") == lifetime::immutable);
    CHECK(lifetime_of("dists/x/main/binary-amd64/by-hash/SHA256/00") == lifetime::immutable);
    CHECK(lifetime_of("dists/x/InRelease") == lifetime::revalidate);
    CHECK(lifetime_of("dists/pool/x") == lifetime::revalidate);
}

TEST_CASE("response_head: age and where it came from are sent where known", "[core][response_head]") {
    file_head f;
    f.what = {200, 0, 1};
    f.age = -5s;
    f.cache = "hit";
    std::string out;
    append_file_head(out, f, {});
    CHECK(has(out, "Age: 0"));
    CHECK(has(out, "X-Larder-Cache: hit"));
}

TEST_CASE("response_head: an object's tag is its digest in quotes", "[core][response_head]") {
    CHECK(etag_of(sha256("")) == "\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"");
}
