#include "difference_table.hpp"
#include "table.hpp"
#include "work.hpp"
#include <boost/json.hpp>
#include <larder/base/text.hpp>
#include <map>
#include <set>

namespace larder::cli {
namespace {

namespace json = boost::json;
using rows = std::vector<std::vector<std::string>>;

std::string state_text(const json::object& difference, std::string_view name) {
    const auto* state = difference.if_contains(name);
    if (state == nullptr || !state->is_object()) return "-";
    return text_in(state->get_object(), "when") + " (" + text_in(state->get_object(), "snapshot").substr(0, 12) + ")";
}

std::string or_dash(const std::string& text) { return text.empty() ? "-" : text; }

rows package_rows(const json::array& packages) {
    rows all{{"", "PACKAGE", "ARCHITECTURE", "BEFORE", "AFTER"}};
    for (const auto& one : packages) {
        const auto& p = one.as_object();
        all.push_back({text_in(p, "what"), text_in(p, "package"), text_in(p, "architecture"),
                       or_dash(text_in(p, "before")), or_dash(text_in(p, "after"))});
    }
    return all;
}

std::string listed(const std::set<std::string>& all) { return or_dash(joined({all.begin(), all.end()})); }

/// What happened to the binary packages of each source package.
rows source_rows(const json::array& packages) {
    struct source {
        std::set<std::string> what, before, after;
        std::size_t packages = 0;
    };
    std::map<std::string, source> sources;
    for (const auto& one : packages) {
        const auto& p = one.as_object();
        auto& s = sources[text_in(p, "source")];
        s.what.insert(text_in(p, "what"));
        if (const auto v = text_in(p, "before"); !v.empty()) s.before.insert(v);
        if (const auto v = text_in(p, "after"); !v.empty()) s.after.insert(v);
        ++s.packages;
    }
    rows all{{"", "SOURCE", "PACKAGES", "BEFORE", "AFTER"}};
    for (const auto& [name, s] : sources)
        all.push_back({listed(s.what), name, std::to_string(s.packages), listed(s.before), listed(s.after)});
    return all;
}

std::string counts_text(const json::object& difference) {
    const auto* counts = difference.if_contains("counts");
    std::string out;
    for (const auto* what : {"upgraded", "downgraded", "added", "removed", "changed"}) {
        const auto n = counts != nullptr && counts->is_object() ? number_in(counts->get_object(), what) : 0;
        if (n != 0) out += (out.empty() ? "" : ", ") + std::to_string(n) + " " + what;
    }
    return out.empty() ? "no package has changed" : out;
}

}  // namespace

std::string changes_text(const json::object& difference, rows_of which) {
    auto out = counts_text(difference) + "\n";
    const auto& packages = list_in(difference, "packages");
    if (!packages.empty()) out += table(which == rows_of::packages ? package_rows(packages) : source_rows(packages));
    return out;
}

std::string difference_text(const json::object& difference, rows_of which) {
    std::string out = text_in(difference, "archive") + "/" + text_in(difference, "suite") + "  " +
                      state_text(difference, "before") + " -> " + state_text(difference, "after") + ": " +
                      changes_text(difference, which);
    for (const auto& one : list_in(difference, "unread"))
        out += "Not compared, since it is not here on both sides: " + std::string{one.as_string()} + "\n";
    return out;
}

std::string differences_text(const json::array& all, rows_of which) {
    if (all.empty()) return "No suite has changed.\n";
    std::string out;
    for (const auto& one : all) out += (out.empty() ? "" : "\n") + difference_text(one.as_object(), which);
    return out;
}

}  // namespace larder::cli
