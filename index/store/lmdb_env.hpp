#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <larder/base/result.hpp>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <stdexcept>
#include <string>
#include <string_view>

struct MDB_env;
struct MDB_txn;

namespace larder::store {

/// The tables of the database, in the order of their names in lmdb_env.cpp.
enum class table : unsigned {
    refs,
    archives,
    paths,
    contents,
    indices,
    uses,
    notes,
    holds,
    lists,
    chunks,
    fetches,
    fetched
};
inline constexpr std::size_t table_count = 12;

/// LMDB's longest key.
inline constexpr std::size_t longest_key = 511;

/// LMDB said no. Left alone it means a broken database and ends the task: its text names the file and
/// what to do.
class lmdb_failure : public std::runtime_error {
public:
    lmdb_failure(int code, const std::string& text) : std::runtime_error{text}, code_{code} {}
    int code() const noexcept { return code_; }

private:
    int code_;
};

/// What may be read in a transaction. Views are good until the transaction ends or writes.
class read_txn {
public:
    std::optional<std::string_view> get(table, std::string_view key) const;
    /// All rows from the first key that is not below `from`, by key, until `seen` returns false.
    void walk(table, std::string_view from,
              const std::function<bool(std::string_view key, std::string_view value)>& seen) const;
    std::size_t rows(table) const;

protected:
    friend class lmdb_env;
    using tables = std::array<unsigned, table_count>;
    read_txn(MDB_txn* txn, const tables& ids, const std::string& file) : txn_{txn}, tables_{ids}, file_{file} {}
    unsigned id(table t) const { return tables_[static_cast<std::size_t>(t)]; }

    MDB_txn* txn_;
    const tables& tables_;
    const std::string& file_;
};

class write_txn : public read_txn {
public:
    void put(table, std::string_view key, std::string_view value);
    /// The same for a key behind all others: its pages are left full, and not half full.
    void append(table, std::string_view key, std::string_view value);
    /// Puts it if the key is new; else what is there (one search for both).
    std::optional<std::string_view> put_new(table, std::string_view key, std::string_view value);
    void remove(table, std::string_view key);
    void clear(table);

private:
    friend class lmdb_env;
    using read_txn::read_txn;
};

/// One LMDB environment. Transactions exist only inside read(f) and write(f): f returns and its
/// transaction is over, so no view escapes and none waits for anything. Thread-safe; do not nest.
///
/// Writers take turns at a mutex (a thread of its own for them was no faster: LMDB allows one writer
/// anyway, and a hand-over costs more than the lock). The map grows by itself.
class lmdb_env {
public:
    static constexpr std::uint64_t default_map = 64ULL << 20;

    /// The database in `folder`, made if it is not there. What the caller can answer (no permission,
    /// no room) is an error; a damaged file is an lmdb_failure.
    static result<std::unique_ptr<lmdb_env>> open(const std::string& folder, std::uint64_t map = default_map);
    ~lmdb_env();
    lmdb_env(const lmdb_env&) = delete;
    lmdb_env& operator=(const lmdb_env&) = delete;

    /// Runs f(const read_txn&) on one consistent state, beside any writer.
    template <class F>
    auto read(F&& f) const {
        const reader r{*this};
        return f(r.txn);
    }

    /// Runs f(write_txn&), which returns a result<…>: an error, or a throw, undoes it. Durable when it
    /// returns. f runs again when the map was full, so it must not change anything but the database.
    template <class F>
    auto write(F&& f) -> decltype(f(std::declval<write_txn&>())) {
        const std::lock_guard one_writer{write_mutex_};
        for (;;) {
            try {
                writer w{*this};
                auto outcome = f(w.txn);
                if (outcome) w.commit();
                return outcome;
            } catch (const lmdb_failure& failure) {
                LARDER_CHECK(recover(failure));
            }
        }
    }

    std::uint64_t map_size() const;

private:
    struct reader {
        explicit reader(const lmdb_env&);
        ~reader();
        reader(const reader&) = delete;
        reader& operator=(const reader&) = delete;
        std::shared_lock<std::shared_mutex> no_growth;
        read_txn txn;
    };
    struct writer {
        explicit writer(lmdb_env&);
        ~writer();
        writer(const writer&) = delete;
        writer& operator=(const writer&) = delete;
        void commit();
        write_txn txn;
    };

    lmdb_env() = default;
    result<void> start(const std::string& folder, std::uint64_t map);
    void open_tables();
    void check_length() const;
    /// After it the write may be tried again; an error is for the caller; anything else is thrown on.
    result<void> recover(const lmdb_failure&);
    result<void> grow();

    MDB_env* env_ = nullptr;
    read_txn::tables tables_{};
    std::string file_;
    std::mutex write_mutex_;
    /// Held shared by every reader, alone while the map is replaced.
    mutable std::shared_mutex map_mutex_;
    /// Keeps new readers out while the map is to be replaced: std::shared_mutex lets readers overtake.
    mutable std::mutex gate_;
    std::atomic<bool> growing_{false};
};

}  // namespace larder::store
