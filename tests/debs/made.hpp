#pragma once

#include <larder/base/result.hpp>
#include <larder/debs/deb.hpp>
#include <larder/index/kinds.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Packages made by hand, byte by byte, so that they can be wrong in any way.
namespace larder::debs::test {

/// An ar file of these members.
using members = std::vector<std::pair<std::string, std::string>>;
std::string ar(const members&);

struct tar_entry {
    std::string path;
    std::string text = {};
    char type = '0';  ///< '0' a file, '1' a link, '2' a symbolic one, '5' a folder, 'x' pax headers …
};
/// A tar of these entries, as POSIX.1-1988 has it, with the two empty blocks at its end.
std::string tar(const std::vector<tar_entry>&);

inline const std::string hello_control =
    "Package: hello\nVersion: 1:2.10-3\nArchitecture: amd64\nMaintainer: Archive <archive@archive.example>\n"
    "Description: a package\n with a long description\n";

/// control.tar of this control file, data.tar of these entries.
std::string control_tar(const std::string& control = hello_control);
std::string deb(const std::string& control = hello_control, const std::vector<tar_entry>& data = {{"./usr/bin/hello"}});
/// The same, both tars packed.
std::string packed_deb(index::compression, const std::string& control_ending, const std::string& data_ending);

/// read_deb() of bytes in memory, given to it in pieces of this size (0: all at once).
result<binary_package> read(std::string_view bytes, const std::string& name = "hello_2.10-3_amd64.deb",
                            const deb_limits& = {}, file_list = file_list::read, std::size_t piece = 0);

/// The code and the sentence of an error, "malformed: …"; "read" when there is none.
template <class T>
std::string told(const result<T>& r) {
    return r ? "read" : r.error().message();
}

}  // namespace larder::debs::test
