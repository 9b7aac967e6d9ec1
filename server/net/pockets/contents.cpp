#include "pockets/contents.hpp"
#include "commits.hpp"
#include <algorithm>
#include <deque>
#include <larder/base/text.hpp>
#include <larder/debs/contents.hpp>
#include <larder/debs/deb.hpp>
#include <larder/index/claims.hpp>
#include <larder/index/compose.hpp>

namespace larder::net::publishing {
namespace {

constexpr std::string_view in_component = "/Contents-";
/// What a note can hold; the few packages with more are read each time.
constexpr std::size_t most_noted = 1U << 20;

/// A package of an index.
struct listed_file {
    std::string label, path;
    digest content{};
};

/// A Section that would be no part of a line is left out.
std::string label_of(const debs::paragraph& stanza) {
    const auto section = stanza.get("Section");
    const bool fine = std::all_of(section.begin(), section.end(),
                                  [](char c) { return static_cast<unsigned char>(c) > ' ' && c != ',' && c != 127; });
    return debs::contents_label(fine ? section : std::string_view{}, stanza.get("Package"));
}

result<std::vector<listed_file>> files_of(engine& e, const pockets::kept_index& packages) {
    std::vector<listed_file> all;
    LARDER_TRY(auto placed, list_of(e, packages));
    const auto in = index::join_chunks(std::move(placed.list), placed.object, opener_of(e));
    LARDER_CHECK(index::each_stanza(*in, [&](const index::raw_stanza& one) -> result<void> {
        LARDER_TRY(const auto stanza, debs::paragraph::read(one.text));
        LARDER_TRY(const auto content, digest::from_hex(stanza.get("SHA256")));
        all.push_back({label_of(stanza), std::string{stanza.get("Filename")}, content});
        return {};
    }));
    return all;
}

result<std::string> read_paths(engine& e, const listed_file& of) {
    LARDER_TRY(auto fd, e.store().objects().open(of.content));
    const auto in = index::file_source(std::move(fd));
    const auto package = debs::read_deb(*in, of.path.substr(of.path.rfind('/') + 1));
    // What was pulled need not be what is taken in here; that does not change.
    const bool odd =
        !package && (package.error().code() == errc::malformed || package.error().code() == errc::too_large ||
                     package.error().code() == errc::unsupported);
    if (odd) return debs::pack_paths({});
    if (!package) return package.error();
    if (package->content != of.content) return error{errc::digest_mismatch, "its bytes are not what they were"};
    return debs::pack_paths(package->files);
}

/// The packed paths of a package: remembered, or read.
result<std::string> paths_of(engine& e, const listed_file& of) {
    const auto key = "paths/" + of.content.hex();
    LARDER_TRY(auto known, e.store().known().get_note(key));
    if (known && debs::unpack_paths(*known)) return std::move(*known);
    auto packed = read_paths(e, of);
    if (!packed) return packed.error().in(of.path);
    if (packed->size() <= most_noted) LARDER_CHECK(e.store().known().put_note(key, *packed));
    return packed;
}

/// One Contents file.
class contents_file {
public:
    contents_file(engine& e, const std::stop_token& stop) : e_{e}, stop_{stop} {}

    result<void> add(const pockets::kept_index& packages) {
        LARDER_TRY(const auto files, files_of(e_, packages));
        for (const auto& one : files) {
            if (stop_.stop_requested()) return error{errc::cancelled, "stopped on request"};
            auto packed = paths_of(e_, one);
            if (!packed) {
                e_.log().write(log_level::warn, "a package has no lines in Contents: " + packed.error().message());
                continue;
            }
            packed_.push_back(std::move(*packed));
            entries_.push_back({one.label, packed_.back()});
        }
        return {};
    }

    result<void> write(const pockets::piece_taker& to) const { return debs::write_contents(entries_, to); }

private:
    engine& e_;
    const std::stop_token& stop_;
    std::deque<std::string> packed_;
    std::vector<debs::contents_entry> entries_;
};

const pockets::kept_index* find(const pockets::publication& in, const std::string& path) {
    const auto found =
        std::find_if(in.indices.begin(), in.indices.end(), [&](const auto& one) { return one.path == path; });
    return found == in.indices.end() ? nullptr : &*found;
}

}  // namespace

std::string contents_path(const std::string& component, const std::string& architecture) {
    return component + std::string{in_component} + architecture;
}

bool is_contents(std::string_view path) {
    const auto name = path.rfind('/');
    return name != std::string_view::npos && path.substr(name).starts_with(in_component);
}

result<known_indices> make_contents(engine& e, const pockets::pocket& of, const pockets::publication& last,
                                    const std::function<void(const digest&)>& made, const std::stop_token& stop) {
    known_indices all;
    commits writing{e.store().objects()};
    LARDER_TRY(const auto known, indices_of(e, last));
    for (const auto& component : of.components)
        for (const auto& architecture : of.architectures) {
            const auto* packages = find(last, index_path(component, architecture));
            if (architecture == "source" || packages == nullptr) continue;
            const auto path = contents_path(component, architecture);
            contents_file file{e, stop};
            LARDER_CHECK(file.add(*packages));
            std::optional<pockets::placed_list> before;
            const auto there = known.find(path);
            if (there != known.end()) {
                LARDER_TRY(before, list_of(e, there->second.kept));
            }
            LARDER_TRY(auto out, e.store().objects().begin());
            const auto write = [&](const pockets::piece_taker& to) { return file.write(to); };
            const auto xz = of.xz ? pockets::with_xz::yes : pockets::with_xz::no;
            LARDER_TRY(const auto index, pockets::publish_lines(before, write, opener_of(e), *out, xz));
            if (before && before->list.content == index.list.content && there->second.xz.has_value() == of.xz) continue;
            const auto object = out->finish();
            made(object);
            LARDER_CHECK(writing.add(std::move(out), object, e.clock().now()));
            all[path] = {{path, index.list.content, object}, index.list.size, index.gzip, index.zstd, index.xz};
        }
    LARDER_CHECK(writing.settle());
    return all;
}

}  // namespace larder::net::publishing
