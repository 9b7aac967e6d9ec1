#include <algorithm>
#include <charconv>
#include <cstring>
#include <larder/base/number.hpp>
#include <larder/base/text.hpp>
#include <larder/deployments/lockfile.hpp>
#include <larder/index/version.hpp>
#include <map>
#include <tuple>

namespace larder::deployments {
namespace {

constexpr std::string_view format_field = "Larder-Lock";
constexpr std::size_t most_text = 64U << 20;

error odd(std::string_view what) { return {errc::malformed, "its " + std::string{what} + " cannot be read"}; }

result<std::uint64_t> read_number(std::string_view field, std::string_view text) {
    const auto value = number_in(text);
    if (!value) return odd(field);
    return *value;
}

/// "debian/bookworm 20261121T063000Z SNAPSHOT RELEASE FINGERPRINT..."
result<locked_suite> read_suite(std::string_view text) {
    const auto parts = words(text);
    if (parts.size() < 4) return odd("Suite");
    const auto slash = parts[0].find('/');
    if (slash == 0 || slash == std::string_view::npos || slash + 1 == parts[0].size()) return odd("Suite");
    locked_suite made;
    made.archive = parts[0].substr(0, slash);
    made.suite = parts[0].substr(slash + 1);
    LARDER_TRY(made.date, parse_timestamp(parts[1]));
    LARDER_TRY(made.snapshot, digest::from_hex(parts[2]));
    LARDER_TRY(made.release, digest::from_hex(parts[3]));
    made.signers.assign(parts.begin() + 4, parts.end());
    return made;
}

/// "hello amd64 2.10-3 20261122T063000Z SNAPSHOT RELEASE", or the first two words alone
result<void> read_pick(lockfile& lock, std::string_view text) {
    const auto parts = words(text);
    if (lock.suites.empty() || (parts.size() != 2 && parts.size() != 6)) return odd("Pick");
    locked_pick made;
    made.what.name = parts[0];
    made.what.architecture = parts[1];
    if (parts.size() == 6) {
        made.what.version = parts[2];
        LARDER_TRY(made.date, parse_timestamp(parts[3]));
        LARDER_TRY(made.what.from, digest::from_hex(parts[4]));
        LARDER_TRY(made.release, digest::from_hex(parts[5]));
    }
    lock.suites.back().picks.push_back(std::move(made));
    return {};
}

std::string text_of(const locked_pick& one) {
    const auto name = one.what.name + " " + one.what.architecture;
    if (one.what.version.empty()) return name;
    return name + " " + one.what.version + " " + format_timestamp(one.date) + " " + one.what.from.hex() + " " +
           one.release.hex();
}

result<locked_package> read_package(std::string_view line) {
    const auto parts = words(line);
    if (parts.size() != 6)
        return error{errc::malformed, "a package has six words: name, version, architecture, SHA-256, size, source"};
    locked_package made;
    made.name = parts[0];
    made.version = parts[1];
    made.architecture = parts[2];
    LARDER_TRY(made.content, digest::from_hex(parts[3]));
    LARDER_TRY(made.size, read_number("size", parts[4]));
    made.source = parts[5];
    return made;
}

result<void> take_field(lockfile& lock, std::string_view name, std::string_view value) {
    if (name == "Deployment") {
        LARDER_CHECK(check_name(value));
        lock.deployment = value;
    } else if (name == "Generation") {
        LARDER_TRY(lock.generation, read_number(name, value));
    } else if (name == "Made") {
        LARDER_TRY(lock.made, parse_timestamp(value));
    } else if (name == "Hold") {
        const auto mode = parse_hold_mode(value);
        if (!mode) return odd(name);
        lock.hold = *mode;
    } else if (name == "Architectures") {
        for (const auto word : words(value)) lock.architectures.emplace_back(word);
    } else if (name == "Suite") {
        LARDER_TRY(auto one, read_suite(value));
        lock.suites.push_back(std::move(one));
    } else if (name == "Pick") {
        LARDER_CHECK(read_pick(lock, value));
    } else if (name == format_field && value != "1") {
        return error{errc::unsupported, "a lockfile of format " + printable(value, 20) + ": a newer Larder wrote it"};
    }
    return {};
}

result<void> take_line(lockfile& lock, std::string_view line, bool in_head) {
    if (!in_head) {
        LARDER_TRY(auto one, read_package(line));
        lock.packages.push_back(std::move(one));
        return {};
    }
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) return error{errc::malformed, "a field has a colon"};
    return take_field(lock, line.substr(0, colon), trim(line.substr(colon + 1)));
}

bool before(const locked_package& a, const locked_package& b) {
    const auto one = std::tie(a.name, a.architecture), other = std::tie(b.name, b.architecture);
    if (one != other) return one < other;
    const auto order = index::compare_versions(a.version, b.version);
    if (order != 0) return order < 0;
    return std::tie(a.version, a.content) < std::tie(b.version, b.content);
}

/// The same bytes of upstream are the same state, whatever id a Larder has given it.
bool is_same(const locked_suite& a, const locked_suite& b) {
    const auto same_pick = [](const locked_pick& one, const locked_pick& other) {
        return one.what.name == other.what.name && one.what.architecture == other.what.architecture &&
               one.what.version == other.what.version && one.release == other.release;
    };
    return a.release == b.release &&
           std::equal(a.picks.begin(), a.picks.end(), b.picks.begin(), b.picks.end(), same_pick);
}

std::vector<index::listed_package> listed(const lockfile& lock) {
    std::vector<index::listed_package> all;
    for (const auto& one : lock.packages) {
        index::listed_package p{one.name, one.version, one.architecture, one.source, {}, one.content, one.size, 0};
        // Of a package that has the same version, whether it is the same is what its bytes say.
        const auto hex = one.content.hex();
        std::from_chars(hex.data(), hex.data() + 16, p.stanza, 16);
        all.push_back(std::move(p));
    }
    return all;
}

}  // namespace

void lockfile::in_order() {
    std::sort(packages.begin(), packages.end(), before);
    const auto twice = [](const auto& a, const auto& b) { return !before(a, b); };
    packages.erase(std::unique(packages.begin(), packages.end(), twice), packages.end());
}

std::string lockfile::write() const {
    std::string out{format_field};
    out += ": 1\n";
    const auto line = [&out](std::string_view name, std::string_view value) {
        ((out += name) += value.empty() ? ":" : ": ") += value;
        out += '\n';
    };
    line("Deployment", deployment);
    line("Generation", std::to_string(generation));
    line("Made", format_timestamp(made));
    line("Hold", to_string(hold));
    line("Architectures", joined(architectures));
    for (const auto& one : suites) {
        line("Suite", one.archive + "/" + one.suite + " " + format_timestamp(one.date) + " " + one.snapshot.hex() +
                          " " + one.release.hex() + (one.signers.empty() ? "" : " ") + joined(one.signers));
        for (const auto& p : one.picks) line("Pick", text_of(p));
    }
    out += '\n';
    for (const auto& one : packages) {
        ((((out += one.name) += ' ') += one.version) += ' ') += one.architecture;
        ((((out += ' ') += one.content.hex()) += ' ') += std::to_string(one.size)) += ' ';
        (out += one.source) += '\n';
    }
    return out;
}

result<lockfile> lockfile::read(std::string_view text) {
    if (text.size() > most_text) return error{errc::too_large, "a lockfile of over 64 MiB"};
    lockfile lock;
    bool in_head = true, is_lock = false;
    std::size_t number = 0;
    for (const auto raw : split(text, '\n')) {
        ++number;
        const auto line = trim(raw);
        if (line.starts_with('#')) continue;
        if (line.empty()) {
            in_head = false;
            continue;
        }
        is_lock = is_lock || line.substr(0, line.find(':')) == format_field;
        if (!is_lock) break;
        if (auto taken = take_line(lock, line, in_head); !taken)
            return error{taken.error().code(), "line " + std::to_string(number) + ": " + taken.error().detail()};
    }
    if (!is_lock) return error{errc::malformed, "a lockfile begins with 'Larder-Lock: 1'"};
    if (lock.deployment.empty() || lock.suites.empty() || lock.architectures.empty())
        return error{errc::malformed, "a lockfile names a deployment, its architectures and its suites"};
    lock.in_order();
    return lock;
}

std::string lockfile::sha256sums() const {
    std::string out;
    for (const auto& one : packages) out += one.content.hex() + "  " + one.archive + "/" + one.path + "\n";
    return out;
}

std::string lockfile::preferences() const {
    // They are in order of their versions: the last of a name and architecture is the highest.
    std::map<std::string, std::map<std::string, std::string>> versions;
    for (const auto& one : packages)
        if (one.architecture != "source") versions[one.name][one.architecture] = one.version;
    // To apt a package of "all" is one of every architecture: one version for them then, the highest.
    for (auto& [name, by_architecture] : versions)
        if (by_architecture.contains("all")) {
            auto highest = by_architecture["all"];
            for (const auto& [architecture, version] : by_architecture)
                if (index::compare_versions(version, highest) > 0) highest = version;
            for (auto& [architecture, version] : by_architecture) version = highest;
        }
    std::string out;
    for (const auto& [name, by_architecture] : versions) {
        const auto& first = by_architecture.begin()->second;
        const bool all_same = std::all_of(by_architecture.begin(), by_architecture.end(),
                                          [&](const auto& one) { return one.second == first; });
        for (const auto& [architecture, version] : by_architecture) {
            out += "Package: " + name + (all_same ? "" : ":" + architecture) + "\nPin: version " + version +
                   "\nPin-Priority: 1001\n\n";
            if (all_same) break;
        }
    }
    return out;
}

lock_difference compare(const lockfile& from, const lockfile& to) {
    lock_difference all;
    std::map<std::pair<std::string, std::string>, lock_difference::suite> suites;
    for (const auto& one : from.suites) suites[{one.archive, one.suite}].before = one;
    for (const auto& one : to.suites) suites[{one.archive, one.suite}].after = one;
    for (auto& [name, one] : suites) {
        if (one.before && one.after && is_same(*one.before, *one.after)) continue;
        std::tie(one.archive, one.suite) = name;
        all.suites.push_back(std::move(one));
    }
    all.packages = index::compare(listed(from), listed(to));
    return all;
}

}  // namespace larder::deployments
