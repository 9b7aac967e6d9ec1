#pragma once

#include <larder/deployments/journal.hpp>

namespace larder::deployments {

/// An entry on its way, for whoever writes it in one step with what it tells of: after a crash there are both or
/// neither.
struct journal_step {
    journal_entry entry;                  ///< with its number
    std::vector<store::ref_change> refs;  ///< that put it at the end
};

/// The step; the entry's object, of the text entry.write(), is the caller's to make before the refs change.
result<journal_step> next_step(const store::ref_store& refs, journal_entry entry);
/// Makes the entry an object; the refs are the caller's to change. Another entry may come first: then they fail with
/// `conflict`, and the step is made anew.
result<journal_step> make_step(store::object_store& objects, const store::ref_store& refs, journal_entry entry);
/// Whether it can still be put at the end.
result<bool> fits(const store::ref_store& refs, const journal_step& step);

}  // namespace larder::deployments
