#pragma once

#include <functional>
#include <larder/debs/translation.hpp>
#include <larder/net/pockets.hpp>
#include <larder/pockets/published_index.hpp>
#include <map>
#include <mutex>
#include <string>
#include <vector>

// A publication in the making: from what is to stand in the indices to the refs that name them.

namespace larder::net::publishing {

pockets::registry registry_of(engine& e);
pockets::object_opener opener_of(engine& e);

/// An index as it is published: how it is kept, and the compressed forms that a Release names.
struct known_index {
    pockets::kept_index kept;
    std::uint64_t size = 0;  ///< uncompressed
    pockets::served_form gzip, zstd;
    std::optional<pockets::served_form> xz;
};
using known_indices = std::map<std::string, known_index>;

/// The paths of all indices of a pocket, below its folder.
std::vector<std::string> index_paths(const pockets::pocket& of);
std::string index_path(const std::string& component, const std::string& architecture);

/// Those of a publication. `absent` or `malformed` where its state cannot be read.
result<known_indices> indices_of(engine& e, const pockets::publication& of);
/// The list of chunks of one.
result<pockets::placed_list> list_of(engine& e, const pockets::kept_index& of);

/// Whether an index lists packages, of binaries or sources; false for Translation and Contents.
bool lists_packages(const std::string& path);

/// All packages of an index that lists some.
result<std::vector<index::listed_package>> packages_of(engine& e, const pockets::kept_index& of);

/// The packages of a few stanzas.
result<std::vector<index::listed_package>> read_listed(index::index_kind kind, std::string_view text);

/// A pocket, read while nobody else publishes in its archive, for as long as this lives.
class turn {
public:
    /// `absent` or `refused` as from registry::find. Blocks.
    static result<turn> take(engine& e, const std::string& pocket);
    const pockets::pocket& of() const noexcept { return of_; }

private:
    turn(std::unique_lock<std::mutex> lock, pockets::pocket of) : lock_{std::move(lock)}, of_{std::move(of)} {}
    std::unique_lock<std::mutex> lock_;
    pockets::pocket of_;
};

using index_edits = std::map<std::string, pockets::stanza_edits>;
/// Long descriptions by the package and their MD5.
using descriptions = std::map<std::pair<std::string, std::string>, debs::long_description>;

/// What is to be published.
struct edition {
    pockets::pocket of;         ///< as it was read; changes of it are published with it
    pockets::publication next;  ///< how, from, origin, by, reason, and what the gate said
    /// What changes in which index; an index that is not there yet is made.
    index_edits edits;
    /// The stanzas that edits of Packages and Sources are about as they are now, by path, where that is known already.
    std::map<std::string, std::string> replaced;
    /// In place of what the last publication has: of a rollback.
    std::optional<known_indices> instead;
    /// Only of a rollback: nobody is asked for consent, which is that something changes, and that is found out while it
    /// becomes durable.
    bool agreed = false;
    std::vector<store::held_object> files;  ///< of the pool, which the edits name
    known_indices aside;                    ///< Contents that were made, of which nothing is named yet
    descriptions described;                 ///< of stanzas in the edits that were parted from theirs before
    bool past_support = false;              ///< packages may come in though its support has ended
    std::vector<store::ref_change> also;    ///< written with it, or not at all
};
edition edition_of(const pockets::pocket& of, pockets::step how, const publisher& who);

/// Told of what changes before anything is made, and of the publication, to which it may add what a gate said; false:
/// it is not to be published (a dry run).
using consent = std::function<result<bool>(const std::vector<index::package_change>&, pockets::publication&)>;

/// Makes what the edition needs, asks for consent, and publishes. Waits where the Date, later than the last by a second
/// at least, would lie more than five seconds ahead. `refused` for a frozen pocket, or when the last Date lies far
/// ahead of the clock; `conflict` when it was changed meanwhile.
result<publication_report> publish(engine& e, edition what, const consent& ask);

}  // namespace larder::net::publishing
