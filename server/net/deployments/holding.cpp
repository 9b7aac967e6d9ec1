#include "archive_paths.hpp"
#include "deployments/states.hpp"
#include "held.hpp"
#include "index_reader.hpp"
#include "maintenance/downloads.hpp"
#include <algorithm>
#include <larder/base/text.hpp>
#include <larder/qa/closure.hpp>
#include <unordered_map>

// What a deployment holds, and bringing it here.

namespace larder::net {
namespace {

using namespace pinning;
using store::held_object;
using by_content = std::unordered_map<digest, held_object, digest_hash>;

result<by_content> held_by(engine& e, const std::string& name) {
    LARDER_CHECK(e.held().flush());
    by_content all;
    LARDER_CHECK(e.store().holds().each(
        name, [&all](std::string_view, const held_object& one) { all.emplace(one.content, one); }));
    return all;
}

/// Reads all indices of packages that a generation pins.
class generation_reader {
public:
    generation_reader(engine& e, const deployments::generation& g, const progress_sink& tell, std::stop_token stop)
        : e_{e}, generation_{g}, tell_{tell}, stop_{std::move(stop)} {}

    /// Every file that they name.
    result<by_content> files() {
        by_content all;
        LARDER_CHECK(each([&](const deployments::pin& pin, const index::release_file& file) -> result<void> {
            LARDER_TRY(const auto plain, open_index(e_.store().objects(), *file.sha256, file.path));
            const auto take = [&](std::string_view path, const digest& content, std::uint64_t size) {
                if (content != index::no_usable_hash)
                    all.emplace(content, held_object{content, size, pin.archive, std::string{path}});
            };
            LARDER_TRY(const auto totals, index::scan(index::kind_of(file.path), *plain, "", take));
            static_cast<void>(totals);
            return {};
        }));
        return all;
    }

    /// The packages for what needs what.
    result<void> into(qa::package_pool& pool) {
        return each([&](const deployments::pin&, const index::release_file& file) -> result<void> {
            if (index::kind_of(file.path) != index::index_kind::packages) return {};
            LARDER_TRY(const auto plain, open_index(e_.store().objects(), *file.sha256, file.path));
            std::string text;
            for (;;) {
                LARDER_TRY(const auto piece, plain->next());
                if (piece.empty()) return pool.add(std::move(text));
                text += piece;
            }
        });
    }

private:
    template <class F>
    result<void> each(F&& read) {
        for (const auto& pin : generation_.pins) {
            tell_({"reading " + pin.archive + "/" + pin.suite, 0, 0});
            LARDER_TRY(const auto state, load_state(e_.store().objects(), pin.snapshot));
            const suite in{pin.suite};
            LARDER_TRY(const auto indices,
                       package_indices(e_.store().objects(), *state, in, generation_.architectures));
            for (const auto& [stem, file] : indices) {
                if (stop_.stop_requested()) return error{errc::cancelled, "stopped on request"};
                if (file == nullptr)
                    return error{errc::absent, pin.archive + "/" + pin.suite + ": its index " + stem + " is not here"};
                if (auto done = read(pin, *file); !done) return done.error().in(pin.archive + "/" + pin.suite);
            }
        }
        return {};
    }

    engine& e_;
    const deployments::generation& generation_;
    const progress_sink& tell_;
    const std::stop_token stop_;
};

/// All that is held, or should be, of the generation in force.
result<by_content> wanted(engine& e, const deployments::deployment& d, const deployments::generation& g,
                          hold_report& report, const progress_sink& tell, const std::stop_token& stop) {
    LARDER_TRY(auto used, held_by(e, d.name));
    if (d.hold == deployments::hold_mode::used) return used;
    generation_reader reader{e, g, tell, stop};
    LARDER_TRY(auto files, reader.files());
    if (d.hold == deployments::hold_mode::closure) {
        qa::package_pool pool;
        LARDER_CHECK(reader.into(pool));
        std::vector<const qa::index_entry*> seeds;
        pool.each([&](const qa::index_entry& one) {
            if (used.contains(one.content)) seeds.push_back(&one);
        });
        const auto all = qa::close_over(pool, seeds);
        report.unresolved = all.unresolved;
        for (const auto* one : all.packages)
            if (const auto file = files.find(one->content); file != files.end()) used.insert(*file);
        return used;
    }
    used.merge(files);
    return used;
}

std::string note_of(const digest& content) { return "unobtainable/" + content.hex(); }

/// "pool/main/h/hello/hello_2.10-3_amd64.deb" -> hello 2.10-3 amd64, as far as the name says.
void name_row(hold_row& row) {
    auto name = file_name(row.path);
    const auto parts = split(name.substr(0, name.rfind('.')), '_');
    row.package = parts[0];
    if (parts.size() > 1) row.version = parts[1];
    if (parts.size() > 2) row.architecture = parts[2];
}

result<void> judge(engine& e, const by_content& all, hold_report& report) {
    for (const auto& [content, one] : all) {
        LARDER_TRY(const auto here, e.store().objects().find(content));
        if (here) {
            ++report.held;
            report.held_bytes += here->size;
            continue;
        }
        hold_row row{one.archive, one.path, {}, {}, {}, content, one.size, hold_state::at_risk, {}};
        name_row(row);
        LARDER_TRY(const auto note, e.store().known().get_note(note_of(content)));
        if (note) {
            row.state = hold_state::lost;
            row.why = *note;
        } else if (!e.find_archive(one.archive)) {
            row.state = hold_state::lost;
            row.why = "archive '" + one.archive + "' is not configured any more";
        }
        (row.state == hold_state::lost ? report.lost : report.at_risk) += 1;
        report.rows.push_back(std::move(row));
    }
    std::sort(report.rows.begin(), report.rows.end(),
              [](const auto& a, const auto& b) { return std::tie(a.archive, a.path) < std::tie(b.archive, b.path); });
    return {};
}

using failures_of = std::unordered_map<digest, error, digest_hash>;

/// Fetches what is not here, each from where it is known, and what that does not have from any other archive that
/// knows it.
result<failures_of> bring_all(engine& e, const std::vector<held_object>& holds, std::uint64_t& fetched,
                              const progress_sink& tell, const std::stop_token& stop) {
    std::vector<fetch_order> orders;
    for (const auto& one : holds) {
        const auto from = e.find_archive(one.archive);
        LARDER_TRY(const auto here, e.store().objects().find(one.content));
        if (!here && from) orders.push_back(fetch_order{one.content, one.size, {one.path}, from->mirrors_ptr()});
    }
    failures_of failures;
    const auto ended = [&](std::size_t i, const result<void>& how) {
        if (how) {
            ++fetched;
            failures.erase(orders[i].content);
        } else {
            failures.insert_or_assign(orders[i].content, how.error());
        }
    };
    LARDER_CHECK(maintenance::download(e, orders, "fetching what is held", ended, tell, stop));
    const auto routes = e.routes();
    std::vector<fetch_order> others;
    for (const auto& order : orders) {
        if (!failures.contains(order.content)) continue;
        for (const auto& a : routes->archives)
            if (auto other = a->order_for(order.content); other && other->from != order.from)
                others.push_back(std::move(*other));
    }
    orders = std::move(others);
    LARDER_CHECK(maintenance::download(e, orders, "looking elsewhere for what is held", ended, tell, stop));
    return failures;
}

result<hold_report> begin(engine& e, const std::string& name, deployments::generation& g) {
    hold_report report;
    LARDER_TRY(report.deployment, registry_of(e).find(name));
    LARDER_TRY(g, registry_of(e).load(name, report.deployment.head));
    return report;
}

}  // namespace

std::string_view to_string(hold_state state) noexcept {
    switch (state) {
        case hold_state::at_risk: return "at risk";
        case hold_state::lost: return "lost";
    }
    return "";
}

result<hold_report> hold_status(engine& e, const std::string& name, const progress_sink& tell, std::stop_token stop) {
    deployments::generation g;
    LARDER_TRY(auto report, begin(e, name, g));
    LARDER_TRY(const auto all, wanted(e, report.deployment, g, report, tell, stop));
    LARDER_CHECK(judge(e, all, report));
    return report;
}

result<hold_report> fetch_held(engine& e, const std::string& name, const progress_sink& tell, std::stop_token stop) {
    deployments::generation g;
    LARDER_TRY(auto report, begin(e, name, g));
    LARDER_TRY(const auto all, wanted(e, report.deployment, g, report, tell, stop));
    // Held from now on, whether it is here already or not: what comes stays.
    std::vector<held_object> holds;
    for (const auto& [content, one] : all) holds.push_back(one);
    LARDER_CHECK(e.store().holds().add(name, holds));
    for (const auto& one : holds) e.held().keep(one.content);
    LARDER_TRY(const auto failures, bring_all(e, holds, report.fetched, tell, stop));
    for (const auto& [content, why] : failures) {
        LARDER_TRY(const auto here, e.store().objects().find(content));
        // An upstream that is down may be back; one that says there is no such file will not have it again.
        if (!here && why.code() == errc::absent)
            LARDER_CHECK(e.store().known().put_note(note_of(content), printable(why.detail(), 500)));
    }
    LARDER_CHECK(judge(e, all, report));
    return report;
}

}  // namespace larder::net
