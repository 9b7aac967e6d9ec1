#include "pockets/staging.hpp"
#include <algorithm>
#include <cerrno>
#include <dirent.h>
#include <fcntl.h>
#include <larder/base/text.hpp>
#include <larder/debs/names.hpp>
#include <larder/index/byte_source.hpp>
#include <memory>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace larder::net::publishing {
namespace {

constexpr std::string_view outcomes_name = ".outcomes", lock_name = ".lock";
constexpr std::size_t most_outcomes = 100;
constexpr std::string_view draft_prefix = ".new-";

std::string folder_of(const std::string& store_path, const pockets::pocket& of) {
    auto name = of.name();
    std::replace(name.begin(), name.end(), '/', '~');  // which no archive or suite has
    return store_path + "/uploads/" + name;
}

struct close_folder {
    void operator()(DIR* dir) const noexcept { ::closedir(dir); }
};

/// All names in a folder, but "." and "..".
result<std::vector<waiting_file>> all_in(const std::string& folder) {
    const std::unique_ptr<DIR, close_folder> dir{::opendir(folder.c_str())};
    if (!dir) return errno_error(errno, "reading " + folder);
    std::vector<waiting_file> all;
    while (const auto* one = ::readdir(dir.get())) {
        const std::string name{one->d_name};
        if (name == "." || name == ".." || name == outcomes_name || name == lock_name) continue;
        struct stat st {};
        if (::fstatat(::dirfd(dir.get()), one->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(st.st_mode)) continue;
        all.push_back(
            {name, static_cast<std::uint64_t>(st.st_size), sys_seconds{std::chrono::seconds{st.st_mtim.tv_sec}}});
    }
    std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    return all;
}

}  // namespace

result<staging_lock> staging_lock::take(const std::string& folder) {
    LARDER_CHECK(make_folders(folder));
    const auto path = folder + "/" + std::string{lock_name};
    unique_fd fd{::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)};
    if (!fd) return errno_error(errno, "opening " + path);
    while (::flock(fd.get(), LOCK_EX) != 0)
        if (errno != EINTR) return errno_error(errno, "locking " + path);
    return staging_lock{std::move(fd)};
}

staging::staging(std::string store_path, const pockets::pocket& of, staging_limits limits)
    : folder_{folder_of(store_path, of)}, pocket_{of.name()}, limits_{limits} {}

result<std::vector<waiting_file>> staging::files() const {
    LARDER_CHECK(make_folders(folder_));
    LARDER_TRY(auto all, all_in(folder_));
    std::erase_if(all, [](const waiting_file& one) { return one.name.front() == '.'; });
    return all;
}

result<void> staging::check_room(const std::vector<waiting_file>& there, const std::string& name,
                                 std::uint64_t size) const {
    const bool changes = debs::kind_of_file(name) == debs::file_kind::changes;
    if (const auto most = changes ? limits_.changes : limits_.file; size > most)
        return error{errc::too_large,
                     name + " has " + std::to_string(size) + " bytes; at most " + std::to_string(most) + " are taken"};
    std::uint64_t total = size, count = 1;
    for (const auto& one : there) {
        if (one.name == name) continue;
        total += one.size;
        ++count;
    }
    LARDER_TRY(const auto all, all_in(folder_));
    for (const auto& one : all) {
        if (!one.name.starts_with(draft_prefix)) continue;
        total += one.size;
        ++count;
    }
    if (total > limits_.total || count > limits_.files)
        return error{errc::full, "too much waits for " + pocket_ +
                                     " already: try again when some of it was taken, "
                                     "or tomorrow"};
    return {};
}

result<std::vector<waiting_file>> staging::remove_stale(sys_seconds now) const {
    std::vector<waiting_file> gone;
    LARDER_CHECK(make_folders(folder_));
    LARDER_TRY(const auto all, all_in(folder_));
    for (const auto& one : all) {
        if (now - one.since < limits_.age) continue;
        remove(one.name);
        gone.push_back(one);
    }
    return gone;
}

void staging::remove(const std::string& name) const { ::unlink(path_of(name).c_str()); }

result<std::shared_ptr<staging::draft>> staging::begin(const std::string& name, std::uint64_t size) const {
    LARDER_CHECK(make_folders(folder_));
    auto path = folder_ + "/" + std::string{draft_prefix} + "XXXXXX";
    unique_fd fd{::mkostemp(path.data(), O_CLOEXEC)};
    if (!fd) return errno_error(errno, "making a file in " + folder_);
    // As large as was announced, from now on: so it is counted when others come.
    if (::ftruncate(fd.get(), static_cast<off_t>(size)) != 0) {
        const auto why = errno_error(errno, "making a file in " + folder_);
        ::unlink(path.c_str());
        return why;
    }
    return std::make_shared<draft>(std::move(fd), std::move(path), name, pocket_, size);
}

staging::draft::~draft() {
    if (!path_.empty()) ::unlink(path_.c_str());
}

result<void> staging::draft::append(std::string_view bytes) {
    size_ += bytes.size();
    if (size_ > wanted_) return error{errc::too_large, name_ + " is longer than was said"};
    return write_all(fd_.get(), bytes, "writing " + name_);
}

result<void> staging::put(draft& file, sys_seconds now) const {
    if (file.size_ != file.wanted_) return error{errc::malformed, file.name_ + " is shorter than was said"};
    const timespec when{now.time_since_epoch().count(), 0};
    const timespec both[] = {when, when};
    if (::futimens(file.fd_.get(), both) != 0 || ::fsync(file.fd_.get()) != 0)
        return errno_error(errno, "writing " + file.name_);
    if (::rename(file.path_.c_str(), path_of(file.name_).c_str()) != 0)
        return errno_error(errno, "naming " + file.name_);
    file.path_.clear();
    return sync_folder(folder_);
}

result<std::vector<upload_row>> staging::outcomes() const {
    std::vector<upload_row> all;
    const auto text = read_file(folder_ + "/" + std::string{outcomes_name}, 4U << 20);
    if (!text && text.error().code() == errc::absent) return all;
    if (!text) return text.error();
    for (const auto line : split(*text, '\n')) {
        const auto parts = split(line, '\t');
        if (parts.size() != 5) continue;
        const auto when = parse_timestamp(parts[0]);
        if (!when) continue;
        all.push_back(
            {*when, std::string{parts[2]}, std::string{parts[1]}, std::string{parts[3]}, std::string{parts[4]}});
    }
    return all;
}

result<void> staging::note(upload_row row) const {
    LARDER_TRY(auto all, outcomes());
    all.insert(all.begin(), std::move(row));
    if (all.size() > most_outcomes) all.resize(most_outcomes);
    std::string text;
    for (const auto& one : all)
        text += format_timestamp(one.when) + "\t" + one.state + "\t" + printable(one.changes, 260) + "\t" +
                printable(one.by, 300) + "\t" + printable(one.text, 2000) + "\n";
    return replace_file(folder_ + "/" + std::string{outcomes_name}, text, 0600);
}

result<std::vector<std::string>> folder_names(const std::string& folder) {
    LARDER_TRY(const auto all, all_in(folder));
    std::vector<std::string> names;
    for (const auto& one : all) names.push_back(one.name);
    return names;
}

result<measured> measure(const std::string& path) {
    unique_fd fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)};
    if (!fd) return errno_error(errno, "opening " + path);
    index::hashing_source in{index::file_source(std::move(fd))};
    for (;;) {
        LARDER_TRY(const auto piece, in.next());
        if (piece.empty()) break;
    }
    const auto size = in.size();
    return measured{in.finish(), size};
}

}  // namespace larder::net::publishing
