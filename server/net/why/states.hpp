#pragma once

#include "deployments/states.hpp"
#include "why/question.hpp"
#include <larder/net/why.hpp>
#include <memory>
#include <unordered_map>

namespace larder::net::why {

/// A state to look into, and the generations that pin or show it.
struct state_here {
    std::string archive, suite;
    digest id{};
    bool current = false;
    bool shown = false;
    struct user {
        std::size_t deployment;  ///< position in all_states::deployed
        std::uint64_t generation;
        std::vector<std::string> architectures;
    };
    std::vector<user> users{};
};

/// All states that are kept, each once.
struct all_states {
    std::vector<deployments::deployment> deployed;  ///< by name
    std::vector<state_here> first;                  ///< current ones, and such as generations pin or show
    std::vector<state_here> former;                 ///< all others
    std::vector<std::string> unread;
};
result<all_states> states_here(engine& e);

/// Something of a state that names an object.
struct naming {
    digest content{};
    std::string by;  ///< see why_state::by
    std::optional<std::uint64_t> size;
    std::string path;                            ///< below the archive's root
    std::string package, version, architecture;  ///< of a package
};

/// Looks into states, and remembers what it has seen of what they share.
class reader {
public:
    reader(engine& e, question what) : e_{e}, what_{std::move(what)} {}

    /// Also for these contents, besides what was asked for: what a path stands for.
    void add(const digest& content) { wanted_.push_back(content); }
    /// What of a state answers the question. What of it cannot be read is added to `unread`.
    result<std::vector<naming>> look_into(const state_here& in, suite_state_ptr& state,
                                          std::vector<std::string>& unread);

private:
    using packages = std::shared_ptr<const std::vector<index::listed_package>>;

    bool is_wanted(const digest& content) const;
    bool fits(const index::listed_package& one) const;
    bool may_fit(std::string_view packed) const;
    void look_at_files(const state_here& in, const suite_state& state, std::vector<naming>& found) const;
    result<void> look_at_lists(const state_here& in, const suite_state& state, std::vector<naming>& found,
                               std::vector<std::string>& unread);
    result<void> look_at_list(const std::vector<digest>& chunks, const std::string& stem, std::vector<naming>& found);
    result<packages> fitting_in(const digest& chunk);

    engine& e_;
    const question what_;
    std::vector<digest> wanted_;
    std::unordered_map<digest, packages, digest_hash> chunks_;
};

}  // namespace larder::net::why
