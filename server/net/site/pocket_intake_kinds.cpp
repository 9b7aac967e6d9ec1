#include <larder/net/pockets.hpp>
#include <site/job_kinds.hpp>
#include <site/job_options.hpp>

// What comes into pockets but by files on this machine, as jobs: each option is a member of pockets.hpp's structs.

namespace larder::net::site {
namespace {

namespace json = boost::json;

void take_who(const json::object& given, publisher& who) {
    take(given, "by", who.by);
    take(given, "reason", who.reason);
}

result<std::string> run_pull(engine& e, const json::object& given, const progress_sink& tell, std::stop_token stop) {
    pull_options o;
    take(given, "pocket", o.pocket);
    take(given, "from", o.from);
    take(given, "packages", o.packages);
    take(given, "by_source", o.by_source);
    take(given, "with_deps", o.with_deps);
    take(given, "not_in_base", o.not_in_base);
    take(given, "component", o.component);
    take(given, "allow_downgrade", o.allow_downgrade);
    take(given, "dry_run", o.dry_run);
    take_who(given, o.who);
    return told(pull_packages(e, o, tell, std::move(stop)));
}

}  // namespace

std::vector<job_kind> pocket_intake_kinds() {
    using enum option_type;
    constexpr auto needed = presence::required;
    const job_option pocket{"pocket", text, "\"archive/suite\".", needed};
    const job_option by{"by", text, "Who does it, for the history; of a token without the role admin, its name."};
    const job_option reason{"reason", text, "Why; the same."};
    const job_option dry_run{"dry_run", boolean, "Only tell what would change; default false."};
    return {
        {"pocket_pull",
         "Takes packages from other archives' indices into a pocket, all or none, and publishes it.",
         {pocket,
          {"from", texts, "Suites, \"archive/suite\" or \"archive/suite@when\", the most wanted first.", needed},
          {"packages", texts, "Patterns of names: \"nova-*\".", needed},
          {"by_source", boolean, "They are of source packages; default false."},
          {"with_deps", boolean, "And what they need, where the pocket does not have it; default false."},
          {"not_in_base", boolean, "Nor its base; default false."},
          {"component", text, "Default: that of the package, or else the pocket's first."},
          {"allow_downgrade", boolean, "Also a version below the one that is there; needs a reason; default false."},
          dry_run,
          by,
          reason},
         run_pull},
    };
}

}  // namespace larder::net::site
