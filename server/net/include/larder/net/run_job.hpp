#pragma once

#include <larder/net/engine.hpp>
#include <stop_token>
#include <string>
#include <string_view>

namespace larder::net {

/// What POST /api/v1/jobs/KIND does, here and now, with the same options (a JSON object's text) and the same report:
/// for a command that has the store open itself. `malformed` for options that the kind does not have.
result<std::string> run_job(engine& e, std::string_view kind, std::string_view options, const progress_sink& tell,
                            std::stop_token stop = {});

}  // namespace larder::net
