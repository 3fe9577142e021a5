#include "dns/reply_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dns/record.h"
#include "support/dns_packets.h"

namespace fairlead::dns {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

const TtlBounds kBounds{5s, 3600s, 1800s, 5s};

Record a(std::string_view owner, std::uint32_t ttl_s = 60) {
    return address_record(name(owner), ttl_s, *base::IpAddress::parse("192.0.2.1"));
}
Record cname(std::string_view owner, std::string_view target, std::uint32_t ttl_s = 60) {
    return cname_record(name(owner), ttl_s, name(target));
}
Record soa(std::string_view zone, std::uint32_t ttl_s = 900, std::uint32_t minimum_s = 300) {
    return soa_record(name(zone), ttl_s, {name("ns"), name("root"), 1, 2, 3, 4, minimum_s});
}
/// A record whose rdata is right for TXT, NSEC and DNAME.
Record raw(std::string_view owner, RecordType type, std::vector<std::uint8_t> rdata = {1, 'x', 0}) {
    return {name(owner), type, RecordClass::kIn, 60, std::move(rdata)};
}
/// A signature over records of `covered` at `owner`, of zone `signer`.
Record rrsig(std::string_view owner, RecordType covered, std::string_view signer) {
    std::vector<std::uint8_t> rdata(18);
    rdata[1] = static_cast<std::uint8_t>(covered);
    const Name zone = name(signer);
    rdata.insert(rdata.end(), zone.wire().begin(), zone.wire().end());
    rdata.insert(rdata.end(), {1, 2, 3, 4});
    return raw(owner, RecordType::kRrsig, rdata);
}

/// "owner TYPE ttl" of each record.
std::vector<std::string> texts_of(const std::vector<Record>& records) {
    std::vector<std::string> all;
    for (const Record& record : records)
        all.push_back(record.owner.to_string() + " " + name_of(record.type) + " " +
                      std::to_string(record.ttl_s));
    return all;
}

struct Kept {
    std::vector<std::string> answer;
    std::vector<std::string> authority;
    std::vector<std::string> additional;
    std::chrono::seconds lifetime;
    ResponseCode code;
};

Kept check(const Lookup& lookup, const Message& reply) {
    const CheckedReply checked = check_reply(lookup, reply, kBounds);
    const BodyRecords records = records_of(lookup.name, checked.body);
    return {texts_of(records.answer), texts_of(records.authority), texts_of(records.additional),
            checked.lifetime, checked.body.code};
}

Lookup lookup(std::string_view text, RecordType type = RecordType::kA, bool dnssec_ok = false) {
    return {name(text), type, dnssec_ok, false};
}

TEST(ReplyCheck, TheChainFromTheQuestionIsKeptInOrderAndNothingElse) {
    Message reply;
    reply.answer = {a("c.example", 30), cname("b.example", "c.example"),
                    a("evil.example"),  cname("a.example", "b.example"),
                    a("c.example", 40), raw("c.example", RecordType::kTxt),
                    a("a.example")};
    reply.authority = {ns_record(name("example"), 60, name("ns.example")), soa("example")};
    reply.additional = {a("ns.example")};
    const Kept kept = check(lookup("a.example"), reply);
    EXPECT_THAT(kept.answer, ElementsAre("a.example. CNAME 60", "b.example. CNAME 60", "c.example. A 30",
                                         "c.example. A 40"));
    EXPECT_THAT(kept.authority, IsEmpty());
    EXPECT_THAT(kept.additional, IsEmpty());
    EXPECT_EQ(kept.lifetime, 30s);
}

TEST(ReplyCheck, NamesCompareWithoutLetterCase) {
    Message reply;
    reply.answer = {cname("A.Example", "B.example"), a("b.EXAMPLE")};
    EXPECT_THAT(check(lookup("a.example"), reply).answer, testing::SizeIs(2));
}

TEST(ReplyCheck, AQuestionForACnameGetsTheCnameAlone) {
    Message reply;
    reply.answer = {cname("a", "b"), cname("b", "c")};
    const Kept kept = check(lookup("a", RecordType::kCname), reply);
    EXPECT_THAT(kept.answer, ElementsAre("a. CNAME 60"));
    EXPECT_EQ(kept.lifetime, 60s);
}

TEST(ReplyCheck, AQuestionForAnythingGetsAllOfTheName) {
    Message reply;
    reply.answer = {a("a"), raw("a", RecordType::kTxt), a("b")};
    EXPECT_THAT(check(lookup("a", RecordType::kAny), reply).answer, ElementsAre("a. A 60", "a. TXT 60"));
}

TEST(ReplyCheck, NegativeAnswersLiveByTheSoa) {
    struct Case {
        std::vector<Record> answer;
        std::vector<Record> authority;
        std::chrono::seconds lifetime;
    };
    const Case cases[] = {
        {{}, {soa("example", 900, 300)}, 300s},                       // the minimum
        {{}, {soa("example", 100, 300)}, 100s},                       // the TTL
        {{}, {soa("example", 900000, 900000)}, 1800s},                // our limit
        {{}, {soa("example", 0, 0)}, 5s},                             // ours at the other end
        {{}, {soa(".", 900, 300)}, 300s},                             // of the root
        {{}, {soa("other", 900, 300)}, 0s},                           // of a zone that the name is not in
        {{}, {soa("x.a.example", 900, 300)}, 0s},                     // of one below it
        {{}, {}, 0s},                                                 // no SOA
        {{}, {ns_record(name("example"), 60, name("ns"))}, 0s},       // a referral
        {{cname("a.example", "b.other", 20)}, {soa("other")}, 20s},   // of the end of the chain
        {{cname("a.example", "b.other", 20)}, {soa("example")}, 0s},  // of its begin only
        {{cname("a.example", "b.other", 20)}, {}, 0s},                // a chain without an end
        {{cname("a.example", "a.example")}, {}, 0s},                  // one that bites its tail
    };
    for (const ResponseCode code : {ResponseCode::kNoError, ResponseCode::kNxDomain})
        for (const auto& [answer, authority, lifetime] : cases) {
            Message reply;
            reply.code = code;
            reply.answer = answer;
            reply.authority = authority;
            const Kept kept = check(lookup("a.example"), reply);
            EXPECT_EQ(kept.lifetime, lifetime) << &answer - &cases[0].answer;
            EXPECT_EQ(kept.code, code);
        }
}

TEST(ReplyCheck, TtlsComeBetweenTheBounds) {
    Message reply;
    reply.answer = {a("a", 0), a("a", 1'000'000)};
    const Kept kept = check(lookup("a"), reply);
    EXPECT_THAT(kept.answer, ElementsAre("a. A 5", "a. A 3600"));
    EXPECT_EQ(kept.lifetime, 5s);
}

TEST(ReplyCheck, ErrorsCarryNothingAndLiveAShortTime) {
    Message reply;
    reply.code = ResponseCode::kRefused;
    reply.answer = {a("a")};
    const Kept kept = check(lookup("a"), reply);
    EXPECT_THAT(kept.answer, IsEmpty());
    EXPECT_EQ(kept.code, ResponseCode::kRefused);
    EXPECT_EQ(kept.lifetime, 5s);
}

TEST(ReplyCheck, ALongChainIsCut) {
    Message reply;
    for (int i = 0; i < 30; ++i)
        reply.answer.push_back(cname("n" + std::to_string(i), "n" + std::to_string(i + 1)));
    reply.answer.push_back(a("n30"));
    EXPECT_EQ(check(lookup("n0"), reply).lifetime, 0s);
}

TEST(ReplyCheck, SignaturesAreKeptForWhoAsksForThem) {
    Message reply;
    reply.authentic_data = true;
    reply.answer = {cname("a.example", "b.example"), rrsig("a.example", RecordType::kCname, "example"),
                    a("b.example"), rrsig("b.example", RecordType::kA, "example"),
                    rrsig("b.example", RecordType::kTxt, "example")};
    reply.authority = {raw("x.example", RecordType::kNsec), rrsig("x.example", RecordType::kNsec, "example"),
                       raw("y.example", RecordType::kNsec), raw("z.other", RecordType::kNsec3),
                       rrsig("z.other", RecordType::kNsec3, "other")};
    const Kept with = check(lookup("a.example", RecordType::kA, true), reply);
    EXPECT_THAT(with.answer, ElementsAre("a.example. CNAME 60", "a.example. RRSIG 60", "b.example. A 60",
                                         "b.example. RRSIG 60"));
    EXPECT_THAT(with.authority, ElementsAre("x.example. NSEC 60", "x.example. RRSIG 60"));
    const Kept without = check(lookup("a.example"), reply);
    EXPECT_THAT(without.answer, ElementsAre("a.example. CNAME 60", "b.example. A 60"));
    EXPECT_THAT(without.authority, IsEmpty());
    EXPECT_TRUE(check_reply(lookup("a.example"), reply, kBounds).body.authentic);
}

TEST(ReplyCheck, ASignedSoaAndItsProofAreKept) {
    Message reply;
    reply.code = ResponseCode::kNxDomain;
    reply.authority = {soa("example"), rrsig("example", RecordType::kSoa, "example"),
                       raw("h.example", RecordType::kNsec3),
                       rrsig("h.example", RecordType::kNsec3, "example")};
    EXPECT_THAT(
        check(lookup("a.example", RecordType::kA, true), reply).authority,
        ElementsAre("example. SOA 300", "h.example. NSEC3 60", "example. RRSIG 60", "h.example. RRSIG 60"));
    EXPECT_THAT(check(lookup("a.example"), reply).authority, ElementsAre("example. SOA 300"));
}

TEST(ReplyCheck, DnamesAboveTheChainAreKeptForWhoValidates) {
    Message reply;
    reply.answer = {raw("example", RecordType::kDname), rrsig("example", RecordType::kDname, "example"),
                    raw("other", RecordType::kDname), cname("a.example", "a.x"), a("a.x")};
    EXPECT_THAT(check(lookup("a.example", RecordType::kA, true), reply).answer,
                ElementsAre("example. DNAME 60", "example. RRSIG 60", "a.example. CNAME 60", "a.x. A 60"));
    EXPECT_THAT(check(lookup("a.example"), reply).answer, ElementsAre("a.example. CNAME 60", "a.x. A 60"));
}

}  // namespace
}  // namespace fairlead::dns
