#pragma once

#include "deployments/holding.hpp"
#include "held.hpp"
#include <larder/deployments/bundle.hpp>
#include <larder/net/bundles.hpp>
#include <larder/signing/verifier.hpp>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <unordered_set>
#include <vector>

namespace larder::net::pinning {

inline constexpr std::uint64_t most_head = 1 << 20;    ///< bytes of a bundle's signed head
inline constexpr std::uint64_t most_list = 256 << 20;  ///< bytes of its list

/// What is believed of an object that is here already: that it is what its name says, or what its bytes tell.
enum class look_at { name, bytes };
/// What is written into the journal: each adoption, or only such as bring a generation.
enum class journal_of { all, what_is_new };

/// Who is taken at his word for a deployment that comes from elsewhere, and what is written down of it.
struct adoption_terms {
    std::vector<std::string> keyrings;  ///< files, or armoured keys: whose deployments are taken; this store's own too
    std::string known_keys;             ///< armoured keys that count like those, and are kept already
    std::string what;                   ///< in the journal: "import"
    std::string source;                 ///< in errors: "the bundle"
    signed_for who;
    /// What of the hold mode and the join token of a deployment that is here already: they stay, or become the other's.
    deployments::settings_of settings = deployments::settings_of::here;
    look_at look = look_at::bytes;
    journal_of tell = journal_of::all;
    std::vector<store::ref_change> also;  ///< changed with it, in the same transaction
};

/// Takes over a deployment from elsewhere, whichever way its parts come: first the head, then the list, then the
/// objects, which the caller brings into the store; and when all of them are here, everything is verified and then
/// adopted in one step. Until then nothing is visible but objects, which gc leaves alone while this lives.
class adoption {
public:
    adoption(engine& e, adoption_terms terms, const course& of)
        : e_{e}, terms_{std::move(terms)}, of_{of}, staged_{e.held()} {}

    /// Its signature, by one of the keyrings: `bad_signature`.
    result<void> take_head(std::string_view signed_text);
    /// That it is the one that was signed, and fits what is here: `digest_mismatch`, `malformed`, `absent` for an
    /// archive that is not configured, `refused` for another deployment of that name.
    result<void> take_list(std::string_view text);
    const deployments::bundle_head& head() const noexcept { return head_; }
    const deployments::bundle_list& list() const noexcept { return list_; }
    const std::string& made_by() const noexcept { return report_.made_by; }

    /// Whether an object of the list is here; it stays, from now on. One that is damaged counts as not here.
    result<bool> keeps(const deployments::bundle_list::object& one);
    /// What is changed in the same transaction, beside what the terms say.
    void also(store::ref_change one) { terms_.also.push_back(std::move(one)); }
    /// Verifies all of it, and makes it visible.
    result<import_bundle_report> adopt();

private:
    result<void> list_is_closed();
    result<void> archives_are_known();
    result<std::shared_ptr<archive>> archive_of(const std::string& name);
    result<void> fits_what_is_here() const;

    // verifying (adoption.cpp)
    result<void> read_generations();
    result<void> verify_states();
    enum class may { have_expired, not_have_expired };
    result<void> verify_overlay(const deployments::pin& pin, const std::vector<std::string>& architectures);
    result<void> verify(const deployments::pin& pin, const digest& id, const signing::verifier& keys, may expired);
    result<void> is_of_its_suite(const deployments::pin& pin, const index::release& release);
    result<void> is_redated(const deployments::pin& pin);
    result<verified_text> signed_text(const state_manifest& m, const signing::verifier& keys,
                                      signing::expired_key expired);
    result<void> learn();
    result<void> learn(const deployments::pin& pin, const digest& id, const std::vector<std::string>& architectures);
    result<void> prove_holds();

    // making it visible (adoption_refs.cpp)
    result<void> write_refs();
    result<deployments::deployment> adopt(std::vector<store::ref_change> more);
    result<std::vector<store::ref_change>> history_refs();
    result<void> add_units(std::vector<store::ref_change>& to);
    result<void> add_keys(std::vector<store::ref_change>& to);
    result<void> keep_companions();

    engine& e_;
    adoption_terms terms_;
    const course& of_;
    std::unique_ptr<signing::verifier> keys_;
    deployments::bundle_head head_;
    deployments::bundle_list list_;
    std::map<std::string, std::shared_ptr<archive>> archives_;
    std::vector<deployments::generation> generations_;
    std::set<std::tuple<digest, std::string, std::string, bool>> verified_;
    std::map<digest, deployments::pin> pinned_;  ///< snapshots, and the states that picks are from
    /// Overlays that were looked at, of which snapshots, and what was said to be picked
    std::set<std::tuple<digest, digest, std::string>> composed_;
    std::set<digest> vouched_;  ///< of these, those that only whoever made it has verified
    std::unordered_set<digest, digest_hash> listed_;
    held_list::staging staged_;
    std::vector<store::held_object> holds_;
    import_bundle_report report_;
};

}  // namespace larder::net::pinning
