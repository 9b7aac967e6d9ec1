#include "maintenance/downloads.hpp"
#include "maintenance/hash_all.hpp"
#include "maintenance/rebuild.hpp"
#include "maintenance/restore.hpp"
#include <algorithm>
#include <map>
#include <mutex>
#include <set>

// The order of it: look at everything, set aside, fetch again, bring states back, give up on those that
// cannot be; the derived tables last, from what is whole by then.

namespace larder::net {
namespace {

using namespace maintenance;

class examination {
public:
    examination(engine& e, const doctor_options& options, const progress_sink& tell, std::stop_token stop)
        : e_{e}, options_{options}, tell_{tell}, stop_{std::move(stop)} {}

    result<doctor_report> run() {
        const auto begun = std::chrono::steady_clock::now();
        LARDER_TRY(refs_, state_refs(e_.store().refs()));
        std::set<std::string> distinct;
        for (const auto& ref : refs_) distinct.insert(ref.value);
        report_.states = distinct.size();
        read_states();
        LARDER_CHECK(check_objects());
        find_missing();
        if (options_.repair) {
            set_aside();
            LARDER_CHECK(fetch_again());
            LARDER_CHECK(bring_states_back());
        }
        settle();
        if (options_.rebuild) {
            read_states();
            LARDER_TRY(report_.indices, rebuild(e_, states_, tell_, stop_));
        }
        report_.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
        return std::move(report_);
    }

private:
    void read_states() {
        states_ = load_states(e_.store().objects(), refs_, [](const state_ref&, const error&) {});
        files_.clear();
        for (const auto& one : states_) {
            note(one.state->id(), one.from.ref);
            for (const auto& file : files_of(one.state->manifest())) note(file.content, one.from.ref);
        }
        for (const auto& ref : refs_)
            if (const auto id = digest::from_hex(ref.value)) note(*id, ref.ref);
    }

    void note(const digest& d, const std::string& ref) {
        auto& all = files_[d];
        if (std::find(all.begin(), all.end(), ref) == all.end()) all.push_back(ref);
    }

    result<void> check_objects() {
        LARDER_TRY(const auto work, list_objects(e_.store().objects()));
        std::mutex mutex;
        const auto found = [&](const listed_object& one, condition is, const std::string& why) {
            if (is == condition::whole) e_.is_whole(one.content);
            const std::lock_guard lock{mutex};
            if (is == condition::gone) return;  // removed meanwhile, by gc
            ++report_.objects;
            report_.bytes += one.size;
            if (is == condition::damaged) report_.damaged.push_back({one.content, {}, why});
        };
        LARDER_CHECK(hash_all(e_.store().objects(), work, options_.threads,
                              options_.background ? pace::background : pace::full, found, tell_, stop_));
        for (auto& one : report_.damaged) one.known_from = whereabouts(one.content);
        std::sort(report_.damaged.begin(), report_.damaged.end(),
                  [](const auto& a, const auto& b) { return a.content < b.content; });
        return {};
    }

    /// What refs name and what is not here; what is damaged is told already.
    void find_missing() {
        for (const auto& ref : refs_)
            for (const auto& d : missing_of(e_.store().objects(), ref)) {
                const auto is_it = [&d](const troubled_object& t) { return t.content == d; };
                if (std::any_of(report_.damaged.begin(), report_.damaged.end(), is_it) ||
                    std::any_of(report_.missing.begin(), report_.missing.end(), is_it))
                    continue;
                report_.missing.push_back({d, whereabouts(d), "it is not in the store"});
            }
    }

    std::vector<std::string> whereabouts(const digest& d) const {
        std::vector<std::string> all;
        if (const auto origins = e_.store().known().origins(d))
            for (const auto& origin : *origins) all.push_back(origin.archive + "/" + origin.path);
        for (const auto& one : states_)
            if (const auto* file = file_with(e_.store().known(), *one.state, d)) {
                auto path = one.from.archive + "/" + suite{one.from.suite}.file(file->path);
                if (std::find(all.begin(), all.end(), path) == all.end()) all.push_back(std::move(path));
            }
        if (const auto found = files_.find(d); found != files_.end())
            all.insert(all.end(), found->second.begin(), found->second.end());
        return all;
    }

    void set_aside() {
        for (auto& one : report_.damaged) {
            e_.damaged(one.content);
            const auto still = e_.store().objects().find(one.content);
            if (still && *still) one.why += "; it could not be set aside";
        }
    }

    std::optional<fetch_order> order_for(const digest& d) const {
        for (auto one = states_.rbegin(); one != states_.rend(); ++one) {
            const auto a = e_.find_archive(one->from.archive);
            const auto* file = a ? file_with(e_.store().known(), *one->state, d) : nullptr;
            if (file != nullptr) return order_of(*one, *file, d, a->mirrors_ptr());
        }
        const auto origins = e_.store().known().origins(d);
        if (!origins) return {};
        for (const auto& origin : *origins)
            if (const auto a = e_.find_archive(origin.archive))
                return fetch_order{d, origin.size, {origin.path}, a->mirrors_ptr()};
        return {};
    }

    result<void> fetch_again() {
        std::vector<fetch_order> orders;
        std::vector<const troubled_object*> wanted;
        for (const auto& one : report_.damaged) {
            auto order = order_for(one.content);
            if (!order) continue;
            orders.push_back(std::move(*order));
            wanted.push_back(&one);
        }
        if (orders.empty()) return {};
        const auto ended = [&](std::size_t i, const result<void>& how) {
            if (!how) failures_[wanted[i]->content] = how.error().detail();
        };
        return download(e_, orders, "fetching damaged objects again", ended, tell_, stop_);
    }

    result<void> bring_states_back() {
        for (const auto& ref : refs_) {
            const auto missing = missing_of(e_.store().objects(), ref);
            if (missing.empty() && digest::from_hex(ref.value)) continue;
            tell_({"bringing back " + ref.archive + " " + ref.suite, 0, 0});
            const auto how = restore(e_, ref, stop_);
            if (stop_.stop_requested()) return error{errc::cancelled, "stopped during repair"};
            const auto left = missing_of(e_.store().objects(), ref);
            if (how && left.empty()) continue;
            for (const auto& d : left) failures_[d] = how ? "it could not be stored" : how.error().detail();
            // A current state that can be read heals with the next refresh that reaches upstream.
            const auto id = digest::from_hex(ref.value);
            if (ref.current && id && load_state(e_.store().objects(), *id)) continue;
            auto done = give_up(e_, ref, refs_);
            report_.dropped.push_back(done ? *done : ref.ref + ": " + done.error().detail());
        }
        return {};
    }

    /// Sorts what was in trouble into what is here again and what is lost.
    void settle() {
        auto& objects = e_.store().objects();
        for (const auto* list : {&report_.damaged, &report_.missing})
            for (const auto& one : *list) {
                if (!options_.repair) {
                    report_.lost.push_back({one.content, one.known_from, "repair was not asked for"});
                    continue;
                }
                const auto here = objects.find(one.content);
                if (here && *here) {
                    report_.refetched.push_back({one.content, one.known_from, "here again, whole"});
                    continue;
                }
                const auto why = failures_.find(one.content);
                report_.lost.push_back({one.content, one.known_from,
                                        why != failures_.end() ? why->second : "nothing says where it came from"});
            }
    }

    engine& e_;
    const doctor_options& options_;
    const progress_sink& tell_;
    std::stop_token stop_;
    doctor_report report_;
    std::vector<state_ref> refs_;
    std::vector<known_state> states_;
    std::map<digest, std::vector<std::string>> files_;  ///< a state's own objects, and the refs they are from
    std::map<digest, std::string> failures_;
};

}  // namespace

result<doctor_report> doctor(engine& e, const doctor_options& options, const progress_sink& tell,
                             std::stop_token stop) {
    examination one{e, options, tell, std::move(stop)};
    return one.run();
}

}  // namespace larder::net
