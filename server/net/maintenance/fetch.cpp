#include "index_reader.hpp"
#include "maintenance/downloads.hpp"
#include "maintenance/known_states.hpp"
#include <algorithm>
#include <larder/base/text.hpp>
#include <larder/qa/closure.hpp>

namespace larder::net {
namespace {

using namespace maintenance;

result<std::string> read_whole_index(const store::object_store& objects, const index_wanted& index) {
    LARDER_TRY(auto plain, open_index(objects, index.order.content, index.path));
    std::string text;
    for (;;) {
        LARDER_TRY(const auto piece, plain->next());
        if (piece.empty()) return text;
        text += piece;
    }
}

class fetcher {
public:
    fetcher(engine& e, const fetch_options& options, const progress_sink& tell, std::stop_token stop)
        : e_{e}, options_{options}, tell_{tell}, stop_{std::move(stop)} {}

    result<fetch_report> run() {
        archive_ = e_.find_archive(options_.archive);
        if (!archive_) return error{errc::absent, "no archive is called '" + options_.archive + "'"};
        if (options_.packages.empty()) return error{errc::bad_config, "no package is named"};
        report_.archive = options_.archive;
        LARDER_CHECK(choose_architecture());
        LARDER_CHECK(read_suites());
        std::vector<const qa::index_entry*> wanted;
        for (const auto& name : options_.packages) {
            LARDER_TRY(const auto* found, find(name));
            wanted.push_back(found);
        }
        qa::closure all;
        if (options_.with_deps)
            all = qa::close_over(pool_, wanted);
        else
            all.packages = wanted;
        report_.unresolved = std::move(all.unresolved);
        LARDER_CHECK(bring(all.packages));
        return std::move(report_);
    }

private:
    result<void> choose_architecture() {
        architecture_ = options_.architecture;
        const auto& configured = archive_->options().architectures;
        if (architecture_.empty() && !configured.empty()) architecture_ = configured.front();
        if (architecture_.empty())
            return error{errc::bad_config,
                         "archive '" + options_.archive +
                             "' has no architectures configured: name the one whose packages are wanted"};
        return {};
    }

    result<void> read_suites() {
        const auto& suites = options_.suites.empty() ? archive_->options().suites : options_.suites;
        if (suites.empty())
            return error{errc::bad_config, "archive '" + options_.archive + "' has no suites configured: name one"};
        for (const auto& name : suites) LARDER_CHECK(read_suite(name));
        return {};
    }

    result<void> read_suite(const std::string& name) {
        tell_({"reading " + options_.archive + " " + name, 0, 0});
        const auto ref_name = suite{name}.ref(options_.archive);
        LARDER_TRY(auto ref, e_.store().refs().get(ref_name));
        if (!ref) {
            if (const auto how = refresh_now(e_, archive_, name, stop_); !how)
                return how.error().in(options_.archive + " " + name);
            LARDER_TRY(ref, e_.store().refs().get(ref_name));
        }
        if (!ref) return error{errc::absent, "suite '" + name + "' has no state here"};
        auto from = parse_state_ref(ref_name);
        from->value = ref->value;
        std::optional<error> broken;
        const auto states =
            load_states(e_.store().objects(), {*from}, [&broken](const state_ref&, const error& why) { broken = why; });
        if (broken) return *broken;
        index_filter filter;
        filter.components = archive_->options().components;
        filter.architectures = {architecture_};
        filter.sources = filter.others = false;
        const auto indices = indices_of(states.front(), filter, e_.store(), archive_->mirrors_ptr());
        return read_indices(name, indices);
    }

    result<void> read_indices(const std::string& name, const std::vector<index_wanted>& indices) {
        std::vector<fetch_order> orders;
        for (const auto& index : indices) orders.push_back(index.order);
        std::optional<error> trouble;
        const auto ended = [&trouble](std::size_t, const result<void>& how) {
            // One that is listed and nowhere to be had is of no use to apt either.
            if (!how && how.error().code() != errc::absent && !trouble) trouble = how.error();
        };
        LARDER_CHECK(download(e_, orders, "fetching indices of " + name, ended, tell_, stop_));
        if (trouble) return trouble->in(options_.archive + " " + name);
        for (const auto& index : indices) {
            LARDER_TRY(const auto here, e_.store().objects().find(index.order.content));
            if (!here) continue;
            auto text = read_whole_index(e_.store().objects(), index);
            if (!text) return text.error().in(options_.archive + "/" + index.path);
            if (auto added = pool_.add(std::move(*text)); !added)
                return added.error().in(options_.archive + "/" + index.path);
        }
        return learn_all(e_, archive_, indices_here(indices), stop_);
    }

    std::vector<index_wanted> indices_here(const std::vector<index_wanted>& indices) const {
        std::vector<index_wanted> all;
        for (const auto& index : indices)
            if (const auto here = e_.store().objects().find(index.order.content); here && *here) all.push_back(index);
        return all;
    }

    result<const qa::index_entry*> find(const std::string& asked) const {
        const auto mark = asked.find('=');
        qa::alternative wanted;
        wanted.name = std::string_view{asked}.substr(0, mark);
        if (mark != std::string::npos) {
            wanted.relation = "=";
            wanted.version = std::string_view{asked}.substr(mark + 1);
        }
        if (const auto* found = pool_.find(wanted)) return found;
        return error{errc::absent, "archive '" + options_.archive + "' has no package " + printable(asked, 200) +
                                       " for " + architecture_ + " in the suites asked for (" +
                                       std::to_string(pool_.size()) + " packages looked at)"};
    }

    result<void> bring(const std::vector<const qa::index_entry*>& packages) {
        std::vector<fetch_order> orders;
        for (const auto* one : packages) {
            fetched_package row;
            row.package = one->name;
            row.version = one->version;
            row.architecture = one->architecture;
            LARDER_TRY(row.path, clean_path(one->path));
            row.size = one->size;
            LARDER_TRY(const auto here, e_.store().objects().find(one->content));
            row.was_here = here.has_value();
            if (!row.was_here) report_.bytes += one->size;
            orders.push_back(fetch_order{one->content, one->size, {row.path}, archive_->mirrors_ptr()});
            report_.packages.push_back(std::move(row));
        }
        const auto ended = [this](std::size_t i, const result<void>& how) {
            auto& row = report_.packages[i];
            if (how) return;
            row.failure = how.error().detail();
            report_.bytes -= row.size;
        };
        return download(e_, orders, "fetching packages", ended, tell_, stop_);
    }

    engine& e_;
    const fetch_options& options_;
    const progress_sink& tell_;
    std::stop_token stop_;
    fetch_report report_;
    std::shared_ptr<archive> archive_;
    std::string architecture_;
    qa::package_pool pool_;
};

}  // namespace

bool fetch_report::fine() const noexcept {
    return unresolved.empty() &&
           std::all_of(packages.begin(), packages.end(), [](const fetched_package& p) { return p.failure.empty(); });
}

result<fetch_report> fetch_packages(engine& e, const fetch_options& options, const progress_sink& tell,
                                    std::stop_token stop) {
    fetcher one{e, options, tell, std::move(stop)};
    return one.run();
}

}  // namespace larder::net
