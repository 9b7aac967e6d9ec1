#include "lmdb_env.hpp"
#include "scratch_folder.hpp"
#include "waiting.hpp"
#include <catch2/catch.hpp>
#include <csignal>
#include <fstream>
#include <larder/store/store.hpp>
#include <sys/resource.h>
#include <thread>

using namespace larder;
using namespace std::chrono_literals;
using store::arrival;
using store::fetch_entry;
using store::provenance;
using store::table;

namespace {

constexpr sys_seconds noon{1'795'000'000s};

provenance from(const std::string& url) {
    return {arrival::fetched, noon, "debian", "pool/h/hello_1_all.deb", {url}, sha256("state")};
}

std::unique_ptr<store::store> opened(const test::scratch_folder& folder) { return store::open(folder / "s").value(); }

/// A store whose log has so many entries, closed.
void fill(const test::scratch_folder& folder, int count) {
    auto s = opened(folder);
    for (int i = 1; i <= count; ++i)
        s->fetches().note(from("http://archive.example/" + std::to_string(i)), sha256(std::to_string(i)), 7);
}

std::string key(std::uint64_t number) {
    std::string text(8, '\0');
    for (std::size_t i = 8; i-- > 0; number >>= 8) text[i] = static_cast<char>(number & 0xffU);
    return text;
}

/// Changes the database behind the store's back.
void tamper(const test::scratch_folder& folder, const std::function<void(store::write_txn&)>& how) {
    auto env = store::lmdb_env::open(folder / "s/db").value();
    REQUIRE(env->write([&](store::write_txn& txn) -> result<void> {
        how(txn);
        return {};
    }));
}

/// What verify says of it: "" when it is whole.
std::string verdict(const test::scratch_folder& folder, std::vector<store::fetch_mark> marks = {}) {
    auto s = opened(folder);
    const auto how = s->fetches().verify(std::move(marks));
    return how ? "" : how.error().detail();
}

/// As a process leaves the database that was killed before the transaction which has the entries from 3 to 5.
void forget_three(const test::scratch_folder& folder) {
    tamper(folder, [](store::write_txn& txn) {
        const auto second = txn.get(table::fetches, key(2)).value();
        std::string head;
        for (unsigned i = 0; i < 8; ++i) head.push_back(i == 0 ? 2 : 0);
        head += sha256(second).as_bytes();
        for (const std::uint64_t n : {3U, 4U, 5U}) txn.remove(table::fetches, key(n));
        txn.put(table::fetches, key(0), head);
    });
}

/// No file can be written beyond so many bytes, as long as it lives: a full disk.
class full_beyond {
public:
    explicit full_beyond(std::uintmax_t bytes) {
        std::signal(SIGXFSZ, SIG_IGN);
        REQUIRE(::getrlimit(RLIMIT_FSIZE, &before_) == 0);
        auto smaller = before_;
        smaller.rlim_cur = bytes;
        REQUIRE(::setrlimit(RLIMIT_FSIZE, &smaller) == 0);
    }
    ~full_beyond() { ::setrlimit(RLIMIT_FSIZE, &before_); }
    full_beyond(const full_beyond&) = delete;
    full_beyond& operator=(const full_beyond&) = delete;

private:
    rlimit before_{};
};

bool begins(const std::string& text, const std::string& with) { return text.starts_with(with); }

}  // namespace

TEST_CASE("fetches: an entry tells what came, when and from where, after a restart as well", "[fetches]") {
    const test::scratch_folder folder{test::on::memory};
    fill(folder, 3);
    auto s = opened(folder);
    const auto all = s->fetches().of(sha256("2")).value();
    REQUIRE(all.size() == 1);
    CHECK(all[0].number == 2);
    CHECK(all[0].size == 7);
    CHECK(all[0].origin.how == arrival::fetched);
    CHECK(all[0].origin.when == noon);
    CHECK(all[0].origin.archive == "debian");
    CHECK(all[0].origin.path == "pool/h/hello_1_all.deb");
    CHECK(all[0].origin.from == std::vector<std::string>{"http://archive.example/2"});
    CHECK(all[0].origin.state == sha256("state"));
    CHECK(s->fetches().of(sha256("other")).value().empty());
    CHECK(s->fetches().began().value() == noon);
    CHECK(s->fetches().verify({}).value() == 3);
}

TEST_CASE("fetches: what is in the database is in the file no more", "[fetches]") {
    const test::scratch_folder folder{test::on::memory};
    auto s = opened(folder);
    s->fetches().note(from("a"), sha256("a"), 1);
    CHECK(std::filesystem::file_size(folder / "s/fetches") > 0);
    REQUIRE(s->fetches().flush());
    CHECK(std::filesystem::file_size(folder / "s/fetches") == 0);
    // Nobody else flushes in a command.
    for (int i = 0; i < 1000; ++i) s->fetches().note(from("b"), sha256("b"), 1);
    CHECK_FALSE(s->fetches().pending());
}

TEST_CASE("fetches: what the database did not take is written later", "[fetches]") {
    const test::scratch_folder folder{test::on::memory};
    auto s = opened(folder);
    s->fetches().note(from("a"), sha256("a"), 1);
    {
        const full_beyond limit{100};
        CHECK_THROWS(s->fetches().flush());
    }
    s->fetches().note(from("b"), sha256("b"), 1);
    CHECK(s->fetches().verify({}).value() == 2);
    CHECK(s->fetches().of(sha256("a")).value().size() == 1);
}

TEST_CASE("fetches: an object that came twice has two entries, of which the latest are told", "[fetches]") {
    const test::scratch_folder folder{test::on::memory};
    auto s = opened(folder);
    for (int i = 1; i <= 5; ++i) s->fetches().note(from(std::to_string(i)), sha256("same"), 1);
    const auto all = s->fetches().of(sha256("same"), 2).value();
    REQUIRE(all.size() == 2);
    CHECK(all[0].number == 4);
    CHECK(all[1].number == 5);
}

TEST_CASE("fetches: an object that is committed with its provenance is in the log before it is here", "[fetches]") {
    const test::scratch_folder folder{test::on::memory};
    auto s = opened(folder);
    const auto d = s->objects().put("bytes", noon, from("http://archive.example/bytes")).value();
    CHECK(s->fetches().of(d).value().size() == 1);
    CHECK(s->objects().put("bytes", noon, from("again")).value() == d);
    CHECK(s->fetches().of(d).value().size() == 1);
    CHECK(s->objects().put("others", noon).value() == sha256("others"));
    CHECK(s->fetches().head().value()->number == 1);
    auto file = std::move(*s->objects().begin());
    REQUIRE(file->append("forged"));
    test::answers all{1};
    s->objects().commit(std::move(file), sha256("genuine"), noon, all.callback(), from("http://archive.example/x"));
    CHECK(all.wait_for_good_ones() == 0);
    CHECK(s->fetches().of(sha256("genuine")).value().empty());
}

TEST_CASE("fetches: a store from before the log goes on, and has none until something comes", "[fetches]") {
    const test::scratch_folder folder{test::on::memory};
    auto s = opened(folder);
    const auto d = s->objects().put("old", noon).value();
    CHECK_FALSE(s->fetches().head().value());
    CHECK_FALSE(s->fetches().began().value());
    CHECK(s->fetches().of(d).value().empty());
    CHECK(s->fetches().verify({}).value() == 0);
}

TEST_CASE("fetches: threads that note together make one chain", "[fetches]") {
    const test::scratch_folder folder{test::on::memory};
    auto s = opened(folder);
    std::vector<std::thread> all;
    for (int t = 0; t < 4; ++t)
        all.emplace_back([&s, t] {
            for (int i = 0; i < 700; ++i) {
                s->fetches().note(from("u"), sha256(std::to_string(t) + "/" + std::to_string(i)), 1);
                if (i % 50 == 0) static_cast<void>(s->fetches().flush());
            }
        });
    for (auto& one : all) one.join();
    CHECK(s->fetches().verify({}).value() == 2800);
    for (int t = 0; t < 4; ++t) {
        // Each thread's own are in its order.
        const auto early = s->fetches().of(sha256(std::to_string(t) + "/10")).value();
        const auto late = s->fetches().of(sha256(std::to_string(t) + "/600")).value();
        REQUIRE((early.size() == 1 && late.size() == 1));
        CHECK(early[0].number < late[0].number);
    }
}

TEST_CASE("fetches: what was noted and not yet written is there after a crash", "[fetches]") {
    const test::scratch_folder folder{test::on::memory};
    fill(folder, 2);
    {
        auto s = opened(folder);
        for (const auto* name : {"a", "b", "c"}) s->fetches().note(from(name), sha256(name), 1);
        std::filesystem::copy_file(folder / "s/fetches", folder / "saved");
        REQUIRE(s->fetches().pending());
    }
    forget_three(folder);
    const auto text = [&folder] {
        std::ifstream in{folder / "saved", std::ios::binary};
        return std::string{std::istreambuf_iterator<char>{in}, {}};
    }();
    const auto left = [&](const std::string& bytes) {
        std::ofstream{folder / "s/fetches", std::ios::binary} << bytes;
        auto s = opened(folder);
        return s->fetches().verify({}).value();
    };
    SECTION("all of it") { CHECK(left(text) == 5); }
    SECTION("also when the crash came after the transaction, and before the file was emptied") {
        CHECK(left(text) == 5);
        CHECK(left(text) == 5);
    }
    SECTION("behind what was written already as well") {
        CHECK(left(text.substr(0, text.find("\n\n") + 2)) == 3);
        CHECK(left(text) == 5);
    }
    SECTION("but for an entry that was cut short") { CHECK(left(text.substr(0, text.size() - 20)) == 4); }
    SECTION("and nothing behind a hole") {
        CHECK(left(text.substr(0, 30) + std::string(100, '\0') + text.substr(130)) == 2);
    }
    SECTION("and nothing of another log") {
        const auto first = text.find("Previous: ") + 10;
        auto other = text;
        other[first] = other[first] == '0' ? '1' : '0';
        CHECK(left(other) == 2);
    }
}

TEST_CASE("fetches: what found no room in the file comes into it with the next entry", "[fetches]") {
    const test::scratch_folder folder{test::on::memory};
    fill(folder, 2);
    {
        auto s = opened(folder);
        s->fetches().note(from("a"), sha256("a"), 1);
        {
            const full_beyond limit{std::filesystem::file_size(folder / "s/fetches") + 100};
            s->fetches().note(from("b"), sha256("b"), 1);
        }
        s->fetches().note(from("c"), sha256("c"), 1);
        std::filesystem::copy_file(folder / "s/fetches", folder / "saved");
        CHECK(s->fetches().verify({}).value() == 5);
    }
    forget_three(folder);
    std::filesystem::copy_file(folder / "saved", folder / "s/fetches",
                               std::filesystem::copy_options::overwrite_existing);
    CHECK(opened(folder)->fetches().verify({}).value() == 5);
}

TEST_CASE("fetches: verify names the first entry that was changed, taken out, swapped or cut off", "[fetches]") {
    const test::scratch_folder folder{test::on::memory};
    fill(folder, 6);
    REQUIRE(verdict(folder).empty());
    const std::vector<store::fetch_mark> journal{
        {opened(folder)->fetches().head().value().value(), "the journal's entry 1"}};

    SECTION("changed in the middle") {
        tamper(folder, [](store::write_txn& txn) {
            auto text = std::string{txn.get(table::fetches, key(3)).value()};
            text.replace(text.find("archive.example"), 15, "another.example");
            txn.put(table::fetches, key(3), text);
        });
        CHECK(begins(verdict(folder),
                     "the fetch log's entry 4 does not follow the one before it, or that one was changed"));
    }
    SECTION("changed at the end") {
        tamper(folder, [](store::write_txn& txn) {
            auto text = std::string{txn.get(table::fetches, key(6)).value()};
            text.replace(text.find("archive.example"), 15, "another.example");
            txn.put(table::fetches, key(6), text);
        });
        CHECK(begins(verdict(folder), "the fetch log's entry 6 is not the one that the log ends with"));
    }
    SECTION("taken out") {
        tamper(folder, [](store::write_txn& txn) { txn.remove(table::fetches, key(3)); });
        CHECK(begins(verdict(folder), "the fetch log's entry 3 is not there"));
    }
    SECTION("the first taken out") {
        tamper(folder, [](store::write_txn& txn) { txn.remove(table::fetches, key(1)); });
        CHECK(begins(verdict(folder), "the fetch log's entry 1 is not there"));
    }
    SECTION("two swapped") {
        tamper(folder, [](store::write_txn& txn) {
            const auto second = std::string{txn.get(table::fetches, key(2)).value()};
            const auto third = std::string{txn.get(table::fetches, key(3)).value()};
            txn.put(table::fetches, key(2), third);
            txn.put(table::fetches, key(3), second);
        });
        CHECK(begins(verdict(folder), "the fetch log's entry 2 does not follow the one before it"));
    }
    SECTION("cut off") {
        tamper(folder, [](store::write_txn& txn) { txn.remove(table::fetches, key(6)); });
        CHECK(begins(verdict(folder), "the fetch log's entry 6 is not there"));
    }
    SECTION("left behind a head that was set back") {
        tamper(folder, [](store::write_txn& txn) {
            std::string head;
            for (unsigned i = 0; i < 8; ++i) head.push_back(i == 0 ? 5 : 0);
            head += sha256(txn.get(table::fetches, key(5)).value()).as_bytes();
            txn.put(table::fetches, key(0), head);
        });
        CHECK(begins(verdict(folder), "the fetch log's entry 6 stands behind the one that the log says is its last"));
    }
    SECTION("no longer text") {
        tamper(folder, [](store::write_txn& txn) { txn.put(table::fetches, key(5), "nonsense"); });
        CHECK(begins(verdict(folder), "the fetch log's entry 5"));
    }
    SECTION("hidden from whoever looks for its object, until that table is made anew") {
        tamper(folder,
               [](store::write_txn& txn) { txn.remove(table::fetched, std::string{sha256("4").as_bytes()} + key(4)); });
        CHECK(begins(verdict(folder), "the fetch log's entry 4 is not found by its object"));
        tamper(folder, [](store::write_txn& txn) {
            txn.put(table::fetched, std::string{sha256("x").as_bytes()} + key(4), {});
        });
        auto s = opened(folder);
        REQUIRE(s->fetches().index_anew());
        CHECK(s->fetches().of(sha256("4")).value().size() == 1);
        CHECK(s->fetches().of(sha256("x")).value().empty());
        CHECK(s->fetches().verify(journal).value() == 6);
    }
    SECTION("cut off with a head to fit: only the journal knows") {
        tamper(folder, [](store::write_txn& txn) {
            std::string head;
            for (unsigned i = 0; i < 8; ++i) head.push_back(i == 0 ? 5 : 0);
            head += sha256(txn.get(table::fetches, key(5)).value()).as_bytes();
            txn.remove(table::fetches, key(6));
            txn.put(table::fetches, key(0), head);
        });
        CHECK(verdict(folder).empty());
        CHECK(begins(verdict(folder, journal),
                     "the fetch log's entry 6 is not there: the journal's entry 1 names entry 6"));
    }
    SECTION("written anew from one entry on: only the journal knows") {
        tamper(folder, [](store::write_txn& txn) {
            for (const std::uint64_t n : {4U, 5U, 6U}) txn.remove(table::fetches, key(n));
            std::string head;
            for (unsigned i = 0; i < 8; ++i) head.push_back(i == 0 ? 3 : 0);
            head += sha256(txn.get(table::fetches, key(3)).value()).as_bytes();
            txn.put(table::fetches, key(0), head);
        });
        {
            auto s = opened(folder);
            for (const auto* name : {"x", "y", "z"}) s->fetches().note(from("invented"), sha256(name), 1);
        }
        CHECK(verdict(folder).empty());
        CHECK(begins(verdict(folder, journal),
                     "the fetch log's entry 6 is not the one that the journal's entry 1 names"));
    }
}

TEST_CASE("fetches: what does not fit into an entry is left out of it", "[fetches]") {
    fetch_entry entry;
    entry.number = 1;
    entry.origin.archive = std::string(5000, 'a');
    entry.origin.path = std::string(5000, 'p');
    for (int i = 0; i < 9; ++i) entry.origin.from.push_back(std::to_string(i) + "\nNumber: 9" + std::string(5000, 'u'));
    const auto text = entry.write();
    CHECK(text.size() <= fetch_entry::most_bytes);
    const auto read = fetch_entry::read(text).value();
    CHECK(read.number == 1);
    CHECK(read.write() == text);
    REQUIRE(read.origin.from.size() == fetch_entry::most_from);
    CHECK(read.origin.from.back().starts_with("8?Number: 9"));
}

TEST_CASE("fetches: a text that is no entry is refused", "[fetches]") {
    const auto good = [] {
        fetch_entry entry;
        entry.number = 3;
        return entry.write();
    }();
    REQUIRE(fetch_entry::read(good));
    const auto without = [&good](const std::string& line) {
        const auto at = good.find(line);
        return good.substr(0, at) + good.substr(good.find('\n', at) + 1);
    };
    for (const auto* line : {"Larder-Fetch", "Number", "Object"})
        CHECK(fetch_entry::read(without(line)).error().code() == errc::malformed);
    for (const auto* bad :
         {"When: never\n", "How: somehow\n", "Object: 12\n", "State: x\n", "Previous: \n", "no colon\n"})
        CHECK(fetch_entry::read(good + bad).error().code() == errc::malformed);
    CHECK(fetch_entry::read(good + "Larder-Fetch: 2\n").error().code() == errc::unsupported);
    CHECK(fetch_entry::read(good + std::string(5000, 'x')).error().code() == errc::too_large);
}
