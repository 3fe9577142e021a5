#include "dns/query.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "dns/reply.h"
#include "support/dns_packets.h"

namespace fairlead::dns {
namespace {

// Parts of packets. The header is id, flags, then the counts of question, answer, authority, additional.
const std::string kWwwQuestion = "0357 5757 07 4578616d706c65 03636f6d 00 0001 0001";  // WWW.Example.com A IN
const std::string kOpt = "00 0029 04d0 00000000 0000";  // 1232 bytes, nothing else

enum class Outcome { kQuery, kFormErr, kNotImp, kBadVers, kTooShort, kResponse };

Outcome outcome_of(const Packet& packet) {
    const auto parsed = parse_query(packet);
    if (std::holds_alternative<Query>(parsed)) return Outcome::kQuery;
    if (const auto* silence = std::get_if<Silence>(&parsed))
        return *silence == Silence::kTooShort ? Outcome::kTooShort : Outcome::kResponse;
    switch (std::get<Refusal>(parsed).code) {
        case ResponseCode::kFormErr:
            return Outcome::kFormErr;
        case ResponseCode::kNotImp:
            return Outcome::kNotImp;
        default:
            return Outcome::kBadVers;
    }
}

TEST(DnsQuery, AStubResolversQueryIsReadWhole) {
    const Packet packet = hex("abcd 0130 0001 0000 0000 0001" + kWwwQuestion +
                              "00 0029 1000 00008000 000c 000a0008 0102030405060708");
    const auto parsed = parse_query(packet);
    const auto& query = std::get<Query>(parsed);
    EXPECT_EQ(query.id, 0xabcd);
    EXPECT_TRUE(query.recursion_desired);
    EXPECT_TRUE(query.authentic_data);
    EXPECT_TRUE(query.checking_disabled);
    EXPECT_EQ(query.name.to_string(), "www.example.com.");
    EXPECT_EQ(query.type, RecordType::kA);
    EXPECT_EQ(query.klass, RecordClass::kIn);
    EXPECT_TRUE(std::ranges::equal(query.question, hex(kWwwQuestion)));
    ASSERT_TRUE(query.edns);
    EXPECT_EQ(*query.edns, (Edns{.udp_payload = 4096, .version = 0, .dnssec_ok = true, .has_cookie = true}));
}

TEST(DnsQuery, APayloadBelow512CountsAs512) {
    const ParsedQuery parsed{
        hex("0000 0000 0001 0000 0000 0001" + kWwwQuestion + "00 0029 0064 00000000 0000")};
    EXPECT_EQ(parsed.query.edns->udp_payload, 512);
}

TEST(DnsQuery, WhatIsRefusedAndWhatIsNot) {
    struct Case {
        std::string_view what;
        std::string packet;
        Outcome expected;
    };
    const std::string txt = "00 0010 0001 00000000 0002 0161";  // a TXT record of the root
    for (const auto& [what, packet, expected] : std::vector<Case>{
             {"the least", "0000 0000 0001 0000 0000 0000" + kWwwQuestion, Outcome::kQuery},
             {"with EDNS", "0000 0000 0001 0000 0000 0001" + kWwwQuestion + kOpt, Outcome::kQuery},
             {"the root", "0000 0000 0001 0000 0000 0000 00 0002 0001", Outcome::kQuery},
             {"flags that mean nothing in a query", "0000 06cf 0001 0000 0000 0000" + kWwwQuestion,
              Outcome::kQuery},
             {"a record beside OPT", "0000 0000 0001 0000 0000 0002" + kWwwQuestion + txt + kOpt,
              Outcome::kQuery},
             {"an unknown option",
              "0000 0000 0001 0000 0000 0001" + kWwwQuestion + "00 0029 04d0 00000000 0006 ff00 0002 0102",
              Outcome::kQuery},
             {"an unknown EDNS flag",
              "0000 0000 0001 0000 0000 0001" + kWwwQuestion + "00 0029 04d0 00007fff 0000", Outcome::kQuery},
             {"IXFR with its SOA", "0000 0000 0001 0000 0001 0000 00 00fb 0001 00 0006 0001 00000000 0000",
              Outcome::kQuery},
             {"an unknown type", "0000 0000 0001 0000 0000 0000 00 ff00 0001", Outcome::kQuery},
             {"an unknown class", "0000 0000 0001 0000 0000 0000 00 0001 0077", Outcome::kQuery},

             {"nothing", "", Outcome::kTooShort},
             {"eleven bytes", "0000 0000 0001 0000 0000 00", Outcome::kTooShort},
             {"a response", "0000 8000 0001 0000 0000 0000" + kWwwQuestion, Outcome::kResponse},
             {"a response of another opcode", "0000 a800 0000 0000 0000 0000", Outcome::kResponse},

             {"no question", "0000 0000 0000 0000 0000 0000", Outcome::kFormErr},
             {"no question but a count", "0000 0000 0001 0000 0000 0000", Outcome::kFormErr},
             {"a question but no count", "0000 0000 0000 0000 0000 0000" + kWwwQuestion, Outcome::kFormErr},
             {"two questions", "0000 0000 0002 0000 0000 0000" + kWwwQuestion + kWwwQuestion,
              Outcome::kFormErr},
             {"a pointer as the name", "0000 0000 0001 0000 0000 0000 c00c 0001 0001", Outcome::kFormErr},
             {"no type", "0000 0000 0001 0000 0000 0000 0161 00", Outcome::kFormErr},
             {"half a class", "0000 0000 0001 0000 0000 0000 0161 00 0001 00", Outcome::kFormErr},
             {"a trailing byte", "0000 0000 0001 0000 0000 0000" + kWwwQuestion + "00", Outcome::kFormErr},
             {"a trailing byte behind OPT", "0000 0000 0001 0000 0000 0001" + kWwwQuestion + kOpt + "00",
              Outcome::kFormErr},
             {"a count that lies", "0000 0000 0001 0000 0000 ffff" + kWwwQuestion + kOpt, Outcome::kFormErr},
             {"an answer", "0000 0000 0001 0001 0000 0000" + kWwwQuestion + txt, Outcome::kFormErr},
             {"an authority", "0000 0000 0001 0000 0001 0000" + kWwwQuestion + txt, Outcome::kFormErr},
             {"OPT as an authority", "0000 0000 0001 0000 0001 0000 00 00fb 0001" + kOpt, Outcome::kFormErr},
             {"two OPT", "0000 0000 0001 0000 0000 0002" + kWwwQuestion + kOpt + kOpt, Outcome::kFormErr},
             {"OPT with a name", "0000 0000 0001 0000 0000 0001" + kWwwQuestion + "0161" + kOpt,
              Outcome::kFormErr},
             {"OPT with a pointer to a name",
              "0000 0000 0001 0000 0000 0001" + kWwwQuestion + "c00c 0029 04d0 00000000 0000",
              Outcome::kFormErr},
             {"half an option",
              "0000 0000 0001 0000 0000 0001" + kWwwQuestion + "00 0029 04d0 00000000 0003 000a00",
              Outcome::kFormErr},
             {"an option over the end",
              "0000 0000 0001 0000 0000 0001" + kWwwQuestion + "00 0029 04d0 00000000 0005 ff00 0002 01",
              Outcome::kFormErr},
             {"a cookie of 7 bytes",
              "0000 0000 0001 0000 0000 0001" + kWwwQuestion +
                  "00 0029 04d0 00000000 000b 000a 0007 01020304050607",
              Outcome::kFormErr},
             {"a cookie of 12 bytes",
              "0000 0000 0001 0000 0000 0001" + kWwwQuestion +
                  "00 0029 04d0 00000000 0010 000a 000c 0102030405060708090a0b0c",
              Outcome::kFormErr},
             {"OPT that is cut off",
              "0000 0000 0001 0000 0000 0001" + kWwwQuestion + "00 0029 04d0 00000000 0004",
              Outcome::kFormErr},
             {"a question for OPT", "0000 0000 0001 0000 0000 0000 00 0029 0001", Outcome::kFormErr},
             {"a question for TSIG", "0000 0000 0001 0000 0000 0000 00 00fa 0001", Outcome::kFormErr},

             {"opcode 1", "0000 0800 0001 0000 0000 0000" + kWwwQuestion, Outcome::kNotImp},
             {"NOTIFY", "0000 2000 0001 0000 0000 0000" + kWwwQuestion, Outcome::kNotImp},
             {"UPDATE", "0000 2800 0001 0000 0000 0000 00 0006 0001", Outcome::kNotImp},
             {"opcode 15 with nonsense", "0000 7800 ffff ffff ffff ffff 0102", Outcome::kNotImp},
             {"MAILB", "0000 0000 0001 0000 0000 0000 00 00fd 0001", Outcome::kNotImp},
             {"MAILA", "0000 0000 0001 0000 0000 0000 00 00fe 0001", Outcome::kNotImp},

             {"EDNS version 1", "0000 0000 0001 0000 0000 0001" + kWwwQuestion + "00 0029 04d0 00010000 0000",
              Outcome::kBadVers},
             {"EDNS version 255 with what is no option",
              "0000 0000 0001 0000 0000 0001" + kWwwQuestion + "00 0029 04d0 00ff0000 0001 00",
              Outcome::kBadVers},
         })
        EXPECT_EQ(outcome_of(hex(packet)), expected) << what;
}

TEST(DnsQuery, ARefusalEchoesWhatCouldBeRead) {
    struct Case {
        std::string_view what;
        std::string packet, expected;
    };
    for (const auto& [what, packet, expected] : std::vector<Case>{
             {"the question is there", "abcd 0110 0001 0001 0000 0000" + kWwwQuestion,
              "abcd 8111 0001 0000 0000 0000" + kWwwQuestion},
             {"the question is broken", "abcd 0100 0001 0000 0000 0000 c0", "abcd 8101 0000 0000 0000 0000"},
             {"two questions", "abcd 0000 0002 0000 0000 0000" + kWwwQuestion + kWwwQuestion,
              "abcd 8001 0000 0000 0000 0000"},
             {"flags of replies are not echoed", "abcd 07ef 0000 0000 0000 0000",
              "abcd 8101 0000 0000 0000 0000"},
             {"another opcode", "abcd 2100 0001 0000 0000 0000" + kWwwQuestion,
              "abcd a104 0000 0000 0000 0000"},
             {"BADVERS is 16, of which 1 is in OPT",
              "abcd 0000 0001 0000 0000 0001" + kWwwQuestion + "00 0029 ffff 00018000 0000",
              "abcd 8000 0001 0000 0000 0001" + kWwwQuestion + "00 0029 04d0 01000000 0000"},
             {"FORMERR behind an OPT", "abcd 0000 0001 0000 0000 0001" + kWwwQuestion + kOpt + "00",
              "abcd 8001 0001 0000 0000 0001" + kWwwQuestion + "00 0029 04d0 00000000 0000"},
         }) {
        const Packet bytes = hex(packet);
        const auto parsed = parse_query(bytes);
        ASSERT_TRUE(std::holds_alternative<Refusal>(parsed)) << what;
        Packet out(512, 0xee);
        out.resize(write_refusal(out, std::get<Refusal>(parsed)));
        EXPECT_EQ(out, hex(expected)) << what;
    }
}

TEST(DnsQuery, NoPartOfAQueryIsAQuery) {
    const Packet packet = hex("abcd 0100 0001 0000 0000 0001" + kWwwQuestion +
                              "00 0029 04d0 00000000 000c 000a0008 0102030405060708");
    for (std::size_t size = 0; size < packet.size(); ++size) {
        const Packet part(
            packet.begin(),
            packet.begin() + static_cast<std::ptrdiff_t>(size));  // of its own: the sanitizer sees its end
        EXPECT_EQ(outcome_of(part), size < kHeaderSize ? Outcome::kTooShort : Outcome::kFormErr) << size;
    }
}

}  // namespace
}  // namespace fairlead::dns
