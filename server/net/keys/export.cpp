#include "keys/new_key.hpp"
#include "pockets/admin.hpp"
#include "pockets/archive_keys.hpp"
#include "pockets/edition.hpp"
#include <cerrno>
#include <fcntl.h>
#include <larder/base/file.hpp>
#include <unistd.h>

namespace larder::net {
namespace {

using namespace publishing;

constexpr std::uint64_t most_key = 1 << 20;

/// A new file that nobody else can read, durable.
result<void> write_new(const std::string& path, std::string_view bytes) {
    const unique_fd fd{::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600)};
    if (!fd && errno == EEXIST) return error{errc::conflict, path + " is there already: nothing is written over"};
    if (!fd) return errno_error(errno, "creating " + path);
    LARDER_CHECK(write_all(fd.get(), bytes, "writing " + path));
    if (::fsync(fd.get()) != 0) return errno_error(errno, "writing " + path);
    LARDER_TRY(const auto again, read_file(path, most_key));
    if (again != bytes) return error{errc::io, path + " does not hold what was written to it"};
    const auto slash = path.rfind('/');
    return sync_folder(slash == 0 ? "/" : path.substr(0, slash));
}

}  // namespace

result<key_export_report> export_key(engine& e, const key_export_options& options) {
    const std::lock_guard alone{e.keys().turn(options.archive)};
    LARDER_TRY(auto of, registry_of(e).find_archive(options.archive));
    key_export_report report{options.archive, options.fingerprint, {}, options.primary};
    if (options.remove && options.primary.empty())
        return error{errc::refused,
                     "--remove needs --primary FILE: the primary's secret leaves the store only when "
                     "it is in a file"};
    if (options.primary.empty() && options.fingerprint.empty()) {
        report.public_key = e.keys().published(options.archive);
        return report;
    }
    LARDER_TRY(auto* meant, key_meant(of, options.fingerprint, e.clock().now()));
    report.fingerprint = meant->fingerprint;
    report.public_key = meant->published();
    if (options.primary.empty()) return report;
    if (!options.primary.starts_with('/')) return error{errc::refused, "the file is named by its whole path"};
    if (!meant->has_primary)
        return error{errc::refused, "the primary's secret of the key " + meant->fingerprint + " is not in the store"};
    LARDER_TRY(const auto secret, e.keys().secret_of(options.archive, *meant));
    std::optional<std::string> rest;
    if (options.remove) {
        LARDER_TRY(rest, signing::without_primary(secret));
    }
    LARDER_CHECK(write_new(options.primary, secret.text));
    const auto subject = of.name + " " + meant->fingerprint;
    if (rest) {
        LARDER_CHECK(e.keys().keep(options.archive, meant->fingerprint, *rest, {}));
        meant->has_primary = false;
        LARDER_CHECK(change_and_tell(e, "key-remove-primary", subject, options.who,
                                     [&](ref_changes also) { return registry_of(e).change(of, std::move(also)); }));
        report.removed = true;
        return report;
    }
    LARDER_CHECK(tell_journal(e, "key-export-primary", subject, options.who));
    return report;
}

}  // namespace larder::net
