#include "committer.hpp"
#include <array>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <sys/stat.h>
#include <unordered_set>

namespace larder::store {
namespace {

// So that the first of a long queue does not wait for the last.
constexpr std::size_t largest_batch = 512;
// From here on one syncfs for all is cheaper than an fsync each: every fsync flushes the disk's cache,
// and as folders are 256, commits hardly ever share one. Below, what others wrote would be waited for.
constexpr std::size_t sync_all_from = 8;

}  // namespace

committer::committer(const layout& at, arrival_sink arrived)
    : at_{at}, arrived_{std::move(arrived)}, thread_{[this] { run(); }} {}

committer::~committer() {
    {
        const std::lock_guard lock{mutex_};
        stopping_ = true;
    }
    wake_.notify_one();
    thread_.join();
}

void committer::add(std::vector<job> jobs) {
    {
        const std::lock_guard lock{mutex_};
        for (auto& one : jobs) queue_.push_back(std::move(one));
    }
    wake_.notify_one();
}

void committer::run() {
    for (;;) {
        auto batch = next_batch();
        if (batch.empty()) return;
        process(batch);
        for (auto& s : batch) {
            s.work.file.reset();
            s.work.done(std::move(s.outcome));
        }
    }
}

std::vector<committer::step> committer::next_batch() {
    std::unique_lock lock{mutex_};
    wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    std::vector<step> batch;
    std::unordered_set<digest, digest_hash> names;
    while (!queue_.empty() && batch.size() < largest_batch) {
        // The same object twice: the second goes into the next batch, where it finds the first and
        // keeps its date.
        if (!names.insert(queue_.front().expected).second) break;
        const auto expected = queue_.front().expected;
        batch.push_back({std::move(queue_.front()), expected, expected.bytes[0]});
        queue_.pop_front();
    }
    return batch;
}

void committer::process(std::vector<step>& batch) {
    for (auto& s : batch) check(s);
    sync_files(batch);
    for (auto& s : batch) publish(s);
    sync_folders(batch);
}

void committer::check(step& s) const {
    if (!s.work.file) return;
    const auto found = s.work.file->finish();
    if (found != s.work.expected) {
        s.outcome = error{errc::digest_mismatch, "the bytes received have the SHA-256 " + found.hex() +
                                                     ", but the index promises " + s.work.expected.hex()};
        return;
    }
    // An object that is here already keeps its date; its bytes are replaced, which costs little and
    // heals a damaged one.
    auto modified = s.work.modified;
    struct stat st {};
    if (::fstatat(at_.objects.get(), layout::object_name(found).c_str(), &st, AT_SYMLINK_NOFOLLOW) == 0)
        modified = sys_seconds{std::chrono::seconds{st.st_mtim.tv_sec}};
    if (at_.ops->set_modified(s.work.file->fd(), modified) != 0)
        s.outcome = errno_error(errno, "dating " + at_.object_path(found));
}

void committer::sync_files(std::vector<step>& batch) const {
    std::size_t files = 0;
    for (const auto& s : batch) files += s.work.file && s.outcome ? 1U : 0U;
    // When it fails, the fsyncs below find out whose file it was.
    if (files >= sync_all_from && at_.ops->sync_all(at_.root.get()) == 0) return;
    for (const auto& s : batch)
        if (files > 1 && s.work.file && s.outcome) at_.ops->start_writing(s.work.file->fd());
    for (auto& s : batch) {
        if (s.work.file && s.outcome && at_.ops->sync_file(s.work.file->fd()) != 0)
            s.outcome = errno_error(errno, "syncing " + at_.object_path(s.work.expected));
    }
}

void committer::publish(step& s) {
    if (!s.work.file || !s.outcome) return;
    // Before it has its name: what is here is never without an entry.
    if (s.work.from && arrived_) arrived_(*s.work.from, s.work.expected, s.work.file->size());
    durable_.reset(s.folder);
    if (auto named = s.work.file->publish(s.work.expected); !named) s.outcome = named.error();
}

void committer::sync_folders(std::vector<step>& batch) {
    std::bitset<256> touched;
    for (const auto& s : batch)
        if (s.outcome && !durable_[s.folder]) touched.set(s.folder);
    if (touched.count() >= sync_all_from && at_.ops->sync_all(at_.root.get()) == 0) {
        durable_ |= touched;
        return;
    }
    for (auto& s : batch) {
        if (!s.outcome || durable_[s.folder]) continue;
        std::array<char, 3> name{};
        std::snprintf(name.data(), name.size(), "%02x", static_cast<unsigned>(s.folder) & 0xffU);
        if (at_.ops->sync_folder(at_.objects.get(), name.data()) == 0)
            durable_.set(s.folder);
        else
            s.outcome = errno_error(errno, "syncing the folder of " + at_.object_path(s.work.expected));
    }
}

}  // namespace larder::store
