#include "keys/publish_keys.hpp"
#include "keys/keyring_package.hpp"
#include "pockets/archive_keys.hpp"
#include "pockets/edition.hpp"
#include <larder/base/text.hpp>
#include <larder/net/suite_state.hpp>
#include <set>

namespace larder::net::publishing {
namespace {

constexpr std::uint64_t most_release = 10'000'000;

std::string signed_by_of(std::string_view release) {
    for (const auto line : split(release, '\n'))
        if (line.starts_with("Signed-By:")) return std::string{trim(line.substr(line.find(':') + 1))};
    return {};
}

/// Whether a pocket is signed as it should be now.
result<bool> is_current(engine& e, const pockets::local_archive& archive, const pockets::pocket& of) {
    LARDER_TRY(const auto last, registry_of(e).load(of, of.head));
    LARDER_TRY(const auto state, load_state(e.store().objects(), last.snapshot));
    const auto& told = state->manifest().signers;
    const std::set<std::string> signers{told.begin(), told.end()};
    for (const auto& one : archive.keys) {
        const bool signs = one.signs() && !one.has_ended(e.clock().now());
        if (signers.contains(one.fingerprint) == signs) continue;
        // One that leaves, and whose secret or card is lost, would have the pocket published in every round.
        const bool lost = one.state == pockets::key_state::leaving &&
                          (!one.agent_home.empty() || !e.keys().secret_of(archive.name, one));
        if (!signs || !lost) return false;
    }
    LARDER_TRY(const auto text, e.store().objects().read(state->manifest().text.content, most_release));
    return signed_by_of(text) == archive.signed_by();
}

/// The number of the publication that was made; 0 where none was needed.
result<std::uint64_t> publish_again(engine& e, const std::string& name, const publisher& who) {
    LARDER_TRY(const auto mine, turn::take(e, name));
    const auto& of = mine.of();
    if (of.head == 0) return std::uint64_t{0};
    LARDER_TRY(const auto archive, registry_of(e).find_archive(of.archive));
    LARDER_TRY(const bool current, is_current(e, archive, of));
    if (current) return std::uint64_t{0};
    edition what;
    what.of = of;
    what.next.how = pockets::step::refresh;  // which a frozen pocket lets through
    what.next.by = who.by;
    what.next.reason = who.reason.empty() ? "its keys have changed" : "its keys have changed: " + who.reason;
    LARDER_TRY(const auto report, publish(e, std::move(what), [](const auto&, auto&) { return true; }));
    return report.publication.number;
}

}  // namespace

result<std::vector<pocket_note>> publish_keys(engine& e, const std::string& archive, const publisher& who,
                                              timing when) {
    std::vector<pocket_note> all;
    LARDER_TRY(const auto known, registry_of(e).pockets(archive));
    for (const auto& one : known) {
        const auto number = publish_again(e, one.name(), who);
        if (!number)
            all.push_back({one.name(), 0, "it was not published again: " + number.error().message(), true});
        else if (*number != 0)
            all.push_back({one.name(), *number,
                           one.frozen.empty() ? "" : "it is frozen: its packages stayed as they are", false});
    }
    LARDER_TRY(auto packages, publish_keyring(e, archive, who, when));
    std::move(packages.begin(), packages.end(), std::back_inserter(all));
    return all;
}

}  // namespace larder::net::publishing
