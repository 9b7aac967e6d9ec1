#pragma once

#include <cstdint>
#include <functional>
#include <larder/base/digest.hpp>
#include <larder/base/file.hpp>
#include <larder/base/result.hpp>
#include <larder/index/chunk_pack.hpp>
#include <larder/store/objects.hpp>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

// An index that Larder publishes: stanzas sorted by the name of their package, one a name, each with an empty line
// behind it; kept as chunks (chunk_pack.hpp) of which each is a gzip member and a zstd frame as well, and where it is
// asked for a block of an xz stream (apt takes many of them in one stream, but not many streams). What is served is
// these, one after the other: a publication compresses and writes only the chunks that changed, and is the same bytes
// whatever way its stanzas came.

namespace larder::pockets {

/// What a stanza of Translation-en is sorted and found by, in place of the package's name: there may be several of a
/// package, with an MD5 each. In all that follows it is meant by a name, too.
std::string translation_name(std::string_view package, std::string_view md5);

/// What an index is to say of packages: of each name its stanza, with one newline at its end and no empty line; or
/// nothing: it is to go.
using stanza_edits = std::map<std::string, std::optional<std::string>, std::less<>>;

/// A list of chunks, and the object that it stands in.
struct placed_list {
    index::chunk_list list;
    digest object{};
};

/// One of the files that an index is served as.
struct served_form {
    std::uint64_t size = 0;
    digest content{};
};

/// How far the hashes of an index's forms were at some of its chunks: the next publication of it hashes only what lies
/// behind the last of them that it has in common with this one. Some 40 KB for an index of 63,000 packages.
struct form_marks;
using form_marks_ptr = std::shared_ptr<const form_marks>;

/// The uncompressed form is `list.content` and `list.size`.
struct published_index {
    index::chunk_list list;
    served_form gzip, zstd;
    std::optional<served_form> xz;
    form_marks_ptr marks;
};
/// Whether there is an .xz, too. Compressing takes it some twenty times as long as the others.
enum class with_xz { no, yes };

using object_opener = std::function<result<unique_fd>(const digest&)>;

/// Writes an index with these edits into `out`: the chunks that neither `before` nor `known` has, and the list; then
/// hashes its three forms on three threads. `before` empty: a new index. An edit that says what is there already
/// changes nothing. `marks`: those of the publication that made the object of `before`, or none. The caller commits
/// `out`. Memory: some chunks, the list, and the edits. `malformed` for a name that is no word of printable ASCII, or a
/// stanza that is none; `digest_mismatch` where a chunk of `before` that is read is
/// damaged: with `marks` those before the first change are not.
result<published_index> publish_index(const std::optional<placed_list>& before, const stanza_edits& edits,
                                      const index::known_chunks& known, const object_opener& open, store::incoming& out,
                                      with_xz xz = with_xz::no, const form_marks_ptr& marks = nullptr);

/// Hands on a text, piece by piece.
using piece_taker = std::function<result<void>(std::string_view)>;
using text_writer = std::function<result<void>(const piece_taker&)>;
/// The same for a file of lines (Contents), which is written anew: chunks that `before` has are not written again. The
/// same text is the same chunks, so two that differ in some lines share nearly all.
result<published_index> publish_lines(const std::optional<placed_list>& before, const text_writer& write,
                                      const object_opener& open, store::incoming& out, with_xz xz = with_xz::no);

/// The stanzas of these packages, as they stand there; those that are not there are left out. Reads only the chunks
/// that may have them.
result<std::map<std::string, std::string, std::less<>>> find_stanzas(const placed_list& in,
                                                                     const std::set<std::string, std::less<>>& names,
                                                                     const object_opener& open);

/// Hands over the texts of some chunks, by their places in `in.list.chunks`: stanzas, each with an empty line behind
/// it. Of many, several threads call `take` at once, in no order. `digest_mismatch` where one is damaged.
result<void> read_chunks(const placed_list& in, const std::vector<std::size_t>& which, const object_opener& open,
                         const std::function<result<void>(std::size_t place, std::string_view text)>& take);

/// Which of the forms that are spliced.
enum class form { gzip, zstd, xz };
/// Hands over a form of the index, piece by piece. The caller compares the hash. `malformed` when the list has not that
/// form.
result<void> splice(const placed_list& in, form which, const object_opener& open,
                    const std::function<result<void>(std::string_view)>& take);

}  // namespace larder::pockets
