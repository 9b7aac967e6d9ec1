#include "deployments/cut.hpp"
#include "archive_paths.hpp"
#include "deployments/units.hpp"
#include "kept_chunks.hpp"
#include "maintenance/downloads.hpp"
#include <algorithm>
#include <deque>
#include <set>

namespace larder::net::pinning {
namespace {

/// Asks for a suite that is due; waits for the outcome.
awaitable<result<void>> refreshing(std::shared_ptr<archive> of, std::string name) {
    const auto until = no_deadline();
    auto how = co_await of->refresh(name, archive::urgency::if_due, until);
    co_return how;
}

error unknown_archive(const suite_choice& choice) {
    return {errc::absent, "no archive is called '" + choice.archive + "'; larder archive list shows all"};
}

/// One suite on its way to be pinned.
class chosen {
public:
    chosen(engine& e, const suite_choice& choice) : e_{e}, choice_{choice}, in_{choice.suite} {}

    result<void> find(std::stop_token stop) {
        from_ = e_.find_archive(choice_.archive);
        if (!from_) return unknown_archive(choice_);
        if (choice_.when.empty()) LARDER_CHECK(refresh(stop));
        if (choice_.when.empty()) {
            LARDER_TRY(id_, find_current(e_.store().refs(), choice_));
        } else {
            LARDER_TRY(const auto kept, find_state(e_.store().refs(), choice_));
            id_ = kept.id;
            current_ = kept.current;
        }
        LARDER_TRY(state_, load_state(e_.store().objects(), id_));
        return {};
    }

    /// Brings what clients need, of each file the form that apt asks for first and upstream has.
    result<void> bring(const std::vector<std::string>& architectures, const progress_sink& tell,
                       const std::stop_token& stop) {
        const auto needed = needed_files(*state_, in_, from_->options().components, architectures);
        LARDER_CHECK(all_listed(needed, architectures));
        std::vector<std::size_t> form(needed.size(), 0);
        if (from_->options().local) {
            LARDER_CHECK(join_missing(needed, form));
        } else {
            for (auto left = missing(needed, form); !left.empty(); left = missing(needed, form))
                LARDER_CHECK(bring_forms(needed, form, left, tell, stop));
        }
        for (std::size_t i = 0; i < needed.size(); ++i)
            if (form[i] < needed[i].forms.size()) objects_.push_back(*needed[i].forms[form[i]]->sha256);
        return learn(architectures, stop);
    }

    const digest& state() const noexcept { return id_; }

    void add_to(cut& all) const {
        all.pins.push_back({choice_.archive, choice_.suite, id_, {}});
        all.objects.push_back(id_);
        for (const auto& file : maintenance::files_of(state_->manifest())) all.objects.push_back(file.content);
        all.objects.insert(all.objects.end(), objects_.begin(), objects_.end());
    }

private:
    result<void> refresh(const std::stop_token& stop) {
        LARDER_CHECK(maintenance::wait_for(e_, refreshing(from_, choice_.suite), stop));
        for (const auto& one : from_->status())
            if (one.name == choice_.suite && !one.last_error.empty())
                return error{errc::upstream_down,
                             one.last_error + (one.date ? "; the state of " + format_timestamp(*one.date) +
                                                              " is here: " + choice_.text() + "@" +
                                                              format_timestamp(*one.date) + " names it"
                                                        : std::string{})};
        return {};
    }

    /// A deployment without the packages of an architecture would be one for nobody.
    result<void> all_listed(const std::vector<needed_file>& needed,
                            const std::vector<std::string>& architectures) const {
        if (in_.flat()) return {};
        for (const auto& wanted : architectures) {
            const bool has = std::any_of(needed.begin(), needed.end(), [&](const needed_file& one) {
                return one.lists_packages && architecture_of(one.forms.front()->path) == wanted;
            });
            if (!has) return error{errc::absent, "its Release lists no packages for the architecture " + wanted};
        }
        return {};
    }

    std::vector<std::size_t> missing(const std::vector<needed_file>& needed, const std::vector<std::size_t>& form) {
        std::vector<std::size_t> left;
        for (std::size_t i = 0; i < needed.size(); ++i) {
            if (form[i] >= needed[i].forms.size()) continue;
            const auto here = e_.store().objects().find(*needed[i].forms[form[i]]->sha256);
            if (!here || !*here) left.push_back(i);
        }
        return left;
    }

    result<void> bring_forms(const std::vector<needed_file>& needed, std::vector<std::size_t>& form,
                             const std::vector<std::size_t>& left, const progress_sink& tell,
                             const std::stop_token& stop) {
        std::vector<fetch_order> orders;
        for (const auto i : left) {
            const auto& file = *needed[i].forms[form[i]];
            const maintenance::known_state of{{{}, 0, choice_.archive, choice_.suite, true, {}, {}}, state_};
            orders.push_back(maintenance::order_of(of, file, *file.sha256, from_->mirrors_ptr()));
            orders.back().urgent = true;
        }
        std::optional<error> trouble;
        const auto ended = [&](std::size_t n, const result<void>& how) {
            const auto i = left[n];
            if (how || joined(needed[i], form[i])) return;
            // The next compression of it, as apt does; a translation that is nowhere is done without.
            const bool more = ++form[i] < needed[i].forms.size();
            if (how.error().code() == errc::absent && (more || !needed[i].lists_packages)) return;
            if (!trouble) trouble = how.error().in(needed[i].forms[form[i] - 1]->path);
        };
        LARDER_CHECK(maintenance::download(e_, orders, "fetching indices of " + choice_.text(), ended, tell, stop));
        if (trouble) return *trouble;
        return {};
    }

    /// What is published here is here, as chunks, and nowhere else.
    result<void> join_missing(const std::vector<needed_file>& needed, std::vector<std::size_t>& form) {
        for (const auto i : missing(needed, form)) {
            if (joined(needed[i], form[i])) continue;
            if (needed[i].lists_packages)
                return error{errc::absent, "its " + needed[i].forms.front()->path + " is not here"};
            form[i] = needed[i].forms.size();
        }
        return {};
    }

    /// Where an index of a former state is kept as chunks, it is made whole of these, and that form of it taken.
    bool joined(const needed_file& file, std::size_t& form) {
        for (std::size_t i = 0; i < file.forms.size(); ++i) {
            const auto& one = *file.forms[i];
            if (index::compression_of(one.path) != index::compression::none || !plain_form(*state_, one.path) ||
                !join_to_object(e_.store(), *one.sha256, *one.sha256))
                continue;
            form = i;
            return true;
        }
        return false;
    }

    /// So that every package of it can be found, and fetched.
    result<void> learn(const std::vector<std::string>& architectures, const std::stop_token& stop) {
        maintenance::index_filter filter;
        filter.components = from_->options().components;
        filter.architectures = architectures;
        filter.sources = std::find(architectures.begin(), architectures.end(), "source") != architectures.end();
        filter.others = false;
        const maintenance::known_state of{{{}, 0, choice_.archive, choice_.suite, true, {}, {}}, state_};
        auto indices = maintenance::indices_of(of, filter, e_.store(), from_->mirrors_ptr());
        // What was not needed above is not here, and a mirror need not have it.
        if (!has_all_apart(state_->release()))
            std::erase_if(indices, [](const index_wanted& one) { return architecture_of(one.path) == "all"; });
        for (auto& index : indices) index.former = !current_;
        return maintenance::learn_all(e_, from_, std::move(indices), stop);
    }

    engine& e_;
    const suite_choice& choice_;
    const suite in_;
    std::shared_ptr<archive> from_;
    digest id_{};
    bool current_ = true;
    suite_state_ptr state_;
    std::vector<digest> objects_;
};

}  // namespace

result<digest> state_of_choice(engine& e, const suite_choice& choice, const std::stop_token& stop) {
    chosen one{e, choice};
    if (auto found = one.find(stop); !found) return found.error().in(choice.text());
    return one.state();
}

result<std::vector<std::string>> configured_architectures(engine& e, const std::vector<suite_choice>& suites) {
    std::set<std::string> all;
    for (const auto& one : suites) {
        const auto from = e.find_archive(one.archive);
        if (!from) return unknown_archive(one);
        all.insert(from->options().architectures.begin(), from->options().architectures.end());
    }
    all.erase("all");
    if (all.empty())
        return error{errc::bad_config,
                     "name the architectures of its machines (--arch amd64): their archives have "
                     "none configured"};
    return std::vector<std::string>(all.begin(), all.end());
}

result<cut> make_cut(engine& e, const std::vector<suite_choice>& suites, const std::vector<std::string>& architectures,
                     const progress_sink& tell, const std::stop_token& stop) {
    cut all;
    std::deque<chosen> ones;
    // All states first, so that they are of one moment; then what takes time.
    for (const auto& choice : suites) {
        tell({"asking for " + choice.text(), ones.size(), suites.size()});
        ones.emplace_back(e, choice);
        if (auto found = ones.back().find(stop); !found) return found.error().in(choice.text());
    }
    for (std::size_t i = 0; i < ones.size(); ++i) {
        if (auto brought = ones[i].bring(architectures, tell, stop); !brought)
            return brought.error().in(suites[i].text());
        ones[i].add_to(all);
    }
    std::sort(all.pins.begin(), all.pins.end(),
              [](const auto& a, const auto& b) { return std::tie(a.archive, a.suite) < std::tie(b.archive, b.suite); });
    const auto twice = std::adjacent_find(all.pins.begin(), all.pins.end(), [](const auto& a, const auto& b) {
        return a.archive == b.archive && a.suite == b.suite;
    });
    if (twice != all.pins.end())
        return error{errc::bad_config, twice->archive + "/" + twice->suite + " is named twice"};
    return all;
}

result<deployments::deployment> pin_together(engine& e, const cut& what,
                                             const std::function<result<deployments::deployment>()>& write) {
    auto& parts = e.parts();
    const std::lock_guard lock{parts.refs_mutex};
    for (const auto& content : what.objects) {
        LARDER_TRY(const auto here, parts.store.objects().find(content));
        if (!here) return error{errc::conflict, "an index was removed meanwhile; try again"};
    }
    auto made = write();
    ++parts.refs_changed;
    ++parts.generation;
    e.more_is_held();
    e.expected().changed();
    return made;
}

}  // namespace larder::net::pinning
