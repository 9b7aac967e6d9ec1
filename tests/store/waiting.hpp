#pragma once

#include <condition_variable>
#include <filesystem>
#include <larder/store/objects.hpp>
#include <mutex>
#include <vector>

namespace larder::test {

/// Collects the answers of several commits.
class answers {
public:
    explicit answers(std::size_t expected) : expected_{expected} {}

    store::object_store::committed callback() {
        return [this](result<digest> r) {
            const std::lock_guard lock{mutex_};
            all_.push_back(std::move(r));
            if (all_.size() == expected_) complete_.notify_one();
        };
    }
    /// Waits for all of them; how many were good.
    std::size_t wait_for_good_ones() {
        std::unique_lock lock{mutex_};
        complete_.wait(lock, [this] { return all_.size() == expected_; });
        std::size_t good = 0;
        for (const auto& r : all_) good += r.has_value() ? 1U : 0U;
        return good;
    }
    error first_failure() const {
        for (const auto& r : all_)
            if (!r) return r.error();
        return {};
    }
    const std::vector<result<digest>>& all() const { return all_; }

private:
    std::size_t expected_;
    std::mutex mutex_;
    std::condition_variable complete_;
    std::vector<result<digest>> all_;
};

inline result<digest> commit_and_wait(store::object_store& objects, std::string_view bytes, const digest& expected,
                                      sys_seconds modified) {
    LARDER_TRY(auto file, objects.begin());
    LARDER_CHECK(file->append(bytes));
    answers one{1};
    objects.commit(std::move(file), expected, modified, one.callback());
    one.wait_for_good_ones();
    return one.all().front();
}

inline std::string object_file(const std::string& folder, const digest& d) {
    return folder + "/objects/" + d.hex().substr(0, 2) + "/" + d.hex().substr(2);
}

inline std::size_t files_below(const std::string& folder) {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator{folder})
        count += entry.is_regular_file() ? 1U : 0U;
    return count;
}

}  // namespace larder::test
