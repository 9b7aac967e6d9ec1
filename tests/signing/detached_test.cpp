#include "workshop.hpp"
#include <catch2/catch.hpp>

using namespace larder;
using namespace larder::signing;
using namespace larder::signing::test;
using Catch::Matchers::StartsWith;

namespace {

const std::string& signature() {
    static const std::string text = shop().detach(release_text, {"archive"});
    return text;
}

std::string verdict(const std::string& release, const std::string& armoured) {
    return said(trusting({"archive"})->detached(release, armoured));
}

}  // namespace

TEST_CASE("detached: the text comes back byte for byte") {
    const std::string odd = "A: b  \r\nno newline at the end";
    const auto verified = trusting({"archive"})->detached(odd, shop().detach(odd, {"archive"}));
    REQUIRE(verified);
    CHECK(verified->text() == odd);
    CHECK(verified->signers() == std::vector<std::string>{shop().key("archive")});
}

TEST_CASE("detached: a signature over text gives only the text it covers") {
    const auto armoured = shop().detach("A: b\nC: d\n", {"archive"}, {"--textmode"});
    const auto verified = trusting({"archive"})->detached("A: b\r\nC: d\r\n", armoured);
    REQUIRE(verified);
    CHECK(verified->text() == "A: b\nC: d\n");
}

TEST_CASE("detached: a changed text is refused") {
    CHECK(verdict(release_text, signature()) == "accepted");
    CHECK_THAT(verdict(std::string{release_text} + "\n", signature()), StartsWith("bad_signature: bad signature by"));
    CHECK_THAT(verdict("", signature()), StartsWith("bad_signature: bad signature by"));
}

TEST_CASE("detached: a binary signature is refused") {
    CHECK_THAT(verdict(release_text, shop().dearmour(signature())),
               StartsWith("bad_signature: the signature is binary"));
}

TEST_CASE("detached: several signatures are fine, in one armour or one after the other") {
    const auto v = trusting({"archive"});
    const auto other = shop().detach(release_text, {"other"}, {"--digest-algo", "SHA256"});
    const auto both = shop().armour(shop().dearmour(other) + shop().dearmour(signature()));
    CHECK(said(v->detached(release_text, both)) == "accepted");
    CHECK(said(v->detached(release_text, other + "\n" + signature())) == "accepted");
    CHECK(said(v->detached(release_text, signature() + other)) == "accepted");
}

TEST_CASE("detached: text around the signature is refused") {
    CHECK_THAT(verdict(release_text, "hello\n" + signature()), StartsWith("bad_signature: text outside the signature"));
    CHECK_THAT(verdict(release_text, signature() + "hello\n"), StartsWith("bad_signature: text outside the signature"));
}

TEST_CASE("detached: a signed message in the signature's place is refused") {
    const auto message = shop().gpg({"-u", shop().key("archive"), "--sign"}, "something else");
    CHECK_THAT(verdict(release_text, shop().armour(message)),
               StartsWith("bad_signature: OpenPGP data that is damaged, cut off or no key or signature"));
}

TEST_CASE("detached: a signature with something else behind it is refused") {
    const auto packets = shop().dearmour(signature());
    CHECK(verdict(release_text, shop().armour(packets)) == "accepted");
    CHECK_THAT(verdict(release_text, shop().armour(packets + shop().keyring({"archive"}))),
               StartsWith("bad_signature: the signature block holds something other"));
    CHECK_THAT(verdict(release_text, shop().armour(packets + "x")), StartsWith("bad_signature: OpenPGP data that"));
}

TEST_CASE("detached: a signature of a key, not of a document, is refused") {
    // The self-signature of a key is the trusted key's own, too.
    const auto key = shop().dearmour(shop().keyring({"archive"}, {"--armor"}));
    // Old-format packets of up to 255 bytes: the key, the user id, then its signature (tag 2).
    std::size_t at = 0;
    while (at + 1 < key.size() && key[at] != '\x88') at += std::size_t{2} + static_cast<unsigned char>(key[at + 1]);
    REQUIRE(at + 1 < key.size());
    const auto certification = key.substr(at, std::size_t{2} + static_cast<unsigned char>(key[at + 1]));
    CHECK_THAT(verdict(release_text, shop().armour(certification)),
               StartsWith("bad_signature: the signature block holds a signature that is not one of a document"));
}

TEST_CASE("detached: no signature at all is refused, and so is an empty one") {
    CHECK(verdict(release_text, "") == "bad_signature: there is no signature");
    CHECK_THAT(verdict(release_text, "-----BEGIN PGP SIGNATURE-----\n\n-----END PGP SIGNATURE-----\n"),
               StartsWith("bad_signature"));
}

TEST_CASE("detached: damaged armour says what is wrong with it") {
    auto wrong = signature();
    const auto at = wrong.find("\n\n") + 12;
    wrong[at] = wrong[at] == 'A' ? 'B' : 'A';
    CHECK(verdict(release_text, wrong) == "bad_signature: an armoured block does not match its checksum");
    wrong[at] = '!';
    CHECK(verdict(release_text, wrong) == "bad_signature: an armoured block is not base64");
}

TEST_CASE("detached: NUL bytes and too many bytes are refused in either file") {
    const auto v = trusting({"archive"});
    const std::string nul(1, '\0');
    const std::string big(max_release_size + 1, '\n');
    CHECK_THAT(said(v->detached(release_text + nul, signature())), StartsWith("malformed: the Release file"));
    CHECK_THAT(said(v->detached(release_text, signature() + nul)), StartsWith("malformed: the signature"));
    CHECK_THAT(said(v->detached(big, signature())), StartsWith("too_large: the Release file"));
    CHECK_THAT(said(v->detached(release_text, big)), StartsWith("too_large: the signature"));
}
