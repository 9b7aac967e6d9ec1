#include "deployments/first_use.hpp"
#include "archive_paths.hpp"
#include "deployments/cut.hpp"
#include "deployments/shown.hpp"
#include <algorithm>

namespace larder::net::pinning {
namespace {

/// Each has a thread, and asks its upstream.
constexpr std::size_t most_at_once = 8;
/// Each try loses against another generation that was made meanwhile.
constexpr int most_tries = 10;

using deployments::deployment;
using deployments::generation;

error no_suites(const std::string& archive) {
    return {errc::bad_config, "archive '" + archive +
                                  "' has no suites configured, and only such are pinned on first use: name them in "
                                  "the configuration (suites)"};
}

result<generation> next_with(engine& e, const deployment& head, const generation& before, const cut& fresh,
                             const std::string& by) {
    generation next;
    next.deployment = head.name;
    next.number = head.head + 1;
    next.parent = head.generation;
    next.made = e.clock().now();
    next.how = deployments::step::first_use;
    next.by = by;
    next.architectures = before.architectures;
    next.pins = before.pins;
    next.pins.insert(next.pins.end(), fresh.pins.begin(), fresh.pins.end());
    std::sort(next.pins.begin(), next.pins.end(),
              [](const auto& a, const auto& b) { return std::tie(a.archive, a.suite) < std::tie(b.archive, b.suite); });
    return next;
}

/// Nothing: it is pinned already.
result<std::optional<generation>> head_without(engine& e, const first_use& what, const deployment& d) {
    LARDER_TRY(auto head, registry_of(e).load(d.name, d.head));
    if (head.find(what.archive, what.suite) != nullptr) return std::optional<generation>{};
    return std::optional{std::move(head)};
}

result<deployment> find_open(engine& e, const first_use& what) {
    LARDER_TRY(auto d, registry_of(e).find(what.deployment));
    const auto& of = d.on_first_use;
    if (d.removed || std::find(of.begin(), of.end(), what.archive) == of.end())
        return error{errc::absent,
                     "deployment '" + what.deployment + "' has nothing of archive '" + what.archive + "'"};
    LARDER_CHECK(registry_of(e).may_change(what.deployment));
    return d;
}

result<void> append_with(engine& e, const first_use& what, cut fresh, const std::string& by) {
    LARDER_TRY(const auto d, find_open(e, what));
    LARDER_TRY(const auto before, head_without(e, what, d));
    if (!before) return {};
    const auto registry = registry_of(e);
    LARDER_TRY(auto next, next_with(e, d, *before, fresh, by));
    // After a rollback to where it was not pinned yet, clients may have seen a later Date of it.
    LARDER_CHECK(make_followable(e, registry, *before, next, fresh));
    LARDER_TRY(const auto now, pin_together(e, fresh, [&] { return registry_of(e).append(d, next); }));
    return record(e, {0,
                      {},
                      next.made,
                      "deployment-first-use",
                      now.name + "@" + std::to_string(next.number),
                      by,
                      what.archive + "/" + what.suite});
}

}  // namespace

std::optional<std::string> suite_of_release_file(const core::archive_options& of, std::string_view path) {
    const auto name = file_name(path);
    if (!is_release_name(name)) return {};
    for (const auto& one : of.suites)
        if (suite{one}.file(name) == path) return one;
    return {};
}

result<std::vector<std::string>> archives_on_first_use(engine& e, const std::vector<std::string>& named) {
    std::vector<std::string> all;
    for (const auto& name : named) {
        const auto from = e.find_archive(name);
        if (!from) return error{errc::absent, "no archive is called '" + name + "'; larder archive list shows all"};
        if (from->options().suites.empty()) return no_suites(name);
        all.push_back(name);
    }
    if (named.empty())
        for (const auto& from : e.routes()->archives)
            if (!from->options().suites.empty()) all.push_back(from->name());
    if (all.empty())
        return error{errc::bad_config,
                     "no archive has suites configured, and only such are pinned on first use (suites)"};
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
    return all;
}

result<void> pin_first(engine& e, const first_use& what, const std::string& by, const std::stop_token& stop) {
    LARDER_TRY(const auto d, find_open(e, what));
    LARDER_TRY(const auto before, head_without(e, what, d));
    if (!before) return {};
    const auto quiet = [](const progress&) {};
    const std::vector<suite_choice> suites{{what.archive, what.suite, {}}};
    LARDER_TRY(const auto fresh, make_cut(e, suites, before->architectures, quiet, stop));
    for (int tries = 1;; ++tries) {
        auto done = append_with(e, what, fresh, by);
        if (done || done.error().code() != errc::conflict || tries == most_tries || stop.stop_requested()) return done;
    }
}

first_uses::answer first_uses::begin(engine& e, const first_use& what, const std::string& by) {
    const std::lock_guard lock{mutex_};
    if (closed_) return nullptr;
    // A thread that has said so ends at once, without this mutex.
    std::erase_if(flights_, [](const auto& one) { return one.second.ended; });
    if (const auto known = flights_.find(what); known != flights_.end()) return known->second.to;
    if (flights_.size() >= most_at_once) return nullptr;
    auto& made = flights_[what];
    made.to = std::make_shared<outcome<result<void>>>();
    made.thread = std::jthread{[this, &e, &made, what, by](const std::stop_token& stop) {
        result<void> how;
        try {
            how = pin_first(e, what, by, stop);
        } catch (const std::exception& broken) {
            how = error{errc::io, broken.what()};
        }
        if (!how)
            e.log().write(log_level::warn, "a suite was not pinned on first use: " + how.error().message(),
                          {{"deployment", what.deployment}, {"archive", what.archive}, {"suite", what.suite}});
        const auto to = made.to;
        {
            const std::lock_guard ending{mutex_};
            made.ended = true;
        }
        to->set(how);
    }};
    return made.to;
}

void first_uses::close() {
    {
        const std::lock_guard lock{mutex_};
        closed_ = true;
        for (auto& [what, one] : flights_) one.thread.request_stop();
    }
    // Each writes to its own place before it ends; nobody adds one any more.
    for (auto& [what, one] : flights_)
        if (one.thread.joinable()) one.thread.join();
    flights_.clear();
}

}  // namespace larder::net::pinning
