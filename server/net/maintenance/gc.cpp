#include "held.hpp"
#include "maintenance/former_indices.hpp"
#include "maintenance/known_states.hpp"
#include "package_lists.hpp"
#include <algorithm>
#include <larder/base/units.hpp>
#include <larder/net/deployments.hpp>
#include <larder/net/maintenance.hpp>
#include <sys/stat.h>

// What may go, in which order, and how much of it.

namespace larder::net {
namespace {

using maintenance::digest_set;

struct cached_object {
    digest content;
    std::uint64_t size = 0;
    std::optional<sys_seconds> used;
};

/// Since when an object has its name; a commit gives it one. Not found out counts as just now.
bool came_within(const store::object_store& objects, const digest& d, std::uint64_t seconds) {
    if (seconds == 0) return false;
    const auto fd = objects.open(d);
    struct stat st {};
    if (!fd || ::fstat(fd->get(), &st) != 0) return true;
    // The kernel's time against the kernel's time: the engine's clock may be a test's.
    return std::chrono::system_clock::now().time_since_epoch() - std::chrono::seconds{st.st_ctim.tv_sec} <
           std::chrono::seconds{seconds};
}

/// Counts and lists all objects.
result<std::vector<cached_object>> survey(engine& e, gc_report& report, const progress_sink& tell,
                                          const std::stop_token& stop) {
    std::vector<cached_object> all;
    LARDER_CHECK(e.store().objects().for_each([&](const digest& d, const store::object_info& info) {
        all.push_back({d, info.size, {}});
        report.bytes += info.size;
        if (all.size() % 10'000 == 0) tell({"looking at objects", all.size(), 0});
        return !stop.stop_requested();
    }));
    report.objects = all.size();
    if (stop.stop_requested()) return error{errc::cancelled, "stopped before anything was removed"};
    return all;
}

/// Takes what a ref reaches out of the list.
void leave_referenced(const digest_set& keep, std::vector<cached_object>& all, gc_report& report) {
    std::erase_if(all, [&](const cached_object& one) {
        if (!keep.contains(one.content)) return false;
        ++report.referenced;
        report.referenced_bytes += one.size;
        return true;
    });
    report.cached = all.size();
    report.cached_bytes = report.bytes - report.referenced_bytes;
}

/// Oldest use first; what was never noted before all, larger ones first among equals.
result<void> by_age(const store::catalogue& known, std::vector<cached_object>& cached) {
    for (auto& one : cached) {
        LARDER_TRY(one.used, known.last_use(one.content));
    }
    std::sort(cached.begin(), cached.end(), [](const cached_object& a, const cached_object& b) {
        if (a.used != b.used) return a.used < b.used;
        if (a.size != b.size) return a.size > b.size;
        return a.content < b.content;
    });
    return {};
}

/// What refs reach, looked up anew whenever a ref has been swung since.
class referenced_objects {
public:
    referenced_objects(engine& e, maintenance::former_indices how) : e_{e}, how_{how} {}

    result<void> look() {
        {
            const std::lock_guard lock{e_.parts().refs_mutex};
            as_of_ = e_.parts().refs_changed;
        }
        LARDER_TRY(all_, maintenance::reachable(e_, {}, how_));
        return {};
    }
    const digest_set& all() const noexcept { return all_; }

    /// Removes an object unless a ref reaches it by now; whether it went.
    result<bool> remove_unless(const digest& content, const std::stop_token& stop) {
        while (!stop.stop_requested()) {
            {
                const std::lock_guard lock{e_.parts().refs_mutex};
                if (as_of_ == e_.parts().refs_changed) {
                    if (all_.contains(content)) return false;
                    return e_.held().remove_unless_kept(content);
                }
            }
            LARDER_CHECK(look());
        }
        return false;
    }

private:
    engine& e_;
    const maintenance::former_indices how_;
    std::uint64_t as_of_ = 0;
    digest_set all_;
};

/// What cannot be kept as chunks just now stays as it is, and all else goes as ever.
result<void> keep_former(engine& e, const gc_options& options, gc_report& report, const progress_sink& tell,
                         const std::stop_token& stop) {
    const auto kept =
        options.dry_run ? maintenance::count_former_indices(e, stop) : maintenance::keep_former_indices(e, tell, stop);
    if (kept) {
        report.former_indices = kept->indices;
        report.former_indices_bytes = kept->bytes;
    } else if (kept.error().code() == errc::cancelled) {
        return kept.error();
    } else {
        e.log().write(log_level::warn, "indices of former states stay as they are: " + kept.error().message());
    }
    return {};
}

}  // namespace

result<gc_report> gc(engine& e, const gc_options& options, const progress_sink& tell, std::stop_token stop) {
    gc_report report;
    report.dry_run = options.dry_run;
    report.limit = e.routes()->options.store.max_cache_size;
    // On a full disk nothing can be written before something was removed; uses not written yet are
    // known all the same.
    static_cast<void>(e.store().known().flush_uses());
    LARDER_TRY(const auto forgotten, forgettable(e));
    for (const auto& d : forgotten) {
        if (!options.dry_run) LARDER_CHECK(forget_deployment(e, d.name));
        report.forgotten.push_back(d.name);
    }
    LARDER_CHECK(keep_former(e, options, report, tell, stop));
    // Listed first, judged after: what a ref reaches by then is kept, and what came since is not in the list.
    LARDER_TRY(auto cached, survey(e, report, tell, stop));
    // What comes to be held from here on is left, whether it is found among what is kept or not.
    const held_list::pass pass{e.held()};
    using enum maintenance::former_indices;
    referenced_objects referenced{e, options.dry_run ? count_as_kept : stay};
    LARDER_CHECK(referenced.look());
    leave_referenced(referenced.all(), cached, report);
    const auto over = report.cached_bytes > report.limit ? report.cached_bytes - report.limit : 0;
    const auto wanted = std::max(over, options.free_bytes);
    if (wanted == 0) return report;
    LARDER_CHECK(by_age(e.store().known(), cached));
    std::vector<digest> gone;
    result<void> how;
    for (const auto& one : cached) {
        if (report.removed_bytes >= wanted || stop.stop_requested()) break;
        if (e.parts().hub.find(one.content) || came_within(e.store().objects(), one.content, options.grace_seconds))
            continue;
        if (!options.dry_run) {
            const auto went = referenced.remove_unless(one.content, stop);
            if (!went) {
                how = went.error();
                break;
            }
            if (!*went) continue;
            gone.push_back(one.content);
        }
        ++report.removed;
        report.removed_bytes += one.size;
        if (one.used) report.used_before = *one.used;
        if (report.removed % 256 == 0) tell({options.dry_run ? "choosing" : "removing", report.removed_bytes, wanted});
    }
    if (!gone.empty()) {
        if (const auto dropped = drop_stale_lists(e.store()); !dropped)
            e.log().write(log_level::warn, "lists of packages not dropped: " + dropped.error().message());
    }
    // Answers and open files that are kept in memory may be of what went.
    if (!gone.empty()) e.objects_gone();
    // Of what is gone a use that stays noted does no harm.
    if (const auto forgot = e.store().known().forget_uses(gone); !forgot)
        e.log().write(log_level::warn, "uses not forgotten: " + forgot.error().message());
    LARDER_CHECK(how);
    tell({options.dry_run ? "choosing" : "removing", wanted, wanted});
    return report;
}

void keep_below_limit(engine& e, pressure why, std::stop_token stop) {
    gc_options options;
    options.dry_run = false;
    if (why == pressure::disk_full) {
        std::uint64_t all = 0;
        const auto counted = e.store().objects().for_each([&all](const digest&, const store::object_info& info) {
            all += info.size;
            return true;
        });
        if (counted) options.free_bytes = std::max<std::uint64_t>(1, std::min<std::uint64_t>(1ULL << 30, all / 20));
    }
    const auto done = gc(
        e, options, [](const progress&) {}, stop);
    if (!done) return e.log().write(log_level::warn, "cache not cleared: " + done.error().message());
    if (done->former_indices != 0)
        e.log().write(
            log_level::info, "indices of former states kept as chunks",
            {{"objects", std::to_string(done->former_indices)}, {"size", format_size(done->former_indices_bytes)}});
    if (done->removed == 0) return;
    e.log().write(log_level::info, "cache cleared of what was used least recently",
                  {{"objects", std::to_string(done->removed)}, {"size", format_size(done->removed_bytes)}});
}

}  // namespace larder::net
