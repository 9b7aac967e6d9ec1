#pragma once

#include <iosfwd>
#include <larder/config/load.hpp>
#include <larder/core/options.hpp>
#include <larder/net/engine.hpp>
#include <memory>
#include <string>

namespace larder::cli {

/// What every command is given: where the configuration is, and how to print.
struct common_options {
    std::string config;  ///< --config, else $LARDER_CONFIG, else /etc/larder/larder.toml
    bool json = false;   ///< --json: results as JSON on standard output
    bool quiet = false;  ///< no progress, also on a terminal
};

/// Exit codes of every command (docs/architecture.md): 0 done, 1 failed, 2 wrong usage or
/// configuration, 3 the answer is no.
enum exit_code : int { done = 0, failed = 1, wrong_usage = 2, answer_is_no = 3 };

/// Prints "larder: why" to standard error and says how to exit.
int complain(const error& why);
exit_code exit_code_of(errc code) noexcept;

/// The file that --config names, else $LARDER_CONFIG, else /etc/larder/larder.toml.
std::string config_path(const common_options& common);
/// Reads the configuration that `common` names. Only `serve` needs the files of TLS: where systemd holds
/// them, they are there only while it runs.
result<core::options> load_options(const common_options& common,
                                   config::file_check files = config::file_check::but_tls);

/// A secret for a client to show: 256 random bits, as text. What keeps it keeps its hash.
result<std::string> new_token();

}  // namespace larder::cli
