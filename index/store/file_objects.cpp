#include "file_objects.hpp"
#include <cerrno>
#include <dirent.h>
#include <fcntl.h>
#include <future>
#include <sys/stat.h>

namespace larder::store {
namespace {

struct close_dir {
    void operator()(DIR* dir) const noexcept { ::closedir(dir); }
};

object_info info_of(const struct stat& st) {
    return {static_cast<std::uint64_t>(st.st_size), sys_seconds{std::chrono::seconds{st.st_mtim.tv_sec}}};
}

class file_objects final : public object_store {
public:
    static result<std::unique_ptr<object_store>> open_at(const std::string& folder, const file_ops& ops,
                                                         arrival_sink arrived) {
        auto at = std::make_shared<layout>();
        LARDER_CHECK(prepare(*at, folder, ops));
        return std::unique_ptr<object_store>{new file_objects{std::move(at), std::move(arrived)}};
    }

    result<std::optional<object_info>> find(const digest& d) const override {
        struct stat st {};
        if (::fstatat(at_->objects.get(), layout::object_name(d).c_str(), &st, AT_SYMLINK_NOFOLLOW) == 0)
            return std::optional{info_of(st)};
        if (errno == ENOENT) return std::optional<object_info>{};
        return errno_error(errno, "looking for " + at_->object_path(d));
    }

    result<unique_fd> open(const digest& d) const override {
        unique_fd fd{::openat(at_->objects.get(), layout::object_name(d).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)};
        if (fd) return fd;
        if (errno == ENOENT) return error{errc::absent, "object " + d.hex() + " is not in the store"};
        return errno_error(errno, "opening " + at_->object_path(d));
    }

    result<std::string> read(const digest& d, std::uint64_t limit) const override {
        LARDER_TRY(const unique_fd fd, open(d));
        struct stat st {};
        if (::fstat(fd.get(), &st) != 0) return errno_error(errno, "reading " + at_->object_path(d));
        const auto size = static_cast<std::uint64_t>(st.st_size);
        if (size > limit)
            return error{errc::too_large, "object " + d.hex() + " has " + std::to_string(size) +
                                              " bytes, more than the " + std::to_string(limit) + " allowed here"};
        LARDER_TRY(std::string bytes, pread_all(fd.get(), size, 0, "reading " + at_->object_path(d)));
        if (sha256(bytes) != d)
            return error{errc::digest_mismatch, at_->object_path(d) + " is damaged: its bytes are not what its name " +
                                                    "says; run `larder doctor`"};
        return bytes;
    }

    result<std::unique_ptr<incoming>> begin() override {
        LARDER_TRY(std::unique_ptr<incoming> file, incoming_file::begin(at_));
        return file;
    }

    void commit(std::unique_ptr<incoming> file, const digest& expected, sys_seconds modified, committed done,
                std::optional<provenance> from) override {
        std::vector<committer::job> one;
        take({std::move(file), expected, modified, std::move(done)}, std::move(from), one);
        committer_.add(std::move(one));
    }

    void commit_together(std::vector<arrival> all) override {
        std::vector<committer::job> jobs;
        for (auto& one : all) take(std::move(one), {}, jobs);
        committer_.add(std::move(jobs));
    }

    result<digest> put(std::string_view bytes, sys_seconds modified, std::optional<provenance> from) override {
        const auto d = sha256(bytes);
        std::promise<result<digest>> promise;
        auto answer = promise.get_future();
        committed done = [&promise](result<digest> r) { promise.set_value(std::move(r)); };
        if (read(d, bytes.size())) {
            add({nullptr, d, modified, std::move(done), {}});
            return answer.get();
        }
        LARDER_TRY(auto file, incoming_file::begin(at_));
        LARDER_CHECK(file->append(bytes));
        add({std::move(file), d, modified, std::move(done), std::move(from)});
        return answer.get();
    }

    result<void> remove(const digest& d) override {
        if (at_->ops->unlink(at_->objects.get(), layout::object_name(d).c_str()) == 0 || errno == ENOENT) return {};
        return errno_error(errno, "removing " + at_->object_path(d));
    }

    result<void> set_aside(const digest& d) override {
        const auto name = layout::object_name(d);
        if (at_->ops->rename(at_->objects.get(), name.c_str(), at_->damaged.get(), d.hex().c_str()) != 0) {
            if (errno == ENOENT) return {};
            return errno_error(errno, "moving " + at_->object_path(d) + " to " + at_->folder + "/damaged");
        }
        // The copy that a person looks at first; a name that comes back after a crash is found damaged again.
        if (at_->ops->sync_folder(at_->root.get(), "damaged") != 0 ||
            at_->ops->sync_folder(at_->objects.get(), name.substr(0, 2).c_str()) != 0)
            return errno_error(errno, "syncing folder " + at_->folder + "/damaged");
        return {};
    }

    result<void> for_each(const std::function<bool(const digest&, const object_info&)>& seen) const override {
        constexpr std::string_view digits = "0123456789abcdef";
        for (const char high : digits) {
            for (const char low : digits) {
                LARDER_TRY(const bool go_on, each_in({high, low}, seen));
                if (!go_on) return {};
            }
        }
        return {};
    }

private:
    file_objects(std::shared_ptr<const layout> at, arrival_sink arrived)
        : at_{std::move(at)}, committer_{*at_, std::move(arrived)} {}

    void add(committer::job one) {
        std::vector<committer::job> jobs;
        jobs.push_back(std::move(one));
        committer_.add(std::move(jobs));
    }
    /// To the jobs; a file of another store is refused instead.
    static void take(arrival one, std::optional<provenance> from, std::vector<committer::job>& jobs) {
        auto* ours = dynamic_cast<incoming_file*>(one.file.get());
        if (ours == nullptr) {
            one.done(error{errc::refused, "an incoming object of another store cannot be committed here"});
            return;
        }
        (void)one.file.release();
        jobs.push_back(
            {std::unique_ptr<incoming_file>{ours}, one.expected, one.modified, std::move(one.done), std::move(from)});
    }

    result<bool> each_in(const std::string& two,
                         const std::function<bool(const digest&, const object_info&)>& seen) const {
        const std::string doing = "reading folder " + at_->folder + "/objects/" + two;
        unique_fd fd{::openat(at_->objects.get(), two.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
        if (!fd) return errno_error(errno, doing);
        const std::unique_ptr<DIR, close_dir> dir{::fdopendir(fd.get())};
        if (!dir) return errno_error(errno, doing);
        const int folder = fd.release();  // the DIR owns it now
        for (;;) {
            errno = 0;
            const dirent* entry = ::readdir(dir.get());
            if (entry == nullptr) break;
            const auto d = layout::parse_name(two, entry->d_name);
            struct stat st {};
            // One that was removed meanwhile is not here.
            if (!d || ::fstatat(folder, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0) continue;
            if (!seen(*d, info_of(st))) return false;
        }
        if (errno != 0) return errno_error(errno, doing);
        return true;
    }

    std::shared_ptr<const layout> at_;
    committer committer_;
};

}  // namespace

result<std::unique_ptr<object_store>> open_file_objects(const std::string& folder, const file_ops& ops,
                                                        arrival_sink arrived) {
    return file_objects::open_at(folder, ops, std::move(arrived));
}

result<std::unique_ptr<object_store>> open_file_objects(const std::string& folder) {
    return open_file_objects(folder, real_file_ops());
}

}  // namespace larder::store
