#include <site/job_options.hpp>
#include <site/pocket_setting_options.hpp>

namespace larder::net::site {
namespace {

namespace json = boost::json;

template <class T>
void take_if(const json::object& given, std::string_view name, std::optional<T>& into) {
    if (given.contains(name)) take(given, name, into.emplace());
}

}  // namespace

std::vector<job_option> setting_options() {
    using enum option_type;
    return {{"base", text, "The suite that its packages are installed beside, \"archive/suite\"."},
            {"feeds", text, "The pocket of the same archive that it is promoted to."},
            {"origin", text, "Default: the archive's name."},
            {"label", text, "Default: the archive's name."},
            {"description", text, "One line."},
            {"version", text, "Of the Release."},
            {"upgrades_from", text, "The pocket of the release before it, \"archive/suite\"."},
            {"supported_until", text, "The last day of its support: 2027-04-30."},
            {"not_automatic", boolean, "apt takes from it only what is asked for by name; default false."},
            {"but_automatic_upgrades", boolean, "But upgrades what was taken from it; default false."},
            {"needs_source", boolean, "A binary package is refused without its source; default false."},
            {"changelogs", text, "Of the Release: a URL with @CHANGEPATH@, from which apt changelog reads."},
            {"xz", boolean, "Publish the indices as .xz, too; default false."},
            {"translations", boolean,
             "Long descriptions stand in Translation-en; only while the pocket is empty. Default false."},
            {"contents", boolean, "Have Contents, by which apt-file finds files; default false."},
            {"valid_for_seconds", number, "Valid-Until lies so far behind Date. Default: 0, it has none.",
             presence::optional, 10ULL * 366 * 86'400}};
}

result<pocket_settings> take_settings(const json::object& given) {
    pocket_settings s;
    take_if(given, "base", s.base);
    take_if(given, "feeds", s.feeds);
    take_if(given, "origin", s.origin);
    take_if(given, "label", s.label);
    take_if(given, "description", s.description);
    take_if(given, "version", s.release_version);
    take_if(given, "upgrades_from", s.upgrades_from);
    take_if(given, "not_automatic", s.not_automatic);
    take_if(given, "but_automatic_upgrades", s.but_automatic_upgrades);
    take_if(given, "needs_source", s.needs_source);
    take_if(given, "changelogs", s.changelogs);
    take_if(given, "xz", s.xz);
    take_if(given, "translations", s.translations);
    take_if(given, "contents", s.contents);
    if (given.contains("supported_until")) {
        LARDER_TRY(s.supported_until, take_day(given, "supported_until"));
    }
    if (given.contains("valid_for_seconds")) {
        std::int64_t seconds = 0;
        take_number(given, "valid_for_seconds", seconds);
        s.valid_for = std::chrono::seconds{seconds};
    }
    return s;
}

}  // namespace larder::net::site
