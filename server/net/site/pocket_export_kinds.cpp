#include <larder/net/pocket_export.hpp>
#include <site/job_kinds.hpp>
#include <site/job_options.hpp>

// What leaves pockets as plain files, as a job: each option is a member of pocket_export.hpp's struct.

namespace larder::net::site {
namespace {

namespace json = boost::json;

result<std::string> run_export(engine& e, const json::object& given, const progress_sink& tell, std::stop_token stop) {
    pocket_export_options o;
    take(given, "pockets", o.pockets);
    take(given, "to", o.to);
    take(given, "endpoint", o.endpoint);
    take(given, "region", o.region);
    std::uint64_t seconds = static_cast<std::uint64_t>(o.prune_after.count());
    take_number(given, "prune_after_seconds", seconds);
    o.prune_after = std::chrono::seconds{seconds};
    take(given, "hard_links", o.hard_links);
    take(given, "dry_run", o.dry_run);
    return told(export_pockets(e, o, tell, std::move(stop)));
}

}  // namespace

std::vector<job_kind> pocket_export_kinds() {
    using enum option_type;
    constexpr auto needed = presence::required;
    constexpr std::uint64_t ten_years = 3650ULL * 24 * 3600;
    return {
        {"pocket_export",
         "Writes pockets as a plain tree of files, for a web server that knows nothing of Larder.",
         {{"pockets", texts, "\"archive/suite\", or \"archive\" for all of its pockets; of one archive.", needed},
          {"to", text, "A folder on the machine of the store, by its whole path, or \"s3://BUCKET/PREFIX\".", needed},
          {"endpoint", text, "Of a bucket: the URL of its S3-compatible service."},
          {"region", text, "Of a bucket. Default: us-east-1."},
          {"prune_after_seconds", number, "So long what no publication names any more stays at least. Default: 7 days.",
           presence::optional, ten_years},
          {"hard_links", boolean, "Packages are links to the store's own files where that is possible; default false."},
          {"dry_run", boolean, "Only tell what would be written and removed; default false."}},
         run_export},
    };
}

}  // namespace larder::net::site
