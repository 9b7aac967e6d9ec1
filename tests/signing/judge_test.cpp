#include "workshop.hpp"
#include <catch2/catch.hpp>

using namespace larder;
using namespace larder::signing;
using namespace larder::signing::test;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

namespace {

const arguments in_2020{"--faked-system-time", "20200101T000000"};

std::string verdict(const std::string& signer, const std::string& file) {
    return said(trusting({signer})->inline_signed(file));
}

arguments operator+(arguments a, const arguments& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

}  // namespace

TEST_CASE("judge: a counter-signed file counts for who trusts either key") {
    const auto file = shop().clearsign(release_text, {"archive", "other"});
    for (const std::string trusted : {"archive", "other"}) {
        const auto verified = trusting({trusted})->inline_signed(file);
        REQUIRE(verified);
        CHECK(verified->text() == release_text);
        CHECK(verified->signers() == std::vector<std::string>{shop().key(trusted)});
    }
    const auto both = trusting({"archive", "other"})->inline_signed(file);
    REQUIRE(both);
    CHECK(both->signers().size() == 2);
}

TEST_CASE("judge: two signatures with different hashes count for who trusts either key") {
    const auto one = shop().clearsign(release_text, {"archive"}, {"--digest-algo", "SHA256"});
    const auto two = shop().clearsign(release_text, {"other"}, {"--digest-algo", "SHA512"});
    auto file = head_of(one) + shop().armour(shop().dearmour(signature_of(one)) + shop().dearmour(signature_of(two)));
    file.replace(file.find("Hash: SHA256"), 12, "Hash: SHA256, SHA512");
    CHECK(verdict("archive", file) == "accepted");
    CHECK(verdict("other", file) == "accepted");
}

TEST_CASE("judge: unknown keys are named in full, each") {
    const auto answer = verdict("third", shop().clearsign(release_text, {"archive", "other"}));
    CHECK(answer == "bad_signature: unknown key " + shop().key("archive") + "; unknown key " + shop().key("other"));
}

TEST_CASE("judge: a wrong signature by a trusted key spoils a good one by another") {
    const auto good = shop().clearsign(release_text, {"archive"});
    const auto elsewhere = shop().clearsign("something else\n", {"other"});
    const auto file =
        head_of(good) + shop().armour(shop().dearmour(signature_of(good)) + shop().dearmour(signature_of(elsewhere)));
    CHECK_THAT(said(trusting({"archive", "other"})->inline_signed(file)), Contains("tampered"));
    CHECK(verdict("archive", file) == "accepted");  // to whom the other is nobody
}

TEST_CASE("judge: a signature by a subkey names the subkey and its primary key") {
    const auto primary = shop().key("with subkey", "ed25519");
    shop().gpg({"--quick-add-key", primary, "ed25519", "sign"});
    const auto v = trusting({"with subkey"});
    REQUIRE(v->keys().front().subkeys.size() == 1);
    const auto subkey = v->keys().front().subkeys.front();
    const auto verified = v->inline_signed(shop().gpg({"-u", subkey + "!", "--clearsign"}, release_text));
    REQUIRE(verified);
    CHECK(verified->signers() == std::vector<std::string>{subkey, primary});
}

TEST_CASE("judge: an expired key is refused, though it was not when it signed") {
    const auto key = shop().key("expired", "ed25519", "20200201T000000", in_2020);
    const auto file = shop().clearsign(release_text, {"expired"}, in_2020);
    CHECK(verdict("expired", file) == "bad_signature: expired key " + key);
    CHECK(!trusting({"expired"})->keys().front().usable);
}

TEST_CASE("judge: an expired key counts where somebody else vouches for the time, if the signature is good") {
    shop().key("expired", "ed25519", "20200201T000000", in_2020);
    const auto v = trusting({"expired"});
    const auto file = shop().clearsign(release_text, {"expired"}, in_2020);
    CHECK(said(v->inline_signed(file, expired_key::taken)) == "accepted");
    CHECK(said(v->detached(release_text, shop().detach(release_text, {"expired"}, in_2020), expired_key::taken)) ==
          "accepted");
    auto changed = file;
    changed.replace(changed.find("Example"), 7, "Exomple");
    CHECK_THAT(said(v->inline_signed(changed, expired_key::taken)), StartsWith("bad_signature: bad signature"));
    CHECK_THAT(said(v->inline_signed(shop().clearsign(release_text, {"archive"}), expired_key::taken)),
               StartsWith("bad_signature: unknown key"));
    CHECK_THAT(
        said(v->inline_signed(shop().clearsign(release_text, {"expired"}, in_2020 + arguments{"--digest-algo", "SHA1"}),
                              expired_key::taken)),
        Contains("SHA-1"));
}

TEST_CASE("judge: a revoked key is refused, though it was not when it signed") {
    const auto key = shop().key("revoked");
    const auto file = shop().clearsign(release_text, {"revoked"});
    CHECK(verdict("revoked", file) == "accepted");
    shop().revoke("revoked");
    CHECK(verdict("revoked", file) == "bad_signature: revoked key " + key);
    CHECK(!trusting({"revoked"})->keys().front().usable);
}

TEST_CASE("judge: a good signature beside that of a revoked and of an expired key is enough") {
    shop().key("expired", "ed25519", "20200201T000000", in_2020);
    const auto good = shop().clearsign(release_text, {"archive"});
    const auto old = shop().clearsign(release_text, {"expired"}, in_2020);
    const auto file =
        head_of(good) + shop().armour(shop().dearmour(signature_of(old)) + shop().dearmour(signature_of(good)));
    const auto verified = trusting({"archive", "expired"})->inline_signed(file);
    REQUIRE(verified);
    CHECK(verified->signers() == std::vector<std::string>{shop().key("archive")});
}

TEST_CASE("judge: an expired signature is refused") {
    const auto key = shop().key("of 2020", "ed25519", "never", in_2020);
    const auto file = shop().clearsign(release_text, {"of 2020"}, in_2020 + arguments{"--default-sig-expire", "1d"});
    CHECK(verdict("of 2020", file) == "bad_signature: expired signature by key " + key);
    CHECK(verdict("of 2020", shop().clearsign(release_text, {"of 2020"}, in_2020)) == "accepted");
}

TEST_CASE("judge: a signature older than its key is refused") {
    const auto file = shop().clearsign(release_text, {"archive"}, in_2020 + arguments{"--ignore-time-conflict"});
    CHECK_THAT(verdict("archive", file),
               StartsWith("bad_signature: signature by key " + shop().key("archive") + " cannot be checked"));
}

TEST_CASE("judge: a signature dated in the future is accepted, as gpg does") {
    const auto file = shop().clearsign(release_text, {"archive"}, {"--faked-system-time", "20900101T000000"});
    CHECK(verdict("archive", file) == "accepted");
}

TEST_CASE("judge: SHA-1 and MD5 are refused, SHA-256 by the same key is not") {
    const auto key = shop().key("rsa", "rsa2048");
    for (const auto& [hash, name] : {std::pair{"SHA1", "SHA-1"}, std::pair{"MD5", "MD5"}}) {
        INFO(hash);
        const auto file = shop().clearsign(
            release_text, {"rsa"}, {"--digest-algo", hash, "--allow-weak-digest-algos", "--allow-weak-key-signatures"});
        CHECK(verdict("rsa", file) ==
              "bad_signature: " + std::string{name} + " hash refused, in a signature by key " + key);
    }
    CHECK(verdict("rsa", shop().clearsign(release_text, {"rsa"}, {"--digest-algo", "SHA256"})) == "accepted");
}

TEST_CASE("judge: weak keys are refused") {
    const auto rsa = shop().key("weak rsa", "rsa1024");
    CHECK(verdict("weak rsa", shop().clearsign(release_text, {"weak rsa"})) ==
          "bad_signature: RSA key of 1024 bits refused, 2048 is the least: key " + rsa);
    const auto dsa = shop().key("weak dsa", "dsa1024");
    CHECK(verdict("weak dsa", shop().clearsign(release_text, {"weak dsa"}, {"--digest-algo", "SHA256"})) ==
          "bad_signature: DSA key of 1024 bits refused, 2048 is the least: key " + dsa);
}

TEST_CASE("judge: elliptic curves other than ed25519 count, too") {
    shop().key("nist", "nistp256");
    CHECK(verdict("nist", shop().clearsign(release_text, {"nist"})) == "accepted");
}
