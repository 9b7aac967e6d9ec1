#pragma once

#include <larder/base/result.hpp>
#include <string>
#include <string_view>

/// What a single string of a configuration may be. Each gives the value back in its one form, or an
/// error whose detail completes "SETTING: …".
namespace larder::config {

result<std::string> check_listen(std::string_view);
result<std::string> check_host(std::string_view);
result<std::string> check_host_port(std::string_view);
/// http or https, a host, no user, query or fragment. Scheme and host in lower case, the scheme's own
/// port dropped, no slash at the end: "HTTP://A.example:80/debian/" is "http://a.example/debian".
result<std::string> check_url(std::string_view);
/// The same, with another example in its errors.
result<std::string> check_proxy(std::string_view);
/// The same, with one {when} in its path (core::snapshot_url).
result<std::string> check_snapshot_url(std::string_view);
/// Absolute, without NUL.
result<std::string> check_path(std::string_view);
/// The same, but not "/".
result<std::string> check_store_path(std::string_view);
/// The same, at most what a socket's address holds (107 bytes), or empty.
result<std::string> check_socket_path(std::string_view);
/// "10.0.0.0/8", "fd00::/8"; a bare address counts as that one address.
result<std::string> check_cidr(std::string_view);
result<std::string> check_archive_name(std::string_view);
result<std::string> check_suite(std::string_view);
result<std::string> check_component(std::string_view);
result<std::string> check_architecture(std::string_view);
result<std::string> check_level(std::string_view);
result<std::string> check_log_target(std::string_view);
result<std::string> check_role(std::string_view);
result<std::string> check_sha256(std::string_view);
result<std::string> check_token_name(std::string_view);
result<std::string> check_user(std::string_view);

}  // namespace larder::config
