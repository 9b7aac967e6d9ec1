#include "layout.hpp"
#include <array>
#include <cerrno>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace larder::store {
namespace {

constexpr mode_t folder_mode = 0750;

result<void> make_folder_at(int parent, const std::string& name, const std::string& shown) {
    if (::mkdirat(parent, name.c_str(), folder_mode) == 0 || errno == EEXIST) return {};
    return errno_error(errno, "creating folder " + shown + "/" + name);
}

result<unique_fd> open_folder_at(int parent, const std::string& name, const std::string& shown) {
    unique_fd fd{::openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (!fd) return errno_error(errno, "opening folder " + shown + "/" + name);
    return fd;
}

struct close_dir {
    void operator()(DIR* dir) const noexcept { ::closedir(dir); }
};

/// What a crash left: bytes that nobody acknowledged.
result<void> empty_incoming(const layout& at) {
    const std::string shown = at.folder + "/incoming";
    unique_fd fd{::openat(at.root.get(), "incoming", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (!fd) return errno_error(errno, "opening folder " + shown);
    std::unique_ptr<DIR, close_dir> dir{::fdopendir(fd.get())};
    if (!dir) return errno_error(errno, "reading folder " + shown);
    (void)fd.release();  // the DIR owns it now
    std::vector<std::string> names;
    while (const dirent* entry = ::readdir(dir.get())) {
        const std::string_view name{entry->d_name};
        if (name != "." && name != "..") names.emplace_back(name);
    }
    for (const auto& name : names) {
        if (at.ops->unlink(at.incoming.get(), name.c_str()) != 0 && errno != ENOENT)
            return errno_error(errno, "removing the left-over " + shown + "/" + name);
    }
    return {};
}

/// Both steps are tried: some file systems have no O_TMPFILE, some sandboxes no /proc. A second fsync
/// after the link would do for those that need it, too; but a file that is renamed costs none.
temporary_kind find_temporary_kind(const layout& at) {
    if (!at.ops->nameless_are_durable(at.incoming.get())) return temporary_kind::named;
    const unique_fd probe{at.ops->open_nameless(at.incoming.get())};
    if (!probe) return temporary_kind::named;
    const auto name = at.fresh_name();
    if (at.ops->link_nameless(probe.get(), at.incoming.get(), name.c_str()) != 0) return temporary_kind::named;
    at.ops->unlink(at.incoming.get(), name.c_str());
    return temporary_kind::nameless;
}

result<void> make_object_folders(const layout& at) {
    constexpr std::string_view digits = "0123456789abcdef";
    for (const char high : digits)
        for (const char low : digits)
            LARDER_CHECK(make_folder_at(at.objects.get(), {high, low}, at.folder + "/objects"));
    // Made here once, so that no commit ever has to sync more than the folder of its object. Synced also
    // when all were there: who made them may have been killed before this.
    if (at.ops->sync_folder(at.root.get(), "objects") != 0)
        return errno_error(errno, "syncing folder " + at.folder + "/objects");
    return {};
}

}  // namespace

std::string layout::object_name(const digest& d) {
    auto name = d.hex();
    name.insert(2, 1, '/');
    return name;
}

std::optional<digest> layout::parse_name(std::string_view two, std::string_view rest) {
    std::string hex{two};
    hex += rest;
    auto d = digest::from_hex(hex);
    // An upper-case name is none of ours: open() would not find it.
    if (!d || d->hex() != hex) return std::nullopt;
    return *d;
}

result<void> prepare(layout& at, const std::string& folder, const file_ops& ops) {
    at.folder = folder;
    at.ops = &ops;
    at.root.reset(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!at.root) return errno_error(errno, "opening folder " + folder);
    for (const char* name : {"objects", "incoming", "damaged"})
        LARDER_CHECK(make_folder_at(at.root.get(), name, folder));
    LARDER_TRY(at.objects, open_folder_at(at.root.get(), "objects", folder));
    LARDER_TRY(at.incoming, open_folder_at(at.root.get(), "incoming", folder));
    LARDER_TRY(at.damaged, open_folder_at(at.root.get(), "damaged", folder));
    LARDER_CHECK(make_object_folders(at));
    if (ops.sync_folder(at.root.get(), ".") != 0) return errno_error(errno, "syncing folder " + folder);
    LARDER_CHECK(empty_incoming(at));
    at.temporaries = find_temporary_kind(at);
    return {};
}

}  // namespace larder::store
