#include "commands.hpp"
#include "work.hpp"
#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <iostream>
#include <larder/base/text.hpp>

namespace larder::cli {
namespace {

namespace json = boost::json;

/// "  came     " and what follows; the name stands before the first line of its kind only.
class paragraph {
public:
    explicit paragraph(std::string_view name) : name_{name} {}
    void line(const std::string& text) {
        std::cout << "  " << name_ << std::string(11 - name_.size(), ' ') << printable(text, 2000) << "\n";
        name_ = {};
    }

private:
    std::string_view name_;
};

std::string texts_in(const json::object& of, std::string_view name, std::string_view between) {
    std::string out;
    for (const auto& one : list_in(of, name)) {
        if (!out.empty()) out += between;
        out += std::string_view{one.as_string()};
    }
    return out;
}

/// "1-3, 7"
std::string ranges_in(const json::array& numbers) {
    std::string out;
    for (std::size_t i = 0; i < numbers.size();) {
        auto end = i + 1;
        const auto first = numbers[i].to_number<std::uint64_t>();
        while (end < numbers.size() && numbers[end].to_number<std::uint64_t>() == first + (end - i)) ++end;
        out += (out.empty() ? "" : ", ") + std::to_string(first);
        if (end - i > 1) out += "-" + std::to_string(first + (end - i) - 1);
        i = end;
    }
    return out;
}

std::string title_of(const json::object& o) {
    const auto package = text_in(o, "package");
    if (!package.empty()) return package + " " + text_in(o, "version") + " " + text_in(o, "architecture");
    const auto path = text_in(o, "path");
    return path.empty() ? text_in(o, "sha256") : path;
}

std::string condition_of(const json::object& o) {
    if (!is_set(o, "here")) return "not here";
    return is_set(o, "whole") ? "here and whole" : "here, and damaged: larder doctor repairs it";
}

void show_entries(const json::object& o, const std::string& began) {
    paragraph came{"came"};
    for (const auto& one : list_in(o, "entries")) {
        const auto& e = one.as_object();
        const auto how = text_in(e, "how");
        came.line(moment_in(e, "when") + "  " + how + " (entry " + std::to_string(number_in(e, "number")) + ")" +
                  (list_in(e, "from").empty() ? "" : (how == "made" ? ", " : " from ") + texts_in(e, "from", ", ")));
    }
    if (!list_in(o, "entries").empty()) return;
    if (!is_set(o, "here"))
        came.line("never, as far as the fetch log goes");
    else if (began == "-")
        came.line("before the fetch log began");
    else
        came.line("not in the fetch log, which began on " + began);
}

void show_states(const json::object& o) {
    paragraph named{"named by"};
    for (const auto& one : list_in(o, "states")) {
        const auto& s = one.as_object();
        const auto by = text_in(s, "by");
        named.line(text_in(s, "archive") + "/" + text_in(s, "suite") + " of " + moment_in(s, "date") +
                   (is_set(s, "current") ? " (now)" : "") + ", snapshot " + text_in(s, "snapshot").substr(0, 12) +
                   (by.empty() ? "" : ", " + by) + (is_set(s, "shown") ? "; shown in place of upstream's" : ""));
        for (const auto& key : list_in(s, "signers")) {
            const auto& signer = key.as_object();
            const auto user = text_in(signer, "user_id");
            named.line("  signed by " + text_in(signer, "fingerprint") + (user.empty() ? "" : " " + user));
        }
    }
}

void show_deployments(const json::object& o) {
    paragraph held{"held by"};
    paragraph named{"pinned by"};
    for (const auto& one : list_in(o, "deployments")) {
        const auto& d = one.as_object();
        const auto& numbers = list_in(d, "generations");
        const auto generations = ranges_in(numbers);
        const auto who = text_in(d, "name") +
                         (numbers.empty()       ? ""
                          : numbers.size() == 1 ? ", generation "
                                                : ", generations ") +
                         generations + (is_set(d, "removed") ? " (removed)" : "");
        if (is_set(d, "held"))
            held.line(who + ": " + texts_in(d, "how", "; "));
        else
            named.line(who + ": its states name it, and it does not hold it");
    }
}

void show(const json::object& o, const std::string& began) {
    std::cout << printable(title_of(o), 500) << "\n";
    const auto* size = o.if_contains("size");
    paragraph{"SHA-256"}.line(text_in(o, "sha256"));
    paragraph{"bytes"}.line(
        (size == nullptr || size->is_null() ? std::string{"unknown"} : std::to_string(number_in(o, "size"))) + ", " +
        condition_of(o));
    if (!text_in(o, "path").empty()) paragraph{"file"}.line(text_in(o, "archive") + " " + text_in(o, "path"));
    show_entries(o, began);
    show_states(o);
    show_deployments(o);
    if (!list_in(o, "refs").empty()) paragraph{"refs"}.line(texts_in(o, "refs", ", "));
}

int run_why(const common_options& common, const std::string& what) {
    const auto config = load_options(common);
    if (!config) return complain(config.error());
    const auto report = run(common, *config, job("why", {{"what", what}}));
    if (!report) return complain(report.error());
    const auto& objects = list_in(*report, "objects");
    if (common.json) {
        std::cout << json::serialize(*report) << "\n";
    } else {
        bool first = true;
        for (const auto& one : objects) {
            if (!first) std::cout << "\n";
            first = false;
            show(one.as_object(), moment_in(*report, "log_began"));
        }
        if (objects.empty()) std::cout << "Nothing is known of " << printable(what, 300) << " here.\n";
        if (is_set(*report, "more")) std::cout << "\nThere are more of this name: ask for a version.\n";
        for (const auto& one : list_in(*report, "unread"))
            std::cout << "Could not be looked at: " << printable(std::string_view{one.as_string()}, 500) << "\n";
    }
    return objects.empty() ? answer_is_no : done;
}

}  // namespace

void add_why(CLI::App& app, command_line& line) {
    auto* command = app.add_subcommand(
        "why",
        "Tell why something is here: where it came from, who signed for it, and who keeps it; exit 3 if unknown.");
    auto what = std::make_shared<std::string>();
    command
        ->add_option("what", *what, "A SHA-256, a package (NAME, NAME=VERSION, NAME=VERSION:ARCHITECTURE), or a path")
        ->type_name("WHAT")
        ->required();
    command->callback([&line, what] { line.exit = run_why(line.common, *what); });
}

}  // namespace larder::cli
