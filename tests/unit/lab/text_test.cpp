#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lab/connect_probe.h"
#include "lab/http_probe.h"
#include "lab/many_services.h"
#include "lab/plot.h"
#include "lab/terminal.h"
#include "lab/workload.h"

namespace fairlead::lab {
namespace {

using testing::HasSubstr;
using testing::Not;
using Kind = HttpRequest::Kind;

constexpr Style kPlainStyle{false, false};
constexpr Style kUnicode{false, true};

TEST(HttpRequestParsing, TellsRequestsFromOtherBytes) {
    struct {
        const char* received;
        Kind kind;
        std::size_t size_bytes;
        bool keep_alive;
    } const cases[] = {
        {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", Kind::kWhole, 27, true},
        {"GET / HTTP/1.0\r\n\r\n", Kind::kWhole, 18, false},
        {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", Kind::kWhole, 42, true},
        {"GET / HTTP/1.1\r\nconnection:close\r\n\r\nGET", Kind::kWhole, 36, false},
        {"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcd", Kind::kWhole, 41, true},
        {"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc", Kind::kIncomplete, 0, false},
        {"GE", Kind::kIncomplete, 0, false},
        {"GET / HTTP/1.1\r\n", Kind::kIncomplete, 0, false},
        {"GETTING", Kind::kNotHttp, 0, false},
        {"hello\r\n\r\n", Kind::kNotHttp, 0, false},
    };
    for (const auto& one : cases) {
        const auto request = parse_http_request(one.received);
        EXPECT_EQ(request.kind, one.kind) << one.received;
        EXPECT_EQ(request.size_bytes, one.size_bytes) << one.received;
        EXPECT_EQ(request.keep_alive, one.keep_alive) << one.received;
    }
    EXPECT_TRUE(parse_http_request("HEAD / HTTP/1.1\r\n\r\n").head);
}

TEST(PortParsing, WantsNumberAndProtocol) {
    EXPECT_EQ(parse_port("8080/UDP").value(), (kube::ContainerPort{"", base::L4Protocol::kUdp, 8080}));
    for (const auto* bad : {"", "80", "80/", "0/TCP", "70000/TCP", "x/TCP", "80/ICMP", "80x/TCP"})
        EXPECT_FALSE(parse_port(bad)) << bad;
}

TEST(MetricSum, AddsAllLabelsOfOneName) {
    const auto* const text = "# HELP a x\na{f=\"4\"} 1.5\na{f=\"6\"} 2\na_count 7\nab 9\nplain 3\nbroken x\n";
    EXPECT_EQ(metric_sum(text, "a"), 3.5);
    EXPECT_EQ(metric_sum(text, "a_count"), 7);
    EXPECT_EQ(metric_sum(text, "plain"), 3);
    EXPECT_EQ(metric_sum(text, "none"), 0);
}

TEST(Table, NumbersStandRightAndAddressesLeft) {
    EXPECT_EQ(render_table({{"NAME", "AT", "N"}, {"a", "10.0.0.1", "5"}, {"bcdef", "::1", "1,000"}}),
              "NAME   AT            N\n"
              "a      10.0.0.1      5\n"
              "bcdef  ::1       1,000\n");
}

TEST(Bars, AreOnOneScale) {
    const std::vector<BarGroup> groups = {{"1", {{"a", 5, "5 s", 31}, {"bb", 10, "10 s", 32}}},
                                          {"10", {{"a", 0, "0 s", 31}}}};
    EXPECT_EQ(render_bars(groups, 10, kPlainStyle),
              "   1  a   ##### 5 s\n"
              "      bb  ########## 10 s\n"
              "  10  a   # 0 s\n");
    EXPECT_THAT(render_bars(groups, 1, kUnicode),
                HasSubstr("a   ▌ 5 s\n      bb  █ 10 s\n  10  a   ▏ 0 s\n"));
    EXPECT_THAT(render_bars(groups, 10, {true, false}), HasSubstr("\033[31m#####\033[0m"));
}

TEST(Seconds, HaveThreeDigits) {
    EXPECT_EQ(format_seconds(2.5, kPlainStyle), "2.50 s");
    EXPECT_EQ(format_seconds(0.0999, kPlainStyle), "99.9 ms");
    EXPECT_EQ(format_seconds(0.00002149, kPlainStyle), "21.5 us");
    EXPECT_EQ(format_seconds(0.00002149, kUnicode), "21.5 µs");
    EXPECT_EQ(format_seconds(0.9999, kPlainStyle), "1.00 s");
    EXPECT_EQ(format_seconds(5e-9, kPlainStyle), "5.00 ns");
    EXPECT_EQ(format_count(1'234'567), "1,234,567");
    EXPECT_EQ(format_count(999), "999");
}

TEST(Percentile, IsOfSortedSamples) {
    std::vector<double> samples;
    for (int i = 100; i >= 0; --i)
        samples.push_back(i);
    EXPECT_EQ(percentiles_of(samples).p50, 50);
    EXPECT_EQ(percentiles_of(samples).p99, 99);
    EXPECT_EQ(percentiles_of({7}).p99, 7);
}

TEST(ManyServices, HaveAddressesOfTheirOwn) {
    EXPECT_EQ(cluster_ip_of(0).to_string(), "10.96.0.1");
    EXPECT_EQ(cluster_ip_of(9'999).to_string(), "10.96.39.16");
    EXPECT_EQ(backend_of(0, 0).to_string(), "10.80.0.1");
    EXPECT_EQ(backend_of(0, 0, 2).to_string(), "10.82.0.1");
    const auto objects = many_services(5, 7, 6, 1);
    EXPECT_EQ(objects.services.size(), 2U);
    EXPECT_EQ(objects.slices[0].endpoints[0].address, backend_of(5, 0));
    EXPECT_EQ(objects.slices[1].endpoints[0].address, backend_of(6, 0, 1));
    EXPECT_EQ(objects.slices[1].endpoints[1].address, backend_of(6, 1));
}

TEST(ManyServices, PartialSyncHasEveryServicesRuleAndOneServicesChains) {
    const auto text = partial_sync(3, 1, 2);
    for (const auto* service : {"service-00000", "service-00001", "service-00002"})
        EXPECT_THAT(text, HasSubstr(std::string("case/") + service + ":http cluster IP"));
    EXPECT_THAT(text, HasSubstr(":KUBE-SVC-0000000000000001 - [0:0]"));
    EXPECT_THAT(text, Not(HasSubstr(":KUBE-SVC-0000000000000002")));
    EXPECT_THAT(text, HasSubstr("-X KUBE-SEP-0000000100000001\n"));
    EXPECT_THAT(text, HasSubstr("--to-destination 10.82.0.4:8080"));
    EXPECT_THAT(text, testing::EndsWith("COMMIT\n"));
}

}  // namespace
}  // namespace fairlead::lab
