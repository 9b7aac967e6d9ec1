#include <algorithm>
#include <pockets/edition.hpp>
#include <pockets/offers.hpp>
#include <site/known_waiting.hpp>
#include <site/site_state.hpp>

namespace larder::net::site {
namespace {

void add(std::string& key, const pockets::pocket& of) {
    key += of.name() + ' ' + std::to_string(of.version) + ' ' + std::to_string(of.head) + '\n';
}

/// All that the difference is made of; and what the gate looks at, where it is asked: the base and the releases beside.
result<digest> key_of(engine& e, const pockets::pocket& from, asked_gate how) {
    const auto registry = publishing::registry_of(e);
    LARDER_TRY(const auto to, registry.find(from.archive + "/" + from.feeds));
    std::string key;
    add(key, from);
    add(key, to);
    if (how == asked_gate::no) return sha256(key);
    key += "asked\n";
    LARDER_TRY(const auto all, registry.pockets());
    for (const auto& one : all)
        if (one.name() == to.upgrades_from || one.upgrades_from == to.name()) add(key, one);
    if (to.base.empty()) return sha256(key);
    const auto base = publishing::state_in_force(e, to.base);
    return sha256(key + (base ? (*base)->id().hex() : "-"));
}

}  // namespace

waiting_view shorten(publication_report all, asked_gate how) {
    waiting_view made;
    made.to = std::move(all.pocket);
    made.shown = {all.publication.origin, made.to.head, seen_in(all)};
    made.packages = all.changes.size();
    for (const auto& one : all.changes) ++made.counts.at(static_cast<std::size_t>(one.what));
    all.changes.resize(std::min(all.changes.size(), most_waiting_rows));
    made.first = std::move(all.changes);
    made.asked = how;
    made.passed = all.passed;
    made.findings = std::move(all.findings);
    made.warnings = std::move(all.warnings);
    return made;
}

known_waiting::view known_waiting::find(const digest& of) {
    const std::lock_guard lock{mutex_};
    const auto found = known_.find(of);
    if (found == known_.end()) return nullptr;
    found->second.second = ++clock_;
    return found->second.first;
}

void known_waiting::keep(const digest& of, view what) {
    constexpr std::size_t most = 64;
    const std::lock_guard lock{mutex_};
    known_[of] = {std::move(what), ++clock_};
    if (known_.size() <= most) return;
    known_.erase(std::min_element(known_.begin(), known_.end(),
                                  [](const auto& a, const auto& b) { return a.second.second < b.second.second; }));
}

result<known_waiting::view> waiting_at(engine& e, const pockets::pocket& from, asked_gate how,
                                       const std::stop_token& stop) {
    auto& known = e.site().waiting();
    LARDER_TRY(const auto key, key_of(e, from, how));
    if (auto found = known.find(key)) return found;
    LARDER_TRY(auto report, preview_promotion(e, from.name(), {}, how, stop));
    auto made = std::make_shared<const waiting_view>(shorten(std::move(report), how));
    // What was published while it was read has another key.
    LARDER_TRY(const auto now, key_of(e, from, how));
    if (now == key && made->shown.from == from.head) known.keep(key, made);
    return known_waiting::view{made};
}

}  // namespace larder::net::site
