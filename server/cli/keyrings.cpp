#include "keyrings.hpp"
#include <larder/signing/verifier.hpp>

namespace larder::cli {

result<void> check_keyrings(const core::options& config, std::string_view file_name) {
    std::string all;
    for (const auto& a : config.archives) {
        const auto keys = signing::verifier::open(a.keyring);
        if (keys) continue;
        if (!all.empty()) all += '\n';
        all += std::string{file_name} + ": archive '" + a.name + "': " + keys.error().detail();
    }
    if (all.empty()) return {};
    return error{errc::bad_config, std::move(all)};
}

}  // namespace larder::cli
