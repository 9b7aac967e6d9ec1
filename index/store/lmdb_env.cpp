#include "lmdb_env.hpp"
#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <lmdb.h>
#include <sys/statvfs.h>

namespace larder::store {
namespace {

constexpr std::array<const char*, table_count> table_names{"refs",    "archives", "paths",   "contents",
                                                           "indices", "uses",     "notes",   "holds",
                                                           "lists",   "chunks",   "fetches", "fetched"};
constexpr unsigned most_readers = 1024;

MDB_val val(std::string_view text) {
    // LMDB takes void* but does not write through keys and values that are put.
    return {text.size(), const_cast<char*>(text.data())};
}

std::string_view view(const MDB_val& v) { return {static_cast<const char*>(v.mv_data), v.mv_size}; }

[[noreturn]] void fail(int rc, const char* doing, const std::string& file) {
    std::string text = std::string{doing} + " " + file + ": " + ::mdb_strerror(rc);
    switch (rc) {
        case MDB_CORRUPTED:
        case MDB_PAGE_NOTFOUND:
        case MDB_INVALID:
        case MDB_VERSION_MISMATCH:
            text +=
                "; the database is damaged: restore its folder from a backup, or move the folder away and start "
                "again (the objects stay; pins and pockets are only as old as the backup)";
            break;
        case MDB_PANIC: text += "; an earlier write failed half-way: start again"; break;
        default: break;
    }
    throw lmdb_failure{rc, text};
}

void check(int rc, const char* doing, const std::string& file) {
    if (rc != MDB_SUCCESS) fail(rc, doing, file);
}

/// LMDB reports a write that was cut short, which a full disk does to it, as EIO.
bool disk_is_full(const std::string& file) {
    struct statvfs fs {};
    return ::statvfs(file.c_str(), &fs) == 0 && fs.f_bavail * fs.f_frsize < (64U << 10);
}

struct cursor {
    cursor(MDB_txn* txn, unsigned id, const std::string& file) {
        check(::mdb_cursor_open(txn, id, &at), "reading", file);
    }
    ~cursor() { ::mdb_cursor_close(at); }
    cursor(const cursor&) = delete;
    cursor& operator=(const cursor&) = delete;
    MDB_cursor* at = nullptr;
};

MDB_txn* begin(MDB_env* env, unsigned flags, const std::string& file) {
    MDB_txn* txn = nullptr;
    check(::mdb_txn_begin(env, nullptr, flags, &txn), "opening a transaction on", file);
    return txn;
}

}  // namespace

std::optional<std::string_view> read_txn::get(table t, std::string_view key) const {
    if (key.empty() || key.size() > longest_key) return std::nullopt;
    auto k = val(key);
    MDB_val v{};
    const int rc = ::mdb_get(txn_, id(t), &k, &v);
    if (rc == MDB_NOTFOUND) return std::nullopt;
    check(rc, "reading", file_);
    return view(v);
}

void read_txn::walk(table t, std::string_view from,
                    const std::function<bool(std::string_view, std::string_view)>& seen) const {
    if (from.size() > longest_key) return;
    const cursor c{txn_, id(t), file_};
    auto k = val(from);
    MDB_val v{};
    int rc = ::mdb_cursor_get(c.at, &k, &v, from.empty() ? MDB_FIRST : MDB_SET_RANGE);
    for (; rc == MDB_SUCCESS; rc = ::mdb_cursor_get(c.at, &k, &v, MDB_NEXT))
        if (!seen(view(k), view(v))) return;
    if (rc != MDB_NOTFOUND) fail(rc, "reading", file_);
}

std::size_t read_txn::rows(table t) const {
    MDB_stat stat{};
    check(::mdb_stat(txn_, id(t), &stat), "reading", file_);
    return stat.ms_entries;
}

void write_txn::put(table t, std::string_view key, std::string_view value) {
    auto k = val(key);
    auto v = val(value);
    check(::mdb_put(txn_, id(t), &k, &v, 0), "writing", file_);
}

void write_txn::append(table t, std::string_view key, std::string_view value) {
    auto k = val(key);
    auto v = val(value);
    const int rc = ::mdb_put(txn_, id(t), &k, &v, MDB_APPEND);
    if (rc == MDB_KEYEXIST) return put(t, key, value);  // it is not behind all others
    check(rc, "writing", file_);
}

std::optional<std::string_view> write_txn::put_new(table t, std::string_view key, std::string_view value) {
    auto k = val(key);
    auto v = val(value);
    const int rc = ::mdb_put(txn_, id(t), &k, &v, MDB_NOOVERWRITE);
    if (rc == MDB_KEYEXIST) return view(v);
    check(rc, "writing", file_);
    return std::nullopt;
}

void write_txn::remove(table t, std::string_view key) {
    auto k = val(key);
    const int rc = ::mdb_del(txn_, id(t), &k, nullptr);
    if (rc != MDB_NOTFOUND) check(rc, "writing", file_);
}

void write_txn::clear(table t) { check(::mdb_drop(txn_, id(t), 0), "emptying a table of", file_); }

lmdb_env::reader::reader(const lmdb_env& e)
    : no_growth{[&e] {
          if (e.growing_) const std::lock_guard wait{e.gate_};
          return std::shared_lock{e.map_mutex_};
      }()},
      txn{begin(e.env_, MDB_RDONLY, e.file_), e.tables_, e.file_} {}

lmdb_env::reader::~reader() { ::mdb_txn_abort(txn.txn_); }

lmdb_env::writer::writer(lmdb_env& e) : txn{begin(e.env_, 0, e.file_), e.tables_, e.file_} {}

lmdb_env::writer::~writer() {
    if (txn.txn_ != nullptr) ::mdb_txn_abort(txn.txn_);
}

void lmdb_env::writer::commit() {
    // The transaction is gone after this, whatever the answer.
    check(::mdb_txn_commit(std::exchange(txn.txn_, nullptr)), "committing to", txn.file_);
}

result<std::unique_ptr<lmdb_env>> lmdb_env::open(const std::string& folder, std::uint64_t map) {
    std::unique_ptr<lmdb_env> env{new lmdb_env};
    try {
        LARDER_CHECK(env->start(folder, map));
    } catch (const lmdb_failure& failure) {
        if (failure.code() == EACCES || failure.code() == EPERM || failure.code() == EROFS)
            return error{errc::io, failure.what()};
        if (failure.code() == ENOSPC || failure.code() == EDQUOT) return error{errc::full, failure.what()};
        throw;
    }
    return env;
}

result<void> lmdb_env::start(const std::string& folder, std::uint64_t map) {
    file_ = folder + "/data.mdb";
    std::error_code ec;
    const auto length = std::filesystem::file_size(file_, ec);
    // Room for as much again, so that the first write after a start seldom has to grow the map.
    while (!ec && map < 2 * length) map *= 2;
    check(::mdb_env_create(&env_), "opening", file_);
    check(::mdb_env_set_maxdbs(env_, table_count), "opening", file_);
    check(::mdb_env_set_maxreaders(env_, most_readers), "opening", file_);
    check(::mdb_env_set_mapsize(env_, map), "opening", file_);
    // Never MDB_WRITEMAP: on a full disk it dies of SIGBUS where pwrite has an answer.
    check(::mdb_env_open(env_, folder.c_str(), MDB_NOTLS, 0640), "opening", file_);
    check_length();
    open_tables();
    return {};
}

// LMDB would find out by SIGBUS.
void lmdb_env::check_length() const {
    MDB_envinfo info{};
    MDB_stat stat{};
    check(::mdb_env_info(env_, &info), "opening", file_);
    check(::mdb_env_stat(env_, &stat), "opening", file_);
    std::error_code ec;
    const auto length = std::filesystem::file_size(file_, ec);
    if (!ec && length < (info.me_last_pgno + 1) * stat.ms_psize)
        fail(MDB_CORRUPTED, "opening (it was cut short)", file_);
}

void lmdb_env::open_tables() {
    MDB_txn* txn = begin(env_, 0, file_);
    for (std::size_t i = 0; i < table_count; ++i) {
        if (const int rc = ::mdb_dbi_open(txn, table_names[i], MDB_CREATE, &tables_[i]); rc != MDB_SUCCESS) {
            ::mdb_txn_abort(txn);
            fail(rc, "opening the tables of", file_);
        }
    }
    check(::mdb_txn_commit(txn), "opening the tables of", file_);
}

lmdb_env::~lmdb_env() {
    if (env_ != nullptr) ::mdb_env_close(env_);
}

result<void> lmdb_env::recover(const lmdb_failure& failure) {
    switch (failure.code()) {
        case MDB_MAP_FULL:
        case MDB_MAP_RESIZED: return grow();
        case ENOSPC:
        case EDQUOT: return error{errc::full, failure.what()};
        case EIO: return error{disk_is_full(file_) ? errc::full : errc::io, failure.what()};
        default: throw failure;
    }
}

result<void> lmdb_env::grow() {
    const std::lock_guard closed{gate_};
    growing_ = true;
    int rc = 0;
    {
        const std::lock_guard alone{map_mutex_};
        rc = ::mdb_env_set_mapsize(env_, 2 * map_size());
    }
    growing_ = false;
    if (rc == ENOMEM)
        return error{errc::full, "no address space left to enlarge the database " + file_ + " (see ulimit -v)"};
    check(rc, "enlarging", file_);
    return {};
}

std::uint64_t lmdb_env::map_size() const {
    MDB_envinfo info{};
    check(::mdb_env_info(env_, &info), "reading", file_);
    return info.me_mapsize;
}

}  // namespace larder::store
