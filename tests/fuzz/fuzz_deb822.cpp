#include <cstdint>
#include <cstdlib>
#include <larder/base/text.hpp>
#include <larder/index/deb822.hpp>

using namespace larder::index;

// What the reader gives must lie inside the text, be trimmed, and be found again under its name.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    for (const auto mode : {comments::refused, comments::allowed}) {
        deb822_limits limits;
        limits.fields = 50;
        deb822_reader reader{text, mode, limits};
        stanza s;
        std::size_t line = 0;
        for (auto more = reader.next(s); more && *more; more = reader.next(s)) {
            for (const auto& f : s.fields()) {
                const bool inside = f.name.data() >= text.data() && f.value.data() >= f.name.data() &&
                                    f.value.data() + f.value.size() <= text.data() + text.size();
                if (!inside || f.line <= line || s.get(f.name).data() != f.value.data()) std::abort();
                if (larder::trim(f.value) != f.value) std::abort();
                line = f.line;
                if (value_lines(f.value).size() > value_words(f.value).size()) std::abort();
            }
        }
    }
    return 0;
}
