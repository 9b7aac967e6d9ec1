#include <algorithm>
#include <array>
#include <cstring>
#include <larder/index/chunker.hpp>
#include <larder/index/package_list.hpp>
#include <unordered_set>
#include <utility>

// A packed chunk: the format's number; count, first and last name; the hashes of all packages, by which two chunks are
// compared without reading more; the length of all names, the names; then the rest of each. A text is the number of
// bytes that it has in common with the same field of the package before, the number of the others, and these: an index
// is sorted, so most of a name, a source, a version or a path stands there already. Numbers are LEB128, hashes bare.

namespace larder::index {
namespace {

using text_field = std::string listed_package::*;
constexpr std::array<text_field, 4> behind_the_name{&listed_package::version, &listed_package::architecture,
                                                    &listed_package::source, &listed_package::path};

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

void put_after(std::string& out, const std::string& now, const std::string& before) {
    const auto most = std::min(now.size(), before.size());
    std::size_t same = 0;
    while (same < most && now[same] == before[same]) ++same;
    put_number(out, same);
    put_text(out, std::string_view{now}.substr(same));
}

constexpr std::size_t content_bytes = sizeof digest::bytes;
constexpr std::size_t hash_bytes = 8 + content_bytes;  // of a stanza, and of its file

std::uint64_t hash_at(std::string_view bytes) {
    std::uint64_t n = 0;
    for (unsigned i = 8; i-- > 0;) n = n << 8 | static_cast<std::uint8_t>(bytes[i]);
    return n;
}

/// What is left to read.
struct cursor {
    std::string_view left;
    bool bad = false;

    std::string_view take(std::uint64_t n) {
        if (n > left.size()) bad = true;
        if (bad) return {};
        const auto taken = left.substr(0, n);
        left.remove_prefix(n);
        return taken;
    }
    std::uint64_t number() {
        std::uint64_t n = 0;
        for (unsigned shift = 0; shift < 64; shift += 7) {
            const auto part = take(1);
            if (bad) return 0;
            n |= std::uint64_t{static_cast<std::uint8_t>(part[0]) & 0x7fU} << shift;
            if ((part[0] & 0x80) == 0) return n;
        }
        bad = true;
        return 0;
    }
    /// Over the one before.
    void text(std::string& over) {
        const auto same = number();
        const auto rest = take(number());
        if (same > over.size()) bad = true;
        if (bad) return;
        over.resize(same);
        over += rest;
    }
};

class unpacker {
public:
    explicit unpacker(std::string_view packed) : rest_{packed} {
        if (rest_.take(1) != std::string_view{&packed_format, 1}) rest_.bad = true;
        count_ = rest_.number();
        range_.first = rest_.take(rest_.number());
        range_.last = rest_.take(rest_.number());
        if (count_ > rest_.left.size() / hash_bytes) rest_.bad = true;
        if (rest_.bad) count_ = 0;
        hashes_ = rest_.take(count_ * hash_bytes);
        names_.left = rest_.take(rest_.number());
    }

    /// Over the package before.
    void next(listed_package& one) {
        const auto hashes = hashes_.substr(done_++ * hash_bytes);
        names_.text(one.name);
        for (const auto field : behind_the_name) rest_.text(one.*field);
        one.size = rest_.number();
        one.stanza = hash_at(hashes);
        std::memcpy(one.content.bytes.data(), hashes.data() + 8, content_bytes);
    }
    /// The name alone, and the hashes: all of them, or none.
    std::string_view next_name(std::string& name) {
        names_.text(name);
        return hashes_.substr(done_++ * hash_bytes, hash_bytes);
    }

    bool more() const { return !bad() && done_ < count_; }
    bool bad() const { return rest_.bad || names_.bad; }
    bool at_end() const { return rest_.left.empty() && names_.left.empty(); }
    const name_range& range() const { return range_; }
    std::string_view hashes() const { return hashes_; }

private:
    cursor rest_, names_;
    std::string_view hashes_;
    name_range range_;
    std::uint64_t count_ = 0, done_ = 0;
};

error not_packed() { return error{errc::malformed, "a list of packages is damaged, or of another Larder"}; }

/// By what two entries are told apart. Of the file, too, so that two hashes would have to collide at once.
using identity = std::pair<std::uint64_t, std::uint64_t>;
using identities = std::vector<identity>;

/// To look many of them up in: slots, at most half of them taken, by hashes that are as good as random.
class identity_set {
public:
    explicit identity_set(const identities& all) : slots_(slots_for(all.size())) {
        for (const auto& one : all) {
            auto at = place_of(one);
            while (slots_[at] != none && slots_[at] != one) at = (at + 1) & (slots_.size() - 1);
            slots_[at] = one;
        }
        has_none_ = std::find(all.begin(), all.end(), none) != all.end();
    }

    bool contains(const identity& one) const {
        if (one == none) return has_none_;
        auto at = place_of(one);
        while (slots_[at] != none && slots_[at] != one) at = (at + 1) & (slots_.size() - 1);
        return slots_[at] == one;
    }

private:
    static constexpr identity none{};

    static std::size_t slots_for(std::size_t count) {
        std::size_t n = 16;
        while (n < 2 * count) n *= 2;
        return n;
    }
    std::size_t place_of(const identity& one) const { return one.first & (slots_.size() - 1); }

    std::vector<identity> slots_;
    bool has_none_ = false;
};

result<identities> identities_in(const std::vector<digest>& chunks, const chunk_reader& read) {
    identities all;
    LARDER_CHECK(read(chunks, [&](std::string_view packed) -> result<void> {
        const unpacker in{packed};
        if (in.bad()) return not_packed();
        for (auto left = in.hashes(); !left.empty(); left.remove_prefix(hash_bytes))
            all.emplace_back(hash_at(left), hash_at(left.substr(8)));
        return {};
    }));
    return all;
}

identities those_not_in(const identity_set& others, const identities& all) {
    identities left;
    for (const auto& one : all)
        if (!others.contains(one)) left.push_back(one);
    return left;
}

bool is_one_of(const identity_set& wanted, std::string_view hashes) {
    return wanted.contains({hash_at(hashes), hash_at(hashes.substr(8))});
}

/// Adds the names of the entries that one side has and the other has not.
result<void> names_of(const identity_set& wanted, const std::vector<digest>& chunks, const chunk_reader& read,
                      std::vector<std::string>& names) {
    return read(chunks, [&](std::string_view packed) -> result<void> {
        unpacker in{packed};
        bool any = false;
        for (auto left = in.hashes(); !left.empty() && !any; left.remove_prefix(hash_bytes))
            any = is_one_of(wanted, left);
        std::string name;
        while (any && in.more())
            if (is_one_of(wanted, in.next_name(name))) names.push_back(name);
        if (in.bad()) return not_packed();
        return {};
    });
}

/// All entries of these names.
result<void> collect(const std::vector<std::string>& names, const std::vector<digest>& chunks, const chunk_reader& read,
                     std::vector<listed_package>& all) {
    return read(chunks, [&](std::string_view packed) -> result<void> {
        unpacker in{packed}, look{packed};
        // An index is sorted, as a rule: of all names a chunk can have few.
        const auto first = std::lower_bound(names.begin(), names.end(), in.range().first);
        const auto last = std::upper_bound(first, names.end(), in.range().last);
        if (!in.bad() && first == last) return {};
        listed_package one;
        std::string name;
        std::uint64_t behind = 0;  // so many are passed over and not unpacked yet
        while (look.more()) {
            look.next_name(name);
            ++behind;
            if (!std::binary_search(first, last, name)) continue;
            for (; behind > 0 && in.more(); --behind) in.next(one);
            if (!in.bad()) all.push_back(one);
        }
        if (in.bad() || look.bad()) return not_packed();
        return {};
    });
}

using digests = std::unordered_set<digest, digest_hash>;

/// Those of `these`, each once, that are, or are not, among the others.
std::vector<digest> chosen(const std::vector<digest>& these, const digests& others, bool among) {
    std::vector<digest> all;
    digests seen;
    for (const auto& one : these)
        if (others.contains(one) == among && seen.insert(one).second) all.push_back(one);
    return all;
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
    for (const auto& one : all) {
        put_hash(out, one.stanza);
        out += one.content.as_bytes();
    }
    const listed_package none;
    std::string names;
    const auto before = [&](const listed_package& one) -> const listed_package& {
        return &one == &all.front() ? none : *(&one - 1);
    };
    for (const auto& one : all) put_after(names, one.name, before(one).name);
    put_text(out, names);
    for (const auto& one : all) {
        for (const auto field : behind_the_name) put_after(out, one.*field, before(one).*field);
        put_number(out, one.size);
    }
    return out;
}

result<void> unpack(std::string_view packed, const std::function<void(const listed_package&)>& sink) {
    unpacker in{packed};
    listed_package one;
    while (in.more()) {
        in.next(one);
        if (!in.bad()) sink(one);
    }
    if (in.bad() || !in.at_end()) return not_packed();
    return {};
}

result<name_range> names_in(std::string_view packed) {
    const unpacker in{packed};
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
    const auto was = chosen(before, of_after, false), is = chosen(after, of_before, false);
    LARDER_TRY(const auto old_entries, identities_in(was, read));
    LARDER_TRY(const auto new_entries, identities_in(is, read));
    const identity_set gone{those_not_in(identity_set{new_entries}, old_entries)};
    const identity_set come{those_not_in(identity_set{old_entries}, new_entries)};
    // Of a package of none of these names both sides have the very same entries.
    std::vector<std::string> names;
    LARDER_CHECK(names_of(gone, was, read, names));
    LARDER_CHECK(names_of(come, is, read, names));
    if (names.empty()) return std::vector<package_change>{};
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    // What of these stands in chunks that both sides have: another version, or the same in another index.
    std::vector<listed_package> old_ones, new_ones;
    LARDER_CHECK(collect(names, chosen(before, of_after, true), read, old_ones));
    new_ones = old_ones;
    LARDER_CHECK(collect(names, was, read, old_ones));
    LARDER_CHECK(collect(names, is, read, new_ones));
    return compare(std::move(old_ones), std::move(new_ones));
}

}  // namespace larder::index
