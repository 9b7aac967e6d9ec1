#include "maintenance/pinned_indices.hpp"
#include "deployments/states.hpp"
#include "maintenance/downloads.hpp"
#include <algorithm>
#include <map>

namespace larder::net::maintenance {
namespace {

/// By the content of its first form: states, and generations, share what did not change.
using found_indices = std::map<digest, pinned_index>;

void look_at(engine& e, const deployments::generation& g, const deployments::pin& pin, const digest& id,
             found_indices& all) {
    const auto state = load_state(e.store().objects(), id);
    if (!state) return;
    const suite in{pin.suite};
    for (const auto& needed :
         pinning::needed_files(**state, in, pinning::components_of(e, pin.archive), g.architectures)) {
        if (!needed.lists_packages) continue;
        pinned_index one{pin.archive, pin.suite, *state, {}, {}, {}};
        for (const auto* form : needed.forms) one.forms.push_back(*form);
        if (one.is_here(e.store().objects())) continue;
        auto& known = all.try_emplace(one.content(), std::move(one)).first->second;
        known.needed_by.push_back("generation " + std::to_string(g.number) + " of '" + g.deployment + "'");
    }
}

fetch_order order_for(const pinned_index& one, std::size_t form, const std::shared_ptr<archive>& from) {
    const known_state of{{{}, 0, one.archive, one.suite, true, {}, {}}, one.state};
    return order_of(of, one.forms[form], *one.forms[form].sha256, from->mirrors_ptr());
}

}  // namespace

bool pinned_index::is_here(const store::object_store& objects) const {
    return std::any_of(forms.begin(), forms.end(), [&objects](const index::release_file& form) {
        const auto found = objects.find(*form.sha256);
        // What cannot be told is no loss.
        return !found || *found;
    });
}

std::vector<std::string> pinned_index::whereabouts() const {
    std::vector<std::string> all{archive + "/" + net::suite{suite}.file(forms.front().path)};
    all.insert(all.end(), needed_by.begin(), needed_by.end());
    return all;
}

result<std::vector<pinned_index>> missing_pinned_indices(engine& e) {
    LARDER_TRY(const auto refs, e.store().refs().list(deployments::generation_prefix));
    found_indices found;
    for (const auto& [name, ref] : refs) {
        const auto id = digest::from_hex(ref.value);
        const auto text = id ? e.store().objects().read(*id, 1 << 20) : result<std::string>{id.error()};
        const auto g = text ? deployments::generation::read(*text) : result<deployments::generation>{text.error()};
        if (!g) continue;
        for (const auto& pin : g->pins) {
            look_at(e, *g, pin, pin.snapshot, found);
            if (pin.overlay) look_at(e, *g, pin, *pin.overlay, found);
        }
    }
    std::vector<pinned_index> all;
    for (auto& [content, one] : found) all.push_back(std::move(one));
    return all;
}

result<void> bring_back(engine& e, std::vector<pinned_index>& all, const progress_sink& tell, std::stop_token stop) {
    std::vector<std::size_t> form(all.size(), 0);
    for (;;) {
        std::vector<fetch_order> orders;
        std::vector<std::size_t> of;
        for (std::size_t i = 0; i < all.size(); ++i) {
            if (form[i] >= all[i].forms.size() || all[i].is_here(e.store().objects())) continue;
            const auto from = e.find_archive(all[i].archive);
            if (!from) {
                all[i].why = "archive '" + all[i].archive + "' is not configured any more";
                form[i] = all[i].forms.size();
                continue;
            }
            orders.push_back(order_for(all[i], form[i], from));
            of.push_back(i);
        }
        if (orders.empty()) return {};
        const auto ended = [&](std::size_t n, const result<void>& how) {
            const auto i = of[n];
            ++form[i];
            if (!how) all[i].why = how.error().detail();
        };
        LARDER_CHECK(download(e, orders, "fetching indices that generations need", ended, tell, stop));
    }
}

}  // namespace larder::net::maintenance
