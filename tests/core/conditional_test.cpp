#include <catch2/catch.hpp>
#include <larder/core/conditional.hpp>

using namespace larder;
using namespace larder::core;

namespace {

const sys_seconds modified = *parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT");
constexpr std::string_view same_date = "Sun, 06 Nov 1994 08:49:37 GMT";
constexpr std::string_view later = "Sun, 06 Nov 1994 08:49:38 GMT";
constexpr std::string_view earlier = "Sun, 06 Nov 1994 08:49:36 GMT";
constexpr std::string_view etag = "\"abc\"";
constexpr answer whole{200, 0, 100}, unchanged{304, 0, 0}, rest{206, 40, 60};

request_head get() {
    request_head head;
    head.verb = method::get;
    return head;
}

answer asked(const request_head& head) { return decide(head, 100, modified, etag); }

answer with_if_range(std::string_view value) {
    auto head = get();
    head.range = "bytes=40-";
    head.if_range = value;
    return asked(head);
}

answer with_since(std::string_view value) {
    auto head = get();
    head.if_modified_since = value;
    return asked(head);
}

answer with_none_match(std::string_view value) {
    auto head = get();
    head.if_none_match = value;
    return asked(head);
}

}  // namespace

TEST_CASE("conditional: without conditions the whole file is sent", "[core][conditional]") {
    CHECK(asked(get()) == whole);
}

TEST_CASE("conditional: If-Modified-Since of the same date or a later one is 304", "[core][conditional]") {
    CHECK(with_since(same_date) == unchanged);
    CHECK(with_since(later) == unchanged);
    CHECK(with_since(earlier) == whole);
    CHECK(with_since("yesterday") == whole);
    CHECK(with_since("") == whole);
}

TEST_CASE("conditional: If-None-Match compares weakly against a list", "[core][conditional]") {
    CHECK(with_none_match("\"abc\"") == unchanged);
    CHECK(with_none_match("W/\"abc\"") == unchanged);
    CHECK(with_none_match("*") == unchanged);
    CHECK(with_none_match("\"x\", \"abc\"") == unchanged);
    CHECK(with_none_match("\"a,b\",W/\"abc\"") == unchanged);
    CHECK(with_none_match("\"x\"") == whole);
    CHECK(with_none_match("abc") == whole);
    CHECK(with_none_match("\"abc") == whole);
    CHECK(with_none_match("\"abc\"x") == unchanged);
    CHECK(with_none_match("\"x\" garbage \"abc\"") == whole);
}

TEST_CASE("conditional: If-None-Match settles it, whatever If-Modified-Since says", "[core][conditional]") {
    auto head = get();
    head.if_none_match = "\"x\"";
    head.if_modified_since = later;
    CHECK(asked(head) == whole);
    head.if_none_match = etag;
    head.if_modified_since = earlier;
    CHECK(asked(head) == unchanged);
}

TEST_CASE("conditional: a resume needs exactly the date or the strong tag", "[core][conditional]") {
    CHECK(with_if_range({}) == rest);
    CHECK(with_if_range(same_date) == rest);
    CHECK(with_if_range(etag) == rest);
    CHECK(with_if_range(later) == whole);
    CHECK(with_if_range(earlier) == whole);
    CHECK(with_if_range("W/\"abc\"") == whole);
    CHECK(with_if_range("\"abd\"") == whole);
    CHECK(with_if_range("abc") == whole);
    CHECK(with_if_range("*") == whole);
}

TEST_CASE("conditional: a range beyond the end is 416, also where nothing is left to fetch", "[core][conditional]") {
    auto head = get();
    head.range = "bytes=100-";
    head.if_range = same_date;
    CHECK(asked(head) == answer{416, 0, 0});
    head.if_range = later;
    CHECK(asked(head) == whole);
}

TEST_CASE("conditional: 304 comes before the range, and HEAD has no range", "[core][conditional]") {
    auto head = get();
    head.range = "bytes=40-";
    head.if_modified_since = same_date;
    CHECK(asked(head) == unchanged);
    head = get();
    head.verb = method::head;
    head.range = "bytes=40-";
    CHECK(asked(head) == whole);
}

TEST_CASE("conditional: a client insists with no-cache, not with max-age=0", "[core][conditional]") {
    CHECK(insists("no-cache"));
    CHECK(insists("max-age=0, No-Cache"));
    CHECK_FALSE(insists("max-age=0"));
    CHECK_FALSE(insists("no-cachex"));
    CHECK_FALSE(insists(""));
}
