#pragma once

#include "deployments/cut.hpp"

namespace larder::net::pinning {

/// A Release's text with another Date, and without what would not be true of it any more: Valid-Until, by which apt
/// would refuse it, and Signed-By, which names the keys of the one who signed it first. With `snapshots`, that stands
/// in the field Snapshots, by which apt finds former states (2.7.1 and later). The rest byte for byte.
std::string redated(std::string_view release, sys_seconds date, std::string_view snapshots = {});
/// Whether `shown` is that text, with whichever Snapshots it has.
bool is_redated(std::string_view shown, std::string_view release, sys_seconds date);
/// The value of its first line of that field; empty when it has none. Of an InRelease, too.
std::string_view snapshots_in(std::string_view release);

/// The latest Date that a client may have seen of a suite at the deployment's URL, up to the generation `before`. What
/// one that is lost has shown nobody knows, but that it was made before the next one, and with no Date of a later time.
result<sys_seconds> latest_shown(engine& e, const deployments::registry& registry,
                                 const deployments::generation& before, const deployments::pin& of);

/// Where apt finds former states of an archive, as far as it is known under which name clients reach this server; else
/// empty.
std::string snapshots_of(engine& e, const std::string& archive);

/// A state of the suite of another one, with this text as its Release, signed by this store's own key; its id. What it
/// consists of is added to `what`.
result<digest> sign_state(engine& e, const suite_state& of, std::string_view text, sys_seconds date, cut& what);

/// Whether each state that is shown in place of another is here, whole.
bool shows_all(engine& e, const deployments::generation& g);

/// Sees to it that clients of a deployment follow to this generation: where a suite goes to a state whose Date is
/// not after every one that was shown at its URL so far, or whose own such state is lost, a state with the same files
/// is made in its place, dated now and signed by this store's own key. apt ignores an older InRelease, without a word
/// (apt-pkg/acquire-item.cc).
result<void> make_followable(engine& e, const deployments::registry& registry, const deployments::generation& before,
                             deployments::generation& next, cut& what);

}  // namespace larder::net::pinning
