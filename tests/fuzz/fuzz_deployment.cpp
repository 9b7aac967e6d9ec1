#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <larder/deployments/registry.hpp>
#include <string_view>

using namespace larder::deployments;

namespace {
void require(bool holds) {
    if (!holds) std::abort();
}
}  // namespace

// What is read as a deployment's ref means the same when it is written and read again. Whatever its name, the refs
// of its generations stand below its own.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    if (check_name(text)) {
        require(ref_of(text).substr(deployment_prefix.size()) == text);
        require(ref_of(text).find('/', deployment_prefix.size()) == std::string::npos);
        require(ref_of(text, 7) == "generation/" + std::string{text} + "/0000000007");
    }
    const auto d = deployment::read(text);
    if (!d) {
        require(!d.error().detail().empty());
        return 0;
    }
    require(d->head != 0);
    const auto again = deployment::read(d->write());
    require(again && again->write() == d->write());
    require(again->head == d->head && again->generation == d->generation && again->hold == d->hold);
    require(again->token == d->token && again->on_first_use == d->on_first_use && again->removed == d->removed);
    require(again->forget_after == d->forget_after);
    return 0;
}
