#include "suite.hpp"
#include <algorithm>
#include <larder/base/text.hpp>

namespace larder::net {
namespace {

/// A ref's name has 511 bytes (LMDB's key), of which "history/<archive>/" and the moment take some.
constexpr std::size_t longest_name = 300;

/// The moment in the name of a history ref: "…@20261121T063000Z", perhaps with more behind it.
}  // namespace

std::optional<sys_seconds> suite::moment_of(std::string_view history_ref) {
    const auto mark = history_ref.rfind('@');
    if (mark == std::string_view::npos) return std::nullopt;
    const auto moment = parse_timestamp(history_ref.substr(mark + 1, format_timestamp({}).size()));
    return moment ? std::optional{*moment} : std::nullopt;
}

bool suite::can_be_called(std::string_view name) {
    if (name.empty() || name.size() > longest_name) return false;
    return std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c <= '~' && c != '@'; });
}

bool suite::stranger() const {
    const std::lock_guard lock{mutex_};
    return from_ == known_from::a_request && states_.empty();
}

std::string suite::folder() const {
    if (!flat()) return "dists/" + name_;
    auto cleaned = clean_path(name_);
    return cleaned ? *cleaned : std::string{};
}

std::string suite::file(std::string_view rest) const {
    auto path = folder();
    if (!path.empty()) path += '/';
    path += rest;
    return path;
}

std::string suite::ref_prefix(std::string_view archive) { return "archive/" + std::string{archive} + "/suite/"; }

std::optional<std::string> suite::name_in_ref(std::string_view archive, std::string_view ref) {
    const auto prefix = ref_prefix(archive);
    if (!ref.starts_with(prefix)) return std::nullopt;
    return std::string{ref.substr(prefix.size())};
}

std::string suite::ref(std::string_view archive) const { return ref_prefix(archive) + name_; }

std::string suite::history_prefix(std::string_view archive) const {
    return "history/" + std::string{archive} + "/" + name_ + "@";
}

suite_state_ptr suite::current() const {
    const std::lock_guard lock{mutex_};
    return states_.empty() ? nullptr : states_.front();
}

std::vector<suite_state_ptr> suite::states() const {
    const std::lock_guard lock{mutex_};
    return states_;
}

void suite::push(suite_state_ptr next) {
    const std::lock_guard lock{mutex_};
    std::erase_if(states_, [&](const auto& s) { return s->id() == next->id(); });
    ref_value_ = next->id().hex();
    states_.insert(states_.begin(), std::move(next));
    if (states_.size() > states_kept) states_.resize(states_kept);
}

bool suite::loaded() const {
    const std::lock_guard lock{mutex_};
    return loaded_;
}

result<void> suite::load(store::store& store, std::string_view archive, const judge& vouched) {
    if (loaded()) return {};
    std::vector<suite_state_ptr> states;
    std::optional<error> broken;
    std::optional<sys_seconds> newest;
    // Whether it counts: one that cannot be read does, one that nobody vouches for does not.
    const auto take = [&](const std::string& value) {
        const auto id = digest::from_hex(value);
        auto state = id ? load_state(store.objects(), *id) : result<suite_state_ptr>{id.error()};
        if (!state) {
            if (!broken) broken = state.error().in("a state of suite " + name_);
            return true;
        }
        for (const auto& have : states)
            if (have->id() == *id) return true;
        if (!vouched((*state)->manifest())) {
            if (!broken)
                broken = error{errc::bad_signature, "the state of suite " + name_ + " from " +
                                                        format_iso((*state)->release().date) +
                                                        " was signed by no key that the keyring has now"};
            return false;
        }
        states.push_back(std::move(*state));
        return true;
    };
    LARDER_TRY(const auto ref_now, store.refs().get(ref(archive)));
    if (ref_now) {
        take(ref_now->value);
        LARDER_TRY(auto history, store.refs().list(history_prefix(archive)));
        std::reverse(history.begin(), history.end());
        // An older state that cannot be read costs clients in mid-update, nobody else.
        for (const auto& [name, past] : history) {
            if (states.size() >= states_kept && newest) break;
            if (take(past.value) && !newest) newest = moment_of(name);
        }
    }
    if (states.empty() || (ref_now && states.front()->id().hex() != ref_now->value))
        if (broken) trouble_while_loading(*broken);
    LARDER_TRY(const auto note, store.known().get_note("validated/" + ref(archive)));
    const std::lock_guard lock{mutex_};
    if (loaded_) return {};
    states_ = std::move(states);
    ref_value_ = ref_now ? ref_now->value : std::string{};
    newest_ = newest;
    if (note) {
        if (const auto when = parse_timestamp(*note)) validated_ = *when;
    }
    loaded_ = true;
    return {};
}

void suite::trouble_while_loading(const error& why) {
    const std::lock_guard lock{mutex_};
    trouble_ = why;
}

std::string suite::ref_value() const {
    const std::lock_guard lock{mutex_};
    return ref_value_;
}

std::optional<sys_seconds> suite::newest() const {
    const std::lock_guard lock{mutex_};
    auto latest = newest_;
    for (const auto& state : states_)
        if (!latest || state->release().date > *latest) latest = state->release().date;
    return latest;
}

void suite::forget() {
    const std::lock_guard lock{mutex_};
    states_.clear();
    loaded_ = false;
    next_ = {};
    newest_.reset();
    upstream_modified_.reset();
}

void suite::expire() {
    const std::lock_guard lock{mutex_};
    next_ = {};
}

std::optional<sys_seconds> suite::upstream_modified() const {
    const std::lock_guard lock{mutex_};
    return upstream_modified_;
}

void suite::upstream_modified(std::optional<sys_seconds> when) {
    const std::lock_guard lock{mutex_};
    upstream_modified_ = when;
}

bool suite::due(steady_point now) const {
    const std::lock_guard lock{mutex_};
    return now >= next_;
}

std::shared_ptr<outcome<result<void>>> suite::attempt(bool& begin) {
    const std::lock_guard lock{mutex_};
    begin = !running_;
    if (begin) running_ = std::make_shared<outcome<result<void>>>();
    return running_;
}

void suite::finish(const result<void>& how, steady_point next, sys_seconds now) {
    std::shared_ptr<outcome<result<void>>> running;
    {
        const std::lock_guard lock{mutex_};
        next_ = next;
        finished_ = std::chrono::steady_clock::now();
        if (how) {
            validated_ = now;
            trouble_.reset();
        } else {
            trouble_ = how.error();
        }
        running = std::move(running_);
        running_.reset();
    }
    if (running) running->set(how);
}

steady_point suite::finished() const {
    const std::lock_guard lock{mutex_};
    return finished_;
}

std::optional<sys_seconds> suite::validated() const {
    const std::lock_guard lock{mutex_};
    return validated_;
}

std::optional<error> suite::trouble() const {
    const std::lock_guard lock{mutex_};
    return trouble_;
}

}  // namespace larder::net
