#include "archive_paths.hpp"
#include "held.hpp"
#include "index_reader.hpp"
#include "maintenance/hash_all.hpp"
#include "maintenance/kept.hpp"
#include "why/holders.hpp"
#include <algorithm>
#include <larder/index/claims.hpp>

namespace larder::net {
namespace {

using namespace why;

/// Of a package that has more versions than that somebody wants fewer.
constexpr std::size_t most_objects = 200;

class explanation {
public:
    explanation(engine& e, question what, const progress_sink& tell, std::stop_token stop)
        : e_{e}, what_{std::move(what)}, tell_{tell}, stop_{std::move(stop)}, reader_{e, what_} {}

    result<void> run(why_report& report) {
        // What a deployment's machines have fetched just now.
        LARDER_CHECK(e_.held().flush());
        LARDER_CHECK(take_claims());
        LARDER_TRY(states_, states_here(e_));
        holders_.emplace(e_, states_.deployed);
        LARDER_CHECK(look_into(states_.first));
        if (named_.empty()) LARDER_CHECK(look_into(states_.former));
        for (const auto& content : asked_) found_[content];
        report.more = found_.size() > most_objects;
        LARDER_TRY(const auto kept, maintenance::look_at_kept(e_.store()));
        for (const auto& [content, ref] : kept.objects) by_ref_[content].push_back(ref);
        LARDER_TRY(const auto state_refs, maintenance::state_refs(e_.store().refs()));
        for (const auto& one : state_refs)
            if (const auto id = digest::from_hex(one.value)) by_ref_[*id].push_back(one.ref);
        LARDER_TRY(report.log_began, e_.store().fetches().began());
        for (auto& [content, object] : found_) {
            if (report.objects.size() == most_objects) break;
            if (stop_.stop_requested()) return error{errc::cancelled, "stopped on request"};
            object.content = content;
            LARDER_CHECK(complete(object));
            if (is_known(object)) report.objects.push_back(std::move(object));
        }
        std::stable_sort(report.objects.begin(), report.objects.end(), [](const auto& a, const auto& b) {
            return std::tie(a.package, a.version, a.architecture, a.path) <
                   std::tie(b.package, b.version, b.architecture, b.path);
        });
        report.unread = std::move(states_.unread);
        report.unread.insert(report.unread.end(), holders_->unread().begin(), holders_->unread().end());
        return {};
    }

private:
    /// What a path stands for, by the catalogue: that is where most paths are known from.
    result<void> take_claims() {
        if (what_.content) asked_.push_back(*what_.content);
        if (what_.path.empty()) return {};
        const auto routes = e_.routes();
        for (const auto& a : routes->archives) {
            const auto inside = below(what_.path, a->name());
            for (const auto path : {std::string_view{what_.path}, inside.value_or(std::string_view{})}) {
                if (path.empty()) continue;
                LARDER_TRY(const auto claims, e_.store().known().find(a->name(), path));
                for (const auto& one : claims)
                    if (one.content != index::no_usable_hash) asked_.push_back(one.content);
            }
        }
        for (const auto& one : asked_) reader_.add(one);
        return {};
    }

    result<void> look_into(const std::vector<state_here>& states) {
        std::uint64_t done = 0;
        for (const auto& in : states) {
            if (stop_.stop_requested()) return error{errc::cancelled, "stopped on request"};
            tell_({"looking into " + in.archive + "/" + in.suite, done++, states.size()});
            suite_state_ptr state;
            LARDER_TRY(const auto all, reader_.look_into(in, state, states_.unread));
            for (const auto& one : all) {
                holders_->note(in, one);
                take(in, *state, one);
            }
        }
        return {};
    }

    void take(const state_here& in, const suite_state& state, const naming& one) {
        named_.insert(one.content);
        auto& object = found_[one.content];
        if (object.archive.empty()) {
            object.archive = in.archive;
            object.path = one.path;
        }
        if (object.package.empty()) {
            object.package = one.package;
            object.version = one.version;
            object.architecture = one.architecture;
        }
        if (!object.size) object.size = one.size;
        why_state row{in.archive, in.suite, in.id, state.release().date, in.current, in.shown, one.by, {}};
        for (const auto& fingerprint : state.manifest().signers)
            row.signers.push_back({fingerprint, user_of(in.archive, fingerprint)});
        object.states.push_back(std::move(row));
    }

    std::string user_of(const std::string& archive, const std::string& fingerprint) const {
        const auto from = e_.find_archive(archive);
        if (!from) return {};
        for (const auto& key : from->keys().keys())
            if (key.fingerprint == fingerprint ||
                std::find(key.subkeys.begin(), key.subkeys.end(), fingerprint) != key.subkeys.end())
                return key.user_id;
        return {};
    }

    result<void> complete(why_object& object) {
        auto& store = e_.store();
        LARDER_TRY(object.entries, store.fetches().of(object.content));
        LARDER_TRY(object.deployments, holders_->of(object.content));
        if (const auto refs = by_ref_.find(object.content); refs != by_ref_.end()) object.refs = refs->second;
        // Files that no list has: installer packages, what SHA256SUMS name.
        if (object.path.empty()) {
            LARDER_TRY(const auto origins, store.known().origins(object.content));
            if (!origins.empty()) {
                object.archive = origins.front().archive;
                object.path = origins.front().path;
                if (!object.size && origins.front().size != store::unknown_size) object.size = origins.front().size;
            }
        }
        if (!object.size && !object.entries.empty()) object.size = object.entries.back().size;
        LARDER_TRY(const auto info, store.objects().find(object.content));
        object.here = info.has_value();
        if (!info) return {};
        object.size = info->size;
        tell_({"reading " + (object.path.empty() ? object.content.hex() : object.path), 0, 0});
        LARDER_TRY(object.whole, maintenance::is_whole(store.objects(), object.content, stop_));
        return {};
    }

    static bool is_known(const why_object& o) {
        return o.here || !o.entries.empty() || !o.states.empty() || !o.deployments.empty() || !o.refs.empty() ||
               !o.path.empty();
    }

    engine& e_;
    const question what_;
    const progress_sink& tell_;
    std::stop_token stop_;
    reader reader_;
    all_states states_;
    std::optional<holders> holders_;
    std::vector<digest> asked_;
    std::set<digest> named_;
    std::map<digest, why_object> found_;
    std::map<digest, std::vector<std::string>> by_ref_;
};

}  // namespace

result<why_report> explain(engine& e, const std::string& what, const progress_sink& tell, std::stop_token stop) {
    why_report report;
    report.asked = what;
    LARDER_TRY(auto asked, parse_question(what));
    explanation one{e, std::move(asked), tell, std::move(stop)};
    LARDER_CHECK(one.run(report));
    return report;
}

}  // namespace larder::net
