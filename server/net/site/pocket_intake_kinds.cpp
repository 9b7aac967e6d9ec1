#include <larder/net/pocket_intake.hpp>
#include <site/job_kinds.hpp>
#include <site/job_options.hpp>

// What comes into pockets but by files on this machine, as jobs: each option is a member of pockets.hpp's structs.

namespace larder::net::site {
namespace {

namespace json = boost::json;

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
    take(given, "past_support", o.past_support);
    take(given, "dry_run", o.dry_run);
    take_who(given, o.who);
    return told(pull_packages(e, o, tell, std::move(stop)));
}

result<std::string> run_uploader(engine& e, const json::object& given, const progress_sink&, std::stop_token) {
    uploader_options o;
    bool remove = false;
    take(given, "pocket", o.pocket);
    take(given, "key", o.key);
    take(given, "remove", remove);
    take_who(given, o.who);
    return told(remove ? remove_uploader(e, o) : add_uploader(e, o));
}

result<std::string> run_intake(engine& e, const json::object& given, const progress_sink&, std::stop_token) {
    intake_options o;
    take(given, "pocket", o.pocket);
    if (given.contains("folder")) take(given, "folder", o.folder.emplace());
    if (given.contains("token")) take(given, "token", o.token.emplace());
    if (given.contains("distributions")) take(given, "distributions", o.distributions.emplace());
    take_who(given, o.who);
    return told(set_intake(e, o));
}

result<std::string> run_uploads(engine& e, const json::object& given, const progress_sink&, std::stop_token) {
    std::string pocket;
    take(given, "pocket", pocket);
    return told(list_uploads(e, pocket));
}

result<std::string> run_override(engine& e, const json::object& given, const progress_sink&, std::stop_token) {
    override_options o;
    take(given, "pocket", o.pocket);
    take(given, "package", o.package);
    take(given, "clear", o.clear);
    if (given.contains("section")) take(given, "section", o.section.emplace());
    if (given.contains("priority")) take(given, "priority", o.priority.emplace());
    if (given.contains("phased")) take_number(given, "phased", o.phased.emplace());
    take_who(given, o.who);
    return told(set_override(e, o));
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
          {"past_support", boolean, "Also after the end of the pocket's support; default false."},
          dry_run,
          by,
          reason},
         run_pull},
        {"pocket_uploader",
         "Lets whoever has a key upload to a pocket, or no more.",
         {pocket,
          {"key", text, "Armoured, or a file on the machine of the store; to remove it, its fingerprint.", needed},
          {"remove", boolean, "Default: false."},
          by,
          reason},
         run_uploader},
        {"pocket_intake",
         "How uploads to a pocket come; what is not given stays as it is.",
         {pocket,
          {"folder", text, "A folder on the machine of the store in which they are looked for; empty: none."},
          {"token", boolean, "Over HTTP a token with the role upload is asked for, too."},
          {"distributions", texts, "What the Distribution of an upload may be beside the suite."},
          by,
          reason},
         run_intake},
        {"pocket_uploads",
         "The uploads to a pocket that wait, and what became of the last ones.",
         {pocket},
         run_uploads,
         nullptr,
         role::read},
        {"pocket_override",
         "What a pocket says of a package in place of what that says of itself; what is not given stays.",
         {pocket,
          {"package", text, "A binary package's name, or \"src:NAME\".", needed},
          {"section", text, "Empty: the package's own."},
          {"priority", text, "Empty: the package's own."},
          {"phased", number, "Phased-Update-Percentage.", presence::optional, 100},
          {"clear", boolean, "Nothing is said of it any more; default false."},
          by,
          reason},
         run_override},
    };
}

}  // namespace larder::net::site
