#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <larder/deployments/journal.hpp>
#include <string_view>

using namespace larder::deployments;

namespace {
void require(bool holds) {
    if (!holds) std::abort();
}
}  // namespace

// What is read as an entry is written, read and written as the same: its hash is what the next one names.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto entry = journal_entry::read({reinterpret_cast<const char*>(data), size});
    if (!entry) {
        require(!entry.error().detail().empty());
        return 0;
    }
    require(entry->number != 0 && !entry->what.empty());
    const auto text = entry->write();
    const auto again = journal_entry::read(text);
    require(again && again->write() == text);
    require(again->number == entry->number && again->previous == entry->previous && again->when == entry->when &&
            again->fetches == entry->fetches);
    return 0;
}
