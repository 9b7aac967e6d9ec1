#include "maintenance/chunk_repair.hpp"
#include "kept_chunks.hpp"
#include "maintenance/downloads.hpp"
#include "maintenance/former_indices.hpp"
#include <algorithm>

namespace larder::net::maintenance {
namespace {

class chunk_repair {
public:
    chunk_repair(engine& e, const std::vector<known_state>& states, const progress_sink& tell,
                 const std::stop_token& stop)
        : e_{e},
          states_{states},
          refs_{refs_of(states)},
          around_{e.store().objects(), refs_},
          tell_{tell},
          stop_{stop} {}

    result<chunk_mending> run() {
        LARDER_TRY(const auto all, chunk_refs(e_.store().refs()));
        std::set<digest> broken;
        for (const auto& ref : all) {
            // What cannot be read now may be whole.
            const auto missing = missing_files(e_.store().objects(), ref);
            if (!missing || missing->empty()) continue;
            LARDER_TRY(const auto whole, find_chunks(e_.store(), ref.content));
            if (!whole) broken.insert(ref.content);
        }
        std::erase_if(broken, [this](const digest& content) { return mend(content); });
        if (stop_.stop_requested()) return error{errc::cancelled, "stopped during repair"};
        for (const auto& ref : all) LARDER_CHECK(settle(ref, broken.contains(ref.content)));
        for (const auto& lost : report_.lost) report_.mended.erase(lost);
        return std::move(report_);
    }

private:
    static std::vector<state_ref> refs_of(const std::vector<known_state>& states) {
        std::vector<state_ref> refs;
        for (const auto& one : states) refs.push_back(one.from);
        return refs;
    }

    /// Whether the index is kept whole now.
    bool mend(const digest& content) {
        tell_({"keeping an index of a former state anew", 0, 0});
        for (auto one = states_.rbegin(); one != states_.rend() && !stop_.stop_requested(); ++one) {
            if (one->state->by_hash("SHA256", content.hex()) == nullptr) continue;
            for (const auto& index : chunked_indices(*one->state))
                if (*index.plain->sha256 == content) {
                    if (keep(*one, index)) return true;
                    break;
                }
        }
        return false;
    }

    bool keep(const known_state& of, const former_index& index) {
        const auto* form = form_here(e_.store().objects(), index);
        if (form == nullptr) form = fetch(of, index);
        if (form == nullptr) return false;
        const auto& content = *index.plain->sha256;
        const auto kept =
            keep_as_chunks(e_.parts(), content, *form->sha256, form->path, around_.of(of.from, index.plain->path));
        if (!kept)
            e_.log().write(log_level::warn, "index of a former state cannot be kept: " + kept.error().message(),
                           {{"archive", of.from.archive}, {"suite", of.from.suite}, {"index", form->path}});
        return kept.has_value();
    }

    const index::release_file* fetch(const known_state& of, const former_index& index) {
        const auto from = e_.find_archive(of.from.archive);
        for (const auto* form : index.forms) {
            if (!from || stop_.stop_requested()) return nullptr;
            bool came = false;
            const auto ended = [&came](std::size_t, const result<void>& how) { came = how.has_value(); };
            const std::vector<fetch_order> orders{order_of(of, *form, *form->sha256, from->mirrors_ptr())};
            const auto how = download(e_, orders, "fetching an index of a former state", ended, tell_, stop_);
            if (how && came) return form;
        }
        return nullptr;
    }

    result<void> settle(const chunk_ref& ref, bool broken) {
        const auto found = missing_files(e_.store().objects(), ref);
        if (!found) return {};
        const auto& missing = *found;
        for (const auto& file : missing) (broken ? report_.lost : report_.mended).insert(file);
        if (std::find(missing.begin(), missing.end(), ref.object) == missing.end()) return {};
        {
            const std::lock_guard lock{e_.parts().refs_mutex};
            ++e_.parts().refs_changed;
            LARDER_CHECK(e_.store().refs().change({{ref.name, ref.version, std::nullopt}}));
        }
        if (broken) report_.dropped.push_back(ref.name + ": forgotten; " + what_was(ref.content));
        return {};
    }

    std::string what_was(const digest& content) const {
        for (auto one = states_.rbegin(); one != states_.rend(); ++one)
            if (const auto* file = one->state->by_hash("SHA256", content.hex()))
                return file->path + " of " + one->from.archive + "/" + one->from.suite + " as it was on " +
                       format_iso(one->state->release().date) + " is not kept any more";
        return "no state that is known here has that index";
    }

    engine& e_;
    const std::vector<known_state>& states_;
    const std::vector<state_ref> refs_;
    neighbours around_;
    const progress_sink& tell_;
    const std::stop_token& stop_;
    chunk_mending report_;
};

}  // namespace

result<chunk_mending> mend_chunks(engine& e, const std::vector<known_state>& states, const progress_sink& tell,
                                  const std::stop_token& stop) {
    chunk_repair work{e, states, tell, stop};
    return work.run();
}

}  // namespace larder::net::maintenance
