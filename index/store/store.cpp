#include "catalogue_table.hpp"
#include "fetch_table.hpp"
#include "file_objects.hpp"
#include "hold_table.hpp"
#include "list_table.hpp"
#include "lock.hpp"
#include "ref_table.hpp"
#include <cerrno>
#include <filesystem>
#include <larder/base/text.hpp>
#include <larder/store/store.hpp>
#include <sys/stat.h>
#include <unistd.h>

namespace larder::store {
namespace {

constexpr int layout_version = 1;
constexpr std::string_view format_word = "larder-store ";

/// A folder that is ours has a format file before it has anything else, but for the lock that was just taken
/// and what a crash left of an earlier try. A file system of its own comes with a lost+found.
result<void> make_format(const std::string& path) {
    std::error_code failed;
    for (std::filesystem::directory_iterator at{path, failed}, end; !failed && at != end; at.increment(failed)) {
        const auto name = at->path().filename().string();
        if (name == "lock" || name == "lost+found" || name.starts_with("format.")) continue;
        return error{errc::refused,
                     path + " has a '" + printable(name, 60) +
                         "' but no file 'format', so it is no Larder store: " + "name an empty folder as store.path"};
    }
    if (failed) return errno_error(failed.value(), "reading folder " + path);
    return replace_file(path + "/format", std::string{format_word} + std::to_string(layout_version) + "\n", 0640);
}

result<void> check_format(const std::string& path) {
    auto text = read_file(path + "/format", 4096);
    if (!text && text.error().code() == errc::absent) return make_format(path);
    LARDER_CHECK(text);
    const auto line = trim(*text);
    const auto number = line.starts_with(format_word) ? line.substr(format_word.size()) : std::string_view{};
    if (number.empty() || number.size() > 6 || number.find_first_not_of("0123456789") != std::string_view::npos)
        return error{errc::malformed, path + "/format is not as Larder writes it ('" + std::string{format_word} +
                                          std::to_string(layout_version) + "'): restore it if this is a store"};
    const int version = std::stoi(std::string{number});
    if (version == layout_version) return {};
    return error{errc::unsupported, "the store " + path + " has layout " + std::to_string(version) +
                                        ", this Larder knows " + std::to_string(layout_version) +
                                        ": use a Larder at least as new as the one that made it"};
}

result<void> make_store_folder(const std::string& path) {
    struct stat st {};
    if (::stat(path.c_str(), &st) == 0) {
        if (S_ISDIR(st.st_mode)) return {};
        return error{errc::io, "the store's path " + path + " is a file, not a folder"};
    }
    if (const auto slash = path.find_last_of('/'); slash != std::string::npos && slash != 0)
        LARDER_CHECK(make_folders(path.substr(0, slash)));
    if (::mkdir(path.c_str(), 0750) != 0 && errno != EEXIST) return errno_error(errno, "creating the store " + path);
    return {};
}

class local_store final : public store {
public:
    local_store(std::string path, unique_fd lock, std::unique_ptr<lmdb_env> env, std::unique_ptr<fetch_table> fetches,
                std::unique_ptr<object_store> objects)
        : path_{std::move(path)},
          lock_{std::move(lock)},
          env_{std::move(env)},
          fetches_{std::move(fetches)},
          objects_{std::move(objects)} {}

    object_store& objects() noexcept override { return *objects_; }
    ref_store& refs() noexcept override { return refs_; }
    catalogue& known() noexcept override { return catalogue_; }
    hold_store& holds() noexcept override { return holds_; }
    list_store& lists() noexcept override { return lists_; }
    fetch_log& fetches() noexcept override { return *fetches_; }
    const std::string& path() const noexcept override { return path_; }

private:
    // Destroyed from the last to the first: the lock goes when nothing writes any more.
    std::string path_;
    unique_fd lock_;
    std::unique_ptr<lmdb_env> env_;
    ref_table refs_{*env_};
    catalogue_table catalogue_{*env_};
    hold_table holds_{*env_};
    list_table lists_{*env_};
    std::unique_ptr<fetch_table> fetches_;
    std::unique_ptr<object_store> objects_;
};

}  // namespace

result<std::unique_ptr<store>> open(const std::string& given) {
    auto path = given;
    while (path.size() > 1 && path.back() == '/') path.pop_back();
    if (path.empty()) return error{errc::bad_config, "the store has no path: set store.path"};
    LARDER_CHECK(make_store_folder(path));
    LARDER_TRY(unique_fd lock, take_lock(path));
    LARDER_CHECK(check_format(path));
    const auto db = path + "/db";
    if (::mkdir(db.c_str(), 0750) != 0 && errno != EEXIST) return errno_error(errno, "creating folder " + db);
    LARDER_TRY(auto env, lmdb_env::open(db));
    LARDER_TRY(auto fetches, fetch_table::open(*env, path + "/fetches"));
    const auto arrived = [log = fetches.get()](const provenance& from, const digest& content, std::uint64_t size) {
        log->note(from, content, size);
    };
    LARDER_TRY(auto objects, open_file_objects(path, real_file_ops(), arrived));
    // LMDB syncs its file, and not the file's name.
    for (const auto& folder : {db, path}) LARDER_CHECK(sync_folder(folder));
    return std::unique_ptr<store>{
        new local_store{std::move(path), std::move(lock), std::move(env), std::move(fetches), std::move(objects)}};
}

}  // namespace larder::store
