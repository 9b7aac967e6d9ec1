#pragma once

#include <functional>
#include <larder/net/maintenance.hpp>
#include <larder/store/objects.hpp>
#include <vector>

namespace larder::net::maintenance {

struct listed_object {
    digest content;
    std::uint64_t size = 0;
};

/// All objects there are; large ones first, so that no core ends alone on one.
result<std::vector<listed_object>> list_objects(const store::object_store& objects);

enum class pace { full, background };

/// What hashing an object found. `unreadable` says nothing about its bytes: permission, a failing disk or
/// a lack of memory or descriptors is in the way.
enum class condition { whole, damaged, gone, unreadable };

/// Hashes all of `work` on `threads` threads (0: one a core) and tells of each object, on the thread
/// that hashed it. Reads without pushing what others use out of the page cache: pages that were not
/// there before are given back.
result<void> hash_all(const store::object_store& objects, const std::vector<listed_object>& work, unsigned threads,
                      pace how,
                      const std::function<void(const listed_object&, condition, const std::string& why)>& found,
                      const progress_sink& tell, std::stop_token stop);

/// Whether one object is here, and what its name says; reads it. `cancelled` once a stop is requested.
result<bool> is_whole(const store::object_store& objects, const digest& content, const std::stop_token& stop);

}  // namespace larder::net::maintenance
