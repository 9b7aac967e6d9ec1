#include "maintenance/known_states.hpp"
#include <algorithm>
#include <larder/net/maintenance.hpp>
#include <sys/statvfs.h>

namespace larder::net {
namespace {

using namespace maintenance;

store_archive& slot_of(store_report& report, const std::string& name) {
    for (auto& one : report.archives)
        if (one.name == name) return one;
    report.archives.push_back({name, false, {}});
    return report.archives.back();
}

result<store_suite> look_at(engine& e, const state_ref& ref) {
    store_suite one;
    one.name = ref.suite;
    one.snapshot = ref.value;
    LARDER_TRY(const auto note, e.store().known().get_note("validated/" + ref.ref));
    if (note)
        if (const auto when = parse_timestamp(*note)) one.validated = *when;
    const auto states = load_states(e.store().objects(), {ref}, [](const state_ref&, const error&) {});
    if (states.empty()) return one;  // larder doctor tells of it
    one.date = states.front().state->release().date;
    one.valid_until = states.front().state->release().valid_until;
    return one;
}

}  // namespace

result<store_report> look_at_store(engine& e, const progress_sink& tell, std::stop_token stop) {
    store_report report;
    report.path = e.store().path();
    const auto routes = e.routes();
    for (const auto& a : routes->archives) report.archives.push_back({a->name(), true, {}});
    LARDER_TRY(const auto refs, state_refs(e.store().refs()));
    for (const auto& ref : refs) {
        if (!ref.current) continue;
        LARDER_TRY(auto one, look_at(e, ref));
        one.states = static_cast<std::uint64_t>(std::count_if(refs.begin(), refs.end(), [&ref](const state_ref& r) {
            return !r.current && r.archive == ref.archive && r.suite == ref.suite;
        }));
        slot_of(report, ref.archive).suites.push_back(std::move(one));
    }
    for (const auto& a : routes->archives)
        for (const auto& name : a->options().suites) {
            auto& suites = slot_of(report, a->name()).suites;
            if (std::none_of(suites.begin(), suites.end(), [&name](const store_suite& s) { return s.name == name; })) {
                suites.emplace_back();
                suites.back().name = name;
            }
        }
    LARDER_CHECK(e.store().objects().for_each([&](const digest&, const store::object_info& info) {
        ++report.objects;
        report.bytes += info.size;
        if (report.objects % 10'000 == 0) tell({"counting objects", report.objects, 0});
        return !stop.stop_requested();
    }));
    struct statvfs disk {};
    if (::statvfs(report.path.c_str(), &disk) == 0) {
        report.disk_free = static_cast<std::uint64_t>(disk.f_bavail) * disk.f_frsize;
        report.disk_size = static_cast<std::uint64_t>(disk.f_blocks) * disk.f_frsize;
    }
    return report;
}

}  // namespace larder::net
