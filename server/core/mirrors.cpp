#include <algorithm>
#include <larder/core/mirrors.hpp>
#include <numeric>

namespace larder::core {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

bool overloaded(int status) noexcept { return status == 408 || status == 429 || status >= 500; }

/// Whether the outcome speaks against the machine rather than against one file on it.
bool machine_failed(const outcome& o) noexcept {
    switch (o.kind) {
        case transfer::connect_failed: return true;
        case transfer::timed_out: return true;
        case transfer::reset: return o.received == 0;
        case transfer::status: return overloaded(o.status);
        case transfer::ok:
        case transfer::wrong_length:
        case transfer::wrong_range:
        case transfer::digest_mismatch:
        case transfer::refused: return false;
    }
    return false;
}

/// `first` doubled `times` times, but never above `most`.
milliseconds doubled(milliseconds first, unsigned times, milliseconds most) noexcept {
    auto wait = first;
    for (unsigned i = 0; i < times && wait < most; ++i) wait *= 2;
    return std::min(wait, most);
}

std::string describe(const outcome& o) {
    std::string out{to_string(o.kind)};
    if (o.kind == transfer::status) out += " " + std::to_string(o.status);
    if (!o.detail.empty()) out += ": " + o.detail;
    return out;
}

errc code_of(const outcome& o) noexcept {
    switch (o.kind) {
        case transfer::timed_out: return errc::timeout;
        case transfer::digest_mismatch:
        case transfer::wrong_length: return errc::digest_mismatch;
        case transfer::refused: return errc::refused;
        case transfer::ok:
        case transfer::connect_failed:
        case transfer::reset:
        case transfer::status:
        case transfer::wrong_range: return errc::upstream_down;
    }
    return errc::upstream_down;
}

}  // namespace

std::string_view to_string(transfer kind) noexcept {
    switch (kind) {
        case transfer::ok: return "ok";
        case transfer::connect_failed: return "no connection";
        case transfer::timed_out: return "timed out";
        case transfer::reset: return "broke off";
        case transfer::status: return "status";
        case transfer::wrong_length: return "wrong length";
        case transfer::wrong_range: return "wrong range";
        case transfer::digest_mismatch: return "wrong bytes";
        case transfer::refused: return "refused by our own rules";
    }
    return "unknown";
}

std::vector<std::size_t> mirror_set::order(steady_time now) const {
    std::vector<std::size_t> out(states_.size());
    std::iota(out.begin(), out.end(), std::size_t{0});
    const auto wait_ends = [&](std::size_t i) {
        return states_[i].until > now ? states_[i].until : steady_time::min();
    };
    std::stable_sort(out.begin(), out.end(), [&](auto a, auto b) { return wait_ends(a) < wait_ends(b); });
    return out;
}

void mirror_set::report(std::size_t mirror, const outcome& o, steady_time now) {
    auto& state = states_.at(mirror);
    if (o.first_byte) state.latency = state.latency ? (*state.latency * 7 + *o.first_byte) / 8 : *o.first_byte;
    if (o.kind != transfer::ok) state.last_error = describe(o);
    if (o.kind == transfer::digest_mismatch) ++state.mismatches;
    if (!machine_failed(o)) {
        if (o.kind == transfer::refused) return;  // nothing was heard of it
        state.failures = 0;
        state.until = {};
        return;
    }
    const auto own = doubled(1s, state.failures, 60s);
    ++state.failures;
    state.until = now + std::min<milliseconds>(std::max(own, o.retry_after.value_or(0ms)), 10min);
}

mirror_plan::mirror_plan(std::vector<std::size_t> order, promise p, plan_limits limits)
    : promise_{p},
      limits_{limits},
      join_{p == promise::verified},
      last_{errc::upstream_down, "no upstream is configured"} {
    for (const auto mirror : order) candidates_.push_back({.mirror = mirror});
    limits_.rounds = std::max(1U, limits_.rounds);
}

bool mirror_plan::resumable() const noexcept { return join_ && held_ > 0 && candidates_[at_].resumes; }

step mirror_plan::next() const {
    step out;
    if (done_) {
        out.what = step::action::done;
        return out;
    }
    const bool spent = round_ >= limits_.rounds || transfers_ >= limits_.most_transfers;
    if (at_ >= candidates_.size() || spent || (round_ > 0 && known_absent())) {
        out.why = verdict();
        return out;
    }
    out.what = step::action::fetch;
    out.mirror = candidates_[at_].mirror;
    out.offset = resumable() ? held_ : 0;
    out.wait = wait_;
    return out;
}

/// To the next mirror that may still have it; behind the last one the next round begins, after a wait.
void mirror_plan::advance() {
    for (std::size_t tried = 0; tried < candidates_.size(); ++tried) {
        if (++at_ >= candidates_.size()) {
            at_ = 0;
            ++round_;
            wait_ = std::min(std::max(asked_, doubled(limits_.backoff, round_ - 1, limits_.most)), limits_.most);
            asked_ = 0ms;
        }
        if (!candidates_[at_].out) return;
    }
    at_ = candidates_.size();
}

void mirror_plan::report(const outcome& o) {
    if (at_ >= candidates_.size() || done_) return;
    const auto offset = next().offset;
    auto& mine = candidates_[at_];
    ++transfers_;
    repeat_ = false;
    if (o.kind != transfer::ok) last_ = {code_of(o), describe(o)};
    const bool answered = o.kind != transfer::connect_failed && o.kind != transfer::refused;
    mine.reached = mine.reached || (answered && (o.kind != transfer::timed_out || o.received > 0));
    take_bytes(offset, o.received);
    wait_ = 0ms;
    switch (o.kind) {
        case transfer::ok: done_ = true; return;
        case transfer::connect_failed: break;
        case transfer::timed_out:
        case transfer::reset: take_broken(mine, o); break;
        case transfer::status: take_status(mine, o, offset); break;
        case transfer::wrong_range: take_wrong_range(mine, offset); break;
        case transfer::wrong_length:
        case transfer::refused: mine.out = true; break;
        case transfer::digest_mismatch: take_mismatch(mine); break;
    }
    if (o.received > 0 && (o.kind == transfer::wrong_length || o.kind == transfer::wrong_range)) held_ = offset;
    if (!repeat_) advance();
}

void mirror_plan::take_bytes(std::uint64_t offset, std::uint64_t received) {
    if (received == 0) return;
    if (offset == 0) {
        source_ = at_;
        mixed_ = false;
    } else if (source_ != at_) {
        mixed_ = true;
    }
    held_ = offset + received;
}

void mirror_plan::take_status(candidate& mine, const outcome& o, std::uint64_t offset) {
    if (o.status == 416 && offset > 0) return take_wrong_range(mine, offset);
    mine.missing = o.status == 404 || o.status == 410;
    if (!overloaded(o.status))
        mine.out = true;
    else
        asked_ = std::max(asked_, o.retry_after.value_or(0ms));
}

/// It cannot go on where another left off, so it gets a second chance from the start; before that
/// come the mirrors that may be able to.
void mirror_plan::take_wrong_range(candidate& mine, std::uint64_t offset) {
    if (offset == 0 || !mine.resumes) {
        mine.out = true;
        return;
    }
    mine.resumes = false;
    repeat_ = std::count_if(candidates_.begin(), candidates_.end(), [](const auto& c) { return !c.out; }) == 1;
}

/// A mirror that brings much before it breaks off is asked to go on: on a bad line this is how a
/// large file arrives at all.
void mirror_plan::take_broken(candidate& mine, const outcome& o) {
    repeat_ = join_ && o.kind == transfer::reset && o.received >= limits_.progress && mine.resumes;
}

/// Wrong bytes from one mirror alone: that one is out. From several: nobody knows whose they were,
/// so from now on the file comes from one mirror at a time, and the next such outcome names the liar.
void mirror_plan::take_mismatch(candidate& mine) {
    if (!mixed_) mine.out = true;
    join_ = false;
    held_ = 0;
    source_.reset();
    mixed_ = false;
}

/// Every mirror that was reached said that it has no such file.
bool mirror_plan::all_missing() const noexcept {
    const auto missing = std::count_if(candidates_.begin(), candidates_.end(), [](const auto& c) { return c.missing; });
    const auto reached = std::count_if(candidates_.begin(), candidates_.end(), [](const auto& c) { return c.reached; });
    return missing > 0 && missing == reached;
}

bool mirror_plan::known_absent() const noexcept { return promise_ == promise::none && all_missing(); }

error mirror_plan::verdict() const {
    if (known_absent()) return {errc::absent, "no upstream has it"};
    if (all_missing())
        return {errc::upstream_down, "the signed index names it, but no upstream has it (yet); try again later"};
    return last_;
}

}  // namespace larder::core
