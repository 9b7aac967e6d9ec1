#include "pockets/edition.hpp"
#include "pockets/transfer.hpp"
#include <larder/base/text.hpp>

namespace larder::net {
namespace {

using namespace publishing;

std::string text_of(const qa::finding& one) {
    return one.check + ": " + (one.passed ? "passed: " : "failed: ") + one.text;
}

/// The versions that a pocket has of packages that are to change in another.
result<qa::neighbour> versions_in(engine& e, const pockets::pocket& of, bool older,
                                  const std::map<std::string, pockets::stanza_edits>& edits) {
    qa::neighbour made{of.name(), older, {}};
    if (of.head == 0) return made;
    LARDER_TRY(const auto last, registry_of(e).load(of, of.head));
    for (const auto& kept : last.indices) {
        const auto changed = edits.find(kept.path);
        if (changed == edits.end()) continue;
        std::set<std::string, std::less<>> names;
        for (const auto& [name, stanza] : changed->second) names.insert(name);
        LARDER_TRY(const auto list, list_of(e, kept));
        LARDER_TRY(const auto found, pockets::find_stanzas(list, names, opener_of(e)));
        for (const auto& [name, text] : found) {
            LARDER_TRY(const auto listed, read_listed(index::kind_of(kept.path), text));
            for (const auto& one : listed) made.versions[one.name + " (" + one.architecture + ")"] = one.version;
        }
    }
    return made;
}

/// The releases before and behind a pocket.
result<std::vector<qa::neighbour>> neighbours_of(engine& e, const pockets::pocket& of,
                                                 const std::map<std::string, pockets::stanza_edits>& edits) {
    std::vector<qa::neighbour> all;
    LARDER_TRY(const auto pockets, registry_of(e).pockets());
    for (const auto& one : pockets) {
        const bool older = one.name() == of.upgrades_from;
        if (!older && one.upgrades_from != of.name()) continue;
        LARDER_TRY(auto beside, versions_in(e, one, older, edits));
        all.push_back(std::move(beside));
    }
    return all;
}

}  // namespace

result<publication_report> promote_pocket(engine& e, const promote_options& options, const progress_sink& tell,
                                          std::stop_token stop) {
    LARDER_TRY(const auto mine, turn::take(e, options.pocket));
    const auto& from = mine.of();
    if (from.feeds.empty())
        return error{errc::refused,
                     "pocket " + from.name() + " feeds none: larder pocket create --feeds says which one"};
    LARDER_TRY(const auto to, registry_of(e).find(from.archive + "/" + from.feeds));
    if (trim(options.who.reason).empty())
        return error{errc::refused, "a promotion needs a reason, which its history shows: --reason TEXT"};
    tell({"reading " + from.name(), 0, 0});
    transfer work{e, from, to};
    LARDER_CHECK(work.read(options.only));
    if (stop.stop_requested()) return error{errc::cancelled, "stopped on request"};
    edition what;
    what.of = to;
    what.next.how = pockets::step::promote;
    what.next.from = from.name();
    what.next.origin = from.head;
    what.next.by = options.who.by;
    what.next.reason = options.who.reason;
    what.edits = work.edits();
    what.past_support = options.past_support;
    std::vector<std::string> findings;
    bool passed = true;
    auto promotion = work.promotion();
    LARDER_TRY(promotion.neighbours, neighbours_of(e, to, work.edits()));
    const auto ask = [&](const std::vector<index::package_change>& changes,
                         pockets::publication& next) -> result<bool> {
        promotion.changes = changes;
        std::vector<qa::finding> found{qa::check_closed(promotion), qa::check_forwards(promotion),
                                       qa::check_upgrades(promotion)};
        if (!changes.empty()) {
            tell({"looking whether everything can be installed", 0, 0});
            LARDER_TRY(auto installable, check_installable(e, to, work.target().lists, work.texts()));
            found.push_back(std::move(installable));
        }
        for (const auto& one : found) findings.push_back(text_of(one));
        passed = qa::lets_through(found);
        next.findings = findings;
        if (!passed) next.overridden = options.override_reason;
        return !options.dry_run && !changes.empty() && (passed || !options.override_reason.empty());
    };
    LARDER_TRY(auto report, publish(e, std::move(what), ask));
    report.findings = findings;
    report.passed = passed;
    return report;
}

}  // namespace larder::net
