#include "pockets/edition.hpp"
#include "commit_and_wait.hpp"
#include "deployments/shown.hpp"
#include "held.hpp"
#include "kept_chunks.hpp"
#include "pockets/archive_keys.hpp"
#include "pockets/overrides.hpp"
#include "suite.hpp"
#include <algorithm>
#include <future>
#include <larder/index/chunk_pack.hpp>
#include <larder/index/claims.hpp>
#include <larder/net/deployments.hpp>
#include <larder/pockets/pocket_release.hpp>
#include <set>

namespace larder::net::publishing {
namespace {

/// Objects of a publication that is not visible yet: gc leaves them alone.
class workshop {
public:
    explicit workshop(engine& e) : e_{e}, staged_{e.held()} {}

    result<stored_file> put(std::string_view bytes, sys_seconds modified) {
        LARDER_TRY(const auto content, e_.store().objects().put(bytes, modified));
        note(content);
        return stored_file{content, bytes.size()};
    }
    result<digest> commit(std::unique_ptr<store::incoming> file, sys_seconds modified) {
        const auto name = file->finish();
        note(name);
        return commit_and_wait(e_.store().objects(), std::move(file), name, modified);
    }
    void note(const digest& content) {
        staged_.add(content);
        made_.push_back(content);
    }
    /// Under refs_mutex.
    result<void> all_here() const {
        for (const auto& content : made_) {
            LARDER_TRY(const auto here, e_.store().objects().find(content));
            if (!here) return error{errc::conflict, "an object of the publication was removed meanwhile; try again"};
        }
        return {};
    }

private:
    engine& e_;
    held_list::staging staged_;
    std::vector<digest> made_;
};

index::index_kind kind_of(const std::string& path) { return index::kind_of(path); }

std::string text_of(const pockets::stanza_edits& edits) {
    std::string text;
    for (const auto& [name, stanza] : edits)
        if (stanza) text += *stanza + "\n";
    return text;
}

result<std::vector<index::listed_package>> read_listed(index::index_kind kind, std::string_view text) {
    std::vector<index::listed_package> all;
    const auto in = index::memory_source(text);
    LARDER_TRY(const auto skipped,
               index::read_packages(kind, *in, [&](index::listed_package&& one) { all.push_back(std::move(one)); }));
    if (skipped != 0) return error{errc::malformed, "a stanza to be published lacks Package or Version"};
    return all;
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
        publication_report report;
        report.pocket = what_.of;
        LARDER_TRY(report.changes, changes());
        LARDER_TRY(const bool wanted, ask(report.changes, what_.next));
        if (!wanted) {
            report.publication = what_.next;
            return report;
        }
        LARDER_TRY(key_, e_.keys().get(what_.of.archive));
        session_ = std::async(std::launch::async, [key = key_] { return key->begin(); });
        for (const auto& [path, edits] : what_.edits) LARDER_CHECK(make_index(path, edits));
        for (const auto& path : index_paths(what_.of))
            if (!indices_.contains(path)) LARDER_CHECK(make_index(path, {}));
        count(report.changes);
        LARDER_TRY(const auto state, make_state());
        LARDER_CHECK(learn());
        LARDER_CHECK(swing(state));
        report.publication = what_.next;
        report.pocket.head = what_.next.number;
        report.made = true;
        return report;
    }

private:
    /// What there is, and whether it may be changed.
    result<void> begin() {
        const auto& of = what_.of;
        if (!of.frozen.empty() && what_.next.how != pockets::step::refresh)
            return not_publishing(of, "it is frozen: " + of.frozen + "; larder pocket unfreeze opens it again");
        auto& next = what_.next;
        next.pocket = of.name();
        next.number = of.head + 1;
        next.made = e_.clock().now();
        if (of.head == 0) return {};
        LARDER_TRY(const auto last, registry_of(e_).load(of, of.head));
        LARDER_TRY(indices_, indices_of(e_, last));
        before_ = indices_;
        next.parent = last.id();
        // apt takes no older Date, and one of the same second may be answered with a 304.
        next.made = std::max(next.made, last.made + std::chrono::seconds{1});
        if (what_.instead) indices_ = *what_.instead;
        return {};
    }

    /// What the edits change, package by package; without those that change nothing.
    result<std::vector<index::package_change>> changes() {
        std::vector<index::listed_package> before, after;
        if (what_.instead) return compare_all();
        for (auto& [path, edits] : what_.edits) {
            std::set<std::string, std::less<>> names;
            for (const auto& [name, stanza] : edits) names.insert(name);
            std::string old_text;
            if (const auto there = indices_.find(path); there != indices_.end()) {
                LARDER_TRY(const auto list, list_of(e_, there->second.kept));
                LARDER_TRY(const auto found, pockets::find_stanzas(list, names, opener_of(e_)));
                for (const auto& [name, stanza] : found) old_text += stanza + "\n";
            }
            LARDER_CHECK(add_listed(before, path, old_text));
            LARDER_CHECK(add_listed(after, path, text_of(edits)));
        }
        return index::compare(std::move(before), std::move(after));
    }

    result<std::vector<index::package_change>> compare_all() {
        std::vector<index::listed_package> before, after;
        for (const auto& path : index_paths(what_.of)) {
            const auto was = before_.find(path), now = indices_.find(path);
            const bool both = was != before_.end() && now != indices_.end();
            if (both && was->second.kept.content == now->second.kept.content) continue;
            for (const auto& [side, from] : {std::pair{&before, was != before_.end() ? &was->second : nullptr},
                                             std::pair{&after, now != indices_.end() ? &now->second : nullptr}}) {
                if (from == nullptr) continue;
                LARDER_TRY(auto listed, packages_of(e_, from->kept));
                std::move(listed.begin(), listed.end(), std::back_inserter(*side));
            }
        }
        return index::compare(std::move(before), std::move(after));
    }

    static result<void> add_listed(std::vector<index::listed_package>& to, const std::string& path,
                                   std::string_view text) {
        LARDER_TRY(auto listed, read_listed(kind_of(path), text));
        std::move(listed.begin(), listed.end(), std::back_inserter(to));
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

    result<void> make_index(const std::string& path, const pockets::stanza_edits& edits) {
        std::optional<pockets::placed_list> before;
        if (const auto there = indices_.find(path); there != indices_.end()) {
            LARDER_TRY(before, list_of(e_, there->second.kept));
        }
        LARDER_TRY(auto file, e_.store().objects().begin());
        auto made = pockets::publish_index(before, edits, {}, opener_of(e_), *file);
        if (!made) return made.error().in(what_.of.name() + ", " + path);
        auto& to = indices_[path];
        if (before && before->list.content == made->list.content) return {};
        LARDER_TRY(const auto object, shop_.commit(std::move(file), what_.next.made));
        to = {{path, made->list.content, object}, made->list.size, made->gzip, made->zstd};
        fresh_.insert(path);
        return {};
    }

    std::vector<index::release_file> files() const {
        std::vector<index::release_file> all;
        for (const auto& [path, one] : indices_) {
            all.push_back({path, one.size, one.kept.content, {}});
            all.push_back({path + ".gz", one.gzip.size, one.gzip.content, {}});
            all.push_back({path + ".zst", one.zstd.size, one.zstd.content, {}});
        }
        return all;
    }

    /// The signed state, of objects that nothing names yet.
    result<digest> make_state() {
        const auto& of = what_.of;
        const auto when = what_.next.made;
        const auto text =
            pockets::write_release(of, files(), when, key_->fingerprint(), pinning::snapshots_of(e_, of.archive));
        LARDER_TRY(const auto session, session_.get());
        LARDER_TRY(const auto signed_text, session->release(text));
        state_manifest manifest;
        manifest.archive = of.archive;
        manifest.suite = of.suite;
        manifest.date = when;
        manifest.signers = {key_->fingerprint()};
        LARDER_TRY(manifest.text, shop_.put(text, when));
        LARDER_TRY(manifest.in_release, shop_.put(signed_text.clear, when));
        manifest.release = manifest.text;
        LARDER_TRY(manifest.release_gpg, shop_.put(signed_text.detached, when));
        LARDER_TRY(const auto id, shop_.put(manifest.write(), when));
        what_.next.snapshot = id.content;
        what_.next.indices.clear();
        for (const auto& [path, one] : indices_) what_.next.indices.push_back(one.kept);
        return id.content;
    }

    /// What the indices name becomes known before anybody can ask for it: of the edits, since the rest is known.
    result<void> learn() {
        auto& known = e_.store().known();
        for (const auto& path : fresh_) {
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

    /// The one visible step.
    result<void> swing(const digest& state) {
        auto& parts = e_.parts();
        LARDER_CHECK(e_.store().holds().add(pockets::holder_of(what_.of.archive), what_.files));
        LARDER_TRY(auto now, load_state(parts.store.objects(), state));
        const auto archive = e_.find_archive(what_.of.archive);
        const std::lock_guard lock{parts.refs_mutex};
        LARDER_CHECK(shop_.all_here());
        ++parts.refs_changed;
        LARDER_CHECK(registry_of(e_).publish(what_.of, what_.next, ref_changes(state, e_.store().refs())));
        if (archive) archive->published(what_.of.suite, std::move(now));
        return {};
    }

    engine& e_;
    edition what_;
    workshop shop_;
    known_indices before_, indices_;
    std::set<std::string> fresh_;  ///< paths of indices that were made
    std::shared_ptr<const signing::signer> key_;
    std::future<result<std::unique_ptr<signing::signer::session>>> session_;  ///< made ready beside the indices
};

}  // namespace

pockets::registry registry_of(engine& e) { return pockets::registry{e.store().refs()}; }

pockets::object_opener opener_of(engine& e) {
    return [&e](const digest& name) { return e.store().objects().open(name); };
}

std::string index_path(const std::string& component, const std::string& architecture) {
    return component + (architecture == "source" ? "/source/Sources" : "/binary-" + architecture + "/Packages");
}

std::vector<std::string> index_paths(const pockets::pocket& of) {
    std::vector<std::string> all;
    for (const auto& component : of.components)
        for (const auto& architecture : of.architectures) all.push_back(index_path(component, architecture));
    return all;
}

result<known_indices> indices_of(engine& e, const pockets::publication& of) {
    known_indices all;
    const auto where = of.pocket + ", publication " + std::to_string(of.number);
    const auto state = load_state(e.store().objects(), of.snapshot);
    if (!state) return state.error().in(where);
    for (const auto& kept : of.indices) {
        known_index one{kept, 0, {}, {}};
        const auto* plain = (*state)->by_path(kept.path);
        const auto* gzip = (*state)->by_path(kept.path + ".gz");
        const auto* zstd = (*state)->by_path(kept.path + ".zst");
        if (plain == nullptr || gzip == nullptr || zstd == nullptr || !gzip->sha256 || !zstd->sha256)
            return error{errc::malformed, where + ": its Release does not name " + kept.path};
        one.size = plain->size;
        one.gzip = {gzip->size, *gzip->sha256};
        one.zstd = {zstd->size, *zstd->sha256};
        all.emplace(kept.path, one);
    }
    return all;
}

result<pockets::placed_list> list_of(engine& e, const pockets::kept_index& of) {
    const auto read = [&]() -> result<pockets::placed_list> {
        LARDER_TRY(const auto fd, e.store().objects().open(of.object));
        LARDER_TRY(auto list, index::read_chunk_list(fd.get()));
        if (list.content != of.content) return error{errc::digest_mismatch, "its list of chunks is another index's"};
        return pockets::placed_list{std::move(list), of.object};
    };
    auto list = read();
    if (!list) return list.error().in(of.path + ", object " + of.object.hex());
    return list;
}

result<std::vector<index::listed_package>> packages_of(engine& e, const pockets::kept_index& of) {
    LARDER_TRY(auto placed, list_of(e, of));
    const auto in = index::join_chunks(std::move(placed.list), placed.object, opener_of(e));
    std::vector<index::listed_package> all;
    LARDER_TRY(const auto skipped, index::read_packages(kind_of(of.path), *in, [&](index::listed_package&& one) {
                   all.push_back(std::move(one));
               }));
    static_cast<void>(skipped);
    return all;
}

result<turn> turn::take(engine& e, const std::string& pocket) {
    LARDER_TRY(const auto named, pockets::parse_pocket_name(pocket));
    std::unique_lock lock{e.keys().turn(named.archive)};
    LARDER_TRY(auto of, registry_of(e).find(pocket));
    return turn{std::move(lock), std::move(of)};
}

result<publication_report> publish(engine& e, edition what, const consent& ask) {
    LARDER_CHECK(impose_overrides(what.of, what.edits));
    auto report = press{e, std::move(what)}.run(ask);
    if (!report || !report->made) return report;
    const auto& made = report->publication;
    deployments::journal_entry entry;
    entry.when = made.made;
    entry.what = "pocket-" + std::string{to_string(made.how)};
    entry.subject = made.pocket + "#" + std::to_string(made.number);
    entry.by = made.by;
    entry.reason = made.reason;
    LARDER_CHECK(record(e, std::move(entry)));
    return report;
}

}  // namespace larder::net::publishing
