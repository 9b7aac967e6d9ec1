#pragma once

#include <larder/deployments/generation.hpp>
#include <larder/index/packages.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace larder::deployments {

/// A package that a generation has otherwise than its suite's snapshot, and from which state.
struct locked_pick {
    pick what;
    sys_seconds date{};  ///< of that state's Release
    digest release{};    ///< as of a suite

    bool operator==(const locked_pick&) const = default;
};

/// A suite as a lockfile has it: enough to find the very same state on any Larder.
struct locked_suite {
    std::string archive, suite;
    sys_seconds date{};                ///< of its Release
    digest snapshot{};                 ///< the state's id
    digest release{};                  ///< SHA-256 of its InRelease; of its Release where it has only that
    std::vector<std::string> signers;  ///< full fingerprints
    std::vector<locked_pick> picks{};

    bool operator==(const locked_suite&) const = default;
};

struct locked_package {
    std::string name, version, architecture;  ///< architecture "source": a source package, by its .dsc
    digest content{};
    std::uint64_t size = 0;
    std::string source;         ///< the source package it was built from
    std::string archive, path;  ///< where its index has it; they do not stand in the text

    bool operator==(const locked_package&) const = default;
};

/// What a generation holds, as a text for version control: equal holdings are equal texts, and a change of one
/// package is a change of one line.
///
///     Larder-Lock: 1
///     Deployment: web
///     Generation: 3
///     Made: 20261121T063000Z
///     Hold: closure
///     Architectures: amd64
///     Suite: debian/bookworm 20261121T063000Z SNAPSHOT RELEASE FINGERPRINT...
///     Pick: hello amd64 2.10-3 20261122T063000Z SNAPSHOT RELEASE
///
///     hello 2.10-3 amd64 SHA256 53080 hello
///
/// A pick is of the suite above it; one that is left out has a name and an architecture only. Then a line a package:
/// name, version, architecture, SHA-256, size, source package. Lines that begin with '#' are for people.
struct lockfile {
    std::string deployment;
    std::uint64_t generation = 0;
    sys_seconds made{};
    hold_mode hold = hold_mode::used;
    std::vector<std::string> architectures;
    std::vector<locked_suite> suites;      ///< by archive and suite
    std::vector<locked_package> packages;  ///< see in_order()

    /// Sorts the packages by name, architecture and version, each content once.
    void in_order();
    std::string write() const;
    /// `malformed` names the line; `unsupported` for the format of a newer Larder; `too_large` over 64 MiB.
    static result<lockfile> read(std::string_view text);

    /// "HASH  archive/path" lines, for sha256sum -c in a copy of what /d/NAME/ serves. Needs the paths.
    std::string sha256sums() const;
    /// A pin of each package to its version, for apt_preferences(5): the highest where there are several.
    std::string preferences() const;
};

/// What differs between two lockfiles: suites at other states, and packages.
struct lock_difference {
    struct suite {
        std::string archive, suite;
        std::optional<locked_suite> before, after;
    };
    std::vector<suite> suites;
    std::vector<index::package_change> packages;  ///< one that has other bytes under the same version has `changed`

    bool none() const noexcept { return suites.empty() && packages.empty(); }
};
lock_difference compare(const lockfile& before, const lockfile& after);

}  // namespace larder::deployments
