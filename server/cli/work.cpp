#include "work.hpp"
#include "progress_bar.hpp"
#include "running_server.hpp"
#include "service_user.hpp"
#include <boost/json.hpp>
#include <cerrno>
#include <larder/net/log.hpp>
#include <larder/net/run_job.hpp>
#include <thread>
#include <unistd.h>

namespace larder::cli {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

progress_bar::shown how_to_show(const common_options& common) {
    return common.quiet ? progress_bar::shown::never : progress_bar::shown::when_terminal;
}

net::progress progress_in(const json::object& job) {
    net::progress p;
    if (const auto* inner = job.if_contains("progress"); inner != nullptr && inner->is_object()) {
        p.doing = text_in(inner->get_object(), "doing");
        p.done = number_in(inner->get_object(), "done");
        p.total = number_in(inner->get_object(), "total");
    }
    return p;
}

error failure_in(const json::object& job) {
    const auto* inner = job.if_contains("error");
    if (inner == nullptr || !inner->is_object()) return {errc::io, "the server's job failed without a reason"};
    return {errc_of(text_in(inner->get_object(), "code")), text_in(inner->get_object(), "detail")};
}

result<json::object> run_here(const common_options& common, const core::options& config, const work& what) {
    auto engine = open_store(config);
    if (!engine) return engine.error();
    result<std::string> text{error{errc::io, "did not run"}};
    {
        progress_bar bar{how_to_show(common)};
        text = what.here(**engine, [&bar](const net::progress& p) { bar.show(p); });
    }
    if (!text) return text.error();
    return json::parse(*text).as_object();
}

/// Root works on the store as the user whose it is: a folder that root made in it would be closed to
/// the server. So would be a whole store that root makes, on a machine where the server is another
/// user's.
result<void> leave_root(const std::string& path) {
    if (::geteuid() != 0) return {};
    if (const auto owner = owner_of_store(path)) return become(*owner);
    if (is_no_store(path) && has_packaged_user())
        return error{errc::absent, "no store at " + path +
                                       " yet, and one that root makes would be closed to the server: start the "
                                       "server first, or run this as its user (runuser -u larder -- larder ...)"};
    return {};
}

}  // namespace

work job(std::string kind, json::object options) {
    work w;
    w.here = [kind, text = json::serialize(options)](net::engine& e, const net::progress_sink& tell) {
        return net::run_job(e, kind, text, tell);
    };
    w.kind = std::move(kind);
    w.options = std::move(options);
    return w;
}

bool is_no_store(const std::string& path) {
    // The first file of a new store. What cannot be looked at may be one: opening it says why not.
    return ::access((path + "/format").c_str(), F_OK) != 0 && errno == ENOENT;
}

result<std::unique_ptr<net::engine>> open_store(const core::options& config) {
    LARDER_CHECK(leave_root(config.store.path));
    core::log_options quiet;
    quiet.level = "error";
    quiet.target = "stderr";
    auto engine = net::engine::start(config, net::make_logger(quiet));
    if (!engine && engine.error().code() == errc::conflict && !config.server.admin_socket.empty())
        return error{errc::conflict,
                     engine.error().detail() + "; no server answers at its admin socket " + config.server.admin_socket};
    return engine;
}

result<json::object> follow_job(admin_client& server, const common_options& common, std::string_view path,
                                const json::object& options) {
    LARDER_TRY(const auto started, server.post(path, options));
    const auto id = started.is_object() ? text_in(started.get_object(), "job") : std::string{};
    if (id.empty()) return error{errc::malformed, "the server did not say which job it started"};
    progress_bar bar{how_to_show(common)};
    for (auto pause = 2ms;; pause = std::min(pause * 2, 300ms)) {
        std::this_thread::sleep_for(pause);
        LARDER_TRY(const auto answer, server.get("/jobs/" + id));
        if (!answer.is_object()) return error{errc::malformed, "the server's job is no JSON object"};
        const auto& job = answer.get_object();
        const auto state = text_in(job, "state");
        if (state == "failed") return failure_in(job);
        if (state == "done") {
            const auto* report = job.if_contains("result");
            if (report == nullptr || !report->is_object())
                return error{errc::malformed, "the server's job has no report"};
            return report->get_object();
        }
        bar.show(progress_in(job));
    }
}

result<json::object> run(const common_options& common, const core::options& config, const work& what) {
    LARDER_TRY(auto server, server_of(config));
    return server ? follow_job(*server, common, "/jobs/" + what.kind, what.options) : run_here(common, config, what);
}

std::string text_in(const json::object& report, std::string_view name) {
    const auto* v = report.if_contains(name);
    return v != nullptr && v->is_string() ? std::string{v->get_string()} : std::string{};
}

std::uint64_t number_in(const json::object& report, std::string_view name) {
    const auto* v = report.if_contains(name);
    if (v == nullptr) return 0;
    if (v->is_uint64()) return v->get_uint64();
    return v->is_int64() && v->get_int64() > 0 ? static_cast<std::uint64_t>(v->get_int64()) : 0;
}

bool is_set(const json::object& report, std::string_view name) {
    const auto* v = report.if_contains(name);
    return v != nullptr && v->is_bool() && v->get_bool();
}

const json::array& list_in(const json::object& report, std::string_view name) {
    static const json::array none;
    const auto* v = report.if_contains(name);
    return v != nullptr && v->is_array() ? v->get_array() : none;
}

std::string moment_in(const json::object& report, std::string_view name) {
    auto text = text_in(report, name);
    if (text.size() < 16) return text.empty() ? "-" : text;
    text[10] = ' ';
    return text.substr(0, 16);
}

}  // namespace larder::cli
