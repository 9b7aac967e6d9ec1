#include "maintenance/downloads.hpp"
#include "maintenance/known_states.hpp"
#include <algorithm>

namespace larder::net {
namespace {

using namespace maintenance;

std::vector<std::string> suites_of(const archive& a, const std::vector<std::string>& asked) {
    return asked.empty() ? a.suites() : asked;
}

std::optional<suite_status> status_of(const archive& a, const std::string& name) {
    for (auto& one : a.status())
        if (one.name == name) return std::move(one);
    return {};
}

/// The configured indices of the state now; how many had to be read.
result<std::uint64_t> learn_configured(engine& e, const std::shared_ptr<archive>& a, const std::string& suite_name,
                                       const std::stop_token& stop) {
    const auto& options = a->options();
    if (options.components.empty() && options.architectures.empty()) return 0;
    auto indices = a->indices_of(suite_name, options.components, options.architectures);
    std::vector<index_wanted> unknown;
    for (auto& index : indices) {
        LARDER_TRY(const bool known, e.store().known().knows_index(a->name(), index.key));
        if (!known) unknown.push_back(std::move(index));
    }
    const auto count = unknown.size();
    LARDER_CHECK(learn_all(e, a, std::move(unknown), stop));
    return count;
}

/// One suite's row. What goes wrong with it is told there: the others have theirs.
result<void> update_suite(engine& e, const std::shared_ptr<archive>& a, suite_update& one,
                          const std::stop_token& stop) {
    LARDER_TRY(const auto before, e.store().refs().get(suite{one.suite}.ref(a->name())));
    const auto refreshed = refresh_now(e, a, one.suite, stop);
    auto learnt = refreshed ? learn_configured(e, a, one.suite, stop) : result<std::uint64_t>{refreshed.error()};
    if (const auto status = status_of(*a, one.suite)) {
        one.snapshot = status->snapshot;
        one.date = status->date;
        one.changed = !status->snapshot.empty() && (!before || before->value != status->snapshot);
    }
    LARDER_TRY(one.indices, std::move(learnt));
    return {};
}

}  // namespace

bool update_report::fine() const noexcept {
    return std::all_of(suites.begin(), suites.end(), [](const suite_update& s) { return s.failure.empty(); });
}

result<update_report> update_archive(engine& e, const update_options& options, const progress_sink& tell,
                                     std::stop_token stop) {
    const auto a = e.find_archive(options.archive);
    if (!a) return error{errc::absent, "no archive is called '" + options.archive + "'"};
    update_report report;
    report.archive = options.archive;
    const auto names = suites_of(*a, options.suites);
    for (const auto& name : names) {
        tell({"asking for " + options.archive + " " + name, report.suites.size(), names.size()});
        suite_update one;
        one.suite = name;
        if (const auto how = update_suite(e, a, one, stop); !how) one.failure = how.error().detail();
        if (stop.stop_requested()) return error{errc::cancelled, "stopped on request"};
        report.suites.push_back(std::move(one));
    }
    tell({"asking for " + options.archive, names.size(), names.size()});
    return report;
}

}  // namespace larder::net
