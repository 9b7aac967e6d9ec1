#pragma once

#include <larder/net/engine_parts.hpp>
#include <larder/store/holds.hpp>
#include <map>
#include <mutex>
#include <string>
#include <unordered_set>
#include <vector>

namespace larder::net {

/// What deployments hold because somebody fetched it through them. Noted in memory and written down about twice a
/// second: what a crash loses of it is noted again with the next fetch, and gc asks for it to be written first.
/// Thread-safe.
class held_list {
public:
    explicit held_list(engine_parts& parts) : parts_{parts} {}

    /// From a request's loop; costs a look at a set once it is known.
    void note(const std::string& deployment, const store::held_object& what);
    /// Writes down what was noted, also what another call is writing just now. Blocks.
    result<void> flush();

    /// While one of these lives gc looks at what is kept, and removes: what comes to be kept meanwhile must be told.
    class pass {
    public:
        explicit pass(held_list& of);
        ~pass();
        pass(const pass&) = delete;
        pass& operator=(const pass&) = delete;

    private:
        held_list& of_;
    };
    /// Keeps objects that nothing reaches yet from gc, for as long as it lives: what is being imported.
    class staging {
    public:
        explicit staging(held_list& of) : of_{of} {}
        ~staging();
        staging(const staging&) = delete;
        staging& operator=(const staging&) = delete;
        void add(const digest& content);

    private:
        held_list& of_;
        std::vector<digest> all_;
    };
    /// Said once a hold or a ref of it is written: a pass of gc that has looked before leaves it. Whoever said so looks
    /// whether it is still here: it may have gone just before.
    void keep(const digest& content);
    /// Removes it unless it came to be kept during this pass; whether it went.
    result<bool> remove_unless_kept(const digest& content);
    /// Whether there is anything to write down.
    bool pending() const;
    /// Forgets what is known of a deployment whose holds were dropped.
    void forget(const std::string& deployment);

private:
    using digests = std::unordered_set<digest, digest_hash>;

    engine_parts& parts_;
    mutable std::mutex mutex_;
    std::mutex flushing_;
    unsigned passes_ = 0;
    digests kept_since_;
    std::unordered_multiset<digest, digest_hash> staged_;
    std::map<std::string, digests, std::less<>> known_;
    std::map<std::string, std::vector<store::held_object>, std::less<>> pending_;
    std::size_t remembered_ = 0;
};

}  // namespace larder::net
