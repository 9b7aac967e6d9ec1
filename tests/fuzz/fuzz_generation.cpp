#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <larder/deployments/generation.hpp>
#include <string_view>

using namespace larder::deployments;

namespace {
void require(bool holds) {
    if (!holds) std::abort();
}
}  // namespace

// What is read as a generation is written, read and written as the same; only what is for people may lose what
// nobody could read, and that once. What changes between it and itself is nothing.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto g = generation::read({reinterpret_cast<const char*>(data), size});
    if (!g) {
        require(!g.error().detail().empty());
        return 0;
    }
    require(g->number != 0 && !g->deployment.empty());
    const auto text = g->write();
    const auto again = generation::read(text);
    require(again && again->write() == text);
    require(again->deployment == g->deployment && again->number == g->number && again->parent == g->parent);
    require(again->made == g->made && again->how == g->how && again->origin == g->origin);
    require(again->architectures == g->architectures && again->pins == g->pins);
    for (const auto& pin : g->pins) require(g->find(pin.archive, pin.suite) == &pin);
    require(changes(*g, *again).empty());
    return 0;
}
