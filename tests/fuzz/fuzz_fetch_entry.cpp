#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <larder/store/fetches.hpp>
#include <string_view>

using namespace larder::store;

namespace {
void require(bool holds) {
    if (!holds) std::abort();
}
}  // namespace

// What is read as an entry is written, read and written as the same: its hash is what the next one names.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto entry = fetch_entry::read({reinterpret_cast<const char*>(data), size});
    if (!entry) {
        require(!entry.error().detail().empty());
        return 0;
    }
    require(entry->number != 0 && entry->origin.from.size() <= fetch_entry::most_from);
    const auto text = entry->write();
    require(text.size() <= fetch_entry::most_bytes && text.find("\n\n") == std::string_view::npos);
    const auto again = fetch_entry::read(text);
    require(again && again->write() == text);
    require(again->number == entry->number && again->previous == entry->previous && again->content == entry->content &&
            again->size == entry->size && again->origin.when == entry->origin.when &&
            again->origin.state == entry->origin.state);
    return 0;
}
