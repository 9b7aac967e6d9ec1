#include "workshop.hpp"
#include <catch2/catch.hpp>
#include <larder/signing/signer.hpp>

using namespace larder;
using namespace larder::signing;
using namespace larder::signing::test;

namespace {

const signer& one_signer() {
    static const signer made = signer::make("Larder of a test").value();
    return made;
}

}  // namespace

TEST_CASE("signer: what it signs is verified by its public key, and read as it was", "[signer]") {
    const auto& s = one_signer();
    const temporary_folder folder;
    const auto all = verifier::open({folder.write("larder.asc", s.public_key())}).value();
    REQUIRE(all->keys().size() == 1);
    CHECK(all->keys()[0].fingerprint == s.fingerprint());
    CHECK(all->keys()[0].user_id == "Larder of a test");
    CHECK_FALSE(all->keys()[0].expires);
    const auto verified = all->inline_signed(s.clear_signed(release_text).value()).value();
    CHECK(verified.text() == release_text);
    CHECK(verified.signers() == std::vector<std::string>{s.fingerprint()});
}

TEST_CASE("signer: a Release is signed in both ways, as often as one likes", "[signer]") {
    const auto session = one_signer().begin().value();
    const auto all = verifier::open({one_signer().public_key()}).value();
    for (const std::string text : {release_text, "Date: later\n"}) {
        const auto both = session->release(text).value();
        CHECK(all->inline_signed(both.clear).value().text() == text);
        CHECK(all->detached(text, both.detached).value().text() == text);
        CHECK_FALSE(all->detached(text + "more\n", both.detached));
    }
    CHECK(session->release("no newline").error().code() == errc::malformed);
}

TEST_CASE("signer: a key that was kept signs again, as the same", "[signer]") {
    const auto again = signer::open(one_signer().secret_key()).value();
    CHECK(again.fingerprint() == one_signer().fingerprint());
    const auto all = verifier::open({one_signer().public_key()}).value();
    CHECK(all->inline_signed(again.clear_signed("Date: now\n").value()));
}

TEST_CASE("signer: the public key tells no secret", "[signer]") {
    CHECK(one_signer().public_key().find("PRIVATE") == std::string::npos);
    CHECK(one_signer().secret_key().find("PRIVATE") != std::string::npos);
    CHECK(signer::open(one_signer().public_key()).error().code() == errc::malformed);
}

TEST_CASE("verifier: its keys as one armoured block are a keyring again", "[signer]") {
    workshop gpg;
    const temporary_folder folder;
    gpg.key("one");
    gpg.key("two");
    const auto both = verifier::open({folder.write("both.gpg", gpg.keyring({"one", "two"}))}).value();
    const auto again = verifier::open({both->armoured().value()}).value();
    REQUIRE(again->keys().size() == 2);
    CHECK(again->inline_signed(gpg.clearsign(release_text, {"two"})));
}

TEST_CASE("signer: what is no key, and what OpenPGP would not sign as it stands, is refused", "[signer]") {
    CHECK(signer::open("nothing").error().code() == errc::malformed);
    CHECK(signer::open("").error().code() == errc::malformed);
    for (const auto* text : {"no newline", "blank \n", "return\r\n"})
        CHECK(one_signer().clear_signed(text).error().code() == errc::malformed);
}

TEST_CASE("signer: other keys do not vouch for it", "[signer]") {
    workshop gpg;
    const temporary_folder folder;
    gpg.key("other");
    const auto other = verifier::open({folder.write("other.gpg", gpg.keyring({"other"}))}).value();
    CHECK(other->inline_signed(one_signer().clear_signed(release_text).value()).error().code() == errc::bad_signature);
}
