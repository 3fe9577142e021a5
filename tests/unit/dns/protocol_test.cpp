#include "dns/protocol.h"

#include <gtest/gtest.h>

namespace fairlead::dns {
namespace {

TEST(DnsProtocol, EveryTypeHasANameThatIsReadBack) {
    for (unsigned number = 0; number <= 0xffff; ++number) {
        const RecordType type{static_cast<std::uint16_t>(number)};
        ASSERT_EQ(parse_record_type(name_of(type)), type) << name_of(type);
    }
    EXPECT_EQ(name_of(RecordType::kAaaa), "AAAA");
    EXPECT_EQ(name_of(RecordType{731}), "TYPE731");
}

TEST(DnsProtocol, TypesAreReadInAnyLetterCase) {
    EXPECT_EQ(parse_record_type("aaaa"), RecordType::kAaaa);
    EXPECT_EQ(parse_record_type("type1"), RecordType::kA);
    for (const std::string_view text : {"", "TYPE", "TYPE65536", "TYPE-1", "TYPE1x", "AAAAA", "TYPE 1"})
        EXPECT_FALSE(parse_record_type(text)) << text;
}

TEST(DnsProtocol, ClassesAndCodesHaveTheNamesThatPeopleKnow) {
    EXPECT_EQ(name_of(RecordClass::kIn), "IN");
    EXPECT_EQ(name_of(RecordClass::kChaos), "CH");
    EXPECT_EQ(name_of(RecordClass{32}), "CLASS32");
    EXPECT_EQ(name_of(ResponseCode::kNxDomain), "NXDOMAIN");
    EXPECT_EQ(name_of(ResponseCode::kBadVers), "BADVERS");
    EXPECT_EQ(name_of(ResponseCode{23}), "RCODE23");
}

}  // namespace
}  // namespace fairlead::dns
