// A Range field, whatever it says, never reaches beyond the file. The first 8 bytes are its size.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <larder/core/conditional.hpp>
#include <larder/core/range.hpp>
#include <string>

using namespace larder::core;

namespace {
void require(bool holds) {
    if (!holds) std::abort();
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::uint64_t file = 0;
    if (size < sizeof file) return 0;
    std::memcpy(&file, data, sizeof file);
    const std::string field{reinterpret_cast<const char*>(data) + sizeof file, size - sizeof file};
    for (const auto bytes : {file, file & 0xffff, std::uint64_t{0}, std::uint64_t{1}}) {
        const auto r = parse_range(field, bytes);
        if (r.kind != range_kind::part) {
            require(r.offset == 0 && r.length == 0);
            continue;
        }
        require(r.length >= 1 && r.offset < bytes && r.length <= bytes - r.offset);
    }
    request_head head;
    head.verb = method::get;
    head.range = field;
    head.if_none_match = field;
    const auto a = decide(head, file, larder::sys_seconds{}, "\"x\"");
    require(a.status == 200 || a.status == 206 || a.status == 304 || a.status == 416);
    require(a.offset <= file && a.length <= file - a.offset);
    return 0;
}
