#include <cstdint>
#include <cstdlib>
#include <larder/base/text.hpp>
#include <larder/debs/source.hpp>
#include <larder/debs/stanza.hpp>
#include <larder/index/claims.hpp>
#include <set>

using namespace larder;
using namespace larder::debs;

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

/// Plain names, each once.
template <class Files>
void check_files(const Files& files) {
    std::set<std::string_view> names;
    for (const auto& f : files) {
        const auto clean = clean_path(f.name);
        require(clean && *clean == f.name && f.name.find('/') == std::string::npos);
        require(names.insert(f.name).second);
    }
    require(!files.empty());
}

/// What Sources says of it are claims of its very files, in its own folder.
void check_source(const source_package& s) {
    check_files(s.files);
    const auto folder = pool_folder("main", s.name).value();
    const auto text = sources_stanza(s, folder).value();
    require(text.find("\n\n") == std::string::npos && text.ends_with('\n'));
    const auto source = index::memory_source(text);
    const auto totals =
        index::scan(index::index_kind::sources, *source, "", [&](std::string_view path, const digest&, std::uint64_t) {
            require(path.starts_with(folder + "/" + s.name + "_"));
        });
    require(totals && totals->claims == s.files.size() + 1 && totals->skipped == 0);
}

template <class T>
void require_reason(const result<T>& r) {
    require(!r.error().detail().empty());
}

}  // namespace

// A .dsc, .changes or .buildinfo, clear-signed or not, is refused with a reason or lists plain names, each once.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes{reinterpret_cast<const char*>(data), size};
    if (const auto dsc = read_dsc(bytes, "x.dsc"))
        check_source(*dsc);
    else
        require_reason(dsc);
    if (const auto info = read_buildinfo(bytes, "x.buildinfo"))
        check_files(info->files);
    else
        require_reason(info);
    const auto text = signed_part(bytes);
    if (!text) return require_reason(text), 0;
    if (const auto upload = read_changes(*text, "x.changes"))
        check_files(upload->files);
    else
        require_reason(upload);
    return 0;
}
