#pragma once

#include "upstream/rate_limit.hpp"
#include <curl/curl.h>
#include <larder/core/options.hpp>
#include <larder/net/transfer.hpp>
#include <memory>
#include <optional>
#include <string>

namespace larder::net {

struct easy_freer {
    void operator()(CURL* h) const noexcept { curl_easy_cleanup(h); }
};
struct slist_freer {
    void operator()(curl_slist* l) const noexcept { curl_slist_free_all(l); }
};

/// One transfer: an easy handle, its sink, and where its redirects have led so far.
struct upstream_transfer {
    std::uint64_t id = 0;
    transfer_request request;
    std::shared_ptr<transfer_sink> sink;
    std::unique_ptr<CURL, easy_freer> easy;
    std::unique_ptr<curl_slist, slist_freer> headers;
    std::string url;
    std::string location;
    transfer_head head;
    int redirects = 0;
    bool begun = false;    ///< the sink has the head
    bool refused = false;  ///< the sink said no
    bool address_refused = false;
    bool paused = false;  ///< its turn for a part of the bandwidth has not come
    bool enough = false;  ///< more of an error's page than anybody wants to see
    std::uint64_t error_bytes = 0;
    rate_limit* limit = nullptr;
    /// When it last showed life, from the moment its request was sent; before that it may be queued
    /// for a connection, and the connect time-out watches.
    std::optional<std::chrono::steady_clock::time_point> alive_at;
    /// What came since the present window began: one that brings next to nothing in a whole time-out is as
    /// good as silent.
    std::optional<std::chrono::steady_clock::time_point> window;
    std::uint64_t in_window = 0;
    std::uint64_t* received = nullptr;
    char message[CURL_ERROR_SIZE] = {};
};

/// Makes the transfer's handle anew, for its present URL: every option and callback. Throws when libcurl has
/// no memory for it.
void make_handle(upstream_transfer& t, const core::upstream_options& options, bool with_credentials);

/// Notes a sign of life: `bytes` came.
void note_life(upstream_transfer& t, std::size_t bytes);
/// Whether it brought too little since its window began, `patience` ago or longer; begins the next one.
bool is_dripping(upstream_transfer& t, std::chrono::milliseconds patience);

long status_of(const upstream_transfer& t) noexcept;
bool is_redirect(long status) noexcept;

/// Tells the sink of the answer, once, before its first byte or its end. False: it wants no more.
bool begin(upstream_transfer& t);

/// What libcurl's own failure of a transfer means.
error failure_of(CURLcode code, const upstream_transfer& t);

}  // namespace larder::net
