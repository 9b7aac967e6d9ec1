#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <larder/index/packages.hpp>
#include <larder/index/phased.hpp>
#include <optional>
#include <string_view>
#include <vector>

using namespace larder::index;

namespace {

using kind = package_change::kind;

void require(bool holds) {
    if (!holds) std::abort();
}

struct listing {
    std::vector<listed_package> all;
    std::uint64_t left_out = 0;
};

std::optional<listing> read(index_kind of, std::string_view text, std::size_t piece) {
    listing made;
    const auto in = memory_source(text, piece);
    const auto left_out = read_packages(of, *in, [&](listed_package&& one) { made.all.push_back(std::move(one)); });
    if (!left_out) return {};
    made.left_out = *left_out;
    return made;
}

bool same(const listed_package& a, const listed_package& b) {
    return a.name == b.name && a.version == b.version && a.architecture == b.architecture && a.source == b.source &&
           a.path == b.path && a.content == b.content && a.size == b.size && a.stanza == b.stanza;
}

/// Any pieces give the same packages.
listing read_twice(index_kind of, std::string_view text, std::size_t piece) {
    const auto whole = read(of, text, 0), pieces = read(of, text, piece);
    require(whole && pieces && whole->left_out == pieces->left_out && whole->all.size() == pieces->all.size());
    for (std::size_t i = 0; i < whole->all.size(); ++i) {
        const auto& one = whole->all[i];
        require(same(one, pieces->all[i]) && !one.name.empty() && !one.version.empty() && !one.source.empty());
    }
    return *whole;
}

kind opposite(kind what) {
    switch (what) {
        case kind::added: return kind::removed;
        case kind::removed: return kind::added;
        case kind::upgraded: return kind::downgraded;
        case kind::downgraded: return kind::upgraded;
        case kind::changed: return kind::changed;
    }
    return what;
}

/// What changed one way changed back the other way.
void both_ways(const listing& a, const listing& b) {
    require(compare(a.all, a.all).empty());
    const auto there = compare(a.all, b.all), back = compare(b.all, a.all);
    require(there.size() == back.size());
    std::size_t counts[5] = {};
    for (const auto& c : there) ++counts[static_cast<std::size_t>(c.what)];
    for (const auto& c : back) --counts[static_cast<std::size_t>(opposite(c.what))];
    for (const auto n : counts) require(n == 0);
}

/// Any pieces give the same percentages.
void phased_twice(std::string_view text, std::size_t piece) {
    std::vector<phased_package> all[2];
    for (int i = 0; i < 2; ++i) {
        const auto in = memory_source(text, i == 0 ? 0 : piece);
        require(read_phased(*in, [&](phased_package&& one) { all[i].push_back(std::move(one)); }).has_value());
    }
    require(all[0].size() == all[1].size());
    for (std::size_t i = 0; i < all[0].size(); ++i)
        require(all[0][i].name == all[1][i].name && all[0][i].percentage == all[1][i].percentage &&
                all[0][i].percentage < 100);
}

}  // namespace

// The first byte chooses Packages or Sources, the second how large the pieces are. What stands before the first NUL
// is set against what stands behind it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    const auto of = data[0] == 's' ? index_kind::sources : index_kind::packages;
    const std::string_view text{reinterpret_cast<const char*>(data) + 2, size - 2};
    const std::size_t piece = data[1];
    const auto middle = text.find('\0');
    phased_twice(text, piece);
    const auto before = read_twice(of, text.substr(0, middle), piece);
    if (middle != std::string_view::npos) both_ways(before, read_twice(of, text.substr(middle + 1), piece));
    return 0;
}
