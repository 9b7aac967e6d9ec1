#pragma once

#include <larder/store/catalogue.hpp>
#include <larder/store/fetches.hpp>
#include <larder/store/holds.hpp>
#include <larder/store/lists.hpp>
#include <larder/store/objects.hpp>
#include <larder/store/refs.hpp>
#include <memory>
#include <string>

namespace larder::store {

/// The store on one machine: objects as files, refs and derived tables in LMDB, one lock.
///
///     <path>/lock        held (flock) by the one process that has it open
///     <path>/objects/…   see objects.hpp
///     <path>/incoming/   temporary files, emptied at opening
///     <path>/damaged/    what doctor moved aside
///     <path>/db/         LMDB: tables refs, archives, paths, contents, indices, uses, notes, holds,
///                        lists, chunks, fetches, fetched
///     <path>/fetches     what the fetch log has not got into the database yet
///     <path>/format      the version of this layout
///
/// A crash at any moment leaves the previous refs and at most some objects that no ref names.
class store {
public:
    virtual ~store() = default;
    virtual object_store& objects() noexcept = 0;
    virtual ref_store& refs() noexcept = 0;
    virtual catalogue& known() noexcept = 0;
    virtual hold_store& holds() noexcept = 0;
    virtual list_store& lists() noexcept = 0;
    virtual fetch_log& fetches() noexcept = 0;
    virtual const std::string& path() const noexcept = 0;
};

/// Opens the store, making it if it is not there. `conflict` when another process holds it (the
/// detail names its pid), `unsupported` when a newer Larder made it, `refused` when the folder is
/// somebody else's. A damaged database is an exception that names the file and says what to do. Opening costs no scan
/// of the objects: 100,000 of them open as fast as none.
result<std::unique_ptr<store>> open(const std::string& path);

}  // namespace larder::store
