#pragma once

#include <larder/deployments/generation.hpp>
#include <larder/store/objects.hpp>
#include <larder/store/refs.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace larder::deployments {

/// What a deployment is apart from its generations: a ref of its own.
struct deployment {
    std::string name;
    std::uint64_t head = 0;  ///< number of the generation in force
    digest generation;       ///< its manifest
    hold_mode hold = hold_mode::used;
    std::string token;  ///< SHA-256 of the join token, in hex; empty: units cannot report
    /// Archives of which a suite is pinned, by the next generation, when a client first asks for it; sorted.
    std::vector<std::string> on_first_use;
    std::optional<sys_seconds> removed;  ///< it is served no more, and kept until its grace time is over:
    std::optional<sys_seconds> forget_after;
    std::uint64_t version = 0;  ///< of the ref, for compare-and-set

    std::string write() const;
    static result<deployment> read(std::string_view text);
};

/// Of a deployment that comes from elsewhere and is here already: whose hold mode, join token and archives on first use
/// hold.
enum class settings_of { here, there };

/// Deployments in a store: refs "deployment/NAME", and for each generation "generation/NAME/NUMBER" with ten
/// digits, whose value is the manifest's object. What the pins name is not looked at here: the caller sees to
/// it that it is there, and stays (gc) while the refs are written. Thread-safe as far as the stores are; blocks.
class registry {
public:
    registry(store::object_store& objects, store::ref_store& refs) : objects_{objects}, refs_{refs} {}

    /// All, by name; also those that are removed and still kept.
    result<std::vector<deployment>> list() const;
    /// `absent` when there is none.
    result<deployment> find(std::string_view name) const;
    /// The manifest of one generation; `absent` when there is none of that number.
    result<generation> load(std::string_view name, std::uint64_t number) const;
    /// Its manifest's object.
    result<digest> id_of(std::string_view name, std::uint64_t number) const;
    /// All of its generations, the first first, without those that were given up. One that cannot be read is an error
    /// that names it.
    result<std::vector<generation>> history(std::string_view name) const;

    /// Writes the first generation, or the next after `head`; all or nothing. `conflict` when there is a
    /// deployment of that name already, or when another generation has become the head meanwhile. What becomes
    /// of the deployment with it.
    result<deployment> create(const deployment& made, const generation& first);
    /// `refused` for one that follows a peer (following.hpp).
    result<deployment> append(const deployment& head, const generation& next);
    /// Changes what is no generation: how much is held, whether it is removed. `conflict` as above.
    result<deployment> change(const deployment& changed);
    /// Takes over a deployment whose manifests, the first generation's first, are all here: it is made, or the
    /// generations that it lacks are put behind those it has, which must be the same (`conflict`), and in the place of
    /// those that were given up. `also` is changed with it. One transaction.
    struct adopted {
        deployment now;
        std::uint64_t added = 0;  ///< generations
    };
    result<adopted> adopt(const deployment& made, const std::vector<digest>& generations,
                          std::vector<store::ref_change> also, settings_of whose = settings_of::here);
    /// `refused`, with what to do, when its generations come from a peer.
    result<void> may_change(std::string_view name) const;
    /// Drops all its refs, for good.
    result<void> forget(std::string_view name);

private:
    store::object_store& objects_;
    store::ref_store& refs_;
};

/// Names of its refs.
std::string ref_of(std::string_view deployment);
std::string ref_of(std::string_view deployment, std::uint64_t generation);
inline constexpr std::string_view deployment_prefix = "deployment/";
inline constexpr std::string_view generation_prefix = "generation/";

}  // namespace larder::deployments
