#include "dns/record.h"

#include <gtest/gtest.h>

#include <array>

#include "support/dns_packets.h"

namespace fairlead::dns {
namespace {

TEST(DnsRecord, WhatARecordIsMadeOfIsReadBack) {
    const Name owner = name("web.example");
    EXPECT_EQ(address_record(owner, 5, ip("10.0.0.1")).type, RecordType::kA);
    EXPECT_EQ(address_record(owner, 5, ip("fd00::1")).type, RecordType::kAaaa);
    EXPECT_EQ(address_of(address_record(owner, 5, ip("10.0.0.1"))), ip("10.0.0.1"));
    EXPECT_EQ(address_of(address_record(owner, 5, ip("fd00::1"))), ip("fd00::1"));
    for (const Record& record : {cname_record(owner, 5, name("x.y")), ns_record(owner, 5, name("x.y")),
                                 ptr_record(owner, 5, name("x.y"))})
        EXPECT_EQ(target_of(record), name("x.y")) << name_of(record.type);

    const auto srv =
        srv_of(srv_record(owner, 5, {.priority = 1, .weight = 2, .port = 443, .target = name("x.y")}));
    ASSERT_TRUE(srv);
    EXPECT_EQ(srv->priority, 1);
    EXPECT_EQ(srv->weight, 2);
    EXPECT_EQ(srv->port, 443);
    EXPECT_EQ(srv->target, name("x.y"));

    const auto soa = soa_of(soa_record(owner, 5,
                                       {.primary = name("ns.x"),
                                        .mailbox = name("admin.x"),
                                        .serial = 1,
                                        .refresh_s = 2,
                                        .retry_s = 3,
                                        .expire_s = 4,
                                        .minimum_s = 5}));
    ASSERT_TRUE(soa);
    EXPECT_EQ(soa->primary, name("ns.x"));
    EXPECT_EQ(soa->mailbox, name("admin.x"));
    EXPECT_EQ(soa->serial, 1U);
    EXPECT_EQ(soa->refresh_s, 2U);
    EXPECT_EQ(soa->retry_s, 3U);
    EXPECT_EQ(soa->expire_s, 4U);
    EXPECT_EQ(soa->minimum_s, 5U);

    const auto texts = std::to_array<std::string_view>({"1.1.0", "", "x"});
    EXPECT_EQ(txt_record(owner, 5, texts).rdata, hex("05312e312e30 00 0178"));
}

TEST(DnsRecord, OtherTypesAndMalformedRdataGiveNothing) {
    const Name owner = name("web.example");
    Record record = address_record(owner, 5, ip("10.0.0.1"));
    EXPECT_FALSE(target_of(record));
    EXPECT_FALSE(soa_of(record));
    EXPECT_FALSE(srv_of(record));
    record.rdata.pop_back();
    EXPECT_FALSE(address_of(record));
    record = address_record(owner, 5, ip("10.0.0.1"));
    record.klass = RecordClass::kChaos;
    EXPECT_FALSE(address_of(record));
    record.klass = RecordClass::kIn;
    record.type = RecordType::kAaaa;
    EXPECT_FALSE(address_of(record));
    for (const RecordType type : {RecordType::kCname, RecordType::kSrv, RecordType::kSoa}) {
        record.type = type;
        for (const std::string_view rdata :
             {"", "0161", "0161 00 00", "0000 0000 0050", "0161 00 0161 00 0000"}) {
            record.rdata = hex(rdata);
            EXPECT_FALSE(target_of(record) || srv_of(record) || soa_of(record))
                << name_of(type) << " " << rdata;
        }
    }
}

}  // namespace
}  // namespace fairlead::dns
