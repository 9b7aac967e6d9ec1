#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <larder/index/chunk_pack.hpp>
#include <string>
#include <sys/mman.h>

using namespace larder;
using namespace larder::index;

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

unique_fd file_of(std::string_view bytes) {
    unique_fd fd{::memfd_create("fuzz", MFD_CLOEXEC)};
    require(fd && write_all(fd.get(), bytes, "a test"));
    return fd;
}

/// What is put together is never more than the list says, and whole only where its hash is right.
void join(const chunk_list& list, std::string_view bytes) {
    const auto in = join_chunks(list, sha256(bytes), [&](const digest& file) -> result<unique_fd> {
        if (file != sha256(bytes)) return error{errc::absent, "another file"};
        return file_of(bytes);
    });
    hasher hash;
    for (std::uint64_t size = 0;;) {
        const auto piece = in->next();
        if (!piece) return;
        size += piece->size();
        require(size <= list.size);
        hash.update(*piece);
        if (piece->empty()) return require(size == list.size && hash.finish() == list.content);
    }
}

}  // namespace

// A list of chunks is refused with a reason, or is written again as the very same text; so is a file that has one. Any
// text is an index that comes back as it was.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes{reinterpret_cast<const char*>(data), size};
    const auto list = chunk_list::read(bytes);
    require(list ? list->write() == bytes : !list.error().detail().empty());
    const auto fd = file_of(bytes);
    if (const auto in_file = read_chunk_list(fd.get())) join(*in_file, bytes);

    std::string packed;
    const auto in = memory_source(bytes, 100);
    const auto made = pack_chunks(*in, {}, [&](std::string_view piece) -> result<void> {
        packed += piece;
        return {};
    });
    require(made && made->content == sha256(bytes) && made->size == size);
    const auto kept = file_of(packed);
    const auto again = read_chunk_list(kept.get());
    require(again && *again == *made);
    join(*again, packed);
    return 0;
}
