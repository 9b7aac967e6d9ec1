// larder_installability_bench: what it takes to say which packages of an index are installable, from the file as apt
// keeps it to the verdicts and the reasons for the broken ones; and after that for one package that changes: for
// every n-th one that it becomes a version newer, or is taken away, each time beginning with what is known of the
// index.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <iostream>
#include <larder/base/file.hpp>
#include <larder/index/byte_source.hpp>
#include <larder/index/decompress.hpp>
#include <larder/qa/installability.hpp>

namespace larder::bench {
namespace {

using steady = std::chrono::steady_clock;
using qa::package_id;

constexpr std::uint64_t max_size = 1ULL << 30;  // of what the file unpacks to

double since(steady::time_point start) { return std::chrono::duration<double>(steady::now() - start).count(); }

result<qa::index_reading> read(qa::universe& into, const std::string& path) {
    unique_fd file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
    if (!file) return errno_error(errno, "opening " + path);
    auto bytes = index::file_source(std::move(file));
    LARDER_TRY(const auto text, index::decompress(std::move(bytes), index::compression_of(path), max_size));
    return into.read(*text);
}

std::string stanza_of(const qa::universe& all, package_id p, const std::string& more) {
    const auto key = all.key(p);
    return "Package: " + key.name + "\nVersion: " + key.version + "+b9\nArchitecture: " + key.architecture + "\n" +
           more;
}

struct changes {
    std::vector<double> took;
    std::size_t most_worse = 0;
    double longest = 0;
    std::string slowest, worst;

    void add(double seconds, std::size_t worse, const std::string& what) {
        took.push_back(seconds);
        if (seconds > longest) slowest = what;
        if (worse > most_worse) worst = what;
        longest = std::max(longest, seconds);
        most_worse = std::max(most_worse, worse);
    }
};

/// Each package in turn becomes a version newer that needs nothing, so that what asks for the old one breaks; or goes.
result<changes> change_each(qa::universe& all, const qa::installability& now, std::size_t step) {
    changes made;
    const auto packages = now.packages();
    for (std::size_t i = 0; i < packages.size(); i += step) {
        const std::span one{&packages[i], 1};
        const auto name = all.key(packages[i]).name;
        const auto stanza = stanza_of(all, packages[i], "");
        auto start = steady::now();
        LARDER_TRY(const auto read, all.read(stanza));
        const auto newer = qa::compare(now, now.with(one, read.packages)).size();
        made.add(since(start), newer, name + " made newer");
        start = steady::now();
        const auto without = qa::compare(now, now.with(one, {})).size();
        made.add(since(start), without, name + " taken away");
    }
    std::sort(made.took.begin(), made.took.end());
    return made;
}

/// The most memory that was in use so far. Not getrusage(), which counts what the caller had before it ran this.
long most_kib() {
    const auto status = read_file("/proc/self/status");
    const auto at = status ? status->find("VmHWM:") : std::string::npos;
    return at == std::string::npos ? 0 : std::strtol(status->c_str() + at + 6, nullptr, 10);
}

int run(const std::vector<std::string>& files, const std::string& native, std::size_t step, bool show) {
    const auto start = steady::now();
    qa::universe all{{native, {}}};
    std::vector<package_id> packages;
    std::uint64_t odd = 0;
    for (const auto& file : files) {
        const auto one = read(all, file);
        if (!one) {
            std::cerr << "larder_installability_bench: " << file << ": " << one.error() << '\n';
            return 1;
        }
        packages.insert(packages.end(), one->packages.begin(), one->packages.end());
        odd += one->odd;
    }
    const auto reading = since(start);
    const auto now = qa::installability{all}.with({}, packages);
    const auto broken = now.broken();
    const auto checked = since(start);
    std::vector<std::string> why;
    for (const auto p : broken) why.push_back(to_string(now.explain(p)));
    const auto total = since(start);
    const auto kib = most_kib();
    if (show)
        for (const auto& one : why) std::cerr << one << '\n';
    const auto changed = change_each(all, now, step);
    if (!changed) {
        std::cerr << "larder_installability_bench: " << changed.error() << '\n';
        return 1;
    }
    const auto& took = changed->took;
    std::printf(
        "{\"seconds\":%.6f,\"reading\":%.6f,\"checking\":%.6f,\"explaining\":%.6f,\"kib\":%ld,\"packages\":%zu,"
        "\"odd\":%llu,\"broken\":%zu,\"changes\":%zu,\"change_median\":%.6f,\"change_most\":%.6f,\"slowest\":\"%s\","
        "\"most_worse\":%zu,\"worst\":\"%s\"}\n",
        total, reading, checked - reading, total - checked, kib, packages.size(), static_cast<unsigned long long>(odd),
        broken.size(), took.size(), took.empty() ? 0 : took[took.size() / 2], took.empty() ? 0 : took.back(),
        changed->slowest.c_str(), changed->most_worse, changed->worst.c_str());
    return 0;
}

}  // namespace
}  // namespace larder::bench

int main(int argc, char** argv) {
    CLI::App app{
        "Checks which packages of some indices are installable and prints one JSON object: seconds and counts."};
    std::vector<std::string> files;
    std::string native = "amd64";
    std::size_t step = 200;
    bool show = false;
    app.add_option("packages", files, "Packages files, their compression told by their names")->required();
    app.add_option("--native", native, "the machines' architecture");
    app.add_option("--every", step, "change every n-th package")->check(CLI::PositiveNumber);
    app.add_flag("--show", show, "print why the broken ones are");
    CLI11_PARSE(app, argc, argv);
    return larder::bench::run(files, native, step, show);
}
