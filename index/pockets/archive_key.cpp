#include "text_fields.hpp"
#include <algorithm>
#include <array>
#include <larder/base/text.hpp>
#include <larder/pockets/archive_key.hpp>

namespace larder::pockets {
namespace {

constexpr std::string_view format = "Larder-Local-Archive", number = "2", first_number = "1";

constexpr std::array<std::pair<key_state, std::string_view>, 5> state_names{{{key_state::coming, "coming"},
                                                                             {key_state::active, "active"},
                                                                             {key_state::leaving, "leaving"},
                                                                             {key_state::revoked, "revoked"},
                                                                             {key_state::gone, "gone"}}};

error odd(std::string_view field) {
    return {errc::malformed, "a local archive's description: its " + std::string{field} + " cannot be read"};
}

std::string when(const std::optional<sys_seconds>& moment) {
    return moment ? format_timestamp(*moment) : std::string{};
}

/// Lines of their own, so that a line that is too long, or empty, comes back as it was.
void add_armour(std::string& to, std::string_view name, const std::string& armoured) {
    if (armoured.empty()) return;
    for (const auto line : split(armoured, '\n'))
        ((to += name) += line.empty() ? ":" : ": ") += std::string{line} + "\n";
}

std::string write_key(const archive_key& k) {
    field_writer out{"Key", k.fingerprint + " " + std::string{to_string(k.state)}};
    out.add("Key-User", k.user_id);
    out.add("Key-Algorithm", k.algorithm);
    out.add("Key-Made", format_timestamp(k.made));
    out.add("Key-Expires", when(k.expires));
    out.add("Key-Until", when(k.until));
    out.add("Key-Follows", k.follows);
    out.add("Key-Agent", k.agent_home);
    if (k.has_primary) out.add("Key-Primary", "yes");
    if (k.needs_passphrase) out.add("Key-Passphrase", "yes");
    auto text = out.take();
    add_armour(text, "Armour", k.public_key);
    add_armour(text, "Revoked", k.revoked);
    return text;
}

/// Reads a description, line by line; what is said of a key follows its "Key" line.
class reader {
public:
    explicit reader(local_archive& to) : to_{to} {}

    result<void> take(std::string_view name, std::string_view value) {
        if (name == "Key") return begin_key(value);
        if (name == "Name") {
            to_.name = value;
        } else if (name == "Made") {
            LARDER_TRY(to_.made, parse_timestamp(value));
        } else if (name == "Keyring-Package") {
            return take_package(value);
        } else if (name == "Armour" || name == "Revoked" || name.starts_with("Key-")) {
            if (to_.keys.empty()) return odd(name);
            return take_of_key(to_.keys.back(), name, value);
        }
        return {};
    }

private:
    result<void> begin_key(std::string_view value) {
        const auto parts = words(value);
        if (parts.empty() || parts.size() > 2) return odd("Key");
        archive_key made;
        made.fingerprint = parts[0];
        const auto state = parts.size() == 2 ? parts[1] : std::string_view{"active"};
        const auto* found =
            std::find_if(state_names.begin(), state_names.end(), [&](const auto& one) { return one.second == state; });
        if (found == state_names.end()) return odd("Key");
        made.state = found->first;
        to_.keys.push_back(std::move(made));
        last_ = {};
        return {};
    }

    /// "wanted 20261122.1 SHA256", "unwanted"
    result<void> take_package(std::string_view value) {
        const auto parts = words(value);
        if (parts.empty() || parts.size() == 2 || parts.size() > 3) return odd("Keyring-Package");
        to_.package.wanted = parts[0] == "wanted";
        if (parts.size() != 3) return {};
        to_.package.version = parts[1];
        to_.package.content = parts[2];
        return {};
    }

    result<void> take_of_key(archive_key& k, std::string_view name, std::string_view value) {
        if (name == "Armour" || name == "Revoked") {
            auto& text = name == "Armour" ? k.public_key : k.revoked;
            if (last_ == name) text += '\n';
            text += value;
            last_ = name;
        } else if (name == "Key-User") {
            k.user_id = value;
        } else if (name == "Key-Algorithm") {
            k.algorithm = value;
        } else if (name == "Key-Follows") {
            k.follows = value;
        } else if (name == "Key-Agent") {
            k.agent_home = value;
        } else if (name == "Key-Primary") {
            k.has_primary = value == "yes";
        } else if (name == "Key-Passphrase") {
            k.needs_passphrase = value == "yes";
        } else if (name == "Key-Made") {
            LARDER_TRY(k.made, parse_timestamp(value));
        } else if (name == "Key-Expires") {
            LARDER_TRY(k.expires, parse_timestamp(value));
        } else if (name == "Key-Until") {
            LARDER_TRY(k.until, parse_timestamp(value));
        }
        return {};
    }

    local_archive& to_;
    std::string last_;
};

}  // namespace

std::string_view to_string(key_state state) noexcept {
    for (const auto& [one, name] : state_names)
        if (one == state) return name;
    return {};
}

result<archive_key*> local_archive::find_key(std::string_view fingerprint) {
    std::string all;
    for (auto& one : keys) {
        if (one.fingerprint == fingerprint) return &one;
        all += " " + one.fingerprint + " (" + std::string{to_string(one.state)} + ")";
    }
    return error{errc::absent, "archive '" + name + "' has no key " + printable(fingerprint, 60) + "; it has" + all};
}

std::vector<const archive_key*> local_archive::signing(sys_seconds now) const {
    std::vector<const archive_key*> all;
    for (const auto& one : keys)
        if (one.signs() && !one.has_ended(now)) all.push_back(&one);
    return all;
}

std::vector<const archive_key*> local_archive::published() const {
    std::vector<const archive_key*> all;
    for (const auto& one : keys)
        if (one.state != key_state::gone) all.push_back(&one);
    return all;
}

std::string local_archive::signed_by() const {
    std::string all;
    for (const auto& one : keys)
        if (one.signs() || one.state == key_state::coming) all += (all.empty() ? "" : ", ") + one.fingerprint;
    return all;
}

std::string local_archive::write() const {
    field_writer out{format, number};
    out.add("Name", name);
    out.add("Made", format_timestamp(made));
    if (package.wanted || !package.version.empty())
        out.add("Keyring-Package",
                std::string{package.wanted ? "wanted " : "unwanted "} + package.version + " " + package.content);
    auto text = out.take();
    for (const auto& one : keys) text += write_key(one);
    return text;
}

result<local_archive> local_archive::read(std::string_view text) {
    local_archive a;
    reader in{a};
    const bool first = text.starts_with(std::string{format} + ": " + std::string{first_number} + "\n");
    LARDER_CHECK(read_fields(text, format, first ? first_number : number, "a local archive's description",
                             [&](std::string_view name, std::string_view value) { return in.take(name, value); }));
    if (a.name.empty() || a.keys.empty()) return error{errc::malformed, "a local archive's description lacks a field"};
    for (auto& one : a.keys) {
        if (one.fingerprint.empty() || one.public_key.empty())
            return error{errc::malformed, "a local archive's description lacks a key's text"};
        // Keys of the first format were all made alike, with the archive.
        if (first) {
            one.made = a.made;
            one.algorithm = "ed25519";
            one.user_id = a.name + " archive";
            one.has_primary = true;
        }
    }
    return a;
}

}  // namespace larder::pockets
