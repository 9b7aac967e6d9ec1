#include "pockets/read_behind.hpp"
#include "pockets/edition.hpp"
#include "pockets/pocket_memory.hpp"
#include "pockets/transfer.hpp"

namespace larder::net::publishing {

read_behind::read_behind(engine& e) : e_{e}, rounds_{[this](const std::stop_token& stop) { return round(stop); }} {
    e_.remembered().promotions.listen([this](const std::string& pocket) {
        {
            const std::lock_guard lock{mutex_};
            due_.insert(pocket);
        }
        rounds_.wake();
    });
}

read_behind::~read_behind() { e_.remembered().promotions.listen({}); }

pinning::rounds::clock::time_point read_behind::round(const std::stop_token& stop) {
    std::set<std::string> due;
    {
        const std::lock_guard lock{mutex_};
        due.swap(due_);
    }
    for (const auto& name : due) {
        if (stop.stop_requested()) break;
        std::ignore = read(name);
    }
    return pinning::rounds::clock::time_point::max();
}

result<void> read_behind::read(const std::string& pocket) {
    LARDER_TRY(const auto mine, turn::take(e_, pocket));
    LARDER_TRY(const auto now, contents_of(e_, mine.of()));
    return read_installable(e_, mine.of(), now.lists);
}

}  // namespace larder::net::publishing
