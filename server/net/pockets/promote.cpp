#include "pockets/edition.hpp"
#include "pockets/transfer.hpp"
#include <larder/base/text.hpp>

namespace larder::net {
namespace {

using namespace publishing;

std::string text_of(const qa::finding& one) {
    return one.check + ": " + (one.passed ? "passed: " : "failed: ") + one.text;
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
    if (to.supported_until && e.clock().now() >= *to.supported_until && options.override_reason.empty())
        return error{errc::refused,
                     "the support of " + to.name() + " has ended: --override REASON promotes all the same"};
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
    std::vector<std::string> findings;
    bool passed = true;
    auto promotion = work.promotion();
    const auto ask = [&](const std::vector<index::package_change>& changes,
                         pockets::publication& next) -> result<bool> {
        promotion.changes = changes;
        std::vector<qa::finding> found{qa::check_closed(promotion), qa::check_forwards(promotion)};
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
