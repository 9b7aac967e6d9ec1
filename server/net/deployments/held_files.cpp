#include "deployments/holding.hpp"
#include "deployments/units.hpp"
#include "held.hpp"
#include "index_reader.hpp"
#include <larder/index/claims.hpp>
#include <larder/qa/closure.hpp>
#include <set>

namespace larder::net::pinning {
namespace {

using store::held_object;
/// False: what it needs of the index is not here.
using read_one = std::function<result<bool>(const deployments::pin&, const listed_index&)>;

result<void> each_index(engine& e, const deployments::generation& g, const course& of, const read_one& read) {
    for (const auto& pin : g.pins) {
        of.tell({"reading " + pin.archive + "/" + pin.suite, 0, 0});
        LARDER_TRY(const auto state, load_state(e.store().objects(), pin.listed()));
        const suite in{pin.suite};
        LARDER_TRY(const auto indices,
                   package_indices(e.store().objects(), *state, in, components_of(e, pin.archive), g.architectures));
        for (const auto& [stem, index] : indices) {
            if (of.stop.stop_requested()) return error{errc::cancelled, "stopped on request"};
            const auto done = read(pin, index);
            if (!done) return done.error().in(pin.archive + "/" + pin.suite);
            if (!*done)
                return error{errc::absent, pin.archive + "/" + pin.suite + ": its index " + stem + " is not here"};
        }
    }
    return {};
}

/// What a form of an index that is here says.
result<std::unique_ptr<index::byte_source>> open_here(engine& e, const listed_index& index) {
    return open_index(e.store().objects(), *index.here->sha256, index.here->path);
}

result<held_files> fetched_through(engine& e, const std::string& name) {
    LARDER_CHECK(e.held().flush());
    held_files all;
    LARDER_CHECK(e.store().holds().each(
        name, [&all](std::string_view, const held_object& one) { all.emplace(one.content, one); }));
    return all;
}

/// Every file that a generation's indices name.
result<held_files> every_file(engine& e, const deployments::generation& g, const course& of) {
    held_files all;
    LARDER_CHECK(each_index(e, g, of, [&](const auto& pin, const auto& index) -> result<bool> {
        if (index.here == nullptr) return false;
        LARDER_TRY(const auto plain, open_here(e, index));
        const auto take = [&](std::string_view path, const digest& content, std::uint64_t size) {
            if (content != index::no_usable_hash)
                all.emplace(content, held_object{content, size, pin.archive, std::string{path}});
        };
        LARDER_TRY(const auto totals, index::scan(index::kind_of(index.here->path), *plain, "", take));
        static_cast<void>(totals);
        return true;
    }));
    return all;
}

/// Adds what units have installed of the generation's packages: it may have come to them another way.
result<void> add_reported(engine& e, const std::string& name, const deployments::generation& g, held_files& all,
                          const course& of) {
    LARDER_TRY(const auto reported, reported_packages(e, name));
    if (reported.empty()) return {};
    return each_package(
        e, g,
        [&](const deployments::pin& pin, const index::listed_package& one) {
            if (one.content != index::no_usable_hash && reported.contains({one.name, one.architecture, one.version}))
                all.emplace(one.content, held_object{one.content, one.size, pin.archive, one.path});
        },
        of);
}

/// Adds all that is depended on.
result<void> close(engine& e, const deployments::generation& g, held_files& all, std::vector<std::string>& unresolved,
                   const course& of) {
    LARDER_TRY(const auto files, every_file(e, g, of));
    qa::package_pool pool;
    LARDER_CHECK(fill(e, g, pool, of));
    std::vector<const qa::index_entry*> seeds;
    pool.each([&](const qa::index_entry& one) {
        if (all.contains(one.content)) seeds.push_back(&one);
    });
    const auto closure = qa::close_over(pool, seeds);
    unresolved.insert(unresolved.end(), closure.unresolved.begin(), closure.unresolved.end());
    for (const auto* one : closure.packages)
        if (const auto file = files.find(one->content); file != files.end()) all.insert(*file);
    return {};
}

}  // namespace

result<void> fill(engine& e, const deployments::generation& g, qa::package_pool& pool, const course& of) {
    return each_index(e, g, of, [&](const auto&, const auto& index) -> result<bool> {
        if (index.here == nullptr) return false;
        if (index::kind_of(index.here->path) != index::index_kind::packages) return true;
        LARDER_TRY(const auto plain, open_here(e, index));
        std::string text;
        for (;;) {
            LARDER_TRY(const auto piece, plain->next());
            if (piece.empty()) break;
            text += piece;
        }
        LARDER_CHECK(pool.add(std::move(text)));
        return true;
    });
}

result<void> each_package(engine& e, const deployments::generation& g, const package_sink& take, const course& of) {
    return each_index(e, g, of, [&](const auto& pin, const auto& index) {
        return each_listed(e.store(), index, [&](const index::listed_package& one) { take(pin, one); });
    });
}

result<held_files> held_by_mode(engine& e, const deployments::deployment& d, const deployments::generation& g,
                                std::vector<std::string>& unresolved, const course& of) {
    LARDER_TRY(auto all, fetched_through(e, d.name));
    if (d.hold == deployments::hold_mode::full) {
        LARDER_TRY(auto files, every_file(e, g, of));
        all.merge(files);
        return all;
    }
    LARDER_CHECK(add_reported(e, d.name, g, all, of));
    if (d.hold == deployments::hold_mode::closure) LARDER_CHECK(close(e, g, all, unresolved, of));
    return all;
}

result<held_files> hold_by_mode(engine& e, const deployments::deployment& d, const deployments::generation& g,
                                std::vector<std::string>& unresolved, const course& of) {
    LARDER_TRY(auto all, held_by_mode(e, d, g, unresolved, of));
    std::vector<held_object> holds;
    holds.reserve(all.size());
    for (const auto& [content, one] : all) holds.push_back(one);
    LARDER_CHECK(e.store().holds().add(d.name, holds));
    for (const auto& one : holds) e.held().keep(one.content);
    return all;
}

}  // namespace larder::net::pinning
