#pragma once

#include "chunk_reader.hpp"
#include <larder/pockets/published_index.hpp>
#include <memory>
#include <vector>

namespace larder::pockets {

/// A hash before one of an index's chunks, and what it had taken.
struct hash_mark {
    std::size_t chunks = 0;
    std::uint64_t size = 0;
    std::shared_ptr<const hasher> hash;
};

struct form_marks {
    std::vector<hash_mark> plain, gzip, zstd;
};

/// How many chunks at the beginning of a list are also at the beginning of another, with the same bytes in the same
/// files. Of the list that is being written, chunk file 0 is not there yet.
std::size_t common_chunks(const index::chunk_list& of, const placed_list& before);

/// Hashes the forms of an index whose chunks are written: the three that each has on three threads.
class form_hashing {
public:
    /// `own`: the file in which the chunks of chunk file 0 are. The first `common` chunks are those of the publication
    /// that `before` is of.
    form_hashing(const index::chunk_list& list, int own, const object_opener& open, const form_marks_ptr& before,
                 std::size_t common)
        : list_{list}, own_{own}, open_{open}, before_{before}, common_{common} {}

    /// Sets all but `list`, of which it sets the content.
    result<void> run(published_index& made, with_xz xz) const;

private:
    /// A hash on its way, and its marks.
    struct running {
        hasher hash;
        std::uint64_t size = 0;
        std::size_t next = 0;
        std::vector<hash_mark> marks;

        void take(std::string_view chunk);
    };
    running resume(const std::vector<hash_mark>* known) const;
    result<served_form> plain(std::vector<hash_mark>& marks) const;
    result<served_form> spliced(form which, std::vector<hash_mark>& marks) const;
    result<served_form> xz() const;

    const index::chunk_list& list_;
    const int own_;
    const object_opener& open_;
    const form_marks_ptr before_;
    const std::size_t common_;
};

/// The bytes of a form that is spliced.
result<void> splice_form(const index::chunk_list& list, chunk_reader& reader, form which,
                         const std::function<result<void>(std::string_view)>& take);

}  // namespace larder::pockets
