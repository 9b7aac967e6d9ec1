#pragma once

#include "deployments/units.hpp"
#include "why/states.hpp"
#include <map>

namespace larder::net::why {

/// Who keeps objects, and in what way. Reads what units have reported once for all of them.
class holders {
public:
    holders(engine& e, const std::vector<deployments::deployment>& all) : e_{e}, all_{all} {}

    /// What a state has of an object, for the deployments whose generations have that state.
    void note(const state_here& in, const naming& what);
    /// What was noted of one object. One that nobody noted may be held all the same: since before.
    result<std::vector<why_deployment>> of(const digest& content);
    /// Units' reports that could not be read.
    const std::vector<std::string>& unread() const noexcept { return unread_; }

private:
    struct noted {
        std::set<std::uint64_t> generations;
        std::vector<naming> as;
    };
    using units = std::map<std::tuple<std::string, std::string, std::string>, std::vector<std::string>>;

    result<const units*> units_of(const std::string& deployment);
    result<void> tell_how(const deployments::deployment& d, const noted& what, why_deployment& into);

    engine& e_;
    const std::vector<deployments::deployment>& all_;
    std::map<digest, std::map<std::size_t, noted>> noted_;
    std::map<std::string, units> units_;
    std::vector<std::string> unread_;
};

}  // namespace larder::net::why
