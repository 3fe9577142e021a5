#include "agent/dns_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fairlead::agent {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(DnsMetrics, AddsUpWhatTheWorkersCounted) {
    admin::Metrics metrics;
    DnsMetrics shown{metrics};
    std::vector<EngineReport> reports(2);
    for (auto& report : reports) {
        report.counts.count_request(dns::ClientTransport::kUdp, base::Family::kIpv6, dns::RecordType::kAaaa);
        report.counts.collapsed = 3;
        report.counts.duration_s.add(dns::kDurationBounds, 0.0003);
        report.counts.responses.at(static_cast<std::size_t>(dns::ReplySource::kZone)).at(3) = 5;
    }
    std::vector<dns_server::WorkerCounts> workers(2);
    workers.front().udp.overflowed = 7;
    shown.show(reports, workers, {.entries = 11});
    const auto text = metrics.expose();
    for (const auto* line :
         {R"(fairlead_dns_requests_total{proto="udp",family="2",type="AAAA"} 2)",
          R"(fairlead_dns_responses_total{source="zone",rcode="NXDOMAIN"} 10)",
          "fairlead_dns_collapsed_total 6", "fairlead_dns_udp_overflows_total 7",
          "fairlead_dns_cache_entries 11", R"(fairlead_dns_request_duration_seconds_bucket{le="0.0005"} 2)",
          "fairlead_dns_request_duration_seconds_count 2"})
        EXPECT_THAT(text, HasSubstr(line));
}

TEST(DnsMetrics, ShowsEachUpstreamThatAnyWorkerHasAndForgetsThoseThatNoneHas) {
    const auto upstream = [](const char* text, std::uint64_t queries) {
        return dns::UpstreamStatus{.server = *dns::UpstreamServer::parse(text), .queries = queries};
    };
    admin::Metrics metrics;
    DnsMetrics shown{metrics};
    std::vector<EngineReport> reports(3);
    reports[0].upstreams = {upstream("192.0.2.1", 5), upstream("192.0.2.2", 1)};
    reports[1].upstreams = {upstream("192.0.2.2", 2)};
    shown.show(reports, {}, {});
    EXPECT_THAT(metrics.expose(), HasSubstr(R"(fairlead_dns_upstream_queries_total{to="192.0.2.1:53"} 5)"));
    EXPECT_THAT(metrics.expose(), HasSubstr(R"(fairlead_dns_upstream_queries_total{to="192.0.2.2:53"} 3)"));
    EXPECT_THAT(metrics.expose(), HasSubstr(R"(fairlead_dns_upstream_healthy{to="192.0.2.2:53"} 2)"));
    reports[0].upstreams.erase(reports[0].upstreams.begin());
    shown.show(reports, {}, {});
    EXPECT_THAT(metrics.expose(), Not(HasSubstr("192.0.2.1")));
    EXPECT_THAT(metrics.expose(), HasSubstr("192.0.2.2"));
}

TEST(DnsMetrics, ShowsTheSameAgainAndNoSeriesForWhatNeverCame) {
    admin::Metrics metrics;
    DnsMetrics shown{metrics};
    std::vector<EngineReport> reports(1);
    reports.front().counts.count_request(dns::ClientTransport::kTcp, base::Family::kIpv4,
                                         dns::RecordType::kA);
    for (int i = 0; i < 2; ++i)
        shown.show(reports, {}, {});
    EXPECT_THAT(metrics.expose(),
                HasSubstr(R"(fairlead_dns_requests_total{proto="tcp",family="1",type="A"} 1)"));
    EXPECT_THAT(metrics.expose(), Not(HasSubstr("AAAA")));
}

}  // namespace
}  // namespace fairlead::agent
