#pragma once

#include <cstddef>
#include <cstdint>
#include <larder/base/clock.hpp>
#include <sys/types.h>

namespace larder::store {

/// The system calls that change something on disk on behalf of objects, each answering as the call
/// does (-1 and errno). They are virtual for one reason: a test fails the n-th of them, or counts
/// them. Stateless and thread-safe.
class file_ops {
public:
    virtual ~file_ops() = default;

    /// A file without a name in `folder` (O_TMPFILE), for reading and writing.
    virtual int open_nameless(int folder) const;
    /// Whether an fsync of such a file counts here: whether it is whole after a loss of power, once it was
    /// given a name and that was made durable.
    virtual bool nameless_are_durable(int folder) const;
    /// A new file `name` in `folder`, for reading and writing.
    virtual int open_named(int folder, const char* name) const;
    virtual ssize_t write_at(int fd, const char* bytes, std::size_t size, std::uint64_t offset) const;
    virtual int truncate(int fd) const;
    virtual int set_modified(int fd, sys_seconds) const;
    /// Of several files that are synced one after the other, so that the disk has them all at once.
    virtual void start_writing(int fd) const;
    virtual int sync_file(int fd) const;
    virtual int sync_folder(int parent, const char* name) const;
    /// Everything that was written to the file system of `fd`, files and names alike.
    virtual int sync_all(int fd) const;
    /// Gives a nameless file a name; EEXIST when the name is taken.
    virtual int link_nameless(int fd, int folder, const char* name) const;
    virtual int rename(int from_folder, const char* from, int to_folder, const char* to) const;
    virtual int unlink(int folder, const char* name) const;
};

/// The calls themselves.
const file_ops& real_file_ops() noexcept;

}  // namespace larder::store
