#include "pockets/edition.hpp"
#include "pockets/export/export_place.hpp"
#include <algorithm>
#include <set>

namespace larder::net {
namespace {

using namespace publishing;

constexpr std::chrono::seconds least_grace = std::chrono::hours{1};

/// One export on its way: what is there is compared with what should be, first; then it is written.
class exporting {
public:
    exporting(engine& e, const pocket_export_options& options, const progress_sink& tell, std::stop_token stop)
        : e_{e}, options_{options}, tell_{tell}, stop_{std::move(stop)} {}

    result<pocket_export_report> run() {
        LARDER_CHECK(choose());
        LARDER_TRY(place_, open_place());
        LARDER_CHECK(compare());
        if (!options_.dry_run) {
            LARDER_CHECK(write());
        }
        LARDER_CHECK(prune());
        return report_;
    }

private:
    result<std::unique_ptr<export_place>> open_place() {
        return is_bucket(options_) ? open_bucket(e_, options_, stop_) : open_folder(e_, options_);
    }

    /// The pockets, as they are at this moment.
    result<void> choose() {
        std::map<std::string, pockets::pocket> chosen;
        for (const auto& name : options_.pockets) {
            const auto archive = name.substr(0, name.find('/'));
            if (!report_.archive.empty() && report_.archive != archive)
                return error{errc::refused,
                             "one tree has the pockets of one archive: " + report_.archive + " or " + archive};
            report_.archive = archive;
            if (archive != name) {
                LARDER_TRY(auto one, registry_of(e_).find(name));
                chosen.insert_or_assign(one.suite, std::move(one));
                continue;
            }
            LARDER_TRY(const auto known, registry_of(e_).find_archive(archive));
            LARDER_TRY(auto all, registry_of(e_).pockets(known.name));
            for (auto& one : all) chosen.insert_or_assign(one.suite, std::move(one));
        }
        for (auto& [suite, one] : chosen)
            if (one.head != 0) pockets_.push_back(std::move(one));
        if (pockets_.empty()) return error{errc::absent, "there is nothing published to export"};
        report_.to = options_.to;
        report_.dry_run = options_.dry_run;
        return {};
    }

    /// What is to be there, and what of it is not.
    result<void> compare() {
        LARDER_TRY(auto found, place_->read_record());
        if (found) record_ = std::move(*found);
        if (found && record_.archive != report_.archive)
            return error{errc::refused, options_.to + " has the archive " + record_.archive + ", and no other"};
        is_new_ = !found;
        record_.archive = report_.archive;
        tell_({"reading what is published", 0, 0});
        for (const auto& one : pockets_) LARDER_CHECK(note_suite(one));
        add_keys(e_, report_.archive, wanted_);
        for (const auto& [path, file] : wanted_) {
            ++report_.files;
            report_.bytes += file.size;
        }
        LARDER_CHECK(find_missing());
        // What was exported by other calls stays, and what clients in mid-update of the former publications ask for.
        for (const auto& [suite, one] : record_.suites)
            if (!next_.contains(suite)) LARDER_CHECK(add_names(suite, one.state, named_));
        auto after = record_.suites;
        for (const auto& [suite, one] : next_) after.insert_or_assign(suite, one);
        next_ = std::move(after);
        for (const auto& [path, file] : wanted_) named_.insert(path);
        for (const auto& [suite, one] : next_)
            if (one.former_state) LARDER_CHECK(add_names(suite, *one.former_state, former_));
        return {};
    }

    result<void> note_suite(const pockets::pocket& of) {
        LARDER_TRY(const auto last, registry_of(e_).load(of, of.head));
        LARDER_CHECK(add_suite(e_, of.suite, last.snapshot, wanted_));
        export_record::suite one{last.number, last.snapshot, last.made, 0, {}};
        if (const auto there = record_.suites.find(of.suite); there != record_.suites.end()) {
            const auto& was = there->second;
            if (was.date > last.made)
                return error{errc::stale, options_.to + " has publication " + std::to_string(was.publication) + " of " +
                                              of.name() + ", of " + format_iso(was.date) +
                                              ": a later one than this store has"};
            const bool same = was.state == last.snapshot;
            one.former = same ? was.former : was.publication;
            one.former_state = same ? was.former_state : was.state;
        }
        next_.insert_or_assign(of.suite, one);
        report_.suites.push_back({of.suite, one.publication, one.former, one.date});
        return {};
    }

    result<void> add_names(const std::string& suite, const digest& state, std::set<std::string, std::less<>>& to) {
        plain_tree tree;
        LARDER_CHECK(add_suite(e_, suite, state, tree));
        for (const auto& [path, file] : tree) to.insert(path);
        return {};
    }

    result<void> find_missing() {
        std::uint64_t done = 0;
        for (const auto& [path, file] : wanted_) {
            LARDER_CHECK(go_on({"looking at what is there", done++, wanted_.size()}));
            LARDER_TRY(const auto stamp, place_->stamp_of(path));
            auto& noted = there_[path];
            const auto known = record_.files.find(path);
            if (known != record_.files.end() && known->second.content == file.content && !stamp.empty() &&
                known->second.stamp == stamp)
                noted = stamp;
            else if (!stamp.empty()) {
                LARDER_TRY(noted, place_->find(path, file));
            }
            if (!noted.empty()) continue;
            ++report_.written;
            report_.written_bytes += file.size;
        }
        return {};
    }

    result<void> write() {
        // Before anything is written: what a crash leaves is known, and goes in its time.
        for (const auto& [path, file] : wanted_) {
            auto& noted = record_.files[path];
            noted = {file.content, file.size, there_[path], noted.unused};
        }
        if (is_new_ || report_.written > 0) LARDER_CHECK(place_->write_record(record_));
        using enum tree_part;
        LARDER_CHECK(put_all({}, {key, pool, by_hash}));
        for (const auto& one : pockets_) {
            const auto below = "dists/" + one.suite + "/";
            for (const auto part : {index, release, release_gpg, in_release}) LARDER_CHECK(put_all(below, {part}));
        }
        record_.suites = next_;
        note_unused();
        return place_->write_record(record_);
    }

    /// Those of some parts that are not there, and then all of them are durable.
    result<void> put_all(const std::string& below, std::initializer_list<tree_part> parts) {
        bool any = false;
        for (const auto part : parts)
            for (auto at = wanted_.lower_bound(below); at != wanted_.end() && at->first.starts_with(below); ++at) {
                const auto& [path, file] = *at;
                if (file.part != part || !there_[path].empty()) continue;
                LARDER_CHECK(go_on({"writing " + path, written_, report_.written_bytes}));
                LARDER_TRY(record_.files[path].stamp, place_->put(path, file));
                there_[path] = record_.files[path].stamp;
                written_ += file.size;
                any = true;
            }
        return any ? place_->settle() : result<void>{};
    }

    void note_unused() {
        for (auto& [path, file] : record_.files)
            if (named_.contains(path))
                file.unused.reset();
            else if (!file.unused)
                file.unused = e_.clock().now();
    }

    /// So long clients may work with what a publication had, after there is another one.
    result<std::chrono::seconds> grace() const {
        // A crash may have hidden from the record what was published there for a moment.
        auto longest = std::max(options_.prune_after, least_grace);
        LARDER_TRY(const auto all, registry_of(e_).pockets(report_.archive));
        for (const auto& one : all)
            if (next_.contains(one.suite)) longest = std::max(longest, one.valid_for);
        return longest;
    }

    result<void> prune() {
        LARDER_TRY(const auto wait, grace());
        const auto now = e_.clock().now();
        std::vector<std::string> gone;
        for (const auto& [path, file] : record_.files) {
            if (named_.contains(path) || wanted_.contains(path)) continue;
            const bool may_go = file.unused && *file.unused + wait <= now && !former_.contains(path);
            ++(may_go ? report_.pruned : report_.kept);
            if (may_go) gone.push_back(path);
        }
        if (options_.dry_run || gone.empty()) return {};
        for (const auto& path : gone) {
            LARDER_CHECK(go_on({"removing " + path, 0, 0}));
            LARDER_CHECK(place_->remove(path));
            record_.files.erase(path);
        }
        return place_->write_record(record_);
    }

    result<void> go_on(const progress& how_far) {
        if (stop_.stop_requested()) return error{errc::cancelled, "stopped on request; the next export goes on"};
        tell_(how_far);
        return {};
    }

    using names = std::set<std::string, std::less<>>;

    engine& e_;
    const pocket_export_options& options_;
    const progress_sink& tell_;
    const std::stop_token stop_;
    pocket_export_report report_;
    std::vector<pockets::pocket> pockets_;
    std::unique_ptr<export_place> place_;
    bool is_new_ = false;
    export_record record_;
    std::map<std::string, export_record::suite> next_;  ///< what the record is to say of suites
    plain_tree wanted_;
    names named_;                                            ///< by what is published there after this
    names former_;                                           ///< by what was published there before
    std::map<std::string, std::string, std::less<>> there_;  ///< stamps of what is there; empty: it is to be written
    std::uint64_t written_ = 0;
};

}  // namespace

result<pocket_export_report> export_pockets(engine& e, const pocket_export_options& options, const progress_sink& tell,
                                            std::stop_token stop) {
    if (options.pockets.empty()) return error{errc::bad_config, "no pocket is named"};
    return exporting{e, options, tell, std::move(stop)}.run();
}

}  // namespace larder::net
