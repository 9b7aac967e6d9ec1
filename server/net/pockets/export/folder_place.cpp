#include "pockets/export/export_place.hpp"
#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <larder/base/file.hpp>
#include <larder/index/byte_source.hpp>
#include <set>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace larder::net::publishing {
namespace {

constexpr std::uint64_t most_record = 4ULL << 30;
constexpr mode_t file_mode = 0644, folder_mode = 0755;

/// A folder that is not there, of which a dry run tells.
class no_folder final : public export_place {
public:
    result<std::optional<export_record>> read_record() override { return std::optional<export_record>{}; }
    result<std::string> stamp_of(const std::string&) override { return std::string{}; }
    result<std::string> find(const std::string&, const tree_file&) override { return std::string{}; }
    result<void> write_record(const export_record&) override { return no(); }
    result<std::string> put(const std::string&, const tree_file&) override { return no(); }
    result<void> settle() override { return no(); }
    result<void> remove(const std::string&) override { return no(); }

private:
    static error no() { return {errc::refused, "a dry run writes nothing"}; }
};

/// A folder of a web server. New files are made in a folder of their own beside the tree, and get their names by
/// rename(2). The names and bytes of one part are made durable together, by one syncfs(2): until the Release that names
/// them is there nobody asks for them.
class folder_place final : public export_place {
public:
    folder_place(engine& e, std::string root, unique_fd fd, bool hard_links)
        : e_{e}, root_{std::move(root)}, fd_{std::move(fd)}, hard_links_{hard_links} {}

    result<std::optional<export_record>> read_record() override {
        const auto file = root_ + "/" + std::string{export_record_name};
        auto text = read_file(file, most_record);
        if (text) {
            auto record = export_record::read(*text);
            if (!record) return record.error().in(file);
            return std::optional{std::move(*record)};
        }
        if (text.error().code() != errc::absent) return text.error();
        std::error_code ec;
        for (const auto& one : std::filesystem::directory_iterator{root_, ec})
            if (one.path().filename() != parts_name)
                return error{errc::refused, root_ + " has files, and no " + std::string{export_record_name} +
                                                ": name a folder that is empty, or not there yet"};
        if (ec) return errno_error(ec.value(), "reading " + root_);
        return std::optional<export_record>{};
    }

    result<void> write_record(const export_record& record) override {
        const auto doing = "writing " + root_ + "/" + std::string{export_record_name};
        LARDER_TRY(const auto part, next_part());
        LARDER_TRY(const auto out, open_part(part, doing));
        LARDER_CHECK(write_all(out.get(), record.write(), doing));
        if (::fsync(out.get()) != 0 ||
            ::renameat(fd_.get(), part.c_str(), fd_.get(), std::string{export_record_name}.c_str()) != 0)
            return errno_error(errno, doing);
        return sync_folder(root_);
    }

    result<std::string> stamp_of(const std::string& path) override {
        struct stat st {};
        if (::fstatat(fd_.get(), path.c_str(), &st, AT_SYMLINK_NOFOLLOW) == 0) return stamp(st);
        if (errno == ENOENT || errno == ENOTDIR) return std::string{};
        return errno_error(errno, "reading " + root_ + "/" + path);
    }

    result<std::string> find(const std::string& path, const tree_file& file) override {
        unique_fd fd{::openat(fd_.get(), path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)};
        struct stat st {};
        if (!fd || ::fstat(fd.get(), &st) != 0 || !S_ISREG(st.st_mode) ||
            static_cast<std::uint64_t>(st.st_size) != file.size)
            return std::string{};
        index::hashing_source in{index::file_source(std::move(fd))};
        for (;;) {
            LARDER_TRY(const auto piece, in.next());
            if (piece.empty()) break;
        }
        return in.finish() == file.content ? stamp(st) : std::string{};
    }

    result<std::string> put(const std::string& path, const tree_file& file) override {
        LARDER_CHECK(make_folder(path.substr(0, path.rfind('/'))));
        LARDER_TRY(const auto part, make_part(path, file));
        LARDER_TRY(auto made, stamp_of(part));
        if (::renameat(fd_.get(), part.c_str(), fd_.get(), path.c_str()) != 0)
            return errno_error(errno, "renaming to " + root_ + "/" + path);
        // rename(2) leaves both names of a file that has both already.
        ::unlinkat(fd_.get(), part.c_str(), 0);
        return made;
    }

    result<void> settle() override {
        if (::syncfs(fd_.get()) != 0) return errno_error(errno, "writing " + root_);
        return {};
    }

    result<void> remove(const std::string& path) override {
        if (::unlinkat(fd_.get(), path.c_str(), 0) != 0 && errno != ENOENT && errno != ENOTDIR)
            return errno_error(errno, "removing " + root_ + "/" + path);
        // Folders that it leaves empty, from below.
        for (auto end = path.rfind('/'); end != std::string::npos; end = path.rfind('/', end - 1)) {
            const auto folder = path.substr(0, end);
            if (::unlinkat(fd_.get(), folder.c_str(), AT_REMOVEDIR) != 0) break;
            folders_.erase(folder);
            if (end == 0) break;
        }
        return {};
    }

    ~folder_place() override { clear_parts(); }

    /// Also what an export that was killed left half done.
    void clear_parts() const {
        std::error_code ignored;
        std::filesystem::remove_all(root_ + "/" + std::string{parts_name}, ignored);
    }

private:
    static constexpr std::string_view parts_name = ".larder-export.parts";

    static std::string stamp(const struct stat& st) {
        return std::to_string(st.st_mtim.tv_sec) + "." + std::to_string(st.st_mtim.tv_nsec) + "-" +
               std::to_string(st.st_ino) + "-" + std::to_string(st.st_size);
    }

    /// And those above it; for everybody to read, whatever this process leaves to others.
    result<void> make_folder(const std::string& path) {
        if (folders_.contains(path)) return {};
        if (const auto slash = path.rfind('/'); slash != std::string::npos)
            LARDER_CHECK(make_folder(path.substr(0, slash)));
        if (::mkdirat(fd_.get(), path.c_str(), folder_mode) == 0) {
            if (::fchmodat(fd_.get(), path.c_str(), folder_mode, 0) != 0)
                return errno_error(errno, "making " + root_ + "/" + path);
        } else if (errno != EEXIST) {
            return errno_error(errno, "making " + root_ + "/" + path);
        }
        folders_.insert(path);
        return {};
    }

    result<std::string> next_part() {
        LARDER_CHECK(make_folder(std::string{parts_name}));
        std::string part{parts_name};
        part.append("/").append(std::to_string(++parts_));
        return part;
    }

    result<unique_fd> open_part(const std::string& part, const std::string& doing) {
        unique_fd out{
            ::openat(fd_.get(), part.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, file_mode)};
        if (!out || ::fchmod(out.get(), file_mode) != 0) return errno_error(errno, doing);
        return out;
    }

    /// A new file with these bytes; its name below the root.
    result<std::string> make_part(const std::string& path, const tree_file& file) {
        LARDER_TRY(auto part, next_part());
        if (!file.linked_to.empty() && ::linkat(fd_.get(), file.linked_to.c_str(), fd_.get(), part.c_str(), 0) == 0)
            return part;
        if (hard_links_ && file.part == tree_part::pool) {
            LARDER_TRY(const bool linked, link_object(path, file, part));
            if (linked) return part;
        }
        LARDER_CHECK(write_part(path, file, part));
        return part;
    }

    result<void> write_part(const std::string& path, const tree_file& file, const std::string& part) {
        const auto doing = "writing " + root_ + "/" + path;
        LARDER_TRY(const auto out, open_part(part, doing));
        LARDER_CHECK(
            read_file_of(e_, path, file, [&](std::string_view piece) { return write_all(out.get(), piece, doing); }));
        return set_date(out.get(), file, doing);
    }

    /// Later publications have later dates, so clients that ask whether it was modified see that it was, also when
    /// two come in one second.
    static result<void> set_date(int fd, const tree_file& file, const std::string& doing) {
        if (file.modified == sys_seconds{}) return {};
        timespec times[2] = {};
        times[0].tv_nsec = UTIME_OMIT;
        times[1].tv_sec = file.modified.time_since_epoch().count();
        if (::futimens(fd, times) != 0) return errno_error(errno, doing);
        return {};
    }

    /// False where the file systems do not let it.
    result<bool> link_object(const std::string& path, const tree_file& file, const std::string& part) {
        LARDER_CHECK(read_file_of(e_, path, file, [](std::string_view) { return result<void>{}; }));
        LARDER_TRY(const auto object, e_.store().objects().open(file.content));
        const auto from = "/proc/self/fd/" + std::to_string(object.get());
        if (::linkat(AT_FDCWD, from.c_str(), fd_.get(), part.c_str(), AT_SYMLINK_FOLLOW) != 0) return false;
        // The store's own files are not for everybody to read; what is exported is.
        if (::fchmod(object.get(), file_mode) == 0) return true;
        ::unlinkat(fd_.get(), part.c_str(), 0);
        return false;
    }

    engine& e_;
    const std::string root_;
    const unique_fd fd_;
    const bool hard_links_;
    std::set<std::string> folders_;  ///< that are there
    std::uint64_t parts_ = 0;
};

}  // namespace

result<std::unique_ptr<export_place>> open_folder(engine& e, const pocket_export_options& options) {
    std::string root = options.to;
    while (root.size() > 1 && root.ends_with('/')) root.pop_back();
    if (!root.starts_with('/') || root == "/")
        return error{errc::bad_config, "a folder to export to is named by its whole path, and is not /"};
    std::error_code ec;
    if (options.dry_run && !std::filesystem::exists(root, ec))
        return std::unique_ptr<export_place>{std::make_unique<no_folder>()};
    const bool is_new = !std::filesystem::exists(root, ec);
    LARDER_CHECK(make_folders(root));
    if (is_new && ::chmod(root.c_str(), folder_mode) != 0) return errno_error(errno, "making " + root);
    unique_fd fd{::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (!fd) return errno_error(errno, "opening " + root);
    // It goes with the descriptor, also after kill -9.
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK)
            return error{errc::conflict, root + " is locked: another export writes there, or a mirror reads from it"};
        return errno_error(errno, "locking " + root);
    }
    auto place = std::make_unique<folder_place>(e, std::move(root), std::move(fd), options.hard_links);
    if (!options.dry_run) place->clear_parts();
    return std::unique_ptr<export_place>{std::move(place)};
}

}  // namespace larder::net::publishing
