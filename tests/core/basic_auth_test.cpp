#include <catch2/catch.hpp>
#include <larder/core/basic_auth.hpp>
#include <string>

using namespace larder::core;

TEST_CASE("basic_auth: user and password are split at the first colon", "[core][basic_auth]") {
    const auto c = parse_basic("Basic Zm9sc29tQDM6YTpi");
    REQUIRE(c);
    CHECK(c->user == "folsom@3");
    CHECK(c->password == "a:b");
    CHECK(parse_basic("bAsIc   Zm9sc29tOg==")->user == "folsom");
    CHECK(parse_basic("Basic Og==")->user.empty());
}

TEST_CASE("basic_auth: what is not Basic credentials gives nothing", "[core][basic_auth]") {
    for (const auto* text : {"", "Basic", "Basic ", "Bearer Zm9sc29tOg==", "Basic Zm9sc29t", "Basic Zm9sc29tOg=",
                             "Basic Zm9sc29tOg", "Basic Zm9sc29tOh==", "Basic Zm9s c29tOg==", "Basic ====",
                             "Basic YQo6Yg==", "Basic AGE6Yg==", "BasicZm9sc29tOg==", "Basic Zm9-c29tOg=="}) {
        INFO(text);
        CHECK_FALSE(parse_basic(text));
    }
}

TEST_CASE("basic_auth: base64 has one spelling for each text", "[core][basic_auth]") {
    CHECK(decode_base64("") == "");
    CHECK(decode_base64("TWFu") == "Man");
    CHECK(decode_base64("TWE=") == "Ma");
    CHECK(decode_base64("TQ==") == "M");
    CHECK(decode_base64("//++") == "\xff\xff\xbe");
    for (const auto* text : {"TR==", "TWF=", "T===", "=TQ=", "TQ==TQ==", "T", "TQ", "TQ=\n"})
        CHECK_FALSE(decode_base64(text));
}

TEST_CASE("basic_auth: a bearer token is taken as it stands", "[core][basic_auth]") {
    CHECK(parse_bearer("Bearer abc-._~+/=") == "abc-._~+/=");
    CHECK_FALSE(parse_bearer("Bearer "));
    CHECK_FALSE(parse_bearer("Bearer a b"));
    CHECK_FALSE(parse_bearer("Basic abc"));
}

TEST_CASE("basic_auth: a deployment is a name and perhaps a generation", "[core][basic_auth]") {
    CHECK(parse_deployment("folsom")->name == "folsom");
    CHECK_FALSE(parse_deployment("folsom")->generation);
    CHECK(parse_deployment("folsom@12")->generation == 12U);
    for (const auto* text : {"", "@1", "a@", "a@b", "a@-1", "a@1@2", "a/b", "..", ".a", "a b"}) {
        INFO(text);
        CHECK_FALSE(parse_deployment(text));
    }
    CHECK_FALSE(parse_deployment(std::string(101, 'a')));
}
