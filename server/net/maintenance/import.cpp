#include "maintenance/downloads.hpp"
#include "maintenance/known_states.hpp"
#include <algorithm>
#include <condition_variable>
#include <fcntl.h>
#include <filesystem>
#include <mutex>
#include <set>
#include <sys/stat.h>

// A file is hashed where it is, and copied only when its hash is known: a cache of strangers' files
// costs reading, not writing.

namespace larder::net {
namespace {

using namespace maintenance;
namespace fs = std::filesystem;

constexpr std::size_t piece_size = 1 << 20;
/// Commits that may be under way: they share their fsyncs.
constexpr std::size_t most_commits = 64;

struct found_file {
    std::string path;  ///< below the folder
    std::uint64_t size = 0;
};

/// What a package's name tells of it.
std::string architecture_in(std::string_view name) {
    for (const std::string_view suffix : {".deb", ".udeb", ".ddeb"}) {
        if (!name.ends_with(suffix)) continue;
        name.remove_suffix(suffix.size());
        const auto mark = name.rfind('_');
        return mark == std::string_view::npos ? std::string{} : std::string{name.substr(mark + 1)};
    }
    return {};
}

/// Packages for all architectures stand in the index of each.
std::string any_architecture(const index::release& release) {
    for (const auto& one : release.architectures)
        if (one != "all" && one != "source") return one;
    return "all";
}

class importer {
public:
    importer(engine& e, const import_options& options, const progress_sink& tell, std::stop_token stop)
        : e_{e}, folder_{options.folder}, tell_{tell}, stop_{std::move(stop)} {}

    ~importer() { wait_for_commits(0); }
    importer(const importer&) = delete;
    importer& operator=(const importer&) = delete;

    result<import_report> run() {
        LARDER_CHECK(list());
        LARDER_CHECK(learn());
        LARDER_TRY(const auto refs, state_refs(e_.store().refs()));
        states_ = load_states(e_.store().objects(), refs, [](const state_ref&, const error&) {});
        std::vector<char> piece(piece_size);
        for (const auto& file : files_) {
            if (stop_.stop_requested()) break;
            tell_({"importing", report_.bytes, total_});
            take(file, piece);
            ++report_.files;
            report_.bytes += file.size;
        }
        wait_for_commits(0);
        report_.unreadable.insert(report_.unreadable.end(), not_stored_.begin(), not_stored_.end());
        tell_({"importing", report_.bytes, total_});
        if (stop_.stop_requested()) return error{errc::cancelled, "stopped; what was kept so far stays"};
        return std::move(report_);
    }

private:
    result<void> list() {
        std::error_code ec;
        if (!fs::is_directory(folder_, ec))
            return error{errc::bad_config, folder_ + " is not a folder that can be read"};
        // Folder by folder: an iterator over all of them ends for good at the first that it cannot read.
        std::vector<fs::path> folders{fs::path{folder_}};
        while (!folders.empty()) {
            if (stop_.stop_requested()) return error{errc::cancelled, "stopped on request"};
            const auto one = std::move(folders.back());
            folders.pop_back();
            const auto how = list_one(one, folders);
            if (!how && one == fs::path{folder_}) return error{errc::io, folder_ + ": " + how.error().detail()};
            if (!how) report_.unreadable.push_back(below(one) + "/: " + how.error().detail());
        }
        std::sort(files_.begin(), files_.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
        return {};
    }

    std::string below(const fs::path& path) const { return path.lexically_relative(folder_).string(); }

    /// The files of one folder, and which folders are in it.
    result<void> list_one(const fs::path& folder, std::vector<fs::path>& folders) {
        std::error_code ec;
        fs::directory_iterator all{folder, ec};
        if (ec && folder != fs::path{folder_}) {
            if (ec == std::errc::no_such_file_or_directory) return {};  // gone since its name was read
            // What apt has not got whole yet, closed to all but its own user.
            if (ec == std::errc::permission_denied && folder.filename() == "partial") return {};
        }
        if (ec) return error{errc::io, "opening the folder: " + ec.message()};
        while (all != fs::directory_iterator{}) {
            note(*all, folders);
            all.increment(ec);
            if (ec) return error{errc::io, "reading the folder: " + ec.message()};
        }
        return {};
    }

    void note(const fs::directory_entry& entry, std::vector<fs::path>& folders) {
        auto path = below(entry.path());
        std::error_code ec;
        const auto status = entry.symlink_status(ec);
        if (status.type() == fs::file_type::not_found) return;  // gone since the folder was read
        if (ec) return report_.unreadable.push_back(path + ": " + ec.message());
        if (fs::is_directory(status)) return folders.push_back(entry.path());
        if (!fs::is_regular_file(status)) return;
        // apt-cacher-ng's notes beside each file, and apt's own lock.
        if (path.ends_with(".head") || path.ends_with("lock")) return;
        const auto size = entry.file_size(ec);
        if (ec == std::errc::no_such_file_or_directory) return;
        if (ec) return report_.unreadable.push_back(path + ": " + ec.message());
        if (size == 0) return;
        if (auto arch = architecture_in(path); !arch.empty() && arch != "all") architectures_.insert(std::move(arch));
        sources_ = sources_ || path.ends_with(".dsc");
        total_ += size;
        files_.push_back({std::move(path), size});
    }

    /// Makes known what nobody asked about before: configured suites, and the indices these files may be in.
    result<void> learn() {
        const auto routes = e_.routes();
        for (const auto& a : routes->archives)
            for (const auto& name : a->options().suites) {
                if (stop_.stop_requested()) return error{errc::cancelled, "stopped on request"};
                LARDER_CHECK(learn_suite(a, name));
            }
        return {};
    }

    result<void> learn_suite(const std::shared_ptr<archive>& a, const std::string& name) {
        const auto ref_name = suite{name}.ref(a->name());
        const auto told = a->name() + " " + name;
        LARDER_TRY(auto ref, e_.store().refs().get(ref_name));
        if (!ref) {
            tell_({"asking for " + told, 0, 0});
            if (const auto how = refresh_now(e_, a, name, stop_); !how) {
                report_.learnt.push_back(told + ": " + how.error().detail());
                return {};
            }
            LARDER_TRY(ref, e_.store().refs().get(ref_name));
            if (!ref) return {};
        }
        auto from = parse_state_ref(ref_name);
        from->value = ref->value;
        const auto states = load_states(e_.store().objects(), {*from}, [](const state_ref&, const error&) {});
        if (states.empty()) return {};
        index_filter filter;
        filter.components = a->options().components;
        filter.architectures = a->options().architectures;
        if (filter.architectures.empty()) filter.architectures.assign(architectures_.begin(), architectures_.end());
        if (filter.architectures.empty())
            filter.architectures.push_back(any_architecture(states.front().state->release()));
        filter.sources = sources_;
        filter.others = false;
        std::vector<index_wanted> unknown;
        for (auto& index : indices_of(states.front(), filter, e_.store(), a->mirrors_ptr())) {
            LARDER_TRY(const bool known, e_.store().known().knows_index(a->name(), index.key));
            if (!known) unknown.push_back(std::move(index));
        }
        if (unknown.empty()) return {};
        tell_({"reading indices of " + told, 0, 0});
        const auto count = unknown.size();
        const auto how = learn_all(e_, a, std::move(unknown), stop_);
        report_.learnt.push_back(
            told + ": " + (how ? std::to_string(count) + (count == 1 ? " index" : " indices") : how.error().detail()));
        return {};
    }

    bool is_known(const digest& d) const {
        if (const auto origins = e_.store().known().origins(d); origins && !origins->empty()) return true;
        const auto hex = d.hex();
        return std::any_of(states_.begin(), states_.end(), [&](const known_state& s) {
            if (s.state->by_hash("SHA256", hex) != nullptr) return true;
            const auto files = files_of(s.state->manifest());
            return std::any_of(files.begin(), files.end(), [&d](const stored_file& f) { return f.content == d; });
        });
    }

    /// Reads the file from its beginning, piece by piece.
    template <class Take>
    static result<void> read_through(int fd, std::vector<char>& piece, Take take) {
        std::uint64_t done = 0;
        for (;;) {
            const auto n = ::pread(fd, piece.data(), piece.size(), static_cast<off_t>(done));
            if (n < 0 && errno == EINTR) continue;
            if (n < 0) return errno_error(errno, "reading it");
            if (n == 0) return {};
            const auto count = static_cast<std::size_t>(n);
            LARDER_CHECK(take(std::string_view{piece.data(), count}));
            done += count;
        }
    }

    void take(const found_file& file, std::vector<char>& piece) {
        if (const auto how = try_to_take(file, piece); !how)
            report_.unreadable.push_back(file.path + ": " + how.error().detail());
    }

    result<void> try_to_take(const found_file& file, std::vector<char>& piece) {
        const auto path = (fs::path{folder_} / file.path).string();
        const unique_fd fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)};
        if (!fd) return errno_error(errno, "opening it");
        struct stat st {};
        if (::fstat(fd.get(), &st) != 0) return errno_error(errno, "reading it");
        static_cast<void>(::posix_fadvise(fd.get(), 0, 0, POSIX_FADV_SEQUENTIAL));
        hasher hash;
        LARDER_CHECK(read_through(fd.get(), piece, [&hash](std::string_view bytes) -> result<void> {
            hash.update(bytes);
            return {};
        }));
        const auto content = hash.finish();
        if (!is_known(content)) {
            report_.unknown.push_back(file.path);
            return {};
        }
        auto& objects = e_.store().objects();
        LARDER_TRY(const auto here, objects.find(content));
        if (here) {
            ++report_.already_here;
            return {};
        }
        LARDER_TRY(auto copy, objects.begin());
        LARDER_CHECK(read_through(fd.get(), piece, [&copy](std::string_view bytes) { return copy->append(bytes); }));
        wait_for_commits(most_commits - 1);
        {
            const std::lock_guard lock{mutex_};
            ++under_way_;
        }
        // apt and apt-cacher-ng give their files upstream's own date.
        objects.commit(
            std::move(copy), content, sys_seconds{std::chrono::seconds{st.st_mtim.tv_sec}},
            [this, content, file](result<digest> how) { committed(content, file, how); }, origin_of(content, path));
        return {};
    }

    /// Where it belongs, by the index that knows it, and the file that it was.
    store::provenance origin_of(const digest& content, const std::string& file) const {
        store::provenance from{store::arrival::imported, e_.clock().now(), {}, {}, {file}};
        const auto known = e_.store().known().origins(content);
        if (!known || known->empty()) return from;
        from.archive = known->front().archive;
        from.path = known->front().path;
        return from;
    }

    void committed(const digest& content, const found_file& file, const result<digest>& how) {
        if (how) e_.store().known().used(content, e_.clock().now());
        const std::lock_guard lock{mutex_};
        if (how) {
            ++report_.kept;
            report_.kept_bytes += file.size;
        } else {
            not_stored_.push_back(file.path + ": " + how.error().detail());
        }
        --under_way_;
        changed_.notify_all();
    }

    void wait_for_commits(std::size_t most) {
        std::unique_lock lock{mutex_};
        changed_.wait(lock, [&] { return under_way_ <= most; });
    }

    engine& e_;
    const std::string folder_;
    const progress_sink& tell_;
    std::stop_token stop_;
    import_report report_;  ///< `kept` is the commits' own until none is under way
    std::vector<found_file> files_;
    std::uint64_t total_ = 0;
    std::set<std::string> architectures_;
    bool sources_ = false;
    std::vector<known_state> states_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::string> not_stored_;
    std::size_t under_way_ = 0;
};

}  // namespace

result<import_report> import_folder(engine& e, const import_options& options, const progress_sink& tell,
                                    std::stop_token stop) {
    importer one{e, options, tell, std::move(stop)};
    auto report = one.run();
    // New objects: answers that said "fetch it" are out of date.
    ++e.parts().generation;
    return report;
}

}  // namespace larder::net
