#pragma once

#include "commits.hpp"
#include "held.hpp"
#include <larder/net/engine.hpp>
#include <larder/net/suite_state.hpp>
#include <utility>
#include <vector>

namespace larder::net::publishing {

/// Objects of a publication that is not visible yet: gc leaves them alone.
class workshop {
public:
    explicit workshop(engine& e) : e_{e}, staged_{e.held()}, commits_{e.store().objects()} {}

    /// Written; send() brings it into the store.
    result<stored_file> put(std::string_view bytes, sys_seconds modified) {
        LARDER_TRY(auto file, e_.store().objects().begin());
        LARDER_CHECK(file->append(bytes));
        const auto name = file->finish();
        note(name);
        written_.push_back({std::move(file), name, modified, {}});
        return stored_file{name, bytes.size()};
    }
    result<digest> commit(std::unique_ptr<store::incoming> file, sys_seconds modified) {
        const auto name = file->finish();
        note(name);
        LARDER_CHECK(commits_.add(std::move(file), name, modified));
        return name;
    }
    /// On their way into the store, together; settle() waits for all.
    result<void> send() {
        if (written_.empty()) return {};
        return commits_.add_together(std::exchange(written_, {}));
    }
    result<void> settle() {
        LARDER_CHECK(send());
        return commits_.settle();
    }
    /// Under refs_mutex.
    result<void> all_here() const {
        for (const auto& content : made_) {
            LARDER_TRY(const auto here, e_.store().objects().find(content));
            if (!here) return error{errc::conflict, "an object of the publication was removed meanwhile; try again"};
        }
        return {};
    }

private:
    void note(const digest& content) {
        staged_.add(content);
        made_.push_back(content);
    }

    engine& e_;
    held_list::staging staged_;
    std::vector<digest> made_;
    std::vector<store::object_store::arrival> written_;
    commits commits_;
};

}  // namespace larder::net::publishing
