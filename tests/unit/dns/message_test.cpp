#include "dns/message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/random.h"
#include "support/dns_packets.h"

namespace fairlead::dns {
namespace {

using testing::HasSubstr;

/// Header of a reply with those counts.
std::string header(std::string_view counts) {
    return "0001 8180" + std::string{counts};
}
/// "a. A IN" at offset 12.
const std::string kQuestionForA = "0161 00 0001 0001";

Record record(std::string_view owner, RecordType type, std::string_view rdata,
              RecordClass klass = RecordClass::kIn) {
    return {.owner = name(owner), .type = type, .klass = klass, .ttl_s = 300, .rdata = hex(rdata)};
}

/// One record of each kind of rdata, names uncompressed.
std::vector<Record> records_of_all_kinds() {
    const std::string n = "03777777 076578616d706c65 03636f6d 00";  // www.example.com
    const std::string m = "046d61696c 076578616d706c65 03636f6d 00";
    return {
        record("www.example.com", RecordType::kA, "0a000001"),
        record("www.example.com", RecordType::kAaaa, "fd000000000000000000000000000001"),
        record("example.com", RecordType::kNs, n),
        record("alias.example.com", RecordType::kCname, n),
        record("example.com", RecordType::kSoa, n + m + "00000001 00000002 00000003 00000004 00000005"),
        record("1.0.0.10.in-addr.arpa", RecordType::kPtr, n),
        record("example.com", RecordType::kHinfo, "03616263 00"),
        record("example.com", RecordType::kMx, "000a" + m),
        record("example.com", RecordType{14}, n + m),
        record("example.com", RecordType::kTxt, "0161 00 03626364"),
        record("example.com", RecordType{17}, n + m),
        record("example.com", RecordType{18}, "0001" + n),
        record("example.com", RecordType{26}, "0001" + n + m),
        record("_http._tcp.example.com", RecordType::kSrv, "0000 0064 0050" + n),
        record("example.com", RecordType::kNaptr, "0001 0002 0173 0161 00" + n),
        record("example.com", RecordType{36}, "0001" + n),
        record("example.com", RecordType::kDname, n),
        record("example.com", RecordType::kDs, "0001 0d 02 01020304"),
        record("example.com", RecordType::kRrsig, "0001 0d 02 0000012c 00000001 00000002 0003" + n + "0102"),
        record("example.com", RecordType::kNsec, n + "0001 40"),
        record("example.com", RecordType::kDnskey, "0101 03 0d 0102"),
        record("example.com", RecordType::kSvcb, "0001" + n + "0001 0003 026832"),
        record("example.com", RecordType::kHttps, "0001 00"),
        record("example.com", RecordType::kCaa, "00 056973737565 6361"),
        record("example.com", RecordType{65280}, "c00c 0102"),  // unknown: what looks like a pointer is none
        record("example.com", RecordType{65281}, ""),
        record("example.com", RecordType::kA, "c00c 0102 03", RecordClass::kChaos),  // of another class
        record("example.com", RecordType::kTxt, "0161", RecordClass::kChaos),
        record(".", RecordType::kNs, "00"),
    };
}

TEST(DnsMessage, RecordsOfAllKindsComeBackAsTheyWere) {
    Message message{.id = 7,
                    .response = true,
                    .authoritative = true,
                    .recursion_desired = true,
                    .recursion_available = true,
                    .authentic_data = true,
                    .checking_disabled = true,
                    .code = ResponseCode::kNxDomain,
                    .questions = {{name("www.example.com"), RecordType::kAny}},
                    .answer = records_of_all_kinds(),
                    .authority = records_of_all_kinds(),
                    .additional = records_of_all_kinds(),
                    .edns = Edns{.udp_payload = 4096, .dnssec_ok = true}};
    const Packet packet = encode_message(message);
    const auto decoded = decode_message(packet);
    ASSERT_TRUE(decoded) << decoded.error().message;
    EXPECT_EQ(*decoded, message);
    for (std::size_t i = 0; i < message.answer.size(); ++i)
        EXPECT_EQ(decoded->answer[i].rdata, message.answer[i].rdata) << name_of(message.answer[i].type);
    std::size_t uncompressed = 0;
    for (const Record& one : message.answer)
        uncompressed += 3 * (one.owner.wire().size() + 10 + one.rdata.size());
    EXPECT_LT(packet.size(), uncompressed * 3 / 4);
}

TEST(DnsMessage, FlagsAndCodesComeBackOneByOne) {
    for (bool Message::* flag :
         {&Message::response, &Message::authoritative, &Message::truncated, &Message::recursion_desired,
          &Message::recursion_available, &Message::authentic_data, &Message::checking_disabled}) {
        Message message;
        message.*flag = true;
        EXPECT_EQ(decode_message(encode_message(message)), message);
    }
    for (std::uint16_t code = 0; code < 4096; ++code) {
        Message message{.opcode = static_cast<std::uint8_t>(code % 16), .code = ResponseCode{code}};
        if (code > 15) message.edns.emplace();
        const auto decoded = decode_message(encode_message(message));
        ASSERT_TRUE(decoded);
        ASSERT_EQ(*decoded, message) << code;
    }
}

TEST(DnsMessage, NamesInOnlySomeRdataAreSentCompressed) {
    struct Case {
        RecordType type;
        std::string_view rdata;
        bool compressed;
    };
    const std::string_view n = "0161 00";
    for (const auto& [type, prefix, compressed] :
         std::vector<Case>{{RecordType::kCname, "", true},
                           {RecordType::kMx, "0001", true},
                           {RecordType::kSrv, "0000 0000 0050", false},
                           {RecordType::kDname, "", false},
                           {RecordType{65280}, "", false}}) {
        const Message message{.questions = {{name("a"), type}},
                              .answer = {record("a", type, std::string{prefix} + std::string{n})}};
        const Packet packet = encode_message(message);
        const std::string tail = std::string{prefix} + (compressed ? "c00c" : std::string{n});
        const Packet expected = hex(tail);
        EXPECT_TRUE(std::equal(expected.rbegin(), expected.rend(), packet.rbegin())) << name_of(type);
        EXPECT_EQ(decode_message(packet), message) << name_of(type);
    }
}

TEST(DnsMessage, CompressedNamesInRdataAreExpandedWhereTheyMayBeCompressed) {
    const auto decode_rdata = [](std::string_view type_and_class, std::string_view rdata) {
        const Packet bytes = hex(rdata);
        std::string length = "00";
        length += "0123456789abcdef"[bytes.size() / 16];
        length += "0123456789abcdef"[bytes.size() % 16];
        return decode_message(hex(header("0001 0001 0000 0000") + kQuestionForA + "c00c" +
                                  std::string{type_and_class} + "00000000" + length + std::string{rdata}));
    };
    EXPECT_EQ(decode_rdata("0005 0001", "0162 c00c")->answer[0].rdata, hex("0162 0161 00"));
    EXPECT_EQ(decode_rdata("0006 0001", "c00c 0162 c00c 00000001 00000002 00000003 00000004 00000005")
                  ->answer[0]
                  .rdata,
              hex("0161 00 0162 0161 00 00000001 00000002 00000003 00000004 00000005"));
    EXPECT_EQ(decode_rdata("0021 0001", "0000 0000 0050 c00c")->answer[0].rdata,
              hex("0000 0000 0050 0161 00"));
    // Newer types and unknown ones never have pointers (RFC 3597, section 4; RFC 9460, section 2.2).
    EXPECT_FALSE(decode_rdata("0041 0001", "0001 c00c"));
    EXPECT_EQ(decode_rdata("ff00 0001", "c00c")->answer[0].rdata, hex("c00c"));
}

TEST(DnsMessage, MalformedMessagesAreRefusedWithTheirPlace) {
    struct Case {
        std::string packet;
        std::string_view message;
    };
    const std::string a = "c00c 0001 0001 0000003c 0004 0a000001";
    const std::string opt = "00 0029 04d0 00000000 0000";
    for (const auto& [packet, message] : std::vector<Case>{
             {"", "0 bytes are fewer than a header has"},
             {"0001 8180 0000 0000 0000 00", "11 bytes are fewer"},
             {header("0001 0000 0000 0000"), "question record 1: malformed name"},
             {header("0001 0000 0000 0000") + "0161 00 0001 00", "question record 1: cut off"},
             {header("0002 0000 0000 0000") + kQuestionForA, "question record 2: malformed name"},
             {header("0001 0002 0000 0000") + kQuestionForA + a, "answer record 2: malformed owner"},
             {header("0001 0000 ffff 0000") + kQuestionForA + a, "authority record 2: malformed owner"},
             {header("0001 0001 0000 0000") + kQuestionForA + "c0ff 0001 0001 0000003c 0004 0a000001",
              "answer record 1: malformed owner"},
             {header("0001 0001 0000 0000") + kQuestionForA + "c00c 0001 0001 0000003c 00",
              "answer record 1: cut off"},
             {header("0001 0001 0000 0000") + kQuestionForA + "c00c 0001 0001 0000003c 0004 0a0000",
              "answer record 1: cut off"},
             {header("0001 0001 0000 0000") + kQuestionForA + a + "00", "1 bytes behind the last record"},
             {header("0001 0001 0000 0000") + kQuestionForA + "c00c 0001 0001 00000000 0003 0a0000",
              "malformed rdata of type A"},
             {header("0001 0001 0000 0000") + kQuestionForA + "c00c 0001 0001 00000000 0005 0a00000102",
              "malformed rdata of type A"},
             {header("0001 0001 0000 0000") + kQuestionForA + "c00c 001c 0001 00000000 0004 0a000001",
              "malformed rdata of type AAAA"},
             {header("0001 0001 0000 0000") + kQuestionForA + "c00c 0005 0001 00000000 0000",
              "malformed rdata of type CNAME"},
             {header("0001 0001 0000 0000") + kQuestionForA + "c00c 0005 0001 00000000 0003 c00c00",
              "malformed rdata of type CNAME"},
             {header("0001 0001 0000 0000") + kQuestionForA + "c00c 0005 0001 00000000 0002 c01f",
              "malformed rdata of type CNAME"},
             {header("0001 0001 0000 0000") + kQuestionForA + "c00c 000f 0001 00000000 0001 00",
              "malformed rdata of type MX"},
             {header("0001 0001 0000 0000") + kQuestionForA + "c00c 0010 0001 00000000 0000",
              "malformed rdata of type TXT"},
             {header("0001 0001 0000 0000") + kQuestionForA + "c00c 0010 0001 00000000 0002 0261",
              "malformed rdata of type TXT"},
             {header("0001 0001 0000 0000") + kQuestionForA + "c00c 0006 0001 00000000 0005 c00c c00c 00",
              "malformed rdata of type SOA"},
             // The name ends behind its rdata, in the next record.
             {header("0001 0002 0000 0000") + kQuestionForA + "c00c 0005 0001 00000000 0001 01" +
                  "6100 0001 0001 00000000 0000",
              "malformed rdata of type CNAME"},
             {header("0001 0001 0000 0000") + kQuestionForA + opt,
              "answer record 1: an OPT record belongs into the additional section"},
             {header("0001 0000 0000 0002") + kQuestionForA + opt + opt,
              "additional record 2: a second OPT record"},
             {header("0001 0000 0000 0001") + kQuestionForA + "c00c 0029 04d0 00000000 0000",
              "an OPT record with a name"},
             {header("0001 0000 0000 0001") + kQuestionForA + "00 0029 04d0 00000000 0002 0003",
              "malformed EDNS option"},
         }) {
        const auto decoded = decode_message(hex(packet));
        ASSERT_FALSE(decoded) << message;
        EXPECT_EQ(decoded.error().code, base::ErrorCode::kInvalid);
        EXPECT_THAT(decoded.error().message, HasSubstr(message));
    }
}

TEST(DnsMessage, ATtlWithTheTopBitIsZero) {
    const auto decoded = decode_message(
        hex(header("0001 0001 0000 0000") + kQuestionForA + "c00c 0001 0001 80000001 0004 0a000001"));
    EXPECT_EQ(decoded->answer[0].ttl_s, 0U);
}

TEST(DnsMessage, OverTheLimitItEndsWithAWholeRecord) {
    Message message{.response = true, .questions = {{name("a"), RecordType::kA}}, .edns = Edns{}};
    for (int i = 0; i < 4; ++i)
        message.answer.push_back(record("a", RecordType::kA, "0a000001"));
    message.authority.push_back(record("a", RecordType::kNs, "0161 00"));
    message.additional.push_back(record("a", RecordType::kAaaa, "fd000000000000000000000000000001"));
    const std::size_t least = 12 + 7 + 11;
    struct Case {
        std::size_t limit, answers, authorities, additionals;
        bool truncated;
    };
    for (const auto& [limit, answers, authorities, additionals, truncated] : std::vector<Case>{
             {least, 0, 0, 0, true},
             {least + 15, 0, 0, 0, true},
             {least + 16, 1, 0, 0, true},
             {least + 63, 3, 0, 0, true},
             {least + 64, 4, 0, 0, true},        // the authority is missing
             {least + 64 + 14, 4, 1, 0, false},  // only the additional is (RFC 2181, section 9)
             {least + 64 + 14 + 28, 4, 1, 1, false},
         }) {
        const Packet packet = encode_message(message, limit);
        EXPECT_LE(packet.size(), limit);
        const auto decoded = decode_message(packet);
        ASSERT_TRUE(decoded) << limit;
        EXPECT_EQ(decoded->answer.size(), answers) << limit;
        EXPECT_EQ(decoded->authority.size(), authorities) << limit;
        EXPECT_EQ(decoded->additional.size(), additionals) << limit;
        EXPECT_EQ(decoded->truncated, truncated) << limit;
        EXPECT_TRUE(decoded->edns);
    }
}

TEST(DnsMessage, ANameOfARecordThatDidNotFitIsNoTargetOfPointers) {
    Message message{.response = true, .questions = {{name("a"), RecordType::kA}}};
    message.answer = {record("x.y", RecordType::kTxt, "04 61616161")};
    message.additional = {record("x.y", RecordType::kA, "0a000001")};
    for (std::size_t limit = 19; limit < 70; ++limit)
        ASSERT_TRUE(decode_message(encode_message(message, limit))) << limit;
}

TEST(DnsMessage, LargeMessagesKeepTheirNamesBeyondWhatPointersReach) {
    Message message{.response = true};
    base::Random random{1};
    for (int i = 0; i < 1500; ++i) {
        const std::string owner =
            "n" + std::to_string(random.below(700)) + ".zone" + std::to_string(random.below(40)) + ".example";
        message.answer.push_back(cname_record(name(owner), 5, name("target." + owner)));
    }
    const Packet packet = encode_message(message);
    const auto decoded = decode_message(packet);
    ASSERT_TRUE(decoded) << decoded.error().message;
    EXPECT_GT(packet.size(), 0x4000U);
    EXPECT_EQ(*decoded, message);
}

TEST(DnsMessage, NoPartOfAMessageIsAMessage) {
    const Message message{.response = true,
                          .questions = {{name("www.example.com"), RecordType::kAny}},
                          .answer = records_of_all_kinds(),
                          .edns = Edns{}};
    const Packet packet = encode_message(message);
    for (std::size_t size = 0; size < packet.size(); ++size) {
        const Packet part(packet.begin(), packet.begin() + static_cast<std::ptrdiff_t>(size));
        EXPECT_FALSE(decode_message(part)) << size;
    }
}

TEST(DnsMessage, DamagedMessagesAreRefusedOrAreOtherMessages) {
    const Packet whole = encode_message({.response = true,
                                         .questions = {{name("www.example.com"), RecordType::kAny}},
                                         .answer = records_of_all_kinds(),
                                         .edns = Edns{}});
    base::Random random{20261130};
    int understood = 0;
    for (int round = 0; round < 20'000; ++round) {
        Packet packet = whole;
        for (std::uint64_t i = 0; i <= random.below(3); ++i)
            packet[random.below(packet.size())] = static_cast<std::uint8_t>(random());
        const auto decoded = decode_message(packet);
        if (!decoded) continue;
        ++understood;
        const auto again = decode_message(encode_message(*decoded));
        ASSERT_TRUE(again) << again.error().message << " in round " << round;
        ASSERT_EQ(again->answer.size(), decoded->answer.size()) << round;
    }
    EXPECT_GT(understood, 1000);
}

}  // namespace
}  // namespace fairlead::dns
