#include "man_page.hpp"
#include <CLI/CLI.hpp>

namespace larder::cli {
namespace {

std::vector<const CLI::App*> commands_of(const CLI::App& app) {
    return app.get_subcommands([](const CLI::App* sub) { return !sub->get_group().empty(); });
}

void add_word(std::string& words, const std::string& word) { words += (words.empty() ? "" : " ") + word; }

/// What may follow a command: its commands, and its options with those of the program.
std::string words_of(const CLI::App& command, const CLI::App& app) {
    std::string words;
    for (const auto* sub : commands_of(command)) add_word(words, sub->get_name());
    for (const auto* from : {&command, &app}) {
        for (const auto* option : from->get_options())
            for (const auto& name : option->get_lnames())
                if (from == &command || (&command != &app && name != "help" && name != "version"))
                    add_word(words, "--" + name);
    }
    return words;
}

/// "{read,upload}" as CLI11 writes fixed choices -> "read upload".
std::string choices_of(const CLI::Option& option) {
    const auto type = option.get_type_name();
    const auto open = type.find('{');
    const auto close = type.find('}');
    if (open == std::string::npos || close == std::string::npos) return {};
    auto inner = type.substr(open + 1, close - open - 1);
    for (auto& c : inner)
        if (c == ',') c = ' ';
    return inner;
}

/// How the value of an option is completed; empty for one that takes none.
std::string value_of(const CLI::Option& option) {
    if (option.get_items_expected_max() == 0) return {};
    if (const auto choices = choices_of(option); !choices.empty())
        return "mapfile -t COMPREPLY < <(compgen -W '" + choices + "' -- \"$cur\")";
    const auto type = option.get_type_name();
    if (type.starts_with("DIR")) return "mapfile -t COMPREPLY < <(compgen -d -- \"$cur\")";
    if (type.starts_with("FILE") || type == "TEXT") return "mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")";
    return "COMPREPLY=()";
}

void write_values(std::string& out, const CLI::App& command) {
    for (const auto* option : command.get_options()) {
        const auto how = value_of(*option);
        if (how.empty() || option->get_positional()) continue;
        std::string names;
        for (const auto& name : option->get_lnames()) names += (names.empty() ? "--" : "|--") + name;
        if (!names.empty()) out += "        " + names + ") " + how + "; return ;;\n";
    }
}

void for_all(const CLI::App& app, const std::string& path,
             const std::function<void(const CLI::App&, const std::string&)>& f) {
    f(app, path);
    for (const auto* sub : commands_of(app)) for_all(*sub, path + (path.empty() ? "" : " ") + sub->get_name(), f);
}

bool wants(const CLI::App& command, const std::string& type) {
    for (const auto* option : command.get_options())
        if (option->get_positional() && option->get_type_name() == type) return true;
    return false;
}

}  // namespace

std::string bash_completion(const CLI::App& app) {
    std::string words, values, names;
    for_all(app, "", [&](const CLI::App& command, const std::string& path) {
        words += "        '" + path + "') words='" + words_of(command, app) + "' ;;\n";
        write_values(values, command);
        if (wants(command, "DIR"))
            names += "        '" + path + "') mapfile -t COMPREPLY < <(compgen -d -- \"$cur\"); return ;;\n";
    });
    std::string out =
        "# bash completion for larder(8); made by the program itself (larder completion bash).\n_larder() {\n";
    out += "    local cur=${COMP_WORDS[COMP_CWORD]} prev='' path='' words='' known='' word i\n";
    out += "    ((COMP_CWORD > 0)) && prev=${COMP_WORDS[COMP_CWORD-1]}\n";
    out += "    COMPREPLY=()\n    case $prev in\n" + values + "    esac\n";
    out += "    known='";
    for_all(app, "", [&](const CLI::App&, const std::string& path) {
        if (!path.empty()) out += "|" + path;
    });
    out += "|'\n";
    // The words so far that are commands, however many options stand between them.
    out +=
        "    for ((i = 1; i < COMP_CWORD; i++)); do\n        word=${COMP_WORDS[i]}\n        [[ $known == "
        "*\"|${path:+$path }$word|\"* ]] && path=${path:+$path }$word\n    done\n";
    out += "    case $path in\n" + words + "    esac\n";
    out += "    if [[ $cur != -* ]]; then\n        case $path in\n" + names;
    out += "        'archive update'|'archive fetch'|'archive remove')\n";
    out +=
        "            words=$(larder archive list 2>/dev/null | tail -n +2 | cut -d' ' -f1) ;;\n        esac\n    fi\n";
    out += "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n}\ncomplete -F _larder larder\n";
    return out;
}

}  // namespace larder::cli
