#include "workshop.hpp"
#include <catch2/catch.hpp>
#include <larder/signing/archive_key.hpp>

using namespace larder;
using namespace larder::signing;
using namespace larder::signing::test;

namespace {

const made_key& one_key() {
    static const made_key made = make_archive_key("one archive", key_algorithm::ed25519, {}).value();
    return made;
}

const made_key& other_key() {
    static const made_key made = make_archive_key("other archive", key_algorithm::ed25519, {}).value();
    return made;
}

secret_key secret_of(const made_key& k) { return {k.facts.fingerprint, k.secret, {}, {}}; }

sys_seconds in_days(int days) {
    return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()) + std::chrono::hours{24 * days};
}

std::string secret_in(workshop& gpg, const std::string& fingerprint, const arguments& more = {}) {
    arguments all{"--armor", "--export-secret-keys"};
    all.insert(all.begin(), more.begin(), more.end());
    all.push_back(fingerprint);
    return gpg.gpg(all);
}

}  // namespace

TEST_CASE("archive key: a primary that certifies, and a subkey that signs", "[archive_key]") {
    const auto& k = one_key();
    CHECK(k.facts.user_id == "one archive");
    CHECK(k.facts.algorithm == "ed25519");
    CHECK(k.facts.has_primary);
    CHECK_FALSE(k.facts.needs_passphrase);
    CHECK_FALSE(k.facts.expires);
    REQUIRE(k.facts.signs_with.size() == 1);
    CHECK(k.facts.signs_with[0] != k.facts.fingerprint);
    CHECK(k.facts.public_key.find("PRIVATE") == std::string::npos);
}

TEST_CASE("archive key: a Release is signed by several keys, and any of them is enough", "[archive_key]") {
    const auto session = signing_session::begin({secret_of(one_key()), secret_of(other_key())}).value();
    for (int turn = 0; turn < 2; ++turn) {
        const auto both = session->release(release_text).value();
        CHECK(both.signers.size() == 4);
        for (const auto* k : {&one_key(), &other_key()}) {
            const auto trusting_one = verifier::open({k->facts.public_key}).value();
            CHECK(trusting_one->inline_signed(both.clear).value().text() == release_text);
            const auto beside = trusting_one->detached(release_text, both.detached).value();
            CHECK(beside.signers() == std::vector{k->facts.signs_with[0], k->facts.fingerprint});
        }
        const auto both_keys =
            verifier::open({joined_keys({one_key().facts.public_key, other_key().facts.public_key}).value()}).value();
        CHECK(both_keys->keys().size() == 2);
        CHECK(both_keys->inline_signed(both.clear).value().signers().size() == 4);
    }
    CHECK(session->release("no newline").error().code() == errc::malformed);
    CHECK(signing_session::begin({}).error().code() == errc::refused);
}

TEST_CASE("archive key: without its primary it signs, and cannot be changed", "[archive_key]") {
    auto k = secret_of(one_key());
    k.text = without_primary(k).value();
    const auto read = read_secret_key(k.text, {}).value();
    CHECK_FALSE(read.facts.has_primary);
    CHECK(read.facts.fingerprint == k.fingerprint);
    CHECK(signing_session::begin({k}).value()->release("Date: now\n"));
    CHECK(with_expiry(k, {}).error().code() == errc::refused);
    CHECK(make_revocation(k).error().detail().find("larder key import") != std::string::npos);
    CHECK(without_primary(k).error().code() == errc::refused);
}

TEST_CASE("archive key: one that signs with its primary cannot lose it", "[archive_key]") {
    workshop gpg;
    const auto fingerprint = gpg.key("plain");
    const auto read = read_secret_key(secret_in(gpg, fingerprint), {}).value();
    CHECK(read.facts.signs_with == std::vector{fingerprint});
    CHECK(without_primary({fingerprint, read.secret, {}, {}}).error().code() == errc::refused);
}

TEST_CASE("archive key: its end is set, moved and taken away", "[archive_key]") {
    const auto made = make_archive_key("short archive", key_algorithm::ed25519, in_days(10)).value();
    REQUIRE(made.facts.expires);
    CHECK(std::chrono::abs(*made.facts.expires - in_days(10)) < std::chrono::minutes{1});
    auto k = secret_of(made);
    const auto later = with_expiry(k, in_days(20)).value();
    CHECK(std::chrono::abs(*later.facts.expires - in_days(20)) < std::chrono::minutes{1});
    k.text = later.secret;
    const auto never = with_expiry(k, {}).value();
    CHECK_FALSE(never.facts.expires);
    CHECK(verifier::open({never.facts.public_key}).value()->keys()[0].fingerprint == k.fingerprint);
}

TEST_CASE("archive key: with another end it still says what it said before", "[archive_key]") {
    workshop gpg;
    const auto past = std::to_string(std::chrono::system_clock::to_time_t(in_days(-30)));
    gpg.gpg(
        {"--faked-system-time", past, "--passphrase", "", "--quick-generate-key", "old", "ed25519", "sign", "never"});
    const auto before = gpg.gpg({"--armor", "--export", "old"});
    const auto read = read_secret_key(secret_in(gpg, "old"), {}).value();
    const auto later = with_expiry({read.facts.fingerprint, read.secret, {}, {}}, in_days(20)).value();
    const auto signatures = [&](const std::string& key) {
        const auto listed = gpg.gpg({"--show-keys", "--with-colons", "--with-sig-list"}, key);
        std::size_t count = 0;
        for (auto at = listed.find("sig:"); at != std::string::npos; at = listed.find("sig:", at + 1)) ++count;
        return count;
    };
    CHECK(signatures(later.facts.public_key) == 1);
    const auto merged = merged_key(before, later.facts.public_key).value();
    CHECK(signatures(merged) == 2);
    const auto end = verifier::open({merged}).value()->keys()[0].expires;
    REQUIRE(end);
    CHECK(std::chrono::abs(*end - in_days(20)) < std::chrono::minutes{1});
    CHECK(merged_key(before, one_key().facts.public_key).error().code() == errc::refused);
}

TEST_CASE("archive key: revoked, it vouches for nothing any more", "[archive_key]") {
    const auto& k = other_key();
    const auto both = signing_session::begin({secret_of(k)}).value()->release(release_text).value();
    const auto revoked = revoked_key(k.facts.public_key, k.revocation).value();
    const auto all = verifier::open({revoked}).value();
    CHECK_FALSE(all->keys()[0].usable);
    CHECK(all->inline_signed(both.clear).error().detail().find("revoked key") != std::string::npos);
    CHECK(verifier::open({k.facts.public_key}).value()->inline_signed(both.clear));
    CHECK(revoked_key(one_key().facts.public_key, k.revocation).error().code() == errc::refused);
    CHECK_FALSE(revoked_key(k.facts.public_key, "no certificate"));
}

TEST_CASE("archive key: one of another gpg is taken in, with its passphrase or not at all", "[archive_key]") {
    workshop gpg;
    gpg.gpg({"--passphrase", "secret word", "--quick-generate-key", "guarded", "ed25519", "cert,sign", "never"});
    const auto text = secret_in(gpg, "guarded", {"--passphrase", "secret word"});
    const auto none = read_secret_key(text, {});
    CHECK(none.error().code() == errc::refused);
    CHECK(none.error().detail().find("passphrase is missing or wrong") != std::string::npos);
    CHECK(read_secret_key(text, "another").error().code() == errc::refused);
    const auto read = read_secret_key(text, "secret word").value();
    CHECK(read.facts.needs_passphrase);
    secret_key k{read.facts.fingerprint, read.secret, {}, "secret word"};
    const auto session = signing_session::begin({secret_of(one_key()), k}).value();
    CHECK(session->release("Date: now\n").value().signers.size() == 3);
    k.passphrase = "another";
    const auto wrong = signing_session::begin({secret_of(one_key()), k}).value();
    CHECK_THAT(wrong->release("Date: now\n").error().detail(), Catch::Contains("passphrase is missing or wrong"));
}

TEST_CASE("archive key: what is no secret key, or several, is refused", "[archive_key]") {
    workshop gpg;
    const auto both = secret_in(gpg, gpg.key("one")) + secret_in(gpg, gpg.key("two"));
    CHECK(read_secret_key(both, {}).error().detail().find("2 keys") != std::string::npos);
    CHECK(read_secret_key("nothing", {}).error().code() == errc::malformed);
    CHECK(read_secret_key(one_key().facts.public_key, {}).error().code() == errc::malformed);
    CHECK(parse_algorithm("dsa1024").error().code() == errc::refused);
    CHECK(parse_algorithm("rsa4096").value() == key_algorithm::rsa4096);
}

TEST_CASE("archive key: one that lies in an agent signs there, beside one that is kept here", "[archive_key]") {
    workshop gpg;
    const auto fingerprint = gpg.key("carded");
    const secret_key theirs{fingerprint, {}, gpg.home(), {}};
    const auto facts = read_agent_key(theirs).value();
    CHECK_FALSE(facts.has_primary);
    const auto session = signing_session::begin({secret_of(one_key()), theirs}).value();
    const auto both = session->release(release_text).value();
    for (const auto& text : {facts.public_key, one_key().facts.public_key}) {
        const auto one = verifier::open({text}).value();
        CHECK(one->inline_signed(both.clear).value().text() == release_text);
        CHECK(one->detached(release_text, both.detached));
    }
    CHECK(read_agent_key({one_key().facts.fingerprint, {}, gpg.home(), {}}).error().code() == errc::absent);
}
