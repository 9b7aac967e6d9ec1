#include <algorithm>
#include <array>
#include <larder/base/number.hpp>
#include <larder/base/text.hpp>
#include <larder/deployments/generation.hpp>
#include <utility>

namespace larder::deployments {
namespace {

constexpr std::string_view format_field = "Larder-Generation";
constexpr std::string_view format_version = "1";

constexpr std::array<std::pair<hold_mode, std::string_view>, 3> hold_names{
    {{hold_mode::used, "used"}, {hold_mode::closure, "closure"}, {hold_mode::full, "full"}}};
constexpr std::array<std::pair<step, std::string_view>, 5> step_names{{{step::create, "create"},
                                                                       {step::first_use, "first-use"},
                                                                       {step::upgrade, "upgrade"},
                                                                       {step::rollback, "rollback"},
                                                                       {step::import, "import"}}};

template <class Names, class Value>
std::string_view name_of(const Names& names, Value value) noexcept {
    for (const auto& [one, name] : names)
        if (one == value) return name;
    return {};
}

template <class Value, std::size_t N>
std::optional<Value> value_of(const std::array<std::pair<Value, std::string_view>, N>& names,
                              std::string_view text) noexcept {
    for (const auto& [one, name] : names)
        if (name == text) return one;
    return {};
}

error odd(std::string_view field) {
    return {errc::malformed, "a generation's manifest: its " + std::string{field} + " cannot be read"};
}

result<std::uint64_t> read_number(std::string_view field, std::string_view text) {
    const auto value = number_in(text);
    if (!value) return odd(field);
    return *value;
}

/// "debian/bookworm HEX" or "debian/bookworm HEX HEX": what is pinned, and what is shown for it.
result<pin> read_pin(std::string_view text) {
    const auto parts = words(text);
    if (parts.size() < 2 || parts.size() > 3) return odd("Suite");
    pin made;
    const auto slash = parts[0].find('/');
    if (slash == 0 || slash == std::string_view::npos || slash + 1 == parts[0].size()) return odd("Suite");
    made.archive = parts[0].substr(0, slash);
    made.suite = parts[0].substr(slash + 1);
    LARDER_TRY(made.snapshot, digest::from_hex(parts[1]));
    if (parts.size() == 3) {
        LARDER_TRY(made.shown, digest::from_hex(parts[2]));
    }
    return made;
}

bool is_of(const pin& one, std::string_view suite_name) {
    const auto slash = suite_name.find('/');
    return slash != std::string_view::npos && one.archive == suite_name.substr(0, slash) &&
           one.suite == suite_name.substr(slash + 1);
}

/// The suite that a line is of stands before it.
result<pin*> pin_of(generation& g, std::string_view field, std::string_view suite_name) {
    if (g.pins.empty() || !is_of(g.pins.back(), suite_name)) return odd(field);
    return &g.pins.back();
}

/// "debian/bookworm HEX"
result<void> read_overlay(generation& g, std::string_view text) {
    const auto parts = words(text);
    if (parts.size() != 2) return odd("Overlay");
    LARDER_TRY(auto* const of, pin_of(g, "Overlay", parts[0]));
    LARDER_TRY(of->overlay, digest::from_hex(parts[1]));
    return {};
}

bool stands_before(const pick& a, const pick& b) {
    return std::tie(a.name, a.architecture) < std::tie(b.name, b.architecture);
}

/// "debian/bookworm hello amd64 2.10-4 HEX", or without the last two what is left out.
result<void> read_pick(generation& g, std::string_view text) {
    const auto parts = words(text);
    if (parts.size() != 3 && parts.size() != 5) return odd("Pick");
    LARDER_TRY(auto* const of, pin_of(g, "Pick", parts[0]));
    pick one{std::string{parts[1]}, std::string{parts[2]}, {}, {}};
    if (parts.size() == 5) {
        one.version = parts[3];
        LARDER_TRY(one.from, digest::from_hex(parts[4]));
    }
    if (!of->overlay || (!of->picks.empty() && !stands_before(of->picks.back(), one))) return odd("Pick");
    of->picks.push_back(std::move(one));
    return {};
}

/// "rollback 4"
result<void> read_step(generation& g, std::string_view text) {
    const auto parts = words(text);
    const auto how = parts.empty() ? std::nullopt : value_of(step_names, parts[0]);
    if (!how || parts.size() > 2) return odd("Step");
    g.how = *how;
    if (parts.size() == 2) {
        LARDER_TRY(g.origin, read_number("Step", parts[1]));
    }
    return {};
}

result<void> take_field(generation& g, std::string_view name, std::string_view value) {
    if (name == "Deployment")
        g.deployment = value;
    else if (name == "By")
        g.by = value;
    else if (name == "Reason")
        g.reason = value;
    else if (name == "Number") {
        LARDER_TRY(g.number, read_number(name, value));
    } else if (name == "Parent") {
        LARDER_TRY(g.parent, digest::from_hex(value));
    } else if (name == "Made") {
        LARDER_TRY(g.made, parse_timestamp(value));
    } else if (name == "Step") {
        LARDER_CHECK(read_step(g, value));
    } else if (name == "Architectures") {
        for (const auto word : words(value)) g.architectures.emplace_back(word);
    } else if (name == "Suite") {
        LARDER_TRY(auto one, read_pin(value));
        g.pins.push_back(std::move(one));
    } else if (name == "Overlay") {
        LARDER_CHECK(read_overlay(g, value));
    } else if (name == "Pick") {
        LARDER_CHECK(read_pick(g, value));
    } else if (name == format_field && value != format_version) {
        return error{errc::unsupported,
                     "a generation's manifest of format " + printable(value, 20) + ": a newer Larder made it"};
    }
    return {};
}

bool before(const pin& a, const pin& b) { return std::tie(a.archive, a.suite) < std::tie(b.archive, b.suite); }

}  // namespace

std::string_view to_string(hold_mode mode) noexcept { return name_of(hold_names, mode); }
std::optional<hold_mode> parse_hold_mode(std::string_view text) noexcept { return value_of(hold_names, text); }
std::string_view to_string(step how) noexcept { return name_of(step_names, how); }

const pin* generation::find(std::string_view archive, std::string_view suite) const noexcept {
    for (const auto& one : pins)
        if (one.archive == archive && one.suite == suite) return &one;
    return nullptr;
}

std::string generation::write() const {
    std::string out{format_field};
    const auto line = [&out](std::string_view name, std::string_view value) {
        ((out += name) += value.empty() ? ":" : ": ") += value;
        out += '\n';
    };
    ((out += ": ") += format_version) += '\n';
    line("Deployment", deployment);
    line("Number", std::to_string(number));
    if (parent) line("Parent", parent->hex());
    line("Made", format_timestamp(made));
    line("Step", std::string{to_string(how)} + (origin != 0 ? " " + std::to_string(origin) : std::string{}));
    line("By", trim(printable(by)));
    line("Reason", trim(printable(reason, 1000)));
    std::string all;
    for (const auto& one : architectures) all += (all.empty() ? "" : " ") + one;
    line("Architectures", all);
    for (const auto& one : pins) {
        const auto of = one.archive + "/" + one.suite + " ";
        line("Suite", of + one.snapshot.hex() + (one.shown ? " " + one.shown->hex() : std::string{}));
        if (one.overlay) line("Overlay", of + one.overlay->hex());
        for (const auto& p : one.picks)
            line("Pick", of + p.name + " " + p.architecture +
                             (p.version.empty() ? std::string{} : " " + p.version + " " + p.from.hex()));
    }
    return out;
}

result<generation> generation::read(std::string_view text) {
    generation g;
    g.number = 0;
    for (const auto line : split(text, '\n')) {
        if (line.empty()) continue;
        const auto colon = line.find(':');
        if (colon == std::string_view::npos)
            return error{errc::malformed, "a generation's manifest: a line without a colon"};
        LARDER_CHECK(take_field(g, line.substr(0, colon), trim(line.substr(colon + 1))));
    }
    if (g.deployment.empty() || g.number == 0) return error{errc::malformed, "a generation's manifest lacks a field"};
    if (!std::is_sorted(g.pins.begin(), g.pins.end(), before) ||
        std::adjacent_find(g.pins.begin(), g.pins.end(), [](const pin& a, const pin& b) { return !before(a, b); }) !=
            g.pins.end())
        return error{errc::malformed, "a generation's manifest: its suites are not sorted, or one stands twice"};
    return g;
}

std::vector<pin_change> changes(const generation& from, const generation& to) {
    std::vector<pin_change> all;
    for (const auto& one : to.pins) {
        const auto* was = from.find(one.archive, one.suite);
        if (was == nullptr)
            all.push_back({one.archive, one.suite, {}, one.listed()});
        else if (was->listed() != one.listed())
            all.push_back({one.archive, one.suite, was->listed(), one.listed()});
    }
    for (const auto& one : from.pins)
        if (to.find(one.archive, one.suite) == nullptr) all.push_back({one.archive, one.suite, one.listed(), {}});
    return all;
}

result<void> check_name(std::string_view name) {
    const auto fine = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
               c == '_';
    };
    if (name.empty() || name.size() > 100 || name.front() == '.' || !std::all_of(name.begin(), name.end(), fine))
        return error{errc::refused, "'" + printable(name, 110) +
                                        "' cannot be a deployment's name: letters, digits, '.', '-' and '_', at most "
                                        "100, and no dot in front"};
    return {};
}

}  // namespace larder::deployments
