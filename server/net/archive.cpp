#include "archive_paths.hpp"
#include "suite.hpp"
#include <algorithm>
#include <larder/base/text.hpp>
#include <larder/net/archive.hpp>
#include <sys/stat.h>

namespace larder::net {
namespace {

/// When the files that an archive was opened with were last changed; a missing one has no stamp.
std::vector<std::string> stamps_of(const core::archive_options& options) {
    std::vector<std::string> stamps;
    auto files = options.keyring;
    files.push_back(options.password_file);
    files.push_back(options.token_file);
    for (const auto& path : files) {
        struct stat st {};
        if (path.empty() || ::stat(path.c_str(), &st) != 0)
            stamps.emplace_back();
        else
            stamps.push_back(std::to_string(st.st_ino) + " " + std::to_string(st.st_size) + " " +
                             std::to_string(st.st_mtim.tv_sec) + "." + std::to_string(st.st_mtim.tv_nsec));
    }
    return stamps;
}

/// Suites that clients asked for and nobody configured: a bound for those who ask for nonsense.
constexpr std::size_t most_suites = 1000;

}  // namespace

archive::archive(engine_parts& parts, core::archive_options options, std::unique_ptr<signing::verifier> verifier,
                 std::shared_ptr<mirror_group> mirrors)
    : parts_{parts}, options_{std::move(options)}, verifier_{std::move(verifier)}, mirrors_{std::move(mirrors)} {}

result<std::shared_ptr<archive>> archive::open(engine_parts& parts, const core::archive_options& options,
                                               std::shared_ptr<mirror_group> mirrors) {
    auto verifier = signing::verifier::open(options.keyring);
    if (!verifier) return error{errc::bad_config, "archive '" + options.name + "': " + verifier.error().detail()};
    std::shared_ptr<archive> made{new archive{parts, options, std::move(*verifier), std::move(mirrors)}};
    made->stamps_ = stamps_of(options);
    for (const auto& name : options.suites) made->suites_.emplace(name, std::make_shared<suite>(name));
    LARDER_TRY(const auto refs, parts.store.refs().list(suite::ref_prefix(options.name)));
    for (const auto& [ref_name, ref] : refs)
        if (const auto name = suite::name_in_ref(options.name, ref_name))
            made->suites_.try_emplace(*name, std::make_shared<suite>(*name));
    return made;
}

std::shared_ptr<suite> archive::find_suite(std::string_view name) const {
    const std::lock_guard lock{mutex_};
    const auto found = suites_.find(name);
    return found == suites_.end() ? nullptr : found->second;
}

result<std::shared_ptr<suite>> archive::find_or_add(const std::string& name) {
    const auto cleaned = clean_path(name == "./" ? "flat" : name);
    if (!cleaned) return cleaned.error();
    if (!suite::can_be_called(name)) return error{errc::absent, "no suite can be called that"};
    const std::lock_guard lock{mutex_};
    const auto found = suites_.find(name);
    if (found != suites_.end()) return found->second;
    // Those who asked for nonsense make room for the next who does.
    if (suites_.size() >= most_suites) std::erase_if(suites_, [](const auto& one) { return one.second->stranger(); });
    return suites_.emplace(name, std::make_shared<suite>(name, suite::known_from::a_request)).first->second;
}

void archive::forget_states(std::string_view suite_name) {
    const auto in = find_suite(suite_name);
    if (!in) return;
    in->forget();
    if (const auto read = load(*in); !read)
        parts_.log.write(log_level::error, read.error().message(), {{"archive", name()}, {"suite", in->name()}});
    ++parts_.generation;
}

void archive::published(const std::string& suite_name, suite_state_ptr state) {
    std::shared_ptr<suite> in;
    {
        const std::lock_guard lock{mutex_};
        auto& known = suites_[suite_name];
        if (!known || known->stranger()) known = std::make_shared<suite>(suite_name);
        in = known;
    }
    // One that was not loaded yet finds it with the rest.
    if (in->loaded()) in->push(std::move(state));
    ++parts_.generation;
}

result<void> archive::load(suite& in) const {
    // An expired key is no reason: the state was good when it came, and clients judge it themselves.
    const auto counts = [now = parts_.clock.now()](const signing::key_info& key) {
        return key.usable || (key.expires && *key.expires <= now);
    };
    return in.load(parts_.store, name(), [&](const state_manifest& manifest) {
        for (const auto& key : verifier_->keys())
            for (const auto& signer : manifest.signers)
                if (counts(key) && is_by(key, signer)) return true;
        return false;
    });
}

void archive::retire() noexcept { retired_ = true; }

bool archive::files_changed() const { return stamps_of(options_) != stamps_; }

std::vector<std::shared_ptr<suite>> archive::known_suites() const {
    std::vector<std::shared_ptr<suite>> known;
    const std::lock_guard lock{mutex_};
    for (const auto& [name, s] : suites_)
        if (!s->stranger()) known.push_back(s);
    return known;
}

std::vector<std::string> archive::suites() const {
    std::vector<std::string> names;
    for (const auto& s : known_suites()) names.push_back(s->name());
    return names;
}

std::vector<suite_status> archive::status() const {
    std::vector<suite_status> all;
    for (const auto& s : known_suites()) {
        suite_status one;
        one.name = s->name();
        one.validated = s->validated();
        if (const auto trouble = s->trouble()) one.last_error = trouble->message();
        if (const auto state = s->current()) {
            one.snapshot = state->id().hex();
            one.date = state->release().date;
            one.valid_until = state->release().valid_until;
            one.signers = state->manifest().signers;
            one.states = s->states().size();
            one.index_error = index_error(*s, *state);
        }
        all.push_back(std::move(one));
    }
    return all;
}

result<void> archive::reachable(const std::function<void(const digest&)>& keep) const {
    for (const auto& prefix : {suite::ref_prefix(options_.name), "history/" + options_.name + "/"}) {
        LARDER_TRY(const auto refs, parts_.store.refs().list(prefix));
        for (const auto& [name, ref] : refs) {
            LARDER_TRY(const auto id, digest::from_hex(ref.value));
            keep(id);
            const auto text = parts_.store.objects().read(id, 1 << 20);
            if (!text) return text.error().in("snapshot " + id.hex());
            LARDER_TRY(const auto manifest, state_manifest::read(*text));
            keep(manifest.text.content);
            for (const auto& file : {manifest.in_release, manifest.release, manifest.release_gpg})
                if (file) keep(file->content);
            // The current state's indices stay, so that clients of it find them with upstream gone.
            if (prefix.starts_with("history/")) continue;
            const auto state = load_state(parts_.store.objects(), id);
            if (!state) return state.error().in("snapshot " + id.hex());
            for (const auto& file : (*state)->release().files)
                if (file.sha256) keep(*file.sha256);
        }
    }
    return {};
}

std::optional<fetch_order> archive::order_for(const digest& content) const {
    for (const auto& s : known_suites())
        for (const auto& state : s->states())
            if (const auto* file = state->by_hash("SHA256", content.hex()))
                return fetch_order{content,    file->size, paths_of(*s, *state, *file),
                                   mirrors_,   false,      store::arrival::fetched,
                                   state->id()};
    const auto origins = parts_.store.known().origins(content);
    if (!origins) return std::nullopt;
    for (const auto& origin : *origins)
        if (origin.archive == options_.name) return fetch_order{content, origin.size, {origin.path}, mirrors_};
    return std::nullopt;
}

}  // namespace larder::net
