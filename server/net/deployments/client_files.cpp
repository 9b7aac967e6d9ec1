#include "deployments/client_files.hpp"
#include <algorithm>
#include <array>
#include <larder/base/digest.hpp>
#include <larder/base/text.hpp>
#include <utility>

// Files for a deployment's machines. Whatever stands in them came through check_name, a verified Release or the
// configuration, and is made of characters that need no quoting in sh, YAML or apt's own syntax.

namespace larder::net::pinning {
namespace {

std::string title(const client_view& v, std::string_view what) {
    return "# " + std::string{what} + " of deployment '" + v.deployment + "', served by Larder at " + v.base + "\n";
}

/// As one word of sh.
std::string quoted(std::string_view text) {
    std::string out = "'";
    for (const char c : text) out += c == '\'' ? std::string{"'\\''"} : std::string(1, c);
    return out + "'";
}

bool has_sources(const client_view& v) {
    return std::find(v.architectures.begin(), v.architectures.end(), "source") != v.architectures.end();
}

std::vector<std::string> machine_architectures(const client_view& v) {
    auto all = v.architectures;
    std::erase(all, "source");
    return all;
}

constexpr std::string_view list_prefix = "mirrorlist-";

/// apt's mirror method has one list for a base URL, with nothing to follow between the two: so one for each archive.
std::string list_path(const client_archive& a) { return "/etc/apt/mirrors/larder-" + a.name + ".list"; }

/// Lower numbers are asked first, and a failure leads on to the next (apt-transport-mirror(1)).
std::string mirror_list(const client_view& v, const client_archive& a) {
    std::string out;
    int priority = 1;
    const auto add = [&](const std::string& base) {
        out += base + v.path() + "/" + a.name + "\tpriority:" + std::to_string(priority++) + "\n";
    };
    add(v.base);
    for (const auto& other : v.partners) add(other);
    return out;
}

/// The host of a base URL, as apt has it for the pins of "origin".
std::string host_of(std::string_view base) {
    auto rest = base.substr(base.find("://") + 3);
    rest = rest.substr(0, rest.find('/'));
    if (rest.starts_with('[')) return std::string{rest.substr(1, rest.find(']') - 1)};
    return std::string{rest.substr(0, rest.find(':'))};
}

enum class reach { directly, by_list };

/// Suites that share all the fields of a stanza.
std::string stanza(const client_view& v, const client_archive& a, const std::vector<client_suite>& suites, reach how) {
    std::vector<std::string> names;
    for (const auto& one : suites) names.push_back(one.name);
    const auto& first = suites.front();
    std::string out = has_sources(v) ? "Types: deb deb-src\n" : "Types: deb\n";
    out += "URIs: " + (how == reach::by_list ? "mirror+file:" + list_path(a) : v.url() + "/" + a.name) +
           "\nSuites: " + joined(names) + "\n";
    if (!first.name.ends_with('/')) out += "Components: " + joined(first.components) + "\n";
    out += "Architectures: " + joined(machine_architectures(v)) + "\n";
    // Its date is checked once, when the state is taken in; here it stays, and the date passes.
    if (first.valid_until) out += "Check-Valid-Until: no\n";
    out += "Signed-By:\n" + folded(a.keys);
    return out;
}

std::string sources_of(const client_view& v, reach how) {
    auto out = title(v, "The sources");
    for (const auto& a : v.archives) {
        auto left = a.suites;
        while (!left.empty()) {
            const auto first = left.front();
            std::vector<client_suite> alike, others;
            for (auto& one : left) {
                const bool same = one.components == first.components && one.valid_until == first.valid_until &&
                                  one.name.ends_with('/') == first.name.ends_with('/');
                (same ? alike : others).push_back(std::move(one));
            }
            out += "\n" + stanza(v, a, alike, how);
            left = std::move(others);
        }
    }
    return out;
}

std::string larder_sources(const client_view& v) {
    return sources_of(v, v.partners.empty() ? reach::directly : reach::by_list);
}

/// What set-up moved aside apt would tell of with each command.
constexpr std::string_view same_for_all = R"(Acquire::Retries "3";
Dir::Ignore-Files-Silently:: "\.before-larder$";
)";

/// apt decides by the machine's id whether an update that is being phased in is for it (apt-pkg/policy.cc): with
/// one id for all machines of a deployment they decide alike.
std::string apt_conf(const client_view& v) {
    auto out = title(v, "Settings") + "APT::Machine-ID \"" +
               sha256("larder deployment " + v.deployment).hex().substr(0, 32) + "\";\n";
    out += same_for_all;
    const auto host = host_of(v.base);
    // apt's own names have colons in between: an address of IPv6 can be in none.
    if (host.find(':') != std::string::npos) return out;
    return out +
           "# apt --snapshot (2.7.1 and later) takes a moment, the id of a suite's state, or a deployment, like " +
           v.deployment + "@1\nAcquire::Snapshots::URI::Host::" + host + " \"" + v.base +
           "/snapshot/@PATH@/@SNAPSHOTID@/\";\n";
}

/// Above 1000 a version is installed even if that goes down (apt_preferences(5)). What comes by a list of mirrors in a
/// file has, for apt, no host.
std::string preferences(const client_view& v) {
    std::vector<std::string> hosts{host_of(v.base)};
    if (!v.partners.empty()) hosts.emplace_back();
    auto out = title(v, "Preferences");
    for (const auto& host : hosts)
        out +=
            (&host == &hosts.front() ? "" : "\n") + ("Package: *\nPin: origin \"" + host) + "\"\nPin-Priority: 1001\n";
    return out;
}

/// What set-up puts where.
std::vector<std::pair<std::string, std::string>> installed(const client_view& v) {
    std::vector<std::pair<std::string, std::string>> all{{"larder.sources", "/etc/apt/sources.list.d/larder.sources"},
                                                         {"apt.conf", "/etc/apt/apt.conf.d/50larder"},
                                                         {"preferences", "/etc/apt/preferences.d/larder"}};
    if (v.partners.empty()) return all;
    for (const auto& a : v.archives) all.emplace_back(std::string{list_prefix} + a.name, list_path(a));
    return all;
}

/// After dpkg has run (apt.conf(5), DPkg::Post-Invoke). A report that fails is no failure of the installation.
std::string report_hook(const client_view& v) {
    return title(v, "The report") +
           "DPkg::Post-Invoke { \"if [ -r /etc/apt/larder-report ]; then sh /etc/apt/larder-report || true; fi\"; };\n";
}

constexpr std::string_view report_body = R"sh(#
#   larder-report [ROOT]
set -eu
root=${1:-}
token=$(cat "$root/etc/apt/larder.token")
name=$(cat "$root/etc/hostname" 2>/dev/null || hostname)
report=$(mktemp)
# What a command is started with is shown to all on the machine: the token is read from here.
secret=$(mktemp)
trap 'rm -f "$report" "$secret"' EXIT
{
    printf 'Unit: %s\n' "$(printf %s "$name" | tr -c 'A-Za-z0-9._-' '-')"
    dpkg-query --admindir="$root/var/lib/dpkg" --show \
        --showformat '${Package} ${Architecture} ${Version} ${db:Status-Abbrev}\n'
} >"$report"
if command -v curl >/dev/null; then
    printf 'header = "Authorization: Bearer %s"\n' "$token" >"$secret"
    curl --fail --silent --show-error --max-time 30 --config "$secret" \
        --header 'Content-Type: text/plain' --data-binary "@$report" "$url" >/dev/null
elif command -v wget >/dev/null; then
    printf 'header = Authorization: Bearer %s\n' "$token" >"$secret"
    WGETRC=$secret wget --quiet --tries=1 --timeout=30 --output-document=/dev/null \
        --header 'Content-Type: text/plain' --post-file="$report" "$url"
else
    echo 'larder-report: neither curl nor wget is here to report with' >&2
    exit 1
fi
)sh";

std::string report_sh(const client_view& v) {
    return "#!/bin/sh\n" + title(v, "What this machine tells") +
           "url=" + quoted(v.base + "/d/" + v.deployment + "/report") + "\n" + std::string{report_body};
}

/// All of it stands in braces: a shell that is handed only the beginning of it, by a pipe that was cut off, does
/// nothing.
constexpr std::string_view setup_body = R"sh(#
#   setup.sh [--only] [--join TOKEN] [ROOT]
#
# Writes the deployment's sources, settings and preferences below ROOT (else of this machine). --only moves all other
# sources aside (to NAME.before-larder); without it they stay, and are named. --join has the machine report what it has
# installed after each run of apt; the token is what larder deployment token printed.
{
set -eu
only=no token=
while [ $# -gt 0 ]; do
    case $1 in
        --only) only=yes ;;
        --join) token=${2:?--join needs the token}; shift ;;
        -*) echo "setup.sh: unknown option $1" >&2; exit 2 ;;
        *) break ;;
    esac
    shift
done
root=${1:-}
put() {
    mkdir -p "$(dirname "$root$1")"
    cat >"$root$1.new"
    chmod 644 "$root$1.new"
    mv "$root$1.new" "$root$1"
}
)sh";

/// Last, so that there are sources at any moment; what was moved aside before stays.
constexpr std::string_view setup_others =
    R"sh(for file in "$root"/etc/apt/sources.list "$root"/etc/apt/sources.list.d/*.list "$root"/etc/apt/sources.list.d/*.sources; do
    [ -s "$file" ] || continue
    case $file in */larder.sources) continue ;; esac
    if [ "$only" = yes ]; then mv --backup=numbered "$file" "$file.before-larder"
    else echo "still a source of this machine, beside the deployment: $file (--only moves it aside)" >&2; fi
done
)sh";

std::string setup_sh(const client_view& v) {
    auto out = "#!/bin/sh\n" + title(v, "The set-up") + std::string{setup_body};
    for (const auto& [name, path] : installed(v))
        out += "put " + path + " <<'END-OF-LARDER'\n" + client_file(v, name).value_or("") + "END-OF-LARDER\n";
    out += setup_others;
    out += "[ -n \"$token\" ] || exit 0\nput /etc/apt/larder-report <<'END-OF-LARDER'\n" + report_sh(v) +
           "END-OF-LARDER\nput /etc/apt/apt.conf.d/51larder-report <<'END-OF-LARDER'\n" + report_hook(v) +
           "END-OF-LARDER\n(umask 077; printf '%s\\n' \"$token\" >\"$root/etc/apt/larder.token\")\n"
           "sh \"$root/etc/apt/larder-report\" \"$root\"\n}\n";
    return out;
}

std::string cloud_init(const client_view& v) {
    std::string out =
        "#cloud-config\n" + title(v, "The first boot") + "apt:\n  preserve_sources_list: true\nwrite_files:\n";
    for (const auto& [name, path] : installed(v)) {
        out += "- path: " + path + "\n  permissions: '0644'\n  content: |\n";
        const auto text = client_file(v, name).value_or("");
        for (const auto line : split(std::string_view{text}.substr(0, text.size() - 1), '\n'))
            out += line.empty() ? "\n" : "    " + std::string{line} + "\n";
    }
    // Before the first package is installed.
    out +=
        "bootcmd:\n- [cloud-init-per, once, larder-sources, sh, -c, 'for f in /etc/apt/sources.list "
        "/etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources; do case $f in */larder.sources) ;; "
        "*) [ ! -f \"$f\" ] || mv \"$f\" \"$f.before-larder\" ;; esac; done']\n";
    return out;
}

std::string dockerfile(const client_view& v) {
    return title(v, "An image") +
           "# docker build --build-arg BASE=debian:bookworm-slim .   (any Debian image; apt brings no curl)\n"
           "ARG BASE=debian:bookworm-slim\nFROM ${BASE}\nADD " +
           v.url() +
           "/setup.sh /tmp/setup.sh\n"
           "RUN sh /tmp/setup.sh --only && rm /tmp/setup.sh && apt-get update && apt-get --assume-yes "
           "--allow-downgrades dist-upgrade && rm -rf /var/lib/apt/lists/*\n";
}

std::string mmdebstrap_sh(const client_view& v) {
    const auto architectures = machine_architectures(v);
    std::string suite;
    for (const auto& a : v.archives)
        for (const auto& one : a.suites)
            if (suite.empty() && !one.name.ends_with('/')) suite = one.name;
    return "#!/bin/sh\n" + title(v, "A new machine's root") +
           "#\n#   mmdebstrap.sh TARGET [mmdebstrap options]\nset -eu\ntarget=$1\nshift\nsources=$(mktemp "
           "--suffix=.sources)\ntrap 'rm -f \"$sources\"' EXIT\ncat >\"$sources\" <<'END-OF-LARDER'\n" +
           sources_of(v, reach::directly) + "END-OF-LARDER\nmmdebstrap --architectures=" +
           (architectures.empty() ? std::string{} : quoted(architectures.front())) + " --aptopt='APT::Machine-ID \"" +
           sha256("larder deployment " + v.deployment).hex().substr(0, 32) + "\"' \"$@\" " + quoted(suite) +
           " \"$target\" \"$sources\"\n";
}

using maker = std::string (*)(const client_view&);
constexpr std::array<std::pair<std::string_view, maker>, 8> makers{{{"larder.sources", larder_sources},
                                                                    {"larder-report", report_sh},
                                                                    {"apt.conf", apt_conf},
                                                                    {"preferences", preferences},
                                                                    {"setup.sh", setup_sh},
                                                                    {"cloud-init.yaml", cloud_init},
                                                                    {"Dockerfile", dockerfile},
                                                                    {"mmdebstrap.sh", mmdebstrap_sh}}};

}  // namespace

std::string client_view::path() const {
    return "/d/" + deployment + (pinned ? "@" + std::to_string(generation) : std::string{});
}

std::string client_view::url() const { return base + path(); }

std::string folded(std::string_view text) {
    std::string out;
    while (text.ends_with('\n')) text.remove_suffix(1);
    for (const auto line : split(text, '\n')) out += line.empty() ? " .\n" : " " + std::string{line} + "\n";
    return out;
}

std::vector<std::string> client_file_names(const client_view& view) {
    std::vector<std::string> all;
    for (const auto& [name, make] : makers) all.emplace_back(name);
    for (const auto& a : view.archives) all.push_back(std::string{list_prefix} + a.name);
    return all;
}

bool may_be_client_file(std::string_view name) {
    return name.starts_with(list_prefix) ||
           std::any_of(makers.begin(), makers.end(), [name](const auto& one) { return one.first == name; });
}

std::optional<std::string> client_file(const client_view& view, std::string_view name) {
    for (const auto& [one, make] : makers)
        if (one == name) return make(view);
    for (const auto& a : view.archives)
        if (name == std::string{list_prefix} + a.name) return mirror_list(view, a);
    return {};
}

}  // namespace larder::net::pinning
