#include <catch2/catch.hpp>
#include <larder/core/freshness.hpp>
#include <limits>

using namespace larder;
using namespace larder::core;
using namespace std::chrono_literals;

namespace {
const sys_seconds t0{1'700'000'000s};
const ageing five_minutes{mutability::changing, 300s, 3600s};
}  // namespace

TEST_CASE("freshness: a copy is fresh up to its age, then to be asked for, then expired", "[core][freshness]") {
    CHECK(judge(five_minutes, t0, t0) == freshness::fresh);
    CHECK(judge(five_minutes, t0, t0 + 300s) == freshness::fresh);
    CHECK(judge(five_minutes, t0, t0 + 301s) == freshness::revalidate);
    CHECK(judge(five_minutes, t0, t0 + 3900s) == freshness::revalidate);
    CHECK(judge(five_minutes, t0, t0 + 3901s) == freshness::expired);
}

TEST_CASE("freshness: a clock set back makes a copy as good as new", "[core][freshness]") {
    CHECK(judge(five_minutes, t0, t0 - 10'000h) == freshness::fresh);
    CHECK(age_of(t0, t0 - 1s) == 0s);
    CHECK(age_of(t0, t0 + 7s) == 7s);
}

TEST_CASE("freshness: what cannot change is always fresh", "[core][freshness]") {
    CHECK(judge({mutability::immutable, 0s, 0s}, t0, t0 + 1'000'000h) == freshness::fresh);
}

TEST_CASE("freshness: without an allowance the last good state never expires", "[core][freshness]") {
    CHECK(judge({mutability::changing, 0s, {}}, t0, t0 + 1s) == freshness::revalidate);
    CHECK(judge({mutability::changing, 0s, {}}, t0, t0 + 1'000'000h) == freshness::revalidate);
    CHECK(judge({mutability::changing, 0s, 0s}, t0, t0 + 1s) == freshness::expired);
    const std::chrono::seconds most{std::numeric_limits<std::int64_t>::max()};
    CHECK(judge({mutability::changing, 1s, most}, t0, t0 + 2s) == freshness::revalidate);
}

TEST_CASE("freshness: a client insists with no-cache, not with max-age=0", "[core][freshness]") {
    CHECK(insists("no-cache"));
    CHECK(insists("max-age=0, No-Cache"));
    CHECK_FALSE(insists("max-age=0"));
    CHECK_FALSE(insists("no-cachex"));
    CHECK_FALSE(insists(""));
}
