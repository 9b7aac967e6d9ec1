#pragma once

#include <cstddef>
#include <larder/base/digest.hpp>
#include <larder/deployments/generation.hpp>
#include <larder/index/packages.hpp>
#include <string>
#include <vector>

// Which packages a generation takes from other states of its suites. Decisions only.

namespace larder::deployments {

/// A package as an index lists it, of one of a generation's suites at some state.
struct listing {
    std::size_t suite = 0;  ///< its position among the generation's pins
    digest state{};
    std::string index;         ///< without the ending of a compression: "main/binary-amd64/Packages"
    std::string architecture;  ///< whose index it is: "amd64", "all", "source"; empty where it is for all of them
    index::listed_package what;
};

/// A package that a generation is to have.
struct wish {
    std::string name;
    std::string version;                                     ///< empty: the highest
    std::string architecture;                                ///< empty: any but "source"
    enum class kind { binary, source } what = kind::binary;  ///< of a source package all that is built from it, and it

    bool operator==(const wish&) const = default;
};
/// "hello", "hello=2.10-4", "hello=2.10-4:amd64" or "hello:amd64"; `bad_config` says what is wrong with it.
result<wish> parse_wish(std::string_view text, wish::kind what);
/// As it is parsed.
std::string to_string(const wish&);

/// What is to stand of a package in one index.
struct edit {
    std::size_t suite = 0;
    std::string index, name;
    std::string architecture;  ///< of the package
    std::string version;       ///< empty: none of the package
    digest from{};             ///< the state whose stanzas of that version these are

    bool operator==(const edit&) const = default;
};

struct choice {
    std::vector<edit> edits;   ///< by suite, index and name
    std::vector<wish> absent;  ///< that nothing offered fulfils
};
/// Which entries must change so that machines get what is wished for, the version being the highest of its package
/// among all suites then: apt takes the highest. Of a name that several wishes are about the last counts. Where
/// equal versions are offered the first counts. A wish that is fulfilled already changes nothing.
choice choose(const std::vector<listing>& present, const std::vector<listing>& offered,
              const std::vector<wish>& wishes);

/// What a suite's picks are after these edits of it.
std::vector<pick> picks_after(const std::vector<pick>& before, const std::vector<edit>& edits, std::size_t suite);

}  // namespace larder::deployments
