#include <cstdint>
#include <cstdlib>
#include <larder/base/text.hpp>
#include <larder/debs/contents.hpp>
#include <larder/debs/deb.hpp>
#include <larder/debs/stanza.hpp>
#include <larder/index/packages.hpp>

using namespace larder;
using namespace larder::debs;

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

/// Small, so that a bomb is one here as well.
deb_limits small() {
    deb_limits l;
    l.control_tar = l.data_tar = l.ratio_from = 1 << 20;
    l.entries = 1000;
    l.paths = 1 << 16;
    return l;
}

/// What is published of it is read again as the same package.
void publish(const binary_package& p) {
    const auto name = package_file_name(p.name, p.version, p.architecture, p.kind);
    if (!name) return require(!name.error().detail().empty());
    const auto folder = pool_folder("main", p.source.name);
    if (!folder) return require(!folder.error().detail().empty());
    const auto path = *folder + "/" + *name;
    require(clean_path(path) && *clean_path(path) == path && path.starts_with("pool/main/"));
    const auto text = packages_stanza(p, path, {"net", {}, 10}).value();
    require(text.find("\n\n") == std::string::npos && text.ends_with('\n'));
    const auto source = index::memory_source(text);
    int found = 0;
    const auto left_out = index::read_packages(index::index_kind::packages, *source, [&](index::listed_package&& l) {
        require(l.name == p.name && l.version == p.version && l.architecture == p.architecture);
        require(l.source == p.source.name && l.path == path && l.content == p.content && l.size == p.size);
        ++found;
    });
    require(left_out && *left_out == 0 && found == 1);
}

void list(const binary_package& p) {
    const auto packed = pack_paths(p.files);
    require(unpack_paths(packed).value() == p.files);
    for (const auto& path : p.files) require(!path.starts_with('/') && path.find('\n') == std::string::npos);
}

}  // namespace

// A package is refused with a reason, in which its name stands, or what is published of it is the package again. The
// same bytes are also read as packed paths.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes{reinterpret_cast<const char*>(data), size};
    const auto limits = small();
    const auto source = index::memory_source(bytes, 1000);
    const auto p = read_deb(*source, "x.deb", file_list::read, limits);
    if (!p) {
        require(p.error().detail().starts_with("x.deb: "));
    } else {
        require(p->size == size && p->content == sha256(bytes));
        list(*p);
        publish(*p);
    }
    if (const auto paths = unpack_paths(bytes)) require(unpack_paths(pack_paths(*paths)).value() == *paths);
    return 0;
}
