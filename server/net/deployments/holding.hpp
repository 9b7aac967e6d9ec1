#pragma once

#include "deployments/states.hpp"
#include <functional>
#include <larder/qa/closure.hpp>
#include <larder/store/holds.hpp>
#include <unordered_map>

// What a deployment holds of a generation.

namespace larder::net::pinning {

using held_files = std::unordered_map<digest, store::held_object, digest_hash>;

/// Where a call tells how far it is, and is told to end.
struct course {
    const progress_sink& tell;
    const std::stop_token& stop;
};

/// Every binary and source package that a generation's indices list, each valid during the call, which must not use the
/// store. `absent` names an index that is not here, nor what was read out of it.
using package_sink = std::function<void(const deployments::pin&, const index::listed_package&)>;
result<void> each_package(engine& e, const deployments::generation& g, const package_sink& take, const course& of);

/// By the deployment's mode, here or not: what was fetched through it, and what its units have reported of the
/// generation's packages; that and all it depends on; or every file. What a closure needs and no suite has is added
/// to `unresolved`: "hello 2.10 needs: missing".
result<held_files> held_by_mode(engine& e, const deployments::deployment& d, const deployments::generation& g,
                                std::vector<std::string>& unresolved, const course& of);

/// The same of the generation in force, noted: from then on it is held, whether it is here already or not.
result<held_files> hold_by_mode(engine& e, const deployments::deployment& d, const deployments::generation& g,
                                std::vector<std::string>& unresolved, const course& of);

/// Its packages, for what needs what. In memory: the whole text of the indices.
result<void> fill(engine& e, const deployments::generation& g, qa::package_pool& pool, const course& of);

/// A held file that is not here, as its path names it.
hold_row row_of_missing(const store::held_object& one);

}  // namespace larder::net::pinning
