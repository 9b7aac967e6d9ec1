#include "maintenance/hash_all.hpp"
#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <fcntl.h>
#include <larder/index/byte_source.hpp>
#include <mutex>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <thread>
#include <unistd.h>

namespace larder::net::maintenance {
namespace {

/// Fits the second-level cache with room to spare, and is far above what a read call costs.
constexpr std::size_t piece_size = 256 * 1024;
/// Larger objects are begun first.
constexpr std::uint64_t large = 32 << 20;
/// Who waits for the disk behind everybody else: ioprio class 3 (idle) of the kernel's ioprio_set(2).
constexpr int idle_class = 3 << 13;

/// Whether most of a file is in the page cache: somebody uses it. Not known counts as yes.
bool is_cached(int fd, std::uint64_t size) {
    if (size == 0) return true;
    void* const at = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, fd, 0);
    if (at == MAP_FAILED) return true;
    const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    const auto pages = (size + page - 1) / page;
    std::vector<unsigned char> there(pages);
    const bool known = ::mincore(at, size, there.data()) == 0;
    ::munmap(at, size);
    if (!known) return true;
    const auto cached = std::count_if(there.begin(), there.end(), [](unsigned char c) { return (c & 1) != 0; });
    return static_cast<std::uint64_t>(cached) * 2 > pages;
}

void step_back() {
    const auto me = static_cast<id_t>(::syscall(SYS_gettid));
    static_cast<void>(::setpriority(PRIO_PROCESS, me, 10));           // of this thread, on Linux
    static_cast<void>(::syscall(SYS_ioprio_set, 1, me, idle_class));  // nothing is lost where it is refused
}

struct shared_work {
    using sink = std::function<void(const listed_object&, condition, const std::string&)>;
    shared_work(const store::object_store& o, const std::vector<listed_object>& w, const sink& f, std::stop_token s)
        : objects{o}, work{w}, found{f}, stop{std::move(s)} {}

    const store::object_store& objects;
    const std::vector<listed_object>& work;
    const sink& found;
    std::stop_token stop;
    std::atomic<std::size_t> next{0};
    std::atomic<std::uint64_t> bytes{0};
    std::mutex mutex;
    std::condition_variable ended;
    unsigned running = 0;
};

void hash_one(shared_work& all, const listed_object& one, std::vector<char>& piece) {
    const auto fd = all.objects.open(one.content);
    if (!fd)
        return all.found(one, fd.error().code() == errc::absent ? condition::gone : condition::unreadable,
                         fd.error().detail());
    const bool was_cached = is_cached(fd->get(), one.size);
    static_cast<void>(::posix_fadvise(fd->get(), 0, 0, POSIX_FADV_SEQUENTIAL));
    hasher hash;
    std::uint64_t done = 0;
    for (;;) {
        if (all.stop.stop_requested()) return;
        const auto n = ::pread(fd->get(), piece.data(), piece.size(), static_cast<off_t>(done));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return all.found(one, condition::unreadable, errno_error(errno, "reading it").detail());
        if (n == 0) break;
        const auto count = static_cast<std::size_t>(n);
        hash.update(std::string_view{piece.data(), count});
        done += count;
        all.bytes.fetch_add(count, std::memory_order_relaxed);
    }
    if (!was_cached) static_cast<void>(::posix_fadvise(fd->get(), 0, 0, POSIX_FADV_DONTNEED));
    const auto is = hash.finish();
    if (is == one.content) return all.found(one, condition::whole, {});
    all.found(one, condition::damaged, "its " + std::to_string(done) + " bytes hash to " + is.hex());
}

void hash_some(shared_work& all, pace how) {
    if (how == pace::background) step_back();
    std::vector<char> piece(piece_size);
    while (!all.stop.stop_requested()) {
        const auto i = all.next.fetch_add(1, std::memory_order_relaxed);
        if (i >= all.work.size()) break;
        hash_one(all, all.work[i], piece);
    }
    const std::lock_guard lock{all.mutex};
    if (--all.running == 0) all.ended.notify_all();
}

}  // namespace

result<std::vector<listed_object>> list_objects(const store::object_store& objects) {
    std::vector<listed_object> all;
    LARDER_CHECK(objects.for_each([&all](const digest& d, const store::object_info& info) {
        all.push_back({d, info.size});
        return true;
    }));
    std::stable_partition(all.begin(), all.end(), [](const listed_object& o) { return o.size >= large; });
    return all;
}

result<void> hash_all(const store::object_store& objects, const std::vector<listed_object>& work, unsigned threads,
                      pace how,
                      const std::function<void(const listed_object&, condition, const std::string& why)>& found,
                      const progress_sink& tell, std::stop_token stop) {
    std::uint64_t total = 0;
    for (const auto& one : work) total += one.size;
    if (threads == 0) threads = std::max(1U, std::thread::hardware_concurrency());
    threads = static_cast<unsigned>(std::min<std::size_t>(threads, std::max<std::size_t>(1, work.size())));
    shared_work all{objects, work, found, stop};
    all.running = threads;
    std::vector<std::jthread> workers;
    for (unsigned i = 0; i < threads; ++i) workers.emplace_back([&all, how] { hash_some(all, how); });
    {
        std::unique_lock lock{all.mutex};
        while (!all.ended.wait_for(lock, std::chrono::milliseconds{200}, [&] { return all.running == 0; })) {
            lock.unlock();
            tell({"checking objects", all.bytes.load(std::memory_order_relaxed), total});
            lock.lock();
        }
    }
    workers.clear();  // joins
    if (stop.stop_requested()) return error{errc::cancelled, "stopped before all objects were checked"};
    tell({"checking objects", total, total});
    return {};
}

result<bool> is_whole(const store::object_store& objects, const digest& content, const std::stop_token& stop) {
    auto file = objects.open(content);
    if (!file) return false;
    index::hashing_source in{index::file_source(std::move(*file))};
    for (;;) {
        if (stop.stop_requested()) return error{errc::cancelled, "stopped on request"};
        const auto piece = in.next();
        if (!piece) return false;
        if (piece->empty()) return in.finish() == content;
    }
}

}  // namespace larder::net::maintenance
