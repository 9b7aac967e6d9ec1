#include "pockets/edition.hpp"
#include "deployments/shown.hpp"
#include "kept_chunks.hpp"
#include "pockets/archive_keys.hpp"
#include "pockets/contents.hpp"
#include "pockets/edition_steps.hpp"
#include "pockets/overrides.hpp"
#include "pockets/pocket_memory.hpp"
#include "pockets/read_ahead.hpp"
#include "pockets/translations.hpp"
#include "pockets/workshop.hpp"
#include "suite.hpp"
#include <algorithm>
#include <larder/index/claims.hpp>
#include <larder/net/deployments.hpp>
#include <larder/pockets/pocket_release.hpp>
#include <set>

namespace larder::net::publishing {
namespace {

index::index_kind kind_of(const std::string& path) { return index::kind_of(path); }

std::string text_of(const pockets::stanza_edits& edits) {
    std::string text;
    for (const auto& [name, stanza] : edits)
        if (stanza) text += *stanza + "\n";
    return text;
}

error not_publishing(const pockets::pocket& of, const std::string& why) {
    return {errc::refused, "pocket " + of.name() + ": " + why};
}

/// One edition on its way.
class press {
public:
    press(engine& e, edition what) : e_{e}, what_{std::move(what)}, shop_{e} {}

    result<publication_report> run(const consent& ask) {
        LARDER_CHECK(begin());
        LARDER_TRY(archive_, registry_of(e_).find_archive(what_.of.archive));
        auto desk = e_.keys().begin(archive_, e_.clock().now());
        publication_report report;
        report.pocket = what_.of;
        if (auto warning = pockets::support_warning(what_.of, e_.clock().now()); !warning.empty())
            report.warnings.push_back(std::move(warning));
        if (!what_.agreed) {
            LARDER_TRY(report.changes, changes());
            LARDER_TRY(const bool wanted, ask(report.changes, what_.next));
            if (!wanted) {
                report.publication = what_.next;
                return report;
            }
        }
        LARDER_CHECK(wait_for_date(what_.of, e_.clock(), what_.next.made));
        if (!desk) return desk.error();
        desk_ = std::move(*desk);
        for (const auto& [path, edits] : what_.edits) LARDER_CHECK(make_index(path, edits));
        for (const auto& path : unfinished()) LARDER_CHECK(make_index(path, {}));
        LARDER_TRY(const auto state, make_state());
        LARDER_TRY(auto told, send());
        if (what_.agreed) {
            LARDER_TRY(report.changes, changes());
            if (report.changes.empty()) {
                report.publication = what_.next;
                return report;
            }
        }
        count(report.changes);
        LARDER_CHECK(swing(state, std::move(told)));
        report.publication = what_.next;
        report.pocket.head = what_.next.number;
        report.made = true;
        std::move(warnings_.begin(), warnings_.end(), std::back_inserter(report.warnings));
        return report;
    }

private:
    /// What there is, and whether it may be changed.
    result<void> begin() {
        const auto& of = what_.of;
        if (!of.frozen.empty() && what_.next.how != pockets::step::refresh)
            return not_publishing(of, "it is frozen: " + of.frozen + "; larder pocket unfreeze opens it again");
        LARDER_CHECK(check_support());
        auto& next = what_.next;
        next.pocket = of.name();
        next.number = of.head + 1;
        next.made = e_.clock().now();
        if (of.head == 0) return {};
        LARDER_TRY(const auto last, registry_of(e_).load(of, of.head));
        LARDER_TRY(indices_, indices_of(e_, last));
        before_ = indices_;
        LARDER_CHECK(check_translations(of, what_.instead ? *what_.instead : indices_));
        next.parent = last.id();
        // apt takes no older Date, and one of the same second may be answered with a 304.
        next.made = std::max(next.made, last.made + std::chrono::seconds{1});
        if (what_.instead) indices_ = *what_.instead;
        for (auto& [path, one] : what_.aside) {
            fresh_.insert(path);
            indices_.insert_or_assign(path, one);
        }
        std::erase_if(indices_, [&](const auto& one) {
            return !lists_packages(one.first) && !(is_contents(one.first) ? of.contents : of.translations);
        });
        std::erase_if(fresh_, [&](const auto& path) { return !indices_.contains(path); });
        return {};
    }

    /// After its support has ended nothing comes in by mistake; what takes something back may be published.
    result<void> check_support() const {
        using enum pockets::step;
        const auto how = what_.next.how;
        const bool comes_in = how == include || how == pull || how == promote;
        if (!comes_in || what_.past_support || !pockets::support_has_ended(what_.of, e_.clock().now())) return {};
        return not_publishing(what_.of, pockets::support_warning(what_.of, e_.clock().now()) +
                                            ": --past-support with --reason puts something in all the same, and larder "
                                            "pocket change --supported-until sets another day");
    }

    /// What the edits change, package by package; without those that change nothing.
    result<std::vector<index::package_change>> changes() {
        std::vector<index::listed_package> before, after;
        if (what_.instead) return compare_all();
        for (auto& [path, edits] : what_.edits) {
            if (!lists_packages(path)) continue;
            LARDER_TRY(const auto old_text, replaced(path, edits));
            LARDER_TRY(auto listed, read_listed(kind_of(path), old_text));
            std::move(listed.begin(), listed.end(), std::back_inserter(before));
            LARDER_CHECK(add_listed(after, path, edits));
        }
        return index::compare(std::move(before), std::move(after));
    }

    /// The stanzas that these edits are about, as they are.
    result<std::string> replaced(const std::string& path, const pockets::stanza_edits& edits) const {
        if (const auto known = what_.replaced.find(path); known != what_.replaced.end()) return known->second;
        std::string text;
        const auto there = indices_.find(path);
        if (there == indices_.end()) return text;
        std::set<std::string, std::less<>> names;
        for (const auto& [name, stanza] : edits) names.insert(name);
        LARDER_TRY(const auto list, list_of(e_, there->second.kept));
        LARDER_TRY(const auto found, pockets::find_stanzas(list, names, opener_of(e_)));
        for (const auto& [name, stanza] : found) text += stanza + "\n";
        return text;
    }

    /// With what was there: an index that is made anew in other forms is on its way, and cannot be read yet.
    result<std::vector<index::package_change>> compare_all() {
        std::vector<index::listed_package> before, after;
        const known_indices &there = before_, &coming = *what_.instead;
        std::set<std::string> paths;  // also of those that only one of them has
        for (const auto* side : {&there, &coming})
            for (const auto& [path, one] : *side) paths.insert(path);
        for (const auto& path : paths) {
            if (!lists_packages(path)) continue;
            const auto was = there.find(path), now = coming.find(path);
            const bool both = was != there.end() && now != coming.end();
            if (both && was->second.kept.content == now->second.kept.content) continue;
            for (const auto& [side, from] : {std::pair{&before, was != there.end() ? &was->second : nullptr},
                                             std::pair{&after, now != coming.end() ? &now->second : nullptr}}) {
                if (from == nullptr) continue;
                LARDER_TRY(auto listed, packages_of(e_, from->kept));
                std::move(listed.begin(), listed.end(), std::back_inserter(*side));
            }
        }
        return index::compare(std::move(before), std::move(after));
    }

    /// What comes in may be tens of thousands of packages: they are read on all cores.
    static result<void> add_listed(std::vector<index::listed_package>& to, const std::string& path,
                                   const pockets::stanza_edits& edits) {
        constexpr std::size_t some = 1000;
        std::vector<std::string_view> stanzas;
        for (const auto& [name, stanza] : edits)
            if (stanza) stanzas.push_back(*stanza);
        const auto parts = (stanzas.size() + some - 1) / some;
        read_ahead<std::vector<index::listed_package>> ahead{parts, [&](std::size_t which) {
                                                                 std::string text;
                                                                 const auto end =
                                                                     std::min(stanzas.size(), (which + 1) * some);
                                                                 for (auto i = which * some; i < end; ++i)
                                                                     text.append(stanzas[i]) += '\n';
                                                                 return read_listed(kind_of(path), text);
                                                             }};
        for (std::size_t i = 0; i < parts; ++i) {
            LARDER_TRY(auto listed, ahead.next());
            std::move(listed.begin(), listed.end(), std::back_inserter(to));
        }
        return {};
    }

    void count(const std::vector<index::package_change>& all) {
        for (const auto& one : all) {
            using kind = index::package_change::kind;
            ++(one.what == kind::added     ? what_.next.added
               : one.what == kind::removed ? what_.next.removed
                                           : what_.next.changed);
        }
    }

    /// Indices that are not there yet, or have not the forms that the pocket asks for.
    std::set<std::string> unfinished() const {
        std::set<std::string> all;
        for (const auto& path : index_paths(what_.of))
            if (!indices_.contains(path)) all.insert(path);
        for (const auto& path : translation_paths(what_.of))
            if (!indices_.contains(path)) all.insert(path);
        for (const auto& [path, one] : indices_)
            if (one.xz.has_value() != what_.of.xz && !is_contents(path)) all.insert(path);
        return all;
    }

    result<void> make_index(const std::string& path, const pockets::stanza_edits& edits) {
        std::optional<pockets::placed_list> before;
        if (const auto there = indices_.find(path); there != indices_.end()) {
            LARDER_TRY(before, list_of(e_, there->second.kept));
        }
        LARDER_TRY(auto file, e_.store().objects().begin());
        const auto xz = what_.of.xz ? pockets::with_xz::yes : pockets::with_xz::no;
        const auto marks = before ? e_.remembered().marks.find(before->object) : nullptr;
        auto made = pockets::publish_index(before, edits, {}, opener_of(e_), *file, xz, marks);
        if (!made) return made.error().in(what_.of.name() + ", " + path);
        auto& to = indices_[path];
        if (before && before->list.content == made->list.content && to.xz.has_value() == what_.of.xz) return {};
        LARDER_TRY(const auto object, shop_.commit(std::move(file), what_.next.made));
        e_.remembered().marks.keep(object, std::move(made->marks));
        to = {{path, made->list.content, object}, made->list.size, made->gzip, made->zstd, made->xz};
        fresh_.insert(path);
        return {};
    }

    std::vector<index::release_file> files() const {
        std::vector<index::release_file> all;
        for (const auto& [path, one] : indices_) {
            all.push_back({path, one.size, one.kept.content, {}});
            all.push_back({path + ".gz", one.gzip.size, one.gzip.content, {}});
            if (one.xz) all.push_back({path + ".xz", one.xz->size, one.xz->content, {}});
            all.push_back({path + ".zst", one.zstd.size, one.zstd.content, {}});
        }
        return all;
    }

    /// The signed state, of objects that nothing names yet, and that are on their way.
    result<digest> make_state() {
        const auto& of = what_.of;
        const auto when = what_.next.made;
        const auto text =
            pockets::write_release(of, files(), when, archive_.signed_by(), pinning::snapshots_of(e_, of.archive));
        LARDER_TRY(const auto kept_text, shop_.put(text, when));
        LARDER_CHECK(shop_.send());  // while it is signed
        auto signed_text = desk_->release(text);
        if (!signed_text) return signed_text.error().in("the keys of archive '" + of.archive + "'");
        state_manifest manifest;
        manifest.archive = of.archive;
        manifest.suite = of.suite;
        manifest.date = when;
        manifest.signers = signed_text->signers;
        note_missing(signed_text->signers);
        manifest.text = kept_text;
        LARDER_TRY(manifest.in_release, shop_.put(signed_text->clear, when));
        manifest.release = manifest.text;
        LARDER_TRY(manifest.release_gpg, shop_.put(signed_text->detached, when));
        LARDER_TRY(const auto id, shop_.put(manifest.write(), when));
        what_.next.snapshot = id.content;
        what_.next.indices.clear();
        for (const auto& [path, one] : indices_) what_.next.indices.push_back(one.kept);
        return id.content;
    }

    void note_missing(const std::vector<std::string>& signers) {
        for (const auto* key : archive_.signing(e_.clock().now())) {
            if (std::find(signers.begin(), signers.end(), key->fingerprint) != signers.end()) continue;
            warnings_.push_back("the key " + key->fingerprint + ", which is leaving, has not signed: its " +
                                (key->agent_home.empty() ? "secret is not here" : "agent does not answer") +
                                "; machines that know only that key keep to what they have");
            e_.log().write(log_level::warn, warnings_.back(), {{"pocket", what_.of.name()}});
        }
    }

    /// What the indices name becomes known before anybody can ask for it: of the edits, since the rest is known.
    result<void> learn() {
        auto& known = e_.store().known();
        for (const auto& path : fresh_) {
            if (!lists_packages(path)) continue;
            std::vector<store::claim> claims;
            const auto text = text_of(what_.edits[path]);
            const auto in = index::memory_source(text);
            const auto take = [&](std::string_view name, const digest& content, std::uint64_t size) {
                claims.push_back({std::string{name}, content, size});
            };
            LARDER_TRY(const auto read, index::scan(kind_of(path), *in, {}, take));
            if (read.skipped != 0 || read.unsupported != 0)
                return error{errc::malformed, path + ": a stanza to be published names a file that cannot be served"};
            LARDER_CHECK(known.learn(what_.of.archive, indices_[path].kept.content, std::move(claims)));
        }
        return {};
    }

    std::vector<store::ref_change> ref_changes(const digest& state, const store::ref_store& refs) const {
        const auto& of = what_.of;
        const suite in{of.suite};
        std::vector<store::ref_change> all{what_.also};
        std::set<std::string> named;
        const auto add = [&](const std::string& name, const std::string& value) {
            if (!named.insert(name).second) return;  // empty indices are the same one
            const auto there = refs.get(name);
            const auto version = there && *there ? (*there)->version : 0;
            all.push_back({name, version, value});
        };
        add(in.ref(of.archive), state.hex());
        add(in.history_prefix(of.archive) + format_timestamp(what_.next.made), state.hex());
        for (const auto& path : fresh_) {
            const auto& kept = indices_.at(path).kept;
            add(std::string{chunks_prefix} + kept.content.hex() + "/" + kept.object.hex(), kept.object.hex());
        }
        return all;
    }

    /// The state's objects and the entry's, which become durable together.
    result<deployments::journal_step> send() {
        LARDER_TRY(auto told, journal_step_of(e_, what_.next));
        LARDER_CHECK(shop_.put(told.entry.write(), told.entry.when));
        LARDER_CHECK(shop_.send());
        return told;
    }

    /// The one visible step.
    result<void> swing(const digest& state, deployments::journal_step told) {
        auto& parts = e_.parts();
        LARDER_CHECK(shop_.settle());
        LARDER_CHECK(learn());
        LARDER_CHECK(e_.store().holds().add(pockets::holder_of(what_.of.archive), what_.files));
        LARDER_TRY(auto now, load_state(parts.store.objects(), state));
        const auto archive = e_.find_archive(what_.of.archive);
        const std::lock_guard lock{parts.refs_mutex};
        LARDER_CHECK(shop_.all_here());
        ++parts.refs_changed;
        auto how = change_refs(state, told);
        // Something else was journalled meanwhile.
        for (int tries = 0; !how && how.error().code() == errc::conflict && tries < most_tries; ++tries) {
            LARDER_TRY(const bool fits, deployments::fits(e_.store().refs(), told));
            if (fits) break;
            LARDER_TRY(told, journal_step_of(e_, what_.next));
            LARDER_CHECK(e_.store().objects().put(told.entry.write(), told.entry.when));
            how = change_refs(state, told);
        }
        LARDER_CHECK(how);
        if (archive) archive->published(what_.of.suite, std::move(now));
        recorded(told.entry);
        return {};
    }

    /// The refs of the state, of the pocket and of the journal: after a crash there are all or none.
    result<void> change_refs(const digest& state, const deployments::journal_step& told) {
        auto all = ref_changes(state, e_.store().refs());
        all.insert(all.end(), told.refs.begin(), told.refs.end());
        return registry_of(e_).publish(what_.of, what_.next, std::move(all));
    }

    void recorded(const deployments::journal_entry& entry) {
        // It is new, and so young that gc leaves it alone until it sees the ref.
        e_.held().keep(sha256(entry.write()));
        e_.log().write(log_level::info, entry.what,
                       {{"subject", entry.subject}, {"by", entry.by}, {"reason", entry.reason}});
    }

    static constexpr int most_tries = 100;

    engine& e_;
    edition what_;
    workshop shop_;
    known_indices before_, indices_;
    std::set<std::string> fresh_;  ///< paths of indices that were made
    pockets::local_archive archive_;
    std::vector<std::string> warnings_;
    std::shared_ptr<archive_keys::desk> desk_;  ///< made ready beside all else
};

}  // namespace

edition edition_of(const pockets::pocket& of, pockets::step how, const publisher& who) {
    edition made;
    made.of = of;
    made.next.how = how;
    made.next.by = who.by;
    made.next.reason = who.reason;
    return made;
}

result<publication_report> publish(engine& e, edition what, const consent& ask) {
    LARDER_CHECK(impose_overrides(what.of, what.edits));
    LARDER_CHECK(split_descriptions(e, what));
    return press{e, std::move(what)}.run(ask);
}

}  // namespace larder::net::publishing
