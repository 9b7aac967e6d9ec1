#include "archive_paths.hpp"
#include "deployments/cut.hpp"
#include "deployments/holding.hpp"
#include "deployments/overlay.hpp"
#include "deployments/shown.hpp"
#include "deployments/units.hpp"
#include "held.hpp"
#include "maintenance/downloads.hpp"
#include "own_key.hpp"
#include <algorithm>
#include <condition_variable>
#include <filesystem>
#include <larder/base/text.hpp>
#include <larder/deployments/bundle.hpp>
#include <larder/net/bundles.hpp>
#include <larder/signing/verifier.hpp>
#include <mutex>
#include <set>
#include <tuple>
#include <unordered_map>
#include <unordered_set>

namespace larder::net {
namespace {

using namespace pinning;
using deployments::bundle_head;
using deployments::bundle_list;
using deployments::bundle_reader;
using deployments::generation;

constexpr std::uint64_t most_head = 1 << 20;
constexpr std::uint64_t most_list = 256 << 20;
constexpr std::size_t most_units = 100'000;

/// Objects on their way into the store: a few at once, so that they share their fsyncs.
class commits {
public:
    explicit commits(store::object_store& objects) : objects_{objects} {}
    ~commits() { std::ignore = settle(); }
    commits(const commits&) = delete;
    commits& operator=(const commits&) = delete;

    /// The failure of one before is told now: nothing that follows counts.
    result<void> add(std::unique_ptr<store::incoming> file, const digest& expected, sys_seconds modified,
                     store::provenance from) {
        std::unique_lock lock{mutex_};
        changed_.wait(lock, [this] { return open_ < most_open; });
        if (failure_) return *failure_;
        ++open_;
        lock.unlock();
        const auto done = [this](const result<digest>& how) {
            const std::lock_guard guard{mutex_};
            --open_;
            if (!how && !failure_) failure_ = how.error();
            changed_.notify_all();
        };
        objects_.commit(std::move(file), expected, modified, done, std::move(from));
        return {};
    }

    /// Waits for all; the first failure.
    result<void> settle() {
        std::unique_lock lock{mutex_};
        changed_.wait(lock, [this] { return open_ == 0; });
        if (failure_) return *failure_;
        return {};
    }

private:
    static constexpr unsigned most_open = 64;

    store::object_store& objects_;
    std::mutex mutex_;
    std::condition_variable changed_;
    unsigned open_ = 0;
    std::optional<error> failure_;
};

error ends_too_soon() {
    return {errc::malformed, "the bundle ends too soon: the export was interrupted, or the file was cut off"};
}

class importer {
public:
    importer(engine& e, const import_bundle_options& options, const course& of)
        : e_{e}, options_{options}, of_{of}, staged_{e.held()} {}

    result<import_bundle_report> run() {
        LARDER_TRY(in_, deployments::open_bundle_reader(options_.file));
        LARDER_CHECK(read_head());
        LARDER_CHECK(read_list());
        LARDER_CHECK(list_is_closed());
        LARDER_CHECK(archives_are_known());
        LARDER_CHECK(fits_what_is_here());
        LARDER_CHECK(take_objects());
        LARDER_CHECK(read_generations());
        LARDER_CHECK(verify_states());
        LARDER_CHECK(learn());
        LARDER_CHECK(prove_holds());
        LARDER_CHECK(write_refs());
        return std::move(report_);
    }

private:
    result<void> open_keys() {
        auto keyrings = options_.keyrings;
        LARDER_TRY(const auto own, e_.key().get());
        keyrings.push_back(own->public_key());
        LARDER_TRY(keys_, signing::verifier::open(keyrings));
        return {};
    }

    result<void> read_head() {
        LARDER_CHECK(open_keys());
        LARDER_TRY(const auto first, in_->next());
        if (!first || first->name != deployments::head_entry)
            return error{errc::malformed, options_.file + " is no bundle of a deployment"};
        LARDER_TRY(const auto signed_text, in_->read_all(most_head));
        const auto text = keys_->inline_signed(signed_text);
        if (!text)
            return error{text.error().code(),
                         "who made the bundle: " + text.error().detail() +
                             "; --keyring names the key of the Larder that did (there: larder key show)"};
        LARDER_TRY(head_, bundle_head::read(text->text()));
        report_.made_by = text->signers().front();
        return {};
    }

    result<void> read_list() {
        LARDER_TRY(const auto second, in_->next());
        if (!second || second->name != deployments::list_entry) return ends_too_soon();
        LARDER_TRY(const auto text, in_->read_all(most_list));
        if (sha256(text) != head_.list)
            return error{errc::digest_mismatch, "the bundle's list is not the one that was signed"};
        LARDER_TRY(list_, bundle_list::read(text));
        if (list_.generations.size() != head_.generation || list_.objects.size() != head_.objects)
            return error{errc::malformed, "the bundle's list does not fit its head"};
        return {};
    }

    /// What is said of objects is said of such as are in the bundle.
    result<void> list_is_closed() {
        for (const auto& one : list_.objects) listed_.insert(one.content);
        for (const auto& one : list_.holds) held_as_.emplace(one.content, &one);
        bool all = list_.units.size() <= most_units;
        for (const auto& one : list_.generations) all = all && listed_.contains(one);
        for (const auto& one : list_.units) all = all && listed_.contains(one.report);
        for (const auto& one : list_.companions)
            all = all && listed_.contains(one.state) && listed_.contains(one.content);
        if (all) return {};
        return error{errc::malformed, "the bundle's list names an object that is not in it"};
    }

    result<void> archives_are_known() {
        for (const auto& name : head_.archives) LARDER_CHECK(archive_of(name));
        return {};
    }

    result<std::shared_ptr<archive>> archive_of(const std::string& name) {
        auto& known = archives_[name];
        if (!known) known = e_.find_archive(name);
        if (!known)
            return error{errc::absent, "the bundle has packages of archive '" + name +
                                           "', which is not configured here: larder archive add " + name +
                                           ", with the keyring that it is signed by; it need not be reachable"};
        return known;
    }

    /// A deployment of this name that is here must be an earlier, or a later, state of the same.
    result<void> fits_what_is_here() {
        const auto there = registry_of(e_).find(head_.deployment);
        if (!there && there.error().code() == errc::absent) return {};
        if (!there) return there.error();
        if (there->removed)
            return error{errc::refused, "deployment '" + head_.deployment + "' was removed here; restore it first"};
        const auto both = std::min<std::uint64_t>(there->head, head_.generation);
        for (std::uint64_t number = 1; number <= both; ++number) {
            LARDER_TRY(const auto id, registry_of(e_).id_of(head_.deployment, number));
            if (id != list_.generations[number - 1])
                return error{errc::refused, "there is another deployment '" + head_.deployment +
                                                "' here: its generation " + std::to_string(number) +
                                                " is not that of the bundle"};
        }
        return {};
    }

    result<void> take_objects() {
        commits into{e_.store().objects()};
        std::uint64_t done = 0;
        for (const auto& one : list_.objects) {
            if (of_.stop.stop_requested()) return error{errc::cancelled, "stopped on request"};
            LARDER_TRY(const auto entry, in_->next());
            if (!entry) return ends_too_soon();
            if (entry->name != deployments::object_entry(one.content) || entry->size != one.size)
                return error{errc::malformed, "the bundle has '" + printable(entry->name, 150) +
                                                  "' where its list has " + deployments::object_entry(one.content)};
            LARDER_CHECK(take(one, into));
            done += one.size;
            of_.tell({"reading " + options_.file, done, head_.bytes});
        }
        LARDER_CHECK(into.settle());
        report_.objects = head_.objects;
        report_.bytes = done;
        return {};
    }

    result<void> take(const bundle_list::object& one, commits& into) {
        auto& objects = e_.store().objects();
        LARDER_TRY(const auto here, objects.find(one.content));
        staged_.add(one.content);
        // gc goes by the latest use: what is taken in is used.
        e_.store().known().used(one.content, e_.clock().now());
        if (here && here->size == one.size && is_whole(one.content)) {
            ++report_.already_here;
            return {};
        }
        LARDER_TRY(auto file, objects.begin());
        for (;;) {
            LARDER_TRY(const auto piece, in_->read());
            if (piece.empty()) break;
            if (file->size() + piece.size() > one.size)
                return error{errc::malformed, "an entry of the bundle is larger than its list says"};
            LARDER_CHECK(file->append(piece));
        }
        return into.add(std::move(file), one.content, one.modified, origin_of(one.content));
    }

    /// Where a file that is held belongs; of the others only that they were in the bundle, and who made that.
    store::provenance origin_of(const digest& content) const {
        store::provenance from{store::arrival::bundled, e_.clock().now(), {}, {}, {options_.file}};
        from.from.push_back("made by " + report_.made_by);
        const auto held = held_as_.find(content);
        if (held == held_as_.end()) return from;
        from.archive = held->second->archive;
        from.path = held->second->path;
        return from;
    }

    /// One that is damaged is healed by the bundle's.
    bool is_whole(const digest& content) const {
        auto file = e_.store().objects().open(content);
        if (!file) return false;
        index::hashing_source in{index::file_source(std::move(*file))};
        for (;;) {
            const auto piece = in.next();
            if (!piece) return false;
            if (piece->empty()) return in.finish() == content;
        }
    }

    result<void> read_generations() {
        for (std::size_t i = 0; i < list_.generations.size(); ++i) {
            LARDER_TRY(const auto text, e_.store().objects().read(list_.generations[i], 1 << 20));
            LARDER_TRY(auto g, generation::read(text));
            const bool follows = i == 0 ? !g.parent : g.parent == list_.generations[i - 1];
            if (g.deployment != head_.deployment || g.number != i + 1 || !follows)
                return error{errc::malformed,
                             "the bundle's generation " + std::to_string(i + 1) + " does not follow on the one before"};
            generations_.push_back(std::move(g));
        }
        return {};
    }

    result<void> verify_states() {
        for (const auto& g : generations_)
            for (const auto& pin : g.pins) {
                LARDER_TRY(const auto from, archive_of(pin.archive));
                pinned_.emplace(pin.snapshot, pin);
                LARDER_CHECK(verify(pin, pin.snapshot, from->keys(), may::have_expired));
                if (pin.overlay) LARDER_CHECK(verify_overlay(pin, g.architectures));
                if (!pin.shown) continue;
                LARDER_CHECK(verify(pin, *pin.shown, *keys_, may::not_have_expired));
                LARDER_CHECK(is_redated(pin));
            }
        return {};
    }

    enum class may { have_expired, not_have_expired };

    /// What was composed is signed by the bundle's maker, and differs from the snapshot in what the generation says;
    /// where the picked packages are from nobody else can tell.
    result<void> verify_overlay(const deployments::pin& pin, const std::vector<std::string>& architectures) {
        if (!composed_.insert({*pin.overlay, pin.snapshot}).second) return {};
        LARDER_CHECK(verify(pin, *pin.overlay, *keys_, may::not_have_expired));
        LARDER_CHECK(check_overlay(e_, pin, architectures));
        std::string names;
        for (const auto& one : pin.picks)
            if (!one.version.empty()) names += (names.empty() ? "" : ", ") + one.name + " " + one.version;
        report_.vouched.push_back(pin.archive + "/" + pin.suite +
                                  ": what was picked of other states: " + printable(names, 1000));
        return {};
    }

    /// That a state is of this suite, and its text what its own signature is of. A key of the archive's may have
    /// expired since; then the bundle's maker, who had verified it, must do.
    result<void> verify(const deployments::pin& pin, const digest& id, const signing::verifier& keys, may expired) {
        if (!verified_.insert({id, pin.archive, pin.suite, expired == may::have_expired}).second) return {};
        const auto name = pin.archive + "/" + pin.suite;
        LARDER_TRY(const auto state, load_state(e_.store().objects(), id));
        const auto& m = state->manifest();
        if (m.archive != pin.archive || m.suite != pin.suite || m.date != state->release().date)
            return error{errc::malformed, "a state of " + name + " is not what its manifest says"};
        // As apt allows (Acquire::Max-FutureTime): beyond it nothing that upstream publishes would be newer.
        if (m.date > e_.clock().now() + std::chrono::seconds{10})
            return error{errc::refused, "a state of " + name + " has a Date that is yet to come"};
        const auto text = signed_text(m, keys);
        if (text && sha256(text->text()) != m.text.content)
            return error{errc::bad_signature, name + ": what is signed is another text"};
        if (text) return {};
        if (expired == may::not_have_expired || !by_expired_key(keys, m.signers)) return text.error().in(name);
        vouched_.insert(id);
        report_.vouched.push_back(name + " of " + format_timestamp(m.date) + ": " + text.error().detail());
        return {};
    }

    bool by_expired_key(const signing::verifier& keys, const std::vector<std::string>& signers) const {
        const auto now = e_.clock().now();
        for (const auto& key : keys.keys())
            for (const auto& signer : signers)
                if (key.expires && *key.expires <= now && is_by(key, signer)) return true;
        return false;
    }

    /// What is shown in a state's place is that state, under a Date of its own.
    result<void> is_redated(const deployments::pin& pin) {
        LARDER_TRY(const auto of, load_state(e_.store().objects(), pin.listed()));
        LARDER_TRY(const auto shown, load_state(e_.store().objects(), *pin.shown));
        LARDER_TRY(const auto text, e_.store().objects().read(of->manifest().text.content));
        LARDER_TRY(const auto now, e_.store().objects().read(shown->manifest().text.content));
        if (pinning::is_redated(now, text, shown->release().date)) return {};
        return error{errc::bad_signature,
                     pin.archive + "/" + pin.suite + ": what is shown in a state's place is another state"};
    }

    result<verified_text> signed_text(const state_manifest& m, const signing::verifier& keys) {
        auto& objects = e_.store().objects();
        if (m.in_release) {
            LARDER_TRY(const auto bytes, objects.read(m.in_release->content));
            return keys.inline_signed(bytes);
        }
        if (!m.release || !m.release_gpg) return error{errc::malformed, "it has no signature"};
        LARDER_TRY(const auto bytes, objects.read(m.release->content));
        LARDER_TRY(const auto signature, objects.read(m.release_gpg->content));
        return keys.detached(bytes, signature);
    }

    /// Reads the indices that came, so that everything in them can be found.
    result<void> learn() {
        std::set<digest> read;
        for (const auto& g : generations_)
            for (const auto& pin : g.pins)
                for (const auto& id : {pin.snapshot, pin.listed()})
                    if (read.insert(id).second) LARDER_CHECK(learn(pin, id, g.architectures));
        return {};
    }

    result<void> learn(const deployments::pin& pin, const digest& id, const std::vector<std::string>& architectures) {
        of_.tell({"reading the indices of " + pin.archive + "/" + pin.suite, 0, 0});
        LARDER_TRY(const auto from, archive_of(pin.archive));
        LARDER_TRY(auto state, load_state(e_.store().objects(), id));
        maintenance::index_filter filter;
        filter.architectures = architectures;
        const maintenance::known_state of{{{}, 0, pin.archive, pin.suite, false, {}, {}}, std::move(state)};
        auto indices = maintenance::indices_of(of, filter, e_.store(), from->mirrors_ptr());
        std::erase_if(indices, [this](const index_wanted& one) {
            const auto here = e_.store().objects().find(one.order.content);
            return !here || !*here;
        });
        for (auto& one : indices) one.former = !from->is_current_index(one.order.content);
        return maintenance::learn_all(e_, from, std::move(indices), of_.stop);
    }

    result<void> prove_holds() {
        for (const auto& one : list_.holds) {
            // By its content: of a path that is built anew and anew only the latest contents are known.
            LARDER_TRY(const auto origins, e_.store().known().origins(one.content));
            const bool named = std::any_of(origins.begin(), origins.end(),
                                           [&](const store::origin& o) { return o.archive == one.archive; });
            if (!named) {
                report_.unproven.push_back(one.archive + "/" + one.path);
                continue;
            }
            LARDER_TRY(const auto here, e_.store().objects().find(one.content));
            if (!here) report_.missing.push_back(row_of_missing(one));
            holds_.push_back(one);
        }
        return {};
    }

    /// The one visible step.
    result<void> write_refs() {
        LARDER_TRY(auto more, history_refs());
        LARDER_CHECK(add_units(more));
        cut all;
        all.objects.assign(listed_.begin(), listed_.end());
        LARDER_TRY(report_.deployment, pin_together(e_, all, [&] { return adopt(std::move(more)); }));
        for (const auto& one : list_.objects) e_.held().keep(one.content);
        LARDER_CHECK(keep_companions());
        return record(e_, {0,
                           {},
                           e_.clock().now(),
                           "deployment-import",
                           head_.deployment + "@" + std::to_string(report_.deployment.head),
                           options_.who.by,
                           options_.who.reason});
    }

    /// With refs_mutex held. What an interruption leaves between the two holds nothing (maintenance::reachable).
    result<deployments::deployment> adopt(std::vector<store::ref_change> more) {
        deployments::deployment d;
        d.name = head_.deployment;
        d.hold = head_.hold;
        d.token = head_.token;
        d.on_first_use = head_.on_first_use;
        LARDER_CHECK(e_.store().holds().add(head_.deployment, holds_));
        LARDER_TRY(const auto adopted, registry_of(e_).adopt(d, list_.generations, std::move(more)));
        report_.generations = adopted.added;
        return adopted.now;
    }

    /// So that the states are listed, and served as snapshots, as if they had come from upstream. Not those that only
    /// the bundle's maker vouches for.
    result<std::vector<store::ref_change>> history_refs() {
        std::map<std::string, std::string> planned;
        for (const auto& [id, pin] : pinned_) {
            if (vouched_.contains(id)) continue;
            LARDER_TRY(const auto state, load_state(e_.store().objects(), id));
            auto name = suite{pin.suite}.history_prefix(pin.archive) + format_timestamp(state->release().date);
            LARDER_TRY(auto past, e_.store().refs().get(name));
            const auto here = planned.find(name);
            if ((past && past->value != id.hex()) || (here != planned.end() && here->second != id.hex())) {
                name += "." + id.hex().substr(0, 8);
                LARDER_TRY(past, e_.store().refs().get(name));
            }
            if (!past) planned.emplace(name, id.hex());
        }
        std::vector<store::ref_change> all;
        for (const auto& [name, id] : planned) all.push_back({name, 0, id});
        return all;
    }

    result<void> add_units(std::vector<store::ref_change>& to) {
        for (const auto& one : list_.units) {
            LARDER_TRY(const auto text, e_.store().objects().read(one.report, 16 << 20));
            if (const auto fine = deployments::parse_report(text); !fine)
                return fine.error().in("the report of unit '" + one.name + "'");
            LARDER_TRY(auto change,
                       note_of_unit(e_, head_.deployment, {one.name, one.reported, one.report, 0, {}, {}}));
            if (change) to.push_back(std::move(*change));
        }
        return {};
    }

    /// Release and Release.gpg beside an InRelease, where they are signed as it is; what is known of them stays.
    result<void> keep_companions() {
        std::map<digest, std::map<std::string, digest>> all;
        for (const auto& one : list_.companions) all[one.state][one.name] = one.content;
        for (const auto& [state, files] : all) {
            const auto pin = pinned_.find(state);
            if (pin == pinned_.end() || files.size() != 2) continue;
            auto& objects = e_.store().objects();
            LARDER_TRY(const auto release, objects.read(files.at("Release")));
            LARDER_TRY(const auto signature, objects.read(files.at("Release.gpg")));
            LARDER_TRY(const auto of, load_state(objects, state));
            const auto text = archives_[pin->second.archive]->keys().detached(release, signature);
            const auto parsed = text ? index::parse_release(*text) : text.error();
            if (!parsed || parsed->date != of->release().date) continue;
            for (const auto& [name, content] : files) {
                const auto note = "companion/" + state.hex() + "/" + name;
                LARDER_TRY(const auto known, e_.store().known().get_note(note));
                if (!known) LARDER_CHECK(e_.store().known().put_note(note, content.hex()));
            }
        }
        return {};
    }

    engine& e_;
    const import_bundle_options& options_;
    const course& of_;
    std::unique_ptr<bundle_reader> in_;
    std::unique_ptr<signing::verifier> keys_;
    bundle_head head_;
    bundle_list list_;
    std::map<std::string, std::shared_ptr<archive>> archives_;
    std::vector<generation> generations_;
    std::set<std::tuple<digest, std::string, std::string, bool>> verified_;
    std::map<digest, deployments::pin> pinned_;     ///< snapshots
    std::set<std::pair<digest, digest>> composed_;  ///< overlays that were looked at, and of which snapshots
    std::set<digest> vouched_;                      ///< of these, those that only the bundle's maker has verified
    std::unordered_set<digest, digest_hash> listed_;
    std::unordered_map<digest, const store::held_object*, digest_hash> held_as_;  ///< of list_
    held_list::staging staged_;
    std::vector<store::held_object> holds_;
    import_bundle_report report_;
};

}  // namespace

result<import_bundle_report> import_bundle(engine& e, const import_bundle_options& options, const progress_sink& tell,
                                           std::stop_token stop) {
    const course of{tell, stop};
    return importer{e, options, of}.run();
}

}  // namespace larder::net
