#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <larder/qa/installability.hpp>
#include <larder/qa/relation.hpp>
#include <string>
#include <vector>

using namespace larder;
using namespace larder::qa;

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

std::string written(const alternative& a) {
    std::string text{a.name};
    if (!a.architecture.empty()) text += ":" + std::string{a.architecture};
    if (!a.relation.empty()) text += " (" + std::string{a.relation} + " " + std::string{a.version} + ")";
    return text;
}

/// What was read is inside the text, and is read again from what it is written as.
void field(std::string_view text) {
    each_part(text, ',', [&](std::string_view group) {
        for (const auto& one : parse_alternatives(group)) {
            require(one.name.data() >= text.data() && one.name.data() + one.name.size() <= text.data() + text.size());
            const auto again = written(one);
            const auto same = parse_alternative(again);
            require(same && written(*same) == again);
        }
    });
}

/// In pieces or as a whole the same packages, with worlds that hold together after any change, and a reason for each
/// that is broken.
void packages(std::string_view text, std::size_t piece) {
    universe whole{{"amd64", {"i386"}}}, pieces{{"amd64", {"i386"}}};
    const auto source = index::memory_source(text, piece);
    const auto a = whole.read(text), b = pieces.read(*source);
    require(a.has_value() == b.has_value());
    if (!a) return;
    require(a->odd == b->odd && a->foreign == b->foreign && a->packages == b->packages);
    auto now = installability{whole}.with({}, a->packages);
    for (const auto p : a->packages) {
        require(now.holds_together());
        const auto shown = to_string(now.of(p) == verdict::installable ? explanation{} : now.explain(p));
        require(!shown.empty());
        now = now.with(std::vector{p}, {});
    }
    require(now.packages().empty());
}

}  // namespace

// The first byte says how large the pieces are; then either one field, or stanzas where there is an empty line.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 1 || size > 4096) return 0;
    const std::string_view text{reinterpret_cast<const char*>(data) + 1, size - 1};
    field(text);
    packages(text, data[0]);
    return 0;
}
