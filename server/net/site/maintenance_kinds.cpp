#include <larder/net/maintenance.hpp>
#include <site/job_kinds.hpp>
#include <site/job_options.hpp>

// The kinds of long work that the API offers: each option is a member of maintenance.hpp's structs.

namespace larder::net::site {
namespace {

namespace json = boost::json;

constexpr std::uint64_t most_threads = 1024;
constexpr std::uint64_t most_grace = 100ULL * 365 * 86'400;

result<std::string> run_doctor(engine& e, const json::object& given, const progress_sink& tell, std::stop_token stop) {
    doctor_options o;
    // Its server is at work: others first, unless the caller says otherwise.
    o.background = true;
    take(given, "rebuild", o.rebuild);
    take(given, "repair", o.repair);
    take(given, "give_up", o.give_up);
    take(given, "background", o.background);
    take_number(given, "threads", o.threads);
    return told(doctor(e, o, tell, std::move(stop)));
}

result<std::string> run_gc(engine& e, const json::object& given, const progress_sink& tell, std::stop_token stop) {
    gc_options o;
    take(given, "dry_run", o.dry_run);
    take_number(given, "grace_seconds", o.grace_seconds);
    take_number(given, "free_bytes", o.free_bytes);
    if (o.grace_seconds < gc_options{}.grace_seconds)
        return error{errc::refused, "grace_seconds below " + std::to_string(gc_options{}.grace_seconds) +
                                        " is only for a store that no server has open"};
    return told(gc(e, o, tell, std::move(stop)));
}

result<std::string> run_import(engine& e, const json::object& given, const progress_sink& tell, std::stop_token stop) {
    import_options o;
    take(given, "folder", o.folder);
    return told(import_folder(e, o, tell, std::move(stop)));
}

result<std::string> run_update(engine& e, const json::object& given, const progress_sink& tell, std::stop_token stop) {
    update_options o;
    take(given, "archive", o.archive);
    take(given, "suites", o.suites);
    return told(update_archive(e, o, tell, std::move(stop)));
}

result<std::string> run_fetch(engine& e, const json::object& given, const progress_sink& tell, std::stop_token stop) {
    fetch_options o;
    take(given, "archive", o.archive);
    take(given, "packages", o.packages);
    take(given, "with_deps", o.with_deps);
    take(given, "architecture", o.architecture);
    take(given, "suites", o.suites);
    return told(fetch_packages(e, o, tell, std::move(stop)));
}

result<std::string> run_store(engine& e, const json::object&, const progress_sink& tell, std::stop_token stop) {
    return told(look_at_store(e, tell, std::move(stop)));
}

}  // namespace

std::vector<job_kind> maintenance_kinds() {
    using enum option_type;
    constexpr auto needed = presence::required;
    return {
        {"doctor",
         "Hashes every object, and brings back what is damaged or missing.",
         {{"rebuild", boolean, "In the end, make the derived tables anew from objects and refs; default false."},
          {"repair", boolean,
           "Set aside and fetch again what is damaged; default true. False only looks, and excludes rebuild."},
          {"give_up", boolean, "Forget generations that are lost and not in force; default false. Needs repair."},
          {"background", boolean, "Let the server's other work go first; default true."},
          {"threads", number, "Threads that hash; default 0: as many as there are cores.", presence::optional,
           most_threads}},
         run_doctor},
        {"gc",
         "Removes what no ref reaches and is beyond max_cache_size, oldest use first.",
         {{"dry_run", boolean, "Only tell what would go; default true."},
          {"grace_seconds", number, "Objects that came within this time stay; default, and at least, 600.",
           presence::optional, most_grace},
          {"free_bytes", number, "Remove at least so much, also below the limit; default 0."}},
         run_gc},
        {"import",
         "Takes in the files of a folder that a verified index knows.",
         {{"folder", text, "On the server's machine, absolute.", needed}},
         run_import},
        {"update",
         "Asks upstream for newer states of an archive now, and reads its indices.",
         {{"archive", text, "Its name.", needed}, {"suites", texts, "Default: all that are configured or known."}},
         run_update},
        {"fetch",
         "Brings packages here ahead of their clients.",
         {{"archive", text, "Its name.", needed},
          {"packages", texts, "\"name\" for the highest version, or \"name=version\".", needed},
          {"with_deps", boolean, "What they depend on, too; default false."},
          {"architecture", text, "Default: the archive's first configured one."},
          {"suites", texts, "Default: all that are configured."}},
         run_fetch},
        {"store", "Counts what the store holds.", {}, run_store},
    };
}

}  // namespace larder::net::site
