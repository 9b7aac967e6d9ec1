#pragma once

#include "deployments/cut.hpp"

namespace larder::net::pinning {

/// A deployment that is not removed; `refused` says how to bring back one that is.
result<deployments::deployment> find_live(engine& e, const std::string& name);

/// The generation after the one in force, with the same suites so far, made now.
deployments::generation next_of(engine& e, const deployments::deployment& head, const deployments::generation& before,
                                deployments::step how, const signed_for& who);

/// Every object that a generation's pins need, but for indices: those stay while any generation pins them.
result<cut> cut_of(engine& e, const deployments::generation& g);

/// Tells what the next generation changes, and unless this is a dry run, or nothing changes, puts it in force, with an
/// entry in the journal.
result<void> settle(engine& e, generation_report& report, const deployments::generation& before, cut what, bool dry_run,
                    const progress_sink& tell, const std::stop_token& stop);

/// The suites that an upgrade names, else all of the generation before, and at which states.
result<std::vector<suite_choice>> chosen_suites(const upgrade_options& options, const deployments::generation& before);

/// upgrade_deployment(), of some packages alone, or to what units run.
result<generation_report> upgrade_packages(engine& e, const upgrade_options& options, const progress_sink& tell,
                                           const std::stop_token& stop);

/// The first generation of a deployment that is to be, made now. `refused` for a name that cannot be one's, or that
/// is taken.
result<generation_report> new_deployment(engine& e, const std::string& name, const signed_for& who);

/// Writes it, with what it pins and what it holds from the beginning, and an entry "deployment-WHAT" of the journal.
result<void> make_first(engine& e, generation_report& report, const cut& all, std::string_view what,
                        const std::vector<store::held_object>& holds = {});

}  // namespace larder::net::pinning
