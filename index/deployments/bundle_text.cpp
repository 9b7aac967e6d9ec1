#include <algorithm>
#include <larder/base/number.hpp>
#include <larder/base/text.hpp>
#include <larder/deployments/bundle.hpp>
#include <larder/deployments/unit_report.hpp>

namespace larder::deployments {
namespace {

constexpr std::string_view format_field = "Larder-Bundle";

error odd(std::string_view what) { return {errc::malformed, "a bundle's " + std::string{what} + " cannot be read"}; }

result<std::uint64_t> read_number(std::string_view field, std::string_view text) {
    const auto value = number_in(text);
    if (!value) return odd(field);
    return *value;
}

/// Of what an object's Last-Modified says, in seconds since 1970.
result<sys_seconds> read_moment(std::string_view text) {
    LARDER_TRY(const auto seconds, read_number("moment", text));
    constexpr std::uint64_t year_10000 = 253'402'300'800;
    if (seconds >= year_10000) return odd("moment");
    return sys_seconds{std::chrono::seconds{static_cast<std::int64_t>(seconds)}};
}

std::string text_of(sys_seconds moment) {
    return std::to_string(std::max<std::int64_t>(0, moment.time_since_epoch().count()));
}

result<void> take_field(bundle_head& head, std::string_view name, std::string_view value) {
    if (name == "Deployment") {
        LARDER_CHECK(check_name(value));
        head.deployment = value;
    } else if (name == "Generation") {
        LARDER_TRY(head.generation, read_number(name, value));
    } else if (name == "Hold") {
        const auto mode = parse_hold_mode(value);
        if (!mode) return odd(name);
        head.hold = *mode;
    } else if (name == "Token") {
        LARDER_TRY(const auto hash, digest::from_hex(value));
        head.token = hash.hex();
    } else if (name == "Made") {
        LARDER_TRY(head.made, parse_timestamp(value));
    } else if (name == "Archives") {
        for (const auto word : words(value)) head.archives.emplace_back(word);
    } else if (name == "On-First-Use") {
        for (const auto word : words(value)) head.on_first_use.emplace_back(word);
    } else if (name == "Objects") {
        LARDER_TRY(head.objects, read_number(name, value));
    } else if (name == "Bytes") {
        LARDER_TRY(head.bytes, read_number(name, value));
    } else if (name == "List") {
        LARDER_TRY(head.list, digest::from_hex(value));
    } else if (name == format_field && value != "1") {
        return error{errc::unsupported, "a bundle of format " + printable(value, 20) + ": a newer Larder made it"};
    }
    return {};
}

/// What stands behind the `n`-th space: the last of a line's words, which may hold spaces itself.
std::string_view rest_of(std::string_view line, std::size_t n) {
    for (; n > 0 && !line.empty(); --n) line.remove_prefix(std::min(line.find(' '), line.size() - 1) + 1);
    return line;
}

using words_of_line = std::vector<std::string_view>;

result<void> take_object(bundle_list& list, const words_of_line& w) {
    bundle_list::object one;
    LARDER_TRY(one.content, digest::from_hex(w[1]));
    LARDER_TRY(one.size, read_number("size", w[2]));
    LARDER_TRY(one.modified, read_moment(w[3]));
    list.objects.push_back(one);
    return {};
}

result<void> take_generation(bundle_list& list, const words_of_line& w) {
    LARDER_TRY(const auto number, read_number("generation", w[1]));
    LARDER_TRY(const auto content, digest::from_hex(w[2]));
    if (number != list.generations.size() + 1) return odd("order of generations");
    list.generations.push_back(content);
    return {};
}

result<void> take_unit(bundle_list& list, const words_of_line& w) {
    bundle_list::unit one;
    LARDER_CHECK(check_unit(w[1]));
    one.name = w[1];
    LARDER_TRY(one.reported, read_moment(w[2]));
    LARDER_TRY(one.report, digest::from_hex(w[3]));
    list.units.push_back(std::move(one));
    return {};
}

result<void> take_companion(bundle_list& list, const words_of_line& w) {
    bundle_list::companion one;
    LARDER_TRY(one.state, digest::from_hex(w[1]));
    if (w[2] != "Release" && w[2] != "Release.gpg") return odd("companion");
    one.name = w[2];
    LARDER_TRY(one.content, digest::from_hex(w[3]));
    list.companions.push_back(std::move(one));
    return {};
}

result<void> take_hold(bundle_list& list, const words_of_line& w, std::string_view line) {
    store::held_object one;
    LARDER_TRY(one.content, digest::from_hex(w[1]));
    LARDER_TRY(one.size, read_number("size", w[2]));
    one.archive = w[3];
    LARDER_TRY(one.path, clean_path(rest_of(line, 4)));
    list.holds.push_back(std::move(one));
    return {};
}

result<void> take_line(bundle_list& list, std::string_view line) {
    const auto w = split(line, ' ');
    if (w[0] == "object" && w.size() == 4) return take_object(list, w);
    if (w[0] == "generation" && w.size() == 3) return take_generation(list, w);
    if (w[0] == "unit" && w.size() == 4) return take_unit(list, w);
    if (w[0] == "companion" && w.size() == 4) return take_companion(list, w);
    if (w[0] == "held" && w.size() >= 5) return take_hold(list, w, line);
    return odd("line");
}

}  // namespace

std::string bundle_head::write() const {
    std::string out{format_field};
    out += ": 1\nDeployment: " + deployment + "\nGeneration: " + std::to_string(generation) +
           "\nHold: " + std::string{to_string(hold)} + "\n";
    if (!token.empty()) out += "Token: " + token + "\n";
    out += "Archives: " + joined(archives) + "\n";
    if (!on_first_use.empty()) out += "On-First-Use: " + joined(on_first_use) + "\n";
    return out + "Made: " + format_timestamp(made) + "\nObjects: " + std::to_string(objects) +
           "\nBytes: " + std::to_string(bytes) + "\nList: " + list.hex() + "\n";
}

result<bundle_head> bundle_head::read(std::string_view text) {
    bundle_head head;
    for (const auto line : split(text, '\n')) {
        if (line.empty()) continue;
        const auto colon = line.find(':');
        if (colon == std::string_view::npos) return odd("head");
        LARDER_CHECK(take_field(head, line.substr(0, colon), trim(line.substr(colon + 1))));
    }
    // The key that signs it also signs what upstream wrote (a state that goes back): nothing else may pass for a head.
    if (head.deployment.empty() || head.generation == 0 || head.list == digest{} || head.write() != text)
        return odd("head");
    return head;
}

digest bundle_head::identity() const {
    auto of_any_time = *this;
    of_any_time.made = {};
    return sha256(of_any_time.write());
}

std::string bundle_list::write() const {
    std::string out;
    for (const auto& one : objects)
        out += "object " + one.content.hex() + " " + std::to_string(one.size) + " " + text_of(one.modified) + "\n";
    for (std::size_t i = 0; i < generations.size(); ++i)
        out += "generation " + std::to_string(i + 1) + " " + generations[i].hex() + "\n";
    for (const auto& one : units)
        out += "unit " + one.name + " " + text_of(one.reported) + " " + one.report.hex() + "\n";
    for (const auto& one : companions)
        out += "companion " + one.state.hex() + " " + one.name + " " + one.content.hex() + "\n";
    for (const auto& one : holds)
        out += "held " + one.content.hex() + " " + std::to_string(one.size) + " " + one.archive + " " + one.path + "\n";
    return out;
}

result<bundle_list> bundle_list::read(std::string_view text) {
    bundle_list list;
    std::size_t number = 0;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        ++number;
        if (auto taken = take_line(list, text.substr(0, end)); !taken)
            return error{taken.error().code(),
                         "line " + std::to_string(number) + " of its list: " + taken.error().detail()};
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return list;
}

std::string object_entry(const digest& content) {
    const auto hex = content.hex();
    return "larder-bundle/objects/" + hex.substr(0, 2) + "/" + hex.substr(2);
}

result<std::string> bundle_reader::read_all(std::uint64_t limit) {
    std::string all;
    for (;;) {
        LARDER_TRY(const auto piece, read());
        if (piece.empty()) return all;
        if (all.size() + piece.size() > limit) return error{errc::too_large, "an entry of the bundle is too large"};
        all += piece;
    }
}

}  // namespace larder::deployments
