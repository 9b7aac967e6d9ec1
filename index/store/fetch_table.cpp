#include "fetch_table.hpp"
#include "row.hpp"
#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace larder::store {
namespace {

/// Of a command, in which nobody flushes from time to time.
constexpr std::size_t most_pending = 1000;
/// From here on those who note wait for a flush, so that the file can be emptied.
constexpr std::uint64_t most_file = 16 << 20;
/// So that a long look does not keep the database from using its pages again.
constexpr std::size_t rows_at_once = 4096;

std::string number_key(std::uint64_t n) {
    std::string key;
    for (unsigned shift = 64; shift > 0; shift -= 8) key.push_back(static_cast<char>((n >> (shift - 8)) & 0xffU));
    return key;
}

/// Before the first entry, so that entries can be appended.
std::string head_key() { return number_key(0); }

std::uint64_t number_of(std::string_view key) {
    std::uint64_t n = 0;
    for (const char c : key.substr(0, 8)) n = (n << 8) | static_cast<std::uint8_t>(c);
    return n;
}

std::string index_key(const digest& content, std::uint64_t number) {
    return std::string{content.as_bytes()} + number_key(number);
}

std::string head_row(const fetch_head& head) {
    std::string value;
    append_u64(value, head.number);
    value += head.last.as_bytes();
    return value;
}

std::optional<fetch_head> read_head(const read_txn& txn) {
    const auto value = txn.get(table::fetches, head_key());
    if (!value) return {};
    const auto last = value->size() == 40 ? digest::from_bytes(value->substr(8)) : result<digest>{error{errc::io, ""}};
    if (!last)
        throw lmdb_failure{0, "the first row of the table fetches is not as Larder writes it: restore the database"};
    return fetch_head{read_u64(*value), *last};
}

std::string where(std::uint64_t number) { return "the fetch log's entry " + std::to_string(number); }

error broken(std::uint64_t number, const std::string& what) {
    return {errc::digest_mismatch, where(number) + " " + what};
}

/// Follows the chain, entry by entry.
class chain_check {
public:
    explicit chain_check(std::vector<fetch_mark> marks) : marks_{std::move(marks)} {
        std::stable_sort(marks_.begin(), marks_.end(),
                         [](const auto& a, const auto& b) { return a.head.number < b.head.number; });
    }

    result<void> take(const read_txn& txn, std::uint64_t key, std::string_view text) {
        const auto number = at_.number + 1;
        if (key != number) return broken(number, "is not there");
        const auto entry = fetch_entry::read(text);
        if (!entry) return error{errc::digest_mismatch, entry.error().in(where(number)).detail()};
        if (entry->number != number || entry->previous != before_)
            return broken(number, "does not follow the one before it, or that one was changed");
        if (!txn.get(table::fetched, index_key(entry->content, number)))
            return broken(number, "is not found by its object; larder doctor --rebuild makes that table anew");
        at_ = {number, sha256(text)};
        before_ = at_.last;
        for (; next_ < marks_.size() && marks_[next_].head.number == number; ++next_)
            if (marks_[next_].head.last != at_.last)
                return broken(number,
                              "is not the one that " + marks_[next_].by + " names, or one before it was changed");
        return {};
    }

    result<std::uint64_t> end(const std::optional<fetch_head>& head) const {
        const auto said = head.value_or(fetch_head{});
        if (at_.number > said.number)
            return broken(said.number + 1, "stands behind the one that the log says is its last");
        if (at_.number < said.number)
            return broken(at_.number + 1, "is not there: the log says that it has " + std::to_string(said.number));
        if (at_ != said) return broken(at_.number, "is not the one that the log ends with: it was changed");
        if (next_ < marks_.size())
            return broken(at_.number + 1, "is not there: " + marks_[next_].by + " names entry " +
                                              std::to_string(marks_[next_].head.number));
        return at_.number;
    }

    std::uint64_t number() const { return at_.number; }

private:
    std::vector<fetch_mark> marks_;
    std::size_t next_ = 0;
    fetch_head at_;
    std::optional<digest> before_;
};

/// The texts of the file; the last one may be cut short.
std::vector<std::string_view> texts_in(std::string_view file) {
    std::vector<std::string_view> all;
    for (;;) {
        const auto end = file.find("\n\n");
        if (end == std::string_view::npos) return all;
        all.push_back(file.substr(0, end + 1));
        file.remove_prefix(end + 2);
    }
}

}  // namespace

result<std::unique_ptr<fetch_table>> fetch_table::open(lmdb_env& env, const std::string& file) {
    unique_fd fd{::open(file.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0640)};
    if (!fd) return errno_error(errno, "opening " + file);
    std::unique_ptr<fetch_table> made{new fetch_table{env, std::move(fd)}};
    LARDER_CHECK(made->begin());
    return made;
}

fetch_table::~fetch_table() {
    try {
        static_cast<void>(flush());
    } catch (const std::exception&) {
        return;  // it stays in the file, for the next to open the store
    }
}

result<void> fetch_table::begin() {
    head_ = written_head();
    struct stat st {};
    if (::fstat(file_.get(), &st) != 0) return errno_error(errno, "reading the fetch log's file");
    // It never has so much; what is no file of ours is not read into memory.
    const auto size = std::min<std::uint64_t>(static_cast<std::uint64_t>(st.st_size), 4 * most_file);
    LARDER_TRY(const auto left, pread_all(file_.get(), size, 0, "reading the fetch log's file"));
    std::vector<row> rows;
    std::uint64_t sound = 0;
    for (const auto text : texts_in(left)) {
        const auto entry = fetch_entry::read(text);
        // A loss of power may leave anything behind what was written last.
        if (!entry) break;
        if (!head_ || entry->number > head_->number) {
            if (entry->number != (head_ ? head_->number : 0) + 1 ||
                entry->previous != (head_ ? std::optional{head_->last} : std::nullopt))
                break;
            rows.push_back({entry->number, entry->content, std::string{text}, sha256(text)});
            head_ = fetch_head{entry->number, rows.back().hash};
        }
        sound += text.size() + 1;
    }
    if (const auto written = write(rows); !written) {
        // On a full disk the store opens all the same: who makes room has it open, too.
        if (written.error().code() != errc::full) return written;
        pending_ = std::move(rows);
        file_size_ = sound;
        // What is noted from here on stands behind what can be read.
        if (::ftruncate(file_.get(), static_cast<off_t>(sound)) != 0)
            return errno_error(errno, "cutting the fetch log's file");
        return {};
    }
    if (!left.empty() && ::ftruncate(file_.get(), 0) != 0) return errno_error(errno, "emptying the fetch log's file");
    return {};
}

std::optional<fetch_head> fetch_table::written_head() const {
    return env_.read([](const read_txn& txn) { return read_head(txn); });
}

void fetch_table::note(provenance from, const digest& content, std::uint64_t size) {
    bool many = false;
    {
        const std::lock_guard lock{mutex_};
        fetch_entry entry;
        entry.number = (head_ ? head_->number : 0) + 1;
        if (head_) entry.previous = head_->last;
        entry.content = content;
        entry.size = size;
        entry.origin = std::move(from);
        auto text = entry.write();
        const auto hash = sha256(text);
        append(text + "\n");
        head_ = fetch_head{entry.number, hash};
        pending_.push_back({entry.number, content, std::move(text), hash});
        many = pending_.size() >= most_pending;
    }
    if (!many) return;
    try {
        static_cast<void>(flush());
    } catch (const std::exception&) {
        return;  // whoever flushes next is told
    }
}

/// Where the file cannot be written (a full disk), what is in memory still comes into the database; and into the file
/// with the next one, for nothing can be read there behind a hole.
void fetch_table::append(std::string_view text) {
    unwritten_ += text;
    if (write_all(file_.get(), unwritten_, "noting a fetch")) {
        file_size_ += unwritten_.size();
        unwritten_.clear();
        return;
    }
    // All of it is written again then, so no part of it may stay.
    static_cast<void>(::ftruncate(file_.get(), static_cast<off_t>(file_size_)) == 0);
}

bool fetch_table::pending() const {
    const std::lock_guard lock{mutex_};
    return !pending_.empty();
}

result<void> fetch_table::flush() {
    const std::lock_guard one_at_a_time{flushing_};
    std::vector<row> rows;
    std::unique_lock lock{mutex_};
    rows.swap(pending_);
    const bool others_wait = file_size_ > most_file;
    if (!others_wait) lock.unlock();
    const auto put_back = [&] {
        if (!lock.owns_lock()) lock.lock();
        pending_.insert(pending_.begin(), std::make_move_iterator(rows.begin()), std::make_move_iterator(rows.end()));
    };
    try {
        if (auto written = write(rows); !written) {
            put_back();
            return written;
        }
    } catch (...) {
        put_back();
        throw;
    }
    if (!lock.owns_lock()) lock.lock();
    // A file that is not emptied now is emptied later: what is in it is known by its numbers.
    if (pending_.empty()) unwritten_.clear();
    if (pending_.empty() && file_size_ > 0 && ::ftruncate(file_.get(), 0) == 0) file_size_ = 0;
    return {};
}

result<void> fetch_table::write(const std::vector<row>& rows) {
    if (rows.empty()) return {};
    return env_.write([&](write_txn& txn) -> result<void> {
        txn.put(table::fetches, head_key(), head_row({rows.back().number, rows.back().hash}));
        for (const auto& one : rows) {
            txn.append(table::fetches, number_key(one.number), one.text);
            txn.put(table::fetched, index_key(one.content, one.number), {});
        }
        return {};
    });
}

result<std::optional<fetch_head>> fetch_table::head() {
    LARDER_CHECK(flush());
    return written_head();
}

result<std::vector<fetch_entry>> fetch_table::of(const digest& content, std::size_t most) {
    LARDER_CHECK(flush());
    return env_.read([&](const read_txn& txn) -> result<std::vector<fetch_entry>> {
        std::vector<std::uint64_t> numbers;
        txn.walk(table::fetched, content.as_bytes(), [&](std::string_view key, std::string_view) {
            if (key.size() != 40 || !key.starts_with(content.as_bytes())) return false;
            numbers.push_back(number_of(key.substr(32)));
            return true;
        });
        if (numbers.size() > most) numbers.erase(numbers.begin(), numbers.end() - static_cast<std::ptrdiff_t>(most));
        std::vector<fetch_entry> all;
        for (const auto number : numbers) {
            const auto text = txn.get(table::fetches, number_key(number));
            auto entry = text ? fetch_entry::read(*text) : result<fetch_entry>{error{errc::absent, "it is not there"}};
            if (!entry) return entry.error().in(where(number) + " (see larder audit verify)");
            all.push_back(std::move(*entry));
        }
        return all;
    });
}

result<std::optional<sys_seconds>> fetch_table::began() {
    LARDER_CHECK(flush());
    return env_.read([&](const read_txn& txn) -> result<std::optional<sys_seconds>> {
        const auto text = txn.get(table::fetches, number_key(1));
        if (!text) return std::optional<sys_seconds>{};
        LARDER_TRY(const auto entry, fetch_entry::read(*text));
        return std::optional{entry.origin.when};
    });
}

result<std::uint64_t> fetch_table::verify(std::vector<fetch_mark> marks) {
    // On a full disk what is written can be looked at all the same.
    if (const auto flushed = flush(); !flushed && flushed.error().code() != errc::full) return flushed.error();
    chain_check check{std::move(marks)};
    for (;;) {
        // The head of the same moment: more may come meanwhile.
        std::optional<fetch_head> head;
        std::size_t seen = 0;
        const auto how = env_.read([&](const read_txn& txn) -> result<void> {
            head = read_head(txn);
            result<void> taken;
            txn.walk(table::fetches, number_key(check.number() + 1), [&](std::string_view key, std::string_view text) {
                if (key.size() != 8) return false;
                taken = check.take(txn, number_of(key), text);
                return taken && ++seen < rows_at_once;
            });
            return taken;
        });
        LARDER_CHECK(how);
        if (seen < rows_at_once) return check.end(head);
    }
}

result<void> fetch_table::index_anew() {
    LARDER_CHECK(flush());
    const std::lock_guard alone{flushing_};
    return env_.write([&](write_txn& txn) -> result<void> {
        std::vector<std::string> keys;
        txn.walk(table::fetches, number_key(1), [&](std::string_view key, std::string_view text) {
            const auto entry = fetch_entry::read(text);
            if (key.size() == 8 && entry) keys.push_back(index_key(entry->content, number_of(key)));
            return true;
        });
        txn.clear(table::fetched);
        std::sort(keys.begin(), keys.end());
        for (const auto& key : keys) txn.put(table::fetched, key, {});
        return {};
    });
}

}  // namespace larder::store
