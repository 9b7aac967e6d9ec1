#include "pockets/installable.hpp"
#include "deployments/states.hpp"
#include "index_reader.hpp"
#include "kept_chunks.hpp"
#include "suite.hpp"
#include <larder/qa/installability.hpp>
#include <set>

namespace larder::net::publishing {
namespace {

/// The base's suite as it is now.
result<suite_state_ptr> state_of_base(engine& e, const std::string& base) {
    const auto slash = base.find('/');
    const suite in{base.substr(slash + 1)};
    LARDER_TRY(const auto ref, e.store().refs().get(in.ref(base.substr(0, slash))));
    if (!ref)
        return error{errc::absent, "the base " + base + " has no state here: larder archive update " +
                                       base.substr(0, slash) + " brings it"};
    LARDER_TRY(const auto id, digest::from_hex(ref->value));
    return load_state(e.store().objects(), id);
}

/// Reads the base's packages for an architecture into the universe.
result<std::vector<qa::package_id>> read_base(engine& e, const std::string& base, const suite_state& state,
                                              const std::string& architecture, qa::universe& into) {
    std::vector<qa::package_id> all;
    const suite in{base.substr(base.find('/') + 1)};
    LARDER_TRY(const auto indices, pinning::package_indices(e.store().objects(), state, in, {}, {architecture}));
    for (const auto& [stem, index] : indices) {
        std::unique_ptr<index::byte_source> text;
        if (index.here != nullptr) {
            LARDER_TRY(text, open_index(e.store().objects(), *index.here->sha256, index.here->path));
        } else if (const auto* plain = plain_form(state, stem)) {
            LARDER_TRY(text, open_chunks(e.store(), *plain->sha256));
        } else {
            return error{errc::absent, base + ": its " + stem + " is not here"};
        }
        LARDER_TRY(const auto read, into.read(*text));
        all.insert(all.end(), read.packages.begin(), read.packages.end());
    }
    return all;
}

/// What becomes worse for one architecture: a sentence each.
result<std::set<std::string>> troubles_of(engine& e, const pockets::pocket& target, const suite_state& base,
                                          const std::string& architecture, const stanza_texts& texts) {
    qa::universe all{{architecture, {}}};
    LARDER_TRY(auto present, read_base(e, target.base, base, architecture, all));
    LARDER_TRY(const auto here, all.read(texts.present));
    LARDER_TRY(const auto going, all.read(texts.going));
    LARDER_TRY(const auto coming, all.read(texts.coming));
    present.insert(present.end(), here.packages.begin(), here.packages.end());
    const auto before = qa::installability{all}.with({}, present);
    const auto after = before.with(going.packages, coming.packages);
    std::set<std::string> troubles;
    if (coming.odd != 0) troubles.insert(architecture + ": " + coming.first_odd);
    for (const auto& one : qa::compare(before, after))
        if (one.how != qa::worsened::kind::remained)
            troubles.insert(architecture + ": " + to_string(after.explain(one.package)));
    return troubles;
}

}  // namespace

result<qa::finding> check_installable(engine& e, const pockets::pocket& target,
                                      const std::map<std::string, stanza_texts>& by_architecture) {
    const std::string name = "installable";
    if (target.base.empty())
        return qa::finding{name, true, "not asked: the pocket has no base, so nobody knows what there is beside it"};
    LARDER_TRY(const auto base, state_of_base(e, target.base));
    std::set<std::string> troubles;
    for (const auto& [architecture, texts] : by_architecture) {
        LARDER_TRY(auto found, troubles_of(e, target, *base, architecture, texts));
        troubles.merge(found);
    }
    return qa::told(name, troubles,
                    "with " + target.base + " everything can be installed that could be, and all that is new");
}

}  // namespace larder::net::publishing
