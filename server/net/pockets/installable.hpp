#pragma once

#include <chrono>
#include <larder/net/engine.hpp>
#include <larder/pockets/pocket.hpp>
#include <larder/pockets/published_index.hpp>
#include <larder/qa/gate.hpp>
#include <larder/qa/installability.hpp>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace larder::net::publishing {

/// Stanzas of a pocket's Packages for one architecture: those of them that go and that come.
struct stanza_texts {
    std::string going, coming;
};

/// Chunks of an index by their hashes, with the packages in them.
using world_chunks = std::map<digest, std::vector<qa::package_id>>;

/// What can be installed in a pocket with its base, for one architecture. Some 100 MB with a base of 63,000 packages.
struct installable_world {
    explicit installable_world(const std::string& architecture) : all{{architecture, {}}}, now{all} {}
    qa::universe all;
    qa::installability now;
    digest base{};                                 ///< its state
    std::map<std::string, world_chunks> chunks{};  ///< by index, those of the pocket that `now` has
    std::chrono::steady_clock::time_point asked{};
};

/// Worlds, kept from one promotion to the next: a first one takes a second, one after a change some milliseconds.
/// Thread-safe; who has taken one out has it for himself.
class known_worlds {
public:
    using clock = std::chrono::steady_clock;

    /// Null when there is none, or another has it.
    std::unique_ptr<installable_world> take(const std::string& pocket, const std::string& architecture);
    /// The oldest goes when there are too many.
    void give_back(const std::string& pocket, const std::string& architecture, std::unique_ptr<installable_world>);
    void forget(clock::time_point before);

private:
    std::mutex mutex_;
    std::map<std::pair<std::string, std::string>, std::unique_ptr<installable_world>> known_;
};

/// Asks upstream for what of a pocket's base nobody has needed before. That takes time: not in anybody's turn.
result<void> bring_base(engine& e, const pockets::pocket& target, const progress_sink& tell,
                        const std::stop_token& stop);

/// Whether with its base everything in the pocket can be installed that could be before, and all that is new
/// (qa/installability.hpp), by architecture. `lists`: the pocket's indices as they are, by path. A pocket without a
/// base is not asked: what its packages are installed beside is not known. `absent` when the base's indices are not
/// here.
result<qa::finding> check_installable(engine& e, const pockets::pocket& target,
                                      const std::map<std::string, pockets::placed_list>& lists,
                                      const std::map<std::string, stanza_texts>& by_architecture);

/// Brings what is known of the pocket, from promotions before, to what it has now, so that the next is asked about at
/// once; where nothing is known, nothing is done. In the pocket's turn.
result<void> read_installable(engine& e, const pockets::pocket& target,
                              const std::map<std::string, pockets::placed_list>& lists);

}  // namespace larder::net::publishing
