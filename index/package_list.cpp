#include <algorithm>
#include <array>
#include <cstring>
#include <larder/index/chunker.hpp>
#include <larder/index/package_list.hpp>
#include <limits>
#include <unordered_set>

// A packed chunk: the format's number; count, first and last name; then the packages. A text is the number of bytes
// that it has in common with the same field of the package before, the number of the others, and these: an index is
// sorted, so most of a name, a source, a version or a path stands there already. Numbers are LEB128, hashes bare.

namespace larder::index {
namespace {

using text_field = std::string listed_package::*;
constexpr std::array<text_field, 5> text_fields{&listed_package::name, &listed_package::version,
                                                &listed_package::architecture, &listed_package::source,
                                                &listed_package::path};

void put_number(std::string& out, std::uint64_t n) {
    for (; n >= 0x80; n >>= 7) out.push_back(static_cast<char>(n | 0x80));
    out.push_back(static_cast<char>(n));
}

void put_text(std::string& out, std::string_view text) {
    put_number(out, text.size());
    out += text;
}

void put_hash(std::string& out, std::uint64_t n) {
    for (unsigned shift = 0; shift < 64; shift += 8) out.push_back(static_cast<char>(n >> shift));
}

void put_package(std::string& out, const listed_package& one, const listed_package& before) {
    for (const auto field : text_fields) {
        const std::string &now = one.*field, &old = before.*field;
        const auto most = std::min(now.size(), old.size());
        std::size_t same = 0;
        while (same < most && now[same] == old[same]) ++same;
        put_number(out, same);
        put_text(out, std::string_view{now}.substr(same));
    }
    put_number(out, one.size);
    put_hash(out, one.stanza);
    out += one.content.as_bytes();
}

class unpacker {
public:
    explicit unpacker(std::string_view packed) : left_{packed} {}

    std::uint64_t begin() {
        if (take(1) != std::string_view{&packed_format, 1}) bad_ = true;
        const auto count = number();
        range_.first = take(number());
        range_.last = take(number());
        return count;
    }

    /// Over the package before.
    void next(listed_package& one) {
        for (const auto field : text_fields) {
            const auto same = number();
            const auto rest = take(number());
            auto& text = one.*field;
            if (same > text.size()) bad_ = true;
            if (bad_) return;
            text.resize(same);
            text += rest;
        }
        one.size = number();
        const auto hash = take(8), content = take(sizeof one.content.bytes);
        if (bad_) return;
        one.stanza = 0;
        for (unsigned i = 8; i-- > 0;) one.stanza = one.stanza << 8 | static_cast<std::uint8_t>(hash[i]);
        std::memcpy(one.content.bytes.data(), content.data(), content.size());
    }

    const name_range& range() const { return range_; }
    bool bad() const { return bad_; }
    bool at_end() const { return left_.empty(); }

private:
    std::string_view take(std::uint64_t n) {
        if (n > left_.size()) bad_ = true;
        if (bad_) return {};
        const auto taken = left_.substr(0, n);
        left_.remove_prefix(n);
        return taken;
    }
    std::uint64_t number() {
        std::uint64_t n = 0;
        for (unsigned shift = 0; shift < 64; shift += 7) {
            const auto part = take(1);
            if (bad_) return 0;
            n |= std::uint64_t{static_cast<std::uint8_t>(part[0]) & 0x7fU} << shift;
            if ((part[0] & 0x80) == 0) return n;
        }
        bad_ = true;
        return 0;
    }

    std::string_view left_;
    name_range range_;
    bool bad_ = false;
};

error not_packed() { return error{errc::malformed, "a list of packages is damaged, or of another Larder"}; }

/// By what two entries are told apart. Of the file, too, so that two hashes would have to collide at once.
struct identity {
    std::uint64_t stanza = 0, content = 0;
    bool operator==(const identity&) const = default;
};
struct identity_hash {
    std::size_t operator()(const identity& one) const noexcept { return one.stanza; }
};
using identities = std::unordered_set<identity, identity_hash>;

identity identity_of(const listed_package& one) { return {one.stanza, digest_hash{}(one.content)}; }

/// A side's chunks that the other has not, and their packages.
struct one_side {
    std::vector<digest> own;
    std::vector<listed_package> listed;
    identities known;

    result<void> read_with(const chunk_reader& read) {
        return read(own, [&](std::string_view packed) {
            return unpack(packed, [&](const listed_package& one) {
                listed.push_back(one);
                known.insert(identity_of(one));
            });
        });
    }
    void differing(const one_side& other, std::vector<std::string>& names) const {
        for (const auto& one : listed)
            if (!other.known.contains(identity_of(one))) names.push_back(one.name);
    }
    void keep(const std::vector<std::string>& names) {
        std::erase_if(listed,
                      [&](const auto& one) { return !std::binary_search(names.begin(), names.end(), one.name); });
    }
};

using digests = std::unordered_set<digest, digest_hash>;

/// Those of `these`, each once, that are, or are not, among the others.
std::vector<digest> chosen(const std::vector<digest>& these, const digests& others, bool among) {
    std::vector<digest> all;
    digests seen;
    for (const auto& one : these)
        if (others.contains(one) == among && seen.insert(one).second) all.push_back(one);
    return all;
}

bool any_within(const std::vector<std::string>& names, const name_range& range) {
    const auto at = std::lower_bound(names.begin(), names.end(), range.first);
    return at != names.end() && *at <= range.last;
}

}  // namespace

std::string pack(const std::vector<listed_package>& all) {
    std::string out(1, packed_format);
    put_number(out, all.size());
    std::string_view first, last;
    for (const auto& one : all) {
        if (&one == &all.front() || one.name < first) first = one.name;
        if (one.name > last) last = one.name;
    }
    put_text(out, first);
    put_text(out, last);
    const listed_package none;
    const auto* before = &none;
    for (const auto& one : all) {
        put_package(out, one, *before);
        before = &one;
    }
    return out;
}

result<void> unpack(std::string_view packed, const std::function<void(const listed_package&)>& sink) {
    unpacker in{packed};
    const auto count = in.begin();
    listed_package one;
    for (std::uint64_t i = 0; i < count && !in.bad(); ++i) {
        in.next(one);
        if (!in.bad()) sink(one);
    }
    if (in.bad() || !in.at_end()) return not_packed();
    return {};
}

result<name_range> names_in(std::string_view packed) {
    unpacker in{packed};
    in.begin();
    if (in.bad()) return not_packed();
    return in.range();
}

result<void> pack_index(index_kind kind, byte_source& in, const std::function<void(std::string&&)>& sink) {
    if (kind != index_kind::packages && kind != index_kind::sources)
        return error{errc::unsupported, "only Packages and Sources list packages"};
    result<void> how;
    std::vector<listed_package> all;
    const auto take = [&](std::string_view chunk) {
        if (!how) return;
        all.clear();
        const auto text = memory_source(chunk);
        const auto read = read_packages(kind, *text, [&](listed_package&& one) { all.push_back(std::move(one)); });
        if (!read)
            how = read.error();
        else if (!all.empty())
            sink(pack(all));
    };
    LARDER_CHECK(cut(in, take));
    return how;
}

result<std::vector<package_change>> compare_chunks(const std::vector<digest>& before, const std::vector<digest>& after,
                                                   const chunk_reader& read) {
    const digests of_before{before.begin(), before.end()}, of_after{after.begin(), after.end()};
    one_side was, is;
    was.own = chosen(before, of_after, false);
    is.own = chosen(after, of_before, false);
    LARDER_CHECK(was.read_with(read));
    LARDER_CHECK(is.read_with(read));
    // Of a package that has no entry here both sides have the very same entries.
    std::vector<std::string> names;
    was.differing(is, names);
    is.differing(was, names);
    if (names.empty()) return std::vector<package_change>{};
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    was.keep(names);
    is.keep(names);
    // What of these stands in chunks that both sides have: another version, or the same in another index.
    LARDER_CHECK(read(chosen(before, of_after, true), [&](std::string_view packed) -> result<void> {
        LARDER_TRY(const auto range, names_in(packed));
        if (!any_within(names, range)) return {};
        return unpack(packed, [&](const listed_package& one) {
            if (!std::binary_search(names.begin(), names.end(), one.name)) return;
            was.listed.push_back(one);
            is.listed.push_back(one);
        });
    }));
    return compare(std::move(was.listed), std::move(is.listed));
}

}  // namespace larder::index
