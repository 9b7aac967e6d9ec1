#pragma once

#include <larder/deployments/lockfile.hpp>
#include <larder/net/deployments.hpp>

namespace larder::net {

// A deployment as a text: to keep under version control, to make the same one elsewhere, to check in CI. Calls block,
// as those of deployments.hpp do.

/// The texts a lockfile can be given as.
enum class lock_format {
    lock,         ///< Larder's own, see deployments::lockfile
    sha256sums,   ///< for sha256sum -c
    preferences,  ///< apt_preferences(5)
    spdx,         ///< SPDX 2.3, as JSON
    cyclonedx,    ///< CycloneDX 1.5, as JSON
};
std::string_view to_string(lock_format) noexcept;
std::optional<lock_format> parse_lock_format(std::string_view) noexcept;

struct lock_options {
    std::string name;
    std::uint64_t generation = 0;  ///< 0: the one in force
    lock_format format = lock_format::lock;
};
struct lock_report {
    deployments::lockfile lock;
    lock_format format = lock_format::lock;
    std::string text;
};
/// What a generation holds, by the deployment's mode; of `used`, what of all that was ever fetched it lists.
result<lock_report> lock_deployment(engine& e, const lock_options& options, const progress_sink& tell,
                                    std::stop_token stop = {});

struct lock_check_options {
    std::string name;
    std::uint64_t generation = 0;
    std::string lock;  ///< the lockfile's text
};
struct lock_check {
    std::string name;
    std::uint64_t generation = 0;
    deployments::lock_difference differences;  ///< from the lockfile to the deployment
};
/// Whether a deployment is still what a lockfile says.
result<lock_check> check_lock(engine& e, const lock_check_options& options, const progress_sink& tell,
                              std::stop_token stop = {});

struct create_from_lock_options {
    std::string name;  ///< empty: as in the lockfile
    std::string lock;  ///< its text
    signed_for who;
};
/// The same deployment: its suites at the very states the lockfile names, which are here or are what upstream
/// publishes now, and every package in them with the bytes that it names; those are held. All or nothing: `absent`
/// names a state that is not to be had, `digest_mismatch` packages that are not what the lockfile says.
result<generation_report> create_from_lock(engine& e, const create_from_lock_options& options,
                                           const progress_sink& tell, std::stop_token stop = {});

/// One JSON object, without a newline.
std::string to_json(const lock_report& report);
std::string to_json(const lock_check& report);

}  // namespace larder::net
