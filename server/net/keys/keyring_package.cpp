#include "keys/keyring_package.hpp"
#include "keys/new_key.hpp"
#include "keys/publish_keys.hpp"
#include "pockets/admin.hpp"
#include "pockets/archive_keys.hpp"
#include "pockets/edition.hpp"
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <larder/base/file.hpp>
#include <larder/base/number.hpp>
#include <larder/base/text.hpp>
#include <larder/debs/build.hpp>
#include <larder/debs/paragraph.hpp>
#include <larder/index/version.hpp>

namespace larder::net::publishing {

std::string keyring_package_name(const std::string& archive) {
    auto name = to_lower(archive);
    std::replace(name.begin(), name.end(), '_', '-');
    return name + "-keyring";
}

std::string next_version(const std::string& last, sys_seconds now) {
    const auto today = format_timestamp(now).substr(0, 8);
    const auto day = last.substr(0, last.find('.'));
    if (day < today) return today + ".1";
    const auto number = number_in(std::string_view{last}.substr(std::min(last.size(), day.size() + 1)));
    return day + "." + std::to_string(number.value_or(0) + 1);
}

namespace {

std::vector<std::string> published_texts(const pockets::local_archive& of) {
    std::vector<std::string> all;
    for (const auto* one : of.published()) all.push_back(one->published());
    return all;
}

result<std::string> build(const pockets::local_archive& of) {
    const auto name = keyring_package_name(of.name);
    LARDER_TRY(const auto keyring, signing::binary_keys(published_texts(of)));
    debs::new_package made;
    made.control =
        "Package: " + name + "\nVersion: " + of.package.version +
        "\nArchitecture: all\nMulti-Arch: foreign\nSection: misc\nPriority: optional\nMaintainer: " + of.name +
        " archive\nDescription: keys of the archive " + of.name +
        "\n The public keys that the archive is signed with, for signed-by= in the sources of\n apt: "
        "/usr/share/keyrings/" +
        name + ".gpg. Built by the archive itself whenever\n its keys change.\n";
    made.files.push_back({"usr/share/keyrings/" + name + ".gpg", keyring});
    LARDER_TRY(made.modified, parse_timestamp(of.package.version.substr(0, 8) + "T000000Z"));
    return debs::build_deb(made);
}

/// Gives the package another version where its keys are others than those that it has, and notes it with keys that it
/// has the followers of; as it is then.
result<pockets::local_archive> brought_up_to_date(engine& e, const std::string& name) {
    const std::lock_guard alone{e.keys().turn(name)};
    LARDER_TRY(auto archive, registry_of(e).find_archive(name));
    auto& package = archive.package;
    if (!package.wanted) return archive;
    LARDER_TRY(const auto keyring, signing::binary_keys(published_texts(archive)));
    const auto content = sha256(keyring).hex();
    bool changed = package.content != content;
    if (changed) package.version = next_version(package.version, e.clock().now());
    package.content = content;
    for (auto& key : archive.keys) {
        if (key.state != pockets::key_state::leaving || !key.follows.empty()) continue;
        key.follows = package.version;
        changed = true;
    }
    if (!changed) return archive;
    LARDER_CHECK(change_and_tell(e, "key-package", name + " " + package.version, {"larder", "its keys changed"},
                                 [&](ref_changes also) { return registry_of(e).change(archive, std::move(also)); }));
    ++archive.version;
    return archive;
}

/// What an index has of it; empty: nothing.
result<std::string> version_in(engine& e, const pockets::kept_index& index, const std::string& name) {
    LARDER_TRY(const auto list, list_of(e, index));
    LARDER_TRY(const auto stanzas, pockets::find_stanzas(list, {name}, opener_of(e)));
    std::string newest;
    for (const auto& [which, text] : stanzas) {
        LARDER_TRY(const auto stanza, debs::paragraph::read(text));
        const std::string version{stanza.get("Version")};
        if (newest.empty() || index::compare_versions(newest, version) < 0) newest = version;
    }
    return newest;
}

/// The version that machines of every architecture have of it by a pocket; empty: some have none.
result<std::string> version_in(engine& e, const pockets::pocket& of, const std::string& name) {
    if (of.head == 0) return std::string{};
    LARDER_TRY(const auto last, registry_of(e).load(of, of.head));
    std::optional<std::string> oldest;
    for (const auto& architecture : of.architectures) {
        if (architecture == "source") continue;
        std::string newest;
        for (const auto& kept : last.indices) {
            if (!kept.path.ends_with("/binary-" + architecture + "/Packages")) continue;
            LARDER_TRY(const auto version, version_in(e, kept, name));
            if (newest.empty() || index::compare_versions(newest, version) < 0) newest = version;
        }
        if (newest.empty()) return newest;
        if (!oldest || index::compare_versions(newest, *oldest) < 0) oldest = newest;
    }
    return oldest.value_or(std::string{});
}

/// A folder for one file, gone with this.
class scratch {
public:
    static result<scratch> make() {
        std::error_code ec;
        auto path = (std::filesystem::temp_directory_path(ec) / "larder-package-XXXXXX").string();
        if (ec || ::mkdtemp(path.data()) == nullptr) return errno_error(errno, "making a temporary folder");
        return scratch{std::move(path)};
    }
    scratch(scratch&& other) noexcept : path_{std::exchange(other.path_, {})} {}
    scratch& operator=(scratch&&) = delete;
    ~scratch() {
        std::error_code ignored;
        if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
    }
    const std::string& path() const noexcept { return path_; }

private:
    explicit scratch(std::string path) : path_{std::move(path)} {}
    std::string path_;
};

bool has_binaries(const pockets::pocket& of) {
    return std::any_of(of.architectures.begin(), of.architectures.end(),
                       [](const auto& one) { return one != "source"; });
}

/// Machines that had `before` of the package, and hear of the keys that follow only now, need as long as any others.
result<void> give_time(engine& e, const std::string& name, const std::string& before) {
    const std::lock_guard alone{e.keys().turn(name)};
    LARDER_TRY(auto of, registry_of(e).find_archive(name));
    LARDER_TRY(const auto may, overlaps_of(e, name));
    const auto until = e.clock().now() + may.usual;
    std::string longer;
    for (auto& one : of.keys) {
        const bool is_leaving = one.state == pockets::key_state::leaving && one.until && *one.until < until;
        if (!is_leaving || index::compare_versions(before, one.follows) >= 0) continue;
        one.until = until;
        longer += " " + one.fingerprint;
    }
    if (longer.empty()) return {};
    return change_and_tell(e, "key-stay", name + longer, {"larder", "a pocket has the newer key only now"},
                           [&](ref_changes also) { return registry_of(e).change(of, std::move(also)); });
}

}  // namespace

result<bool> is_followed(engine& e, const pockets::local_archive& of, const pockets::archive_key& leaving) {
    if (!of.package.wanted) return true;
    if (leaving.follows.empty()) return false;
    LARDER_TRY(const auto known, registry_of(e).pockets(of.name));
    for (const auto& one : known) {
        if (!has_binaries(one)) continue;
        LARDER_TRY(const auto version, version_in(e, one, keyring_package_name(of.name)));
        if (version.empty() || index::compare_versions(version, leaving.follows) < 0) return false;
    }
    return true;
}

result<std::vector<pocket_note>> publish_keyring(engine& e, const std::string& name, const publisher& who,
                                                 timing when) {
    std::vector<pocket_note> notes;
    LARDER_TRY(const auto archive, brought_up_to_date(e, name));
    if (!archive.package.wanted) return notes;
    const auto package = keyring_package_name(name);
    std::optional<scratch> folder;
    include_options options;
    LARDER_TRY(const auto all, registry_of(e).pockets(name));
    for (const auto& of : all) {
        if (!has_binaries(of)) continue;
        LARDER_TRY(const auto before, version_in(e, of, package));
        if (before == archive.package.version) continue;
        if (!of.frozen.empty()) {
            notes.push_back(
                {of.name(), 0,
                 "it is frozen: " + package + " " + archive.package.version + " comes into it once it is not", false});
            continue;
        }
        if (!folder) {
            LARDER_TRY(const auto bytes, build(archive));
            LARDER_TRY(auto made, scratch::make());
            folder.emplace(std::move(made));
            options.files = {folder->path() + "/" + package + "_" + archive.package.version + "_all.deb"};
            LARDER_CHECK(replace_file(options.files.front(), bytes, 0600));
        }
        options.pocket = of.name();
        options.made_here = true;
        options.past_support = true;
        options.who = {who.by, who.reason.empty() ? "the archive's keys" : "the archive's keys: " + who.reason};
        const auto report = include_packages(e, options, [](const progress&) {});
        if (!report)
            notes.push_back({of.name(), 0, package + " did not come into it: " + report.error().message(), true});
        else if (report->made)
            notes.push_back({of.name(), report->publication.number, package + " " + archive.package.version, false});
        if (report && report->made && when == timing::late && !before.empty()) LARDER_CHECK(give_time(e, name, before));
    }
    return notes;
}

}  // namespace larder::net::publishing
