#include "pockets/export/export_record.hpp"
#include <larder/base/number.hpp>
#include <larder/base/text.hpp>
#include <vector>

namespace larder::net::publishing {
namespace {

constexpr std::string_view first_line = "larder-export 1", kind = "larder-export ";
constexpr std::size_t most_files = 10'000'000;

using parts = std::vector<std::string_view>;

std::optional<sys_seconds> moment(std::string_view word) {
    const auto when = parse_timestamp(word);
    if (!when) return {};
    return *when;
}

/// suite NUMBER STATE DATE FORMER FORMER-STATE NAME
bool take_suite(export_record& into, const parts& line) {
    if (line.size() != 7) return false;
    const auto number = number_in(line[1]), former = number_in(line[4]);
    const auto state = digest::from_hex(line[2]);
    const auto date = moment(line[3]);
    if (!number || !former || !state || !date) return false;
    export_record::suite one{*number, *state, *date, *former, {}};
    if (line[5] != "-") {
        const auto before = digest::from_hex(line[5]);
        if (!before) return false;
        one.former_state = *before;
    }
    return into.suites.emplace(std::string{line[6]}, one).second;
}

/// file SHA256 SIZE STAMP UNUSED PATH
bool take_file(export_record& into, const parts& line) {
    if (line.size() != 6) return false;
    const auto content = digest::from_hex(line[1]);
    const auto size = number_in(line[2]);
    // A path that climbs would lead a later export to files that are none of its own.
    const auto path = clean_path(line[5]);
    if (!content || !size || !path || *path != line[5] || path->empty()) return false;
    export_record::file one{*content, *size, line[3] == "-" ? std::string{} : std::string{line[3]}, {}};
    if (line[4] != "-") {
        one.unused = moment(line[4]);
        if (!one.unused) return false;
    }
    return into.files.emplace(*path, std::move(one)).second;
}

bool take_line(export_record& into, std::string_view line) {
    const auto all = split(line, ' ');
    if (all[0] == "archive" && all.size() == 2) {
        into.archive = std::string{all[1]};
        return true;
    }
    if (all[0] == "suite") return take_suite(into, all);
    return all[0] == "file" && take_file(into, all);
}

}  // namespace

std::string export_record::write() const {
    std::string text{first_line};
    text += "\narchive " + archive + "\n";
    for (const auto& [name, one] : suites)
        text += "suite " + std::to_string(one.publication) + " " + one.state.hex() + " " + format_timestamp(one.date) +
                " " + std::to_string(one.former) + " " + (one.former_state ? one.former_state->hex() : "-") + " " +
                name + "\n";
    for (const auto& [path, one] : files)
        text += "file " + one.content.hex() + " " + std::to_string(one.size) + " " +
                (one.stamp.empty() ? "-" : one.stamp) + " " + (one.unused ? format_timestamp(*one.unused) : "-") + " " +
                path + "\n";
    return text;
}

result<export_record> export_record::read(std::string_view text) {
    export_record record;
    std::size_t number = 0;
    while (!text.empty()) {
        const auto end = text.find('\n');
        const auto line = text.substr(0, end);
        ++number;
        if (number == 1 && line != first_line) {
            if (line.starts_with(kind)) return error{errc::unsupported, "the record of an export is of a newer Larder"};
            return error{errc::malformed, "it is no record of an export"};
        }
        if (end == std::string_view::npos || (number > 1 && !take_line(record, line)))
            return error{errc::malformed, "the record of an export: line " + std::to_string(number) + " is none"};
        if (record.files.size() > most_files) return error{errc::too_large, "the record of an export is too long"};
        text.remove_prefix(end + 1);
    }
    if (record.archive.empty()) return error{errc::malformed, "the record of an export names no archive"};
    return record;
}

}  // namespace larder::net::publishing
