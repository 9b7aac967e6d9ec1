#pragma once

#include <larder/base/result.hpp>
#include <larder/core/options.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace larder::config {

/// Which of the files that a configuration names (keyrings, certificates, secrets) must be there and
/// readable.
enum class file_check {
    on,       ///< all: for the server, and for who asks on its behalf
    but_tls,  ///< not tls_certificate and tls_key, which commands do not open
    off,      ///< none: the configuration is for another machine than this
};

/// Reads a larder.toml into options: every value checked and in its one form (URLs without a slash
/// at the end, hosts in lower case, "/" as a suite turned into "./"). What the text does not set
/// keeps the default of server/core's options.
///
/// A failure is `bad_config`, and its detail lists ALL that is wrong, one line each, in the order of
/// the file: "larder.toml:12: server.listn: unknown setting; did you mean 'listen'?". Only broken
/// TOML stops at its first fault. `file_name` is for these messages; nothing is opened by it.
result<core::options> parse(std::string_view text, std::string_view file_name, file_check = file_check::on);

/// The same for a file. One that cannot be read is `bad_config` too: the exit code is 2.
result<core::options> load(const std::string& path, file_check = file_check::on);

/// The effective configuration, every setting with its value, as a larder.toml that parses back to
/// the same options. Holds no secrets: those are in files, and only their paths are here.
std::string show(const core::options&);

/// The same as JSON: one object a table, one array for [[archive]] and [[token]]; sizes and durations
/// as the texts that TOML has.
std::string show_json(const core::options&);

/// The settings that differ and are only read at start ("server.listen"); empty when a reload
/// (SIGHUP) can apply all of `next`.
std::vector<std::string> needs_restart(const core::options& running, const core::options& next);

}  // namespace larder::config
