#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <functional>
#include <larder/net/engine.hpp>
#include <larder/net/reply.hpp>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace larder::net::site {

enum class option_type { boolean, number, text, texts };
enum class presence { optional, required };

/// An option of a job, as JSON. The API's document and the check of a request come from this.
struct job_option {
    std::string_view name;  ///< "secret": its value is shown to nobody
    option_type type = option_type::boolean;
    std::string_view purpose;  ///< one sentence
    presence need = presence::optional;
    /// Of a number: the largest that is taken. JSON's integers as far as everybody has them (RFC 8259,
    /// section 6).
    std::uint64_t most = (1ULL << 53) - 1;
    role who = role::none;  ///< who may give it, beyond those who may start the job
};

/// A kind of long work. `run` gets options that were checked: only the listed ones, of the right types and in
/// their range.
struct job_kind {
    std::string_view name;
    std::string_view purpose;  ///< one sentence
    std::vector<job_option> options;
    std::function<result<std::string>(engine&, const boost::json::object&, const progress_sink&, std::stop_token)> run;
    /// Whether with these options it waits for others most of the time; null: never.
    bool (*waits)(const boost::json::object&) = nullptr;
    role needed = role::admin;  ///< to start it
};

/// doctor, gc, import, update, fetch.
std::vector<job_kind> maintenance_kinds();
/// What is done with snapshots and deployments.
std::vector<job_kind> deployment_kinds();
/// What is done with local archives and pockets.
std::vector<job_kind> pocket_kinds();
/// What is done with the keys of local archives.
std::vector<job_kind> key_kinds();
/// What comes into pockets from other archives.
std::vector<job_kind> pocket_intake_kinds();
/// What leaves pockets as plain files.
std::vector<job_kind> pocket_export_kinds();
/// What is told of objects.
std::vector<job_kind> why_kinds();
std::vector<job_kind> all_kinds();

/// `malformed` with a sentence when something is unknown, missing, of another type or too large.
result<void> check_options(const job_kind& kind, const boost::json::object& given);

}  // namespace larder::net::site
