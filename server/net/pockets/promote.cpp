#include "pockets/edition.hpp"
#include "pockets/pocket_memory.hpp"
#include "pockets/shown.hpp"
#include "pockets/transfer.hpp"
#include "pockets/translations.hpp"
#include <larder/base/text.hpp>
#include <memory>

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

/// Both pockets of a step, as they are.
struct step_pockets {
    pockets::pocket from, to;
};
result<step_pockets> step_of(engine& e, pockets::pocket from) {
    if (from.feeds.empty())
        return error{errc::refused,
                     "pocket " + from.name() + " feeds none: larder pocket create --feeds says which one"};
    LARDER_TRY(auto to, registry_of(e).find(from.archive + "/" + from.feeds));
    return step_pockets{std::move(from), std::move(to)};
}

result<edition> edition_for(engine& e, const step_pockets& step, const promote_options& options, const transfer& work) {
    auto what = edition_of(step.to, pockets::step::promote, options.who);
    what.next.from = step.from.name();
    what.next.origin = step.from.head;
    what.edits = work.edits();
    what.replaced = work.replaced();
    LARDER_TRY(what.described, descriptions_in(e, step.from, what.edits));
    what.past_support = options.past_support;
    return what;
}

/// The one that stands before a pocket.
std::unique_ptr<qa::gate> gate_of(engine& e, const pockets::pocket& to, const transfer& work,
                                  const progress_sink& tell) {
    return std::make_unique<qa::built_in_gate>([&e, &to, &work, &tell](const qa::promotion&) {
        tell({"looking whether everything can be installed", 0, 0});
        return check_installable(e, to, work.target().lists, work.texts());
    });
}

/// What a gate says of a promotion.
class verdict {
public:
    verdict(engine& e, const pockets::pocket& to, const transfer& work, const progress_sink& tell)
        : e_{e}, to_{to}, work_{work}, gate_{gate_of(e, to, work, tell)} {}

    result<void> ask(const std::vector<index::package_change>& changes) {
        auto promotion = work_.promotion();
        LARDER_TRY(promotion.neighbours, neighbours_of(e_, to_, work_.edits()));
        promotion.changes = changes;
        LARDER_TRY(const auto found, gate_->judge(promotion));
        for (const auto& one : found) findings.push_back(text_of(one));
        passed = qa::lets_through(found);
        return {};
    }

    std::vector<std::string> findings;
    bool passed = true;

private:
    engine& e_;
    const pockets::pocket& to_;
    const transfer& work_;
    const std::unique_ptr<qa::gate> gate_;
};

}  // namespace

namespace {

/// What cannot be had the gate tells, if it needs it.
void bring_base_of_target(engine& e, const std::string& pocket, const progress_sink& tell,
                          const std::stop_token& stop) {
    auto from = registry_of(e).find(pocket);
    const auto step = from ? step_of(e, std::move(*from)) : result<step_pockets>{from.error()};
    if (!step) return;
    if (const auto brought = bring_base(e, step->to, tell, stop); !brought)
        e.log().write(log_level::warn, "the base of a pocket is not whole: " + brought.error().message(),
                      {{"pocket", step->to.name()}});
}

}  // namespace

result<publication_report> promote_pocket(engine& e, const promote_options& options, const progress_sink& tell,
                                          std::stop_token stop) {
    bring_base_of_target(e, options.pocket, tell, stop);
    LARDER_TRY(const auto mine, turn::take(e, options.pocket));
    LARDER_TRY(const auto step, step_of(e, mine.of()));
    if (trim(options.who.reason).empty())
        return error{errc::refused, "a promotion needs a reason, which its history shows: --reason TEXT"};
    const std::string override_reason{trim(options.override_reason)};
    if (override_reason.empty() && !options.override_reason.empty())
        return error{errc::refused, "what the gate says is set aside for a reason, which its history shows for ever"};
    tell({"reading " + step.from.name(), 0, 0});
    transfer work{e, step.from, step.to};
    LARDER_CHECK(work.read(options.only));
    if (stop.stop_requested()) return error{errc::cancelled, "stopped on request"};
    verdict gate{e, step.to, work, tell};
    const auto ask = [&](const std::vector<index::package_change>& changes,
                         pockets::publication& next) -> result<bool> {
        LARDER_CHECK(gate.ask(changes));
        next.findings = gate.findings;
        if (!gate.passed) next.overridden = override_reason;
        LARDER_CHECK(
            check_shown(options.as_shown, {step.from.head, step.to.head, seen_in_changes(changes, gate.findings)}));
        return !options.dry_run && !changes.empty() && (gate.passed || !override_reason.empty());
    };
    LARDER_TRY(auto what, edition_for(e, step, options, work));
    LARDER_TRY(auto report, publish(e, std::move(what), ask));
    report.findings = gate.findings;
    report.passed = gate.passed;
    if (report.made) e.remembered().promotions.tell(step.to.name());
    return report;
}

result<publication_report> preview_promotion(engine& e, const std::string& pocket, const std::vector<std::string>& only,
                                             asked_gate how, const std::stop_token& stop) {
    LARDER_TRY(auto from, registry_of(e).find(pocket));
    LARDER_TRY(const auto step, step_of(e, std::move(from)));
    transfer work{e, step.from, step.to};
    LARDER_CHECK(work.read(only));
    if (stop.stop_requested()) return error{errc::cancelled, "stopped on request"};
    const progress_sink tell = [](const progress&) {};
    verdict gate{e, step.to, work, tell};
    const auto ask = [&](const std::vector<index::package_change>& changes, pockets::publication&) -> result<bool> {
        if (how == asked_gate::yes) LARDER_CHECK(gate.ask(changes));
        return false;
    };
    promote_options options;
    options.past_support = true;
    LARDER_TRY(auto what, edition_for(e, step, options, work));
    what.of.frozen.clear();
    LARDER_TRY(auto report, publish(e, std::move(what), ask));
    report.pocket = step.to;
    report.findings = gate.findings;
    report.passed = gate.passed;
    if (!step.to.frozen.empty())
        report.warnings.push_back("pocket " + step.to.name() + " is frozen: " + step.to.frozen);
    return report;
}

}  // namespace larder::net
