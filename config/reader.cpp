#include "files.hpp"
#include "format.hpp"
#include "suggest.hpp"
#include "whole.hpp"
#include <algorithm>
#include <larder/base/file.hpp>
#include <larder/base/text.hpp>
#include <larder/base/units.hpp>
#include <larder/config/load.hpp>
#include <toml++/toml.h>

namespace larder::config {
namespace {

unsigned line_of(const toml::node& n) { return n.source().begin.line; }

/// What stands in the file where something else should, for people.
std::string described(const toml::node& n) {
    if (const auto* v = n.as_integer()) return std::to_string(v->get());
    if (const auto* v = n.as_string()) return quote(printable(v->get(), 80));
    if (const auto* v = n.as_boolean()) return v->get() ? "true" : "false";
    if (n.is_table()) return "a table";
    if (n.is_array()) return "a list";
    if (n.is_floating_point()) return "a number with a fraction";
    return "a date or time";
}

/// The name of a thing of the file in messages: not longer than a line, nothing that moves a cursor.
std::string shown(std::string_view key) { return printable(key, 60); }

class reader {
public:
    reader(std::string_view file, file_check files) : found_{file}, files_{files} {}

    result<core::options> read(std::string_view text, std::string_view file) {
        try {
            // TOML++ keeps `file` as the name in its positions; ours go through `found_`.
            const toml::table top = toml::parse(text, file);
            read_top(top);
        } catch (const toml::parse_error& e) {
            found_.add(e.source().begin.line, "", "broken TOML: " + printable(e.description()));
        }
        if (!found_.none()) return found_.all();
        return std::move(options_);
    }

private:
    void read_top(const toml::table& top) {
        for (auto&& [key, node] : top) {
            bool known = false;
            for_each_section([&, k = key.str(), &n = node](const auto& s) {
                if (k != s.name) return;
                known = true;
                read_section(s, n);
            });
            if (!known) unknown_section(key);
        }
        check_whole(options_, found_);
    }

    template <class S>
    void read_section(const section<S>& s, const toml::node& node) {
        if (s.one) {
            if (const auto* table = node.as_table())
                read_settings(s, *table, std::string{s.name}, options_.*s.one);
            else
                found_.add(line_of(node), std::string{s.name}, "is written as a table: " + header(s));
            return;
        }
        const auto* array = node.as_array();
        if (!array || !std::all_of(array->begin(), array->end(), [](const toml::node& n) { return n.is_table(); })) {
            found_.add(line_of(node), std::string{s.name},
                       "is written in double brackets, once for each: " + header(s));
            return;
        }
        auto& all = options_.*s.many;
        for (const auto& entry : *array) {
            const auto where = std::string{s.name} + "[" + std::to_string(all.size()) + "]";
            found_.stands_at(where, line_of(entry));
            read_settings(s, *entry.as_table(), where, all.emplace_back());
        }
    }

    template <class S>
    void read_settings(const section<S>& sec, const toml::table& table, const std::string& where, S& out) {
        for (auto&& [key, node] : table) {
            const auto k = key.str();
            const auto s = std::find_if(sec.settings.begin(), sec.settings.end(),
                                        [k](const auto& candidate) { return candidate.key == k; });
            if (s == sec.settings.end()) {
                unknown_setting(sec, key);
                continue;
            }
            name_ = std::string{sec.name} + "." + std::string{s->key};
            place_ = where + "." + std::string{s->key};
            found_.stands_at(place_, key.source().begin.line);
            std::visit([&, &n = node](auto m) { take(n, *s, out.*m); }, s->where);
        }
        for (const auto& s : sec.settings)
            if (s.needed == need::required && !table.contains(s.key))
                found_.add(line_of(table), std::string{sec.name} + "." + std::string{s.key},
                           "is missing; every " + header(sec) + " needs it, for example " + std::string{s.key} + " = " +
                               std::string{s.example});
    }

    // One `take` a type of value. `name_` and `place_` say which setting it is.

    template <class S>
    void take(const toml::node& n, const setting<S>&, bool& out) {
        if (const auto* v = n.as_boolean())
            out = v->get();
        else
            wrong(n, "must be true or false (without quotes), not " + described(n));
    }

    template <class S>
    void take(const toml::node& n, const setting<S>& s, unsigned& out) {
        const auto* v = n.as_integer();
        if (!v)
            wrong(n, "must be a whole number (without quotes), not " + described(n));
        else if (in_range(n, s, v->get()))
            out = static_cast<unsigned>(v->get());
    }

    template <class S>
    void take(const toml::node& n, const setting<S>& s, std::uint64_t& out) {
        std::int64_t bytes = 0;
        if (const auto* v = n.as_integer()) {
            bytes = v->get();
        } else if (const auto* text = n.as_string()) {
            const auto parsed = parse_size(text->get());
            if (!parsed) return wrong(n, printable(parsed.error().detail()));
            bytes = static_cast<std::int64_t>(*parsed);
        } else {
            return wrong(n, "must be a size such as \"64 MiB\", not " + described(n));
        }
        if (in_range(n, s, bytes)) out = static_cast<std::uint64_t>(bytes);
    }

    template <class S>
    void take(const toml::node& n, const setting<S>& s, core::milliseconds& out) {
        const auto* zero = n.as_integer();
        const auto* text = n.as_string();
        if (!text && !(zero && zero->get() == 0))
            return wrong(n, "must be a duration with its unit, such as \"30s\" or \"5 min\", not " + described(n));
        const auto parsed = text ? parse_duration(text->get()) : core::milliseconds{0};
        if (!parsed) return wrong(n, printable(parsed.error().detail()));
        if (in_range(n, s, parsed->count())) out = *parsed;
    }

    template <class S>
    void take(const toml::node& n, const setting<S>& s, std::string& out) {
        if (const auto* text = n.as_string()) {
            // Empty is "not set" where that is the default.
            if (text->get().empty() && out.empty() && s.needed == need::optional) return;
            judge(n, s, text->get(), out);
        } else {
            wrong(n, "must be a string in quotes, not " + described(n));
        }
    }

    template <class S>
    void take(const toml::node& n, const setting<S>& s, std::vector<std::string>& out) {
        out.clear();
        if (n.is_string()) {  // one entry may stand without its brackets
            take_entry(n, s, out);
        } else if (const auto* list = n.as_array()) {
            for (const auto& entry : *list) take_entry(entry, s, out);
        } else {
            return wrong(n, "must be a list of strings, not " + described(n));
        }
        if (out.empty() && s.needed == need::required && (!n.is_array() || n.as_array()->empty()))
            wrong(n, "must not be empty; write one like " + std::string{s.example});
    }

    template <class S>
    void take_entry(const toml::node& n, const setting<S>& s, std::vector<std::string>& out) {
        const auto* text = n.as_string();
        if (!text) return wrong(n, "every entry must be a string in quotes, not " + described(n));
        std::string value;
        if (!judge(n, s, text->get(), value)) return;
        const bool free_port = s.judge && value.ends_with(":0");  // two sockets with a free port each are two
        if (!free_port && std::find(out.begin(), out.end(), value) != out.end())
            return wrong(n, "'" + printable(value) + "' is there twice");
        found_.stands_at(place_ + "[" + std::to_string(out.size()) + "]", line_of(n));
        out.push_back(std::move(value));
    }

    template <class S>
    bool judge(const toml::node& n, const setting<S>& s, const std::string& text, std::string& out) {
        auto value = s.judge ? s.judge(text) : result<std::string>{text};
        if (!value) {
            wrong(n, value.error().detail());
            return false;
        }
        if (const auto fault = fault_of(s.file, *value)) wrong(n, *fault);
        out = std::move(*value);
        return true;
    }

    std::optional<std::string> fault_of(names_file file, const std::string& path) const {
        if (files_ == file_check::off) return std::nullopt;
        switch (file) {
            case names_file::no: return std::nullopt;
            case names_file::yes: return fault_of_file(path);
            case names_file::certificates: return fault_of_certificates(path);
            case names_file::store: return fault_of_store(path);
            case names_file::for_tls: return files_ == file_check::on ? fault_of_file(path) : std::nullopt;
        }
        return std::nullopt;
    }

    template <class S>
    bool in_range(const toml::node& n, const setting<S>& s, std::int64_t value) {
        if (value >= 0 && static_cast<std::uint64_t>(value) >= s.least && static_cast<std::uint64_t>(value) <= s.most)
            return true;
        const auto range = range_text(s);
        wrong(n, "must be " + (range.empty() ? "0 or more" : range) + ", not " + described(n));
        return false;
    }

    void wrong(const toml::node& n, std::string what) {
        const auto line = line_of(n);
        found_.add(line != 0 ? line : found_.line_of(place_), name_, std::move(what));
    }

    void unknown_section(const toml::key& key) {
        std::vector<std::string> names;
        std::string home;  // a setting that stands before any table is a usual slip
        for_each_section([&](const auto& s) {
            names.emplace_back(s.name);
            for (const auto& candidate : s.settings)
                if (candidate.key == key.str() && home.empty()) home = header(s);
        });
        std::string what = "unknown table or setting";
        if (!home.empty())
            what += "; it belongs under " + home;
        else if (const auto near = nearest(key.str(), names); !near.empty())
            what += "; did you mean '" + near + "'?";
        else
            what += "; the tables are [server], [log], [store], [upstream], [[archive]], [[token]] and [[peer]]";
        found_.add(key.source().begin.line, shown(key.str()), what);
    }

    template <class S>
    void unknown_setting(const section<S>& sec, const toml::key& key) {
        std::vector<std::string> names;
        for (const auto& s : sec.settings) names.emplace_back(s.key);
        std::string what = "unknown setting";
        std::string home;
        for_each_section([&](const auto& other) {
            for (const auto& s : other.settings)
                if (s.key == key.str() && home.empty()) home = header(other);
        });
        if (!home.empty())
            what += "; it belongs under " + home;
        else if (const auto near = nearest(key.str(), names); !near.empty())
            what += "; did you mean '" + near + "'?";
        found_.add(key.source().begin.line, std::string{sec.name} + "." + shown(key.str()), what);
    }

    problems found_;
    file_check files_;
    core::options options_;
    std::string name_;   ///< "archive.keyring", for people
    std::string place_;  ///< "archive[1].keyring", for line_of
};

}  // namespace

result<core::options> parse(std::string_view text, std::string_view file_name, file_check files) {
    reader r{file_name, files};
    return r.read(text, file_name);
}

result<core::options> load(const std::string& path, file_check files) {
    static constexpr std::uint64_t limit = 16ULL << 20;
    const auto text = read_file(path, limit);
    if (text) return parse(*text, path, files);
    if (text.error().code() == errc::absent)
        return error{errc::bad_config, path +
                                           ": no such configuration file; write one with larder init, or name "
                                           "another with --config"};
    return error{errc::bad_config, path + ": cannot be read: " + text.error().detail()};
}

}  // namespace larder::config
