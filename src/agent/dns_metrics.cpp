#include "agent/dns_metrics.h"

#include <map>
#include <string>
#include <string_view>

namespace fairlead::agent {

namespace {

constexpr std::string_view kUpstreamQueries = "fairlead_dns_upstream_queries_total";
constexpr std::string_view kUpstreamFailures = "fairlead_dns_upstream_failures_total";
constexpr std::string_view kUpstreamHealthy = "fairlead_dns_upstream_healthy";

/// The sum over all workers of what `part` gives of each.
template <class Each, class Part>
double sum_of(std::span<const Each> all, Part part) {
    double sum = 0;
    for (const auto& each : all)
        sum += static_cast<double>(part(each));
    return sum;
}

std::string type_label(std::size_t place) {
    return place < dns::kCountedTypes.size() ? dns::name_of(dns::kCountedTypes.at(place)) : "other";
}

std::string code_label(std::size_t place) {
    return place + 1 < dns::EngineCounts::kCodes ? dns::name_of(static_cast<dns::ResponseCode>(place))
                                                 : dns::name_of(dns::ResponseCode::kBadVers);
}

template <std::size_t N>
void show_histogram(admin::Histogram& histogram, std::span<const EngineReport> reports,
                    const dns::BucketCounts<N> dns::EngineCounts::* which) {
    std::array<std::uint64_t, N + 1> counts{};
    double sum = 0;
    for (const auto& report : reports) {
        const auto& buckets = report.counts.*which;
        for (std::size_t i = 0; i < counts.size(); ++i)
            counts.at(i) += buckets.counts.at(i);
        sum += buckets.sum;
    }
    histogram.set(counts, sum);
}

}  // namespace

void DnsMetrics::show(std::span<const EngineReport> reports,
                      std::span<const dns_server::WorkerCounts> workers, const dns::CacheStats& cache) {
    show_requests(reports);
    show_responses(reports);
    show_engine(reports);
    show_histograms(reports);
    show_upstreams(reports);
    show_sockets(workers);
    show_cache(cache);
}

void DnsMetrics::show_requests(std::span<const EngineReport> reports) {
    for (const auto transport : {dns::ClientTransport::kUdp, dns::ClientTransport::kTcp})
        for (const auto family : {base::Family::kIpv4, base::Family::kIpv6})
            for (std::size_t type = 0; type <= dns::kCountedTypes.size(); ++type) {
                const double count = sum_of(reports, [&](const EngineReport& report) {
                    return report.counts.requests.at(static_cast<std::size_t>(transport))
                        .at(static_cast<std::size_t>(family))
                        .at(type);
                });
                if (count == 0) continue;  // a series for each would be 76
                metrics_
                    .counter("fairlead_dns_requests_total",
                             "Queries by transport, family of the client and type.",
                             {{"proto", std::string(name_of(transport))},
                              {"family", family == base::Family::kIpv4 ? "1" : "2"},
                              {"type", type_label(type)}})
                    .set(count);
            }
}

void DnsMetrics::show_responses(std::span<const EngineReport> reports) {
    for (std::size_t source = 0; source < dns::kReplySources; ++source)
        for (std::size_t code = 0; code < dns::EngineCounts::kCodes; ++code) {
            const double count = sum_of(reports, [&](const EngineReport& report) {
                return report.counts.responses.at(source).at(code);
            });
            if (count == 0) continue;
            metrics_
                .counter("fairlead_dns_responses_total", "Replies by where they came from and by code.",
                         {{"source", std::string(name_of(static_cast<dns::ReplySource>(source)))},
                          {"rcode", code_label(code)}})
                .set(count);
        }
}

void DnsMetrics::show_engine(std::span<const EngineReport> reports) {
    const auto show = [&](std::string_view name, std::string_view help,
                          std::uint64_t dns::EngineCounts::* which) {
        metrics_.counter(name, help).set(sum_of(reports, [&](const EngineReport& report) {
            return report.counts.*which;
        }));
    };
    using Counts = dns::EngineCounts;
    show("fairlead_dns_do_requests_total", "Queries with the bit DO.", &Counts::dnssec_requests);
    show("fairlead_dns_malformed_requests_total",
         "Packets that were answered with FORMERR, NOTIMP or BADVERS.", &Counts::malformed);
    show("fairlead_dns_silenced_packets_total", "Packets that are no query and get no answer.",
         &Counts::silenced);
    show("fairlead_dns_collapsed_total",
         "Queries of search walks that were answered with the end of the walk.", &Counts::collapsed);
    show("fairlead_dns_would_collapse_total", "The same that would have been, in the mode count.",
         &Counts::would_collapse);
    show("fairlead_dns_overloaded_total", "Queries refused since their client, or all, had too many waiting.",
         &Counts::overloaded);
    show("fairlead_dns_truncated_total", "Replies that were cut to what their client takes.",
         &Counts::truncated);
    show("fairlead_dns_cache_served_stale_total", "Replies from the cache after their end.",
         &Counts::served_stale);
    show("fairlead_dns_cache_prefetch_total",
         "Entries of the cache that were asked for anew before their end.", &Counts::prefetches);
}

void DnsMetrics::show_histograms(std::span<const EngineReport> reports) {
    const auto bounds = [](const auto& array) { return std::vector<double>(array.begin(), array.end()); };
    show_histogram(metrics_.histogram("fairlead_dns_request_duration_seconds",
                                      "Time until a query was answered.", bounds(dns::kDurationBounds)),
                   reports, &dns::EngineCounts::duration_s);
    show_histogram(
        metrics_.histogram("fairlead_dns_request_size_bytes", "Bytes of queries.", bounds(dns::kSizeBounds)),
        reports, &dns::EngineCounts::request_bytes);
    show_histogram(
        metrics_.histogram("fairlead_dns_response_size_bytes", "Bytes of replies.", bounds(dns::kSizeBounds)),
        reports, &dns::EngineCounts::response_bytes);
}

void DnsMetrics::show_upstreams(std::span<const EngineReport> reports) {
    struct Sums {
        double queries = 0;
        double failures = 0;
        double healthy = 0;
    };
    // Workers are told of new upstreams one after the other.
    std::map<std::string, Sums> upstreams;
    for (const auto& report : reports)
        for (const auto& status : report.upstreams) {
            auto& sums = upstreams[status.server.to_string()];
            sums.queries += static_cast<double>(status.queries);
            sums.failures += static_cast<double>(status.failures);
            sums.healthy += status.healthy ? 1 : 0;
        }
    for (const auto& [server, sums] : upstreams) {
        const admin::MetricLabels labels{{"to", server}};
        metrics_.counter(kUpstreamQueries, "Questions to each upstream.", labels).set(sums.queries);
        metrics_
            .counter(kUpstreamFailures, "Questions that it left unanswered or that could not be sent.",
                     labels)
            .set(sums.failures);
        metrics_.gauge(kUpstreamHealthy, "Workers that hold it for healthy.", labels).set(sums.healthy);
        shown_upstreams_.erase(server);
    }
    for (const auto& gone : shown_upstreams_)
        for (const auto name : {kUpstreamQueries, kUpstreamFailures, kUpstreamHealthy})
            metrics_.forget(name, {{"to", gone}});
    shown_upstreams_.clear();
    for (const auto& [server, sums] : upstreams)
        shown_upstreams_.insert(server);
    metrics_
        .counter(
            "fairlead_dns_forged_replies_total",
            "Replies from upstreams' addresses that do not fit a question: id, name, type or letter case.")
        .set(sum_of(reports, [](const EngineReport& report) {
            return report.forwarding.foreign_replies + report.forwarding.wrong_case_replies;
        }));
}

void DnsMetrics::show_sockets(std::span<const dns_server::WorkerCounts> workers) {
    metrics_
        .counter("fairlead_dns_udp_overflows_total",
                 "Datagrams that the kernel threw away: the buffer was full.")
        .set(sum_of(workers, [](const auto& worker) { return worker.udp.overflowed; }));
    metrics_.counter("fairlead_dns_udp_unsent_total", "Replies that the kernel did not take.")
        .set(sum_of(workers, [](const auto& worker) { return worker.udp.not_sent; }));
}

void DnsMetrics::show_cache(const dns::CacheStats& cache) {
    metrics_.gauge("fairlead_dns_cache_entries", "Replies in the cache.")
        .set(static_cast<double>(cache.entries));
    metrics_.gauge("fairlead_dns_cache_bytes", "Bytes of the cache.").set(static_cast<double>(cache.bytes));
    metrics_.counter("fairlead_dns_cache_hits_total", "Lookups that the cache had a fresh reply for.")
        .set(static_cast<double>(cache.hits));
    metrics_.counter("fairlead_dns_cache_misses_total", "Lookups that it had nothing for.")
        .set(static_cast<double>(cache.misses));
    metrics_.counter("fairlead_dns_cache_evictions_total", "Usable entries that went for want of room.")
        .set(static_cast<double>(cache.evictions));
}

}  // namespace fairlead::agent
