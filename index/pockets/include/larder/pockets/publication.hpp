#pragma once

#include <cstdint>
#include <larder/base/clock.hpp>
#include <larder/base/digest.hpp>
#include <larder/base/result.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace larder::pockets {

/// What made a publication.
enum class step { create, include, remove, promote, rollback, refresh, change, pull, keyring };
std::string_view to_string(step) noexcept;

/// How an index of a publication is kept: below the suite's folder, and the object that its list of chunks is in.
struct kept_index {
    std::string path;  ///< "main/binary-amd64/Packages"
    digest content{};  ///< of its uncompressed form
    digest object{};

    bool operator==(const kept_index&) const = default;
};

/// A package that was taken from another archive, and why.
struct taken_package {
    std::string name, version, architecture;  ///< "source" for a source package
    std::string from;                         ///< "debian/trixie@20261121T063000Z"
    std::string why;                          ///< for whose sake; empty: it was asked for

    bool operator==(const taken_package&) const = default;
};

/// A line each: "nova-common 2:28 all debian/trixie@20261121T063000Z nova-api needs nova-common (= 2:28)".
std::string write_taken(const std::vector<taken_package>&);
result<std::vector<taken_package>> read_taken(std::string_view text);

/// One publication of a pocket: who made it, when, why, of what, and what is published since. A ref of its own,
/// "publication/ARCHIVE/SUITE#NUMBER" with ten digits, whose value it is; each names the one before by its hash.
struct publication {
    std::string pocket;  ///< "ARCHIVE/SUITE"
    std::uint64_t number = 0;
    std::optional<digest> parent;  ///< of the text of the one before
    sys_seconds made{};            ///< the Release's Date
    step how = step::create;
    std::string from;          ///< of a promotion: the pocket; of a pull: the suites, with commas between them
    std::uint64_t origin = 0;  ///< of a promotion: its publication; of a rollback: that gone back to
    std::string by, reason;
    /// What the gate said: a line each.
    std::vector<std::string> findings;
    /// Of a pull: how many packages were taken, and the SHA-256 of what write_taken() says of them. That may be long:
    /// it stands in refs of its own (registry.hpp).
    std::uint64_t taken_count = 0;
    digest taken_text{};
    std::vector<taken_package> taken;  ///< no part of the text
    void set_taken(std::vector<taken_package>);
    std::string overridden;  ///< why what the gate said was set aside; empty: it was not
    digest snapshot{};       ///< the state of the suite
    std::vector<kept_index> indices;
    std::uint64_t added = 0, removed = 0, changed = 0;  ///< packages, by name and architecture

    std::string write() const;
    static result<publication> read(std::string_view text);
    /// What the next one names as its parent.
    digest id() const { return sha256(write()); }
};

}  // namespace larder::pockets
