#include <atomic>
#include <catch2/catch.hpp>
#include <future>
#include <site/known_changes.hpp>
#include <site/long_answers.hpp>
#include <thread>
#include <utility>

using namespace larder;
using namespace larder::net;
using namespace larder::net::site;
using namespace std::chrono_literals;

namespace {

void until(const std::function<bool()>& true_now) {
    const auto limit = std::chrono::steady_clock::now() + 20s;
    while (!true_now()) {
        if (std::chrono::steady_clock::now() > limit) FAIL("waited too long");
        std::this_thread::yield();
    }
}

/// Answers that a test holds back, and lets go; at its end they go in any case.
struct ground {
    ~ground() {
        let_go();
        desk.close();
        pool.join();
    }
    void let_go() {
        if (!std::exchange(opened, true)) opener.set_value();
    }
    long_answers::answer begin(effort how_much) {
        return desk.begin(pool, how_much, [this](const std::stop_token& stop) {
            ++begun;
            if (stop.stop_requested())
                ++stopped;
            else
                open.wait();
            return site_reply{};
        });
    }

    std::promise<void> opener;
    std::shared_future<void> open{opener.get_future()};
    bool opened = false;
    std::atomic<int> begun{0}, stopped{0};
    long_answers desk;
    asio::thread_pool pool{4};
};

}  // namespace

TEST_CASE("long answers: two compute at once, what only reads does not wait for them") {
    ground g;
    std::vector<long_answers::answer> slow;
    for (int i = 0; i < 5; ++i) slow.push_back(g.begin(effort::computes));
    until([&] { return g.begun == 2; });
    const auto read = g.desk.begin(g.pool, effort::reads, [](const std::stop_token&) { return site_reply{}; });
    until([&] { return read->ready(); });
    CHECK(g.begun == 2);
    g.let_go();
    for (const auto& one : slow) until([&] { return one->ready(); });
    CHECK(g.begun == 5);
}

TEST_CASE("long answers: a queue has an end") {
    ground g;
    int taken = 0;
    for (int i = 0; i < 100; ++i) taken += g.begin(effort::computes) != nullptr;
    CHECK(taken == 2 + 32);
}

TEST_CASE("long answers: a close ends what waits, waits for what runs, and takes nothing new") {
    ground g;
    std::vector<long_answers::answer> all;
    for (int i = 0; i < 4; ++i) all.push_back(g.begin(effort::computes));
    until([&] { return g.begun == 2; });
    std::atomic<bool> closed{false};
    std::jthread closing{[&] {
        g.desk.close();
        closed = true;
    }};
    until([&] { return g.stopped == 2 || closed; });
    CHECK(g.begin(effort::reads) == nullptr);
    CHECK_FALSE(all[0]->ready());
    CHECK_FALSE(closed);
    CHECK(all[3]->ready());
    g.let_go();
    closing.join();
    for (const auto& one : all) CHECK(one->ready());
}

TEST_CASE("known changes: the 32 that were asked for last are known") {
    known_changes known;
    const auto pair = [](int n) {
        return known_changes::pair{sha256(std::to_string(n)), sha256(std::to_string(n + 1))};
    };
    for (int n = 0; n < 32; ++n) known.keep(pair(n), std::make_shared<const generation_changes>());
    const auto first = known.find(pair(0));
    CHECK(first != nullptr);
    known.keep(pair(32), std::make_shared<const generation_changes>());
    CHECK(known.find(pair(0)) == first);
    CHECK(known.find(pair(1)) == nullptr);
    CHECK(known.find({pair(2).second, pair(2).first}) == nullptr);
    CHECK(known.find(pair(32)) != nullptr);
}

TEST_CASE("known changes: all is counted, and the first of it kept") {
    generation_diff d;
    suite_difference one;
    one.suite = "stable";
    for (int i = 0; i < 700; ++i) {
        index::package_change c;
        c.what = i < 600 ? index::package_change::kind::upgraded : index::package_change::kind::added;
        one.packages.push_back(c);
    }
    d.differences = {one, suite_difference{}};
    const auto made = shorten(d);
    REQUIRE(made.suites.size() == 2);
    CHECK(made.suites[0].packages == 700);
    CHECK(made.suites[0].first.size() == most_rows);
    CHECK(made.suites[0].counts[static_cast<std::size_t>(index::package_change::kind::upgraded)] == 600);
    CHECK(made.suites[0].counts[static_cast<std::size_t>(index::package_change::kind::added)] == 100);
    CHECK(made.whole());
    d.differences[1].unread = {"main/binary-amd64/Packages"};
    CHECK_FALSE(shorten(d).whole());
}
