#include <cerrno>
#include <cstring>
#include <larder/base/error.hpp>
#include <ostream>

namespace larder {

std::string_view to_string(errc code) noexcept {
    switch (code) {
        case errc::absent: return "absent";
        case errc::malformed: return "malformed";
        case errc::refused: return "refused";
        case errc::digest_mismatch: return "digest_mismatch";
        case errc::bad_signature: return "bad_signature";
        case errc::stale: return "stale";
        case errc::upstream_down: return "upstream_down";
        case errc::timeout: return "timeout";
        case errc::too_large: return "too_large";
        case errc::full: return "full";
        case errc::io: return "io";
        case errc::conflict: return "conflict";
        case errc::unsupported: return "unsupported";
        case errc::cancelled: return "cancelled";
        case errc::bad_config: return "bad_config";
    }
    return "unknown";
}

error error::in(std::string_view where) const {
    std::string text{where};
    text += ": ";
    text += detail_;
    return {code_, std::move(text)};
}

std::string error::message() const {
    std::string text{to_string(code_)};
    text += ": ";
    text += detail_;
    return text;
}

std::ostream& operator<<(std::ostream& out, const error& e) { return out << e.message(); }

error errno_error(int err, std::string_view doing) {
    char buffer[128];
    std::string text{doing};
    text += ": ";
    text += ::strerror_r(err, buffer, sizeof buffer);
    switch (err) {
        case ENOSPC:
        case EDQUOT: return {errc::full, std::move(text)};
        case ENOENT: return {errc::absent, std::move(text)};
        default: return {errc::io, std::move(text)};
    }
}

}  // namespace larder
