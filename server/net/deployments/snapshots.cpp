#include "deployments/differences.hpp"
#include "deployments/states.hpp"

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
        list.snapshots.push_back(row_of(s.objects(), one, **state));
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

    result<void> look(engine& e, const std::optional<kept_state>& one, std::optional<snapshot_row>& row,
                      const std::vector<std::string>& architectures) {
        if (!one) return {};
        auto& objects = e.store().objects();
        LARDER_TRY(state, load_state(objects, one->id));
        row = row_of(objects, *one, *state);
        LARDER_TRY(indices,
                   package_indices(objects, *state, suite{one->suite}, components_of(e, one->archive), architectures));
        return {};
    }
};

}  // namespace

result<suite_difference> compare_states(engine& e, const std::optional<kept_state>& before,
                                        const std::optional<kept_state>& after,
                                        const std::vector<std::string>& architectures, const progress_sink& tell,
                                        const std::stop_token& stop) {
    auto& objects = e.store().objects();
    suite_difference d;
    d.archive = after ? after->archive : before->archive;
    d.suite = after ? after->suite : before->suite;
    // What is missing on either side is compared on neither: else all of it would have come, or gone.
    side was, is;
    LARDER_CHECK(was.look(e, before, d.before, architectures));
    LARDER_CHECK(is.look(e, after, d.after, architectures));
    std::set<std::string> unread;
    for (const auto* one : {&was, &is})
        for (const auto& [stem, file] : one->indices)
            if (file == nullptr) unread.insert(stem);
    d.unread.assign(unread.begin(), unread.end());
    tell({"comparing " + d.archive + "/" + d.suite, 0, 0});
    LARDER_TRY(auto old_packages, packages_of(objects, was.indices, unread, stop));
    LARDER_TRY(auto new_packages, packages_of(objects, is.indices, unread, stop));
    d.packages = index::compare(std::move(old_packages), std::move(new_packages));
    return d;
}

}  // namespace pinning
}  // namespace larder::net
