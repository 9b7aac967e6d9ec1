#include "deployment_commands.hpp"
#include "difference_table.hpp"
#include "table.hpp"
#include <boost/json.hpp>
#include <cstdlib>
#include <iostream>
#include <iterator>
#include <larder/base/file.hpp>
#include <pwd.h>
#include <unistd.h>

namespace larder::cli {

namespace json = boost::json;

std::string caller() {
    if (const char* sudo = std::getenv("SUDO_USER"); sudo != nullptr && *sudo != '\0') return sudo;
    const auto* who = ::getpwuid(::getuid());
    return who != nullptr ? who->pw_name : "uid " + std::to_string(::getuid());
}

int print(const common_options& common, const result<json::object>& report,
          const std::function<void(const json::object&)>& for_people) {
    if (!report) return complain(report.error());
    if (common.json)
        std::cout << json::serialize(*report) << "\n";
    else
        for_people(*report);
    return done;
}

result<json::object> ask(const common_options& common, const work& what) {
    const auto config = load_options(common);
    if (!config) return config.error();
    return run(common, *config, what);
}

const json::object& inner(const json::object& report, std::string_view name) {
    static const json::object none;
    const auto* v = report.if_contains(name);
    return v != nullptr && v->is_object() ? v->get_object() : none;
}

void print_step(const json::object& report, bool dry_run, rows_of which) {
    std::cout << differences_text(list_in(report, "differences"), which);
    const auto number = std::to_string(number_in(inner(report, "generation"), "number"));
    if (is_set(report, "made"))
        std::cout << "\nGeneration " << number << " of " << text_in(report, "name") << " is in force.\n";
    else if (dry_run && !list_in(report, "differences").empty())
        std::cout << "\nThis was a dry run: it would be generation " << number << ".\n";
}

void print_suites(const json::object& generation) {
    std::vector<std::vector<std::string>> rows{{"ARCHIVE", "SUITE", "SNAPSHOT"}};
    for (const auto& one : list_in(generation, "suites")) {
        const auto& s = one.as_object();
        rows.push_back({text_in(s, "archive"), text_in(s, "suite"), text_in(s, "snapshot").substr(0, 12)});
    }
    std::cout << table(rows);
}

result<std::string> text_of_file(const std::string& path) {
    if (path != "-") return read_file(path);
    return std::string{std::istreambuf_iterator<char>{std::cin}, {}};
}

}  // namespace larder::cli
