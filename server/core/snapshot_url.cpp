#include <larder/base/text.hpp>
#include <larder/core/snapshot_url.hpp>

namespace larder::core {
namespace {

/// Stands in for the mark while the rest is read as a URL; nothing in it is encoded or changes case.
constexpr std::string_view example = "20261121T063000Z";

error odd(std::string_view text, std::string_view why) {
    return {errc::malformed, "'" + printable(text, 300) + "' " + std::string{why}};
}

}  // namespace

result<snapshot_url> snapshot_url::parse(std::string_view text) {
    const auto mark = text.find(when_mark);
    if (mark == std::string_view::npos || text.find(when_mark, mark + 1) != std::string_view::npos)
        return odd(text, "has not exactly one {when}, where the moment goes");
    if (text.find(example) != std::string_view::npos) return odd(text, "names a moment; write {when} in its place");
    std::string sample{text.substr(0, mark)};
    sample += example;
    sample += text.substr(mark + when_mark.size());
    LARDER_TRY(auto whole, parse_url(sample));
    if (whole.path.find('?') != std::string::npos) return odd(text, "has a query; write only the base URL");
    const auto path = percent_decode(whole.path);
    const auto at = path ? path->find(example) : std::string::npos;
    if (at == std::string::npos) return odd(text, "has no {when} in its path");
    snapshot_url made;
    const auto slash = path->rfind('/', at);
    made.before_ = path->substr(slash + 1, at - slash - 1);
    made.after_ = path->substr(at + example.size());
    while (made.after_.ends_with('/')) made.after_.pop_back();
    // The encoded path has its slashes in the same places: an encoded one would not be one of a base URL.
    made.base_ = std::move(whole);
    const auto encoded = made.base_.path.find(example);
    if (encoded == std::string::npos) return odd(text, "has no {when} in its path");
    made.base_.path.resize(made.base_.path.rfind('/', encoded) + 1);
    return made;
}

std::string snapshot_url::path_at(sys_seconds when, std::string_view path) const {
    return before_ + format_timestamp(when) + after_ + "/" + std::string{path};
}

}  // namespace larder::core
