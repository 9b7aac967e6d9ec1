#include <boost/json.hpp>
#include <site/api_views.hpp>

namespace larder::net::site {
namespace {

namespace json = boost::json;

json::value moment_or_null(const std::optional<sys_seconds>& when) {
    if (!when) return nullptr;
    return json::string{format_iso(*when)};
}

json::array strings(const std::vector<std::string>& all) {
    json::array out;
    for (const auto& s : all) out.emplace_back(s);
    return out;
}

json::object suite_json(const suite_view& s) {
    json::array signers;
    for (const auto& k : s.signers)
        signers.push_back(json::object{{"fingerprint", k.fingerprint}, {"user_id", k.user_id}});
    json::object out;
    out["name"] = s.status.name;
    out["health"] = to_string(s.how.level);
    out["reason"] = s.how.reason;
    if (s.status.snapshot.empty())
        out["snapshot"] = nullptr;
    else
        out["snapshot"] = s.status.snapshot;
    out["date"] = moment_or_null(s.status.date);
    out["valid_until"] = moment_or_null(s.status.valid_until);
    out["validated"] = moment_or_null(s.status.validated);
    if (s.age)
        out["age_seconds"] = s.age->count();
    else
        out["age_seconds"] = nullptr;
    out["last_error"] = s.status.last_error.empty() ? s.status.index_error : s.status.last_error;
    out["signers"] = std::move(signers);
    out["states"] = s.status.states;
    return out;
}

json::object mirror_json(const mirror_view& m) {
    json::object out;
    out["url"] = m.url;
    out["failures"] = m.failures;
    out["waiting"] = m.waiting;
    out["last_error"] = m.last_error;
    out["mismatches"] = m.mismatches;
    if (m.latency)
        out["latency_ms"] = m.latency->count();
    else
        out["latency_ms"] = nullptr;
    return out;
}

}  // namespace

json::object archive_json(const archive_view& a) {
    json::array suites, mirrors;
    for (const auto& s : a.suites) suites.push_back(suite_json(s));
    for (const auto& m : a.mirrors) mirrors.push_back(mirror_json(m));
    json::object out;
    out["name"] = a.name;
    out["health"] = to_string(a.worst());
    out["components"] = strings(a.components);
    out["architectures"] = strings(a.architectures);
    out["keyring"] = strings(a.keyring);
    out["refresh_seconds"] = a.refresh.count();
    out["suites"] = std::move(suites);
    out["mirrors"] = std::move(mirrors);
    return out;
}

json::object status_json(const overview& v) {
    json::object out;
    out["version"] = v.version;
    out["now"] = format_iso(v.now);
    out["started"] = format_iso(v.started);
    out["uptime_seconds"] = (v.now - v.started).count();
    out["requests"] = json::object{{"total", v.requests},
                                   {"hits", v.hits},
                                   {"misses", v.misses},
                                   {"joins", v.joins},
                                   {"not_modified", v.not_modified},
                                   {"not_found", v.not_found},
                                   {"failures", v.failures},
                                   {"refused", v.refused},
                                   {"cut", v.cut}};
    if (const auto rate = v.hit_rate())
        out["hit_rate"] = *rate;
    else
        out["hit_rate"] = nullptr;
    out["bytes"] = json::object{{"sent", v.bytes_sent}, {"saved", v.bytes_saved}, {"from_upstream", v.bytes_upstream}};
    out["connections"] = v.connections;
    out["fetches"] = v.fetches;
    out["damaged_objects"] = v.damaged;
    out["digest_mismatches"] = v.mismatches;
    json::object disk{{"free", nullptr}, {"size", nullptr}};
    if (v.disk_free) disk["free"] = *v.disk_free;
    if (v.disk_size) disk["size"] = *v.disk_size;
    out["disk"] = std::move(disk);
    json::array archives;
    for (const auto& a : v.archives) archives.push_back(archive_json(a));
    out["archives"] = std::move(archives);
    json::array keys;
    for (const auto& k : v.keys)
        keys.push_back(json::object{{"archive", k.archive},
                                    {"fingerprint", k.fingerprint},
                                    {"state", k.state},
                                    {"expires", moment_or_null(k.expires)},
                                    {"until", moment_or_null(k.until)},
                                    {"warning", k.warning}});
    out["keys"] = std::move(keys);
    return out;
}

json::object job_json(const job_view& job) {
    json::object out;
    out["id"] = job.id;
    out["kind"] = job.kind;
    out["options"] = json::parse(job.options);
    out["state"] = to_string(job.state);
    out["created"] = format_iso(job.created);
    out["ended"] = moment_or_null(job.ended);
    out["progress"] =
        json::object{{"doing", job.how_far.doing}, {"done", job.how_far.done}, {"total", job.how_far.total}};
    if (job.state == job_state::done) {
        boost::system::error_code ec;
        out["result"] = json::parse(job.result, ec);  // null when a kind returned something else than JSON
    }
    if (job.state == job_state::failed)
        out["error"] = json::object{{"code", to_string(job.why.code())}, {"detail", job.why.detail()}};
    return out;
}

}  // namespace larder::net::site
