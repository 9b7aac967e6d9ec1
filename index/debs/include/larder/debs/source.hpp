#pragma once

#include <cstdint>
#include <larder/base/digest.hpp>
#include <larder/base/result.hpp>
#include <larder/debs/names.hpp>
#include <larder/debs/paragraph.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace larder::debs {

/// A file that a .dsc, .changes or .buildinfo lists.
struct listed_file {
    std::string name;  ///< in the form of check_file_name
    digest content{};
    std::uint64_t size = 0;  ///< bytes
};

/// What stands inside a clear-signed text, as OpenPGP has it (RFC 4880, 7): dash-escapes undone. A text without a
/// signature as it is. This verifies nothing: for what a signature decides (whose upload is this?) ask
/// signing::verifier, and read what it gives back.
///
/// `malformed`: text before or after the signed block, a second one, headers other than Hash, or no end: for then
/// programs differ in what they read.
result<std::string> signed_part(std::string_view text);

/// A source package, as its .dsc describes it (Debian Policy 5.4).
struct source_package {
    paragraph control;               ///< of the .dsc, without the signature
    std::string name, version;       ///< checked
    std::vector<listed_file> files;  ///< in the order of Checksums-Sha256, the .dsc not among them
    digest content{};                ///< of the whole .dsc, signature and all
    std::uint64_t size = 0;          ///< the same
};

/// Reads a .dsc, clear-signed or not; the signature is not looked at (who includes it, or the .changes that lists it,
/// vouches for it). `name` is for errors only: dsc_file_name() says what the file is called.
///
/// `malformed`: no Source, Version, Maintainer or Checksums-Sha256; a file that stands twice, in one of the lists
/// Files, Checksums-Sha1 and -Sha256 only, or with another size there; a name that does not begin with SOURCE_, as all
/// that dpkg-source makes does: in a pool another package's file could not be replaced by it. `too_large` over 4 MiB,
/// or over 1000 files.
result<source_package> read_dsc(std::string_view bytes, std::string_view name);

/// A file of an upload.
struct upload_file : listed_file {
    file_kind kind = file_kind::other;
    std::string section, priority;  ///< as Files has them ("-" for a .buildinfo); empty without Files
};

/// An upload (Debian Policy 5.5).
struct changes {
    paragraph control;
    source_name source;
    std::string version;                     ///< of what is uploaded; differs from the source's for binary rebuilds
    std::vector<std::string> architectures;  ///< with "source" among them where there is a .dsc
    std::vector<std::string> distributions;  ///< mostly one
    std::vector<upload_file> files;          ///< each once, in the order of Checksums-Sha256
};

/// Reads a .changes out of the text that its signature covers (verified_text::text(), or signed_part()). `malformed`:
/// no Format 1.x, Source, Version, Architecture, Distribution, Maintainer or Checksums-Sha256; no Files; lists that
/// differ in a name or a size, a file that stands twice, or one that is no plain name. Architecture says "source" or it
/// does not: that a .dsc is listed must agree, and so must an architecture with the endings of the binary packages
/// (NAME_VERSION_ARCH.deb). `too_large` as for a .dsc.
result<changes> read_changes(std::string_view text, std::string_view name);

/// How something was built (deb-buildinfo(5)).
struct buildinfo {
    paragraph control;
    source_name source;
    std::string version;
    std::vector<std::string> architectures;
    std::vector<listed_file> files;  ///< what came out
};
/// Reads a .buildinfo, clear-signed or not. Errors as for a .changes.
result<buildinfo> read_buildinfo(std::string_view bytes, std::string_view name);

}  // namespace larder::debs
