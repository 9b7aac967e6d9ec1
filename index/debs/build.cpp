#include <algorithm>
#include <archive.h>
#include <archive_entry.h>
#include <larder/base/text.hpp>
#include <larder/debs/build.hpp>
#include <larder/debs/deb.hpp>
#include <larder/index/byte_source.hpp>
#include <memory>
#include <set>

namespace larder::debs {
namespace {

struct written_file {
    std::string path, bytes;
    bool folder = false;
};

struct archive_freed {
    void operator()(archive* a) const noexcept { archive_write_free(a); }
};
struct entry_freed {
    void operator()(archive_entry* e) const noexcept { archive_entry_free(e); }
};

error failed(archive* a) {
    const char* why = archive_error_string(a);
    return {errc::io, std::string{"building a package: "} + (why != nullptr ? why : "libarchive failed")};
}

/// Told of nothing but what it is given: no user, no machine, no time of its own.
std::unique_ptr<archive_entry, entry_freed> entry_of(const written_file& file, sys_seconds modified) {
    std::unique_ptr<archive_entry, entry_freed> entry{archive_entry_new()};
    archive_entry_set_pathname(entry.get(), file.path.c_str());
    archive_entry_set_size(entry.get(), static_cast<la_int64_t>(file.bytes.size()));
    archive_entry_set_filetype(entry.get(), file.folder ? AE_IFDIR : AE_IFREG);
    archive_entry_set_perm(entry.get(), file.folder ? 0755 : 0644);
    archive_entry_set_mtime(entry.get(), modified.time_since_epoch().count(), 0);
    archive_entry_set_uid(entry.get(), 0);
    archive_entry_set_gid(entry.get(), 0);
    archive_entry_set_uname(entry.get(), "root");
    archive_entry_set_gname(entry.get(), "root");
    return entry;
}

la_ssize_t take_bytes(archive*, void* to, const void* bytes, std::size_t size) {
    static_cast<std::string*>(to)->append(static_cast<const char*>(bytes), size);
    return static_cast<la_ssize_t>(size);
}

result<std::string> write_archive(archive* raw, const std::vector<written_file>& files, sys_seconds modified) {
    const std::unique_ptr<archive, archive_freed> out{raw};
    std::string bytes;
    archive_write_set_bytes_in_last_block(raw, 1);
    if (archive_write_open(raw, &bytes, nullptr, take_bytes, nullptr) != ARCHIVE_OK) return failed(raw);
    for (const auto& file : files) {
        const auto entry = entry_of(file, modified);
        if (archive_write_header(raw, entry.get()) != ARCHIVE_OK) return failed(raw);
        if (file.folder) continue;
        if (archive_write_data(raw, file.bytes.data(), file.bytes.size()) != static_cast<la_ssize_t>(file.bytes.size()))
            return failed(raw);
    }
    if (archive_write_close(raw) != ARCHIVE_OK) return failed(raw);
    return bytes;
}

result<std::string> tar_gz(const std::vector<written_file>& files, sys_seconds modified) {
    auto* out = archive_write_new();
    archive_write_set_format_gnutar(out);
    archive_write_add_filter_gzip(out);
    archive_write_set_options(out, "gzip:!timestamp,gzip:compression-level=9");
    return write_archive(out, files, modified);
}

/// With every folder above, before what is in it.
std::vector<written_file> tree_of(std::vector<packed_file> files) {
    std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
    std::vector<written_file> all{{"./", {}, true}};
    std::set<std::string> folders;
    for (auto& file : files) {
        for (auto at = file.path.find('/'); at != std::string::npos; at = file.path.find('/', at + 1))
            if (folders.insert(file.path.substr(0, at)).second)
                all.push_back({"./" + file.path.substr(0, at) + "/", {}, true});
        all.push_back({"./" + file.path, std::move(file.bytes)});
    }
    return all;
}

/// As dpkg-gencontrol counts it: each file in whole KiB, and one for every folder.
std::uint64_t installed_size(const std::vector<written_file>& tree) {
    std::uint64_t kib = 0;
    for (const auto& one : tree) kib += one.folder ? 1 : (one.bytes.size() + 1023) / 1024;
    return kib;
}

}  // namespace

result<std::string> build_deb(const new_package& what) {
    for (const auto& file : what.files) {
        LARDER_TRY(const auto clean, clean_path(file.path));
        if (clean != file.path)
            return error{errc::malformed, "'" + printable(file.path, 100) + "' is no path of a file in a package"};
    }
    const auto tree = tree_of(what.files);
    auto control = what.control;
    const auto description = control.find("\nDescription:");
    const auto size = "Installed-Size: " + std::to_string(installed_size(tree)) + "\n";
    control.insert(description == std::string::npos ? control.size() : description + 1, size);
    LARDER_TRY(auto control_tar, tar_gz({{"./", {}, true}, {"./control", control}}, what.modified));
    LARDER_TRY(auto data_tar, tar_gz(tree, what.modified));
    auto* out = archive_write_new();
    // Names without a slash behind them, as dpkg-deb writes them.
    archive_write_set_format_ar_bsd(out);
    LARDER_TRY(auto bytes, write_archive(out,
                                         {{"debian-binary", "2.0\n"},
                                          {"control.tar.gz", std::move(control_tar)},
                                          {"data.tar.gz", std::move(data_tar)}},
                                         what.modified));
    // What cannot be taken in again is not handed out.
    const auto in = index::memory_source(bytes);
    LARDER_TRY(const auto read, read_deb(*in, "package.deb"));
    static_cast<void>(read);
    return bytes;
}

}  // namespace larder::debs
