#include <larder/net/keys.hpp>
#include <site/job_kinds.hpp>
#include <site/job_options.hpp>

// The keys of local archives, as jobs: each option is a member of keys.hpp's structs.

namespace larder::net::site {
namespace {

namespace json = boost::json;

result<void> take_algorithm(const json::object& given, signing::key_algorithm& into) {
    std::string name;
    take(given, "algorithm", name);
    if (name.empty()) return {};
    LARDER_TRY(into, signing::parse_algorithm(name));
    return {};
}

result<std::string> run_generate(engine& e, const json::object& given, const progress_sink&, std::stop_token) {
    key_generate_options o;
    take(given, "archive", o.archive);
    take(given, "key_name", o.user_id);
    LARDER_CHECK(take_algorithm(given, o.algorithm));
    LARDER_TRY(o.expires, take_day(given, "expires"));
    take_who(given, o.who);
    return told(generate_key(e, o));
}

result<std::string> run_import(engine& e, const json::object& given, const progress_sink&, std::stop_token) {
    key_import_options o;
    take(given, "archive", o.archive);
    take(given, "secret", o.secret);
    take(given, "file", o.file);
    take(given, "agent", o.agent);
    take(given, "agent_home", o.agent_home);
    take_who(given, o.who);
    return told(import_key(e, o));
}

result<std::string> run_rotate(engine& e, const json::object& given, const progress_sink&, std::stop_token) {
    key_rotate_options o;
    take(given, "archive", o.archive);
    take(given, "to", o.to);
    LARDER_CHECK(take_algorithm(given, o.algorithm));
    LARDER_TRY(o.expires, take_day(given, "expires"));
    if (given.contains("overlap_seconds")) {
        std::uint64_t seconds = 0;
        take_number(given, "overlap_seconds", seconds);
        o.overlap = std::chrono::seconds{static_cast<std::int64_t>(seconds)};
    }
    take_who(given, o.who);
    return told(rotate_keys(e, o));
}

result<std::string> run_revoke(engine& e, const json::object& given, const progress_sink&, std::stop_token) {
    key_revoke_options o;
    take(given, "archive", o.archive);
    take(given, "fingerprint", o.fingerprint);
    take(given, "certificate", o.certificate);
    take_who(given, o.who);
    return told(revoke_key(e, o));
}

result<std::string> run_expire(engine& e, const json::object& given, const progress_sink&, std::stop_token) {
    key_expire_options o;
    take(given, "archive", o.archive);
    take(given, "fingerprint", o.fingerprint);
    LARDER_TRY(o.at, take_day(given, "at"));
    take_who(given, o.who);
    return told(expire_key(e, o));
}

result<std::string> run_export(engine& e, const json::object& given, const progress_sink&, std::stop_token) {
    key_export_options o;
    take(given, "archive", o.archive);
    take(given, "fingerprint", o.fingerprint);
    take(given, "primary", o.primary);
    take(given, "remove", o.remove);
    take_who(given, o.who);
    return told(export_key(e, o));
}

result<std::string> run_package(engine& e, const json::object& given, const progress_sink&, std::stop_token) {
    key_package_options o;
    take(given, "archive", o.archive);
    take(given, "wanted", o.wanted);
    take_who(given, o.who);
    return told(package_keys(e, o));
}

result<std::string> run_list(engine& e, const json::object& given, const progress_sink&, std::stop_token) {
    std::string archive;
    take(given, "archive", archive);
    return told(list_keys(e, archive));
}

constexpr std::uint64_t ten_years = 10ULL * 366 * 86'400;

}  // namespace

std::vector<job_kind> key_kinds() {
    using enum option_type;
    constexpr auto needed = presence::required;
    const job_option archive{"archive", text, "One that is published here.", needed};
    const job_option fingerprint{"fingerprint", text,
                                 "Of its primary key, or the end of that. Default: the only one that signs."};
    const job_option algorithm{"algorithm", text, "ed25519 or rsa4096. Default: ed25519."};
    const job_option expires{"expires", text, "The last day of a new key: 2027-04-30. Default: never."};
    const job_option by{"by", text, "Who does it, for the journal; of a token without the role admin, its name."};
    const job_option reason{"reason", text, "Why; the same."};
    return {
        {"keys",
         "Lists the keys of archives that are published here.",
         {{"archive", text, "Only of this one."}},
         run_list,
         nullptr,
         role::read},
        {"key_generate",
         "Makes another key for an archive, of which clients are told before it signs.",
         {archive,
          {"key_name", text, "Its user id. Default: as that of the last key."},
          algorithm,
          expires,
          by,
          reason},
         run_generate},
        {"key_import",
         "Takes in a key that was made elsewhere; it does not sign yet.",
         {archive,
          {"secret", text, "Armoured."},
          {"file", text, "The same in a file: its whole path on the machine of the store."},
          {"agent", text, "In place of both: the fingerprint of a key that a gpg-agent has."},
          {"agent_home", text, "The GnuPG home of that agent, its whole path on the machine of the store."},
          by,
          reason},
         run_import},
        {"key_rotate",
         "Puts another key to work; it and the old one sign until that leaves by itself.",
         {archive,
          {"to", text, "A key that is coming. Default: the one that is, or a new one."},
          algorithm,
          expires,
          {"overlap_seconds", number,
           "How long both sign. Default: the longest Valid-Until of a pocket, or 30 days where one has none.",
           presence::optional, ten_years},
          by,
          reason},
         run_rotate},
        {"key_revoke",
         "Revokes a key: it signs no more, and clients are told so.",
         {archive,
          fingerprint,
          {"certificate", text, "Armoured, that revokes it. Default: the one that was made with the key."},
          by,
          reason},
         run_revoke},
        {"key_expire",
         "Sets the end of a key.",
         {archive, fingerprint, {"at", text, "Its last day: 2027-04-30, or never.", needed}, by, reason},
         run_expire},
        {"key_export",
         "Public keys; or the whole secret of one, into a file, after which the primary may leave the store.",
         {archive,
          {"fingerprint", text, "Of a primary key. Default: all that are published, or the only one that signs."},
          {"primary", text, "A new file for the secret: its whole path on the machine of the store."},
          {"remove", boolean, "And then the primary's secret leaves the store; default false."},
          by,
          reason},
         run_export},
        {"key_package",
         "Puts a package with an archive's keys into its pockets, and keeps it up to date.",
         {archive, {"wanted", boolean, "Default: true."}, by, reason},
         run_package},
    };
}

}  // namespace larder::net::site
