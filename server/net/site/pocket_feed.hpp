#pragma once

#include <larder/net/reply.hpp>
#include <site/pocket_pages.hpp>
#include <string>
#include <vector>

namespace larder::net::site {

struct feed_entry {
    pockets::publication publication;
    std::string url;  ///< of the pocket's page
};
struct feed_view {
    std::string id;  ///< "urn:uuid:…"
    std::string title, url, page_url;
    std::vector<feed_entry> entries;  ///< the last first
    sys_seconds updated{};
};
/// An Atom feed (RFC 4287). An entry's id comes from the publication itself, so that it is the same for ever, on every
/// host and by every URL.
std::string atom_feed(const feed_view& of, told whom);

/// "urn:uuid:…", version 8 (RFC 9562), of the first half of a digest.
std::string uuid_of(const digest& of);

/// Of all pockets, or of one ("ARCHIVE/SUITE"): the last 50 publications. Blocks.
site_reply answer_feed(engine& e, const site_request& request, const std::string& pocket);

}  // namespace larder::net::site
