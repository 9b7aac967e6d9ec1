#include "workshop.hpp"
#include <catch2/catch.hpp>
#include <larder/signing/signing_process.hpp>
#include <thread>

using namespace larder;
using namespace larder::signing;
using namespace larder::signing::test;

namespace {

const made_key& key() {
    static const made_key made = make_archive_key("an archive", key_algorithm::ed25519, {}).value();
    return made;
}

const std::vector<secret_key>& keys() {
    static const std::vector<secret_key> all{{key().facts.fingerprint, key().secret, {}, {}}};
    return all;
}

/// Once for all tests, as a server does.
void started() {
    static const auto process = signing_process::start();
    REQUIRE(process);
}

}  // namespace

TEST_CASE("signing process: what it signs is good, text after text", "[signing_process]") {
    started();
    const auto trusting = verifier::open({key().facts.public_key}).value();
    const auto session = signing_process::begin(keys()).value();
    for (const auto& text : {std::string{release_text}, "Origin: other\n" + std::string(3'000'000, 'x') + "\n"}) {
        const auto both = session->release(text).value();
        CHECK(both.signers.size() == 2);
        CHECK(trusting->detached(text, both.detached).value().text() == text);
    }
    CHECK(trusting->inline_signed(session->release(release_text)->clear).value().text() == release_text);
}

TEST_CASE("signing process: several sessions sign at once", "[signing_process]") {
    started();
    const auto trusting = verifier::open({key().facts.public_key}).value();
    std::vector<std::thread> threads;
    std::vector<std::string> made(4);
    for (std::size_t i = 0; i < made.size(); ++i)
        threads.emplace_back([&made, i] {
            const auto session = signing_process::begin(keys());
            const auto both = session ? (*session)->release("Number: " + std::to_string(i) + "\n")
                                      : result<signing_session::both_ways>{session.error()};
            if (both) made[i] = both->clear;
        });
    for (auto& one : threads) one.join();
    for (std::size_t i = 0; i < made.size(); ++i)
        CHECK(trusting->inline_signed(made[i]).value().text() == "Number: " + std::to_string(i) + "\n");
}

TEST_CASE("signing process: what cannot be signed is refused in the same words as without it", "[signing_process]") {
    started();
    CHECK(signing_process::begin({}).error().detail() == signing_session::begin({}).error().detail());
    CHECK(signing_process::begin({}).error().code() == errc::refused);
    const std::vector<secret_key> none{{key().facts.fingerprint, "no key", {}, {}}};
    CHECK(signing_process::begin(none).error().code() == signing_session::begin(none).error().code());
    const auto session = signing_process::begin(keys()).value();
    CHECK(session->release("blanks at the end  \n").error().code() == errc::malformed);
    CHECK(session->release(release_text));
}
