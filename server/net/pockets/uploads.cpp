#include <larder/base/text.hpp>
#include <larder/core/status.hpp>
#include <larder/net/pocket_intake.hpp>
#include <pockets/edition.hpp>
#include <pockets/upload_desk.hpp>

// Uploads as the connections see them.

namespace larder::net {

using namespace publishing;

upload_answer answer_of(const error& why) {
    return {core::http_status(why.code(), core::origin::request), why.detail()};
}

result<std::shared_ptr<upload_in_progress>> begin_upload(engine& e, const upload_request& request) {
    const auto slash = request.path.rfind('/');
    const auto pocket = request.path.substr(0, slash == std::string::npos ? 0 : slash);
    const auto name = request.path.substr(slash == std::string::npos ? 0 : slash + 1);
    LARDER_TRY(const auto of, registry_of(e).find(pocket));
    if (of.uploaders.empty())
        return error{errc::refused, "pocket " + of.name() + " takes no uploads: it has no uploaders"};
    if (of.upload_token && !request.has_token)
        return error{errc::bad_config, "pocket " + of.name() + " asks for a token with the role upload, as a password"};
    LARDER_CHECK(debs::check_file_name(name));
    const staging place{e.routes()->options.store.path, of};
    LARDER_TRY(const auto mine, staging_lock::take(place.folder()));
    upload_desk desk{e, of};
    LARDER_CHECK(desk.tidy());
    LARDER_TRY(const auto there, place.files());
    LARDER_CHECK(place.check_room(there, name, request.size));
    LARDER_TRY(auto draft, place.begin(name, request.size));
    return std::shared_ptr<upload_in_progress>{std::move(draft)};
}

upload_answer finish_upload(engine& e, const std::shared_ptr<upload_in_progress>& file) {
    auto& draft = dynamic_cast<staging::draft&>(*file);
    const auto of = registry_of(e).find(draft.pocket());
    if (!of) return answer_of(of.error());
    upload_desk desk{e, *of};
    const auto mine = staging_lock::take(desk.place().folder());
    if (!mine) return answer_of(mine.error());
    return desk.take(draft);
}

result<upload_list> list_uploads(engine& e, const std::string& pocket) {
    LARDER_TRY(const auto of, registry_of(e).find(pocket));
    upload_list made;
    made.pocket = of.name();
    if (of.uploaders.empty()) return made;
    upload_desk desk{e, of};
    LARDER_TRY(const auto mine, staging_lock::take(desk.place().folder()));
    LARDER_CHECK(desk.tidy());
    LARDER_TRY(made.uploads, desk.waiting());
    LARDER_TRY(auto ended, desk.place().outcomes());
    std::move(ended.begin(), ended.end(), std::back_inserter(made.uploads));
    return made;
}

}  // namespace larder::net
