#include "dns/reply.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "dns/message.h"
#include "support/dns_packets.h"

namespace fairlead::dns {
namespace {

/// What a client gets, decoded; whatever does not decode fails the test.
Message reply_to(const Query& query, const ReplyBody& body, const ReplyOptions& options = {}) {
    Packet out(std::min<std::size_t>(options.limit, kMaxMessageSize), 0xee);
    out.resize(write_reply(out, query, body, options));
    auto decoded = decode_message(out);
    EXPECT_TRUE(decoded) << decoded.error().message;
    return decoded ? *decoded : Message{};
}

Record soa_of(std::string_view owner) {
    return soa_record(name(owner), 30,
                      {.primary = name("ns.dns.cluster.local"),
                       .mailbox = name("hostmaster.cluster.local"),
                       .minimum_s = 5});
}

std::vector<Record> addresses(std::string_view owner, int count, std::uint32_t ttl_s = 30) {
    std::vector<Record> records;
    for (int i = 1; i <= count; ++i)
        records.push_back(address_record(name(owner), ttl_s, ip("10.0.0." + std::to_string(i))));
    return records;
}

TEST(DnsReply, ABodyIsCopiedBehindTheQuestionAsItCame) {
    const Name asked = name("web.shop.svc.cluster.local");
    const ReplyBody body =
        make_body(asked, ResponseCode::kNoError, addresses("web.shop.svc.cluster.local", 1));
    const ParsedQuery client{"WEB.Shop.svc.CLUSTER.local", RecordType::kA};
    const Message reply = reply_to(client.query, body);
    EXPECT_EQ(reply.id, client.query.id);
    EXPECT_TRUE(reply.response);
    EXPECT_TRUE(reply.recursion_desired);
    EXPECT_TRUE(reply.recursion_available);
    EXPECT_FALSE(reply.edns);
    ASSERT_EQ(reply.questions.size(), 1U);
    EXPECT_EQ(reply.questions[0].name.to_string(), "WEB.Shop.svc.CLUSTER.local.");
    ASSERT_EQ(reply.answer.size(), 1U);
    EXPECT_EQ(reply.answer[0].owner.to_string(), "WEB.Shop.svc.CLUSTER.local.")
        << "owners point to the question";
    EXPECT_EQ(body.bytes.size(), 16U);
}

TEST(DnsReply, TheHeaderFollowsQueryAndBody) {
    struct Case {
        bool query_ad, dnssec_ok, body_authentic, shown;
    };
    for (const auto& [query_ad, dnssec_ok, authentic, shown] :
         std::vector<Case>{{false, false, true, false},
                           {true, false, true, true},
                           {false, true, true, true},
                           {true, true, false, false}}) {
        ParsedQuery client{"a.b", RecordType::kA, Edns{.dnssec_ok = dnssec_ok}};
        client.query.authentic_data = query_ad;
        client.query.checking_disabled = true;
        client.query.recursion_desired = false;
        ReplyBody body = make_body(name("a.b"), ResponseCode::kNxDomain, {}, std::vector{soa_of("b")});
        body.authentic = authentic;
        body.authoritative = true;
        const Message reply = reply_to(client.query, body);
        EXPECT_EQ(reply.authentic_data, shown);
        EXPECT_TRUE(reply.authoritative);
        EXPECT_TRUE(reply.checking_disabled);
        EXPECT_FALSE(reply.recursion_desired);
        EXPECT_EQ(reply.code, ResponseCode::kNxDomain);
        EXPECT_EQ(reply.edns, (Edns{.udp_payload = kDefaultUdpPayload, .dnssec_ok = dnssec_ok}));
        EXPECT_EQ(reply.authority, std::vector{soa_of("b")});
    }
}

TEST(DnsReply, ACodeAbove15GoesIntoOpt) {
    const ParsedQuery client{"a.b", RecordType::kA, Edns{}};
    EXPECT_EQ(reply_to(client.query, make_body(name("a.b"), ResponseCode{23}, {})).code, ResponseCode{23});
}

TEST(DnsReply, TtlsAreAgedOrFixedAndNeverBelowZero) {
    const ParsedQuery client{"a.b", RecordType::kA};
    std::vector<Record> answer{cname_record(name("a.b"), 100, name("c.d"))};
    answer.push_back(address_record(name("c.d"), 30, ip("10.0.0.1")));
    const ReplyBody body = make_body(name("a.b"), ResponseCode::kNoError, answer);
    EXPECT_EQ(body.least_ttl_s, 30U);
    struct Case {
        ReplyOptions options;
        std::uint32_t first, second;
    };
    for (const auto& [options, first, second] : std::vector<Case>{{{}, 100, 30},
                                                                  {{.age_s = 10}, 90, 20},
                                                                  {{.age_s = 40}, 60, 0},
                                                                  {{.age_s = UINT32_MAX}, 0, 0},
                                                                  {{.age_s = 10, .fixed_ttl_s = 7}, 7, 7}}) {
        const Message reply = reply_to(client.query, body, options);
        EXPECT_EQ(reply.answer[0].ttl_s, first);
        EXPECT_EQ(reply.answer[1].ttl_s, second);
    }
    EXPECT_EQ(make_body(name("a.b"), ResponseCode::kNoError, {}).least_ttl_s, 0U);
}

TEST(DnsReply, EveryAddressComesFirstForSomeDrawAndNoneIsLost) {
    const ParsedQuery client{"a.b", RecordType::kA};
    std::vector<Record> answer{cname_record(name("a.b"), 30, name("c.d"))};
    for (const Record& address : addresses("c.d", 5))
        answer.push_back(address);
    const ReplyBody body = make_body(name("a.b"), ResponseCode::kNoError, answer, {}, addresses("x.d", 1));
    std::set<base::IpAddress> firsts;
    for (std::uint64_t draw = 0; draw < 10; ++draw) {
        const Message reply = reply_to(client.query, body, {.draw = draw});
        ASSERT_EQ(reply.answer.size(), 6U);
        EXPECT_EQ(reply.answer[0].type, RecordType::kCname);
        firsts.insert(*address_of(reply.answer[1]));
        std::set<base::IpAddress> all;
        for (std::size_t i = 1; i < 6; ++i)
            all.insert(*address_of(reply.answer[i]));
        EXPECT_EQ(all.size(), 5U);
        EXPECT_EQ(reply.additional, addresses("x.d", 1));
    }
    EXPECT_EQ(firsts.size(), 5U);
}

TEST(DnsReply, OnlyTheAddressesAtTheEndOfTheAnswerRotate) {
    struct Case {
        std::string_view what;
        std::vector<Record> answer;
        std::uint16_t first, count;
    };
    std::vector<Record> mixed = addresses("a.b", 2);
    mixed.push_back(address_record(name("a.b"), 30, ip("fd00::1")));
    std::vector<Record> stranger = addresses("x.y", 3);  // the first has its owner in full
    for (const auto& [what, answer, first, count] :
         std::vector<Case>{{"none", {}, 0, 0},
                           {"one", addresses("a.b", 1), 0, 0},
                           {"two", addresses("a.b", 2), 0, 2},
                           {"another type behind", mixed, 0, 0},
                           {"no address", {soa_of("a.b"), soa_of("a.b")}, 0, 0},
                           {"an owner in full", stranger, 1, 2}}) {
        const ReplyBody body = make_body(name("a.b"), ResponseCode::kNoError, answer);
        EXPECT_EQ(body.rotation.first, first) << what;
        EXPECT_EQ(body.rotation.count, count) << what;
        for (std::uint64_t draw = 0; draw < 4; ++draw)
            EXPECT_EQ(reply_to(ParsedQuery{"a.b", RecordType::kA}.query, body, {.draw = draw}).answer.size(),
                      answer.size());
    }
}

TEST(DnsReply, OverTheLimitItEndsWithAWholeRecord) {
    const std::size_t least = 12 + 5 + 4 + 11;  // header, a.b, type and class, OPT
    const ParsedQuery client{"a.b", RecordType::kA, Edns{}};
    const ReplyBody body =
        make_body(name("a.b"), ResponseCode::kNoError, addresses("a.b", 3),
                  std::vector{ns_record(name("a.b"), 1, name("a.b"))}, addresses("a.b", 2));
    struct Case {
        std::size_t limit, answers, authorities, additionals;
        bool truncated;
    };
    for (const auto& [limit, answers, authorities, additionals, truncated] :
         std::vector<Case>{{least, 0, 0, 0, true},
                           {least + 31, 1, 0, 0, true},
                           {least + 32, 2, 0, 0, true},
                           {least + 48, 3, 0, 0, true},
                           {least + 48 + 14, 3, 1, 0, false},
                           {least + 48 + 14 + 16, 3, 1, 1, false},
                           {least + 48 + 14 + 32, 3, 1, 2, false}}) {
        for (std::uint64_t draw = 0; draw < 3; ++draw) {
            const Message reply = reply_to(client.query, body, {.limit = limit, .draw = draw});
            EXPECT_EQ(reply.answer.size(), answers) << limit;
            EXPECT_EQ(reply.authority.size(), authorities) << limit;
            EXPECT_EQ(reply.additional.size(), additionals) << limit;
            EXPECT_EQ(reply.truncated, truncated) << limit;
            EXPECT_TRUE(reply.edns);
            if (answers > 0) {
                EXPECT_EQ(address_of(reply.answer[0]), address_of(addresses("a.b", 3)[draw]));
            }
        }
    }
}

TEST(DnsReply, TheLimitOverUdpIsTheClientsUpToOurs) {
    EXPECT_EQ(udp_reply_limit(ParsedQuery{"a", RecordType::kA}.query), 512U);
    EXPECT_EQ(udp_reply_limit(ParsedQuery{"a", RecordType::kA, Edns{.udp_payload = 512}}.query), 512U);
    EXPECT_EQ(udp_reply_limit(ParsedQuery{"a", RecordType::kA, Edns{.udp_payload = 700}}.query), 700U);
    EXPECT_EQ(udp_reply_limit(ParsedQuery{"a", RecordType::kA, Edns{.udp_payload = 4096}}.query), 1232U);
    EXPECT_EQ(udp_reply_limit(ParsedQuery{"a", RecordType::kA, Edns{.udp_payload = 4096}}.query, 1400),
              1400U);
}

TEST(DnsReply, TheRecordsOfABodyComeBack) {
    const std::vector<Record> answer{cname_record(name("a.b"), 100, name("c.b")),
                                     address_record(name("c.b"), 30, ip("10.0.0.1"))};
    const std::vector<Record> authority{soa_of("b")};
    const std::vector<Record> additional = addresses("x.b", 2);
    const ReplyBody body = make_body(name("a.b"), ResponseCode::kNoError, answer, authority, additional);
    const BodyRecords records = records_of(name("a.b"), body);
    EXPECT_EQ(records.answer, answer);
    EXPECT_EQ(records.authority, authority);
    EXPECT_EQ(records.additional, additional);
}

TEST(DnsReply, ABodyOfMoreThanOneMessageSaysSo) {
    const std::vector<Record> answer = [] {
        std::vector<Record> records;
        for (int i = 0; i < 5000; ++i)
            records.push_back(address_record(name("a.b"), 30, ip("10.0.0.1")));
        return records;
    }();
    const ReplyBody body = make_body(name("a.b"), ResponseCode::kNoError, answer);
    EXPECT_TRUE(body.truncated);
    const Message reply = reply_to(ParsedQuery{"a.b", RecordType::kA, Edns{}}.query, body);
    EXPECT_TRUE(reply.truncated);
    EXPECT_EQ(reply.answer.size(), (65535U - 11 - 12 - 9) / 16);
}

}  // namespace
}  // namespace fairlead::dns
