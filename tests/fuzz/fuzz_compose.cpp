#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <larder/index/compose.hpp>
#include <larder/index/packages.hpp>
#include <string>

using namespace larder;
using namespace larder::index;

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

std::string composed(const std::string& base, std::size_t piece, const replacements& by_name) {
    std::string out;
    const auto in = memory_source(base, piece);
    const auto how = compose(*in, by_name, [&](std::string_view bytes) -> result<void> {
        out += bytes;
        return {};
    });
    require(how.has_value());
    return out;
}

}  // namespace

// The first byte says how large the pieces are; the rest is an index, and then a Release. What is composed without a
// change stays as it is when that is done again, in whatever pieces; a package that is left out is in it no more, and
// one that is put in is in it once.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 1) return 0;
    const std::string text{reinterpret_cast<const char*>(data) + 1, size - 1};
    const auto once = composed(text, data[0], {});
    require(once == composed(text, 0, {}) && once == composed(once, data[0], {}));
    const std::string put = "Package: hello\nVersion: 7\n";
    const auto changed = composed(text, data[0], {{"hello", {put}}, {"library", {}}});
    std::size_t seen = 0;
    const auto in = memory_source(changed);
    require(each_stanza(*in, [&](const raw_stanza& one) -> result<void> {
                require(one.name != "library" && (one.name != "hello" || one.text == put));
                seen += one.name == "hello";
                return {};
            }).has_value());
    require(seen == 1);
    release_file fresh{"main/binary-amd64/Packages.gz", 7, sha256("x"), std::string(128, 'a')};
    const auto release = with_files(text, {fresh});
    require(with_files(release, {}).size() >= release.size());
    return 0;
}
