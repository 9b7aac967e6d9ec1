#include <larder/core/http_head.hpp>
#include <larder/net/metrics.hpp>
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

namespace larder::net {
namespace {

prometheus::MetricFamily family(std::string name, std::string help, prometheus::MetricType type) {
    prometheus::MetricFamily f;
    f.name = std::move(name);
    f.help = std::move(help);
    f.type = type;
    return f;
}

void add(prometheus::MetricFamily& f, double value, std::vector<prometheus::ClientMetric::Label> labels) {
    prometheus::ClientMetric m;
    m.label = std::move(labels);
    if (f.type == prometheus::MetricType::Counter)
        m.counter.value = value;
    else
        m.gauge.value = value;
    f.metric.push_back(std::move(m));
}

}  // namespace

std::string render_metrics(const metrics& m, const std::vector<gauge_sample>& gauges) {
    using prometheus::MetricType;
    std::vector<prometheus::MetricFamily> all;
    const auto single = [&](const char* name, const char* help, const counter& c,
                            MetricType type = MetricType::Counter) {
        all.push_back(family(name, help, type));
        add(all.back(), static_cast<double>(c.get()), {});
    };
    single("larder_requests_total", "Request heads that were read.", m.requests);
    all.push_back(family("larder_responses_total", "Answers, by where their bytes came from or why there were none.",
                         MetricType::Counter));
    const std::pair<const char*, const counter*> by_source[] = {{"hit", &m.hits},
                                                                {"miss", &m.misses},
                                                                {"join", &m.joins},
                                                                {"not_modified", &m.not_modified},
                                                                {"not_found", &m.not_found},
                                                                {"failure", &m.failures},
                                                                {"refused", &m.refused},
                                                                {"cut", &m.cut}};
    for (const auto& [name, c] : by_source) add(all.back(), static_cast<double>(c->get()), {{"result", name}});
    single("larder_sent_bytes_total", "Bytes of bodies sent.", m.bytes_sent);
    single("larder_saved_bytes_total", "Bytes of bodies sent that needed no upstream.", m.bytes_from_store);
    single("larder_connections", "Connections open now.", m.connections, MetricType::Gauge);
    all.push_back(
        family("larder_loop_connections", "Connections open now, by the loop that serves them.", MetricType::Gauge));
    for (std::size_t i = 0; i < m.by_loop.size(); ++i)
        add(all.back(), static_cast<double>(m.by_loop[i].get()), {{"loop", std::to_string(i)}});
    single("larder_connections_accepted_total", "Connections accepted.", m.connections_accepted);
    single("larder_connections_refused_total", "Connections over max_connections.", m.connections_refused);
    single("larder_client_timeouts_total", "Connections closed because the client was too slow.", m.timeouts);
    single("larder_upstream_transfers_total", "Transfers from upstream started.", m.upstream_transfers);
    single("larder_upstream_failures_total", "Transfers from upstream that ended badly.", m.upstream_failures);
    single("larder_upstream_bytes_total", "Bytes received from upstream.", m.upstream_bytes);
    single("larder_digest_mismatches_total", "Objects that came with other bytes than a signed index promises.",
           m.digest_mismatches);
    single("larder_damaged_objects_total", "Stored objects found damaged.", m.damaged_objects);
    single("larder_refreshes_total", "Suites asked for again.", m.refreshes);
    single("larder_refresh_failures_total", "Suites that could not be refreshed.", m.refresh_failures);
    single("larder_suites_switched_total", "Suites that went to a newer state.", m.suites_switched);
    single("larder_tunnels_total", "CONNECT tunnels opened.", m.tunnels);
    single("larder_objects_stored_total", "Objects committed to the store.", m.objects_stored);
    single("larder_rescued_total", "Objects that no mirror had, and a snapshot service or a peer did.", m.rescued);
    all.push_back(
        family("larder_refused_total", "Requests refused for what they were, by reason.", MetricType::Counter));
    for (std::size_t i = 1; i <= static_cast<std::size_t>(core::fault_kind::unknown); ++i)
        add(all.back(), static_cast<double>(m.faults.at(i).get()),
            {{"reason", std::string{core::to_string(static_cast<core::fault_kind>(i))}}});
    for (const auto& g : gauges) {
        if (all.back().name != g.name) all.push_back(family(g.name, g.help, MetricType::Gauge));
        std::vector<prometheus::ClientMetric::Label> labels;
        for (const auto& [name, value] : g.labels) labels.push_back({name, value});
        add(all.back(), g.value, std::move(labels));
    }
    return prometheus::TextSerializer{}.Serialize(all);
}

}  // namespace larder::net
