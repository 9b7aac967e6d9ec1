#include <algorithm>
#include <array>
#include <charconv>
#include <functional>
#include <larder/base/text.hpp>
#include <larder/index/claims.hpp>
#include <larder/index/packages.hpp>
#include <larder/index/version.hpp>
#include <optional>
#include <span>
#include <tuple>

namespace larder::index {
namespace {

constexpr std::size_t most_stanza = 16U << 20;

/// Hands on each stanza's bytes: what stands between empty lines.
result<void> each_stanza(byte_source& in, const std::function<void(std::string_view)>& take) {
    std::string held;
    for (;;) {
        LARDER_TRY(const auto piece, in.next());
        if (piece.empty()) break;
        const auto looked = held.empty() ? 0 : held.size() - 1;  // the empty line may straddle two pieces
        held += piece;
        std::size_t begin = 0;
        for (auto end = held.find("\n\n", looked); end != std::string::npos; end = held.find("\n\n", begin)) {
            take(std::string_view{held}.substr(begin, end + 1 - begin));
            begin = end + 2;
        }
        held.erase(0, begin);
        if (held.size() > most_stanza) return error{errc::too_large, "a stanza of over 16 MiB"};
    }
    take(held);
    return {};
}

struct wanted_field {
    std::string_view name;
    std::string_view value{};
};

/// The values of the fields that matter, of which the last counts where one stands twice; folded lines end them.
void find_fields(std::string_view stanza, std::span<wanted_field> fields) {
    while (!stanza.empty()) {
        const auto end = std::min(stanza.find('\n'), stanza.size());
        const auto line = stanza.substr(0, end);
        stanza.remove_prefix(std::min(end + 1, stanza.size()));
        if (line.empty() || line.front() == ' ' || line.front() == '\t') continue;
        for (auto& f : fields) {
            if ((line.front() | 0x20) != (f.name.front() | 0x20) || line.size() <= f.name.size()) continue;
            if (!iequals(line.substr(0, f.name.size()), f.name)) continue;
            const auto colon = line.find_first_not_of(" \t", f.name.size());
            if (colon != std::string_view::npos && line[colon] == ':') f.value = trim(line.substr(colon + 1));
        }
    }
}

/// "hello (2.10-3)" names the source hello.
std::string_view source_of(std::string_view field, std::string_view package) {
    const auto name = trim(field.substr(0, field.find('(')));
    return name.empty() ? package : name;
}

std::optional<listed_package> read_binary(std::string_view stanza) {
    std::array<wanted_field, 7> f{
        {{"Package"}, {"Version"}, {"Architecture"}, {"Source"}, {"Filename"}, {"Size"}, {"SHA256"}}};
    find_fields(stanza, f);
    if (f[0].value.empty() || f[1].value.empty()) return {};
    listed_package made;
    made.name = f[0].value;
    made.version = f[1].value;
    made.architecture = f[2].value;
    made.source = source_of(f[3].value, f[0].value);
    made.path = f[4].value;
    const auto size = f[5].value;
    std::from_chars(size.data(), size.data() + size.size(), made.size);
    const auto content = digest::from_hex(f[6].value);
    made.content = content ? *content : no_usable_hash;
    return made;
}

/// The line of the .dsc in a stanza's Checksums-Sha256 (Debian Policy 5.6.24): "HASH SIZE NAME".
std::vector<std::string_view> dsc_line(std::string_view stanza) {
    bool inside = false;
    for (const auto line : split(stanza, '\n')) {
        if (!line.starts_with(' ') && !line.starts_with('\t'))
            inside = iequals(line.substr(0, line.find(':')), "Checksums-Sha256");
        else if (inside && trim(line).ends_with(".dsc"))
            return words(line);
    }
    return {};
}

std::optional<listed_package> read_source(std::string_view stanza) {
    std::array<wanted_field, 3> f{{{"Package"}, {"Version"}, {"Directory"}}};
    find_fields(stanza, f);
    if (f[0].value.empty() || f[1].value.empty()) return {};
    listed_package made;
    made.name = made.source = f[0].value;
    made.version = f[1].value;
    made.architecture = "source";
    const auto dsc = dsc_line(stanza);
    const auto content = dsc.size() == 3 ? digest::from_hex(dsc[0]) : result<digest>{error{}};
    made.content = content ? *content : no_usable_hash;
    if (!content) return made;
    std::from_chars(dsc[1].data(), dsc[1].data() + dsc[1].size(), made.size);
    made.path = f[2].value.empty() || f[2].value == "." ? std::string{} : std::string{f[2].value} + "/";
    made.path += dsc[2];
    return made;
}

std::uint64_t first_bytes(const digest& d) {
    std::uint64_t n = 0;
    for (unsigned i = 8; i-- > 0;) n = n << 8 | d.bytes[i];
    return n;
}

bool by_package(const listed_package& a, const listed_package& b) {
    const auto one = std::tie(a.name, a.architecture), other = std::tie(b.name, b.architecture);
    if (one != other) return one < other;
    const auto order = compare_versions(a.version, b.version);
    if (order != 0) return order < 0;
    return std::tie(a.version, a.stanza, a.content) < std::tie(b.version, b.stanza, b.content);
}

bool same_package(const listed_package& a, const listed_package& b) {
    return a.name == b.name && a.architecture == b.architecture;
}

/// In order, each version once. Where its stanzas are not the same, the one that stays stands for all of them: it has
/// their sum, so that the outcome is the same in whatever order they were read.
void in_order(std::vector<listed_package>& all) {
    std::sort(all.begin(), all.end(), by_package);
    std::size_t kept = 0;
    std::uint64_t last_stanza = 0;
    for (std::size_t i = 0; i < all.size(); ++i) {
        const auto stanza = all[i].stanza;
        if (kept == 0 || !same_package(all[kept - 1], all[i]) || all[kept - 1].version != all[i].version) {
            if (kept != i) all[kept] = std::move(all[i]);
            ++kept;
        } else if (stanza != last_stanza) {
            all[kept - 1].stanza += stanza;
        }
        last_stanza = stanza;
    }
    all.resize(kept);
}

using rows = std::span<listed_package>;

/// The versions of the first package that stand at the beginning.
rows first_package(rows all) {
    std::size_t n = 1;
    while (n < all.size() && same_package(all[n], all[0])) ++n;
    return all.first(n);
}

class comparison {
public:
    std::vector<package_change> run(rows before, rows after) {
        while (!before.empty() || !after.empty()) {
            const bool was = !before.empty() && (after.empty() || !package_less(after[0], before[0]));
            const bool is = !after.empty() && (before.empty() || !package_less(before[0], after[0]));
            const auto old = was ? first_package(before) : rows{};
            const auto now = is ? first_package(after) : rows{};
            one_package(old, now);
            before = before.subspan(old.size());
            after = after.subspan(now.size());
        }
        return std::move(all_);
    }

private:
    static bool package_less(const listed_package& a, const listed_package& b) {
        return std::tie(a.name, a.architecture) < std::tie(b.name, b.architecture);
    }

    void one_package(rows old, rows now) {
        std::vector<listed_package*> gone, come;
        for (auto& one : old) gone.push_back(&one);
        for (auto& one : now) {
            const auto same =
                std::find_if(gone.begin(), gone.end(), [&](auto* o) { return o->version == one.version; });
            if (same == gone.end()) {
                come.push_back(&one);
                continue;
            }
            if ((*same)->stanza != one.stanza) add(package_change::kind::changed, *same, &one);
            gone.erase(same);
        }
        // Highest against highest: they stand in order.
        if (!gone.empty() && !come.empty()) {
            const auto order = compare_versions(come.back()->version, gone.back()->version);
            add(order > 0   ? package_change::kind::upgraded
                : order < 0 ? package_change::kind::downgraded
                            : package_change::kind::changed,
                gone.back(), come.back());
            gone.pop_back();
            come.pop_back();
        }
        for (auto* one : gone) add(package_change::kind::removed, one, nullptr);
        for (auto* one : come) add(package_change::kind::added, nullptr, one);
    }

    void add(package_change::kind what, const listed_package* old, const listed_package* now) {
        const auto& shown = now != nullptr ? *now : *old;
        package_change c;
        c.what = what;
        c.name = shown.name;
        c.architecture = shown.architecture;
        c.source = shown.source;
        if (old != nullptr) c.before = old->version;
        if (now != nullptr) c.after = now->version;
        c.content = shown.content;
        c.size = shown.size;
        all_.push_back(std::move(c));
    }

    std::vector<package_change> all_;
};

}  // namespace

result<std::uint64_t> read_packages(index_kind kind, byte_source& in,
                                    const std::function<void(listed_package&&)>& sink) {
    if (kind != index_kind::packages && kind != index_kind::sources)
        return error{errc::unsupported, "only Packages and Sources list packages"};
    std::uint64_t left_out = 0;
    hasher running;
    const auto take = [&](std::string_view stanza) {
        if (trim(stanza).empty()) return;
        auto one = kind == index_kind::packages ? read_binary(stanza) : read_source(stanza);
        if (!one) {
            ++left_out;
            return;
        }
        // However many empty lines are around it.
        stanza.remove_prefix(std::min(stanza.find_first_not_of('\n'), stanza.size()));
        running.update(stanza);
        if (!stanza.ends_with('\n')) running.update("\n");
        one->stanza = first_bytes(running.finish());
        sink(std::move(*one));
    };
    LARDER_CHECK(each_stanza(in, take));
    return left_out;
}

std::string_view to_string(package_change::kind what) noexcept {
    switch (what) {
        case package_change::kind::added: return "added";
        case package_change::kind::removed: return "removed";
        case package_change::kind::upgraded: return "upgraded";
        case package_change::kind::downgraded: return "downgraded";
        case package_change::kind::changed: return "changed";
    }
    return "";
}

std::vector<package_change> compare(std::vector<listed_package> before, std::vector<listed_package> after) {
    in_order(before);
    in_order(after);
    return comparison{}.run(before, after);
}

}  // namespace larder::index
