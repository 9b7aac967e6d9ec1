#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <pockets/export/bucket_listing.hpp>
#include <pockets/export/export_record.hpp>

using namespace larder::net::publishing;

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

void read_record(std::string_view text) {
    const auto record = export_record::read(text);
    if (!record) return require(!record.error().detail().empty());
    const auto written = record->write();
    const auto again = export_record::read(written);
    require(again && again->write() == written);
    for (const auto& [path, file] : record->files)
        require(!path.empty() && path.front() != '/' && ("/" + path + "/").find("/../") == std::string::npos);
}

void read_listing(std::string_view xml) {
    const auto page = read_bucket_listing(xml);
    require(page ? page->objects.size() <= 1000 : !page.error().detail().empty());
    require(read_bucket_error(xml).find('\n') == std::string::npos);
}

}  // namespace

// The record of an export, and what an S3 service lists: refused with a reason, or read; no path of a record leads out
// of its tree, and it is written again as it means the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes{reinterpret_cast<const char*>(data), size};
    read_record(bytes);
    read_listing(bytes);
    return 0;
}
