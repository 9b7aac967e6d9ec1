#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <larder/config/load.hpp>
#include <string_view>

/// Any text is either refused with a reason or means something that, shown, means the same again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace larder;
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    const auto first = config::parse(text, "fuzz.toml", config::file_check::off);
    if (!first) {
        if (first.error().code() != errc::bad_config || first.error().detail().empty()) std::abort();
        return 0;
    }
    const auto shown = config::show(*first);
    const auto again = config::parse(shown, "shown.toml", config::file_check::off);
    if (!again || config::show(*again) != shown) std::abort();
    if (config::show_json(*first).empty() || !config::needs_restart(*first, *again).empty()) std::abort();
    return 0;
}
