#include <larder/base/text.hpp>
#include <larder/deployments/following.hpp>

namespace larder::deployments {
namespace {

error odd(std::string_view what) {
    return {errc::malformed, "the note of what a deployment follows: its " + std::string{what} + " cannot be read"};
}

}  // namespace

std::string following::write() const {
    std::string out = "Larder-Following: 1\nPeer: " + url + "\n";
    if (!token_file.empty()) out += "Token-File: " + token_file + "\n";
    return out + "Made: " + format_timestamp(made) + "\n";
}

result<following> following::read(std::string_view text) {
    following one;
    for (const auto line : split(text, '\n')) {
        if (line.empty()) continue;
        const auto colon = line.find(':');
        if (colon == std::string_view::npos) return odd("form");
        const auto name = line.substr(0, colon);
        const auto value = trim(line.substr(colon + 1));
        if (name == "Peer") {
            one.url = value;
        } else if (name == "Token-File") {
            one.token_file = value;
        } else if (name == "Made") {
            LARDER_TRY(one.made, parse_timestamp(value));
        } else if (name == "Larder-Following" && value != "1") {
            return error{errc::unsupported,
                         "a deployment's peer, of format " + printable(value, 20) + ": a newer Larder noted it"};
        }
    }
    if (one.url.empty()) return odd("peer");
    return one;
}

std::string following_ref(std::string_view deployment) {
    return std::string{following_prefix} + std::string{deployment};
}

std::string keys_ref(std::string_view deployment) { return "deployment-keys/" + std::string{deployment}; }

}  // namespace larder::deployments
