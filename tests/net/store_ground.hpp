#pragma once

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <larder/net/maintenance.hpp>
#include <maintenance/known_states.hpp>

namespace larder::net::test {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

class still_clock : public wall_clock {
public:
    sys_seconds now() const override { return sys_seconds{1'800'000'000s}; }
};

inline const progress_sink quiet = [](const progress&) {};

/// An engine without archives on a store of its own.
struct ground {
    explicit ground(std::uint64_t limit = 0) {
        std::string name = (fs::temp_directory_path() / "larder-maintenance-XXXXXX").string();
        folder = ::mkdtemp(name.data());
        core::options options;
        options.store.path = folder + "/store";
        options.store.max_cache_size = limit;
        core::log_options log;
        log.level = "error";
        log.target = "stderr";
        e = std::move(engine::start(options, make_logger(log), clock).value());
    }
    ~ground() {
        e.reset();
        fs::remove_all(folder);
    }

    digest put(const std::string& bytes, std::optional<int> used = {}) {
        const auto d = e->store().objects().put(bytes, sys_seconds{1s}).value();
        if (used) e->store().known().used(d, sys_seconds{std::chrono::seconds{*used}});
        return d;
    }
    bool has(const digest& d) { return e->store().objects().find(d).value().has_value(); }
    void refer(const std::string& name, const std::string& value) {
        e->store().refs().change({{name, 0, value}}).value();
    }

    /// A state of a suite whose Release names these files, "HASH SIZE PATH" each; returns the manifest's id.
    digest state_with(const std::string& suite_name, const std::vector<std::string>& files) {
        auto text = "Origin: x\nSuite: " + suite_name + "\nDate: Sat, 21 Nov 2026 06:30:00 UTC\nSHA256:\n";
        for (const auto& file : files) text += " " + file + "\n";
        state_manifest m;
        m.archive = "debian";
        m.suite = suite_name;
        m.date = sys_seconds{1'795'000'000s};
        m.text = {put(text), text.size()};
        m.in_release = stored_file{put("signed " + text), text.size() + 7};
        return put(m.write());
    }
    static std::string line(const std::string& bytes, const std::string& path) {
        return sha256(bytes).hex() + " " + std::to_string(bytes.size()) + " " + path;
    }
    /// One whose Release names one index; and the index.
    std::pair<digest, digest> state(const std::string& suite_name) {
        const auto text = "index of " + suite_name;
        return {state_with(suite_name, {line(text, "main/binary-amd64/Packages")}), put(text)};
    }

    std::string path_of(const digest& d) const {
        return folder + "/store/objects/" + d.hex().substr(0, 2) + "/" + d.hex().substr(2);
    }
    void damage(const digest& d) {
        const auto path = path_of(d);
        fs::permissions(path, fs::perms::owner_all);
        std::fstream file{path, std::ios::in | std::ios::out | std::ios::binary};
        file.put('!');
    }

    still_clock clock;
    std::string folder;
    std::unique_ptr<engine> e;
};

inline gc_options in_earnest() {
    gc_options o;
    o.dry_run = false;
    o.grace_seconds = 0;
    return o;
}

}  // namespace larder::net::test
