#include "man_page.hpp"
#include <CLI/CLI.hpp>
#include <larder/config/settings.hpp>

namespace larder::cli {
namespace {

using commands = std::vector<const CLI::App*>;

commands commands_of(const CLI::App& app) {
    return app.get_subcommands([](const CLI::App* sub) { return !sub->get_group().empty(); });
}

/// "--config FILE", or "PACKAGE..." for what stands at a place.
std::string spelling(const CLI::Option& option) {
    std::string type = option.get_items_expected_max() == 0 ? std::string{} : option.get_type_name();
    if (option.get_positional()) {
        auto name = type.empty() ? option.get_name(true) : type;
        if (option.get_items_expected_max() > 1) name += "...";
        return option.get_required() ? name : "[" + name + "]";
    }
    std::string all;
    for (const auto& s : option.get_snames()) all += (all.empty() ? "-" : ", -") + s;
    for (const auto& l : option.get_lnames()) all += (all.empty() ? "--" : ", --") + l;
    return type.empty() ? all : all + " " + type;
}

void write_options(std::string& out, const CLI::App& app, const std::string& skip) {
    for (const auto* option : app.get_options()) {
        if (option->get_single_name() == skip || (option->get_positional() && option->get_description().empty()))
            continue;
        out += ".TP\n\\fB" + roff(spelling(*option)) + "\\fR\n" + roff(option->get_description()) + "\n";
        if (!option->get_default_str().empty() && option->get_items_expected_max() > 0)
            out += "(default: " + roff(option->get_default_str()) + ")\n";
    }
}

void write_command(std::string& out, const CLI::App& command, const std::string& above) {
    const auto name = above + " " + command.get_name();
    const auto inner = commands_of(command);
    if (!inner.empty()) {
        for (const auto* one : inner) write_command(out, *one, name);
        return;
    }
    std::string synopsis = name;
    bool has_options = false;
    for (const auto* option : command.get_options()) {
        if (option->get_positional())
            synopsis += " " + spelling(*option);
        else if (option->get_single_name() != "help")
            has_options = true;
    }
    if (has_options) synopsis += " [options]";
    out += ".SS " + roff(synopsis) + "\n" + roff(command.get_description()) + "\n";
    write_options(out, command, "help");
}

void write_settings(std::string& out) {
    std::string section;
    for (const auto& s : config::settings()) {
        if (s.section != section) {
            section = s.section;
            const bool many = section == "archive" || section == "token";
            out += ".SS " + roff(many ? "[[" + section + "]]" : "[" + section + "]") + "\n";
        }
        out += ".TP\n\\fB" + roff(s.key) + "\\fR (" + roff(s.type + (s.range.empty() ? "" : ", " + s.range)) + ")\n" +
               roff(s.purpose) + "\n";
        out += s.default_value == "required" ? "Required.\n" : "Default: " + roff(s.default_value) + ".\n";
        if (s.when == config::applied::at_restart) out += "A change counts at the next start.\n";
    }
}

constexpr const char* exit_status = R"(.SH EXIT STATUS
.TP
\fB0\fR
Done.
.TP
\fB1\fR
It failed.
.TP
\fB2\fR
Wrong usage or configuration, or another process has the store, or the server has another store.
.TP
\fB3\fR
Reserved: the answer is no, a check came out negative.
)";

constexpr const char* files = R"(.SH ENVIRONMENT
.TP
\fBLARDER_CONFIG\fR
The configuration file, where \fB\-\-config\fR names none.
.SH FILES
.TP
\fI/etc/larder/larder.toml\fR
The configuration.
.TP
\fI/var/lib/larder\fR
The store.
.TP
\fI/run/larder/admin.sock\fR
The admin socket of the running server.
.SH SEE ALSO
\fBapt.conf\fR(5), \fBsources.list\fR(5), \fBsystemctl\fR(1)
)";

constexpr const char* description = R"(.SH DESCRIPTION
Larder stands between upstream package archives and the machines that install from them.
It serves only what a signed index vouches for, fetches each file once however many clients ask,
and goes on serving the last good state when an upstream breaks, lies or goes away.
.PP
A command talks to the running server over its admin socket; with none running it opens the store itself.
Both give the same result.
)";

}  // namespace

std::string roff(const std::string& text) {
    std::string out;
    bool start = true;
    for (const char c : text) {
        if (start && (c == '.' || c == '\'')) out += "\\&";
        if (c == '\\')
            out += "\\e";
        else if (c == '-')
            out += "\\-";
        else
            out += c;
        start = c == '\n';
    }
    return out;
}

std::string man_page(const CLI::App& app, const std::string& version) {
    std::string out = ".TH LARDER 8 \"\" \"Larder " + roff(version) + "\" \"System administration\"\n";
    out += ".SH NAME\nlarder \\- verifying mirror and cache of Debian package archives\n";
    out += ".SH SYNOPSIS\n\\fBlarder\\fR [\\fIoptions\\fR] \\fIcommand\\fR ...\n";
    out += description;
    out += ".SH OPTIONS\nThese can stand before or behind a command.\n";
    write_options(out, app, "");
    out += ".SH COMMANDS\n";
    for (const auto* command : commands_of(app)) write_command(out, *command, "larder");
    out += ".SH CONFIGURATION\nThe configuration is one TOML file. Sizes are written \"50 GiB\", durations \"30s\".\n";
    write_settings(out);
    return out + exit_status + files;
}

}  // namespace larder::cli
