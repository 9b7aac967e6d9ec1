#include "load_tally.hpp"
#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <limits>
#include <numeric>

namespace larder::bench {
namespace {

std::uint32_t microseconds(steady::duration d) {
    auto us = std::chrono::duration_cast<std::chrono::microseconds>(d).count();
    return static_cast<std::uint32_t>(std::clamp<std::int64_t>(us, 0, std::numeric_limits<std::uint32_t>::max()));
}

// The smallest value that at least `part` of all values do not exceed (nearest rank).
std::uint32_t percentile(const std::vector<std::uint32_t>& sorted, double part) {
    auto rank = static_cast<std::size_t>(std::ceil(part * static_cast<double>(sorted.size())));
    return sorted[std::clamp<std::size_t>(rank, 1, sorted.size()) - 1];
}

boost::json::value summary(std::vector<std::uint32_t> values) {
    if (values.empty()) return nullptr;
    std::sort(values.begin(), values.end());
    auto sum = std::accumulate(values.begin(), values.end(), std::uint64_t{0});
    return {{"mean", static_cast<double>(sum) / static_cast<double>(values.size())},
            {"p50", percentile(values, 0.50)},
            {"p90", percentile(values, 0.90)},
            {"p99", percentile(values, 0.99)},
            {"p999", percentile(values, 0.999)},
            {"max", values.back()}};
}

}  // namespace

void tally::first_byte(steady::duration d) { first_bytes_.push_back(microseconds(d)); }

void tally::completed(steady::duration d) { latencies_.push_back(microseconds(d)); }

void tally::failed(const std::string& why) {
    if (errors_++ == 0) first_error_ = why;
}

std::string tally::json(steady::duration elapsed) const {
    auto seconds = std::chrono::duration<double>(elapsed).count();
    boost::json::object out{{"requests", latencies_.size()},
                            {"errors", errors_},
                            {"first_error", first_error_},
                            {"reconnects", reconnects_},
                            {"bytes", bytes_},
                            {"seconds", seconds},
                            {"per_second", static_cast<double>(latencies_.size()) / seconds},
                            {"latency_us", summary(latencies_)},
                            {"first_byte_us", summary(first_bytes_)}};
    return boost::json::serialize(out);
}

}  // namespace larder::bench
