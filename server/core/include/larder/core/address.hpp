#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <larder/base/result.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace larder::core {

struct options;

/// Which addresses Larder may connect to, so that nobody can use it to reach what only this machine
/// can reach (server-side request forgery). It judges the address that is about to be connected to,
/// after name resolution, not the name: a name may mean something else a moment later.

enum class ip_family : std::uint8_t { v4, v6 };

/// An address without port, in network byte order; IPv4 fills the first 4 bytes, the rest are 0.
struct ip_address {
    ip_family family = ip_family::v4;
    std::array<std::uint8_t, 16> bytes{};
    auto operator<=>(const ip_address&) const = default;
};

/// A literal: dotted decimal of exactly four parts without leading zeros, or IPv6 (with "::", an
/// IPv4 tail; no zone, no brackets). Else nothing. No allocation.
std::optional<ip_address> parse_address(std::string_view) noexcept;
std::string to_string(const ip_address&);

enum class address_class {
    public_,
    loopback,     ///< 127/8, ::1
    link_local,   ///< 169.254/16 (cloud metadata lives there), fe80::/10
    private_,     ///< RFC 1918, fc00::/7, CGNAT 100.64/10, fec0::/10
    multicast,    ///< 224/4, ff00::/8
    unspecified,  ///< 0/8, ::
    reserved,     ///< documentation, benchmarking, 240/4, broadcast, discard, other special ranges
};
std::string_view to_string(address_class) noexcept;

/// By the IANA special-purpose registries. An IPv6 address that carries an IPv4 one (v4-mapped,
/// v4-compatible, 6to4, NAT64 64:ff9b::/96, Teredo) is judged by the one it carries.
address_class classify(const ip_address&) noexcept;

/// An address range: "10.0.0.0/8", "fd00::/8"; a bare address is a range of one.
class network {
public:
    static result<network> parse(std::string_view);  ///< `bad_config`: no range, or bits beyond the prefix
    /// A v4-mapped address is in a range when the IPv4 address it carries is.
    bool contains(const ip_address&) const noexcept;

private:
    ip_address base_;
    unsigned bits_ = 0;
};

/// Decides for one configuration. Immutable; any thread.
class address_policy {
public:
    /// `private_networks` are allowed to every archive. An IP literal, or "localhost", as the host of
    /// an archive's own upstream, or of `upstream.proxy` (for all archives), allows exactly that
    /// address. `bad_config` for a range or URL that is none.
    static result<address_policy> make(const options&);

    /// Whether the archive with this index in the options may connect there. Public addresses always;
    /// multicast and unspecified never.
    bool allows(std::size_t archive, const ip_address&) const noexcept;
    /// For connections that belong to no archive (CONNECT).
    bool allows(const ip_address&) const noexcept;

private:
    std::vector<network> networks_;
    std::vector<ip_address> everywhere_;
    std::vector<std::vector<ip_address>> by_archive_;
};

}  // namespace larder::core
