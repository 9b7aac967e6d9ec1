#include "services.hpp"
#include <cstdlib>
#include <iostream>

namespace larder::cli {

exit_code exit_code_of(errc code) noexcept {
    switch (code) {
        case errc::bad_config:
        case errc::conflict: return wrong_usage;
        case errc::absent:
        case errc::malformed:
        case errc::refused:
        case errc::digest_mismatch:
        case errc::bad_signature:
        case errc::stale:
        case errc::upstream_down:
        case errc::timeout:
        case errc::too_large:
        case errc::full:
        case errc::io:
        case errc::unsupported:
        case errc::cancelled: return failed;
    }
    return failed;
}

int complain(const error& why) {
    std::cerr << "larder: " << why.detail() << "\n";
    return exit_code_of(why.code());
}

std::string config_path(const common_options& common) {
    if (!common.config.empty()) return common.config;
    const char* const named = std::getenv("LARDER_CONFIG");
    return named != nullptr && *named != '\0' ? named : "/etc/larder/larder.toml";
}

result<core::options> load_options(const common_options& common, config::file_check files) {
    return config::load(config_path(common), files);
}

}  // namespace larder::cli
