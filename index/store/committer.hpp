#pragma once

#include "incoming_file.hpp"
#include <bitset>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

namespace larder::store {

using arrival_sink = std::function<void(const provenance&, const digest&, std::uint64_t size)>;

/// The one thread that makes files objects. It takes all that waits as one batch, so that commits
/// which arrive together share their fsyncs: the busier the store, the larger its batches.
class committer {
public:
    struct job {
        /// Null: the object was found to be here; only its name must be durable.
        std::unique_ptr<incoming_file> file;
        digest expected;
        sys_seconds modified;
        object_store::committed done;
        std::optional<provenance> from{};
    };

    committer(const layout& at, arrival_sink arrived);
    /// Finishes what is queued, then ends.
    ~committer();
    committer(const committer&) = delete;
    committer& operator=(const committer&) = delete;

    /// They come into the same batch, as far as one goes.
    void add(std::vector<job>);

private:
    struct step {
        job work;
        result<digest> outcome;
        std::size_t folder;
    };

    void run();
    std::vector<step> next_batch();
    void process(std::vector<step>&);
    void check(step&) const;
    void sync_files(std::vector<step>&) const;
    void publish(step&);
    void sync_folders(std::vector<step>&);

    const layout& at_;
    const arrival_sink arrived_;
    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<job> queue_;
    bool stopping_ = false;
    /// Whether all names in folder ab/ are known to be durable. At the start none is: the process
    /// before this one may have been killed between link and fsync. Used by the thread alone.
    std::bitset<256> durable_;
    std::thread thread_;
};

}  // namespace larder::store
