#include <array>
#include <larder/base/number.hpp>
#include <larder/base/text.hpp>
#include <larder/store/fetches.hpp>

namespace larder::store {
namespace {

constexpr std::array<std::pair<arrival, std::string_view>, 5> arrivals{{{arrival::fetched, "fetched"},
                                                                        {arrival::repaired, "repaired"},
                                                                        {arrival::imported, "imported"},
                                                                        {arrival::bundled, "bundle"},
                                                                        {arrival::made, "made"}}};
constexpr std::size_t most_archive = 100;
constexpr std::size_t most_path = 1000;  // clean_path's own limit
constexpr std::size_t most_url = 600;

error odd(std::string_view field) {
    return {errc::malformed, "an entry of the fetch log: its " + printable(field, 40) + " cannot be read"};
}

result<void> take_object(fetch_entry& e, std::string_view value) {
    const auto parts = words(value);
    const auto size = parts.size() == 2 ? number_in(parts[1]) : std::nullopt;
    if (!size) return odd("Object");
    e.size = *size;
    LARDER_TRY(e.content, digest::from_hex(parts[0]));
    return {};
}

result<void> take_how(fetch_entry& e, std::string_view value) {
    for (const auto& [how, name] : arrivals) {
        if (name != value) continue;
        e.origin.how = how;
        return {};
    }
    return odd("How");
}

/// Fields that are not known are passed over: a later Larder may have more to say.
result<void> take_field(fetch_entry& e, std::string_view name, std::string_view value) {
    auto& from = e.origin;
    if (name == "Object") return take_object(e, value);
    if (name == "How") return take_how(e, value);
    if (name == "Number") {
        e.number = number_in(value).value_or(0);
    } else if (name == "Previous") {
        LARDER_TRY(e.previous, digest::from_hex(value));
    } else if (name == "When") {
        LARDER_TRY(from.when, parse_timestamp(value));
    } else if (name == "State") {
        LARDER_TRY(from.state, digest::from_hex(value));
    } else if (name == "Archive") {
        from.archive = value;
    } else if (name == "Path") {
        from.path = value;
    } else if (name == "From") {
        if (from.from.size() == fetch_entry::most_from) return odd(name);
        from.from.emplace_back(value);
    } else if (name == "Larder-Fetch" && value != "1") {
        return error{errc::unsupported,
                     "an entry of the fetch log of format " + printable(value, 20) + ": a newer Larder made it"};
    }
    return {};
}

}  // namespace

std::string_view to_string(arrival how) noexcept {
    for (const auto& [one, name] : arrivals)
        if (one == how) return name;
    return "";
}

std::string fetch_entry::write() const {
    std::string out = "Larder-Fetch: 1\nNumber: " + std::to_string(number) + "\n";
    // As read() gives it, or what was read would be written as another text, and so have another hash.
    const auto line = [&out](std::string_view name, std::string_view value, std::size_t limit) {
        const auto shown = printable(value, limit);
        const auto text = trim(shown);
        if (!text.empty()) ((out += name) += text) += '\n';
    };
    if (previous) line("Previous: ", previous->hex(), 64);
    line("When: ", format_timestamp(origin.when), 64);
    line("How: ", to_string(origin.how), 20);
    line("Object: ", content.hex() + " " + std::to_string(size), 100);
    line("Archive: ", origin.archive, most_archive);
    line("Path: ", origin.path, most_path);
    const auto skip = origin.from.size() > most_from ? origin.from.size() - most_from : 0;
    for (std::size_t i = skip; i < origin.from.size(); ++i) line("From: ", origin.from[i], most_url);
    if (origin.state) line("State: ", origin.state->hex(), 64);
    return out;
}

result<fetch_entry> fetch_entry::read(std::string_view text) {
    if (text.size() > most_bytes) return error{errc::too_large, "an entry of the fetch log is over 4 KiB"};
    fetch_entry e;
    bool told_format = false, told_object = false;
    for (const auto line : split(text, '\n')) {
        if (line.empty()) continue;
        const auto colon = line.find(':');
        if (colon == std::string_view::npos)
            return error{errc::malformed, "an entry of the fetch log: a line without a colon"};
        const auto name = line.substr(0, colon);
        LARDER_CHECK(take_field(e, name, trim(line.substr(colon + 1))));
        told_format = told_format || name == "Larder-Fetch";
        told_object = told_object || name == "Object";
    }
    if (e.number == 0 || !told_format || !told_object)
        return error{errc::malformed, "an entry of the fetch log lacks a field"};
    return e;
}

}  // namespace larder::store
