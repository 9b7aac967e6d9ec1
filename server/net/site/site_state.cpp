#include <csignal>
#include <site/site_state.hpp>
#include <unistd.h>

namespace larder::net {

site_state::site_state(const wall_clock& clock, std::vector<site::job_kind> kinds)
    : started_{clock.now()}, kinds_{std::move(kinds)}, jobs_{clock} {}

void site_state::on_reload(std::function<result<void>()> how) {
    const std::lock_guard lock{mutex_};
    reload_ = std::move(how);
}

result<void> site_state::reload() const {
    std::function<result<void>()> how;
    {
        const std::lock_guard lock{mutex_};
        how = reload_;
    }
    if (how) return how();
    if (::kill(::getpid(), SIGHUP) != 0) return errno_error(errno, "sending SIGHUP to this process");
    return {};
}

}  // namespace larder::net
