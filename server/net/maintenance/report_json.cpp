#include <boost/json.hpp>
#include <json_text.hpp>
#include <larder/net/maintenance.hpp>

namespace larder::net {
namespace {

namespace json = boost::json;

json::value moment(const std::optional<sys_seconds>& when) {
    if (!when) return nullptr;
    return json::string{format_iso(*when)};
}

json::array objects(const std::vector<troubled_object>& all) {
    json::array out;
    for (const auto& one : all)
        out.push_back(
            json::object{{"object", one.content.hex()}, {"known_from", strings(one.known_from)}, {"why", one.why}});
    return out;
}

json::array troubles(const std::vector<deployment_trouble>& all) {
    json::array out;
    for (const auto& one : all) {
        json::object row;
        row["deployment"] = one.deployment;
        row["generation"] = one.generation;
        row["ref"] = one.ref;
        if (one.content)
            row["object"] = one.content->hex();
        else
            row["object"] = nullptr;
        row["what"] = one.what;
        row["follows"] = one.follows;
        row["advice"] = one.advice;
        out.push_back(std::move(row));
    }
    return out;
}

}  // namespace

std::string to_json(const doctor_report& r) {
    json::object out;
    out["objects"] = r.objects;
    out["bytes"] = r.bytes;
    out["states"] = r.states;
    out["indices"] = r.indices;
    out["damaged"] = objects(r.damaged);
    out["missing"] = objects(r.missing);
    out["unreadable"] = objects(r.unreadable);
    out["refetched"] = objects(r.refetched);
    out["lost"] = objects(r.lost);
    out["dropped"] = strings(r.dropped);
    out["deployments"] = troubles(r.deployments);
    out["seconds"] = r.seconds;
    out["whole"] = r.whole();
    return json_text(out);
}

std::string to_json(const gc_report& r) {
    json::object out;
    out["dry_run"] = r.dry_run;
    out["objects"] = r.objects;
    out["bytes"] = r.bytes;
    out["referenced"] = r.referenced;
    out["referenced_bytes"] = r.referenced_bytes;
    out["cached"] = r.cached;
    out["cached_bytes"] = r.cached_bytes;
    out["limit"] = r.limit;
    out["removed"] = r.removed;
    out["removed_bytes"] = r.removed_bytes;
    out["used_before"] = moment(r.used_before);
    out["former_indices"] = r.former_indices;
    out["former_indices_bytes"] = r.former_indices_bytes;
    out["forgotten"] = strings(r.forgotten);
    return json_text(out);
}

std::string to_json(const import_report& r) {
    json::object out;
    out["files"] = r.files;
    out["bytes"] = r.bytes;
    out["kept"] = r.kept;
    out["kept_bytes"] = r.kept_bytes;
    out["already_here"] = r.already_here;
    out["unknown"] = strings(r.unknown);
    out["unreadable"] = strings(r.unreadable);
    out["learnt"] = strings(r.learnt);
    return json_text(out);
}

std::string to_json(const update_report& r) {
    json::array suites;
    for (const auto& s : r.suites) {
        json::object one;
        one["suite"] = s.suite;
        one["snapshot"] = s.snapshot;
        one["date"] = moment(s.date);
        one["changed"] = s.changed;
        one["indices"] = s.indices;
        one["failure"] = s.failure;
        suites.push_back(std::move(one));
    }
    return json_text(json::object{{"archive", r.archive}, {"suites", std::move(suites)}, {"fine", r.fine()}});
}

std::string to_json(const fetch_report& r) {
    json::array packages;
    for (const auto& p : r.packages) {
        json::object one;
        one["package"] = p.package;
        one["version"] = p.version;
        one["architecture"] = p.architecture;
        one["path"] = p.path;
        one["size"] = p.size;
        one["was_here"] = p.was_here;
        one["failure"] = p.failure;
        packages.push_back(std::move(one));
    }
    json::object out;
    out["archive"] = r.archive;
    out["packages"] = std::move(packages);
    out["bytes"] = r.bytes;
    out["unresolved"] = strings(r.unresolved);
    out["fine"] = r.fine();
    return json_text(out);
}

std::string to_json(const store_report& r) {
    json::array archives;
    for (const auto& a : r.archives) {
        json::array suites;
        for (const auto& s : a.suites) {
            json::object one;
            one["name"] = s.name;
            one["snapshot"] = s.snapshot;
            one["date"] = moment(s.date);
            one["valid_until"] = moment(s.valid_until);
            one["validated"] = moment(s.validated);
            one["states"] = s.states;
            suites.push_back(std::move(one));
        }
        archives.push_back(json::object{{"name", a.name}, {"configured", a.configured}, {"suites", std::move(suites)}});
    }
    json::object out;
    out["path"] = r.path;
    out["objects"] = r.objects;
    out["bytes"] = r.bytes;
    out["disk"] = json::object{{"free", r.disk_free}, {"size", r.disk_size}};
    out["archives"] = std::move(archives);
    return json_text(out);
}

}  // namespace larder::net
