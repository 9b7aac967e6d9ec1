#pragma once

#include <cstdint>
#include <larder/base/digest.hpp>
#include <larder/base/result.hpp>
#include <larder/debs/names.hpp>
#include <larder/debs/paragraph.hpp>
#include <larder/index/byte_source.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace larder::debs {

/// What a package may not exceed. Sizes in bytes.
struct deb_limits {
    std::uint64_t file = 16ULL << 30;         ///< the whole of it
    std::uint64_t control_tar = 64ULL << 20;  ///< control.tar, unpacked
    paragraph_limits control;                 ///< the file `control` in it
    std::uint64_t data_tar = 64ULL << 30;     ///< data.tar, unpacked
    std::uint64_t ratio = 1000;               ///< unpacked to packed, of what is unpacked to over `ratio_from`
    std::uint64_t ratio_from = 256ULL << 20;  ///< a package may well hold some MiB of zeros
    std::uint64_t entries = 1'000'000;        ///< in each of the two tars
    std::uint64_t path = 4096;                ///< one path (PATH_MAX)
    std::uint64_t paths = 256ULL << 20;       ///< all paths together
};

/// Whether data.tar is unpacked. Skipped, its bytes are hashed only: quick, and a damaged one is not noticed.
enum class file_list { read, skipped };

/// A binary package, as far as an archive asks for it.
struct binary_package {
    file_kind kind = file_kind::deb;          ///< deb, udeb or ddeb
    paragraph control;                        ///< the control file, byte for byte
    std::string name, version, architecture;  ///< checked
    source_name source;                       ///< what it was built from; the package itself where nothing is said
    digest content{};                         ///< of the whole file
    std::uint64_t size = 0;                   ///< of the whole file, in bytes
    /// All of data.tar but folders, sorted by bytes, each once, as dak writes them into Contents (daklib/dbconn.py,
    /// scan_contents): without "./" in front, "usr/bin/hello"; what is no UTF-8 is taken for ISO 8859-1. Empty when
    /// skipped.
    std::vector<std::string> files;
};

/// Reads a .deb, .udeb or .ddeb as a stream, in memory that grows with the number of its files only, and writes nothing
/// to disk. It takes what dpkg takes (deb(5); dpkg's src/deb/extract.c, lib/dpkg/ar.c): an ar with debian-binary
/// of version 2.x first, then control.tar as it is or with .gz, .xz or .zst, then data.tar, the same or with .bz2 or
/// .lzma; members beginning with '_' between and after them are left alone. Stricter than dpkg where another program
/// might see another package: a second member of a kind, one of another name, or two entries `control` are refused. So
/// is what dpkg refuses to unpack: a data.tar with pax headers or with holes in its files, a path with a newline.
///
/// `file` names it in errors and tells the kind; a Package-Type that says otherwise is `malformed`. So is control data
/// that paragraph::read refuses, a Package, Version or Architecture that is missing or none, no Maintainer or
/// Description (Debian Policy 5.3), and every damage. `too_large` over a limit; `unsupported` for a container or
/// compression that is well-formed and none of the above. Each names file, member and reason. Errors of the source are
/// handed on. Blocking, and the work of unpacking: of xz some 15 MB of the file a second; skipped, some 1 GB. Any
/// thread.
result<binary_package> read_deb(index::byte_source&, std::string_view file, file_list = file_list::read,
                                const deb_limits& = {});

}  // namespace larder::debs
