#include "dns/reply_writer.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "dns/message.h"
#include "support/dns_packets.h"

namespace fairlead::dns {
namespace {

const Name kService = name("web.shop.svc.cluster.local");
const Name kZone = name("cluster.local");
const Soa kZoneSoa{.primary = name("ns.dns.cluster.local"),
                   .mailbox = name("hostmaster.cluster.local"),
                   .serial = 9,
                   .refresh_s = 7200,
                   .retry_s = 1800,
                   .expire_s = 86400,
                   .minimum_s = 5};

Message decoded(const Packet& out, std::size_t size) {
    auto message = decode_message(Bytes{out}.first(size));
    EXPECT_TRUE(message) << message.error().message;
    return message ? *message : Message{};
}

TEST(DnsReplyWriter, RecordsOfEveryKindAreDecodedAsTheyWereGiven) {
    const ParsedQuery client{"WEB.shop.svc.cluster.local", RecordType::kAny, Edns{}};
    Packet out(4096, 0xee);
    ReplyWriter writer{out, client.query, 4096};
    const Name endpoint = name("a-1.web.shop.svc.cluster.local");
    const Name upstream = name("ns.example");
    writer.add_address(Section::kAnswer, ip("10.0.0.1"), 5);
    writer.add_address(Section::kAnswer, ip("fd00::1"), 5);
    writer.add_name(Section::kAnswer, kService, RecordType::kCname, 6, upstream);
    writer.add_srv(Section::kAnswer, kService, 7, 0, 100, 80, endpoint);
    writer.add_txt(Section::kAnswer, kService, 8, "1.1.0");
    writer.add(Section::kAnswer, kService, RecordType{65280}, 9, hex("0102"));
    writer.add_soa(Section::kAuthority, kZone, 5, kZoneSoa);
    writer.add_address(Section::kAdditional, endpoint, ip("10.0.0.2"), 5);
    EXPECT_EQ(writer.record_count(), 8U);
    const Message reply = decoded(out, writer.finish(ResponseCode::kNoError, true));

    const std::string_view text = "1.1.0";
    EXPECT_EQ(reply.answer,
              (std::vector<Record>{
                  address_record(kService, 5, ip("10.0.0.1")),
                  address_record(kService, 5, ip("fd00::1")),
                  cname_record(kService, 6, upstream),
                  srv_record(kService, 7, {.priority = 0, .weight = 100, .port = 80, .target = endpoint}),
                  txt_record(kService, 8, {&text, 1}),
                  {kService, RecordType{65280}, RecordClass::kIn, 9, hex("0102")}}));
    EXPECT_EQ(reply.authority, std::vector{soa_record(kZone, 5, kZoneSoa)});
    EXPECT_EQ(reply.additional, std::vector{address_record(endpoint, 5, ip("10.0.0.2"))});
    EXPECT_EQ(reply.answer[0].owner.to_string(), "WEB.shop.svc.cluster.local.");
    EXPECT_TRUE(reply.authoritative);
    EXPECT_TRUE(reply.edns);
    EXPECT_FALSE(reply.truncated);
}

TEST(DnsReplyWriter, NothingButACodeIsAReply) {
    const ParsedQuery client{"a.b", RecordType::kA};
    Packet out(512, 0xee);
    const Message reply =
        decoded(out, ReplyWriter{out, client.query, 512}.finish(ResponseCode::kRefused, false));
    EXPECT_EQ(reply.code, ResponseCode::kRefused);
    EXPECT_EQ(reply.questions, (std::vector<Question>{{name("a.b"), RecordType::kA}}));
    EXPECT_TRUE(reply.answer.empty());
}

TEST(DnsReplyWriter, OverTheLimitItKeepsWholeRecordsAndDropsTheRest) {
    const ParsedQuery client{"a.b", RecordType::kA, Edns{}};
    const std::size_t least = 12 + 9 + 11;
    struct Case {
        std::size_t limit, answers, additionals;
        bool truncated;
    };
    for (const auto& [limit, answers, additionals, truncated] :
         std::vector<Case>{{least, 0, 0, true},
                           {least + 31, 1, 0, true},
                           {least + 47, 2, 0, true},
                           {least + 48, 3, 0, false},
                           {least + 64, 3, 1, false}}) {
        Packet out(limit, 0xee);
        ReplyWriter writer{out, client.query, kMaxMessageSize};
        for (int i = 0; i < 3; ++i)
            writer.add_address(Section::kAnswer, ip("10.0.0.1"), 5);
        writer.add_address(Section::kAdditional, name("a.b"), ip("10.0.0.1"), 5);
        const Message reply = decoded(out, writer.finish(ResponseCode::kNoError, true));
        EXPECT_EQ(reply.answer.size(), answers) << limit;
        EXPECT_EQ(reply.additional.size(), additionals) << limit;
        EXPECT_EQ(reply.truncated, truncated) << limit;
    }
}

TEST(DnsReplyWriter, ASmallerRecordBehindOneThatDidNotFitIsLeftOutToo) {
    const ParsedQuery client{"a.b", RecordType::kAny};
    Packet out(12 + 9 + 20, 0xee);
    ReplyWriter writer{out, client.query, out.size()};
    writer.add_address(Section::kAnswer, ip("fd00::1"), 5);   // 28 bytes
    writer.add_address(Section::kAnswer, ip("10.0.0.1"), 5);  // 16 bytes
    const Message reply = decoded(out, writer.finish(ResponseCode::kNoError, true));
    EXPECT_TRUE(reply.answer.empty());
    EXPECT_TRUE(reply.truncated);
}

TEST(DnsReplyWriter, EveryLimitGivesAMessage) {
    const ParsedQuery client{"_http._tcp.web.shop.svc.cluster.local", RecordType::kSrv, Edns{}};
    for (std::size_t limit = 100; limit < 700; ++limit) {
        Packet out(limit, 0xee);
        ReplyWriter writer{out, client.query, limit};
        for (int i = 0; i < 8; ++i)
            writer.add_srv(Section::kAnswer, client.query.name, 5, 0, 12, 80,
                           *kService.with_label("pod-" + std::to_string(i)));
        for (int i = 0; i < 8; ++i)
            writer.add_address(Section::kAdditional, *kService.with_label("pod-" + std::to_string(i)),
                               ip("10.0.0.1"), 5);
        const std::size_t size = writer.finish(ResponseCode::kNoError, true);
        ASSERT_LE(size, limit);
        const Message reply = decoded(out, size);
        ASSERT_EQ(reply.truncated, reply.answer.size() < 8) << limit;
        for (std::size_t i = 0; i < reply.additional.size(); ++i)
            ASSERT_EQ(reply.additional[i].owner, *kService.with_label("pod-" + std::to_string(i)));
    }
}

TEST(DnsReplyWriter, ANameIsNotComparedWithWhatLiesBehindTheMessage) {
    const ParsedQuery client{"question.example", RecordType::kCname};
    const Name first = *client.query.name.with_label("a");
    const Name as_long = name(std::string(18, 'b'));
    ASSERT_EQ(first.wire().size(), as_long.wire().size());
    // Room for one record, and for the second but for the name that it leads to.
    Packet out(12 + client.query.question.size() + 16 + 12);
    ReplyWriter writer{out, client.query, out.size()};
    writer.add_name(Section::kAnswer, client.query.name, RecordType::kCname, 5, first);
    writer.add_name(Section::kAnswer, first, RecordType::kCname, 5, as_long);
    const Message reply = decoded(out, writer.finish(ResponseCode::kNoError, true));
    EXPECT_EQ(reply.answer, std::vector{cname_record(client.query.name, 5, first)});
    EXPECT_TRUE(reply.truncated);
}

TEST(DnsReplyWriter, AClearedReplyBeginsAnew) {
    const ParsedQuery client{"a.b", RecordType::kA};
    Packet out(60, 0xee);
    ReplyWriter writer{out, client.query, 60};
    for (int i = 0; i < 5; ++i)
        writer.add_address(Section::kAnswer, name("x.y"), ip("10.0.0.1"), 5);
    writer.clear();
    EXPECT_EQ(writer.record_count(), 0U);
    writer.add_address(Section::kAnswer, name("x.y"), ip("10.0.0.1"), 5);
    const Message reply = decoded(out, writer.finish(ResponseCode::kNoError, true));
    EXPECT_FALSE(reply.truncated);
    EXPECT_EQ(reply.answer, std::vector{address_record(name("x.y"), 5, ip("10.0.0.1"))});
}

TEST(DnsReplyWriter, TheRootAsAQuestionIsAnOwnerToo) {
    const ParsedQuery client{".", RecordType::kA};
    Packet out(512, 0xee);
    ReplyWriter writer{out, client.query, 512};
    writer.add_address(Section::kAnswer, ip("10.0.0.1"), 5);
    writer.add_name(Section::kAuthority, Name{}, RecordType::kNs, 5, Name{});
    const Message reply = decoded(out, writer.finish(ResponseCode::kNoError, true));
    EXPECT_TRUE(reply.answer[0].owner.is_root());
    EXPECT_EQ(target_of(reply.authority[0]), Name{});
}

}  // namespace
}  // namespace fairlead::dns
