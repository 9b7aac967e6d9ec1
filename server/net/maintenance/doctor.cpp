#include "kept_chunks.hpp"
#include "maintenance/chunk_repair.hpp"
#include "maintenance/downloads.hpp"
#include "maintenance/hash_all.hpp"
#include "maintenance/kept.hpp"
#include "maintenance/pinned_indices.hpp"
#include "maintenance/rebuild.hpp"
#include "maintenance/restore.hpp"
#include "rescue.hpp"
#include <algorithm>
#include <map>
#include <mutex>
#include <set>
#include <sys/stat.h>

// The order of it: look at everything, set aside, fetch again, bring states back, give up on those that
// cannot be; the derived tables last, from what is whole by then. Only bytes that are wrong are damage,
// and only a name that is not there is a loss: what cannot be read for any other reason is told and left
// as it is, for it may be whole.

namespace larder::net {
namespace {

using namespace maintenance;

bool is_same_file(const unique_fd& a, const unique_fd& b) {
    struct stat one {
    }, other{};
    return ::fstat(a.get(), &one) == 0 && ::fstat(b.get(), &other) == 0 && one.st_ino == other.st_ino &&
           one.st_dev == other.st_dev;
}

result<bool> is_whole(const unique_fd& file, const digest& content) {
    hasher hash;
    for (std::uint64_t done = 0;;) {
        const auto piece = pread_all(file.get(), 1U << 20, done, "reading object " + content.hex());
        if (!piece) return piece.error();
        if (piece->empty()) return hash.finish() == content;
        hash.update(*piece);
        done += piece->size();
    }
}

/// Whether bringing a state back failed on this machine and not for want of its files.
bool is_our_own(const error& why) { return why.code() == errc::io || why.code() == errc::full; }

class examination {
public:
    examination(engine& e, const doctor_options& options, const progress_sink& tell, std::stop_token stop)
        : e_{e}, options_{options}, tell_{tell}, stop_{std::move(stop)} {}

    result<doctor_report> run() {
        const auto begun = std::chrono::steady_clock::now();
        LARDER_TRY(refs_, state_refs(e_.store().refs()));
        LARDER_TRY(chunks_, chunk_refs(e_.store().refs()));
        LARDER_TRY(kept_, look_at_kept(e_.store()));
        std::set<std::string> distinct;
        for (const auto& ref : refs_) distinct.insert(ref.value);
        for (const auto& pin : kept_.pins) distinct.insert(pin.state.value);
        report_.states = distinct.size();
        read_states();
        LARDER_CHECK(check_objects());
        find_missing();
        if (options_.repair) {
            set_aside();
            LARDER_CHECK(fetch_again());
            LARDER_TRY(kept_, look_at_kept(e_.store()));
            LARDER_CHECK(bring_pins_back());
            // Only now all states can be read that can be.
            LARDER_TRY(indices_, missing_pinned_indices(e_));
            LARDER_CHECK(bring_back(e_, indices_, tell_, stop_));
            if (options_.give_up) {
                LARDER_TRY(report_.dropped, give_up_generations(e_));
                LARDER_TRY(kept_, look_at_kept(e_.store()));
            }
            LARDER_CHECK(bring_states_back());
            LARDER_CHECK(keep_indices_anew());
        } else {
            LARDER_TRY(indices_, missing_pinned_indices(e_));
        }
        settle();
        settle_indices();
        if (options_.rebuild) {
            read_states();
            LARDER_TRY(report_.indices, rebuild(e_, states_, tell_, stop_));
        }
        // It looks at a table that is made anew, too.
        LARDER_TRY(report_.deployments, troubles_of_deployments(e_, stop_));
        report_.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
        return std::move(report_);
    }

private:
    void read_states() {
        // What generations pin stands as states of the past; most of it is one that a ref names, too.
        std::vector<state_ref> all;
        for (const auto& pin : kept_.pins) all.push_back(pin.state);
        all.insert(all.end(), refs_.begin(), refs_.end());
        states_ = load_states(e_.store().objects(), all, [](const state_ref&, const error&) {});
        files_.clear();
        for (const auto& one : states_) {
            note(one.state->id(), one.from.ref);
            for (const auto& file : files_of(one.state->manifest())) note(file.content, one.from.ref);
        }
        for (const auto& ref : refs_)
            if (const auto id = digest::from_hex(ref.value)) note(*id, ref.ref);
        for (const auto& pin : kept_.pins)
            if (const auto id = digest::from_hex(pin.state.value)) note(*id, pin.state.ref);
        for (const auto& [content, ref] : kept_.objects) note(content, ref);
        for (const auto& ref : chunks_) note(ref.object, ref.name);
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
            if (is == condition::unreadable) return report_.unreadable.push_back({one.content, {}, why});
            ++report_.objects;
            report_.bytes += one.size;
            if (is == condition::damaged) report_.damaged.push_back({one.content, {}, why});
        };
        LARDER_CHECK(hash_all(e_.store().objects(), work, options_.threads,
                              options_.background ? pace::background : pace::full, found, tell_, stop_));
        for (auto* list : {&report_.damaged, &report_.unreadable}) {
            for (auto& one : *list) one.known_from = whereabouts(one.content);
            std::sort(list->begin(), list->end(), [](const auto& a, const auto& b) { return a.content < b.content; });
        }
        return {};
    }

    /// What refs name and what is not here; what is damaged is told already.
    void find_missing() {
        const auto look = [this](const state_ref& ref) {
            const auto troubles = troubles_of(e_.store().objects(), ref);
            for (const auto& d : troubles.missing) note_missing(d);
            note_unreadable(troubles);
        };
        for (const auto& ref : refs_) look(ref);
        for (const auto& pin : kept_.pins)
            if (!is_named(pin.state.value)) look(pin.state);
        for (const auto& [content, ref] : kept_.objects)
            if (const auto here = e_.store().objects().find(content); here && !*here) note_missing(content);
        for (const auto& ref : chunks_)
            if (const auto here = e_.store().objects().find(ref.object); here && !*here) note_missing(ref.object);
    }

    void note_missing(const digest& d) {
        if (!is_in(report_.damaged, d) && !is_in(report_.missing, d))
            report_.missing.push_back({d, whereabouts(d), "it is not in the store"});
    }

    /// Whether a ref of a suite names this state.
    bool is_named(const std::string& state) const {
        return std::any_of(refs_.begin(), refs_.end(), [&](const state_ref& ref) { return ref.value == state; });
    }

    static bool is_in(const std::vector<troubled_object>& all, const digest& d) {
        return std::any_of(all.begin(), all.end(), [&d](const troubled_object& t) { return t.content == d; });
    }

    void note_unreadable(const state_troubles& troubles) {
        for (const auto& [d, why] : troubles.unreadable)
            if (!is_in(report_.unreadable, d)) report_.unreadable.push_back({d, whereabouts(d), why.detail()});
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
        auto& objects = e_.store().objects();
        for (auto& one : report_.damaged) {
            // Hashing all took its time: what has that name by now may be another file, and whole.
            const auto before = objects.open(one.content);
            if (!before && before.error().code() == errc::absent) continue;
            const auto whole = before ? is_whole(*before, one.content) : result<bool>{before.error()};
            if (!whole) {
                keeps_its_place(one, "it could not be read again: " + whole.error().detail());
                continue;
            }
            if (*whole) continue;
            e_.damaged(one.content);
            const auto after = objects.open(one.content);
            // Another file is a whole one: a client's download, meanwhile.
            if (!after ? after.error().code() == errc::absent : !is_same_file(*before, *after)) continue;
            // Once more, for the reason: the first time it only went to the log.
            const auto how = objects.set_aside(one.content);
            e_.objects_gone();
            if (how) continue;
            one.why += "; it could not be set aside";
            keeps_its_place(one, "it could not be set aside: " + how.error().detail());
        }
    }

    void keeps_its_place(const troubled_object& one, const std::string& why) {
        stuck_.insert(one.content);
        failures_[one.content] = why;
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
            if (const auto a = e_.find_archive(origin.archive)) {
                fetch_order order{d, origin.size, {origin.path}, a->mirrors_ptr()};
                order.rescue = true;
                order.moments = moments_of(origin.archive);
                return order;
            }
        return {};
    }

    /// When an archive was in the states that are kept.
    std::vector<sys_seconds> moments_of(const std::string& archive) const {
        std::vector<sys_seconds> all;
        for (const auto& one : states_)
            if (one.from.archive == archive) all.push_back(one.state->release().date);
        return chosen_moments(std::move(all));
    }

    result<void> fetch_again() {
        std::vector<fetch_order> orders;
        std::vector<const troubled_object*> wanted;
        for (const auto& one : report_.damaged) {
            // A download finds the damaged one in its place, and takes it for the one that it was to bring.
            if (stuck_.contains(one.content)) continue;
            auto order = order_for(one.content);
            // What no archive has, such as a generation's manifest, a peer may have.
            if (!order) order = e_.routes()->elsewhere->by_hash(one.content);
            if (!order) continue;
            order->how = store::arrival::repaired;
            orders.push_back(std::move(*order));
            wanted.push_back(&one);
        }
        for (const auto& one : report_.missing)
            if (auto order = e_.routes()->elsewhere->by_hash(one.content)) {
                orders.push_back(std::move(*order));
                wanted.push_back(&one);
            }
        if (orders.empty()) return {};
        const auto ended = [&](std::size_t i, const result<void>& how) {
            if (!how) failures_[wanted[i]->content] = how.error().detail();
        };
        return download(e_, orders, "fetching damaged objects again", ended, tell_, stop_);
    }

    /// Nobody has what was composed here, and its signature cannot be made again.
    static result<void> composed_anew(const pinned_state&) {
        return error{errc::absent, "it was composed and signed here, and cannot be made again"};
    }

    /// States that generations pin and no ref of a suite names: those that are shown in place of others, too.
    result<void> bring_pins_back() {
        std::set<std::string> seen;
        for (const auto& pin : kept_.pins) {
            if (is_named(pin.state.value) || !seen.insert(pin.state.value).second) continue;
            const auto before = troubles_of(e_.store().objects(), pin.state);
            if (before.none() || leave_unreadable(before)) continue;
            tell_({"bringing back " + pin.state.archive + " " + pin.state.suite, 0, 0});
            const auto how = pin.base      ? composed_anew(pin)
                             : pin.instead ? restore_shown(e_.store(), pin)
                                           : restore(e_, pin.state, stop_);
            if (stop_.stop_requested()) return error{errc::cancelled, "stopped during repair"};
            if (!how) explain(troubles_of(e_.store().objects(), pin.state), how.error().detail());
        }
        return {};
    }

    result<void> bring_states_back() {
        for (const auto& ref : refs_) {
            const auto before = troubles_of(e_.store().objects(), ref);
            if (before.none() && digest::from_hex(ref.value)) continue;
            if (leave_unreadable(before)) continue;
            tell_({"bringing back " + ref.archive + " " + ref.suite, 0, 0});
            const auto how = restore(e_, ref, stop_);
            if (stop_.stop_requested()) return error{errc::cancelled, "stopped during repair"};
            const auto left = troubles_of(e_.store().objects(), ref);
            if (how && left.none()) continue;
            if (leave_unreadable(left)) continue;
            explain(left, how ? "it could not be stored" : how.error().detail());
            if (!how && is_our_own(how.error())) continue;
            // A current state that can be read heals with the next refresh that reaches upstream.
            const auto id = digest::from_hex(ref.value);
            if (ref.current && id && load_state(e_.store().objects(), *id)) continue;
            // The name of it is what a copy from elsewhere could be found by.
            if (!ref.current && kept_.may_pin(ref.value)) {
                explain(left, (how ? "it could not be stored" : how.error().detail()) + "; " + ref.ref +
                                  " stays, for a generation of a deployment pins it, or may");
                continue;
            }
            const auto done = give_up(e_, ref, refs_);
            if (!done && is_our_own(done.error()))
                explain(left, done.error().detail());
            else
                report_.dropped.push_back(done ? *done : ref.ref + ": " + done.error().detail());
        }
        return {};
    }

    /// Indices of former states whose chunks were lost.
    result<void> keep_indices_anew() {
        if (chunks_.empty()) return {};
        read_states();
        LARDER_TRY(auto done, mend_chunks(e_, states_, tell_, stop_));
        kept_anew_ = std::move(done.mended);
        for (const auto& d : done.lost)
            failures_.try_emplace(d, "an index that it kept chunks of is not here, and no mirror has it");
        report_.dropped.insert(report_.dropped.end(), done.dropped.begin(), done.dropped.end());
        return {};
    }

    /// Whether a state must be left as it is, because something of it cannot be read.
    bool leave_unreadable(const state_troubles& troubles) {
        if (troubles.unreadable.empty()) return false;
        note_unreadable(troubles);
        explain(troubles, "not tried: other objects of its state cannot be read now");
        return true;
    }

    void explain(const state_troubles& troubles, const std::string& why) {
        for (const auto& d : troubles.missing)
            if (!stuck_.contains(d)) failures_[d] = why;
    }

    /// Whether an object that was in trouble is here and whole. Found is enough for what was moved or not
    /// there at all: what took its place was verified. In the place of one that could not be moved a
    /// release file may have been written anew, and nothing else.
    bool is_here_again(const digest& d) const {
        const auto& objects = e_.store().objects();
        if (stuck_.contains(d)) return objects.read(d, index::max_release_size).has_value();
        const auto here = objects.find(d);
        return here && *here;
    }

    /// Sorts what was in trouble into what is here again and what is lost.
    void settle() {
        for (const auto* list : {&report_.damaged, &report_.missing})
            for (const auto& one : *list) {
                if (!options_.repair) {
                    report_.lost.push_back({one.content, one.known_from, "repair was not asked for"});
                    continue;
                }
                if (kept_anew_.contains(one.content)) {
                    report_.refetched.push_back({one.content, one.known_from, "what it kept is kept anew"});
                    continue;
                }
                if (is_here_again(one.content)) {
                    report_.refetched.push_back({one.content, one.known_from, "here again, whole"});
                    continue;
                }
                const auto why = failures_.find(one.content);
                report_.lost.push_back({one.content, one.known_from,
                                        why != failures_.end() ? why->second : "nothing says where it came from"});
            }
    }

    /// The same of indices that generations need: any of their forms will do.
    void settle_indices() {
        for (const auto& one : indices_) {
            if (is_in(report_.damaged, one.content())) continue;
            troubled_object it{one.content(), one.whereabouts(), "no form of it is in the store"};
            if (!is_in(report_.missing, it.content)) report_.missing.push_back(it);
            const bool here = one.is_here(e_.store().objects());
            it.why = here               ? "here again, whole"
                     : !options_.repair ? "repair was not asked for"
                     : one.why.empty()  ? "it could not be stored"
                                        : one.why;
            (here ? report_.refetched : report_.lost).push_back(std::move(it));
        }
    }

    engine& e_;
    const doctor_options& options_;
    const progress_sink& tell_;
    std::stop_token stop_;
    doctor_report report_;
    std::vector<state_ref> refs_;
    std::vector<chunk_ref> chunks_;
    kept_things kept_;
    std::vector<known_state> states_;
    std::map<digest, std::vector<std::string>> files_;  ///< a state's own objects, and the refs they are from
    std::set<digest> kept_anew_;                        ///< files of chunks that nothing needs any more
    std::set<digest> stuck_;                            ///< damaged, and still in their places
    std::map<digest, std::string> failures_;
    std::vector<pinned_index> indices_;  ///< that generations need, and that were not here
};

}  // namespace

result<doctor_report> doctor(engine& e, const doctor_options& options, const progress_sink& tell,
                             std::stop_token stop) {
    if (options.rebuild && !options.repair)
        return error{errc::bad_config, "rebuild changes the store, and without repair nothing is to be changed"};
    if (options.give_up && !options.repair)
        return error{errc::bad_config,
                     "to give up a generation changes the store, and without repair nothing is to be"};
    examination one{e, options, tell, std::move(stop)};
    return one.run();
}

}  // namespace larder::net
