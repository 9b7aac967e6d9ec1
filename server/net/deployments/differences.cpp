#include "deployments/differences.hpp"

namespace larder::net {
namespace pinning {
namespace {

/// A pin as the state that it is of; the ref may be gone, the object is not.
result<std::optional<kept_state>> state_of(engine& e, const deployments::pin* one) {
    if (one == nullptr) return std::optional<kept_state>{};
    LARDER_TRY(const auto state, load_state(e.store().objects(), one->listed()));
    return std::optional{kept_state{one->archive, one->suite, one->listed(), state->release().date, false}};
}

}  // namespace

result<std::vector<suite_difference>> compare_generations(engine& e, const deployments::generation& before,
                                                          const deployments::generation& after,
                                                          const progress_sink& tell, const std::stop_token& stop) {
    std::vector<suite_difference> all;
    for (const auto& change : deployments::changes(before, after)) {
        LARDER_TRY(const auto was, state_of(e, before.find(change.archive, change.suite)));
        LARDER_TRY(const auto is, state_of(e, after.find(change.archive, change.suite)));
        LARDER_TRY(auto one, compare_states(e, was, is, after.architectures, tell, stop));
        all.push_back(std::move(one));
    }
    return all;
}

}  // namespace pinning

result<generation_diff> diff_generations(engine& e, const generation_diff_options& options, const progress_sink& tell,
                                         std::stop_token stop) {
    deployments::registry registry{e.store().objects(), e.store().refs()};
    generation_diff d;
    d.name = options.name;
    LARDER_TRY(const auto head, registry.find(options.name));
    d.after = options.after != 0 ? options.after : head.head;
    d.before = options.before != 0 ? options.before : std::max<std::uint64_t>(d.after, 2) - 1;
    LARDER_TRY(const auto before, registry.load(options.name, d.before));
    LARDER_TRY(const auto after, registry.load(options.name, d.after));
    LARDER_TRY(d.differences, pinning::compare_generations(e, before, after, tell, stop));
    return d;
}

}  // namespace larder::net
