// larder_index_bench: what the first verified load of one Packages file costs: read, SHA-256 of the
// file as published, unpack, SHA-256 of what it unpacks to, scan, and learn into a store that has
// none of it. The signature and the download are not in it.

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <iostream>
#include <larder/base/file.hpp>
#include <larder/index/byte_source.hpp>
#include <larder/index/claims.hpp>
#include <larder/index/decompress.hpp>
#include <larder/index/kinds.hpp>
#include <larder/store/store.hpp>

namespace larder::bench {
namespace {

using steady = std::chrono::steady_clock;

struct measured {
    double total = 0;  ///< seconds, like the others
    double unpack_and_scan = 0;
    double learn = 0;
    double again = 0;  ///< of the same claims as another index, into a store that has them all
    std::uint64_t claims = 0;
    std::uint64_t bytes = 0;
};

constexpr std::uint64_t max_size = 1ULL << 30;  // of what the file unpacks to

double since(steady::time_point start) { return std::chrono::duration<double>(steady::now() - start).count(); }

result<measured> load(const std::string& packages, const std::string& folder) {
    LARDER_TRY(auto store, store::open(folder));
    measured out;
    auto start = steady::now();
    LARDER_TRY(auto file, read_file(packages));
    auto name = sha256(file);
    LARDER_TRY(auto unpacked, index::decompress(index::memory_source(file), index::compression_of(packages), max_size));
    index::hashing_source hashed{index::read_ahead(std::move(unpacked))};
    std::vector<store::claim> claims;
    auto keep = [&](std::string_view path, const digest& content, std::uint64_t size) {
        claims.push_back({std::string{path}, content, size});
    };
    LARDER_TRY(auto totals, index::scan(index::index_kind::packages, hashed, "", keep));
    hashed.finish();
    out.unpack_and_scan = since(start);
    out.claims = totals.claims;
    out.bytes = hashed.size();
    auto copy = claims;
    auto learn_start = steady::now();
    LARDER_CHECK(store->known().learn("bench", name, std::move(claims)));
    out.learn = since(learn_start);
    out.total = out.unpack_and_scan + out.learn;
    auto again_start = steady::now();
    LARDER_CHECK(store->known().learn("bench", sha256("the next state"), std::move(copy)));
    out.again = since(again_start);
    return out;
}

}  // namespace
}  // namespace larder::bench

int main(int argc, char** argv) {
    using namespace larder::bench;
    CLI::App app{"Loads a Packages file into a new store and prints one JSON object: seconds and counts."};
    std::string packages;
    std::string folder;
    app.add_option("packages", packages, "the file, its compression told by its name")->required();
    app.add_option("store", folder, "a folder that does not exist yet")->required();
    CLI11_PARSE(app, argc, argv);
    if (std::filesystem::exists(folder)) {
        std::cerr << "larder_index_bench: " << folder << " is there already: a first load needs a new store\n";
        return 2;
    }
    auto done = load(packages, folder);
    if (!done) {
        std::cerr << "larder_index_bench: " << done.error() << '\n';
        return 1;
    }
    std::printf(
        "{\"seconds\":%.6f,\"unpack_and_scan\":%.6f,\"learn\":%.6f,\"learn_again\":%.6f,"
        "\"claims\":%llu,\"bytes\":%llu}\n",
        done->total, done->unpack_and_scan, done->learn, done->again, static_cast<unsigned long long>(done->claims),
        static_cast<unsigned long long>(done->bytes));
    return 0;
}
