#include "file_lists.hpp"
#include <algorithm>
#include <larder/base/number.hpp>
#include <larder/base/text.hpp>
#include <larder/index/deb822.hpp>
#include <optional>
#include <unordered_map>

namespace larder::debs::detail {
namespace {

error odd_line(std::string_view field, std::string_view line) {
    return {errc::malformed, std::string{field} + ": '" + printable(line, 100) + "' is no line of it"};
}

result<std::vector<std::string_view>> lines_of(std::string_view field, std::string_view value) {
    auto lines = index::value_lines(value);
    if (lines.size() > most_files)
        return error{errc::too_large, std::string{field} + " lists over " + std::to_string(most_files) + " files"};
    return lines;
}

/// "HASH SIZE NAME", or what Files has; the hash is left to the caller.
struct row {
    std::vector<std::string_view> words;
    std::uint64_t size = 0;
};
result<row> read_row(std::string_view field, std::string_view line, std::size_t count) {
    row made{words(line), 0};
    const auto size = made.words.size() == count ? number_in(made.words[1]) : std::nullopt;
    if (!size) return odd_line(field, line);
    made.size = *size;
    return made;
}

/// That another list has these files, each once, of the same sizes.
class comparison {
public:
    comparison(std::string_view field, const std::vector<listed_file>& files) : field_{field} {
        for (const auto& f : files) sizes_.emplace(f.name, f.size);
    }
    result<void> take(std::string_view name, std::uint64_t size) {
        const auto known = sizes_.find(name);
        if (known == sizes_.end()) return differs(name, "once only, or not in Checksums-Sha256");
        if (known->second != size) return differs(name, "with another size than Checksums-Sha256");
        sizes_.erase(known);
        return {};
    }
    result<void> finish() const {
        if (sizes_.empty()) return {};
        return error{errc::malformed, std::string{field_} + " lacks '" + std::string{sizes_.begin()->first} +
                                          "', which Checksums-Sha256 has"};
    }

private:
    error differs(std::string_view name, const char* how) const {
        return {errc::malformed, std::string{field_} + " has '" + printable(name, 80) + "' " + how};
    }

    std::string_view field_;
    std::unordered_map<std::string_view, std::uint64_t> sizes_;
};

result<void> compare_sha1(const paragraph& p, const std::vector<listed_file>& files) {
    constexpr std::string_view field = "Checksums-Sha1";
    if (!p.find(field)) return {};
    LARDER_TRY(const auto lines, lines_of(field, p.get(field)));
    comparison same{field, files};
    for (const auto line : lines) {
        LARDER_TRY(const auto r, read_row(field, line, 3));
        LARDER_CHECK(same.take(r.words[2], r.size));
    }
    return same.finish();
}

result<void> each_once(const std::vector<listed_file>& files) {
    std::vector<std::string_view> names;
    for (const auto& f : files) names.push_back(f.name);
    std::sort(names.begin(), names.end());
    const auto twice = std::adjacent_find(names.begin(), names.end());
    if (twice == names.end()) return {};
    return error{errc::malformed, "Checksums-Sha256 has '" + std::string{*twice} + "' twice"};
}

}  // namespace

result<std::vector<listed_file>> read_checksums(const paragraph& p) {
    constexpr std::string_view field = "Checksums-Sha256";
    LARDER_TRY(const auto value, p.need(field));
    LARDER_TRY(const auto lines, lines_of(field, value));
    std::vector<listed_file> files;
    for (const auto line : lines) {
        LARDER_TRY(const auto r, read_row(field, line, 3));
        LARDER_CHECK(check_file_name(r.words[2]));
        const auto content = digest::from_hex(r.words[0]);
        if (!content) return odd_line(field, line);
        files.push_back({std::string{r.words[2]}, *content, r.size});
    }
    LARDER_CHECK(each_once(files));
    LARDER_CHECK(compare_sha1(p, files));
    return files;
}

result<std::vector<files_line>> read_files(const paragraph& p, const std::vector<listed_file>& files,
                                           std::size_t words_a_line) {
    constexpr std::string_view field = "Files";
    std::vector<files_line> out;
    if (!p.find(field)) return out;
    LARDER_TRY(const auto lines, lines_of(field, p.get(field)));
    comparison same{field, files};
    for (const auto line : lines) {
        LARDER_TRY(const auto r, read_row(field, line, words_a_line));
        LARDER_CHECK(same.take(r.words.back(), r.size));
        const bool five = words_a_line == 5;
        out.push_back({five ? r.words[2] : "", five ? r.words[3] : "", r.words.back(), r.size});
    }
    LARDER_CHECK(same.finish());
    return out;
}

}  // namespace larder::debs::detail
