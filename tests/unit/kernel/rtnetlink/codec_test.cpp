#include "kernel/rtnetlink/codec.h"
#include "support/addresses.h"

#include <gtest/gtest.h>

#include <cstdio>

namespace fairlead::kernel::rtnetlink {
namespace {

using test::address;

base::Prefix prefix(std::string_view text) {
    return base::Prefix::parse(text).value();
}

/// Four bytes a group, without sequence number and port id (bytes 8 to 15).
std::string hex_of(const std::vector<std::byte>& message) {
    std::string text;
    for (std::size_t i = 0; i < message.size(); ++i) {
        if (i >= 8 && i < 16) continue;
        char pair[3];
        std::snprintf(pair, sizeof pair, "%02x", std::to_integer<unsigned>(message[i]));
        if (i > 0 && i % 4 == 0) text += ' ';
        text += pair;
    }
    return text;
}

/// What `command` of iproute2 6.1 sends, as `strace -e write=3` shows it. Only NLA_F_NESTED (0x80 in the
/// second byte of a type) is ours: the kernel wants it of new programs, ip leaves it out for links.
struct Golden {
    const char* command;
    Request request;
    const char* bytes;
};

TEST(RtNetlinkEncode, SendsWhatIpSends) {
    const Golden goldens[] = {
        {"ip link add fl0 type veth peer name fl1", AddVeth{"fl0", "fl1", std::nullopt},
         "54000000 10000506 00000000 00000000 00000000 00000000 08000300 666c3000 2c001280 08000100 76657468 "
         "20000280 1c000180 00000000 00000000 00000000 00000000 08000300 666c3100"},
        {"ip link add fl0 type veth peer name fl1 netns fly", AddVeth{"fl0", "fl1", 4},
         "5c000000 10000506 00000000 00000000 00000000 00000000 08000300 666c3000 34001280 08000100 76657468 "
         "28000280 24000180 00000000 00000000 00000000 00000000 08001c00 04000000 08000300 666c3100"},
        {"ip link add br0 type bridge", AddBridge{"br0"},
         "38000000 10000506 00000000 00000000 00000000 00000000 08000300 62723000 10001280 0a000100 62726964 "
         "67650000"},
        {"ip link set fl0 up", SetLink{3, true, std::nullopt, std::nullopt, std::nullopt, std::nullopt},
         "20000000 10000500 00000000 03000000 01000000 01000000"},
        {"ip link set fl0 mtu 1400", SetLink{3, std::nullopt, std::nullopt, 1400, std::nullopt, std::nullopt},
         "28000000 10000500 00000000 03000000 00000000 00000000 08000400 78050000"},
        {"ip link set fl1 name fl2",
         SetLink{2, std::nullopt, "fl2", std::nullopt, std::nullopt, std::nullopt},
         "28000000 10000500 00000000 02000000 00000000 00000000 08000300 666c3200"},
        {"ip link set fl2 master br0", SetLink{2, std::nullopt, std::nullopt, std::nullopt, std::nullopt, 4},
         "28000000 10000500 00000000 02000000 00000000 00000000 08000a00 04000000"},
        {"ip link set fl0 netns fly", SetLink{2, std::nullopt, std::nullopt, std::nullopt, 4, std::nullopt},
         "28000000 10000500 00000000 02000000 00000000 00000000 08001c00 04000000"},
        {"ip link del fl0", DeleteLink{3}, "20000000 11000500 00000000 03000000 00000000 00000000"},
        {"ip address add 10.64.1.5/32 dev fl0", AddAddress{{3, address("10.64.1.5"), 32, false}},
         "28000000 14000506 02200000 03000000 08000200 0a400105 08000100 0a400105"},
        {"ip address add fd00:10:64:1::5/128 dev fl0 nodad",
         AddAddress{{3, address("fd00:10:64:1::5"), 128, true}},
         "40000000 14000506 0a800200 03000000 14000200 fd000010 00640001 00000000 00000005 14000100 fd000010 "
         "00640001 00000000 00000005"},
        {"ip address del 10.64.1.5/32 dev fl0", DeleteAddress{{3, address("10.64.1.5"), 32, false}},
         "28000000 15000500 02200000 03000000 08000200 0a400105 08000100 0a400105"},
        {"ip route add default via 10.64.2.1 dev fl0",
         AddRoute{{prefix("0.0.0.0/0"), address("10.64.2.1"), 3, RouteKind::kUnicast, false}},
         "2c000000 18000506 02000000 fe030001 00000000 08000500 0a400201 08000400 03000000"},
        {"ip route add default via 10.9.9.9 dev lo onlink",
         AddRoute{{prefix("0.0.0.0/0"), address("10.9.9.9"), 1, RouteKind::kUnicast, true}},
         "2c000000 18000506 02000000 fe030001 04000000 08000500 0a090909 08000400 01000000"},
        {"ip route add fd00:10:64:2::/64 dev fl0",
         AddRoute{{prefix("fd00:10:64:2::/64"), std::nullopt, 3, RouteKind::kUnicast, false}},
         "38000000 18000506 0a400000 fe030001 00000000 14000100 fd000010 00640002 00000000 00000000 08000400 "
         "03000000"},
        {"ip route add local 10.65.0.0/16 dev lo",
         AddRoute{{prefix("10.65.0.0/16"), std::nullopt, 1, RouteKind::kLocal, false}},
         "2c000000 18000506 02100000 ff03fe02 00000000 08000100 0a410000 08000400 01000000"},
        {"ip route add local 10.96.0.10 dev lo src 10.64.1.5 proto 99",
         AddRoute{
             {prefix("10.96.0.10/32"), std::nullopt, 1, RouteKind::kLocal, false, address("10.64.1.5"), 99}},
         "34000000 18000506 02200000 ff63fe02 00000000 08000100 0a60000a 08000400 01000000 08000700 "
         "0a400105"},
    };
    for (const auto& golden : goldens)
        EXPECT_EQ(hex_of(encode(golden.request)), golden.bytes) << golden.command;
}

TEST(RtNetlinkEncode, GivesRoutesToDevicesTheScopeLink) {
    // ip route add 10.64.2.0/24 dev fl0; the kernel refuses scope universe without a gateway.
    const Route route{prefix("10.64.2.0/24"), std::nullopt, 3, RouteKind::kUnicast, false};
    EXPECT_EQ(hex_of(encode(AddRoute{route})),
              "2c000000 18000506 02180000 fe03fd01 00000000 08000100 0a400200 08000400 03000000");
}

TEST(RtNetlinkEncode, AsksForRoutesAsIpDoes) {
    // ip route get 10.96.0.1 ipproto tcp dport 80, and so on; ip wants no acknowledgement, and to know the
    // table.
    EXPECT_EQ(
        hex_of(encode_get_route({address("10.96.0.1"), base::L4Protocol::kTcp, 80})),
        "34000000 1a000500 02200000 00000000 00000000 08000100 0a600001 05001b00 06000000 06001d00 00500000");
    EXPECT_EQ(
        hex_of(encode_get_route({address("fd00::1"), base::L4Protocol::kUdp, 53})),
        "40000000 1a000500 0a800000 00000000 00000000 14000100 fd000000 00000000 00000000 00000001 05001b00 "
        "11000000 06001d00 00350000");
    EXPECT_EQ(hex_of(encode_get_route({address("127.0.0.5"), base::L4Protocol::kSctp, 80})),
              "24000000 1a000500 02200000 00000000 00000000 08000100 7f000005");
}

/// An added object as the kernel would tell it: the same message without the flags.
netlink::Message message_in(const std::vector<std::byte>& bytes) {
    return netlink::Messages{bytes}.next().value();
}

TEST(RtNetlinkDecode, ReadsBackWhatItEncodes) {
    const Route routes[] = {
        {prefix("10.64.2.0/24"), std::nullopt, 3, RouteKind::kUnicast, false},
        {prefix("0.0.0.0/0"), address("10.64.2.1"), 3, RouteKind::kUnicast, true},
        {prefix("::/0"), address("fe80::1"), 3, RouteKind::kUnicast, false},
        {prefix("fd00::/16"), std::nullopt, 1, RouteKind::kLocal, false},
        {prefix("fd00::a/128"), std::nullopt, 1, RouteKind::kLocal, false, address("fd00::1"), 99},
    };
    for (const auto& route : routes) {
        const auto bytes = encode(AddRoute{route});
        EXPECT_EQ(decode_route(message_in(bytes)), route) << describe(AddRoute{route});
    }
    for (const auto& given :
         {LinkAddress{3, address("10.64.1.5"), 32, false}, LinkAddress{7, address("fd00::5"), 64, true}}) {
        const auto bytes = encode(AddAddress{given});
        EXPECT_EQ(decode_address(message_in(bytes)), given) << describe(AddAddress{given});
    }
}

TEST(RtNetlinkDecode, RefusesWhatIsCutShortOrOfAnotherKind) {
    const auto bytes = encode(AddRoute{{prefix("10.0.0.0/8"), address("10.64.2.1"), 3, {}, false}});
    const auto whole = message_in(bytes);
    EXPECT_FALSE(decode_address(whole));
    EXPECT_FALSE(decode_link(whole));
    for (std::size_t size = 0; size < whole.payload.size(); ++size) {
        auto cut = whole;
        cut.payload = whole.payload.first(size);
        const auto route = decode_route(cut);
        EXPECT_TRUE(!route || route->destination == prefix("10.0.0.0/8")) << size;
    }
}

TEST(RtNetlinkDescribe, NamesTheObject) {
    EXPECT_EQ(describe(AddAddress{{3, address("10.64.1.5"), 32, false}}),
              "add address 10.64.1.5/32 to link 3");
    EXPECT_EQ(describe(AddRoute{{prefix("10.0.0.0/8"), address("10.64.2.1"), 3, {}, false}}),
              "add route to 10.0.0.0/8 via 10.64.2.1 on link 3");
    EXPECT_EQ(
        describe(AddRoute{{prefix("10.0.0.0/8"), {}, 1, RouteKind::kLocal, false, address("10.64.1.5")}}),
        "add route to 10.0.0.0/8 on link 1 from 10.64.1.5");
}

}  // namespace
}  // namespace fairlead::kernel::rtnetlink
