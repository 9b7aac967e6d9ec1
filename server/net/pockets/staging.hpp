#pragma once

#include <larder/base/clock.hpp>
#include <larder/base/digest.hpp>
#include <larder/base/file.hpp>
#include <larder/net/pocket_intake.hpp>
#include <string>
#include <vector>

// The folder in which the parts of a pocket's uploads wait for each other: uploads/ARCHIVE~SUITE in the store's.
// Nothing in it counts as kept; only what was included is. A crash leaves files that wait on, and ones with a dot in
// front that go after a day.

namespace larder::net::publishing {

struct staging_limits {
    std::uint64_t file = 8ULL << 30;     ///< bytes of one file
    std::uint64_t changes = 1ULL << 20;  ///< bytes of a .changes
    std::uint64_t total = 32ULL << 30;   ///< bytes of all
    std::uint64_t files = 10'000;
    std::chrono::hours age{24};
};

/// Held by whoever looks at, adds to or takes from a staging folder. Blocks until nobody else does.
class staging_lock {
public:
    static result<staging_lock> take(const std::string& folder);

private:
    explicit staging_lock(unique_fd fd) : fd_{std::move(fd)} {}
    unique_fd fd_;
};

struct waiting_file {
    std::string name;
    std::uint64_t size = 0;
    sys_seconds since{};
};

class staging {
public:
    staging(std::string store_path, const pockets::pocket& of, staging_limits limits = {});

    const std::string& folder() const noexcept { return folder_; }
    std::string path_of(const std::string& name) const { return folder_ + "/" + name; }

    /// Those that wait, by name. The folder is made when it is not there.
    result<std::vector<waiting_file>> files() const;
    /// Whether there is room for one of this name and size beside these, and those that are on their way.
    result<void> check_room(const std::vector<waiting_file>& there, const std::string& name, std::uint64_t size) const;
    /// Removes what has waited for too long at `now`; those that went.
    result<std::vector<waiting_file>> remove_stale(sys_seconds now) const;
    void remove(const std::string& name) const;

    /// A file without a name that counts; it goes with this object unless put() has given it one.
    class draft final : public upload_in_progress {
    public:
        draft(unique_fd fd, std::string path, std::string name, std::string pocket, std::uint64_t size)
            : fd_{std::move(fd)},
              path_{std::move(path)},
              name_{std::move(name)},
              pocket_{std::move(pocket)},
              wanted_{size} {}
        ~draft() override;
        result<void> append(std::string_view bytes) override;
        const std::string& name() const noexcept { return name_; }
        const std::string& pocket() const noexcept { return pocket_; }
        /// Where it is as long as it has no name.
        const std::string& path() const noexcept { return path_; }

    private:
        friend class staging;
        unique_fd fd_;
        std::string path_, name_, pocket_;
        std::uint64_t wanted_ = 0, size_ = 0;
    };
    result<std::shared_ptr<draft>> begin(const std::string& name, std::uint64_t size) const;
    /// Durable, and under its name, in place of one that waited there.
    result<void> put(draft& file, sys_seconds now) const;

    /// What is told of the last uploads; kept beside the files, the last first.
    result<std::vector<upload_row>> outcomes() const;
    result<void> note(upload_row row) const;

private:
    const std::string folder_, pocket_;
    const staging_limits limits_;
};

/// The names of the ordinary files in a folder, sorted.
result<std::vector<std::string>> folder_names(const std::string& folder);

/// Of a file's bytes.
struct measured {
    digest content{};
    std::uint64_t size = 0;
};
result<measured> measure(const std::string& path);

}  // namespace larder::net::publishing
