#include "chars.hpp"
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <larder/base/text.hpp>
#include <larder/core/address.hpp>
#include <larder/core/options.hpp>
#include <larder/core/url.hpp>

namespace larder::core {
namespace {

bool parse_v4(std::string_view text, std::uint8_t* out) noexcept {
    for (int part = 0; part < 4; ++part) {
        const auto dot = text.find('.');
        const auto digits = text.substr(0, dot);
        std::uint64_t n = 0;
        if (digits.size() > 3 || !to_number(digits, n) || n > 255 || (digits.size() > 1 && digits[0] == '0'))
            return false;
        out[part] = static_cast<std::uint8_t>(n);
        if ((dot == std::string_view::npos) != (part == 3)) return false;
        text.remove_prefix(part == 3 ? text.size() : dot + 1);
    }
    return true;
}

bool parse_group(std::string_view text, std::uint8_t* out) noexcept {
    if (text.empty() || text.size() > 4) return false;
    unsigned n = 0;
    for (const char c : text) {
        const auto at = std::string_view{"0123456789abcdef"}.find(c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c);
        if (at == std::string_view::npos) return false;
        n = n * 16 + static_cast<unsigned>(at);
    }
    out[0] = static_cast<std::uint8_t>(n >> 8);
    out[1] = static_cast<std::uint8_t>(n & 0xff);
    return true;
}

/// Groups between colons, the last possibly dotted, into at most `room` bytes; the count, or -1.
int parse_groups(std::string_view text, std::uint8_t* out, int room, bool may_end_in_v4) noexcept {
    int used = 0;
    while (!text.empty()) {
        const auto colon = text.find(':');
        const auto group = text.substr(0, colon);
        const bool last = colon == std::string_view::npos;
        const bool dotted = group.find('.') != std::string_view::npos;
        const int size = dotted ? 4 : 2;
        if (used + size > room || (dotted && (!last || !may_end_in_v4))) return -1;
        if (dotted ? !parse_v4(group, out + used) : !parse_group(group, out + used)) return -1;
        used += size;
        if (last) return used;
        text.remove_prefix(colon + 1);
        if (text.empty()) return -1;
    }
    return used;
}

bool parse_v6(std::string_view text, std::uint8_t* out) noexcept {
    const auto gap = text.find("::");
    if (gap == std::string_view::npos) return parse_groups(text, out, 16, true) == 16;
    const auto before = text.substr(0, gap), after = text.substr(gap + 2);
    if (after.starts_with(':')) return false;
    std::uint8_t tail[16] = {};
    const int head = parse_groups(before, out, 14, false);
    if (head < 0) return false;
    const int rest = parse_groups(after, tail, 14 - head, true);
    if (rest < 0) return false;
    std::memcpy(out + 16 - rest, tail, static_cast<std::size_t>(rest));
    return true;
}

bool under(const std::uint8_t* bytes, std::initializer_list<unsigned> prefix, unsigned bits) noexcept {
    const auto* want = prefix.begin();
    for (unsigned done = 0; done < bits; done += 8, ++want, ++bytes) {
        const unsigned mask = bits - done >= 8 ? 0xffU : (0xffU << (8 - (bits - done))) & 0xffU;
        if ((*bytes & mask) != (*want & mask)) return false;
    }
    return true;
}

address_class classify_v4(const std::uint8_t* b) noexcept {
    if (b[0] == 0) return address_class::unspecified;
    if (b[0] == 127) return address_class::loopback;
    if (under(b, {169, 254}, 16)) return address_class::link_local;
    if (b[0] == 10 || under(b, {172, 16}, 12) || under(b, {192, 168}, 16) || under(b, {100, 64}, 10))
        return address_class::private_;
    if (under(b, {224}, 4)) return address_class::multicast;
    const bool documentation = under(b, {192, 0, 2}, 24) || under(b, {198, 51, 100}, 24) || under(b, {203, 0, 113}, 24);
    const bool special = under(b, {192, 0, 0}, 24) || under(b, {192, 88, 99}, 24) || under(b, {198, 18}, 15);
    if (documentation || special || b[0] >= 240) return address_class::reserved;
    return address_class::public_;
}

bool all_zero(const std::uint8_t* b, int n) noexcept {
    return std::all_of(b, b + n, [](auto x) { return x == 0; });
}

address_class classify_v6(const std::uint8_t* b) noexcept {
    if (all_zero(b, 15) && b[15] <= 1) return b[15] == 0 ? address_class::unspecified : address_class::loopback;
    if (all_zero(b, 12)) return classify_v4(b + 12);                                            // v4-compatible
    if (all_zero(b, 10) && b[10] == 0xff && b[11] == 0xff) return classify_v4(b + 12);          // v4-mapped
    if (all_zero(b, 8) && under(b + 8, {0xff, 0xff, 0, 0}, 32)) return classify_v4(b + 12);     // v4-translated (SIIT)
    if (under(b, {0, 0x64, 0xff, 0x9b}, 32) && all_zero(b + 4, 8)) return classify_v4(b + 12);  // NAT64
    if (under(b, {0, 0x64, 0xff, 0x9b, 0, 1}, 48)) return address_class::private_;              // local NAT64
    if (under(b, {0x20, 0x02}, 16)) return classify_v4(b + 2);                                  // 6to4
    if (under(b, {0x20, 0x01, 0, 0}, 32)) {                                                     // Teredo: inverted
        const std::uint8_t v4[4] = {static_cast<std::uint8_t>(~b[12]), static_cast<std::uint8_t>(~b[13]),
                                    static_cast<std::uint8_t>(~b[14]), static_cast<std::uint8_t>(~b[15])};
        return classify_v4(v4);
    }
    if (under(b, {0xfe, 0x80}, 10)) return address_class::link_local;
    if (under(b, {0xfc}, 7) || under(b, {0xfe, 0xc0}, 10)) return address_class::private_;
    if (b[0] == 0xff) return address_class::multicast;
    if (under(b, {0x20, 0x01, 0x0d, 0xb8}, 32) || under(b, {0x3f, 0xff, 0}, 20) || under(b, {0x20, 0x01, 0}, 23))
        return address_class::reserved;
    return under(b, {0x20}, 3) ? address_class::public_ : address_class::reserved;  // only 2000::/3 is in use
}

/// The IPv4 address in a v4-mapped one; anything else as it is.
ip_address unmapped(const ip_address& a) noexcept {
    if (a.family == ip_family::v4 || !all_zero(a.bytes.data(), 10) || a.bytes[10] != 0xff || a.bytes[11] != 0xff)
        return a;
    ip_address out;
    std::copy(a.bytes.begin() + 12, a.bytes.end(), out.bytes.begin());
    return out;
}

bool never(const ip_address& a) noexcept {
    const auto kind = classify(a);
    return kind == address_class::multicast || kind == address_class::unspecified;
}

/// The addresses that an URL's host names literally.
result<std::vector<ip_address>> named_by(std::string_view text) {
    LARDER_TRY(const auto parsed, parse_url(text, credentials::allowed));
    std::vector<ip_address> out;
    if (const auto literal = parse_address(parsed.host)) out.push_back(unmapped(*literal));
    if (parsed.host == "localhost") out = {*parse_address("127.0.0.1"), *parse_address("::1")};
    return out;
}

}  // namespace

std::optional<ip_address> parse_address(std::string_view text) noexcept {
    ip_address out;
    if (text.find(':') == std::string_view::npos) {
        if (!parse_v4(text, out.bytes.data())) return {};
        return out;
    }
    out.family = ip_family::v6;
    if (!parse_v6(text, out.bytes.data())) return {};
    return out;
}

std::string to_string(const ip_address& a) {
    char text[48];
    if (a.family == ip_family::v4) {
        std::snprintf(text, sizeof text, "%u.%u.%u.%u", a.bytes[0], a.bytes[1], a.bytes[2], a.bytes[3]);
        return text;
    }
    std::string out;
    for (std::size_t i = 0; i < 16; i += 2) {
        std::snprintf(text, sizeof text, "%s%x", i == 0 ? "" : ":", a.bytes[i] * 256U + a.bytes[i + 1]);
        out += text;
    }
    return out;
}

std::string_view to_string(address_class kind) noexcept {
    switch (kind) {
        case address_class::public_: return "public";
        case address_class::loopback: return "loopback";
        case address_class::link_local: return "link-local";
        case address_class::private_: return "private";
        case address_class::multicast: return "multicast";
        case address_class::unspecified: return "unspecified";
        case address_class::reserved: return "reserved";
    }
    return "reserved";
}

address_class classify(const ip_address& a) noexcept {
    return a.family == ip_family::v4 ? classify_v4(a.bytes.data()) : classify_v6(a.bytes.data());
}

result<network> network::parse(std::string_view text) {
    const error wrong{errc::bad_config, "'" + printable(text, 80) + "' is not an address range like 10.0.0.0/8"};
    const auto slash = text.find('/');
    const auto address = parse_address(text.substr(0, slash));
    if (!address) return wrong;
    network out;
    out.base_ = *address;
    const unsigned most = address->family == ip_family::v4 ? 32 : 128;
    std::uint64_t bits = most;
    if (slash != std::string_view::npos && (!to_number(text.substr(slash + 1), bits) || bits > most)) return wrong;
    out.bits_ = static_cast<unsigned>(bits);
    for (unsigned bit = out.bits_; bit < most; ++bit)
        if ((out.base_.bytes[bit / 8] >> (7 - bit % 8) & 1) != 0)
            return error{errc::bad_config, "'" + printable(text, 80) + "' has bits set beyond its prefix length"};
    return out;
}

bool network::contains(const ip_address& address) const noexcept {
    const auto a = base_.family == ip_family::v4 ? unmapped(address) : address;
    if (a.family != base_.family) return false;
    for (unsigned bit = 0; bit < bits_; ++bit)
        if (((a.bytes[bit / 8] ^ base_.bytes[bit / 8]) >> (7 - bit % 8) & 1) != 0) return false;
    return true;
}

result<address_policy> address_policy::make(const options& o) {
    address_policy out;
    for (const auto& range : o.upstream.private_networks) {
        LARDER_TRY(auto parsed, network::parse(range));
        out.networks_.push_back(parsed);
    }
    if (!o.upstream.proxy.empty()) {
        LARDER_TRY(out.everywhere_, named_by(o.upstream.proxy));
    }
    for (const auto& archive : o.archives) {
        auto& allowed = out.by_archive_.emplace_back();
        for (const auto& base : archive.upstream) {
            LARDER_TRY(const auto more, named_by(base));
            allowed.insert(allowed.end(), more.begin(), more.end());
        }
    }
    return out;
}

bool address_policy::allows(const ip_address& address) const noexcept {
    if (never(address)) return false;
    if (classify(address) == address_class::public_) return true;
    const auto in_range = [&address](const network& n) { return n.contains(address); };
    return std::any_of(networks_.begin(), networks_.end(), in_range) ||
           std::find(everywhere_.begin(), everywhere_.end(), unmapped(address)) != everywhere_.end();
}

bool address_policy::allows(std::size_t archive, const ip_address& address) const noexcept {
    if (allows(address)) return true;
    if (never(address) || archive >= by_archive_.size()) return false;
    const auto& mine = by_archive_[archive];
    return std::find(mine.begin(), mine.end(), unmapped(address)) != mine.end();
}

}  // namespace larder::core
