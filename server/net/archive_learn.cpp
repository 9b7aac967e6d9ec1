#include "index_reader.hpp"
#include "kept_chunks.hpp"
#include "suite.hpp"
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

// Reading indices into the catalogue: once for each content, however many ask.

namespace larder::net {
namespace {

/// An index that could not be had is not asked for again this long.
constexpr std::chrono::seconds rest_after_failure{30};

}  // namespace

awaitable<result<void>> archive::learn(std::vector<index_wanted> indices, steady_point deadline) {
    std::vector<std::shared_ptr<outcome<result<void>>>> running;
    for (const auto& index : indices) running.push_back(start_learning(index));
    result<void> all;
    for (const auto& one : running) {
        const auto done = co_await outcome<result<void>>::get(one, deadline);
        if (!done) co_return error{errc::timeout, "an index of archive '" + name() + "' is still on its way"};
        // A broken index counts for more than one that upstream does not have.
        if (!*done && (all || all.error().code() == errc::absent)) all = done->error();
    }
    co_return all;
}

std::shared_ptr<outcome<result<void>>> archive::start_learning(const index_wanted& index) {
    auto [running, begin] = begin_or_join(index.key);
    if (begin) {
        auto run = run_learn(shared_from_this(), index, running);
        asio::co_spawn(parts_.loop, std::move(run), asio::detached);
    }
    return running;
}

/// What is under way for this key; the caller must run it where it is new, and must hold no mutex then:
/// on the loop itself a coroutine that is spawned runs at once, and may end before that returns.
std::pair<std::shared_ptr<outcome<result<void>>>, bool> archive::begin_or_join(const digest& key) {
    const std::lock_guard lock{mutex_};
    auto& slot = learning_[key];
    const bool begin = !slot;
    if (begin) slot = std::make_shared<outcome<result<void>>>();
    return {slot, begin};
}

awaitable<void> archive::run_learn(std::shared_ptr<archive> me, index_wanted index,
                                   std::shared_ptr<outcome<result<void>>> done) {
    result<void> how{error{errc::io, "did not run"}};
    std::string broken;
    try {
        how = co_await me->learn_one(index);
    } catch (const std::exception& e) {
        broken = e.what();
    }
    if (!broken.empty()) how = error{errc::io, broken};
    if (!how)
        me->parts_.log.write(how.error().code() == errc::absent ? log_level::debug : log_level::warn,
                             "index not read: " + how.error().message(),
                             {{"archive", me->name()}, {"index", index.path}});
    me->note_reading(index, how);
    ++me->parts_.generation;
    done->set(how);
    if (how && index.former) co_await keep_former(me, std::move(index));
}

void archive::note_reading(const index_wanted& index, const result<void>& how) {
    const std::lock_guard lock{mutex_};
    learning_.erase(index.key);
    if (how) {
        unreadable_.erase(index.key);
        // Perhaps from another compression of it.
        std::erase_if(broken_indices_, [&](const auto& one) { return one.second.key == index.key; });
        return;
    }
    const auto now = std::chrono::steady_clock::now();
    std::erase_if(unreadable_, [now](const auto& one) { return one.second.first <= now; });
    unreadable_.insert_or_assign(index.key, std::pair{now + rest_after_failure, how.error()});
    // One that upstream does not have is ordinary; clients take another form of it.
    if (how.error().code() != errc::absent)
        broken_indices_.insert_or_assign(index.path, broken_index{index.key, how.error()});
}

/// Of the first index of this state that could not be read; empty when all that was tried could be.
std::string archive::index_error(const suite& in, const suite_state& state) const {
    const std::lock_guard lock{mutex_};
    for (const auto& [path, broken] : broken_indices_) {
        const auto prefix = in.file("");
        const auto* file = path.starts_with(prefix) ? state.by_path(path.substr(prefix.size())) : nullptr;
        const auto index = file != nullptr ? describe(in, state, *file) : std::nullopt;
        // Of a former state it is of no interest any more.
        if (index && index->key == broken.key) return broken.why.in(path).message();
    }
    return {};
}

/// Brings an index, or as apt does the next compression of it where upstream lacks one.
awaitable<result<void>> archive::learn_one(index_wanted index) {
    for (std::size_t next = 0; !is_readable(index); ++next) {
        const auto brought = co_await bring(index.order);
        if (brought) break;
        if (brought.error().code() != errc::absent || next == index.also.size()) co_return brought.error();
        index.order = index.also[next].order;
        index.path = index.also[next].path;
    }
    auto reading = offload(parts_.pool, [this, index] { return read_index(parts_.store, name(), index); });
    const auto read = co_await outcome<result<std::uint64_t>>::get(reading, no_deadline());
    if (!*read) {
        // Damaged chunks are not tried again for a while, and the index is asked of upstream.
        const auto whole = parts_.store.objects().find(index.order.content);
        if (whole && !*whole) note_tried(index.key);
        co_return read->error();
    }
    if (**read > 0)
        parts_.log.write(log_level::warn, "stanzas of an index cannot be used, their files are not served",
                         {{"archive", name()}, {"index", index.path}, {"stanzas", std::to_string(**read)}});
    co_return result<void>{};
}

awaitable<result<void>> archive::name_by_sha512(ask_by_sha512 what, steady_point deadline) {
    const auto key = sha256("sha512 " + what.file.sha512);
    const auto [running, begin] = begin_or_join(key);
    if (begin) {
        auto run = run_name(shared_from_this(), std::move(what), key, running);
        asio::co_spawn(parts_.loop, std::move(run), asio::detached);
    }
    const auto done = co_await outcome<result<void>>::get(running, deadline);
    if (!done) co_return error{errc::timeout, "a file of archive '" + name() + "' is still on its way"};
    co_return *done;
}

awaitable<void> archive::run_name(std::shared_ptr<archive> me, ask_by_sha512 what, digest key,
                                  std::shared_ptr<outcome<result<void>>> done) {
    result<void> how{error{errc::io, "did not run"}};
    std::string broken;
    try {
        how = co_await me->fetch_by_sha512(what);
    } catch (const std::exception& e) {
        broken = e.what();
    }
    if (!broken.empty()) how = error{errc::io, broken};
    {
        const std::lock_guard lock{me->mutex_};
        me->learning_.erase(key);
    }
    done->set(how);
}

/// Without a SHA-256 the object has no name to be fetched by, so it is taken into memory, checked by
/// its SHA-512 and then kept like any other; an index among them is read at once.
awaitable<result<void>> archive::fetch_by_sha512(ask_by_sha512 what) {
    if (const auto content = object_of(what.file)) {
        const auto here = parts_.store.objects().find(*content);
        if (here && *here) co_return result<void>{};
    }
    const std::vector<std::size_t> none;
    result<document> got{error{errc::absent, what.file.path + ": nowhere to ask for it"}};
    for (const auto& path : what.paths) {
        got = co_await parts_.hub.ask(mirrors_, path, std::nullopt, what.file.size, none);
        if (got || got.error().code() != errc::absent) break;
    }
    if (!got) co_return got.error();
    auto body = std::make_shared<document>(std::move(*got));
    auto keeping = offload(parts_.pool, [this, what, body] { return keep_by_sha512(what, *body); });
    const auto kept = co_await outcome<result<void>>::get(keeping, no_deadline());
    co_return *kept;
}

result<void> archive::keep_by_sha512(const ask_by_sha512& what, const document& body) {
    const auto& file = what.file;
    hasher wide{hash_kind::sha512};
    wide.update(body.body);
    if (body.body.size() != file.size || wide.finish_hex() != file.sha512)
        return error{errc::digest_mismatch, file.path + ": other bytes than its Release promises"};
    const auto now = parts_.clock.now();
    store::provenance from{store::arrival::fetched, now, name(), what.paths.back(), {body.url}};
    LARDER_TRY(const auto content, parts_.store.objects().put(body.body, body.modified.value_or(now), std::move(from)));
    parts_.store.known().used(content, parts_.clock.now());
    index_wanted index;
    index.kind = index::kind_of(file.path);
    index.path = what.paths.back();
    index.order = fetch_order{content, file.size, {index.path}, mirrors_};
    if (index.kind == index::index_kind::sha256sums || index.kind == index::index_kind::pdiff_index)
        index.base = index.path.substr(0, index.path.rfind('/'));
    index.key = index_key(content, index.base);
    if (index.kind != index::index_kind::none) LARDER_CHECK(read_index(parts_.store, name(), index));
    return parts_.store.known().put_note("sha512/" + file.sha512, content.hex());
}

/// The object that a Release names: by its SHA-256, or by its SHA-512 once that was fetched.
std::optional<digest> archive::object_of(const index::release_file& file) const {
    if (file.sha256) return *file.sha256;
    const auto note = parts_.store.known().get_note("sha512/" + file.sha512);
    if (!note || !*note) return std::nullopt;
    const auto content = digest::from_hex(**note);
    return content ? std::optional{*content} : std::nullopt;
}

void archive::arrived(const fetch_order& order) {
    // Of a former state whose other indices are kept as chunks already this one is to be kept, too.
    if (order.state && is_kept_as_chunks(order.paths.back()))
        offload(parts_.pool, [&parts = parts_, state = *order.state, path = order.paths.back()] {
            if (const auto noted = index_of_state_came(parts.store.known(), state); !noted)
                parts.log.write(log_level::warn, "index not kept as chunks: " + noted.error().message(),
                                {{"index", path}});
            return true;
        });
    const auto hex = order.content.hex();
    for (const auto& s : known_suites())
        for (const auto& state : s->states())
            if (const auto* file = state->by_hash("SHA256", hex))
                if (auto index = wanted(*s, *state, *file)) {
                    index->former = state != s->current();
                    return void(start_learning(*index));
                }
}

/// The indices of a new state that are known from a former one, and that the present one does not have.
std::vector<index_wanted> archive::returning(const suite& in, const suite_state& next) const {
    const auto present = in.current();
    std::map<digest, index_wanted> found;  // one file of each index: the compressions of it are the same
    if (!present) return {};
    for (const auto& file : next.release().files) {
        if (!file.sha256 || present->by_hash("SHA256", file.sha256->hex())) continue;
        auto index = describe(in, next, file);
        if (!index) continue;
        const auto known = parts_.store.known().knows_index(name(), index->key);
        if (!known || !*known) continue;
        index->again = true;
        const auto here = parts_.store.objects().find(*file.sha256);
        auto& slot = found[index->key];
        if (!slot.again || (here && *here)) slot = std::move(*index);
    }
    std::vector<index_wanted> all;
    for (auto& [key, index] : found) all.push_back(std::move(index));
    return all;
}

}  // namespace larder::net
