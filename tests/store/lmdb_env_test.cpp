#include "lmdb_env.hpp"
#include "scratch_folder.hpp"
#include <atomic>
#include <catch2/catch.hpp>
#include <fstream>
#include <thread>

using namespace larder;
using namespace larder::store;

namespace {

constexpr std::uint64_t one_mib = 1ULL << 20;

std::string key(int n) { return "key-" + std::to_string(n); }

result<void> put(lmdb_env& env, const std::string& k, const std::string& v) {
    return env.write([&](write_txn& txn) -> result<void> {
        txn.put(table::notes, k, v);
        return {};
    });
}

bool has(const lmdb_env& env, const std::string& k) {
    return env.read([&](const read_txn& txn) { return txn.get(table::notes, k).has_value(); });
}

}  // namespace

TEST_CASE("lmdb_env: an error or a throw undoes the transaction") {
    const test::scratch_folder folder{test::on::memory};
    auto env = lmdb_env::open(folder.path(), one_mib).value();
    const auto r = env->write([](write_txn& txn) -> result<void> {
        txn.put(table::notes, "a", "x");
        return error{errc::refused, "no"};
    });
    CHECK(r.error().code() == errc::refused);
    CHECK_FALSE(has(*env, "a"));
    const auto throwing = [&]() -> result<void> {
        return env->write([](write_txn& txn) -> result<void> {
            txn.put(table::notes, "a", "x");
            throw std::logic_error{"oops"};
        });
    };
    CHECK_THROWS_AS(throwing(), std::logic_error);
    CHECK_FALSE(has(*env, "a"));
    CHECK(put(*env, "a", "x"));
    CHECK(has(*env, "a"));
}

TEST_CASE("lmdb_env: a map of 1 MiB grows under 100,000 rows in one transaction") {
    const test::scratch_folder folder{test::on::memory};
    auto env = lmdb_env::open(folder.path(), one_mib).value();
    REQUIRE(env->map_size() == one_mib);
    int runs = 0;
    const auto r = env->write([&](write_txn& txn) -> result<void> {
        ++runs;
        for (int i = 0; i < 100'000; ++i) txn.put(table::notes, key(i), "a value of some length, to fill pages");
        return {};
    });
    CHECK(r);
    CHECK(runs > 1);
    CHECK(env->map_size() > one_mib);
    CHECK(env->read([](const read_txn& txn) { return txn.rows(table::notes); }) == 100'000);
    env.reset();
    env = lmdb_env::open(folder.path(), one_mib).value();
    CHECK(env->read([](const read_txn& txn) { return txn.rows(table::notes); }) == 100'000);
}

TEST_CASE("lmdb_env: the map grows while others read") {
    const test::scratch_folder folder{test::on::memory};
    auto env = lmdb_env::open(folder.path(), one_mib).value();
    REQUIRE(put(*env, key(0), "here"));
    std::atomic<bool> done{false};
    std::atomic<int> missed{0};
    std::vector<std::thread> readers;
    for (int t = 0; t < 3; ++t) {
        readers.emplace_back([&] {
            while (!done)
                if (!has(*env, key(0))) ++missed;
        });
    }
    bool all_put = true;
    for (int i = 1; i <= 40; ++i) all_put = put(*env, key(i), std::string(one_mib / 4, 'x')).has_value() && all_put;
    done = true;
    for (auto& t : readers) t.join();
    CHECK(all_put);
    CHECK(missed == 0);
    CHECK(env->map_size() >= 10 * one_mib);
}

TEST_CASE("lmdb_env: the map is not replaced under a reader") {
    const test::scratch_folder folder{test::on::memory};
    auto env = lmdb_env::open(folder.path(), one_mib).value();
    REQUIRE(put(*env, "a", "here"));
    std::atomic<int> runs{0};
    std::thread writer;
    const bool kept = env->read([&](const read_txn& txn) {
        writer = std::thread{[&] {
            (void)env->write([&](write_txn& w) -> result<void> {
                ++runs;
                for (int i = 0; i < 20; ++i) w.put(table::notes, key(i), std::string(one_mib / 8, 'x'));
                return {};
            });
        }};
        while (runs == 0) std::this_thread::yield();
        // The writer has all the time it needs to find the map full and to replace it, if it may.
        bool same = true;
        for (int i = 0; i < 20'000; ++i) {
            std::this_thread::yield();
            same = same && env->map_size() == one_mib;
        }
        return same && txn.get(table::notes, "a") == "here";
    });
    writer.join();
    CHECK(kept);
    CHECK(runs > 1);
    CHECK(has(*env, key(19)));
}

TEST_CASE("lmdb_env: a walk starts at its key and stops when told") {
    const test::scratch_folder folder{test::on::memory};
    auto env = lmdb_env::open(folder.path(), one_mib).value();
    for (const char* k : {"a", "b", "c"}) REQUIRE(put(*env, k, "x"));
    std::string seen;
    const auto collect = [&](std::string_view from, std::size_t most) {
        seen.clear();
        env->read([&](const read_txn& txn) {
            txn.walk(table::notes, from, [&](std::string_view k, std::string_view) {
                seen += k;
                return seen.size() < most;
            });
        });
        return seen;
    };
    CHECK(collect("", 9) == "abc");
    CHECK(collect("aa", 9) == "bc");
    CHECK(collect("", 2) == "ab");
    CHECK(collect("d", 9).empty());
}

TEST_CASE("lmdb_env: a damaged file is an exception that names it and says what to do") {
    const test::scratch_folder folder{test::on::memory};
    {
        auto env = lmdb_env::open(folder.path(), one_mib).value();
        for (int i = 0; i < 500; ++i) REQUIRE(put(*env, key(i), std::string(100, 'x')));
    }
    SECTION("overwritten") { std::ofstream{folder / "data.mdb", std::ios::trunc} << std::string(20'000, 'Z'); }
    SECTION("cut short") { std::filesystem::resize_file(folder / "data.mdb", 12'288); }
    try {
        (void)lmdb_env::open(folder.path(), one_mib);
        FAIL("a damaged database was opened");
    } catch (const lmdb_failure& failure) {
        const std::string text = failure.what();
        CHECK(text.find(folder / "data.mdb") != std::string::npos);
        CHECK(text.find("backup") != std::string::npos);
    }
}
