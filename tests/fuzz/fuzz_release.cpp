#include <cstdint>
#include <cstdlib>
#include <larder/base/text.hpp>
#include <larder/index/release_text.hpp>

using namespace larder::index;

// A Release that parses has sorted, clean paths, each once, each with a hash.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto r = detail::parse_release_text({reinterpret_cast<const char*>(data), size});
    if (!r) return 0;
    const release_file* previous = nullptr;
    for (const auto& file : r->files) {
        const auto clean = larder::clean_path(file.path);
        if (!clean || *clean != file.path) std::abort();
        if (!file.sha256 && file.sha512.size() != 128) std::abort();
        if (previous && !(previous->path < file.path)) std::abort();
        if (r->find(file.path) != &file) std::abort();
        previous = &file;
    }
    matches_suite(*r, r->codename);
    return 0;
}
