#include "pockets/upload_watch.hpp"
#include "pockets/edition.hpp"
#include "pockets/upload_desk.hpp"

namespace larder::net::publishing {
namespace {

constexpr std::chrono::seconds between_rounds{2};
constexpr std::chrono::minutes between_looks{1};

result<void> look(engine& e, const pockets::pocket& of, bool all, const std::stop_token& stop) {
    upload_desk desk{e, of};
    LARDER_TRY(const auto mine, staging_lock::take(desk.place().folder()));
    if (all) LARDER_CHECK(desk.look_again());
    return desk.look_at_folder(stop);
}

}  // namespace

upload_watch::upload_watch(engine& e) : e_{e}, rounds_{[this](const std::stop_token& stop) { return round(stop); }} {}

pinning::rounds::clock::time_point upload_watch::round(const std::stop_token& stop) {
    const auto now = pinning::rounds::clock::now();
    const bool all_of_it = now >= look_again_at_;
    if (all_of_it) look_again_at_ = now + between_looks;
    const auto all = registry_of(e_).pockets();
    if (!all) e_.log().write(log_level::error, "pockets cannot be read: " + all.error().message());
    for (const auto& one : all ? *all : std::vector<pockets::pocket>{}) {
        if (stop.stop_requested()) break;
        if (one.uploaders.empty() || (one.incoming.empty() && !all_of_it)) continue;
        if (const auto done = look(e_, one, all_of_it, stop); !done)
            e_.log().write(log_level::error, "uploads cannot be looked at: " + done.error().message(),
                           {{"pocket", one.name()}});
    }
    return pinning::rounds::clock::now() + between_rounds;
}

}  // namespace larder::net::publishing
