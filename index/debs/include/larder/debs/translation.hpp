#pragma once

#include <larder/base/result.hpp>
#include <string>
#include <string_view>

namespace larder::debs {

/// A package's description, as Translation-en has it. apt finds it by the MD5, which Packages names beside the first
/// line: that is what the format asks for, and nothing is verified by it.
struct long_description {
    std::string package;
    std::string md5;   ///< of the text and a newline, 32 hexadecimal digits
    std::string text;  ///< the first line and the folded ones, without a newline at the end

    bool operator==(const long_description&) const = default;
};

/// A stanza of Packages, parted.
struct split_stanza {
    std::string stanza;     ///< with the first line of its Description, and Description-md5 behind that
    long_description said;  ///< without an MD5: the stanza has no Description; without a text: it was parted before
};

/// Parts a stanza of Packages as `apt-ftparchive` (apt 2.6) does with APT::FTPArchive::LongDescription "false", byte
/// for byte. One with a single line and the Description-md5 of another text was parted before, and stays as it is: what
/// that text is, it does not tell. What was parted is parted again without a change. `malformed` as from
/// paragraph::read().
result<split_stanza> split_description(std::string_view stanza);

/// Package, Description-md5, Description-en: a stanza of Translation-en, without the empty line behind it.
std::string translation_stanza(const long_description&);
/// Reads one. `malformed` where a field lacks, or the text is not what the MD5 is of.
result<long_description> read_translation(std::string_view stanza);

}  // namespace larder::debs
