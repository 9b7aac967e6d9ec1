#pragma once

#include <functional>
#include <larder/base/result.hpp>
#include <larder/index/byte_source.hpp>
#include <larder/index/release.hpp>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

// An index in which some packages are those of another state, and the Release that names it.

namespace larder::index {

using byte_sink = std::function<result<void>(std::string_view)>;

/// A stanza of Packages or Sources as it stands there, with a newline at its end and no empty line, and whose it is.
struct raw_stanza {
    std::string_view text;
    std::string_view name, version;  ///< Package and Version; empty where it has none
};

/// Hands over every stanza of an uncompressed index, in its order, byte for byte; each is valid during the call. In
/// memory that does not grow with the index; `too_large` for a stanza of over 16 MiB. Errors of either side are handed
/// on.
result<void> each_stanza(byte_source& in, const std::function<result<void>(const raw_stanza&)>& take);

/// What is to stand in an index of a package: these stanzas, or with none, nothing.
using replacements = std::map<std::string, std::vector<std::string>, std::less<>>;

/// Writes the index with those packages replaced: where the first stanza of the package was, or else where its name
/// belongs in an index that is sorted by name. All else byte for byte, each stanza with one empty line behind it.
result<void> compose(byte_source& base, const replacements& by_name, const byte_sink& out);

/// Compresses what it is given, as one gzip member without a name and a date: equal texts are equal bytes.
class gzip_writer {
public:
    virtual ~gzip_writer() = default;
    virtual result<void> add(std::string_view text) = 0;
    /// Once, after all.
    virtual result<void> finish() = 0;
};
std::unique_ptr<gzip_writer> make_gzip_writer(byte_sink out);

/// A Release's text that names other files in place of some indices: each of these, and none of the former forms of
/// the same index (in whatever compression) nor its pdiffs, by which apt would come from there to the former one. What
/// there is of MD5Sum and SHA1 loses the index. The rest byte for byte. The files have all hashes that the Release has
/// sections of.
std::string with_files(std::string_view release, const std::vector<release_file>& fresh);

}  // namespace larder::index
