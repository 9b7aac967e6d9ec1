#include "commands.hpp"
#include "running_server.hpp"
#include "table.hpp"
#include "work.hpp"
#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <iostream>
#include <larder/base/units.hpp>
#include <larder/net/keys.hpp>

namespace larder::cli {
namespace {

namespace json = boost::json;

const json::object& part(const json::object& of, std::string_view name) {
    static const json::object none;
    const auto* v = of.if_contains(name);
    return v != nullptr && v->is_object() ? v->get_object() : none;
}

std::string short_id(const json::object& suite) {
    const auto id = text_in(suite, "snapshot");
    return id.empty() ? "-" : id.substr(0, 12);
}

void print_keys(const json::array& all) {
    if (all.empty()) return;
    std::vector<std::vector<std::string>> rows{{"ARCHIVE", "KEY", "STATE", "LEAVES", "ENDS", ""}};
    for (const auto& one : all) {
        const auto& k = one.as_object();
        if (text_in(k, "state") == "gone") continue;
        rows.push_back({text_in(k, "archive"), text_in(k, "fingerprint"), text_in(k, "state"),
                        text_in(k, "state") == "leaving" ? moment_in(k, "until") : "-", moment_in(k, "expires"),
                        text_in(k, "warning")});
    }
    std::cout << "\n" << table(rows);
}

void print_server(const json::object& s) {
    std::cout << "Larder " << text_in(s, "version") << ", running for "
              << format_duration(std::chrono::seconds{static_cast<std::int64_t>(number_in(s, "uptime_seconds"))})
              << ".\n";
    const auto& bytes = part(s, "bytes");
    const auto& requests = part(s, "requests");
    std::cout << "Requests: " << number_in(requests, "total");
    if (const auto* rate = s.if_contains("hit_rate"); rate != nullptr && rate->is_double())
        std::cout << ", " << static_cast<int>(rate->get_double() * 100) << " % of files from the store";
    std::cout << ". Sent " << format_size(number_in(bytes, "sent")) << ", fetched "
              << format_size(number_in(bytes, "from_upstream")) << ". " << number_in(s, "connections")
              << " connections, " << number_in(s, "fetches") << " fetches under way.\n";
    if (const auto n = number_in(s, "damaged_objects"); n > 0)
        std::cout << "Damaged objects found: " << n << ". Run larder doctor.\n";
    std::vector<std::vector<std::string>> rows{{"ARCHIVE", "SUITE", "HEALTH", "DATE", "CONFIRMED", "SNAPSHOT", ""}};
    for (const auto& a : list_in(s, "archives"))
        for (const auto& one : list_in(a.as_object(), "suites")) {
            const auto& suite = one.as_object();
            rows.push_back({text_in(a.as_object(), "name"), text_in(suite, "name"), text_in(suite, "health"),
                            moment_in(suite, "date"), moment_in(suite, "validated"), short_id(suite),
                            text_in(suite, "reason")});
        }
    std::cout << "\n" << table(rows);
    print_keys(list_in(s, "keys"));
}

void print_store(const json::object& s) {
    std::cout << "No server is running. The store at " << text_in(s, "path") << " holds " << number_in(s, "objects")
              << " objects, " << format_size(number_in(s, "bytes")) << "; its disk has "
              << format_size(number_in(part(s, "disk"), "free")) << " free.\n";
    std::vector<std::vector<std::string>> rows{{"ARCHIVE", "SUITE", "DATE", "CONFIRMED", "STATES", "SNAPSHOT"}};
    for (const auto& a : list_in(s, "archives"))
        for (const auto& one : list_in(a.as_object(), "suites")) {
            const auto& suite = one.as_object();
            rows.push_back(
                {text_in(a.as_object(), "name") + (is_set(a.as_object(), "configured") ? "" : " (not configured)"),
                 text_in(suite, "name"), moment_in(suite, "date"), moment_in(suite, "validated"),
                 std::to_string(number_in(suite, "states")), short_id(suite)});
        }
    std::cout << "\n" << table(rows);
    print_keys(list_in(s, "keys"));
}

result<json::object> look(const common_options& common, const core::options& config, bool& running) {
    LARDER_TRY(auto server, server_of(config));
    running = server.has_value();
    if (server) {
        LARDER_TRY(auto answer, server->get("/status"));
        if (!answer.is_object()) return error{errc::malformed, "the server's status is no JSON object"};
        return answer.get_object();
    }
    // To look must not leave a store behind, which then is of whoever looked.
    if (is_no_store(config.store.path))
        return error{errc::absent, "no store at " + config.store.path + " yet: start the server first"};
    work w;
    w.kind = "store";
    w.here = [](net::engine& e, const net::progress_sink& tell) -> result<std::string> {
        LARDER_TRY(const auto report, net::look_at_store(e, tell));
        LARDER_TRY(const auto keys, net::list_keys(e, {}));
        auto whole = json::parse(net::to_json(report)).as_object();
        whole["keys"] = json::parse(net::to_json(keys)).as_object()["keys"];
        return json::serialize(whole);
    };
    return run(common, config, w);
}

int run_status(const common_options& common) {
    const auto config = load_options(common);
    if (!config) return complain(config.error());
    bool running = false;
    auto report = look(common, *config, running);
    if (!report) return complain(report.error());
    (*report)["running"] = running;
    if (common.json)
        std::cout << json::serialize(*report) << "\n";
    else if (running)
        print_server(*report);
    else
        print_store(*report);
    return done;
}

}  // namespace

void add_status(CLI::App& app, command_line& line) {
    auto* command =
        app.add_subcommand("status", "Show how the server fares, or, with none running, what the store holds.");
    command->callback([&line] { line.exit = run_status(line.common); });
}

}  // namespace larder::cli
