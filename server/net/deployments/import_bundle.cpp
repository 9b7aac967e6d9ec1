#include "deployments/cut.hpp"
#include "deployments/holding.hpp"
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

namespace larder::net {
namespace {

using namespace pinning;
using deployments::bundle_head;
using deployments::bundle_list;
using deployments::bundle_reader;
using deployments::generation;

constexpr std::uint64_t most_head = 1 << 20;
constexpr std::uint64_t most_list = 256 << 20;

/// Objects on their way into the store: a few at once, so that they share their fsyncs.
class commits {
public:
    explicit commits(store::object_store& objects) : objects_{objects} {}
    ~commits() { std::ignore = settle(); }
    commits(const commits&) = delete;
    commits& operator=(const commits&) = delete;

    void add(std::unique_ptr<store::incoming> file, const digest& expected, sys_seconds modified) {
        std::unique_lock lock{mutex_};
        changed_.wait(lock, [this] { return open_ < most_open; });
        ++open_;
        lock.unlock();
        objects_.commit(std::move(file), expected, modified, [this](const result<digest>& how) {
            const std::lock_guard guard{mutex_};
            --open_;
            if (!how && !failure_) failure_ = how.error();
            changed_.notify_all();
        });
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
    importer(engine& e, const import_bundle_options& options, const course& of) : e_{e}, options_{options}, of_{of} {}

    result<import_bundle_report> run() {
        LARDER_TRY(in_, deployments::open_bundle_reader(options_.file));
        LARDER_CHECK(read_head());
        LARDER_CHECK(read_list());
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

    result<void> archives_are_known() {
        for (const auto& one : list_.holds) LARDER_CHECK(archive_of(one.archive));
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
        // gc goes by the latest use: what is taken in is used.
        e_.store().known().used(one.content, e_.clock().now());
        if (here && here->size == one.size) {
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
        into.add(std::move(file), one.content, one.modified);
        return {};
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
                LARDER_CHECK(verify(pin, pin.snapshot, from->keys()));
                if (pin.shown) LARDER_CHECK(verify(pin, *pin.shown, *keys_));
            }
        return {};
    }

    /// That the text of a state is what its own signature is of. A key may have expired since; then the bundle's maker,
    /// who had verified it, must do.
    result<void> verify(const deployments::pin& pin, const digest& id, const signing::verifier& keys) {
        if (!verified_.insert(id).second) return {};
        LARDER_TRY(const auto state, load_state(e_.store().objects(), id));
        const auto& m = state->manifest();
        if (m.archive != pin.archive || m.suite != pin.suite)
            return error{errc::malformed,
                         "a state of " + pin.archive + "/" + pin.suite + " is one of " + m.archive + "/" + m.suite};
        const auto text = signed_text(m, keys);
        if (!text)
            report_.vouched.push_back(pin.archive + "/" + pin.suite + " of " + format_timestamp(m.date) + ": " +
                                      text.error().detail());
        else if (sha256(text->text()) != m.text.content)
            return error{errc::bad_signature, pin.archive + "/" + pin.suite + ": what is signed is another text"};
        return {};
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
                if (read.insert(pin.snapshot).second) LARDER_CHECK(learn(pin, g.architectures));
        return {};
    }

    result<void> learn(const deployments::pin& pin, const std::vector<std::string>& architectures) {
        of_.tell({"reading the indices of " + pin.archive + "/" + pin.suite, 0, 0});
        LARDER_TRY(const auto from, archive_of(pin.archive));
        LARDER_TRY(auto state, load_state(e_.store().objects(), pin.snapshot));
        maintenance::index_filter filter;
        filter.architectures = architectures;
        const maintenance::known_state of{{{}, 0, pin.archive, pin.suite, false, {}, {}}, std::move(state)};
        auto indices = maintenance::indices_of(of, filter, e_.store(), from->mirrors_ptr());
        std::erase_if(indices, [this](const index_wanted& one) {
            const auto here = e_.store().objects().find(one.order.content);
            return !here || !*here;
        });
        for (auto& one : indices) one.former = true;
        return maintenance::learn_all(e_, from, std::move(indices), of_.stop);
    }

    result<void> prove_holds() {
        for (const auto& one : list_.holds) {
            LARDER_TRY(const auto claims, e_.store().known().find(one.archive, one.path));
            const bool named = std::any_of(claims.begin(), claims.end(),
                                           [&](const store::claim& c) { return c.content == one.content; });
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

    /// The one visible step; before it the holds, so that nothing of it can go meanwhile.
    result<void> write_refs() {
        auto& s = e_.store();
        LARDER_CHECK(s.holds().add(head_.deployment, holds_));
        for (const auto& one : list_.companions)
            LARDER_CHECK(s.known().put_note("companion/" + one.state.hex() + "/" + one.name, one.content.hex()));
        cut all;
        for (const auto& one : list_.objects) all.objects.push_back(one.content);
        LARDER_TRY(report_.deployment, pin_together(e_, all, [this] { return adopt(); }));
        for (const auto& one : list_.objects) e_.held().keep(one.content);
        LARDER_CHECK(keep_units());
        return record(e_, {0,
                           {},
                           e_.clock().now(),
                           "deployment-import",
                           head_.deployment + "@" + std::to_string(report_.deployment.head),
                           options_.who.by,
                           options_.who.reason});
    }

    result<deployments::deployment> adopt() {
        deployments::deployment d;
        d.name = head_.deployment;
        d.hold = head_.hold;
        d.token = head_.token;
        LARDER_TRY(auto more, history_refs());
        LARDER_TRY(const auto adopted, registry_of(e_).adopt(d, list_.generations, std::move(more)));
        report_.generations = adopted.added;
        return adopted.now;
    }

    /// So that the states are listed, and served as snapshots, as if they had come from upstream.
    result<std::vector<store::ref_change>> history_refs() {
        std::vector<store::ref_change> all;
        std::set<std::string> named;
        for (const auto& g : generations_)
            for (const auto& pin : g.pins) {
                LARDER_TRY(const auto state, load_state(e_.store().objects(), pin.snapshot));
                auto name = suite{pin.suite}.history_prefix(pin.archive) + format_timestamp(state->release().date);
                LARDER_TRY(auto past, e_.store().refs().get(name));
                if (past && past->value != pin.snapshot.hex()) {
                    name += "." + pin.snapshot.hex().substr(0, 8);
                    LARDER_TRY(past, e_.store().refs().get(name));
                }
                if (!past && named.insert(name).second) all.push_back({name, 0, pin.snapshot.hex()});
            }
        return all;
    }

    result<void> keep_units() {
        for (const auto& one : list_.units)
            LARDER_CHECK(keep_unit(e_, head_.deployment, {one.name, one.reported, one.report, 0, {}}));
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
    std::set<digest> verified_;
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
