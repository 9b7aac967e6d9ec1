#include <algorithm>
#include <larder/base/text.hpp>
#include <larder/core/url.hpp>
#include <site/visitor.hpp>

namespace larder::net::site {
namespace {

bool harmless(std::string_view text, std::string_view marks) {
    return std::all_of(text.begin(), text.end(), [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               marks.find(c) != std::string_view::npos;
    });
}

}  // namespace

std::string base_url(const site_request& request, std::string_view public_url) {
    if (!public_url.empty() && harmless(public_url, "-._~:/[]%")) {
        while (public_url.ends_with('/')) public_url.remove_suffix(1);
        return std::string{public_url};
    }
    const std::string scheme = request.secure ? "https://" : "http://";
    if (!core::split_authority(request.host) || request.host.size() > 255 || !harmless(request.host, "-._:[]"))
        return scheme + "SERVER:3142";
    return scheme + request.host;
}

void ask_for_password(site_reply& refusal) {
    refusal.fields.emplace_back("WWW-Authenticate", "Basic realm=\"larder\", charset=\"UTF-8\"");
}

bool wants_html(const site_request& request) {
    for (const auto range : split(request.accept, ',')) {
        const auto type = trim(range.substr(0, range.find(';')));
        if (iequals(type, "text/html") || iequals(type, "application/xhtml+xml")) return true;
    }
    return false;
}

}  // namespace larder::net::site
