#pragma once

#include <chrono>
#include <larder/net/pockets.hpp>

namespace larder::net {

// Pockets as a plain tree of files, for a web server that knows nothing of Larder. The calls block, as those of
// pockets.hpp do.

struct pocket_export_options {
    std::vector<std::string> pockets;  ///< "archive/suite", or "archive" for all of its pockets; of one archive
    std::string to;        ///< a folder on the machine of the store, by its whole path; or "s3://BUCKET/PREFIX"
    std::string endpoint;  ///< of a bucket: the URL of its service
    std::string region;    ///< of a bucket; empty: "us-east-1"
    /// So long what no publication names any more stays at least, an hour or more. Longer where a pocket has a later
    /// Valid-Until.
    std::chrono::seconds prune_after = std::chrono::hours{7 * 24};
    bool hard_links = false;  ///< of a folder: packages are links to the store's own files where that is possible
    bool dry_run = false;
};

struct exported_suite {
    std::string suite;
    std::uint64_t publication = 0, former = 0;  ///< `former`: what was there before; 0: nothing
    sys_seconds date{};
};
struct pocket_export_report {
    std::string archive, to;
    std::vector<exported_suite> suites;
    std::uint64_t files = 0, bytes = 0;            ///< that the publications consist of
    std::uint64_t written = 0, written_bytes = 0;  ///< of them, those that were not there
    std::uint64_t kept = 0;                        ///< files of former publications that stay for a while
    std::uint64_t pruned = 0;                      ///< those that are gone now
    bool dry_run = false;
};

/// Brings a tree to what the pockets publish now: the packages, then the indices by their hashes, and for each suite
/// its indices by their names, Release, Release.gpg, and InRelease at last; so whoever reads sees the former
/// publication or this one, also when this ends in the middle. Every file is hashed on its way. What is there already
/// is not written again. Nothing is taken away but what no publication there names, nor the one before it, since
/// `prune_after`. What is noted in the tree is told by docs/formats.md. `refused` for a place that is something else,
/// or another archive's; `stale` where a later publication is there; `conflict` while another export writes there.
result<pocket_export_report> export_pockets(engine& e, const pocket_export_options& options, const progress_sink& tell,
                                            std::stop_token stop = {});

/// One JSON object, without a newline.
std::string to_json(const pocket_export_report& report);

}  // namespace larder::net
