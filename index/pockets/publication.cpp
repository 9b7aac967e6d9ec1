#include "text_fields.hpp"
#include <array>
#include <larder/base/number.hpp>
#include <larder/base/text.hpp>
#include <larder/pockets/publication.hpp>
#include <utility>

namespace larder::pockets {
namespace {

constexpr std::string_view format = "Larder-Publication", format_number = "1";

constexpr std::array<std::pair<step, std::string_view>, 9> step_names{{{step::create, "create"},
                                                                       {step::include, "include"},
                                                                       {step::remove, "remove"},
                                                                       {step::promote, "promote"},
                                                                       {step::rollback, "rollback"},
                                                                       {step::refresh, "refresh"},
                                                                       {step::change, "change"},
                                                                       {step::pull, "pull"},
                                                                       {step::keyring, "keyring"}}};

error odd(std::string_view field) {
    return {errc::malformed, "a publication: its " + std::string{field} + " cannot be read"};
}

result<std::uint64_t> number_of(std::string_view field, std::string_view text) {
    const auto value = number_in(text);
    if (!value) return odd(field);
    return *value;
}

/// "promote cloud-archive/bookworm-folsom-proposed 7", "rollback 3", "include"
result<void> read_step(publication& p, std::string_view text) {
    const auto parts = words(text);
    const step* found = nullptr;
    for (const auto& [one, name] : step_names)
        if (!parts.empty() && parts[0] == name) found = &one;
    if (found == nullptr || parts.size() > 3) return odd("Step");
    p.how = *found;
    if (parts.size() == 3) p.from = parts[1];
    if (parts.size() > 1) {
        LARDER_TRY(p.origin, number_of("Step", parts.back()));
    }
    return {};
}

result<void> read_index(publication& p, std::string_view text) {
    const auto parts = words(text);
    if (parts.size() != 3) return odd("Index");
    kept_index one;
    one.path = parts[0];
    LARDER_TRY(one.content, digest::from_hex(parts[1]));
    LARDER_TRY(one.object, digest::from_hex(parts[2]));
    p.indices.push_back(std::move(one));
    return {};
}

/// "3 added, 1 removed, 2 changed"
result<void> read_counts(publication& p, std::string_view text) {
    const auto parts = words(text);
    if (parts.size() != 6) return odd("Packages");
    LARDER_TRY(p.added, number_of("Packages", parts[0]));
    LARDER_TRY(p.removed, number_of("Packages", parts[2]));
    LARDER_TRY(p.changed, number_of("Packages", parts[4]));
    return {};
}

/// "4 packages SHA256"
result<void> read_taken_count(publication& p, std::string_view text) {
    const auto parts = words(text);
    if (parts.size() != 3) return odd("Taken");
    LARDER_TRY(p.taken_count, number_of("Taken", parts[0]));
    LARDER_TRY(p.taken_text, digest::from_hex(parts[2]));
    return {};
}

result<void> take_field(publication& p, std::string_view name, std::string_view value) {
    if (name == "Pocket") {
        p.pocket = value;
    } else if (name == "By") {
        p.by = value;
    } else if (name == "Reason") {
        p.reason = value;
    } else if (name == "Overridden") {
        p.overridden = value;
    } else if (name == "Finding") {
        p.findings.emplace_back(value);
    } else if (name == "Taken") {
        return read_taken_count(p, value);
    } else if (name == "Number") {
        LARDER_TRY(p.number, number_of(name, value));
    } else if (name == "Parent") {
        LARDER_TRY(p.parent, digest::from_hex(value));
    } else if (name == "Made") {
        LARDER_TRY(p.made, parse_timestamp(value));
    } else if (name == "Snapshot") {
        LARDER_TRY(p.snapshot, digest::from_hex(value));
    } else if (name == "Step") {
        return read_step(p, value);
    } else if (name == "Index") {
        return read_index(p, value);
    } else if (name == "Packages") {
        return read_counts(p, value);
    }
    return {};
}

}  // namespace

std::string_view to_string(step how) noexcept {
    for (const auto& [one, name] : step_names)
        if (one == how) return name;
    return {};
}

std::string write_taken(const std::vector<taken_package>& all) {
    constexpr std::size_t most_why = 2000;
    std::string text;
    for (const auto& one : all) {
        text += one.name + " " + one.version + " " + one.architecture + " " + one.from;
        if (!one.why.empty()) text += " " + printable(one.why, most_why);
        text += "\n";
    }
    return text;
}

result<std::vector<taken_package>> read_taken(std::string_view text) {
    std::vector<taken_package> all;
    for (auto line : split(text, '\n')) {
        if (line.empty()) continue;
        taken_package one;
        for (auto* const part : {&one.name, &one.version, &one.architecture, &one.from}) {
            const auto blank = line.find(' ');
            *part = line.substr(0, blank);
            line = blank == std::string_view::npos ? std::string_view{} : line.substr(blank + 1);
            if (part->empty()) return odd("list of taken packages");
        }
        one.why = line;
        all.push_back(std::move(one));
    }
    return all;
}

void publication::set_taken(std::vector<taken_package> all) {
    taken_count = all.size();
    taken_text = sha256(write_taken(all));
    taken = std::move(all);
}

std::string publication::write() const {
    field_writer out{format, format_number};
    out.add("Pocket", pocket);
    out.add("Number", std::to_string(number));
    if (parent) out.add("Parent", parent->hex());
    out.add("Made", format_timestamp(made));
    std::string how_text{to_string(how)};
    if (!from.empty()) how_text += " " + from;
    if (origin != 0 || !from.empty()) how_text += " " + std::to_string(origin);
    out.add("Step", how_text);
    out.add("By", by);
    out.add("Reason", reason);
    for (const auto& one : findings) out.add("Finding", one);
    if (taken_count != 0) out.add("Taken", std::to_string(taken_count) + " packages " + taken_text.hex());
    out.add("Overridden", overridden);
    out.add("Snapshot", snapshot.hex());
    for (const auto& one : indices) out.add("Index", one.path + " " + one.content.hex() + " " + one.object.hex());
    out.add("Packages", std::to_string(added) + " added, " + std::to_string(removed) + " removed, " +
                            std::to_string(changed) + " changed");
    return out.take();
}

result<publication> publication::read(std::string_view text) {
    publication p;
    LARDER_CHECK(
        read_fields(text, format, format_number, "a publication",
                    [&](std::string_view name, std::string_view value) { return take_field(p, name, value); }));
    if (p.pocket.empty() || p.number == 0) return error{errc::malformed, "a publication lacks a field"};
    return p;
}

}  // namespace larder::pockets
