#include "suite.hpp"
#include <algorithm>
#include <larder/base/text.hpp>

namespace larder::net {

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
    states_.insert(states_.begin(), std::move(next));
    if (states_.size() > states_kept) states_.resize(states_kept);
}

bool suite::loaded() const {
    const std::lock_guard lock{mutex_};
    return loaded_;
}

result<void> suite::load(store::store& store, std::string_view archive) {
    if (loaded()) return {};
    std::vector<suite_state_ptr> states;
    LARDER_TRY(const auto ref_now, store.refs().get(ref(archive)));
    if (ref_now) {
        LARDER_TRY(const auto id, digest::from_hex(ref_now->value));
        auto state = load_state(store.objects(), id);
        if (!state) return state.error().in("the current state of suite " + name_);
        states.push_back(std::move(*state));
        LARDER_TRY(auto history, store.refs().list(history_prefix(archive)));
        std::reverse(history.begin(), history.end());
        for (const auto& [name, past] : history) {
            if (states.size() == states_kept) break;
            const auto past_id = digest::from_hex(past.value);
            if (!past_id || *past_id == id) continue;
            // An older state that cannot be read costs clients in mid-update, nobody else.
            if (auto older = load_state(store.objects(), *past_id)) states.push_back(std::move(*older));
        }
    }
    LARDER_TRY(const auto note, store.known().get_note("validated/" + ref(archive)));
    const std::lock_guard lock{mutex_};
    if (loaded_) return {};
    states_ = std::move(states);
    if (note) {
        if (const auto when = parse_timestamp(*note)) validated_ = *when;
    }
    loaded_ = true;
    return {};
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

std::optional<sys_seconds> suite::validated() const {
    const std::lock_guard lock{mutex_};
    return validated_;
}

std::optional<error> suite::trouble() const {
    const std::lock_guard lock{mutex_};
    return trouble_;
}

}  // namespace larder::net
