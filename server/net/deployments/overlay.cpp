#include "deployments/overlay.hpp"
#include "commit_and_wait.hpp"
#include "deployments/shown.hpp"
#include "index_reader.hpp"
#include "maintenance/known_states.hpp"
#include <algorithm>
#include <larder/index/compose.hpp>
#include <set>
#include <tuple>

namespace larder::net::pinning {
namespace {

using deployments::edit;

/// The indices of a pin's suite at some state.
result<index_forms> indices_at(engine& e, const deployments::pin& pin, const suite_state& state,
                               const std::vector<std::string>& architectures) {
    return package_indices(e.store().objects(), state, suite{pin.suite}, components_of(e, pin.archive), architectures);
}

/// Bytes on their way to an object and to an entry of a Release.
class stored_text {
public:
    explicit stored_text(std::unique_ptr<store::incoming> file) : file_{std::move(file)} {}

    result<void> add(std::string_view bytes) {
        wide_.update(bytes);
        return file_->append(bytes);
    }
    result<index::release_file> keep(store::object_store& objects, std::string path, sys_seconds now) {
        index::release_file made{std::move(path), file_->size(), file_->finish(), wide_.finish_hex()};
        LARDER_CHECK(commit_and_wait(objects, std::move(file_), *made.sha256, now));
        return made;
    }

private:
    std::unique_ptr<store::incoming> file_;
    hasher wide_{hash_kind::sha512};
};

/// Composes the indices of one suite.
class composer {
public:
    composer(engine& e, const deployments::generation& g, const deployments::pin& pin, const course& of)
        : e_{e}, g_{g}, pin_{pin}, of_{of} {}

    result<void> read(const std::vector<const edit*>& edits) {
        LARDER_TRY(base_, load_state(e_.store().objects(), pin_.listed()));
        LARDER_TRY(base_indices_, indices_at(e_, pin_, *base_, g_.architectures));
        for (const auto* one : edits) {
            texts_[one->index].try_emplace(one->name);
            if (!one->version.empty()) wanted_[{one->from, one->index}][one->name] = one->version;
        }
        for (const auto& [where, names] : wanted_) LARDER_CHECK(take_stanzas(where.first, where.second, names));
        return {};
    }

    /// The new entries of the Release; their objects are added to `what`.
    result<std::vector<index::release_file>> write(cut& what) {
        std::vector<index::release_file> fresh;
        for (const auto& [stem, by_name] : texts_) {
            if (of_.stop.stop_requested()) return error{errc::cancelled, "stopped on request"};
            of_.tell({"composing " + pin_.archive + "/" + pin_.suite + " " + stem, 0, 0});
            LARDER_CHECK(compose(stem, by_name, fresh));
            what.objects.push_back(*fresh.back().sha256);
        }
        return fresh;
    }

    const suite_state& base() const noexcept { return *base_; }

private:
    error not_here(const digest& state, const std::string& stem) const {
        return {errc::absent, pin_.archive + "/" + pin_.suite + ": the index " + stem + " of its state " +
                                  state.hex().substr(0, 12) + " is not here"};
    }

    /// Finds what another state's index has of these packages.
    result<void> take_stanzas(const digest& from, const std::string& stem,
                              const std::map<std::string, std::string, std::less<>>& names) {
        LARDER_TRY(const auto state, load_state(e_.store().objects(), from));
        LARDER_TRY(const auto indices, indices_at(e_, pin_, *state, g_.architectures));
        const auto found = indices.find(stem);
        if (found == indices.end() || found->second.here == nullptr) return not_here(from, stem);
        const auto& here = *found->second.here;
        LARDER_TRY(auto plain, open_index(e_.store().objects(), *here.sha256, here.path));
        const auto ahead = index::read_ahead(std::move(plain));
        std::set<std::string> seen;
        LARDER_CHECK(index::each_stanza(*ahead, [&](const index::raw_stanza& one) -> result<void> {
            const auto wanted = names.find(one.name);
            if (wanted == names.end() || wanted->second != one.version) return {};
            texts_[stem][wanted->first].emplace_back(one.text);
            seen.insert(wanted->first);
            return {};
        }));
        for (const auto& [name, version] : names)
            if (!seen.contains(name))
                return error{errc::malformed, stem + " of state " + from.hex().substr(0, 12) + " has no stanza of " +
                                                  name + " " + version + " that can be read"};
        return {};
    }

    result<void> compose(const std::string& stem, const index::replacements& by_name,
                         std::vector<index::release_file>& fresh) {
        const auto found = base_indices_.find(stem);
        if (found == base_indices_.end())
            return error{errc::refused, pin_.archive + "/" + pin_.suite + ": its state has no index " + stem +
                                            ", so nothing can be put in there: larder deployment upgrade " +
                                            g_.deployment + " takes the whole suite on"};
        if (found->second.here == nullptr) return not_here(pin_.listed(), stem);
        const auto& here = *found->second.here;
        auto& objects = e_.store().objects();
        LARDER_TRY(auto base, open_index(objects, *here.sha256, here.path));
        const auto ahead = index::read_ahead(std::move(base));
        hasher narrow, wide{hash_kind::sha512};
        std::uint64_t size = 0;
        LARDER_TRY(auto file, objects.begin());
        stored_text packed{std::move(file)};
        const auto gzip = index::make_gzip_writer([&packed](std::string_view bytes) { return packed.add(bytes); });
        LARDER_CHECK(index::compose(*ahead, by_name, [&](std::string_view bytes) {
            narrow.update(bytes);
            wide.update(bytes);
            size += bytes.size();
            return gzip->add(bytes);
        }));
        LARDER_CHECK(gzip->finish());
        // apt wants the hash of the uncompressed form as well, which nobody asks for.
        fresh.push_back({stem, size, narrow.finish(), wide.finish_hex()});
        LARDER_TRY(auto entry, packed.keep(objects, stem + ".gz", e_.clock().now()));
        fresh.push_back(std::move(entry));
        return {};
    }

    engine& e_;
    const deployments::generation& g_;
    const deployments::pin& pin_;
    const course& of_;
    suite_state_ptr base_;
    index_forms base_indices_;
    std::map<std::pair<digest, std::string>, std::map<std::string, std::string, std::less<>>> wanted_;
    std::map<std::string, index::replacements> texts_;  ///< by index
};

/// Whether a file of a state is of an index that is another one than its snapshot's.
bool is_composed(const suite_state& own, const suite_state& made, std::string_view path) {
    const auto stem = index::without_compression(path);
    const auto* before = own.by_path(stem);
    const auto* after = made.by_path(stem);
    return index::kind_of(stem) != index::index_kind::none && after != nullptr &&
           (before == nullptr || before->sha256 != after->sha256);
}

bool names(const std::vector<index::release_file>& files, std::string_view path) {
    const auto stem = index::without_compression(path);
    return std::any_of(files.begin(), files.end(),
                       [&](const auto& one) { return index::without_compression(one.path) == stem; });
}

result<void> compose_one(engine& e, const deployments::generation& before, const deployments::generation& next,
                         deployments::pin& pin, const std::vector<const edit*>& edits, cut& what, const course& of) {
    composer one{e, next, pin, of};
    LARDER_CHECK(one.read(edits));
    LARDER_TRY(auto fresh, one.write(what));
    LARDER_TRY(const auto own, load_state(e.store().objects(), pin.snapshot));
    LARDER_TRY(const auto text, e.store().objects().read(own->manifest().text.content));
    // What was composed before stays, and equal overlays are equal texts, whichever way they came about.
    const auto anew = fresh;
    for (const auto& file : one.base().release().files)
        if (is_composed(*own, one.base(), file.path) && !names(anew, file.path)) fresh.push_back(file);
    std::sort(fresh.begin(), fresh.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
    LARDER_TRY(const auto latest, latest_shown(e, registry_of(e), before, pin));
    const auto date = std::max(e.clock().now(), latest + std::chrono::seconds{1});
    const auto release = redated(index::with_files(text, fresh), date, snapshots_of(e, pin.archive));
    LARDER_TRY(pin.overlay, sign_state(e, *own, release, date, what));
    pin.shown.reset();
    return {};
}

}  // namespace

result<bool> add_listings(engine& e, const deployments::generation& g, std::size_t suite_at, const digest& id,
                          const package_filter& wanted, std::vector<deployments::listing>& to, const course& of) {
    const auto& pin = g.pins.at(suite_at);
    of.tell({"reading " + pin.archive + "/" + pin.suite, 0, 0});
    LARDER_TRY(const auto state, load_state(e.store().objects(), id));
    LARDER_TRY(const auto indices, indices_at(e, pin, *state, g.architectures));
    bool all = true;
    for (const auto& [stem, index] : indices) {
        if (of.stop.stop_requested()) return error{errc::cancelled, "stopped on request"};
        const auto architecture = architecture_of(stem);
        const auto read = each_listed(e.store(), index, [&](const index::listed_package& one) {
            if (wanted(one)) to.push_back({suite_at, id, stem, architecture, one});
        });
        if (!read) return read.error().in(pin.archive + "/" + pin.suite);
        all = all && *read;
    }
    return all;
}

result<void> compose_overlays(engine& e, const deployments::generation& before, deployments::generation& next,
                              const std::vector<edit>& edits, cut& what, const course& of) {
    for (std::size_t i = 0; i < next.pins.size(); ++i) {
        std::vector<const edit*> own;
        for (const auto& one : edits)
            if (one.suite == i) own.push_back(&one);
        if (own.empty()) continue;
        auto& pin = next.pins[i];
        if (auto made = compose_one(e, before, next, pin, own, what, of); !made)
            return made.error().in(pin.archive + "/" + pin.suite);
        pin.picks = deployments::picks_after(pin.picks, edits, i);
    }
    return {};
}

namespace {

error not_composed(const deployments::pin& pin, const std::string& why) {
    return {errc::bad_signature, pin.archive + "/" + pin.suite + ": what is composed of its snapshot is not: " + why};
}

/// Its entries of indices that list packages, in all their forms.
std::vector<index::release_file> lists_of(const suite_state& state, const std::set<std::string>& stems) {
    std::vector<index::release_file> all;
    for (const auto& file : state.release().files)
        if (stems.contains(std::string{index::without_compression(file.path)})) all.push_back(file);
    return all;
}

/// Whether one index has its snapshot's packages, stanza by stanza, but for the picks.
result<void> check_index(engine& e, const deployments::pin& pin, const std::string& stem, const listed_index& own,
                         const listed_index& made) {
    // name, version, architecture, content, stanza
    using entry = std::tuple<std::string, std::string, std::string, digest, std::uint64_t>;
    std::set<entry> known;
    const auto each = [&](const listed_index& in, const std::function<void(const index::listed_package&)>& take) {
        auto read = each_listed(e.store(), in, take);
        if (read && !*read)
            read = error{errc::absent, pin.archive + "/" + pin.suite + ": its index " + stem + " is not here"};
        return read;
    };
    LARDER_CHECK(each(own, [&](const index::listed_package& one) {
        known.emplace(one.name, one.version, one.architecture, one.content, one.stanza);
    }));
    std::set<std::tuple<std::string, std::string, std::string>> picked;
    std::set<std::string> picked_names;
    for (const auto& one : pin.picks) {
        picked.emplace(one.name, one.version, one.architecture);
        picked_names.insert(one.name);
    }
    auto left_out = known;
    std::optional<std::string> odd;
    LARDER_CHECK(each(made, [&](const index::listed_package& one) {
        const entry it{one.name, one.version, one.architecture, one.content, one.stanza};
        left_out.erase(it);
        if (!known.contains(it) && !picked.contains({one.name, one.version, one.architecture}) && !odd)
            odd = one.name + " " + one.version;
    }));
    if (odd) return not_composed(pin, *odd + " is neither its snapshot's own nor picked");
    // What is to be left out is picked as well: without a version.
    for (const auto& one : left_out)
        if (!picked_names.contains(std::get<0>(one)))
            return not_composed(pin, std::get<0>(one) + " " + std::get<1>(one) + " is left out, and not picked");
    return {};
}

}  // namespace

result<void> check_overlay(engine& e, const deployments::pin& pin, const std::vector<std::string>& architectures) {
    auto& objects = e.store().objects();
    LARDER_TRY(const auto own, load_state(objects, pin.snapshot));
    LARDER_TRY(const auto made, load_state(objects, *pin.overlay));
    // Of all components, whichever are configured here.
    LARDER_TRY(const auto own_indices, package_indices(objects, *own, suite{pin.suite}, {}, architectures));
    LARDER_TRY(const auto made_indices, package_indices(objects, *made, suite{pin.suite}, {}, architectures));
    std::set<std::string> changed;
    for (const auto& [stem, index] : made_indices)
        if (is_composed(*own, *made, stem)) changed.insert(stem);
    LARDER_TRY(const auto text, objects.read(own->manifest().text.content));
    LARDER_TRY(const auto now, objects.read(made->manifest().text.content));
    if (!is_redated(now, index::with_files(text, lists_of(*made, changed)), made->release().date))
        return not_composed(pin, "its Release differs in more than its indices");
    for (const auto& stem : changed) {
        const auto was = own_indices.find(stem);
        if (was == own_indices.end()) return not_composed(pin, "its snapshot has no index " + stem);
        LARDER_CHECK(check_index(e, pin, stem, was->second, made_indices.at(stem)));
    }
    return {};
}

}  // namespace larder::net::pinning
