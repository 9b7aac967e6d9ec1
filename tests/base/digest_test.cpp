#include <catch2/catch.hpp>
#include <larder/base/digest.hpp>

using namespace larder;

TEST_CASE("sha256: the empty text and FIPS 180-2's 'abc'", "[base]") {
    CHECK(sha256("").hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK(sha256("abc").hex() == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_CASE("hasher: in pieces as in one, and it starts anew after finish", "[base]") {
    hasher h;
    h.update("a");
    h.update("bc");
    CHECK(h.finish() == sha256("abc"));
    CHECK(h.finish() == sha256(""));
    hasher wide{hash_kind::sha512};
    wide.update("abc");
    CHECK(wide.finish_hex().substr(0, 16) == "ddaf35a193617aba");
}

TEST_CASE("digest: hex of either case is read, anything else is malformed", "[base]") {
    const auto hex = sha256("abc").hex();
    CHECK(*digest::from_hex("BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD") == sha256("abc"));
    CHECK_FALSE(digest::from_hex(hex.substr(1)));
    CHECK_FALSE(digest::from_hex(hex.substr(1) + "g"));
    CHECK_FALSE(digest::from_bytes("short"));
}
