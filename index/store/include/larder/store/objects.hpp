#pragma once

#include <cstdint>
#include <functional>
#include <larder/base/clock.hpp>
#include <larder/base/digest.hpp>
#include <larder/base/file.hpp>
#include <larder/base/result.hpp>
#include <larder/store/fetches.hpp>
#include <memory>
#include <optional>
#include <string>

namespace larder::store {

/// What is known of a stored object without reading it.
struct object_info {
    std::uint64_t size = 0;
    /// What Last-Modified says of it: upstream's own date where it sent one. Stable for the life of
    /// the object (it is the file's mtime), because apt's resume compares it exactly.
    sys_seconds modified{};
};

/// Bytes on their way into the store: a temporary file in the store's own file system and a running
/// SHA-256. Nothing of it is visible as an object before object_store::commit; a destroyed one
/// leaves nothing behind. One writer; other threads may read the file through their own use of
/// `fd()` with pread/sendfile up to a size the writer told them.
class incoming {
public:
    virtual ~incoming() = default;

    /// Appends to the file and the hash. `full` when the disk is; the caller gives up then.
    virtual result<void> append(std::string_view bytes) = 0;
    /// Bytes so far.
    virtual std::uint64_t size() const noexcept = 0;
    /// For readers that follow the file; owned by this object and valid as long as it lives.
    virtual int fd() const noexcept = 0;
    /// The SHA-256 of all that was appended; nothing may be appended after it.
    virtual digest finish() = 0;
    /// Back to an empty file and a new hash (a transfer that starts again from another mirror).
    virtual result<void> restart() = 0;
};

/// Where objects live: bytes named by their SHA-256, that never change. All calls are thread-safe
/// and may block on the disk.
class object_store {
public:
    virtual ~object_store() = default;

    /// Nothing when it is not here. One fstatat on one machine: cheap enough for every request.
    virtual result<std::optional<object_info>> find(const digest&) const = 0;
    /// A descriptor to read it with; `absent` when it is not here. Stays readable when the object is
    /// removed meanwhile.
    virtual result<unique_fd> open(const digest&) const = 0;
    /// The whole object; `digest_mismatch` when its bytes are damaged, `too_large` over the limit.
    virtual result<std::string> read(const digest&, std::uint64_t limit = 1ULL << 30) const = 0;

    /// A new temporary file. `full` when the disk is.
    virtual result<std::unique_ptr<incoming>> begin() = 0;

    using committed = std::function<void(result<digest>)>;
    /// Makes an incoming file an object, durably, and then calls `done` once, on the store's own
    /// thread (it must not block): data fsynced, name linked, folder fsynced; commits that arrive
    /// together share their fsyncs. `done` gets `digest_mismatch` (and nothing is kept) when the
    /// bytes are not `expected`. An object that exists already keeps its `modified`, and gets these
    /// bytes in its place: so a damaged one is healed. Only files of this store's own begin(). `from` goes into
    /// the fetch log.
    virtual void commit(std::unique_ptr<incoming> file, const digest& expected, sys_seconds modified, committed done,
                        std::optional<provenance> from = {}) = 0;
    struct arrival {
        std::unique_ptr<incoming> file;
        digest expected{};
        sys_seconds modified{};
        committed done;
    };
    /// commit() of several at once, which share their fsyncs however idle the store is.
    virtual void commit_together(std::vector<arrival>) = 0;
    /// begin, append, commit and wait, for bytes that are in memory. An object that is here, whole, is
    /// not written again, and gets no entry in the log.
    virtual result<digest> put(std::string_view bytes, sys_seconds modified, std::optional<provenance> from = {}) = 0;

    /// Forgets an object. One that is not here is fine. Not fsynced: a loss of power may bring it back.
    virtual result<void> remove(const digest&) = 0;
    /// Moves a damaged object to the folder `damaged/` for a person to look at; it is no longer here.
    /// One that is not here is fine: of two who find the same damage one comes second.
    virtual result<void> set_aside(const digest&) = 0;
    /// Calls `seen` for every object, in no order; stops early when it returns false.
    virtual result<void> for_each(const std::function<bool(const digest&, const object_info&)>& seen) const = 0;
};

/// Objects as files below `folder`: objects/ab/cdef…, incoming/ (emptied at opening: what was left
/// there by a crash is no object), damaged/. Needs the caller to hold the store's lock
/// (store::open does).
result<std::unique_ptr<object_store>> open_file_objects(const std::string& folder);

}  // namespace larder::store
