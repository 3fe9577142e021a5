#include "cli/dns_log_view.h"

#include <gtest/gtest.h>

namespace fairlead::cli {
namespace {

constexpr std::string_view kLogPage =
    R"({"reader":3,"dropped":7,"queries":[)"
    R"({"time":"2026-11-30T23:10:00.123Z","pod":"shop/web-1","source":"10.64.0.5","transport":"udp",)"
    R"("name":"a.example.","type":"A","code":"NXDOMAIN","answers":0,"answeredBy":"zone","seconds":0.000000},)"
    R"({"time":"2026-11-30T23:10:00.124Z","pod":"","source":"10.64.0.9","transport":"tcp",)"
    R"("name":"b.example.","type":"AAAA","code":"NOERROR","answers":2,"answeredBy":"upstream","seconds":0.012340}]})";

TEST(DnsLogView, ShowsPagesUnderOneHeading) {
    DnsLogView view{false};
    const auto first = view.next(kLogPage, SIZE_MAX).value();
    EXPECT_EQ(first.reader, 3U);
    EXPECT_EQ(first.dropped, 7U);
    EXPECT_EQ(first.queries, 2U);
    EXPECT_EQ(first.text,
              "TIME                       CLIENT       NAME         TYPE   CODE       RECORDS   ANSWERED BY  "
              " TOOK\n"
              "2026-11-30T23:10:00.123Z   shop/web-1   a.example.   A      NXDOMAIN   0         zone         "
              " 0.00 ms\n"
              "2026-11-30T23:10:00.124Z   10.64.0.9    b.example.   AAAA   NOERROR    2         upstream     "
              " 12.34 ms\n");
    EXPECT_EQ(view.next(kLogPage, 1)->text,
              "2026-11-30T23:10:00.123Z   shop/web-1   a.example.   A      NXDOMAIN   0         zone         "
              " 0.00 ms\n");
    EXPECT_EQ(view.next(R"({"reader":3,"dropped":0,"queries":[]})", 1)->text, "");
}

TEST(DnsLogView, GivesJsonLineByLine) {
    const auto text = DnsLogView{true}.next(kLogPage, 1)->text;
    EXPECT_EQ(text.find('{'), 0U);
    EXPECT_EQ(text.find('\n'), text.size() - 1);
    EXPECT_NE(text.find(R"("name":"a.example.")"), std::string::npos);
}

TEST(DnsLogView, RefusesWhatIsNoSuchPage) {
    for (const auto* page : {"", "{}", "[]"})
        EXPECT_FALSE(DnsLogView{false}.next(page, 1)) << page;
}

TEST(DnsLogView, AsksForWhatWasGiven) {
    EXPECT_EQ(dns_log_target({}).value(), "/dns-log");
    EXPECT_EQ(
        dns_log_target({.namespace_name = "shop", .pod = {}, .code = {}, .name = {}, .sample = {}}).value(),
        "/dns-log?pod=shop");
    EXPECT_EQ(dns_log_target({{}, "web-1", "NXDOMAIN", "example.com", "10"}).value(),
              "/dns-log?pod=default/web-1&code=NXDOMAIN&name=example.com&sample=10");
    EXPECT_FALSE(dns_log_target({{}, {}, "a&b", {}, {}}));
}

}  // namespace
}  // namespace fairlead::cli
