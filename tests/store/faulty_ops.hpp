#pragma once

#include "file_ops.hpp"
#include <atomic>
#include <cerrno>

namespace larder::test {

/// The system calls of objects, counted; from some point on they fail as told.
class faulty_ops : public store::file_ops {
public:
    enum class then { work_again, stay_broken };

    /// The n-th call from now (from 1) fails with `code`.
    void fail(int n, int code, then after) {
        calls = 0;
        at_ = n;
        code_ = code;
        after_ = after;
    }
    /// As on a file system without O_TMPFILE.
    bool no_nameless = false;
    /// As on btrfs, where such a file's fsync does not count.
    bool nameless_are_lost = false;

    mutable std::atomic<int> calls{0};
    mutable std::atomic<int> file_syncs{0};
    mutable std::atomic<int> folder_syncs{0};
    mutable std::atomic<int> full_syncs{0};

    int open_nameless(int folder) const override {
        if (no_nameless) return errno = EOPNOTSUPP, -1;
        return broken() ? -1 : file_ops::open_nameless(folder);
    }
    bool nameless_are_durable(int folder) const override {
        return !nameless_are_lost && file_ops::nameless_are_durable(folder);
    }
    int open_named(int folder, const char* name) const override {
        return broken() ? -1 : file_ops::open_named(folder, name);
    }
    ssize_t write_at(int fd, const char* bytes, std::size_t size, std::uint64_t offset) const override {
        if (!broken()) return file_ops::write_at(fd, bytes, size, offset);
        // As a full disk does: some of it still went in.
        const int code = errno;
        (void)file_ops::write_at(fd, bytes, size / 2, offset);
        return errno = code, -1;
    }
    int truncate(int fd) const override { return broken() ? -1 : file_ops::truncate(fd); }
    int set_modified(int fd, sys_seconds when) const override {
        return broken() ? -1 : file_ops::set_modified(fd, when);
    }
    int sync_file(int fd) const override {
        ++file_syncs;
        return broken() ? -1 : file_ops::sync_file(fd);
    }
    int sync_folder(int parent, const char* name) const override {
        ++folder_syncs;
        return broken() ? -1 : file_ops::sync_folder(parent, name);
    }
    int sync_all(int fd) const override {
        ++full_syncs;
        return broken() ? -1 : file_ops::sync_all(fd);
    }
    int link_nameless(int fd, int folder, const char* name) const override {
        return broken() ? -1 : file_ops::link_nameless(fd, folder, name);
    }
    int rename(int from, const char* old_name, int to, const char* name) const override {
        return broken() ? -1 : file_ops::rename(from, old_name, to, name);
    }
    int unlink(int folder, const char* name) const override { return broken() ? -1 : file_ops::unlink(folder, name); }

private:
    bool broken() const {
        const int n = ++calls;
        const bool fails = n == at_ || (n > at_ && at_ != 0 && after_ == then::stay_broken);
        if (fails) errno = code_;
        return fails;
    }
    std::atomic<int> at_{0};
    std::atomic<int> code_{0};
    std::atomic<then> after_{then::work_again};
};

}  // namespace larder::test
