#include "agent/dns_query_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dns/message.h"

namespace fairlead::agent {
namespace {

using testing::HasSubstr;
using testing::Not;

/// A log that is read, and a worker that answers; the loop does not run, so that nobody is let go of.
class QueryLogCase : public testing::Test {
  protected:
    static void answer(dns::QueryTap& tap, std::string_view name, dns::ResponseCode code) {
        const auto source = base::IpAddress::parse("10.64.0.5").value();
        const dns::Client client{source, dns::ClientTransport::kUdp, 1};
        dns::Query query;
        query.name = dns::Name::parse(name).value();
        const auto reply = dns::encode_message({.response = true, .code = code, .questions = {{query.name}}});
        tap.answered(base::TimePoint{},
                     {client, nullptr, query, reply, dns::ReplySource::kCache, std::chrono::milliseconds(2)});
    }
    std::string page(const std::string& query) { return log.page(query).value(); }
    double count(std::string_view metric) { return metrics.counter(metric, "").value(); }

    net::EventLoop loop;
    admin::Metrics metrics;
    DnsQueryLog log{loop, metrics};
    std::shared_ptr<dns::QueryTap> tap = log.new_tap();
};

TEST_F(QueryLogCase, GivesEachReaderWhatFitsItsFilterOnce) {
    answer(*tap, "before.example", dns::ResponseCode::kNxDomain);
    EXPECT_EQ(page(""), "{\"reader\":1,\"dropped\":0,\"queries\":[]}\n");
    EXPECT_EQ(page("code=NXDOMAIN&name=example"), "{\"reader\":2,\"dropped\":0,\"queries\":[]}\n");
    answer(*tap, "a.example", dns::ResponseCode::kNxDomain);
    answer(*tap, "b.example", dns::ResponseCode::kNoError);
    const auto all = page("reader=1");
    EXPECT_THAT(all, HasSubstr(R"("name":"a.example.")"));
    EXPECT_THAT(all, HasSubstr(R"("name":"b.example.")"));
    EXPECT_THAT(page("reader=1"), HasSubstr("[]"));
    const auto missing = page("reader=2");
    EXPECT_THAT(missing,
                HasSubstr(R"("pod":"","source":"10.64.0.5","transport":"udp","name":"a.example.","type":"A",)"
                          R"("code":"NXDOMAIN","answers":0,"answeredBy":"cache","seconds":0.002000})"));
    EXPECT_THAT(missing, Not(HasSubstr("b.example")));
    EXPECT_EQ(count("fairlead_dns_logged_queries_total"), 3);
}

TEST_F(QueryLogCase, HearsOfWorkersThatComeLaterAndOfTheLastOfThoseThatGo) {
    page("");
    auto other = log.new_tap();
    answer(*other, "b.example", dns::ResponseCode::kNoError);
    other.reset();
    EXPECT_THAT(page("reader=1"), HasSubstr("b.example"));
    EXPECT_THAT(page("reader=1"), HasSubstr("[]"));
}

TEST_F(QueryLogCase, TellsOfWhatItDropped) {
    page("");
    for (std::size_t i = 0; i < dns::QueryTap::kRoom + 5; ++i)
        answer(*tap, "a.example", dns::ResponseCode::kNoError);
    EXPECT_THAT(page("reader=1"), HasSubstr("\"dropped\":5,"));
    EXPECT_THAT(page("reader=1"), HasSubstr("\"dropped\":0,"));
    EXPECT_EQ(count("fairlead_dns_log_dropped_queries_total"), 5);
    auto other = log.new_tap();
    EXPECT_EQ(count("fairlead_dns_log_dropped_queries_total"), 5);
}

TEST_F(QueryLogCase, KeepsTheNewestForAReaderThatDoesNotCome) {
    page("");
    page("code=SERVFAIL");
    for (std::size_t i = 0; i < DnsQueryLog::kKept + 3; ++i) {
        answer(*tap, "n" + std::to_string(i) + ".example", dns::ResponseCode::kNoError);
        if (i % 512 == 0) page("reader=2");  // so that the ring is emptied
    }
    const auto kept = page("reader=1");
    EXPECT_THAT(kept, HasSubstr("\"dropped\":3,"));
    EXPECT_THAT(kept, Not(HasSubstr("\"n2.example.\"")));
    EXPECT_THAT(kept, HasSubstr("\"n3.example.\""));
}

TEST_F(QueryLogCase, RefusesTooManyReadersUnknownOnesAndBrokenFilters) {
    for (std::size_t i = 0; i < DnsQueryLog::kMostReaders; ++i)
        page("");
    EXPECT_THAT(log.page("").error().message, HasSubstr("try again later"));
    for (const auto& [query, problem] : std::vector<std::pair<std::string, std::string>>{
             {"reader=99", "no reader 99"},
             {"reader=x", "no reader x"},
             {"pod=A", "'A' is neither"},
             {"code=X", "'X' is none of"},
             {"name=a..b", "a..b"},
             {"sample=0", "sample '0'"},
             {"what=1", "'what=1' is none of"},
         })
        EXPECT_THAT(log.page(query).error().message, HasSubstr(problem)) << query;
}

TEST_F(QueryLogCase, WritesToTheLogWhatIsConfigured) {
    testing::internal::CaptureStderr();
    log.configure({.codes = {dns::ResponseCode::kServFail}});
    answer(*tap, "a.example", dns::ResponseCode::kServFail);
    answer(*tap, "b.example", dns::ResponseCode::kNoError);
    log.configure({.one_in = 0});
    answer(*tap, "c.example", dns::ResponseCode::kServFail);
    page("");
    const auto written = testing::internal::GetCapturedStderr();
    EXPECT_THAT(written, HasSubstr("a.example."));
    EXPECT_THAT(written, Not(HasSubstr("b.example.")));
    EXPECT_THAT(written, Not(HasSubstr("c.example.")));
}

}  // namespace
}  // namespace fairlead::agent
