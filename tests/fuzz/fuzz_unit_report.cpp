#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <larder/deployments/drift.hpp>
#include <larder/index/version.hpp>
#include <string_view>

using namespace larder;
using namespace larder::deployments;

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

/// A unit that has just what is expected does not differ, and one with an older version is behind.
void check_drift(const std::vector<installed_package>& all) {
    expectation expected;
    for (const auto& one : all) {
        index::listed_package p;
        p.name = one.name;
        p.architecture = one.architecture;
        p.version = one.version;
        expected.add(p);
    }
    for (const auto& d : expected.compare(all)) {
        require(d.what == difference::kind::behind);
        require(index::compare_versions(d.installed, d.expected) < 0);
    }
}

}  // namespace

// What a unit reports is refused with its line, or becomes a sorted list, each package once, in a form that means
// the same again and is no longer than what came.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    const auto all = parse_report(text);
    if (!all) {
        require(all.error().detail().find("line ") == 0 || all.error().code() == errc::too_large);
        return 0;
    }
    require(all->size() <= most_packages && std::is_sorted(all->begin(), all->end()));
    require(std::adjacent_find(all->begin(), all->end()) == all->end());
    const auto written = write_report(*all);
    require(written.size() <= text.size() + 1);
    const auto again = parse_report(written);
    require(again && *again == *all && write_report(*again) == written);
    check_drift(*all);
    return 0;
}
