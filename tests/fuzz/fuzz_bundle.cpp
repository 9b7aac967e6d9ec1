#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <larder/base/file.hpp>
#include <larder/deployments/bundle.hpp>
#include <string>
#include <string_view>
#include <sys/mman.h>

using namespace larder;
using namespace larder::deployments;

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

void read_head(std::string_view text) {
    const auto head = bundle_head::read(text);
    require(head ? head->write() == text : !head.error().detail().empty());
}

void read_list(std::string_view text) {
    const auto list = bundle_list::read(text);
    if (!list) return require(!list.error().detail().empty());
    const auto written = list->write();
    const auto again = bundle_list::read(written);
    require(again && again->write() == written);
    require(again->objects.size() == list->objects.size() && again->holds.size() == list->holds.size());
    require(again->generations == list->generations);
}

/// No entry gives more than the limit, and the end of it is reached.
void read_bundle(std::string_view bytes) {
    const unique_fd file{::memfd_create("fuzz", MFD_CLOEXEC)};
    require(file && write_all(file.get(), bytes, "a test"));
    const auto in = open_bundle_reader("/proc/self/fd/" + std::to_string(file.get()));
    if (!in) return;
    constexpr std::uint64_t limit = 1 << 20;
    for (int entries = 0; entries < 1000; ++entries) {
        const auto entry = (*in)->next();
        if (!entry) return require(!entry.error().detail().empty());
        if (!*entry) return;
        const auto text = (*in)->read_all(limit);
        if (!text) return;
        require(text->size() <= limit);
        if ((*entry)->name == list_entry) read_list(*text);
    }
}

}  // namespace

// A bundle's head, its list, and a whole bundle: refused with a reason, or read; the texts are written again as they
// mean the same, the head as the very same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes{reinterpret_cast<const char*>(data), size};
    read_head(bytes);
    read_list(bytes);
    read_bundle(bytes);
    return 0;
}
