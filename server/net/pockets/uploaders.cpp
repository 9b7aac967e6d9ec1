#include <algorithm>
#include <cctype>
#include <larder/base/text.hpp>
#include <larder/net/pocket_intake.hpp>
#include <larder/signing/verifier.hpp>
#include <pockets/admin.hpp>
#include <pockets/edition.hpp>

// Who may upload to a pocket, and how uploads come.
#include <sys/stat.h>

namespace larder::net {
namespace {

using namespace publishing;

struct one_key {
    signing::key_info info;
    std::string armoured;
};

result<one_key> read_key(const std::string& key) {
    LARDER_TRY(const auto keys, signing::verifier::open({key}));
    if (keys->keys().size() != 1)
        return error{errc::refused, "it has " + std::to_string(keys->keys().size()) +
                                        " keys: give a file with one, so that nobody comes in by the way"};
    one_key made{keys->keys().front(), {}};
    if (!made.info.usable)
        return error{errc::refused, "key " + made.info.fingerprint + " is expired, revoked or otherwise of no use"};
    LARDER_TRY(made.armoured, keys->armoured());
    return made;
}

std::string upper(std::string text) {
    for (auto& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return text;
}

/// Two that look into one folder would take each other's uploads for wrong ones.
result<void> check_not_shared(engine& e, const pockets::pocket& of, const std::string& folder) {
    if (folder.empty()) return {};
    struct stat own {};
    const bool there = ::stat(folder.c_str(), &own) == 0;
    LARDER_TRY(const auto all, registry_of(e).pockets());
    for (const auto& other : all) {
        if (other.incoming.empty() || other.name() == of.name()) continue;
        struct stat st {};
        const bool same = other.incoming == folder || (there && ::stat(other.incoming.c_str(), &st) == 0 &&
                                                       st.st_dev == own.st_dev && st.st_ino == own.st_ino);
        if (same)
            return error{errc::refused, "pocket " + other.name() + " looks for its uploads in " +
                                            printable(folder, 110) + " already: give this one a folder of its own"};
    }
    return {};
}

}  // namespace

result<pockets::pocket> add_uploader(engine& e, const uploader_options& options) {
    LARDER_TRY(auto key, read_key(options.key));
    LARDER_TRY(const auto mine, turn::take(e, options.pocket));
    auto of = mine.of();
    for (const auto& known : of.uploaders)
        if (known.fingerprint == key.info.fingerprint)
            return error{errc::conflict, "key " + known.fingerprint + " may upload to " + of.name() + " already"};
    of.uploaders.push_back({key.info.fingerprint, printable(key.info.user_id, 200)});
    const auto ref = pockets::uploader_ref_of(of, key.info.fingerprint);
    LARDER_CHECK(change_and_tell(e, "pocket-uploader-add", of.name() + " " + key.info.fingerprint, options.who,
                                 [&](ref_changes also) {
                                     also.push_back({ref, 0, key.armoured});
                                     return registry_of(e).change(of, std::move(also));
                                 }));
    return of;
}

result<pockets::pocket> remove_uploader(engine& e, const uploader_options& options) {
    LARDER_TRY(const auto mine, turn::take(e, options.pocket));
    auto of = mine.of();
    const auto wanted = upper(options.key);
    const auto found = std::find_if(of.uploaders.begin(), of.uploaders.end(), [&](const auto& one) {
        return one.fingerprint == wanted || (wanted.size() >= 16 && one.fingerprint.ends_with(wanted));
    });
    if (found == of.uploaders.end())
        return error{errc::absent, "no uploader of " + of.name() + " has the key '" + printable(options.key, 60) +
                                       "'; larder pocket uploader list " + of.name() + " shows them"};
    const auto fingerprint = found->fingerprint;
    of.uploaders.erase(found);
    const auto name = pockets::uploader_ref_of(of, fingerprint);
    LARDER_TRY(const auto ref, e.store().refs().get(name));
    LARDER_CHECK(
        change_and_tell(e, "pocket-uploader-remove", of.name() + " " + fingerprint, options.who, [&](ref_changes also) {
            if (ref) also.push_back({name, ref->version, std::nullopt});
            return registry_of(e).change(of, std::move(also));
        }));
    return of;
}

result<pockets::pocket> set_intake(engine& e, const intake_options& options) {
    LARDER_TRY(const auto mine, turn::take(e, options.pocket));
    auto of = mine.of();
    if (options.folder) {
        const auto& folder = *options.folder;
        const auto odd = [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 127; };
        if (!folder.empty() &&
            (folder.front() != '/' || folder.size() > 1000 || std::any_of(folder.begin(), folder.end(), odd)))
            return error{errc::refused, "'" + printable(folder, 110) + "' is no whole path of a folder"};
        LARDER_CHECK(check_not_shared(e, of, folder));
        of.incoming = folder;
    }
    if (options.token) of.upload_token = *options.token;
    if (options.distributions) {
        for (const auto& one : *options.distributions) LARDER_CHECK(pockets::check_component(one));
        of.distributions = *options.distributions;
    }
    LARDER_CHECK(change_and_tell(e, "pocket-intake", of.name(), options.who,
                                 [&](ref_changes also) { return registry_of(e).change(of, std::move(also)); }));
    return of;
}

}  // namespace larder::net
