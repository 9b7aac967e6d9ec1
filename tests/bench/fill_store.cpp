// larder_fill: a store full of objects, for the numbers that depend on how much is in one. It writes
// the files of index/store's layout directly: committing each durably, as the server does, would take
// minutes and is not what is measured.

#include <CLI/CLI.hpp>
#include <cstring>
#include <fcntl.h>
#include <iostream>
#include <larder/base/file.hpp>
#include <larder/base/units.hpp>
#include <larder/store/store.hpp>
#include <unistd.h>

namespace larder::bench {
namespace {

struct arguments {
    std::string store;
    std::uint64_t count = 0;
    std::uint64_t smallest = 1024;  // bytes
    std::uint64_t largest = 1024;
    bool learn = false;
};

// splitmix64: bytes that no compression or deduplication shortens, the same on every machine.
class random_bytes {
public:
    std::uint64_t next() noexcept {
        auto z = state_ += 0x9e3779b97f4a7c15ULL;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
        return z ^ (z >> 31);
    }
    void fill(std::string& out) noexcept {
        for (std::size_t at = 0; at < out.size(); at += 8) {
            auto word = next();
            std::memcpy(out.data() + at, &word, std::min<std::size_t>(8, out.size() - at));
        }
    }

private:
    std::uint64_t state_ = 20261121;
};

result<void> write_object(const std::string& objects, const digest& name, std::string_view bytes) {
    auto hex = name.hex();
    auto folder = objects + "/" + hex.substr(0, 2);
    LARDER_CHECK(make_folders(folder));
    auto path = folder + "/" + hex.substr(2);
    unique_fd fd{::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644)};
    if (!fd) return errno_error(errno, "making " + path);
    return write_all(fd.get(), bytes, "writing " + path);
}

result<void> fill(const arguments& args) {
    LARDER_TRY(auto store, store::open(args.store));
    random_bytes random;
    std::vector<store::claim> claims;
    std::string bytes;
    for (std::uint64_t i = 0; i < args.count; ++i) {
        bytes.resize(args.smallest + random.next() % (args.largest - args.smallest + 1));
        random.fill(bytes);
        auto name = sha256(bytes);
        LARDER_CHECK(write_object(args.store + "/objects", name, bytes));
        if (args.learn) claims.push_back({"pool/main/" + std::to_string(i) + ".deb", name, bytes.size()});
    }
    if (args.learn) LARDER_CHECK(store->known().learn("bench", sha256("the filled store"), std::move(claims)));
    ::sync();
    return {};
}

}  // namespace
}  // namespace larder::bench

int main(int argc, char** argv) {
    using namespace larder::bench;
    CLI::App app{"Makes a store and fills it with objects of random bytes."};
    arguments args;
    std::string smallest = "1 KiB";
    std::string largest;
    app.add_option("store", args.store, "its folder")->required();
    app.add_option("--count", args.count, "objects")->required();
    app.add_option("--smallest", smallest, "size of an object");
    app.add_option("--largest", largest, "the same as --smallest if not given");
    app.add_flag("--learn", args.learn, "also put all of them into the catalogue, as files of one index");
    CLI11_PARSE(app, argc, argv);
    auto low = larder::parse_size(smallest);
    auto high = larder::parse_size(largest.empty() ? smallest : largest);
    if (!low || !high || *high < *low) {
        std::cerr << "larder_fill: sizes are given as \"4 KiB\", the largest not below the smallest\n";
        return 2;
    }
    args.smallest = *low;
    args.largest = *high;
    auto done = fill(args);
    if (!done) {
        std::cerr << "larder_fill: " << done.error() << '\n';
        return 1;
    }
    return 0;
}
