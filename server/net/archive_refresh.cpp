#include "suite.hpp"
#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <larder/base/text.hpp>
#include <larder/index/release.hpp>

// How a suite gets to a newer state: ask, verify, judge, bring the indices its clients use, and only
// then swing the ref. Anything that fails on the way leaves the state there was.

namespace larder::net {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t most_release = index::max_release_size;
/// After a failure clients get the last good state at once for this long, instead of each waiting anew.
constexpr auto rest_after_failure = 30s;
/// What apt allows (Acquire::Max-FutureTime): a state from further ahead would be refused by every client.
constexpr auto most_future = 10s;
/// An index nobody asked for this long is fetched again only when somebody does.
constexpr auto in_use = std::chrono::hours{24 * 14};

steady_point now_steady() { return std::chrono::steady_clock::now(); }

result<stored_file> put(store::object_store& objects, std::string_view bytes, sys_seconds modified,
                        std::optional<store::provenance> from = {}) {
    LARDER_TRY(const auto content, objects.put(bytes, modified, std::move(from)));
    return stored_file{content, bytes.size()};
}

/// A date to ask with (If-Modified-Since). One so young is none: upstream may publish again within its second,
/// and would then say that nothing has changed (RFC 9110, section 8.8.2.2).
std::optional<sys_seconds> as_validator(std::optional<sys_seconds> modified, sys_seconds now) {
    return modified && now - *modified >= 60s ? modified : std::nullopt;
}

}  // namespace

/// A signed text on its way to be a state.
struct archive::candidate {
    std::string in_release, release, release_gpg;  ///< upstream's bytes; the first, or the other two
    std::optional<sys_seconds> upstream_modified;  ///< its Last-Modified, if it sent one
    sys_seconds modified{};
    std::size_t mirror = 0;
    std::string url, signature_url;  ///< of the text, and of its Release.gpg
    bool unchanged = false;          ///< upstream has what is here
    std::string text;
    std::vector<std::string> signers;
    index::release parsed;
};

awaitable<result<void>> archive::refresh(std::string name, urgency how, steady_point deadline) {
    auto added = find_or_add(name);
    if (!added) co_return added.error();
    const auto in = *added;
    if (how == urgency::if_due && in->loaded() && !in->due(now_steady())) {
        if (in->current()) co_return result<void>{};
        const auto why = in->trouble();
        co_return why ? *why : error{errc::upstream_down, "suite '" + name + "' is not known here"};
    }
    bool begin = false;
    const auto attempt = in->attempt(begin);
    if (begin) {
        auto run = run_refresh(shared_from_this(), in);
        asio::co_spawn(parts_.loop, std::move(run), asio::detached);
    }
    const auto done = co_await outcome<result<void>>::get(attempt, deadline);
    if (how == urgency::now && done) co_return *done;
    if (in->current()) co_return result<void>{};
    if (!done) co_return error{errc::timeout, "suite '" + name + "': upstream has not answered yet"};
    co_return *done;
}

awaitable<void> archive::run_refresh(std::shared_ptr<archive> me, std::shared_ptr<suite> in) {
    result<void> how{error{errc::io, "refresh did not run"}};
    std::string broken;
    try {
        how = co_await me->refresh_once(in);
    } catch (const std::exception& e) {
        broken = e.what();
    }
    if (!broken.empty()) how = error{errc::io, broken};
    auto& parts = me->parts_;
    parts.counts.refreshes.add();
    if (!how) {
        parts.counts.refresh_failures.add();
        parts.log.write(in->current() ? log_level::warn : log_level::error,
                        "suite not refreshed: " + how.error().message(),
                        {{"archive", me->name()}, {"suite", in->name()}});
    } else {
        // Lost with the derived tables, which only makes the shown age start anew.
        auto noting = offload(
            parts.pool, [&parts, key = "validated/" + in->ref(me->name()), now = format_timestamp(parts.clock.now())] {
                return parts.store.known().put_note(key, now);
            });
        const auto noted = co_await outcome<result<void>>::get(noting, no_deadline());
        if (!*noted) parts.log.write(log_level::warn, noted->error().message());
    }
    const auto pause =
        how ? me->options_.refresh
            : std::chrono::milliseconds{std::min<std::chrono::milliseconds>(rest_after_failure, me->options_.refresh)};
    in->finish(how, now_steady() + pause, parts.clock.now());
    ++parts.generation;
}

awaitable<result<void>> archive::refresh_once(std::shared_ptr<suite> in) {
    if (!in->loaded()) {
        auto loading = offload(parts_.pool, [in, this] { return load(*in); });
        const auto loaded = co_await outcome<result<void>>::get(loading, no_deadline());
        if (!*loaded) co_return loaded->error();
    }
    auto found = co_await find_candidate(in);
    if (!found) co_return found.error();
    if (!*found) co_return result<void>{};

    auto work = std::make_shared<candidate>(std::move(**found));
    const auto upstream_modified = work->upstream_modified;
    auto keeping = offload(parts_.pool, [in, work, this] { return keep(*in, std::move(*work)); });
    const auto kept = co_await outcome<result<suite_state_ptr>>::get(keeping, no_deadline());
    if (!*kept) co_return kept->error();
    const suite_state_ptr next = **kept;

    const auto brought = co_await bring_indices(in, next);
    if (!brought)
        co_return brought.error().in("the new state of suite '" + in->name() +
                                     "' is not complete, the previous one stays");
    auto switching = offload(parts_.pool, [in, next, this] { return switch_to(*in, next); });
    const auto switched = co_await outcome<result<void>>::get(switching, no_deadline());
    if (!*switched) {
        // What this suite takes for its states is not what the refs say.
        if (switched->error().code() == errc::conflict) in->forget();
        co_return switched->error();
    }
    in->push(next);
    in->upstream_modified(as_validator(upstream_modified, parts_.clock.now()));
    parts_.counts.suites_switched.add();
    ++parts_.generation;
    parts_.log.write(log_level::info, "suite switched to a newer state",
                     {{"archive", name()},
                      {"suite", in->name()},
                      {"snapshot", next->id().hex()},
                      {"date", format_iso(next->release().date)}});
    if (next->release().left_out > 0)
        parts_.log.write(
            log_level::warn, "its Release has entries that cannot be used, which were left out",
            {{"archive", name()}, {"suite", in->name()}, {"entries", std::to_string(next->release().left_out)}});
    co_return result<void>{};
}

/// Asks the mirrors in turn until one has something acceptable. Nothing: what is here is the latest.
awaitable<result<std::optional<archive::candidate>>> archive::find_candidate(std::shared_ptr<suite> in) {
    // What is published here is what there is.
    if (options_.local && in->current()) co_return std::optional<candidate>{};
    if (options_.local) co_return error{errc::absent, "archive '" + name() + "' has no pocket '" + in->name() + "'"};
    const auto since = all_here(in->current()) ? in->upstream_modified() : std::nullopt;
    std::vector<std::size_t> excluded;
    std::optional<error> first_trouble;
    while (excluded.size() < mirrors_->urls.size()) {
        auto got = co_await fetch_signed_text(in, since, excluded);
        if (!got) {
            co_return first_trouble ? *first_trouble : got.error();
        }
        if (got->unchanged) co_return std::optional<candidate>{};
        if (is_current(*in, *got)) {
            in->upstream_modified(as_validator(got->upstream_modified, parts_.clock.now()));
            co_return std::optional<candidate>{};
        }
        auto work = std::make_shared<candidate>(std::move(*got));
        auto checking = offload(parts_.pool, [in, work, this]() -> result<void> {
            const auto verified = work->in_release.empty() ? verifier_->detached(work->release, work->release_gpg)
                                                           : verifier_->inline_signed(work->in_release);
            if (!verified) return verified.error();
            LARDER_TRY(work->parsed, index::parse_release(*verified));
            work->text = verified->text();
            work->signers = verified->signers();
            return acceptable(*in, *work);
        });
        const auto checked = co_await outcome<result<void>>::get(checking, no_deadline());
        if (*checked) co_return std::optional<candidate>{std::move(*work)};
        auto why = checked->error().in(core::join(mirrors_->urls[work->mirror], in->folder()));
        parts_.log.write(log_level::warn, "release file refused: " + why.message(),
                         {{"archive", name()}, {"suite", in->name()}});
        if (!first_trouble) first_trouble = std::move(why);
        excluded.push_back(work->mirror);
    }
    co_return first_trouble ? *first_trouble : error{errc::upstream_down, "archive '" + name() + "' has no mirror"};
}

awaitable<result<archive::candidate>> archive::fetch_signed_text(std::shared_ptr<suite> in,
                                                                 std::optional<sys_seconds> since,
                                                                 std::vector<std::size_t> excluded) {
    candidate c;
    const auto take = [&c, this](document& d) {
        c.upstream_modified = d.modified;
        c.modified = d.modified.value_or(parts_.clock.now());
        c.mirror = d.mirror;
        c.url = d.url;
    };
    auto signed_text = co_await parts_.hub.ask(mirrors_, in->file("InRelease"), since, most_release, excluded);
    if (signed_text) {
        take(*signed_text);
        c.unchanged = signed_text->status == 304;
        c.in_release = std::move(signed_text->body);
        co_return c;
    }
    if (signed_text.error().code() != errc::absent) co_return signed_text.error();
    // Only a 404 sends apt, and so us, to the older pair of files.
    auto release = co_await parts_.hub.ask(mirrors_, in->file("Release"), std::nullopt, most_release, excluded);
    if (!release) co_return release.error();
    take(*release);
    std::vector<std::size_t> others;
    for (std::size_t i = 0; i < mirrors_->urls.size(); ++i)
        if (i != c.mirror) others.push_back(i);
    auto signature = co_await parts_.hub.ask(mirrors_, in->file("Release.gpg"), std::nullopt, most_release, others);
    if (!signature) co_return signature.error();
    c.release = std::move(release->body);
    c.release_gpg = std::move(signature->body);
    c.signature_url = std::move(signature->url);
    c.upstream_modified.reset();  // of two files; no single date asks for both
    co_return c;
}

bool archive::all_here(const suite_state_ptr& state) const {
    if (!state) return false;
    const auto& manifest = state->manifest();
    for (const auto& file :
         {std::optional{manifest.text}, manifest.in_release, manifest.release, manifest.release_gpg}) {
        if (!file) continue;
        const auto info = parts_.store.objects().find(file->content);
        if (!info || !*info) return false;
    }
    return true;
}

/// Whether upstream sent what the current state consists of, and all of that is here.
bool archive::is_current(const suite& in, const candidate& c) const {
    const auto current = in.current();
    if (!all_here(current)) return false;
    const auto same = [](const std::optional<stored_file>& file, const std::string& bytes) {
        return file ? file->content == sha256(bytes) : bytes.empty();
    };
    const auto& manifest = current->manifest();
    return same(manifest.in_release, c.in_release) && same(manifest.release, c.release) &&
           same(manifest.release_gpg, c.release_gpg);
}

result<void> archive::acceptable(const suite& in, const candidate& c) const {
    const auto now = parts_.clock.now();
    const auto& next = c.parsed;
    // apt only warns of it, and a mirror could show one suite as another; but some archives are just so.
    if (options_.check_suite && !index::matches_suite(next, in.name()))
        return error{errc::refused, "it is the Release of suite '" + printable(next.suite, 60) + "' (" +
                                        printable(next.codename, 60) + "), not of '" + in.name() +
                                        "'; if this archive misnames its suites, set check_suite = false for it"};
    if (next.date > now + most_future)
        return error{errc::refused,
                     "its Date, " + format_iso(next.date) + ", is in the future; is this machine's clock right?"};
    if (options_.check_valid_until && next.valid_until && *next.valid_until < now)
        return error{errc::stale, "it was valid until " + format_iso(*next.valid_until) + "; no client would take it"};
    if (const auto newest = in.newest(); newest && next.date < *newest)
        return error{errc::stale, "its Date, " + format_iso(next.date) + ", is before that of the state here, " +
                                      format_iso(*newest) + ": a mirror that lags, or a replay"};
    return {};
}

/// Makes the objects of a new state. Nothing refers to them yet.
result<suite_state_ptr> archive::keep(const suite& in, candidate c) {
    auto& objects = parts_.store.objects();
    // Last-Modified is apt's only validator: it must not stay, nor go back, when the content changed.
    auto modified = c.modified;
    if (const auto current = in.current()) {
        const auto& before = current->manifest();
        const auto shown = before.in_release ? before.in_release : before.release;
        LARDER_TRY(const auto info, shown ? objects.find(shown->content) : std::optional<store::object_info>{});
        if (info && modified <= info->modified) modified = info->modified + 1s;
    }
    state_manifest manifest;
    manifest.archive = name();
    manifest.suite = in.name();
    manifest.date = c.parsed.date;
    manifest.signers = std::move(c.signers);
    const auto from = [&](const char* file, const std::string& url) {
        return store::provenance{store::arrival::fetched, parts_.clock.now(), name(), in.file(file), {url}};
    };
    LARDER_TRY(manifest.text,
               put(objects, c.text, modified, from(c.in_release.empty() ? "Release" : "InRelease", c.url)));
    if (!c.in_release.empty()) {
        LARDER_TRY(manifest.in_release, put(objects, c.in_release, modified, from("InRelease", c.url)));
    } else {
        LARDER_TRY(manifest.release, put(objects, c.release, modified, from("Release", c.url)));
        LARDER_TRY(manifest.release_gpg, put(objects, c.release_gpg, modified, from("Release.gpg", c.signature_url)));
    }
    LARDER_TRY(const auto id, objects.put(manifest.write(), modified));
    // Until the ref names them they are in the cache like any other, perhaps for long; gc takes the
    // least recently used.
    for (const auto& file : {std::optional{manifest.text}, manifest.in_release, manifest.release, manifest.release_gpg})
        if (file) parts_.store.known().used(file->content, parts_.clock.now());
    parts_.store.known().used(id, parts_.clock.now());
    return std::make_shared<const suite_state>(id, std::move(manifest), std::move(c.parsed));
}

/// The files of the next state that must be here before a client is told of it: what clients of the
/// current one have used, in its new form.
archive::needs archive::used_files(const suite& in, const suite_state& next) const {
    needs all;
    const auto current = in.current();
    if (!current) return all;
    const auto oldest = parts_.clock.now() - in_use;
    for (const auto& file : current->release().files) {
        const auto content = object_of(file);
        if (!content) continue;
        const auto here = parts_.store.objects().find(*content);
        if (!here || !*here) continue;
        const auto used = parts_.store.known().last_use(*content);
        if (used && *used && **used < oldest) continue;
        const auto* now = next.by_path(file.path);
        if (now == nullptr) continue;
        if (!now->sha256) {
            all.wide.push_back(ask_by_sha512{in.name(), *now, paths_of(in, next, *now)});
            continue;
        }
        const auto others = other_forms(in, next, *now);
        auto& forms = all.orders.emplace_back();
        forms.push_back(fetch_order{*now->sha256, now->size, paths_of(in, next, *now), mirrors_, true,
                                    store::arrival::fetched, next.id()});
        for (const auto& other : others) forms.push_back(other.order);
        if (auto index = wanted(in, next, *now)) {
            index->also = others;
            all.indices.push_back(std::move(*index));
        }
    }
    return all;
}

/// Brings what clients use; that must succeed. What only the configuration asks for is begun beside it,
/// and waited for where there is a state that serves clients meanwhile; when it cannot be had, nobody
/// could have used it.
awaitable<result<void>> archive::bring_indices(std::shared_ptr<suite> in, suite_state_ptr next) {
    auto used = used_files(*in, *next);
    std::vector<std::shared_ptr<outcome<result<void>>>> configured;
    if (!options_.components.empty() || !options_.architectures.empty())
        for (const auto& index : indices_in(*in, *next, options_.components, options_.architectures)) {
            const auto known = parts_.store.known().knows_index(name(), index.key);
            if (known && !*known) configured.push_back(start_learning(index));
        }
    const auto begin = [this](const fetch_order& order) -> std::shared_ptr<flight> {
        const auto here = parts_.store.objects().find(order.content);
        return here && *here ? nullptr : parts_.hub.get(order);
    };
    std::vector<std::shared_ptr<flight>> flights;
    for (const auto& forms : used.orders) flights.push_back(begin(forms.front()));
    for (std::size_t i = 0; i < flights.size(); ++i) {
        const auto& forms = used.orders[i];
        // Where upstream lacks one compression clients take the next, and so does this.
        for (std::size_t form = 0; flights[i];) {
            const auto state = co_await flight::beyond(flights[i], store::unknown_size, no_deadline());
            if (state->now != flight::state::phase::failed) break;
            if (state->why.code() != errc::absent || ++form == forms.size()) co_return state->why;
            flights[i] = begin(forms[form]);
        }
    }
    for (const auto& one : used.wide) {
        const auto named = co_await name_by_sha512(one, no_deadline());
        if (!named) co_return named.error();
    }
    const auto learnt = co_await learn(std::move(used.indices), no_deadline());
    if (!learnt) co_return learnt.error();
    auto known_before = offload(parts_.pool, [in, next, this] { return returning(*in, *next); });
    const auto again = co_await outcome<std::vector<index_wanted>>::get(known_before, no_deadline());
    const auto relearnt = co_await learn(*again, no_deadline());
    if (!relearnt) co_return relearnt.error();
    if (in->current())
        for (const auto& one : configured) co_await outcome<result<void>>::get(one, no_deadline());
    co_return result<void>{};
}

/// The one visible step.
result<void> archive::switch_to(const suite& in, suite_state_ptr next) {
    auto& refs = parts_.store.refs();
    const auto current_name = in.ref(name());
    const auto value = next->id().hex();
    auto history_name = in.history_prefix(name()) + format_timestamp(next->release().date);
    // gc looks at the refs again when they changed, so what is here now stays.
    const std::lock_guard lock{parts_.refs_mutex};
    if (retired_) return error{errc::cancelled, "the configuration of archive '" + name() + "' has changed meanwhile"};
    if (!all_here(next))
        return error{errc::conflict, "an object of the new state of suite '" + in.name() + "' was removed meanwhile"};
    LARDER_TRY(const auto current, refs.get(current_name));
    // It was judged against that state, and against no other.
    if ((current ? current->value : std::string{}) != in.ref_value())
        return error{errc::conflict, "the state of suite '" + in.name() + "' was changed meanwhile"};
    LARDER_TRY(auto past, refs.get(history_name));
    if (past && past->value != value) {
        // Another state with the same Date: signed anew.
        history_name += "." + value.substr(0, 8);
        LARDER_TRY(past, refs.get(history_name));
    }
    ++parts_.refs_changed;
    return refs.change(
        {{current_name, current ? current->version : 0, value}, {history_name, past ? past->version : 0, value}});
}

awaitable<result<void>> archive::companions(std::string suite_name, steady_point deadline) {
    const auto in = find_suite(suite_name);
    if (!in || !in->current()) co_return error{errc::upstream_down, "suite '" + suite_name + "' is not known here"};
    std::shared_ptr<outcome<result<void>>> attempt;
    bool begin = false;
    {
        const std::lock_guard lock{in->companions_mutex()};
        begin = !in->companions_attempt;
        if (begin) in->companions_attempt = std::make_shared<outcome<result<void>>>();
        attempt = in->companions_attempt;
    }
    // Not under the mutex: on the loop itself it runs at once, and may end before this returns.
    if (begin) {
        auto run = run_companions(shared_from_this(), in);
        asio::co_spawn(parts_.loop, std::move(run), asio::detached);
    }
    const auto done = co_await outcome<result<void>>::get(attempt, deadline);
    if (!done)
        co_return error{errc::timeout, "suite '" + suite_name + "': upstream has not sent its Release files yet"};
    co_return *done;
}

awaitable<void> archive::run_companions(std::shared_ptr<archive> me, std::shared_ptr<suite> in) {
    result<void> how{error{errc::io, "did not run"}};
    std::string broken;
    try {
        how = co_await me->fetch_companions(in);
    } catch (const std::exception& e) {
        broken = e.what();
    }
    if (!broken.empty()) how = error{errc::io, broken};
    std::shared_ptr<outcome<result<void>>> attempt;
    {
        const std::lock_guard lock{in->companions_mutex()};
        attempt = std::move(in->companions_attempt);
        in->companions_attempt.reset();
    }
    attempt->set(how);
}

awaitable<result<void>> archive::fetch_companions(std::shared_ptr<suite> in) {
    const auto state = in->current();
    const std::vector<std::size_t> none;
    auto release = co_await parts_.hub.ask(mirrors_, in->file("Release"), std::nullopt, most_release, none);
    if (!release) co_return release.error();
    auto signature = co_await parts_.hub.ask(mirrors_, in->file("Release.gpg"), std::nullopt, most_release, none);
    if (!signature) co_return signature.error();
    auto work = std::make_shared<std::pair<document, document>>(std::move(*release), std::move(*signature));
    auto checking = offload(parts_.pool, [this, in, state, work]() -> result<void> {
        LARDER_TRY(const auto verified, verifier_->detached(work->first.body, work->second.body));
        LARDER_TRY(const auto parsed, index::parse_release(verified));
        if (parsed.date != state->release().date)
            return error{errc::upstream_down, "upstream's Release of suite '" + in->name() +
                                                  "' is not that of its InRelease; its mirrors are being updated"};
        const auto modified = work->first.modified.value_or(parsed.date);
        const auto prefix = "companion/" + state->id().hex() + "/";
        const auto from = [&](const char* file, const document& got) {
            return store::provenance{store::arrival::fetched, parts_.clock.now(), name(),
                                     in->file(file),          {got.url},          state->id()};
        };
        auto& objects = parts_.store.objects();
        LARDER_TRY(const auto text, put(objects, work->first.body, modified, from("Release", work->first)));
        LARDER_TRY(const auto armour, put(objects, work->second.body, modified, from("Release.gpg", work->second)));
        LARDER_CHECK(parts_.store.known().put_note(prefix + "Release", text.content.hex()));
        return parts_.store.known().put_note(prefix + "Release.gpg", armour.content.hex());
    });
    const auto checked = co_await outcome<result<void>>::get(checking, no_deadline());
    co_return *checked;
}

}  // namespace larder::net
