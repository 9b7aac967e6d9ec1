#pragma once

#include "services.hpp"
#include <boost/json/object.hpp>
#include <functional>
#include <larder/net/maintenance.hpp>
#include <string>

namespace larder::cli {

/// Long work, in the two forms that it has: a job of the server that has the store open, or a call on an
/// engine of this process. Both give the same report.
struct work {
    std::string kind;  ///< of the API's jobs
    boost::json::object options;
    std::function<result<std::string>(net::engine&, const net::progress_sink&)> here;
};

/// A job whose report is the same wherever it runs.
work job(std::string kind, boost::json::object options);

class admin_client;

/// Starts a job of the server ("/jobs/gc", "/reload"), shows its progress, and returns its report.
result<boost::json::object> follow_job(admin_client& server, const common_options& common, std::string_view path,
                                       const boost::json::object& options);

/// Does it wherever the store is open, with a progress bar, and returns the report. `conflict` when
/// another process has the store and does not answer, or who answers has another store.
result<boost::json::object> run(const common_options& common, const core::options& config, const work& what);

/// Whether nothing has made a store there yet.
bool is_no_store(const std::string& path);

/// An engine of this process on the configured store, which only speaks up on standard error when
/// something is wrong. Root becomes the store's owner first, for the rest of the process; `absent` when
/// it would have to make the store, and the server is not root's.
result<std::unique_ptr<net::engine>> open_store(const core::options& config);

/// A value of a report; the empty one of its type when it is not there.
std::string text_in(const boost::json::object& report, std::string_view name);
std::uint64_t number_in(const boost::json::object& report, std::string_view name);
bool is_set(const boost::json::object& report, std::string_view name);
const boost::json::array& list_in(const boost::json::object& report, std::string_view name);
/// "2026-11-21T06:30:00Z" -> "2026-11-21 06:30"; "-" for none.
std::string moment_in(const boost::json::object& report, std::string_view name);

}  // namespace larder::cli
