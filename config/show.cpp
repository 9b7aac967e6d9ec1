#include "format.hpp"
#include <larder/config/load.hpp>

namespace larder::config {
namespace {

template <class S>
void toml_table(std::string& out, const section<S>& sec, const S& values) {
    out += (out.empty() ? "" : "\n") + header(sec) + "\n";
    for (const auto& s : sec.settings) out += std::string{s.key} + " = " + value_text(s, values) + "\n";
}

template <class S>
std::string json_table(const section<S>& sec, const S& values) {
    std::string out;
    for (const auto& s : sec.settings) out += (out.empty() ? "{" : ", ") + quote(s.key) + ": " + value_text(s, values);
    return out + "}";
}

}  // namespace

std::string show(const core::options& o) {
    std::string out;
    for_each_section([&](const auto& sec) {
        if (sec.one) return toml_table(out, sec, o.*sec.one);
        for (const auto& entry : o.*sec.many) toml_table(out, sec, entry);
    });
    return out;
}

std::string show_json(const core::options& o) {
    std::string out;
    for_each_section([&](const auto& sec) {
        out += (out.empty() ? "{\n  " : ",\n  ") + quote(sec.name) + ": ";
        if (sec.one) {
            out += json_table(sec, o.*sec.one);
            return;
        }
        std::string list;
        for (const auto& entry : o.*sec.many) list += (list.empty() ? "\n    " : ",\n    ") + json_table(sec, entry);
        out += "[" + list + (list.empty() ? "]" : "\n  ]");
    });
    return out + "\n}\n";
}

std::vector<std::string> needs_restart(const core::options& running, const core::options& next) {
    std::vector<std::string> changed;
    for_each_section([&](const auto& sec) {
        if (!sec.one) return;  // what comes in any number is all read anew
        for (const auto& s : sec.settings)
            if (s.when == applied::at_restart && value_text(s, running.*sec.one) != value_text(s, next.*sec.one))
                changed.push_back(std::string{sec.name} + "." + std::string{s.key});
    });
    return changed;
}

}  // namespace larder::config
