#pragma once

#include <cstdint>
#include <larder/base/clock.hpp>
#include <larder/base/digest.hpp>
#include <larder/base/result.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace larder::deployments {

/// What a deployment guarantees to keep of its generations.
enum class hold_mode {
    used,     ///< what was fetched through it, or reported by a unit
    closure,  ///< that, and all it depends on
    full,     ///< every package of its suites, for its architectures
};
std::string_view to_string(hold_mode) noexcept;
/// Nothing when it is none of the three names.
std::optional<hold_mode> parse_hold_mode(std::string_view) noexcept;

/// How a generation came to be.
enum class step { create, first_use, upgrade, rollback, import };
std::string_view to_string(step) noexcept;

/// A package that a generation has otherwise than its suite's snapshot.
struct pick {
    std::string name, architecture;
    std::string version;  ///< empty: the suite's own is left out, so that another suite's lower one counts
    digest from{};        ///< the state that lists it, upstream's own; zeros where it is left out

    bool operator==(const pick&) const = default;
};

/// One suite at one state.
struct pin {
    std::string archive, suite;
    digest snapshot;  ///< the id of the state, upstream's own
    /// The state that stands in its place where a client has seen a later Date: the same indices, under a Date
    /// of its own and Larder's signature. apt takes no older InRelease at a URL (apt-pkg/acquire-item.cc), so
    /// nothing else gets a client back.
    std::optional<digest> shown{};
    /// The state composed here: the snapshot, in which the packages of `picks` are as other states have them; with
    /// Larder's signature.
    std::optional<digest> overlay{};
    std::vector<pick> picks{};  ///< sorted by name and architecture; none without an overlay

    /// Whose indices say what there is.
    const digest& listed() const noexcept { return overlay ? *overlay : snapshot; }
    /// What clients are shown.
    const digest& state() const noexcept { return shown ? *shown : listed(); }
    bool operator==(const pin&) const = default;
};

/// One numbered state of a deployment. A small text, kept as an object; immutable.
struct generation {
    std::string deployment;
    std::uint64_t number = 1;
    std::optional<digest> parent;  ///< the generation that was in force before; none for the first
    sys_seconds made{};
    step how = step::create;
    std::uint64_t origin = 0;                ///< of a rollback: the number it goes back to
    std::string by;                          ///< who made it, for people; no newlines
    std::string reason;                      ///< why, for people; no newlines
    std::vector<std::string> architectures;  ///< that are kept, sorted
    std::vector<pin> pins;                   ///< sorted by archive and suite; one each

    /// Null when it has no such suite.
    const pin* find(std::string_view archive, std::string_view suite) const noexcept;

    /// One field a line, always in this order: equal generations are equal texts. Sorts nothing.
    std::string write() const;
    /// `malformed` says which field; `unsupported` for the format of a newer Larder.
    static result<generation> read(std::string_view text);
};

/// What changed between two generations' pins.
struct pin_change {
    std::string archive, suite;
    std::optional<digest> before, after;  ///< the states whose indices count
};
std::vector<pin_change> changes(const generation& before, const generation& after);

/// Letters, digits, '.', '-' and '_', at most 100, no dot in front: it stands in URLs, refs and file names.
/// `refused` says so.
result<void> check_name(std::string_view name);

}  // namespace larder::deployments
