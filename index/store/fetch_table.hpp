#pragma once

#include "lmdb_env.hpp"
#include <larder/base/file.hpp>
#include <larder/store/fetches.hpp>
#include <mutex>

namespace larder::store {

/// Rows of `fetches`: key the entry's number (u64, big-endian), value its text; and 0, with the number of the last one
/// (u64) and its SHA-256. Of `fetched`, derived: key the object's digest and the number, without a value. What was
/// noted since the last transaction stands in a file beside the database, each text with an empty line behind it.
class fetch_table final : public fetch_log {
public:
    /// Takes over what a process that ended in between has left in the file.
    static result<std::unique_ptr<fetch_table>> open(lmdb_env& env, const std::string& file);
    /// Flushes, as far as that goes: what fails stays in the file.
    ~fetch_table() override;
    fetch_table(const fetch_table&) = delete;
    fetch_table& operator=(const fetch_table&) = delete;

    void note(provenance from, const digest& content, std::uint64_t size) override;
    bool pending() const override;
    result<void> flush() override;
    result<std::optional<fetch_head>> head() override;
    result<std::vector<fetch_entry>> of(const digest& content, std::size_t most) override;
    result<std::optional<sys_seconds>> began() override;
    result<std::uint64_t> verify(std::vector<fetch_mark> marks) override;
    result<void> index_anew() override;

private:
    struct row {
        std::uint64_t number;
        digest content;
        std::string text;
        digest hash;
    };

    fetch_table(lmdb_env& env, unique_fd file) : env_{env}, file_{std::move(file)} {}
    result<void> begin();
    void append(std::string_view text);
    result<void> write(const std::vector<row>& rows);
    std::optional<fetch_head> written_head() const;

    lmdb_env& env_;
    unique_fd file_;
    std::mutex flushing_;
    mutable std::mutex mutex_;  ///< guards what follows
    std::optional<fetch_head> head_;
    std::vector<row> pending_;
    std::string unwritten_;  ///< of these what could not be written to the file
    std::uint64_t file_size_ = 0;
};

}  // namespace larder::store
