#pragma once

#include "file_ops.hpp"
#include <atomic>
#include <larder/base/digest.hpp>
#include <larder/base/file.hpp>
#include <larder/base/result.hpp>
#include <optional>
#include <string>

namespace larder::store {

/// How a file gets from incoming/ to its name: O_TMPFILE and link where the file system can, else a
/// named file and rename.
enum class temporary_kind { nameless, named };

/// The folders of the objects, held open, and the names in them. Made once, then only read: shared by
/// the store, its committer and every incoming file without a lock.
struct layout {
    std::string folder;
    const file_ops* ops = nullptr;
    unique_fd root, objects, incoming, damaged;
    temporary_kind temporaries = temporary_kind::nameless;
    mutable std::atomic<std::uint64_t> next_name{1};

    /// "ab/cdef…": where an object lives below objects/.
    static std::string object_name(const digest&);
    /// The digest of object_name's two parts; nothing for any other file.
    static std::optional<digest> parse_name(std::string_view two, std::string_view rest);
    /// A name that no file in incoming/ has.
    std::string fresh_name() const { return "in-" + std::to_string(next_name++); }
    /// For error details.
    std::string object_path(const digest& d) const { return folder + "/objects/" + object_name(d); }
};

/// Makes what is missing, empties incoming/, and finds out which temporaries work here.
result<void> prepare(layout&, const std::string& folder, const file_ops&);

}  // namespace larder::store
