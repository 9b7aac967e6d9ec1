#include "held.hpp"
#include "maintenance/downloads.hpp"
#include "pockets/arrivals.hpp"
#include "pockets/pull_choice.hpp"
#include "pockets/translations.hpp"
#include <algorithm>
#include <larder/base/text.hpp>
#include <larder/debs/names.hpp>
#include <larder/debs/stanza.hpp>
#include <larder/index/claims.hpp>

// Packages of other archives, with their stanzas, into a pocket.

namespace larder::net {
namespace {

using namespace publishing;

/// A file of the pool, and where it is had from.
struct pulled_file {
    store::held_object here;
    std::string archive, path;  ///< where it comes from
    sys_seconds moment{};       ///< the Date of the state that names it
};

/// What of an index's stanza is not the archive's that it comes from to say, nor stays true elsewhere.
std::vector<debs::field_change> changes_for(const std::string& place_field, const std::string& place) {
    std::vector<debs::field_change> all{{place_field, place}};
    for (const auto* gone : {"MD5sum", "SHA1", "SHA512", "SHA224", "MSDOS-Filename", "Phased-Update-Percentage"})
        all.push_back({gone, {}});
    if (place_field == "Directory")
        for (const auto* gone : {"Files", "Checksums-Md5", "Checksums-Sha1", "Checksums-Sha512"})
            all.push_back({gone, {}});
    return all;
}

/// What is taken for a pocket as it is now: the edits, the files, and the reasons.
class plan {
public:
    plan(engine& e, const pockets::pocket& of, const pull_options& options, const std::vector<offered_suite>& offers)
        : e_{e}, of_{of}, options_{options}, offers_{offers} {}

    result<void> make(const progress_sink& tell, const std::stop_token& stop) {
        LARDER_TRY(const auto by_architecture, choose_packages(e_, of_, options_, offers_, tell, stop));
        tell({"reading what is taken", 0, 0});
        for (const auto& [architecture, all] : by_architecture) LARDER_CHECK(take_binaries(architecture, all));
        if (of_.has_architecture("source")) LARDER_CHECK(take_sources());
        std::sort(taken.begin(), taken.end(), [](const auto& a, const auto& b) {
            const bool a_last = a.architecture == "source", b_last = b.architecture == "source";
            return std::tie(a_last, a.name, a.architecture) < std::tie(b_last, b.name, b.architecture);
        });
        if (!options_.allow_downgrade) LARDER_CHECK(check_no_downgrade(e_, of_, edits));
        return check_sources(e_, of_, edits, needed_sources_);
    }

    index_edits edits;
    std::map<std::string, pulled_file> files;  ///< by their path in the pool
    std::vector<pockets::taken_package> taken;
    std::vector<std::string> sourceless;  ///< a sentence each

private:
    using chosen = chosen_package;
    static constexpr std::size_t most_sourceless = 20;

    result<void> take_binaries(const std::string& architecture, const std::vector<chosen>& all) {
        for (std::size_t from = 0; from < offers_.size(); ++from) {
            std::set<name_and_version> wanted;
            for (const auto& one : all)
                if (one.from == from) wanted.insert({one.name, one.version});
            LARDER_TRY(const auto stanzas, stanzas_of(e_, offers_[from], architecture, wanted));
            for (const auto& one : all) {
                if (one.from != from) continue;
                const auto found = stanzas.find({one.name, one.version});
                auto taken_one = found == stanzas.end()
                                     ? result<void>{error{errc::malformed, "it stands nowhere in the index"}}
                                     : take_binary(architecture, one, found->second);
                if (!taken_one) return taken_one.error().in(offers_[from].name + ", " + one.name + " " + one.version);
            }
        }
        return {};
    }

    std::string component_for(const std::string& theirs) const {
        if (!options_.component.empty()) return options_.component;
        const auto& mine = of_.components;
        return std::find(mine.begin(), mine.end(), theirs) == mine.end() ? mine.front() : theirs;
    }

    result<void> take_binary(const std::string& architecture, const chosen& one, const found_stanza& stanza) {
        LARDER_TRY(const auto paragraph, debs::paragraph::read(stanza.text));
        auto source = debs::source_name{one.name, one.version};
        if (const auto field = paragraph.get("Source"); !field.empty()) {
            LARDER_TRY(source, debs::read_source_name(field, one.version));
        }
        const auto component = component_for(stanza.component);
        LARDER_TRY(const auto folder, debs::pool_folder(component, source.name));
        const auto kind = debs::kind_of_file(paragraph.get("Filename"));
        LARDER_TRY(const auto name,
                   debs::package_file_name(one.name, one.version, one.architecture,
                                           kind == debs::file_kind::ddeb ? kind : debs::file_kind::deb));
        const auto path = folder + "/" + name;
        LARDER_CHECK(add_files(one.from, index::index_kind::packages, stanza.text, path, naming::whole_path));
        LARDER_TRY(const auto mine, debs::change_stanza(stanza.text, changes_for("Filename", path)));
        put_stanza(edits, of_, component, architecture, one.name, mine);
        if (listed_.emplace(one.name, one.architecture).second)
            taken.push_back({one.name, one.version, one.architecture, offers_[one.from].name, one.why});
        needed_sources_.emplace(source.name, one.name);
        return want_source(source, one);
    }

    struct wanted_source {
        std::string version, binary;
        std::size_t from = 0;
    };

    /// A pocket has one version of a source package.
    result<void> want_source(const debs::source_name& source, const chosen& by) {
        const auto [known, first] = sources_.try_emplace(source.name, wanted_source{source.version, by.name, by.from});
        if (first || known->second.version == source.version) return {};
        return error{errc::refused, "it is of version " + source.version + " of its source package " + source.name +
                                        ", and " + known->second.binary + ", which is taken too, of version " +
                                        known->second.version + ": a pocket has one version of a source package"};
    }

    result<void> take_sources() {
        std::set<std::string> found;
        for (std::size_t from = 0; from < offers_.size(); ++from) {
            const auto& offer = offers_[from];
            std::set<name_and_version> wanted;
            for (const auto& [name, one] : sources_)
                if (one.from == from) wanted.insert({name, one.version});
            if (!std::count(offer.architectures.begin(), offer.architectures.end(), "source")) continue;
            LARDER_TRY(const auto stanzas, stanzas_of(e_, offer, "source", wanted));
            for (const auto& [key, stanza] : stanzas) {
                found.insert(key.first);
                if (auto one = take_source(from, key, stanza); !one)
                    return one.error().in(offer.name + ", source " + key.first + " " + key.second);
            }
        }
        for (const auto& [name, one] : sources_)
            if (!found.contains(name))
                if (sourceless.size() < most_sourceless)
                    sourceless.push_back("source: " + offers_[one.from].name + " does not have " + name + " " +
                                         one.version + ", of which " + one.binary + " was built");
        return {};
    }

    result<void> take_source(std::size_t from, const name_and_version& key, const found_stanza& stanza) {
        const auto component = component_for(stanza.component);
        LARDER_TRY(const auto folder, debs::pool_folder(component, key.first));
        LARDER_CHECK(add_files(from, index::index_kind::sources, stanza.text, folder, naming::folder));
        LARDER_TRY(const auto mine, debs::change_stanza(stanza.text, changes_for("Directory", folder)));
        put_stanza(edits, of_, component, "source", key.first, mine);
        taken.push_back(
            {key.first, key.second, "source", offers_[from].name, "source of " + sources_.at(key.first).binary});
        return {};
    }

    enum class naming { whole_path, folder };

    /// The files that a stanza names, as verified by its index.
    result<void> add_files(std::size_t from, index::index_kind kind, const std::string& stanza,
                           const std::string& place, naming how) {
        std::vector<pulled_file> found;
        const auto in = index::memory_source(stanza);
        const auto take = [&](std::string_view path, const digest& content, std::uint64_t size) {
            found.push_back({{content, size, of_.archive, {}},
                             offers_[from].from.archive,
                             std::string{path},
                             offers_[from].state->release().date});
        };
        LARDER_TRY(const auto totals, index::scan(kind, *in, {}, take));
        if (found.empty() || totals.skipped != 0 || totals.unsupported != 0)
            return error{errc::unsupported, "its index gives it no SHA-256 that a file could be verified by"};
        for (auto& one : found) {
            const auto name = one.path.substr(one.path.rfind('/') + 1);
            if (how == naming::folder) LARDER_CHECK(debs::check_file_name(name));
            one.here.path = how == naming::folder ? place + "/" + name : place;
            LARDER_CHECK(check_pool_path(e_, of_.archive, one.here.path, one.here.content));
            const auto [there, first] = files.try_emplace(one.here.path, one);
            if (!first && there->second.here.content != one.here.content)
                return error{errc::refused, one.here.path + " would be two files: of " + there->second.archive +
                                                " and of " + one.archive};
        }
        return {};
    }

    engine& e_;
    const pockets::pocket& of_;
    const pull_options& options_;
    const std::vector<offered_suite>& offers_;
    std::set<std::pair<std::string, std::string>> listed_;  ///< in `taken`
    std::map<std::string, wanted_source> sources_;
    std::map<std::string, std::string> needed_sources_;
};

/// Fetches what is not here, verified; all of it stays here as long as `staged` lives.
result<void> bring(engine& e, const std::map<std::string, pulled_file>& files, held_list::staging& staged,
                   const progress_sink& tell, const std::stop_token& stop) {
    std::vector<fetch_order> orders;
    std::vector<const pulled_file*> which;
    for (const auto& [path, one] : files) {
        staged.add(one.here.content);
        LARDER_TRY(const auto here, e.store().objects().find(one.here.content));
        if (here) continue;
        const auto from = e.find_archive(one.archive);
        if (!from || from->options().local)
            return error{errc::absent, one.archive + "/" + one.path + " is not here, and nowhere to be fetched from"};
        fetch_order order{one.here.content, one.here.size, {one.path}, from->mirrors_ptr()};
        order.rescue = true;
        order.moments = {one.moment};
        orders.push_back(std::move(order));
        which.push_back(&one);
    }
    std::optional<error> trouble;
    const auto ended = [&](std::size_t i, const result<void>& how) {
        if (!how && !trouble) trouble = how.error().in(which[i]->archive + "/" + which[i]->path);
    };
    LARDER_CHECK(maintenance::download(e, orders, "fetching packages", ended, tell, stop));
    if (trouble) return *trouble;
    return {};
}

result<void> check(const pockets::pocket& of, const pull_options& options) {
    if (options.packages.empty()) return error{errc::refused, "nothing is named to be taken"};
    if (options.from.empty()) return error{errc::refused, "where is it taken from? --from ARCHIVE/SUITE says so"};
    if (options.packages.size() > 10'000 || options.from.size() > 100)
        return error{errc::too_large, "at most 10,000 patterns, and 100 suites to take from"};
    if (options.not_in_base && !options.with_deps)
        return error{errc::refused, "--not-in-base is of what --with-deps brings: give both"};
    if (options.not_in_base && of.base.empty())
        return error{errc::refused, "pocket " + of.name() + " has no base: --not-in-base has nothing to look at"};
    if (!options.component.empty() &&
        std::find(of.components.begin(), of.components.end(), options.component) == of.components.end())
        return error{errc::refused, "pocket " + of.name() + " has no component '" + printable(options.component, 60) +
                                        "'; it has " + joined(of.components)};
    if (options.allow_downgrade && trim(options.who.reason).empty())
        return error{errc::refused, "a version that goes backwards needs a reason: --reason TEXT"};
    return {};
}

}  // namespace

result<publication_report> pull_packages(engine& e, const pull_options& options, const progress_sink& tell,
                                         std::stop_token stop) {
    LARDER_TRY(const auto before, registry_of(e).find(options.pocket));
    LARDER_CHECK(check(before, options));
    std::vector<offered_suite> offers;
    for (const auto& from : options.from) {
        auto found = find_offered(e, from, before, tell, stop);
        if (!found) return found.error().in("--from " + from);
        offers.push_back(std::move(*found));
    }
    held_list::staging staged{e.held()};
    // What takes time is done before others have to wait; anew only when somebody else published meanwhile.
    std::optional<plan> made{std::in_place, e, before, options, offers};
    LARDER_CHECK(made->make(tell, stop));
    if (!options.dry_run) LARDER_CHECK(bring(e, made->files, staged, tell, stop));
    LARDER_TRY(const auto mine, turn::take(e, options.pocket));
    if (mine.of().version != before.version) {
        made.emplace(e, mine.of(), options, offers);
        LARDER_CHECK(made->make(tell, stop));
        if (!options.dry_run) LARDER_CHECK(bring(e, made->files, staged, tell, stop));
    }
    auto& all = *made;
    edition what;
    what.of = mine.of();
    what.next.how = pockets::step::pull;
    what.next.by = options.who.by;
    what.next.reason = options.who.reason;
    for (const auto& one : offers) what.next.from += (what.next.from.empty() ? "" : ",") + one.name;
    what.next.set_taken(std::move(all.taken));
    what.next.findings = all.sourceless;
    what.edits = std::move(all.edits);
    for (const auto& one : offers) {
        LARDER_TRY(auto described, descriptions_offered(e, one, what.of, what.edits));
        what.described.merge(described);
    }
    what.past_support = options.past_support;
    for (auto& [path, one] : all.files) what.files.push_back(std::move(one.here));
    LARDER_TRY(auto report, publish(e, std::move(what),
                                    [&](const auto& changes, auto&) { return !options.dry_run && !changes.empty(); }));
    report.findings = std::move(all.sourceless);
    return report;
}

}  // namespace larder::net
