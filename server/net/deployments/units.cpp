#include "deployments/units.hpp"
#include "deployments/phased.hpp"
#include "deployments/states.hpp"
#include "held.hpp"
#include <algorithm>
#include <larder/base/text.hpp>
#include <larder/net/reply.hpp>
#include <openssl/crypto.h>

// What units report, and whether they agree with their generation.

namespace larder::net {

using namespace pinning;
using deployments::deployment;

namespace {

std::string_view field(std::string_view text, std::string_view name) {
    for (const auto line : split(text, '\n'))
        if (line.starts_with(name) && line.substr(name.size()).starts_with(": ")) return line.substr(name.size() + 2);
    return {};
}

}  // namespace

namespace pinning {

result<digest> report_in(std::string_view unit_ref) { return digest::from_hex(field(unit_ref, "Report")); }

result<expectations::made> expectations::of(engine& e, const digest& id, const deployments::generation& g,
                                            const progress_sink& tell, const std::stop_token& stop) {
    constexpr std::size_t most_known = 8;
    if (auto known = find(id)) return known;
    const auto fresh = std::make_shared<deployments::expectation>();
    auto& objects = e.store().objects();
    for (const auto& pin : g.pins) {
        tell({"reading " + pin.archive + "/" + pin.suite, 0, 0});
        LARDER_TRY(const auto state, load_state(objects, pin.listed()));
        LARDER_TRY(const auto indices,
                   package_indices(objects, *state, suite{pin.suite}, components_of(e, pin.archive), g.architectures));
        for (const auto& [stem, index] : indices) {
            if (stop.stop_requested()) return error{errc::cancelled, "stopped on request"};
            const auto read = each_listed(e.store(), index, [&](const index::listed_package& one) {
                if (one.architecture != "source") fresh->add(one);
            });
            if (!read) return read.error().in(pin.archive + "/" + pin.suite);
            if (!*read)
                return error{errc::absent, pin.archive + "/" + pin.suite + ": its index " + stem + " is not here"};
        }
    }
    const std::lock_guard lock{mutex_};
    while (known_.size() >= most_known)
        known_.erase(std::min_element(known_.begin(), known_.end(),
                                      [](const auto& a, const auto& b) { return a.second.second < b.second.second; }));
    known_[id] = {fresh, ++clock_};
    return made{fresh};
}

std::shared_ptr<const phased_versions> expectations::phased(const digest& id) {
    const std::lock_guard lock{mutex_};
    const auto known = phased_.find(id);
    return known == phased_.end() ? nullptr : known->second;
}

std::shared_ptr<const phased_versions> expectations::keep_phased(const digest& id, phased_versions all) {
    constexpr std::size_t most_phased = 64;
    const std::lock_guard lock{mutex_};
    if (phased_.size() >= most_phased) phased_.clear();
    return phased_[id] = std::make_shared<const phased_versions>(std::move(all));
}

expectations::made expectations::find(const digest& id) {
    const std::lock_guard lock{mutex_};
    const auto known = known_.find(id);
    if (known == known_.end()) return nullptr;
    known->second.second = ++clock_;
    return known->second.first;
}

expectations::compared_ptr expectations::known(const digest& generation, const digest& report) const {
    const std::lock_guard lock{mutex_};
    const auto of = compared_.find(generation);
    if (of == compared_.end()) return nullptr;
    const auto found = of->second.find(report);
    return found == of->second.end() ? nullptr : found->second;
}

expectations::compared_ptr expectations::compare(const digest& generation, const digest& report,
                                                 const deployments::expectation& expected,
                                                 const std::vector<deployments::installed_package>& packages) {
    auto fresh = std::make_shared<const compared>(compared{packages.size(), expected.compare(packages)});
    const auto weight = 1 + fresh->differences.size();
    const std::lock_guard lock{mutex_};
    if (auto& known = compared_[generation][report]) return known = fresh;
    if (compared_weight_ + weight > most_compared) {
        compared_.clear();
        compared_weight_ = 0;
    }
    compared_weight_ += weight;
    return compared_[generation][report] = fresh;
}

void expectations::arrived(const digest& generation, const digest& report,
                           const std::vector<deployments::installed_package>& packages) {
    if (const auto expected = find(generation); expected && !known(generation, report))
        compare(generation, report, *expected, packages);
}

void expectations::changed() {
    const std::lock_guard lock{mutex_};
    ++changes_;
    changed_.notify_all();
}

std::uint64_t expectations::changes() const {
    const std::lock_guard lock{mutex_};
    return changes_;
}

bool expectations::wait(std::uint64_t since, std::chrono::steady_clock::time_point until, const std::stop_token& stop) {
    std::unique_lock lock{mutex_};
    return changed_.wait_until(lock, stop, until, [&] { return changes_ != since; });
}

}  // namespace pinning

namespace {

constexpr std::size_t most_units = 100'000;

std::string ref_of_unit(std::string_view deployment, std::string_view unit) {
    return std::string{unit_prefix} + std::string{deployment} + "/" + std::string{unit};
}

result<unit_row> read_unit(const std::string& id, std::string_view value) {
    unit_row row;
    row.id = id;
    LARDER_TRY(row.report, report_in(value));
    LARDER_TRY(row.reported, parse_timestamp(field(value, "Reported")));
    return row;
}

std::string text_of_unit(const digest& report, sys_seconds reported) {
    return "Larder-Unit: 1\nReport: " + report.hex() + "\nReported: " + format_timestamp(reported) + "\n";
}

bool same_secret(std::string_view a, std::string_view b) {
    return a.size() == b.size() && ::CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

result<expectations::made> what_is_expected(engine& e, const deployment& d, const progress_sink& tell,
                                            const std::stop_token& stop) {
    LARDER_TRY(const auto g, registry_of(e).load(d.name, d.head));
    return e.expected().of(e, d.generation, g, tell, stop);
}

/// Sets what a unit has reported against what is expected, where that is known.
void compare(engine& e, const digest& generation, const deployments::expectation* expected, unit_row& row) {
    const auto read = [&]() -> result<std::vector<deployments::installed_package>> {
        LARDER_TRY(const auto text, e.store().objects().read(row.report, most_report));
        return deployments::parse_report(text);
    };
    auto known = expected == nullptr ? nullptr : e.expected().known(generation, row.report);
    if (!known) {
        const auto packages = read();
        if (!packages) {
            row.trouble = packages.error().detail();
            return;
        }
        row.packages = packages->size();
        if (expected == nullptr) return;
        known = e.expected().compare(generation, row.report, *expected, *packages);
    }
    row.packages = known->packages;
    row.differences = known->differences;
}

result<void> keep_report(engine& e, const deployment& d, const std::string& unit, std::string_view lines) {
    const auto& name = d.name;
    LARDER_CHECK(deployments::check_unit(unit));
    LARDER_TRY(const auto packages, deployments::parse_report(lines));
    auto& s = e.store();
    const auto now = e.clock().now();
    const auto ref_name = ref_of_unit(name, unit);
    const auto text = deployments::write_report(packages);
    LARDER_TRY(const auto content, s.objects().put(text, now));
    LARDER_TRY(const auto before, s.refs().get(ref_name));
    if (!before) {
        LARDER_TRY(const auto all, s.refs().list(std::string{unit_prefix} + name + "/"));
        if (all.size() >= most_units) return error{errc::too_large, "this deployment has 100,000 units already"};
    }
    LARDER_CHECK(s.refs().change({{ref_name, before ? before->version : 0, text_of_unit(content, now)}}));
    // What is in it counts as used.
    e.more_is_held();
    // gc may have taken it before the ref was there.
    e.held().keep(content);
    LARDER_TRY(const auto still, s.objects().put(text, now));
    static_cast<void>(still);
    e.expected().arrived(d.generation, content, packages);
    e.expected().changed();
    return {};
}

}  // namespace

result<units_report> list_units(engine& e, const std::string& name, const progress_sink& tell, std::stop_token stop) {
    units_report report;
    LARDER_TRY(report.deployment, registry_of(e).find(name));
    LARDER_TRY(auto rows, reported_units(e, name));
    if (rows.empty()) return report;
    const auto expected = what_is_expected(e, report.deployment, tell, stop);
    if (stop.stop_requested()) return error{errc::cancelled, "stopped on request"};
    if (!expected) report.trouble = expected.error().detail();
    for (auto& row : rows) {
        if (stop.stop_requested()) return error{errc::cancelled, "stopped on request"};
        compare(e, report.deployment.generation, expected ? expected->get() : nullptr, row);
        report.units.push_back(std::move(row));
    }
    if (expected) {
        LARDER_CHECK(name_phased(e, report, tell, stop));
        for (const auto& row : report.units) report.agree += row.agrees() ? 1U : 0U;
    }
    return report;
}

namespace {

result<void> judge(engine& e, const std::string& name, admit_report& report, const progress_sink& tell,
                   const std::stop_token& stop) {
    LARDER_TRY(report.units, list_units(e, name, tell, stop));
    if (report.units.deployment.removed)
        return error{errc::refused, "deployment '" + name + "' was removed; restore it first"};
    report.admitted = report.units.agree == report.units.units.size();
    return {};
}

/// Judges again whenever a unit has reported.
result<void> wait_for_units(engine& e, const admit_options& options, admit_report& report, const progress_sink& tell,
                            const std::stop_token& stop) {
    const auto until = std::chrono::steady_clock::now() + options.wait;
    for (;;) {
        // Before they are looked at: what is reported meanwhile is not missed.
        const auto seen = e.expected().changes();
        LARDER_CHECK(judge(e, options.name, report, tell, stop));
        if (report.admitted || options.wait.count() == 0) return {};
        tell({"waiting for units to agree", report.units.agree, report.units.units.size()});
        if (e.expected().wait(seen, until, stop)) continue;
        if (stop.stop_requested()) return error{errc::cancelled, "stopped on request"};
        return judge(e, options.name, report, tell, stop);
    }
}

}  // namespace

result<admit_report> admit(engine& e, const admit_options& options, const progress_sink& tell, std::stop_token stop) {
    admit_report report;
    if (options.override_it && trim(options.who.reason).empty())
        return error{errc::bad_config, "an override needs a reason (--reason TEXT): it is recorded"};
    LARDER_CHECK(wait_for_units(e, options, report, tell, stop));
    if (options.upgrade)
        for (const auto& unit : report.units.units)
            if (!unit.differences.empty()) report.plan.push_back(deployments::plan_for(unit.id, unit.differences));
    if (report.admitted || !options.override_it) return report;
    LARDER_CHECK(record(
        e, {0, {}, e.clock().now(), "deployment-admit-override", options.name, options.who.by, options.who.reason}));
    report.admitted = report.overridden = true;
    return report;
}

result<void> pinning::drop_unit(engine& e, const std::string& name, const std::string& unit) {
    LARDER_TRY(const auto d, registry_of(e).find(name));
    const auto ref_name = ref_of_unit(d.name, unit);
    if (!deployments::check_unit(unit)) return error{errc::absent, "no unit is called that"};
    LARDER_TRY(const auto ref, e.store().refs().get(ref_name));
    if (!ref) return error{errc::absent, "deployment '" + name + "' has no unit '" + unit + "'"};
    LARDER_CHECK(e.store().refs().change({{ref_name, ref->version, {}}}));
    e.expected().changed();
    return {};
}

result<void> forget_unit(engine& e, const std::string& name, const std::string& unit, const signed_for& who) {
    LARDER_CHECK(drop_unit(e, name, unit));
    // One that had drifted lets others in when it is forgotten.
    return record(e, {0, {}, e.clock().now(), "deployment-forget-unit", name + "/" + unit, who.by, who.reason});
}

result<std::vector<digest>> unit_reports(const store::ref_store& refs, const std::string& without) {
    std::vector<digest> all;
    LARDER_TRY(const auto found, refs.list(unit_prefix));
    const auto left_out = std::string{unit_prefix} + without + "/";
    for (const auto& [name, ref] : found) {
        if (!without.empty() && name.starts_with(left_out)) continue;
        const auto report = report_in(ref.value);
        if (!report) return report.error().in("ref " + name + " (larder doctor says what to do)");
        all.push_back(*report);
    }
    return all;
}

result<std::vector<unit_row>> pinning::reported_units(engine& e, const std::string& name) {
    const auto prefix = std::string{unit_prefix} + name + "/";
    LARDER_TRY(const auto refs, e.store().refs().list(prefix));
    std::vector<unit_row> all;
    for (const auto& [ref_name, ref] : refs) {
        LARDER_TRY(auto row, read_unit(ref_name.substr(prefix.size()), ref.value));
        all.push_back(std::move(row));
    }
    return all;
}

result<std::optional<store::ref_change>> pinning::note_of_unit(engine& e, const std::string& name,
                                                               const unit_row& unit) {
    const auto ref_name = ref_of_unit(name, unit.id);
    LARDER_TRY(const auto before, e.store().refs().get(ref_name));
    if (before) {
        const auto known = read_unit(unit.id, before->value);
        if (known && known->reported >= unit.reported) return std::optional<store::ref_change>{};
    }
    return std::optional{
        store::ref_change{ref_name, before ? before->version : 0, text_of_unit(unit.report, unit.reported)}};
}

result<package_set> pinning::reported_packages(engine& e, const std::string& name) {
    LARDER_TRY(const auto units, reported_units(e, name));
    std::set<digest> reports;  // units that agree with each other have one between them
    for (const auto& one : units) reports.insert(one.report);
    package_set all;
    for (const auto& one : reports) {
        LARDER_TRY(const auto text, e.store().objects().read(one, most_report));
        LARDER_TRY(auto packages, deployments::parse_report(text));
        for (auto& p : packages) all.emplace(std::move(p.name), std::move(p.architecture), std::move(p.version));
    }
    return all;
}

site_reply take_unit_report(engine& e, const unit_report_request& request) {
    site_reply reply;
    const auto refuse = [&reply](int status, std::string why) {
        reply.status = status;
        reply.body = std::move(why) + "\n";
        return reply;
    };
    const auto d = registry_of(e).find(request.deployment);
    if (!d || d->removed) return refuse(404, "no such deployment");
    if (d->token.empty()) return refuse(403, "this deployment has no join token yet: larder deployment token");
    if (!same_secret(d->token, sha256(request.token).hex()))
        return refuse(403, "the join token is not this deployment's");
    const auto body = std::string_view{request.body};
    const auto end = std::min(body.find('\n'), body.size());
    const auto first = body.substr(0, end);
    if (!first.starts_with("Unit: ")) return refuse(400, "a report begins with a line 'Unit: NAME'");
    const auto kept =
        keep_report(e, *d, std::string{trim(first.substr(6))}, body.substr(std::min(end + 1, body.size())));
    if (!kept) {
        const auto ours = kept.error().code() == errc::io || kept.error().code() == errc::full;
        return refuse(ours ? 503 : 400, printable(kept.error().detail()));
    }
    reply.body = "taken\n";
    return reply;
}

}  // namespace larder::net
