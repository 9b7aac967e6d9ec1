// larder_fill_deployments: many deployments of many generations, made of one that is there. They are written as the
// server writes them, but for the fsync of each manifest, which would take minutes and is not what is measured.

#include <CLI/CLI.hpp>
#include <fcntl.h>
#include <iostream>
#include <larder/base/file.hpp>
#include <larder/deployments/registry.hpp>
#include <larder/store/store.hpp>
#include <unistd.h>

namespace larder::bench {
namespace {

struct arguments {
    std::string store, like;
    std::uint64_t deployments = 1000, generations = 20;
};

result<digest> write_object(const std::string& store, std::string_view bytes) {
    const auto name = sha256(bytes);
    const auto hex = name.hex();
    const auto folder = store + "/objects/" + hex.substr(0, 2);
    LARDER_CHECK(make_folders(folder));
    const auto path = folder + "/" + hex.substr(2);
    const unique_fd fd{::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644)};
    if (!fd) return errno_error(errno, "making " + path);
    LARDER_CHECK(write_all(fd.get(), bytes, "writing " + path));
    return name;
}

/// The generations of the deployment that is there, in turn.
result<void> add_like(const arguments& args, const deployments::deployment& like,
                      const std::vector<deployments::generation>& all, const std::string& name,
                      std::vector<store::ref_change>& refs) {
    auto made = like;
    made.name = name;
    std::optional<digest> parent;
    for (std::uint64_t number = 1; number <= args.generations; ++number) {
        auto g = all[(number - 1) % all.size()];
        g.deployment = name;
        g.number = number;
        g.parent = parent;
        LARDER_TRY(made.generation, write_object(args.store, g.write()));
        parent = made.generation;
        refs.push_back({deployments::ref_of(name, number), 0, made.generation.hex()});
    }
    made.head = args.generations;
    refs.push_back({deployments::ref_of(name), 0, made.write()});
    return {};
}

result<void> fill(const arguments& args) {
    LARDER_TRY(const auto store, store::open(args.store));
    deployments::registry registry{store->objects(), store->refs()};
    LARDER_TRY(const auto like, registry.find(args.like));
    LARDER_TRY(const auto all, registry.history(args.like));
    std::vector<store::ref_change> refs;
    for (std::uint64_t i = 1; i <= args.deployments; ++i)
        LARDER_CHECK(add_like(args, like, all, args.like + "-" + std::to_string(i), refs));
    ::sync();
    return store->refs().change(refs);
}

}  // namespace
}  // namespace larder::bench

int main(int argc, char** argv) {
    using namespace larder::bench;
    CLI::App app{"Adds deployments to a store: NAME-1, NAME-2, …, each with generations like those of NAME."};
    arguments args;
    app.add_option("store", args.store, "its folder")->required();
    app.add_option("name", args.like, "a deployment that is there")->required();
    app.add_option("--deployments", args.deployments, "how many");
    app.add_option("--generations", args.generations, "of each");
    CLI11_PARSE(app, argc, argv);
    const auto done = fill(args);
    if (!done) {
        std::cerr << "larder_fill_deployments: " << done.error() << '\n';
        return 1;
    }
    return 0;
}
