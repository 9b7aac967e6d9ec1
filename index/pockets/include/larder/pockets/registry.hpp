#pragma once

#include <larder/pockets/pocket.hpp>
#include <larder/pockets/publication.hpp>
#include <larder/store/refs.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace larder::pockets {

/// Local archives and their pockets in a store: refs "local/NAME", "pocket/ARCHIVE/SUITE" and
/// "publication/ARCHIVE/SUITE#NUMBER". What a publication names is not looked at here: the caller sees to it that it
/// is there, and stays while the refs are written. Thread-safe as far as the store is; blocks.
class registry {
public:
    explicit registry(store::ref_store& refs) : refs_{refs} {}

    result<std::vector<local_archive>> archives() const;
    /// `absent` when there is none.
    result<local_archive> find_archive(std::string_view name) const;
    /// `conflict` when there is one of that name.
    result<void> create(const local_archive&, std::vector<store::ref_change> also = {});
    /// Changes its keys. `conflict` when it was changed meanwhile.
    result<void> change(const local_archive&, std::vector<store::ref_change> also = {});

    /// All pockets, or those of an archive, by name.
    result<std::vector<pocket>> pockets(std::string_view archive = {}) const;
    /// `absent` when there is none; `refused` for a name that is none.
    result<pocket> find(std::string_view name) const;
    /// The last `most` publications, the last first.
    result<std::vector<publication>> history(const pocket& of, std::uint64_t most) const;
    /// `absent` when there is none of that number.
    result<publication> load(const pocket& of, std::uint64_t number) const;

    /// Fills in what a pull has taken: refs "taken/ARCHIVE/SUITE#NUMBER.PART". `absent` or `digest_mismatch` when it is
    /// not what the publication names.
    result<void> load_taken(const pocket& of, publication&) const;

    /// Makes the pocket, or changes it, with its next publication: all or nothing, together with `also`. The pocket is
    /// as it was read, but for what changes; its head becomes the publication's number. `conflict` when it was changed
    /// meanwhile.
    result<void> publish(pocket of, const publication& next, std::vector<store::ref_change> also);
    /// Changes what is no publication.
    result<void> change(const pocket& changed, std::vector<store::ref_change> also = {});

private:
    store::ref_store& refs_;
};

/// Who holds what is in the archive's pool (store/holds.hpp); no deployment can be called so.
std::string holder_of(std::string_view archive);
/// The name by which it is remembered that a pocket has taken an upload: the SHA-256 of what its signature covers.
std::string upload_ref_of(const pocket&, const digest& signed_text);
/// The name of the ref that has an uploader's armoured key.
std::string uploader_ref_of(const pocket&, const std::string& fingerprint);
std::string ref_of(const local_archive&);
std::string ref_of(const pocket&);
std::string ref_of(const pocket&, std::uint64_t publication);
inline constexpr std::string_view archive_prefix = "local/";
inline constexpr std::string_view pocket_prefix = "pocket/";
inline constexpr std::string_view publication_prefix = "publication/";

}  // namespace larder::pockets
