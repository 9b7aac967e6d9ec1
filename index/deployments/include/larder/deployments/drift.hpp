#pragma once

#include <larder/deployments/unit_report.hpp>
#include <larder/index/packages.hpp>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace larder::deployments {

/// How a unit differs from its generation in one package.
struct difference {
    enum class kind {
        behind,   ///< the generation has a newer version
        ahead,    ///< the generation's version is older
        foreign,  ///< the generation has no package of this name
        /// Behind, and the generation's version is being phased in (Phased-Update-Percentage): apt takes it or not by
        /// the machine's id.
        phased,
    };
    kind what = kind::foreign;
    std::string name, architecture;
    std::string installed, expected;  ///< versions; `expected` is empty for a foreign one
    bool held = false;                ///< the administrator has held it back
};
std::string_view to_string(difference::kind) noexcept;

/// What a generation would install: of each package and architecture the highest version that any of its suites has,
/// as apt chooses among sources of one priority. Immutable once made; any thread.
class expectation {
public:
    void add(const index::listed_package& one);

    /// Sorted by name and architecture. A package that is installed in the version that is expected is none.
    std::vector<difference> compare(const std::vector<installed_package>& installed) const;
    /// Of names and architectures.
    std::size_t size() const noexcept { return size_; }

private:
    struct version_of {
        std::string architecture, version;
    };
    const version_of* find(const installed_package& one) const;

    std::unordered_map<std::string, std::vector<version_of>> versions_;  ///< by name; each by architecture
    std::size_t size_ = 0;
};

}  // namespace larder::deployments
