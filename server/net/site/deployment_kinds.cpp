#include <larder/net/bundles.hpp>
#include <larder/net/lockfiles.hpp>
#include <larder/net/peers.hpp>
#include <site/job_kinds.hpp>
#include <site/job_options.hpp>

// Snapshots and deployments, as jobs: each option is a member of deployments.hpp's structs.

namespace larder::net::site {
namespace {

namespace json = boost::json;

result<std::string> run_snapshots(engine& e, const json::object& given, const progress_sink&, std::stop_token) {
    snapshot_list_options o;
    take(given, "archive", o.archive);
    take(given, "suite", o.suite);
    return told(list_snapshots(e, o));
}

result<std::string> run_snapshot_diff(engine& e, const json::object& given, const progress_sink& tell,
                                      std::stop_token stop) {
    snapshot_diff_options o;
    take(given, "before", o.before);
    take(given, "after", o.after);
    take(given, "architectures", o.architectures);
    return told(diff_snapshots(e, o, tell, std::move(stop)));
}

result<std::string> run_create(engine& e, const json::object& given, const progress_sink& tell, std::stop_token stop) {
    create_options o;
    take(given, "name", o.name);
    take(given, "suites", o.suites);
    take(given, "architectures", o.architectures);
    take(given, "on_first_use", o.on_first_use);
    take(given, "archives", o.archives);
    take_who(given, o.who);
    if (std::string hold; take(given, "hold", hold), !hold.empty()) {
        const auto mode = deployments::parse_hold_mode(hold);
        if (!mode) return error{errc::malformed, "hold is one of used, closure, full"};
        o.hold = *mode;
    }
    return told(create_deployment(e, o, tell, std::move(stop)));
}

result<std::string> run_upgrade(engine& e, const json::object& given, const progress_sink& tell, std::stop_token stop) {
    upgrade_options o;
    take(given, "name", o.name);
    take(given, "suites", o.suites);
    take(given, "to", o.to);
    take(given, "packages", o.packages);
    take(given, "sources", o.sources);
    take(given, "with_deps", o.with_deps);
    take(given, "from_units", o.from_units);
    take(given, "unit", o.unit);
    take(given, "leave_out_foreign", o.leave_out_foreign);
    take(given, "dry_run", o.dry_run);
    take_who(given, o.who);
    return told(upgrade_deployment(e, o, tell, std::move(stop)));
}

result<std::string> run_rollback(engine& e, const json::object& given, const progress_sink& tell,
                                 std::stop_token stop) {
    rollback_options o;
    take(given, "name", o.name);
    take_number(given, "to", o.to);
    take(given, "dry_run", o.dry_run);
    take_who(given, o.who);
    return told(rollback_deployment(e, o, tell, std::move(stop)));
}

result<std::string> run_list(engine& e, const json::object&, const progress_sink&, std::stop_token) {
    return told(list_deployments(e));
}

result<std::string> run_history(engine& e, const json::object& given, const progress_sink&, std::stop_token) {
    std::string name;
    take(given, "name", name);
    return told(history_of(e, name));
}

result<std::string> run_status(engine& e, const json::object& given, const progress_sink& tell, std::stop_token stop) {
    std::string name;
    take(given, "name", name);
    return told(hold_status(e, name, tell, std::move(stop)));
}

result<std::string> run_fetch(engine& e, const json::object& given, const progress_sink& tell, std::stop_token stop) {
    std::string name;
    take(given, "name", name);
    return told(fetch_held(e, name, tell, std::move(stop)));
}

result<std::string> run_units(engine& e, const json::object& given, const progress_sink& tell, std::stop_token stop) {
    std::string name;
    take(given, "name", name);
    return told(list_units(e, name, tell, std::move(stop)));
}

result<std::string> run_admit(engine& e, const json::object& given, const progress_sink& tell, std::stop_token stop) {
    admit_options o;
    take(given, "name", o.name);
    take(given, "override", o.override_it);
    take(given, "upgrade", o.upgrade);
    std::uint64_t wait = 0;
    take_number(given, "wait_seconds", wait);
    o.wait = std::chrono::seconds{static_cast<std::int64_t>(wait)};
    take_who(given, o.who);
    return told(admit(e, o, tell, std::move(stop)));
}

bool waits_for_units(const json::object& given) {
    std::uint64_t wait = 0;
    take_number(given, "wait_seconds", wait);
    return wait != 0;
}

result<std::string> run_journal(engine& e, const json::object& given, const progress_sink&, std::stop_token) {
    journal_options o;
    take_number(given, "last", o.last);
    take(given, "verify", o.verify);
    return told(read_journal(e, o));
}

result<std::string> run_journal_export(engine& e, const json::object& given, const progress_sink&, std::stop_token) {
    std::string file;
    take(given, "file", file);
    return told(export_journal(e, file));
}

result<std::string> run_forget(engine& e, const json::object& given, const progress_sink&, std::stop_token) {
    std::string name, unit;
    signed_for who;
    take(given, "name", name);
    take(given, "unit", unit);
    take_who(given, who);
    LARDER_CHECK(forget_unit(e, name, unit, who));
    return std::string{R"({"forgotten":true})"};
}

result<std::string> run_removal(engine& e, const json::object& given, const progress_sink&, std::stop_token) {
    std::string name;
    take(given, "name", name);
    return told(removal_of(e, name));
}

result<std::string> run_change(engine& e, const json::object& given, const progress_sink&, std::stop_token) {
    change_options o;
    take(given, "name", o.name);
    take_who(given, o.who);
    if (std::string token; take(given, "token_sha256", token), !token.empty()) o.token = token;
    if (given.contains("removed")) {
        bool removed = false;
        take(given, "removed", removed);
        o.removed = removed;
    }
    std::uint64_t grace = static_cast<std::uint64_t>(o.grace.count());
    take_number(given, "grace_seconds", grace);
    o.grace = std::chrono::seconds{static_cast<std::int64_t>(grace)};
    if (std::string hold; take(given, "hold", hold), !hold.empty()) {
        o.hold = deployments::parse_hold_mode(hold);
        if (!o.hold) return error{errc::malformed, "hold is one of used, closure, full"};
    }
    return told(change_deployment(e, o));
}

result<std::string> run_diff(engine& e, const json::object& given, const progress_sink& tell, std::stop_token stop) {
    generation_diff_options o;
    take(given, "name", o.name);
    take_number(given, "before", o.before);
    take_number(given, "after", o.after);
    return told(diff_generations(e, o, tell, std::move(stop)));
}

result<std::string> run_lock(engine& e, const json::object& given, const progress_sink& tell, std::stop_token stop) {
    lock_options o;
    take(given, "name", o.name);
    take_number(given, "generation", o.generation);
    if (std::string format; take(given, "format", format), !format.empty()) {
        const auto known = parse_lock_format(format);
        if (!known) return error{errc::malformed, "format is one of lock, sha256sums, preferences, spdx, cyclonedx"};
        o.format = *known;
    }
    return told(lock_deployment(e, o, tell, std::move(stop)));
}

result<std::string> run_lock_check(engine& e, const json::object& given, const progress_sink& tell,
                                   std::stop_token stop) {
    lock_check_options o;
    take(given, "name", o.name);
    take_number(given, "generation", o.generation);
    take(given, "lock", o.lock);
    return told(check_lock(e, o, tell, std::move(stop)));
}

result<std::string> run_from_lock(engine& e, const json::object& given, const progress_sink& tell,
                                  std::stop_token stop) {
    create_from_lock_options o;
    take(given, "name", o.name);
    take(given, "lock", o.lock);
    take_who(given, o.who);
    return told(create_from_lock(e, o, tell, std::move(stop)));
}

result<std::string> run_export(engine& e, const json::object& given, const progress_sink& tell, std::stop_token stop) {
    export_options o;
    take(given, "name", o.name);
    take(given, "file", o.file);
    take(given, "partial", o.partial);
    return told(export_deployment(e, o, tell, std::move(stop)));
}

result<std::string> run_import(engine& e, const json::object& given, const progress_sink& tell, std::stop_token stop) {
    import_bundle_options o;
    take(given, "file", o.file);
    take(given, "keyrings", o.keyrings);
    take_who(given, o.who);
    return told(import_bundle(e, o, tell, std::move(stop)));
}

result<std::string> run_follow(engine& e, const json::object& given, const progress_sink& tell, std::stop_token stop) {
    follow_options o;
    take(given, "name", o.name);
    take(given, "url", o.url);
    take(given, "token_file", o.token_file);
    take(given, "keyrings", o.keyrings);
    take(given, "once", o.once);
    take_who(given, o.who);
    return told(follow_deployment(e, o, tell, std::move(stop)));
}

result<std::string> run_unfollow(engine& e, const json::object& given, const progress_sink&, std::stop_token) {
    std::string name;
    signed_for who;
    take(given, "name", name);
    take_who(given, who);
    return told(unfollow_deployment(e, name, who));
}

result<std::string> run_key(engine& e, const json::object&, const progress_sink&, std::stop_token) {
    return told(show_own_key(e));
}

}  // namespace

std::vector<job_kind> deployment_kinds() {
    using enum option_type;
    constexpr auto needed = presence::required;
    const job_option name{"name", text, "Of the deployment.", needed};
    const job_option by{"by", text, "Who does it, for the history."};
    const job_option reason{"reason", text, "Why, for the history."};
    return {
        {"snapshots",
         "Lists the states of suites that are kept.",
         {{"archive", text, "Default: all."}, {"suite", text, "Default: all."}},
         run_snapshots},
        {"snapshot_diff",
         "Sets two states against each other, package by package.",
         {{"before", text, "\"archive/suite@when\", or \"archive/suite\" for the state now.", needed},
          {"after", text, "The same.", needed},
          {"architectures", texts, "Default: all."}},
         run_snapshot_diff},
        {"deployments", "Lists the deployments.", {}, run_list},
        {"deployment_history", "A deployment's generations, the first first.", {name}, run_history},
        {"deployment_create",
         "Pins suites together, all or none, under a name.",
         {name,
          {"suites", texts, "\"archive/suite\", or \"archive/suite@when\" for a state of the past."},
          {"on_first_use", boolean,
           "Besides, pin each configured suite when a client first asks for it; default false."},
          {"archives", texts, "Of which archives: with on_first_use. Default: all that have suites configured."},
          {"architectures", texts,
           "Of its machines; \"source\" for sources. Default: what the archives have configured."},
          {"hold", text, "What is kept for ever: used (default), closure or full."},
          by,
          reason},
         run_create},
        {"deployment_upgrade",
         "Makes the next generation, of suites at newer, or other, states, or with some packages of those.",
         {name,
          {"suites", texts, "Those to change, as for deployment_create. Default: all, to their states now."},
          {"to", text, "In place of suites: all to their states at this moment."},
          {"packages", texts,
           "Only these packages, of the suites' states above: \"hello\", \"hello=2.10-4\", "
           "\"hello=2.10-4:amd64\"."},
          {"sources", texts, "The same by source package: all that is built from it."},
          {"with_deps", boolean, "With what these need and the generation lacks; default false."},
          {"from_units", boolean, "To what the units have installed; default false."},
          {"unit", text, "Of from_units: only this one."},
          {"leave_out_foreign", boolean, "Of from_units: also when some of it is in no kept state; default false."},
          {"dry_run", boolean, "Only tell what would change; default false."},
          by,
          reason},
         run_upgrade},
        {"deployment_rollback",
         "Makes the next generation, with the suites of an earlier one.",
         {name,
          {"to", number, "The number of that generation. Default: the one before."},
          {"dry_run", boolean, "Only tell what would change; default false."},
          by,
          reason},
         run_rollback},
        {"deployment_status", "What a deployment holds, and what of that is not here.", {name}, run_status},
        {"deployment_fetch", "Brings here what a deployment holds and is not.", {name}, run_fetch},
        {"deployment_units", "Its units, and in which packages each differs from the generation.", {name}, run_units},
        {"deployment_admit",
         "Whether another unit may join: when all that are there agree with the generation.",
         {name,
          {"override", boolean, "Admit it all the same; needs a reason, which is recorded."},
          {"upgrade", boolean, "Tell what brings each unit to the generation; default false."},
          {"wait_seconds", number, "Wait so long at most until all units agree, as they report. Default: 0.",
           presence::optional, 24ULL * 3600},
          by,
          reason},
         run_admit,
         waits_for_units},
        {"deployment_lock",
         "What a generation holds, as a text.",
         {name,
          {"generation", number, "Its number. Default: the one in force."},
          {"format", text, "One of lock (default), sha256sums, preferences, spdx and cyclonedx."}},
         run_lock},
        {"deployment_lock_check",
         "Whether a deployment is still what a lockfile says, package by package.",
         {{"lock", text, "The lockfile.", needed},
          {"name", text, "Of the deployment. Default: as in the lockfile."},
          {"generation", number, "Its number. Default: the one in force."}},
         run_lock_check},
        {"deployment_create_from_lock",
         "Makes the deployment that a lockfile is of, with the very same packages.",
         {{"lock", text, "The lockfile.", needed},
          {"name", text, "Of the deployment. Default: as in the lockfile."},
          by,
          reason},
         run_from_lock},
        {"deployment_export",
         "Writes a deployment, with all that it holds, into a file.",
         {name,
          {"file", text, "Whole path of the bundle, on the machine of the store.", needed},
          {"partial", boolean, "Also when something that it holds is not here; default false."}},
         run_export},
        {"deployment_import",
         "Takes in a deployment from such a file, after verifying all of it.",
         {{"file", text, "Whole path of the bundle, on the machine of the store.", needed},
          {"keyrings", texts, "Files with the keys of those whose bundles are taken, or armoured keys."},
          by,
          reason},
         run_import},
        {"deployment_follow",
         "Takes over a deployment from another Larder, and follows it.",
         {name,
          {"url", text, "Of that Larder. Default: the one that it follows."},
          {"token_file", text, "Whole path of a file with a token of its API. Default: as [[peer]] says."},
          {"keyrings", texts, "Files with the keys of those whose deployments are taken, or armoured keys."},
          {"once", boolean, "Take it over as it is now, and do not follow; default false."},
          by,
          reason},
         run_follow},
        {"deployment_unfollow",
         "Lets a deployment that follows another go its own way.",
         {name, by, reason},
         run_unfollow},
        {"own_key", "The key that this store signs with.", {}, run_key},
        {"journal",
         "What was done to deployments, pockets and keys, when, by whom and why.",
         {{"last", number, "So many entries; default: all."},
          {"verify", boolean, "Look whether the chain is whole; default false."}},
         run_journal},
        {"journal_export",
         "Signs the journal, and writes a copy of it that can be verified elsewhere.",
         {{"file", text, "Whole path on the machine of the store.", needed}},
         run_journal_export},
        {"deployment_forget_unit",
         "Forgets a unit that is no more.",
         {name, {"unit", text, "Its name.", needed}, by, reason},
         run_forget},
        {"deployment_removal", "What nothing but this deployment keeps.", {name}, run_removal},
        {"deployment_change",
         "Changes what is no generation.",
         {name,
          {"hold", text, "What is kept for ever: used, closure or full."},
          {"token_sha256", text, "Hash of the token with which its units report from now on, in hex."},
          {"removed", boolean, "True: it is served no more; false: it is again."},
          {"grace_seconds", number, "Of one that is removed: until gc may forget it. Default: 30 days.",
           presence::optional, 100ULL * 366 * 24 * 3600},
          by,
          reason},
         run_change},
        {"deployment_diff",
         "What changed between two generations, package by package.",
         {name,
          {"before", number, "A generation's number. Default: the one before `after`."},
          {"after", number, "A generation's number. Default: the one in force."}},
         run_diff},
    };
}

}  // namespace larder::net::site
