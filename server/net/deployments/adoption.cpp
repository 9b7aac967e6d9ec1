#include "deployments/adoption.hpp"
#include "archive_paths.hpp"
#include "deployments/overlay.hpp"
#include "deployments/shown.hpp"
#include "maintenance/downloads.hpp"
#include "maintenance/hash_all.hpp"
#include "own_key.hpp"
#include <algorithm>
#include <larder/base/text.hpp>

// A deployment from elsewhere: everything that is said of it is verified before any of it counts.

namespace larder::net::pinning {
namespace {

using deployments::bundle_head;
using deployments::bundle_list;
using deployments::generation;

constexpr std::size_t most_units = 100'000;

}  // namespace

result<void> adoption::take_head(std::string_view signed_text) {
    auto keyrings = terms_.keyrings;
    LARDER_TRY(const auto own, e_.key().get());
    keyrings.push_back(own->public_key());
    if (!terms_.known_keys.empty()) keyrings.push_back(terms_.known_keys);
    LARDER_TRY(keys_, signing::verifier::open(keyrings));
    const auto text = keys_->inline_signed(signed_text);
    if (!text)
        return error{text.error().code(),
                     "who made " + terms_.source + ": " + text.error().detail() +
                         "; --keyring names the key of the Larder that did (there: larder key show)"};
    LARDER_TRY(head_, bundle_head::read(text->text()));
    report_.made_by = text->signers().front();
    return {};
}

result<void> adoption::take_list(std::string_view text) {
    if (sha256(text) != head_.list)
        return error{errc::digest_mismatch, "the list of " + terms_.source + " is not the one that was signed"};
    LARDER_TRY(list_, bundle_list::read(text));
    if (list_.generations.size() != head_.generation || list_.objects.size() != head_.objects)
        return error{errc::malformed, "the list of " + terms_.source + " does not fit its head"};
    LARDER_CHECK(list_is_closed());
    LARDER_CHECK(archives_are_known());
    return fits_what_is_here();
}

result<bool> adoption::keeps(const bundle_list::object& one) {
    // First: gc may be about to remove it.
    staged_.add(one.content);
    LARDER_TRY(const auto here, e_.store().objects().find(one.content));
    // gc goes by the latest use: what is taken in is used.
    e_.store().known().used(one.content, e_.clock().now());
    if (!here || here->size != one.size) return false;
    if (terms_.look == look_at::bytes) {
        // One that is damaged is healed by the other's.
        LARDER_TRY(const auto whole, maintenance::is_whole(e_.store().objects(), one.content, of_.stop));
        if (!whole) return false;
    }
    ++report_.already_here;
    return true;
}

result<import_bundle_report> adoption::adopt() {
    report_.objects = head_.objects;
    for (const auto& one : list_.objects) report_.bytes += one.size;
    LARDER_CHECK(read_generations());
    LARDER_CHECK(verify_states());
    LARDER_CHECK(learn());
    LARDER_CHECK(prove_holds());
    LARDER_CHECK(write_refs());
    return std::move(report_);
}

/// What is said of objects is said of such as are in the bundle.
result<void> adoption::list_is_closed() {
    for (const auto& one : list_.objects) listed_.insert(one.content);
    bool all = list_.units.size() <= most_units;
    for (const auto& one : list_.generations) all = all && listed_.contains(one);
    for (const auto& one : list_.units) all = all && listed_.contains(one.report);
    for (const auto& one : list_.companions) all = all && listed_.contains(one.state) && listed_.contains(one.content);
    if (all) return {};
    return error{errc::malformed, "the list of " + terms_.source + " names an object that is not in it"};
}

result<void> adoption::archives_are_known() {
    for (const auto& name : head_.archives) LARDER_CHECK(archive_of(name));
    return {};
}

result<std::shared_ptr<archive>> adoption::archive_of(const std::string& name) {
    auto& known = archives_[name];
    if (!known) known = e_.find_archive(name);
    if (!known)
        return error{errc::absent, terms_.source + " has packages of archive '" + name +
                                       "', which is not configured here: larder archive add " + name +
                                       ", with the keyring that it is signed by; it need not be reachable"};
    return known;
}

/// A deployment of this name that is here must be an earlier, or a later, state of the same.
result<void> adoption::fits_what_is_here() const {
    const auto there = registry_of(e_).find(head_.deployment);
    if (!there && there.error().code() == errc::absent) return {};
    if (!there) return there.error();
    if (there->removed)
        return error{errc::refused, "deployment '" + head_.deployment + "' was removed here; restore it first"};
    const auto both = std::min<std::uint64_t>(there->head, head_.generation);
    for (std::uint64_t number = 1; number <= both; ++number) {
        const auto id = registry_of(e_).id_of(head_.deployment, number);
        // One that was given up here.
        if (!id && id.error().code() == errc::absent && number != there->head) continue;
        if (!id) return id.error();
        if (*id != list_.generations[number - 1])
            return error{errc::refused, "there is another deployment '" + head_.deployment + "' here: its generation " +
                                            std::to_string(number) + " is not that of " + terms_.source};
    }
    return {};
}

result<void> adoption::read_generations() {
    for (std::size_t i = 0; i < list_.generations.size(); ++i) {
        LARDER_TRY(const auto text, e_.store().objects().read(list_.generations[i], 1 << 20));
        LARDER_TRY(auto g, generation::read(text));
        const bool follows = i == 0 ? !g.parent : g.parent == list_.generations[i - 1];
        if (g.deployment != head_.deployment || g.number != i + 1 || !follows)
            return error{errc::malformed, terms_.source + ": generation " + std::to_string(i + 1) +
                                              " does not follow on the one before"};
        generations_.push_back(std::move(g));
    }
    return {};
}

result<void> adoption::verify_states() {
    for (const auto& g : generations_)
        for (const auto& pin : g.pins) {
            LARDER_TRY(const auto from, archive_of(pin.archive));
            pinned_.emplace(pin.snapshot, pin);
            LARDER_CHECK(verify(pin, pin.snapshot, from->keys(), may::have_expired));
            if (pin.overlay) LARDER_CHECK(verify_overlay(pin, g.architectures));
            for (const auto& one : pin.picks) {
                if (one.version.empty() || !listed_.contains(one.from)) continue;
                pinned_.emplace(one.from, pin);
                LARDER_CHECK(verify(pin, one.from, from->keys(), may::have_expired));
            }
            if (!pin.shown) continue;
            LARDER_CHECK(verify(pin, *pin.shown, *keys_, may::not_have_expired));
            LARDER_CHECK(is_redated(pin));
        }
    return {};
}

/// What was composed is signed by whoever made it, and differs from the snapshot in what the generation says;
/// where the picked packages are from nobody else can tell.
result<void> adoption::verify_overlay(const deployments::pin& pin, const std::vector<std::string>& architectures) {
    std::string names, picks;
    for (const auto& one : pin.picks) {
        if (!one.version.empty()) names += (names.empty() ? "" : ", ") + one.name + " " + one.version;
        picks += one.name + " " + one.architecture + " " + one.version + "\n";
    }
    if (!composed_.emplace(*pin.overlay, pin.snapshot, picks).second) return {};
    LARDER_CHECK(verify(pin, *pin.overlay, *keys_, may::not_have_expired));
    LARDER_CHECK(check_overlay(e_, pin, architectures));
    report_.vouched.push_back(pin.archive + "/" + pin.suite +
                              ": what was picked of other states: " + printable(names, 1000));
    return {};
}

/// That a state is of this suite, and its text what its own signature is of. A key of the archive's may have
/// expired since; then that it had not yet is the word of whoever made it, who had verified it.
result<void> adoption::verify(const deployments::pin& pin, const digest& id, const signing::verifier& keys,
                              may expired) {
    if (!verified_.insert({id, pin.archive, pin.suite, expired == may::have_expired}).second) return {};
    const auto name = pin.archive + "/" + pin.suite;
    LARDER_TRY(const auto state, load_state(e_.store().objects(), id));
    const auto& m = state->manifest();
    if (m.archive != pin.archive || m.suite != pin.suite || m.date != state->release().date)
        return error{errc::malformed, "a state of " + name + " is not what its manifest says"};
    LARDER_CHECK(is_of_its_suite(pin, state->release()));
    // As apt allows (Acquire::Max-FutureTime): beyond it nothing that upstream publishes would be newer.
    if (m.date > e_.clock().now() + std::chrono::seconds{10})
        return error{errc::refused, "a state of " + name + " has a Date that is yet to come"};
    auto text = signed_text(m, keys, signing::expired_key::refused);
    const auto trouble = text ? std::string{} : text.error().detail();
    if (!text && expired == may::have_expired)
        if (auto then = signed_text(m, keys, signing::expired_key::taken)) text = std::move(then);
    if (!text) return text.error().in(name);
    if (sha256(text->text()) != m.text.content)
        return error{errc::bad_signature, name + ": what is signed is another text"};
    if (trouble.empty()) return {};
    vouched_.insert(id);
    report_.vouched.push_back(name + " of " + format_timestamp(m.date) + ": " + trouble);
    return {};
}

/// As a state that comes from upstream is looked at: what was signed for one suite is none of another's.
result<void> adoption::is_of_its_suite(const deployments::pin& pin, const index::release& release) {
    LARDER_TRY(const auto from, archive_of(pin.archive));
    const auto name = pin.archive + "/" + printable(pin.suite, 100);
    if (!suite::can_be_called(pin.suite)) return error{errc::malformed, "no suite can be called " + name};
    if (from->options().check_suite && !index::matches_suite(release, pin.suite))
        return error{errc::refused, "what is said to be a state of " + name + " is the Release of suite '" +
                                        printable(release.suite, 100) + "' (" + printable(release.codename, 100) + ")"};
    return {};
}

/// What is shown in a state's place is that state, under a Date of its own.
result<void> adoption::is_redated(const deployments::pin& pin) {
    LARDER_TRY(const auto of, load_state(e_.store().objects(), pin.listed()));
    LARDER_TRY(const auto shown, load_state(e_.store().objects(), *pin.shown));
    LARDER_TRY(const auto text, e_.store().objects().read(of->manifest().text.content));
    LARDER_TRY(const auto now, e_.store().objects().read(shown->manifest().text.content));
    if (pinning::is_redated(now, text, shown->release().date)) return {};
    return error{errc::bad_signature,
                 pin.archive + "/" + pin.suite + ": what is shown in a state's place is another state"};
}

result<verified_text> adoption::signed_text(const state_manifest& m, const signing::verifier& keys,
                                            signing::expired_key expired) {
    auto& objects = e_.store().objects();
    if (m.in_release) {
        LARDER_TRY(const auto bytes, objects.read(m.in_release->content));
        return keys.inline_signed(bytes, expired);
    }
    if (!m.release || !m.release_gpg) return error{errc::malformed, "it has no signature"};
    LARDER_TRY(const auto bytes, objects.read(m.release->content));
    LARDER_TRY(const auto signature, objects.read(m.release_gpg->content));
    return keys.detached(bytes, signature, expired);
}

/// Reads the indices that came, so that everything in them can be found.
result<void> adoption::learn() {
    std::set<digest> read;
    for (const auto& g : generations_)
        for (const auto& pin : g.pins)
            for (const auto& id : {pin.snapshot, pin.listed()})
                if (read.insert(id).second) LARDER_CHECK(learn(pin, id, g.architectures));
    return {};
}

result<void> adoption::learn(const deployments::pin& pin, const digest& id,
                             const std::vector<std::string>& architectures) {
    of_.tell({"reading the indices of " + pin.archive + "/" + pin.suite, 0, 0});
    LARDER_TRY(const auto from, archive_of(pin.archive));
    LARDER_TRY(auto state, load_state(e_.store().objects(), id));
    maintenance::index_filter filter;
    filter.architectures = architectures;
    const maintenance::known_state of{{{}, 0, pin.archive, pin.suite, false, {}, {}}, std::move(state)};
    auto indices = maintenance::indices_of(of, filter, e_.store(), from->mirrors_ptr());
    std::erase_if(indices, [this](const index_wanted& one) {
        const auto here = e_.store().objects().find(one.order.content);
        return !here || !*here;
    });
    for (auto& one : indices) one.former = !from->is_current_index(one.order.content);
    return maintenance::learn_all(e_, from, std::move(indices), of_.stop);
}

result<void> adoption::prove_holds() {
    for (const auto& one : list_.holds) {
        // By its content: of a path that is built anew and anew only the latest contents are known.
        LARDER_TRY(const auto origins, e_.store().known().origins(one.content));
        const bool named = std::any_of(origins.begin(), origins.end(),
                                       [&](const store::origin& o) { return o.archive == one.archive; });
        if (!named) {
            report_.unproven.push_back(one.archive + "/" + one.path);
            continue;
        }
        LARDER_TRY(const auto here, e_.store().objects().find(one.content));
        if (!here) report_.missing.push_back(row_of_missing(one));
        holds_.push_back(one);
    }
    return {};
}

}  // namespace larder::net::pinning
