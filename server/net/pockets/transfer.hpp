#pragma once

#include "pockets/chunk_contents.hpp"
#include "pockets/installable.hpp"
#include <larder/net/engine.hpp>
#include <larder/pockets/pocket.hpp>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <unordered_set>

namespace larder::net::publishing {

/// What stands in a pocket, by the paths of its indices.
struct pocket_contents {
    std::map<std::string, pockets::placed_list> lists;
    std::map<std::string, std::vector<chunk_contents_ptr>> chunks;
};
/// Of its last publication; empty where it has none.
result<pocket_contents> contents_of(engine& e, const pockets::pocket& of);

/// What is promoted of one pocket to another. A source that the target has leaves it with all that was built from it,
/// where that is not what comes; what is of sources that are not promoted stays. Chunks that both pockets have are not
/// looked at: what stands in them is promoted already.
class transfer {
public:
    transfer(engine& e, pockets::pocket from, pockets::pocket to) : e_{e}, from_{std::move(from)}, to_{std::move(to)} {}

    /// `only`: names of sources; empty: all. `absent` for one that is not there; `refused` when the target has no place
    /// for something.
    result<void> read(const std::vector<std::string>& only);

    const std::map<std::string, pockets::stanza_edits>& edits() const noexcept { return edits_; }
    /// What of the target the edits replace or take out: stanzas, by the paths of their indices.
    const std::map<std::string, std::string>& replaced() const noexcept { return replaced_; }
    /// The target as it is.
    const pocket_contents& target() const noexcept { return here_; }
    /// What of the target's stanzas goes and comes, by architecture.
    const std::map<std::string, stanza_texts>& texts() const noexcept { return texts_; }
    /// Of the sources of which something changes, all that the first pocket has.
    qa::promotion promotion() const;

private:
    using names = std::set<std::string, std::less<>>;
    /// By name, what of the sources that are promoted stands in chunks of an index that the other pocket has not.
    using differing = std::map<std::string_view, const listed_stanza*>;

    result<void> choose(const std::vector<std::string>& only);
    bool is_promoted(std::string_view source) const { return sources_.contains(source); }
    differing own_of(const pocket_contents& one, const pocket_contents& other, const std::string& path) const;
    result<void> compare(const std::string& path);
    result<void> check_room(const std::string& path, const differing& there) const;
    result<void> note_replaced(const std::string& path, const pockets::stanza_edits& edits);
    void note_texts(const std::string& path, const pockets::stanza_edits& edits);

    engine& e_;
    const pockets::pocket from_, to_;
    pocket_contents there_, here_;
    std::unordered_set<std::string_view> sources_;  ///< those that are promoted
    names touched_;                                 ///< those of which something changes
    std::map<std::string, pockets::stanza_edits> edits_;
    std::map<std::string, std::string> replaced_;
    std::map<std::string, stanza_texts> texts_;
};

}  // namespace larder::net::publishing
