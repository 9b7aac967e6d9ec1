#pragma once

#include <boost/asio/thread_pool.hpp>
#include <larder/index/kinds.hpp>
#include <larder/net/fetch_hub.hpp>
#include <larder/net/log.hpp>
#include <larder/net/metrics.hpp>
#include <larder/net/waiting.hpp>
#include <larder/store/store.hpp>
#include <type_traits>

namespace larder::net {

/// A file that holds an index, in one of its compressions.
struct index_form {
    fetch_order order;
    std::string path;
};

/// An index that may name what somebody asks for.
struct index_wanted {
    fetch_order order;
    index::index_kind kind = index::index_kind::none;
    std::string path;  ///< below the archive's root, as the Release names it
    std::string base;  ///< what its own paths are relative to, below the archive's root
    digest key;        ///< index_key()
    /// Its other compressions, the smallest first, for an upstream that lacks this one.
    std::vector<index_form> also;
    /// Of a state that is not the current one any more: what it names stands behind what newer ones do.
    bool former = false;
    /// To be read although it is known: its archive went back to it, and what came between must not count.
    bool again = false;
};

/// What the catalogue knows an index by: `content` (of its uncompressed form where that is known, so that
/// every compression is one index), and the folder that its paths are relative to: the same SHA256SUMS in
/// two folders names two sets of files.
digest index_key(const digest& content, std::string_view base);

/// What the parts of a running engine share. Everything outlives the archives and the connections.
struct engine_parts {
    store::store& store;
    asio::io_context& loop;   ///< the upstream loop: one thread
    asio::thread_pool& pool;  ///< for what blocks: signatures, decompression, LMDB writes
    fetch_hub& hub;
    metrics& counts;
    logger& log;
    const wall_clock& clock;
    /// Grows whenever an answer that was right may not be any more (a suite switched, an object went,
    /// the configuration changed); caches of answers compare it.
    std::atomic<std::uint64_t>& generation;
    /// Held by whoever swings a ref to objects that are here, and by gc while it removes one. The count
    /// tells gc that what it knows to be referenced is out of date. Guarded by the mutex.
    std::mutex& refs_mutex;
    std::uint64_t& refs_changed;
};

/// Runs something that blocks on the pool; the outcome can be awaited on any loop.
template <class F>
auto offload(asio::thread_pool& pool, F job) {
    using value = std::invoke_result_t<F&>;
    auto done = std::make_shared<outcome<value>>();
    asio::post(pool, [done, job = std::move(job)]() mutable { done->set(job()); });
    return done;
}

}  // namespace larder::net
