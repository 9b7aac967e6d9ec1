#pragma once

#include "pockets/export/bucket_listing.hpp"
#include <chrono>
#include <functional>
#include <larder/core/options.hpp>
#include <memory>
#include <optional>
#include <stop_token>

// A bucket of an S3-compatible service: a few requests over libcurl, signed by it (AWS Signature Version 4).

namespace larder::net::publishing {

/// Where it is. Keys are "PREFIX/PATH"; the bucket stands in the URL's path, which every service takes.
struct bucket_address {
    std::string endpoint;  ///< "https://s3.example", without a slash at its end
    std::string bucket, prefix, region;

    /// Of "s3://BUCKET/PREFIX" and an endpoint; `bad_config` says what is wrong with them.
    static result<bucket_address> parse(const std::string& url, const std::string& endpoint, const std::string& region);
};

struct bucket_credentials {
    std::string key_id, secret, session;

    /// The files larder-s3-access-key-id, larder-s3-secret-access-key and larder-s3-session-token of systemd's
    /// credentials ($CREDENTIALS_DIRECTORY), else $AWS_ACCESS_KEY_ID, $AWS_SECRET_ACCESS_KEY and $AWS_SESSION_TOKEN of
    /// this process. `refused` says where they should be.
    static result<bucket_credentials> find();
};

/// Waits between two tries; false: to be stopped.
using bucket_pause = std::function<bool(std::chrono::milliseconds)>;
bucket_pause pause_until(std::stop_token stop);

struct bucket_object {
    std::string etag;
    std::uint64_t size = 0;
    std::string sha256;  ///< as its metadata says; empty: they do not
};
struct bucket_upload {
    int fd = -1;  ///< read from its beginning by pread(2)
    std::uint64_t size = 0;
    std::string sha256;  ///< in hex: the service compares it with what it gets
    std::string content_type, cache_control;
};

/// One thread; blocks. What fails in passing (no connection, 429, 5xx) is tried again, six times with growing pauses.
/// `absent`, `refused` (401, 403) and all else say what the service said.
class bucket {
public:
    bucket(bucket_address where, bucket_credentials who, core::upstream_options how, bucket_pause pause,
           std::stop_token stop);
    ~bucket();

    /// All keys below the prefix, without it; `too_large` over 10 million.
    result<std::vector<listed_object>> list();
    result<std::string> get(const std::string& path, std::uint64_t limit);
    result<bucket_object> head(const std::string& path);
    /// Its ETag. A key has the former object or this one, never a part. `refused` over 5 GiB.
    result<std::string> put(const std::string& path, const bucket_upload& what);
    /// One that is not there is fine.
    result<void> remove(const std::string& path);

private:
    struct impl;
    std::unique_ptr<impl> impl_;
};

}  // namespace larder::net::publishing
