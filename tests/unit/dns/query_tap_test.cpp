#include "dns/query_tap.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "dns/message.h"

namespace fairlead::dns {
namespace {

using Wanted = std::vector<std::optional<QueryFilter>>;

const base::IpAddress kSource = base::IpAddress::parse("10.64.0.5").value();

/// One worker that answers, and a reader.
class TapCase : public testing::Test {
  protected:
    void answer(std::string_view name, ResponseCode code, ReplySource source = ReplySource::kZone) {
        const auto asked = Name::parse(name).value();
        const Client client{kSource, ClientTransport::kTcp, 1};
        Query query;
        query.name = asked;
        query.type = RecordType::kAaaa;
        const auto reply = encode_message({.response = true,
                                           .code = code,
                                           .questions = {{asked, RecordType::kAaaa}},
                                           .answer = {address_record(asked, 5, kSource)}});
        tap.answered(base::TimePoint{std::chrono::seconds(7)},
                     {client, context, query, reply, source, std::chrono::seconds(1)});
    }
    std::vector<LoggedQuery> caught() {
        std::vector<LoggedQuery> queries;
        tap.take(queries);
        return queries;
    }

    QueryTap tap{1};
    const SearchContext* context = nullptr;
};

TEST_F(TapCase, CatchesNothingUntilSomethingIsWantedAndAfterIt) {
    answer("a.example", ResponseCode::kNoError);
    EXPECT_TRUE(caught().empty());
    tap.want(Wanted{QueryFilter{}}, 1);
    answer("a.example", ResponseCode::kNoError);
    EXPECT_EQ(caught().size(), 1U);
    EXPECT_TRUE(caught().empty());
    tap.want(Wanted{std::nullopt}, 2);
    answer("a.example", ResponseCode::kNoError);
    EXPECT_TRUE(caught().empty());
}

TEST_F(TapCase, KeepsWhatBecameOfAQuery) {
    const auto pod = std::make_shared<SearchContext>();
    pod->pod = {"shop", "web-1"};
    context = pod.get();
    tap.want(Wanted{QueryFilter{}}, 5);
    answer("A.example", ResponseCode::kServFail, ReplySource::kUpstream);
    const auto queries = caught();
    ASSERT_EQ(queries.size(), 1U);
    const auto& query = queries.front();
    EXPECT_EQ(query.at, base::TimePoint{std::chrono::seconds(7)});
    EXPECT_EQ(query.source, kSource);
    EXPECT_EQ(query.context, pod);
    EXPECT_EQ(query.name.to_string(), "A.example.");
    EXPECT_EQ(query.type, RecordType::kAaaa);
    EXPECT_EQ(query.code, ResponseCode::kServFail);
    EXPECT_EQ(query.transport, ClientTransport::kTcp);
    EXPECT_EQ(query.reply_source, ReplySource::kUpstream);
    EXPECT_EQ(query.answers, 1U);
    EXPECT_EQ(query.took, std::chrono::seconds(1));
    EXPECT_EQ(query.version, 5U);
}

TEST_F(TapCase, SaysWhichFiltersAQueryFits) {
    tap.want(Wanted{QueryFilter{.codes = {ResponseCode::kNxDomain}}, std::nullopt, QueryFilter{},
                    QueryFilter{.one_in = 0}},
             1);
    answer("a.example", ResponseCode::kNxDomain);
    answer("a.example", ResponseCode::kNoError);
    const auto queries = caught();
    ASSERT_EQ(queries.size(), 2U);
    EXPECT_EQ(queries[0].wanted_by, 0b101U);
    EXPECT_EQ(queries[1].wanted_by, 0b100U);
}

TEST_F(TapCase, DrawsAboutOneInSoMany) {
    tap.want(Wanted{QueryFilter{.one_in = 10}}, 1);
    std::size_t drawn = 0;
    for (int i = 0; i < 5000; ++i) {
        answer("a.example", ResponseCode::kNoError);
        drawn += caught().size();
    }
    EXPECT_GT(drawn, 400U);
    EXPECT_LT(drawn, 600U);
}

TEST_F(TapCase, DropsAndCountsWhatFindsTheRingFull) {
    tap.want(Wanted{QueryFilter{}}, 1);
    for (std::size_t i = 0; i < QueryTap::kRoom + 3; ++i)
        answer("n" + std::to_string(i) + ".example", ResponseCode::kNoError);
    EXPECT_EQ(tap.dropped(), 3U);
    const auto queries = caught();
    ASSERT_EQ(queries.size(), QueryTap::kRoom);
    EXPECT_EQ(queries.front().name.to_string(), "n0.example.");
    answer("late.example", ResponseCode::kNoError);
    EXPECT_EQ(caught().size(), 1U);
}

TEST_F(TapCase, ReaderAndWorkerShareItWhileWishesChange) {
    constexpr int kQueries = 20'000;
    std::atomic<bool> done{false};
    std::thread worker{[&] {
        for (int i = 0; i < kQueries; ++i)
            answer("n" + std::to_string(i) + ".example", ResponseCode::kNoError);
        done = true;
    }};
    std::vector<LoggedQuery> queries;
    for (std::uint64_t version = 1; !done; ++version) {
        tap.want(Wanted{QueryFilter{.codes = {ResponseCode::kNoError}}}, version);
        tap.take(queries);
    }
    worker.join();
    tap.take(queries);
    EXPECT_LE(queries.size() + tap.dropped(), static_cast<std::size_t>(kQueries));
    int last = -1;
    for (const auto& query : queries) {
        const int number = std::stoi(std::string(query.name.label(0).substr(1)));
        EXPECT_GT(number, last);
        last = number;
    }
}

}  // namespace
}  // namespace fairlead::dns
