#include "archive_paths.hpp"
#include "index_reader.hpp"
#include "kept_chunks.hpp"
#include "suite.hpp"
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

// Indices that are kept as chunks only: how clients, and the archive itself, get them.

namespace larder::net {
namespace {

/// For so long a form that upstream did not have is not asked for again, nor chunks that could not be joined.
constexpr std::chrono::minutes rest{10};
constexpr std::size_t most_tried = 10'000;

constexpr std::string_view pdiff_mark = ".diff/Index";

}  // namespace

bool archive::is_tried(const digest& content) const {
    const std::lock_guard lock{mutex_};
    const auto found = tried_.find(content);
    return found != tried_.end() && found->second > std::chrono::steady_clock::now();
}

void archive::note_tried(const digest& content) {
    const std::lock_guard lock{mutex_};
    if (tried_.size() >= most_tried) tried_.clear();
    tried_.insert_or_assign(content, std::chrono::steady_clock::now() + rest);
}

void archive::not_to_be_had(const digest& form) { note_tried(form); }

bool archive::any_form_here(const suite_state& state, std::string_view stem) const {
    for (const auto& file : state.release().files) {
        if (!file.sha256 || index::without_compression(file.path) != stem) continue;
        const auto here = parts_.store.objects().find(*file.sha256);
        if (here && *here) return true;
    }
    return false;
}

resolution archive::or_from_chunks(const suite_state& state, const index::release_file& file, resolution what) const {
    auto* const fetch = std::get_if<fetch_object>(&what);
    if (fetch == nullptr) return what;
    const auto stem = index::without_compression(file.path);
    // Patches lead to an index that clients then ask for by its other forms: none are promised that may not be had.
    const bool patches = stem.ends_with(pdiff_mark);
    const auto of = patches ? stem.substr(0, stem.size() - pdiff_mark.size()) : stem;
    const auto* plain = plain_form(state, of);
    if (plain == nullptr || !has_chunks(parts_.store.refs(), *plain->sha256) || is_tried(*plain->sha256)) return what;
    if (patches) {
        if (any_form_here(state, of)) return what;
        return error{errc::absent, file.path + ": the patches of this state are not kept, but all of the index is"};
    }
    if (&file == plain || options_.local) return join_chunks{*plain->sha256, *file.sha256};
    if (is_tried(*file.sha256))
        return error{errc::absent,
                     file.path + ": it could not be had from upstream, but its uncompressed form is here"};
    fetch->other_form = true;
    return what;
}

bool archive::is_readable(const index_wanted& index) const {
    const auto here = parts_.store.objects().find(index.order.content);
    if (here && *here) return true;
    return index.base.empty() && !is_tried(index.key) && has_chunks(parts_.store.refs(), index.key);
}

awaitable<result<void>> archive::join(join_chunks what, steady_point deadline) {
    const auto key = sha256("chunks " + what.form.hex());
    const auto [running, begin] = begin_or_join(key);
    if (begin) {
        auto run = run_join(shared_from_this(), what, key, running);
        asio::co_spawn(parts_.loop, std::move(run), asio::detached);
    }
    const auto done = co_await outcome<result<void>>::get(running, deadline);
    if (!done) co_return error{errc::timeout, "an index is still being put together; try again"};
    co_return *done;
}

awaitable<void> archive::run_join(std::shared_ptr<archive> me, join_chunks what, digest key,
                                  std::shared_ptr<outcome<result<void>>> done) {
    result<void> how{error{errc::io, "did not run"}};
    std::string broken;
    try {
        auto joining =
            offload(me->parts_.pool, [me, what] { return join_to_object(me->parts_.store, what.content, what.form); });
        const auto joined = co_await outcome<result<void>>::get(joining, no_deadline());
        how = *joined;
    } catch (const std::exception& e) {
        broken = e.what();
    }
    if (!broken.empty()) how = error{errc::io, broken};
    if (how) {
        me->parts_.store.known().used(what.form, me->parts_.clock.now());
    } else {
        me->note_tried(what.content);
        me->parts_.log.write(
            log_level::error,
            "an index could not be put together: " + how.error().message() + "; larder doctor mends it where it can",
            {{"archive", me->name()}, {"object", what.content.hex()}});
    }
    {
        const std::lock_guard lock{me->mutex_};
        me->learning_.erase(key);
    }
    done->set(how);
}

result<std::uint64_t> archive::keep_chunks_of(const index_wanted& index) {
    std::vector<digest> like;
    const auto stem = index::without_compression(index.path);
    for (const auto& one : known_suites())
        for (const auto& state : one->states())
            for (const auto& file : state->release().files)
                if (file.sha256 && one->file(file.path) == stem) like.push_back(*file.sha256);
    // learn() may have taken another form of it.
    auto forms = index.also;
    const index_form wanted_first{index.order, index.path};
    forms.insert(forms.begin(), wanted_first);
    for (const auto& form : forms) {
        LARDER_TRY(const auto here, parts_.store.objects().find(form.order.content));
        if (here) return keep_as_chunks(parts_, index.key, form.order.content, form.path, like);
    }
    return std::uint64_t{0};
}

awaitable<void> archive::keep_former(std::shared_ptr<archive> me, index_wanted index) {
    if (!is_kept_as_chunks(index.path)) co_return;
    const auto path = index.path;
    auto keeping = offload(me->parts_.pool, [me, index = std::move(index)] { return me->keep_chunks_of(index); });
    const auto kept = co_await outcome<result<std::uint64_t>>::get(keeping, no_deadline());
    if (!*kept)
        me->parts_.log.write(log_level::warn, "index not kept as chunks: " + kept->error().message(),
                             {{"archive", me->name()}, {"index", path}});
}

}  // namespace larder::net
