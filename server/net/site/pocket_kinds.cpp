#include <larder/net/pockets.hpp>
#include <site/job_kinds.hpp>
#include <site/job_options.hpp>
#include <site/pocket_setting_options.hpp>

// Local archives and pockets, as jobs: each option is a member of pockets.hpp's structs.

namespace larder::net::site {
namespace {

namespace json = boost::json;

result<std::string> run_archive_create(engine& e, const json::object& given, const progress_sink&, std::stop_token) {
    archive_create_options o;
    take(given, "name", o.name);
    take(given, "key_name", o.key_name);
    take(given, "secret", o.secret);
    take(given, "keyring_package", o.keyring_package);
    take_who(given, o.who);
    return told(create_archive(e, o));
}

result<std::string> run_create(engine& e, const json::object& given, const progress_sink&, std::stop_token) {
    pocket_create_options o;
    std::string name;
    take(given, "name", name);
    LARDER_TRY(auto parsed, pockets::parse_pocket_name(name));
    o.made.archive = std::move(parsed.archive);
    o.made.suite = std::move(parsed.suite);
    take(given, "components", o.made.components);
    take(given, "architectures", o.made.architectures);
    LARDER_TRY(o.settings, take_settings(given));
    take_who(given, o.who);
    return told(create_pocket(e, o));
}

result<std::string> run_change(engine& e, const json::object& given, const progress_sink&, std::stop_token) {
    pocket_change_options o;
    take(given, "pocket", o.pocket);
    LARDER_TRY(o.settings, take_settings(given));
    take(given, "more_architectures", o.settings.more_architectures);
    take(given, "more_components", o.settings.more_components);
    take_who(given, o.who);
    return told(change_pocket(e, o));
}

result<std::string> run_include(engine& e, const json::object& given, const progress_sink& tell, std::stop_token stop) {
    include_options o;
    take(given, "pocket", o.pocket);
    take(given, "files", o.files);
    take(given, "component", o.component);
    take(given, "allow_downgrade", o.allow_downgrade);
    take(given, "past_support", o.past_support);
    take(given, "dry_run", o.dry_run);
    take_who(given, o.who);
    return told(include_packages(e, o, tell, std::move(stop)));
}

result<std::string> run_remove(engine& e, const json::object& given, const progress_sink&, std::stop_token) {
    remove_options o;
    take(given, "pocket", o.pocket);
    take(given, "packages", o.packages);
    take(given, "dry_run", o.dry_run);
    take_who(given, o.who);
    return told(remove_packages(e, o));
}

result<std::string> run_promote(engine& e, const json::object& given, const progress_sink& tell, std::stop_token stop) {
    promote_options o;
    take(given, "pocket", o.pocket);
    take(given, "only", o.only);
    take(given, "dry_run", o.dry_run);
    take(given, "override", o.override_reason);
    take(given, "past_support", o.past_support);
    take_who(given, o.who);
    return told(promote_pocket(e, o, tell, std::move(stop)));
}

result<std::string> run_rollback(engine& e, const json::object& given, const progress_sink&, std::stop_token) {
    pocket_rollback_options o;
    take(given, "pocket", o.pocket);
    take_number(given, "to", o.to);
    take(given, "preferences", o.preferences);
    take(given, "dry_run", o.dry_run);
    take_who(given, o.who);
    return told(rollback_pocket(e, o));
}

result<std::string> run_freeze(engine& e, const json::object& given, const progress_sink&, std::stop_token) {
    freeze_options o;
    take(given, "pocket", o.pocket);
    take(given, "frozen", o.frozen);
    take_who(given, o.who);
    return told(freeze_pocket(e, o));
}

result<std::string> run_list(engine& e, const json::object& given, const progress_sink&, std::stop_token) {
    std::string archive;
    take(given, "archive", archive);
    return told(list_pockets(e, archive));
}

result<std::string> run_diff(engine& e, const json::object& given, const progress_sink& tell, std::stop_token stop) {
    pocket_diff_options o;
    take(given, "pocket", o.pocket);
    take_number(given, "before", o.before);
    take_number(given, "after", o.after);
    return told(diff_pocket(e, o, tell, std::move(stop)));
}

result<std::string> run_history(engine& e, const json::object& given, const progress_sink&, std::stop_token) {
    std::string pocket;
    std::uint64_t last = 50;
    take(given, "pocket", pocket);
    take_number(given, "last", last);
    return told(history_of_pocket(e, pocket, last));
}

}  // namespace

std::vector<job_kind> pocket_kinds() {
    using enum option_type;
    constexpr auto needed = presence::required;
    const job_option pocket{"pocket", text, "\"archive/suite\".", needed};
    const job_option by{"by", text, "Who does it, for the history; of a token without the role admin, its name."};
    const job_option reason{"reason", text, "Why; the same."};
    const job_option dry_run{"dry_run", boolean, "Only tell what would change; default false."};
    const job_option past_support{
        "past_support",     boolean,          "Also after the end of the pocket's support. Needs the role admin.",
        presence::optional, (1ULL << 53) - 1, role::admin};
    std::vector<job_kind> all{
        {"archive_create",
         "Makes an archive that is published here, with a key of its own.",
         {{"name", text, "Its name: the first part of its URLs.", needed},
          {"key_name", text, "The user id of its key. Default: \"NAME archive\"."},
          {"secret", text, "A secret key that was made elsewhere, armoured, in place of a new one."},
          {"keyring_package", boolean, "Its pockets have a package with its keys; default false."},
          by,
          reason},
         run_archive_create},
        {"pockets",
         "Lists pockets, those of a chain one after the other.",
         {{"archive", text, "Only of this one."}},
         run_list,
         nullptr,
         role::read},
        {"pocket_create",
         "Makes a pocket, and publishes it empty.",
         {{"name", text, "\"archive/suite\".", needed},
          {"architectures", texts, "\"source\" among them for sources.", needed},
          {"components", texts, "Default: main."},
          by,
          reason},
         run_create},
        {"pocket_change",
         "Changes what a pocket is, and publishes it so.",
         {pocket,
          {"more_architectures", texts, "Architectures that are added."},
          {"more_components", texts, "Components that are added."},
          by,
          reason},
         run_change},
        {"pocket_include",
         "Takes packages into a pocket, all or none, and publishes it.",
         {pocket,
          {"files", texts, "Whole paths on the machine of the store: .deb, .udeb, .ddeb, .dsc, .changes.", needed},
          {"component", text, "Default: the pocket's first."},
          past_support,
          {"allow_downgrade", boolean, "Also a version below the one that is there; needs a reason; default false."},
          dry_run,
          by,
          reason},
         run_include},
        {"pocket_remove",
         "Takes packages out of a pocket, and publishes it.",
         {pocket,
          {"packages", texts, "Names of binary packages, or \"src:NAME\" for all of a source package.", needed},
          dry_run,
          by,
          reason},
         run_remove},
        {"pocket_promote",
         "Copies what a pocket has to the one that it feeds, if the gate lets it.",
         {pocket,
          {"only", texts, "Source packages. Default: all."},
          {"override", text, "Why what the gate says is set aside. Needs the role admin.", presence::optional,
           (1ULL << 53) - 1, role::admin},
          past_support,
          dry_run,
          by,
          reason},
         run_promote,
         nullptr,
         role::promote},
        {"pocket_rollback",
         "Publishes again what a former publication had.",
         {pocket,
          {"to", number, "Its number. Default: the one before the last step that is still in force."},
          {"preferences", boolean, "Give the apt preferences with which machines go down, too; default false."},
          dry_run,
          by,
          reason},
         run_rollback,
         nullptr,
         role::promote},
        {"pocket_freeze",
         "Keeps a pocket from being published, or lets it again.",
         {pocket, {"frozen", boolean, "Default: true."}, by, reason},
         run_freeze,
         nullptr,
         role::promote},
        {"pocket_diff",
         "What changed between two publications of a pocket, package by package.",
         {pocket,
          {"before", number, "A publication's number. Default: the one before `after`."},
          {"after", number, "A publication's number. Default: the last."}},
         run_diff,
         nullptr,
         role::read},
        {"pocket_history",
         "The publications of a pocket, the last first.",
         {pocket, {"last", number, "So many. Default: 50."}},
         run_history,
         nullptr,
         role::read},
    };
    const auto settings = setting_options();
    for (auto& one : all)
        if (one.name == "pocket_create" || one.name == "pocket_change")
            one.options.insert(one.options.end() - 2, settings.begin(), settings.end());
    return all;
}

}  // namespace larder::net::site
