#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <larder/deployments/lockfile.hpp>
#include <string_view>

using namespace larder;
using namespace larder::deployments;

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

}  // namespace

// A lockfile is refused with the reason, or read; what was read is written in a form that means the same, and nothing
// differs between the two.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto lock = lockfile::read({reinterpret_cast<const char*>(data), size});
    if (!lock) {
        require(!lock.error().detail().empty());
        return 0;
    }
    const auto text = lock->write();
    const auto again = lockfile::read(text);
    require(again && again->write() == text);
    require(again->deployment == lock->deployment && again->generation == lock->generation);
    require(again->suites == lock->suites && again->packages == lock->packages);
    require(compare(*lock, *again).none());
    auto sorted = *lock;
    sorted.in_order();
    const auto first = sorted.write();
    sorted.in_order();
    require(sorted.write() == first && lockfile::read(first));
    require(compare(*lock, sorted).suites.empty());
    static_cast<void>(sorted.preferences());
    return 0;
}
