#pragma once

#include <cstdint>
#include <larder/base/result.hpp>
#include <string>
#include <string_view>
#include <vector>

// What an S3 service answers in XML (Amazon S3 API Reference: ListObjectsV2, Error responses), read by expat with
// limits: an answer may be from anybody.

namespace larder::net::publishing {

struct listed_object {
    std::string key;
    std::string etag;  ///< without the quotes around it
    std::uint64_t size = 0;
};
/// One page of a listing.
struct bucket_listing {
    std::vector<listed_object> objects;
    std::string next;  ///< what the next page is asked for with; empty: this is the last one
};
/// `malformed` for what is no such XML, or has a document type; `too_large` for more objects than a page may have, or
/// longer words than it may have.
result<bucket_listing> read_bucket_listing(std::string_view xml);

/// "NoSuchBucket: The specified bucket does not exist"; empty where it is no error that can be read.
std::string read_bucket_error(std::string_view xml);

}  // namespace larder::net::publishing
