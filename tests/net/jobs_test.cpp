#include <atomic>
#include <catch2/catch.hpp>
#include <future>
#include <site/jobs.hpp>

using namespace larder;
using namespace larder::net;
using namespace larder::net::site;
using namespace std::chrono_literals;

namespace {

class still_clock final : public wall_clock {
public:
    sys_seconds now() const override { return sys_seconds{at.load()}; }
    std::atomic<std::chrono::seconds> at{1'000'000s};
};

/// Work that a test holds back, and lets go.
struct gate {
    std::promise<void> opener;
    std::shared_future<void> open{opener.get_future()};
    std::atomic<int> runs{0};

    job_board::work work(std::string result = "{}") {
        return [this, result](const progress_sink&, std::stop_token) -> larder::result<std::string> {
            ++runs;
            open.wait();
            return result;
        };
    }
};

job_view ended(const job_board& board, const std::string& id) {
    const auto limit = std::chrono::steady_clock::now() + 20s;
    for (;;) {
        auto view = board.find(id).value();
        if (view.state == job_state::done || view.state == job_state::failed) return view;
        if (std::chrono::steady_clock::now() > limit) FAIL("the job does not end");
        std::this_thread::yield();
    }
}

void until(const std::function<bool()>& true_now) {
    const auto limit = std::chrono::steady_clock::now() + 20s;
    while (!true_now()) {
        if (std::chrono::steady_clock::now() > limit) FAIL("waited too long");
        std::this_thread::yield();
    }
}

}  // namespace

TEST_CASE("jobs: a result, an error and an exception are kept for who asks later") {
    still_clock clock;
    job_board board{clock};
    const auto good =
        board.start("gc", "{}", [](const progress_sink&, std::stop_token) { return result<std::string>{"{\"n\":1}"}; });
    const auto bad = board.start("import", "{}", [](const progress_sink&, std::stop_token) {
        return result<std::string>{error{errc::full, "no room"}};
    });
    const auto thrown = board.start("doctor", "{}", [](const progress_sink&, std::stop_token) -> result<std::string> {
        throw std::runtime_error{"odd"};
    });
    CHECK(ended(board, good->id).result == "{\"n\":1}");
    CHECK(ended(board, bad->id).why.code() == errc::full);
    CHECK(ended(board, thrown->id).why.detail() == "odd");
    CHECK(ended(board, good->id).ended == clock.now());
    CHECK_FALSE(board.find("nothing"));
}

TEST_CASE("jobs: the same work that is under way is joined, other options are other work") {
    still_clock clock;
    gate g;
    job_board board{clock};
    const auto first = board.start("gc", "{\"dry_run\":true}", g.work());
    const auto same = board.start("gc", "{\"dry_run\":true}", g.work());
    const auto other = board.start("gc", "{}", g.work());
    CHECK_FALSE(first->joined);
    CHECK(same->joined);
    CHECK(same->id == first->id);
    CHECK(other->id != first->id);
    g.opener.set_value();
    ended(board, first->id);
    CHECK_FALSE(board.start("gc", "{\"dry_run\":true}", g.work())->joined);
}

TEST_CASE("jobs: two run at once, the third waits its turn") {
    still_clock clock;
    gate g;
    job_board board{clock};
    std::vector<std::string> ids;
    for (const auto* kind : {"a", "b", "c"}) ids.push_back(board.start(kind, "{}", g.work())->id);
    until([&] { return g.runs == 2; });
    CHECK(board.find(ids[2])->state == job_state::queued);
    g.opener.set_value();
    for (const auto& id : ids) CHECK(ended(board, id).state == job_state::done);
    CHECK(g.runs == 3);
}

TEST_CASE("jobs: what takes no turn runs beside those that fill all turns") {
    still_clock clock;
    gate g;
    job_board board{clock};
    for (const auto* kind : {"a", "b", "c"}) REQUIRE(board.start(kind, "{}", g.work()));
    until([&] { return g.runs == 2; });
    for (int again = 0; again < 3; ++again) {
        const auto quick = [](const progress_sink&, std::stop_token) { return result<std::string>{"{}"}; };
        const auto id = board.start("reload", "{}", quick, job_board::turn::at_once);
        CHECK(ended(board, id->id).state == job_state::done);
    }
    CHECK(g.runs == 2);
    g.opener.set_value();
}

TEST_CASE("jobs: what waits most of the time takes nobody's turn, and there is an end to how many do") {
    still_clock clock;
    gate g;
    job_board board{clock};
    std::vector<std::string> ids;
    for (int i = 0; i < 16; ++i) {
        const auto one = board.start("wait", std::to_string(i), g.work(), job_board::turn::aside);
        REQUIRE(one);
        ids.push_back(one->id);
    }
    CHECK(board.start("wait", "0", g.work(), job_board::turn::aside)->joined);
    CHECK(board.start("wait", "another", g.work(), job_board::turn::aside).error().code() == errc::refused);
    const auto quick = [](const progress_sink&, std::stop_token) { return result<std::string>{"{}"}; };
    CHECK(ended(board, board.start("gc", "{}", quick)->id).state == job_state::done);
    g.opener.set_value();
    for (const auto& id : ids) CHECK(ended(board, id).state == job_state::done);
    CHECK(board.start("wait", "another", quick, job_board::turn::aside));
}

TEST_CASE("jobs: a stop ends what waits aside") {
    still_clock clock;
    job_board board{clock};
    const auto waits = [](const progress_sink&, std::stop_token stop) {
        std::promise<void> stopped;
        const std::stop_callback told{stop, [&stopped] { stopped.set_value(); }};
        stopped.get_future().wait();
        return result<std::string>{error{errc::cancelled, "stopped"}};
    };
    const auto id = board.start("wait", "{}", waits, job_board::turn::aside)->id;
    board.stop();
    CHECK(ended(board, id).why.code() == errc::cancelled);
}

TEST_CASE("jobs: how far one is can be seen while it runs") {
    still_clock clock;
    gate g;
    job_board board{clock};
    const auto id = board
                        .start("doctor", "{}",
                               [&](const progress_sink& tell, std::stop_token) -> result<std::string> {
                                   tell({"hashing", 3, 10});
                                   g.open.wait();
                                   return std::string{"{}"};
                               })
                        ->id;
    until([&] { return board.find(id)->how_far.done == 3; });
    CHECK(board.find(id)->how_far.doing == "hashing");
    CHECK(board.find(id)->how_far.total == 10);
    g.opener.set_value();
    ended(board, id);
}

TEST_CASE("jobs: a stop reaches what runs, ends what waits, and takes nothing new") {
    still_clock clock;
    std::vector<std::string> ids;
    std::atomic<int> running{0};
    job_board board{clock};
    for (const auto* kind : {"a", "b", "c"})
        ids.push_back(board
                          .start(kind, "{}",
                                 [&](const progress_sink&, std::stop_token stop) -> result<std::string> {
                                     ++running;
                                     while (!stop.stop_requested()) std::this_thread::yield();
                                     return error{errc::cancelled, "stopped"};
                                 })
                          ->id);
    until([&] { return running == 2; });
    board.stop();
    for (const auto& id : ids) CHECK(ended(board, id).why.code() == errc::cancelled);
    CHECK(running == 2);
    CHECK(board.start("d", "{}", {}).error().code() == errc::cancelled);
}

TEST_CASE("jobs: those that ended are kept for an hour, and at most a hundred of them") {
    still_clock clock;
    job_board board{clock};
    const auto quick = [](const progress_sink&, std::stop_token) { return result<std::string>{"{}"}; };
    const auto first = board.start("first", "{}", quick)->id;
    ended(board, first);
    clock.at = clock.at.load() + 3600s;
    ended(board, board.start("second", "{}", quick)->id);
    CHECK(board.find(first));
    clock.at = clock.at.load() + 1s;
    ended(board, board.start("third", "{}", quick)->id);
    CHECK_FALSE(board.find(first));
    for (int i = 0; i < 150; ++i) ended(board, board.start(std::to_string(i), "{}", quick)->id);
    CHECK(board.all().size() == 101);
    CHECK(board.all().front().kind == "149");
}

TEST_CASE("jobs: a queue has an end") {
    still_clock clock;
    gate g;
    job_board board{clock};
    result<job_board::started> last = error{};
    for (int i = 0; i < 23; ++i) last = board.start(std::to_string(i), "{}", g.work());
    CHECK(last.error().code() == errc::refused);
    g.opener.set_value();
}
