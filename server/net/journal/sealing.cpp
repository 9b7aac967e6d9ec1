#include "journal/sealing.hpp"
#include "own_key.hpp"
#include <larder/base/text.hpp>
#include <larder/net/deployments.hpp>
#include <larder/signing/verifier.hpp>

namespace larder::net {
namespace {

constexpr std::chrono::minutes between_rounds{1};
constexpr std::chrono::hours between_seals{1};
constexpr std::uint64_t many_entries = 100;
constexpr std::uint64_t most_seal = 1 << 20;

/// What is between the headers of a clear-signed text and its signature: the text as it was signed, for it has no line
/// that would be escaped.
std::string_view inside(std::string_view clear) {
    const auto begin = clear.find("\n\n"), end = clear.find("-----BEGIN PGP SIGNATURE-----");
    if (begin == std::string_view::npos || end == std::string_view::npos || end < begin + 2) return {};
    return clear.substr(begin + 2, end - begin - 2);
}

deployments::journal journal_of(engine& e) { return {e.store().objects(), e.store().refs()}; }

}  // namespace

result<std::optional<found_seal>> last_seal(engine& e) {
    LARDER_TRY(const auto refs, e.store().refs().list(deployments::seal_prefix));
    if (refs.empty()) return std::optional<found_seal>{};
    LARDER_TRY(const auto id, digest::from_hex(refs.back().second.value));
    found_seal found;
    LARDER_TRY(found.text, e.store().objects().read(id, most_seal));
    LARDER_TRY(found.seal, deployments::journal_seal::read(inside(found.text)));
    return std::optional{std::move(found)};
}

result<std::vector<deployments::journal_seal>> all_seals(engine& e) {
    std::vector<deployments::journal_seal> all;
    LARDER_TRY(const auto refs, e.store().refs().list(deployments::seal_prefix));
    for (const auto& [name, ref] : refs) {
        LARDER_TRY(const auto id, digest::from_hex(ref.value));
        const auto text = e.store().objects().read(id, most_seal);
        if (!text) return text.error().in(name);
        LARDER_TRY(const auto seal, deployments::journal_seal::read(inside(*text)));
        all.push_back(seal);
    }
    return all;
}

result<std::string> check_signature(engine& e, const found_seal& seal) {
    LARDER_TRY(const auto key, e.key().get());
    LARDER_TRY(const auto verifier, signing::verifier::open({key->public_key()}));
    LARDER_TRY(const auto verified, verifier->inline_signed(seal.text));
    if (verified.text() != seal.seal.write()) return error{errc::bad_signature, "something else was signed"};
    return key->fingerprint();
}

result<void> seal_journal(engine& e) {
    LARDER_TRY(const auto entries, journal_of(e).last(1));
    if (entries.empty()) return {};
    const auto& last = entries.back();
    const auto name = deployments::seal_ref(last.number);
    LARDER_TRY(const auto there, e.store().refs().get(name));
    if (there) return {};
    const deployments::journal_seal seal{last.number, sha256(last.write()), e.clock().now()};
    LARDER_TRY(const auto key, e.key().get());
    LARDER_TRY(const auto text, key->clear_signed(seal.write()));
    auto& parts = e.parts();
    const std::lock_guard lock{parts.refs_mutex};
    LARDER_TRY(const auto object, e.store().objects().put(text, seal.when));
    ++parts.refs_changed;
    auto how = e.store().refs().change({{name, 0, object.hex()}});
    // Another has signed the same.
    if (!how && how.error().code() == errc::conflict) return {};
    return how;
}

journal_sealer::journal_sealer(engine& e)
    : e_{e}, rounds_{[this](const std::stop_token&) {
          const auto due = is_due();
          auto done = due ? result<void>{} : result<void>{due.error()};
          if (due && *due) done = seal_journal(e_);
          if (!done) e_.log().write(log_level::error, "the journal was not signed: " + done.error().message());
          return pinning::rounds::clock::now() + between_rounds;
      }} {}

result<bool> journal_sealer::is_due() const {
    LARDER_TRY(const auto entries, journal_of(e_).last(1));
    if (entries.empty()) return false;
    LARDER_TRY(const auto sealed, last_seal(e_));
    if (!sealed) return true;
    const auto fresh = entries.back().number - std::min(sealed->seal.number, entries.back().number);
    const bool late = e_.clock().now() >= sealed->seal.when + between_seals;
    return fresh >= many_entries || (fresh != 0 && late);
}

}  // namespace larder::net
