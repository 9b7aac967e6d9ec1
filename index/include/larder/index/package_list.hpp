#pragma once

#include <functional>
#include <larder/base/digest.hpp>
#include <larder/base/result.hpp>
#include <larder/index/byte_source.hpp>
#include <larder/index/kinds.hpp>
#include <larder/index/packages.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace larder::index {

/// The packages of one chunk of an index (chunker.hpp), in its order, as bytes that may be stored; named by their
/// SHA-256. States that share chunks share these. Another number: other bytes, which this Larder does not read.
inline constexpr char packed_format = 1;
std::string pack(const std::vector<listed_package>&);

/// Calls `sink` for each package; it is valid during the call. `malformed` for what pack() has not made.
result<void> unpack(std::string_view packed, const std::function<void(const listed_package&)>& sink);

/// The lowest and the highest name in it, by bytes, without reading the rest: an index is sorted by name, as a rule,
/// and then its chunks hold a short range each.
struct name_range {
    std::string_view first, last;
};
result<name_range> names_in(std::string_view packed);

/// Reads an index as read_packages() does, chunk by chunk. Chunks in which nothing is listed are left out.
result<void> pack_index(index_kind, byte_source&, const std::function<void(std::string&& packed)>& sink);

/// Hands over the packed chunks of these names, in any order; each is valid during the call.
using chunk_reader =
    std::function<result<void>(const std::vector<digest>& names, const std::function<result<void>(std::string_view)>&)>;

/// What compare() says of all packages in these chunks, but reads little of those that stand on both sides: of a
/// package that differs anywhere all entries are set against each other, wherever they stand, and of one that differs
/// nowhere there is nothing to say.
result<std::vector<package_change>> compare_chunks(const std::vector<digest>& before, const std::vector<digest>& after,
                                                   const chunk_reader& read);

}  // namespace larder::index
