#include "deployments/differences.hpp"
#include "deployments/states.hpp"
#include <set>

namespace larder::net {

using namespace pinning;

result<snapshot_list> list_snapshots(engine& e, const snapshot_list_options& options) {
    auto& s = e.store();
    LARDER_TRY(const auto all, kept_states(s.refs(), options.archive, options.suite));
    if (all.empty() && !(options.archive.empty() && options.suite.empty()))
        return error{errc::absent, "no state of " + options.archive +
                                       (options.suite.empty() ? "" : "/" + options.suite) + " is here"};
    snapshot_list list;
    for (const auto& one : all) {
        const auto state = load_state(s.objects(), one.id);
        if (!state)
            return state.error().in("snapshot " + one.id.hex() + " of " + one.archive + "/" + one.suite +
                                    " (larder doctor repairs it)");
        list.snapshots.push_back(row_of(e, one, **state));
    }
    return list;
}

result<suite_difference> diff_snapshots(engine& e, const snapshot_diff_options& options, const progress_sink& tell,
                                        std::stop_token stop) {
    auto& s = e.store();
    LARDER_TRY(const auto old_choice, parse_choice(options.before));
    LARDER_TRY(const auto new_choice, parse_choice(options.after));
    LARDER_TRY(const auto before, find_state(s.refs(), old_choice));
    LARDER_TRY(const auto after, find_state(s.refs(), new_choice));
    return compare_states(e, before, after, options.architectures, tell, stop);
}

namespace pinning {
namespace {

/// One of two states that are set against each other.
struct side {
    suite_state_ptr state;
    index_forms indices;
    std::map<std::string, std::vector<digest>> lists;

    result<void> look(engine& e, const std::optional<kept_state>& one, std::optional<snapshot_row>& row,
                      const std::vector<std::string>& architectures) {
        if (!one) return {};
        auto& objects = e.store().objects();
        LARDER_TRY(state, load_state(objects, one->id));
        row = row_of(e, *one, *state);
        LARDER_TRY(indices,
                   package_indices(objects, *state, suite{one->suite}, components_of(e, one->archive), architectures));
        return {};
    }

    /// Finds the list of each index, or makes it; `unread` gets those that are not here.
    result<void> read(engine& e, net::lists which, std::set<std::string>& unread, const std::stop_token& stop) {
        for (const auto& [stem, index] : indices) {
            if (stop.stop_requested()) return error{errc::cancelled, "stopped on request"};
            LARDER_TRY(auto list, list_of(e.store(), index, which));
            if (list)
                lists[stem] = std::move(*list);
            else
                unread.insert(stem);
        }
        return {};
    }

    std::vector<digest> all_but(const std::set<std::string>& unread) const {
        std::vector<digest> all;
        for (const auto& [stem, list] : lists)
            if (!unread.contains(stem)) all.insert(all.end(), list.begin(), list.end());
        return all;
    }
};

}  // namespace

result<suite_difference> compare_states(engine& e, const std::optional<kept_state>& before,
                                        const std::optional<kept_state>& after,
                                        const std::vector<std::string>& architectures, const progress_sink& tell,
                                        const std::stop_token& stop) {
    suite_difference d;
    d.archive = after ? after->archive : before->archive;
    d.suite = after ? after->suite : before->suite;
    side was, is;
    LARDER_CHECK(was.look(e, before, d.before, architectures));
    LARDER_CHECK(is.look(e, after, d.after, architectures));
    tell({"comparing " + d.archive + "/" + d.suite, 0, 0});
    for (const auto which : {lists::as_kept, lists::made_anew}) {
        // What is missing on either side is compared on neither: else all of it would have come, or gone.
        std::set<std::string> unread;
        LARDER_CHECK(was.read(e, which, unread, stop));
        LARDER_CHECK(is.read(e, which, unread, stop));
        d.unread.assign(unread.begin(), unread.end());
        auto changes = compare_lists(e.store(), was.all_but(unread), is.all_but(unread));
        if (changes) d.packages = std::move(*changes);
        if (changes) break;
        if (which == lists::made_anew || !list_is_broken(changes.error())) return changes.error();
    }
    return d;
}

}  // namespace pinning
}  // namespace larder::net
