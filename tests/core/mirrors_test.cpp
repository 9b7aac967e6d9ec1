#include <catch2/catch.hpp>
#include <larder/core/mirrors.hpp>

using namespace larder;
using namespace larder::core;
using namespace std::chrono_literals;

namespace {

const steady_time t0{std::chrono::hours{1000}};
using order = std::vector<std::size_t>;

outcome answered(int status) {
    outcome o{transfer::status};
    o.status = status;
    return o;
}

/// "fetch 0 @100 after 250", "done", "give up absent".
std::string said(const mirror_plan& plan) {
    const auto s = plan.next();
    if (s.what == step::action::done) return "done";
    if (s.what == step::action::give_up) return "give up " + std::string{to_string(s.why.code())};
    return "fetch " + std::to_string(s.mirror) + " @" + std::to_string(s.offset) +
           (s.wait.count() > 0 ? " after " + std::to_string(s.wait.count()) : "");
}

/// Reports and says what comes next.
std::string then(mirror_plan& plan, const outcome& o) {
    plan.report(o);
    return said(plan);
}

}  // namespace

TEST_CASE("mirrors: healthy mirrors are tried as configured, those backing off last", "[core][mirrors]") {
    mirror_set set{3};
    CHECK(set.order(t0) == order{0, 1, 2});
    set.report(0, {transfer::connect_failed}, t0);
    CHECK(set.order(t0) == order{1, 2, 0});
    set.report(1, {transfer::timed_out}, t0);
    set.report(1, {transfer::timed_out}, t0);
    CHECK(set.order(t0) == order{2, 0, 1});
    set.report(2, answered(503), t0 + 100ms);
    CHECK(set.order(t0 + 100ms) == order{0, 2, 1});
    CHECK(set.order(t0 + 1s) == order{0, 2, 1});
    CHECK(set.order(t0 + 1s + 50ms) == order{0, 2, 1});
    CHECK(set.order(t0 + 3s) == order{0, 1, 2});
}

TEST_CASE("mirrors: the back-off doubles to a minute and one success ends it", "[core][mirrors]") {
    mirror_set set{1};
    const std::vector<std::chrono::seconds> waits{1s, 2s, 4s, 8s, 16s, 32s, 60s, 60s};
    for (const auto wait : waits) {
        set.report(0, {transfer::connect_failed}, t0);
        CHECK(set.state(0).until == t0 + wait);
    }
    CHECK(set.state(0).failures == waits.size());
    for (int i = 0; i < 1000; ++i) set.report(0, {transfer::connect_failed}, t0);
    CHECK(set.state(0).until == t0 + 60s);
    set.report(0, {transfer::ok}, t0);
    CHECK(set.state(0).failures == 0);
    CHECK(set.state(0).until <= t0);
    CHECK_FALSE(set.state(0).last_error.empty());
}

TEST_CASE("mirrors: a mirror is waited for as long as it asks, within reason", "[core][mirrors]") {
    mirror_set set{1};
    auto busy = answered(429);
    busy.retry_after = 90s;
    set.report(0, busy, t0);
    CHECK(set.state(0).until == t0 + 90s);
    busy.retry_after = 24h;
    set.report(0, busy, t0);
    CHECK(set.state(0).until == t0 + 10min);
}

TEST_CASE("mirrors: a 404, wrong bytes or a broken transfer do not make a mirror wait", "[core][mirrors]") {
    mirror_set set{1};
    for (const auto& o : {answered(404), answered(403), outcome{transfer::digest_mismatch}, outcome{transfer::reset, 5},
                          outcome{transfer::wrong_range}, outcome{transfer::refused}}) {
        set.report(0, o, t0);
        CHECK(set.state(0).failures == 0);
    }
    CHECK(set.state(0).mismatches == 1);
    set.report(0, {transfer::reset, 0}, t0);
    CHECK(set.state(0).failures == 1);
}

TEST_CASE("mirrors: latency is a moving average", "[core][mirrors]") {
    mirror_set set{1};
    CHECK_FALSE(set.state(0).latency);
    outcome o;
    o.first_byte = 80ms;
    set.report(0, o, t0);
    CHECK(set.state(0).latency == 80ms);
    o.first_byte = 160ms;
    set.report(0, o, t0);
    CHECK(set.state(0).latency == 90ms);
}

TEST_CASE("mirror_plan: the first mirror that answers ends it", "[core][mirrors]") {
    mirror_plan plan{{2, 0}, promise::verified};
    CHECK(said(plan) == "fetch 2 @0");
    CHECK(said(plan) == "fetch 2 @0");
    CHECK(then(plan, {transfer::connect_failed}) == "fetch 0 @0");
    CHECK(then(plan, {transfer::ok, 100}) == "done");
    CHECK(then(plan, {transfer::reset}) == "done");
}

TEST_CASE("mirror_plan: a transfer that breaks off goes on at another mirror", "[core][mirrors]") {
    mirror_plan plan{{0, 1}, promise::verified};
    CHECK(then(plan, {transfer::reset, 100}) == "fetch 1 @100");
    CHECK(then(plan, {transfer::timed_out, 50}) == "fetch 0 @150 after 250");
    CHECK(then(plan, {transfer::ok, 850}) == "done");
}

TEST_CASE("mirror_plan: a mirror that brings much before it breaks off is asked to go on", "[core][mirrors]") {
    plan_limits limits;
    limits.rounds = 1;
    mirror_plan plan{{0}, promise::verified, limits};
    CHECK(then(plan, {transfer::reset, 1 << 20}) == "fetch 0 @1048576");
    CHECK(then(plan, {transfer::reset, 1 << 20}) == "fetch 0 @2097152");
    CHECK(then(plan, {transfer::reset, 10}) == "give up upstream_down");
}

TEST_CASE("mirror_plan: a mirror that breaks off for ever is left in the end", "[core][mirrors]") {
    mirror_plan plan{{0}, promise::verified};
    int transfers = 0;
    while (plan.next().what == step::action::fetch && transfers < 10'000) {
        plan.report({transfer::reset, 1 << 20});
        ++transfers;
    }
    CHECK(transfers == 100);
}

TEST_CASE("mirror_plan: pieces of what no index promises are never joined", "[core][mirrors]") {
    mirror_plan plan{{0, 1}, promise::none};
    CHECK(then(plan, {transfer::reset, 1 << 20}) == "fetch 1 @0");
    CHECK(then(plan, {transfer::timed_out, 100}) == "fetch 0 @0 after 250");
}

TEST_CASE("mirror_plan: a mirror that ignores ranges starts afresh, after those that may know them",
          "[core][mirrors]") {
    mirror_plan plan{{0, 1, 2}, promise::verified};
    CHECK(then(plan, {transfer::reset, 100}) == "fetch 1 @100");
    CHECK(then(plan, {transfer::wrong_range}) == "fetch 2 @100");
    CHECK(then(plan, {transfer::connect_failed}) == "fetch 0 @100 after 250");
    CHECK(then(plan, {transfer::connect_failed}) == "fetch 1 @0");
    CHECK(then(plan, {transfer::ok, 1000}) == "done");

    mirror_plan alone{{0}, promise::verified};
    CHECK(then(alone, {transfer::reset, 100}) == "fetch 0 @100 after 250");
    CHECK(then(alone, answered(416)) == "fetch 0 @0");
    CHECK(then(alone, answered(416)) == "give up upstream_down");
}

TEST_CASE("mirror_plan: a mirror whose bytes are wrong is not asked again", "[core][mirrors]") {
    mirror_plan plan{{0, 1}, promise::verified};
    CHECK(then(plan, {transfer::digest_mismatch, 1000}) == "fetch 1 @0");
    CHECK(then(plan, {transfer::timed_out}) == "fetch 1 @0 after 250");
    CHECK(then(plan, {transfer::digest_mismatch, 1000}) == "give up digest_mismatch");
}

TEST_CASE("mirror_plan: wrong bytes from several mirrors are traced to the liar", "[core][mirrors]") {
    mirror_plan plan{{0, 1}, promise::verified};
    CHECK(then(plan, {transfer::reset, 100}) == "fetch 1 @100");
    CHECK(then(plan, {transfer::digest_mismatch, 900}) == "fetch 0 @0 after 250");
    CHECK(then(plan, {transfer::reset, 1 << 20}) == "fetch 1 @0");  // from now on no joining
    CHECK(then(plan, {transfer::digest_mismatch, 1000}) == "fetch 0 @0 after 500");
    CHECK(then(plan, {transfer::ok, 1000}) == "done");
}

TEST_CASE("mirror_plan: a mirror with another length is out, and its bytes with it", "[core][mirrors]") {
    mirror_plan plan{{0, 1}, promise::verified};
    CHECK(then(plan, {transfer::wrong_length, 70'000}) == "fetch 1 @0");
    CHECK(then(plan, {transfer::wrong_length}) == "give up digest_mismatch");
}

TEST_CASE("mirror_plan: absent only if all mirrors that were reached say 404", "[core][mirrors]") {
    mirror_plan all{{0, 1}, promise::none};
    CHECK(then(all, answered(404)) == "fetch 1 @0");
    CHECK(then(all, answered(410)) == "give up absent");

    mirror_plan one_dead{{0, 1}, promise::none};
    CHECK(then(one_dead, {transfer::connect_failed}) == "fetch 1 @0");
    CHECK(then(one_dead, answered(404)) == "give up absent");

    mirror_plan one_broken{{0, 1}, promise::none};
    CHECK(then(one_broken, answered(404)) == "fetch 1 @0");
    CHECK(then(one_broken, answered(500)) == "fetch 1 @0 after 250");
    CHECK(then(one_broken, answered(500)) == "fetch 1 @0 after 500");
    CHECK(then(one_broken, answered(500)) == "give up upstream_down");

    mirror_plan all_dead{{0}, promise::none};
    CHECK(then(all_dead, {transfer::connect_failed}) == "fetch 0 @0 after 250");
    CHECK(then(all_dead, {transfer::timed_out}) == "fetch 0 @0 after 500");
    CHECK(then(all_dead, {transfer::timed_out}) == "give up timeout");
}

TEST_CASE("mirror_plan: what a verified index names is never absent", "[core][mirrors]") {
    mirror_plan plan{{0, 1}, promise::verified};
    CHECK(then(plan, answered(404)) == "fetch 1 @0");
    CHECK(then(plan, answered(404)) == "give up upstream_down");
}

TEST_CASE("mirror_plan: other refusals put a mirror out for this file", "[core][mirrors]") {
    mirror_plan plan{{0, 1, 2}, promise::verified};
    CHECK(then(plan, answered(403)) == "fetch 1 @0");
    CHECK(then(plan, answered(302)) == "fetch 2 @0");
    CHECK(then(plan, {transfer::refused}) == "give up refused");
}

TEST_CASE("mirror_plan: rounds wait longer each time, at least as long as asked, never beyond the most",
          "[core][mirrors]") {
    plan_limits limits;
    limits.rounds = 9;
    mirror_plan plan{{0}, promise::verified, limits};
    std::vector<std::int64_t> waits;
    for (int i = 0; i < 8; ++i) {
        plan.report(answered(503));
        waits.push_back(plan.next().wait.count());
    }
    CHECK(waits == std::vector<std::int64_t>{250, 500, 1000, 2000, 4000, 8000, 10000, 10000});
    mirror_plan asked{{0, 1}, promise::verified};
    auto busy = answered(503);
    busy.retry_after = 3s;
    CHECK(then(asked, busy) == "fetch 1 @0");
    CHECK(then(asked, {transfer::connect_failed}) == "fetch 0 @0 after 3000");
}

TEST_CASE("mirror_plan: no mirrors and no rounds still end", "[core][mirrors]") {
    CHECK(said(mirror_plan{{}, promise::none}) == "give up upstream_down");
    plan_limits limits;
    limits.rounds = 0;
    mirror_plan plan{{0}, promise::none, limits};
    CHECK(said(plan) == "fetch 0 @0");
    CHECK(then(plan, {transfer::timed_out}) == "give up timeout");
    mirror_plan empty{{}, promise::none};
    CHECK(then(empty, {transfer::ok}) == "give up upstream_down");
}
