#include "kernel/conntrack/codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/netlink.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <sstream>

#include "support/conntrack_fixture.h"

namespace fairlead::kernel::conntrack {
namespace {

using netlink::MessageBuilder;
using test::udp_flow;
using test::with_protocol;
using testing::HasSubstr;
using testing::Not;

/// Four bytes a group, without sequence number and port id (bytes 8 to 15).
std::string hex_of(std::span<const std::byte> message) {
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

std::vector<std::byte> bytes_of(const std::string& hex) {
    std::vector<std::byte> bytes;
    std::istringstream groups{hex};
    for (std::string group; groups >> group;)
        for (std::size_t i = 0; i < group.size(); i += 2)
            bytes.push_back(static_cast<std::byte>(std::stoi(group.substr(i, 2), nullptr, 16)));
    return bytes;
}

std::string dump_request(const FlowFilter& filter) {
    MessageBuilder builder;
    encode_dump(builder, filter, family_of(filter).value());
    return hex_of(builder.bytes());
}

FlowFilter original_filter(std::uint8_t protocol, std::string_view destination, std::uint16_t port) {
    FlowFilter filter;
    filter.protocol = protocol;
    filter.original.destination = base::IpAddress::parse(destination).value();
    filter.original.destination_port = port;
    return filter;
}

// What conntrack 1.4.7 sends, as `strace -xx` shows it.
TEST(ConntrackEncode, SendsWhatStockConntrackSends) {
    FlowFilter filter;
    EXPECT_EQ(dump_request(filter), "14000000 01010103 00000000") << "conntrack -L";
    filter.mark = {7, 255};
    filter.status = {status::kSeenReply | status::kAssured, status::kSeenReply | status::kAssured};
    EXPECT_EQ(dump_request(filter),
              "34000000 01010103 00000000 08000800 00000007 08001500 000000ff 08000300 00000006 08001a00 "
              "00000006")
        << "conntrack -L --mark 7/255 -u SEEN_REPLY,ASSURED";
    MessageBuilder counters;
    encode_dump_cpu_stats(counters);
    EXPECT_EQ(hex_of(counters.bytes()), "14000000 04010103 00000000") << "conntrack -S";
    MessageBuilder size;
    encode_get_table_size(size);
    EXPECT_EQ(hex_of(size.bytes()), "14000000 05010500 00000000") << "conntrack -C, but acknowledged";
}

// As strace shows `conntrack -D` with all of it, less what the kernel does not need (reply, status, timeout,
// mark), and with the id.
TEST(ConntrackEncode, DeletesByOriginalTupleZoneAndId) {
    auto flow = udp_flow("10.0.0.1:1000", "10.96.0.10:53", "10.1.0.5:5353");
    flow.zone = {5, ZoneDirection::kBoth};
    flow.id = 0x01020304;
    const std::string head =
        " 02010500 02000000 34000180 14000180 08000100 0a000001 08000200 0a60000a 1c000280 05000100 11000000 "
        "06000200 03e80000 06000300 00350000";
    const auto request = [&](ZoneDirection direction) {
        flow.zone.direction = direction;
        MessageBuilder builder;
        encode_delete(builder, flow, 0);
        return hex_of(builder.bytes());
    };
    EXPECT_EQ(request(ZoneDirection::kBoth), "58000000" + head + " 06001200 00050000 08000c00 01020304");
    EXPECT_EQ(request(ZoneDirection::kOriginal), "58000000" + head + " 06001200 00050000 08000c00 01020304");
    EXPECT_EQ(request(ZoneDirection::kReply), "50000000" + head + " 08000c00 01020304")
        << "its original tuple is in the default zone";
}

TEST(ConntrackEncode, LeavesToTheKernelOnlyWhatItFiltersRight) {
    EXPECT_EQ(dump_request(original_filter(IPPROTO_UDP, "10.96.0.10", 53)),
              "4c000000 01010103 02000000 24000180 0c000180 08000200 0a60000a 14000280 05000100 11000000 "
              "06000300 00350000 14001980 08000100 2a000000 08000200 00000000")
        << "IPv4: destination, protocol and port";
    FlowFilter answering;
    answering.protocol = IPPROTO_TCP;
    answering.reply.source = base::IpAddress::parse("10.1.0.5").value();
    answering.reply.source_port = std::uint16_t{80};
    EXPECT_THAT(dump_request(answering), HasSubstr("08000100 08000000 08000200 19000000"))
        << "protocol; source, protocol and port of the reply";
    const std::string ipv6 = dump_request(original_filter(IPPROTO_UDP, "fd00::10", 53));
    EXPECT_THAT(ipv6, Not(HasSubstr("fd000000"))) << "IPv6 addresses are compared here";
    EXPECT_THAT(ipv6, HasSubstr("08000100 28000000")) << "protocol and port are not";
    const std::string sctp = dump_request(original_filter(IPPROTO_SCTP, "10.96.0.10", 53));
    EXPECT_THAT(sctp, HasSubstr("08000100 0a000000")) << "ports of SCTP are compared here";
}

/// A message of the kernel, and what `conntrack -L -o extended,id` shows of the same flow.
struct Golden {
    const char* shown;
    const char* bytes;
    Flow flow;
};

Flow flow_of(std::uint8_t protocol, const Flow& like, std::uint32_t status, int timeout_s) {
    Flow flow = with_protocol(like, protocol);
    flow.status = status;
    flow.timeout = std::chrono::seconds{timeout_s};
    flow.mark = 0x70;
    return flow;
}

std::vector<Golden> goldens() {
    constexpr std::uint32_t kNatDone = (1U << 7U) | (1U << 8U);
    auto udp = flow_of(IPPROTO_UDP, udp_flow("127.0.0.1:4000", "10.96.0.10:53", "127.0.0.1:5353"),
                       status::kSeenReply | status::kConfirmed | status::kDestinationNat | kNatDone, 29);
    udp.original_counters = {1, 29};
    udp.reply_counters = {1, 30};
    udp.id = 4202919212;

    auto icmp = flow_of(IPPROTO_ICMP, udp_flow("127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"),
                        status::kSeenReply | status::kConfirmed | kNatDone, 29);
    icmp.original.icmp = {77, 8, 0};
    icmp.reply.icmp = {77, 0, 0};
    icmp.original_counters = {1, 84};
    icmp.reply_counters = {1, 84};
    icmp.id = 969302713;

    auto in_reply_zone = flow_of(IPPROTO_UDP, udp_flow("127.0.0.1:4001", "127.0.0.4:9000", "127.0.0.4:9000"),
                                 status::kConfirmed | kNatDone, 29);
    in_reply_zone.zone = {4, ZoneDirection::kReply};
    in_reply_zone.original_counters = {1, 29};
    in_reply_zone.reply_counters = {0, 0};
    in_reply_zone.id = 2839166918;

    auto in_original_zone =
        flow_of(IPPROTO_UDP, udp_flow("127.0.0.1:4001", "127.0.0.3:9000", "127.0.0.3:9000"),
                status::kConfirmed | kNatDone, 29);
    in_original_zone.zone = {3, ZoneDirection::kOriginal};
    in_original_zone.original_counters = {1, 29};
    in_original_zone.reply_counters = {0, 0};
    in_original_zone.id = 1373516206;

    auto tcp = flow_of(
        IPPROTO_TCP, udp_flow("[::1]:4002", "[fd00::10]:80", "[::1]:8080"),
        status::kSeenReply | status::kAssured | status::kConfirmed | status::kDestinationNat | kNatDone,
        431'999);
    tcp.tcp_state = TcpState::kEstablished;
    tcp.original_counters = {2, 152};
    tcp.reply_counters = {1, 80};
    tcp.id = 1564488239;

    return {
        {"src=127.0.0.1 dst=10.96.0.10 sport=4000 dport=53 packets=1 bytes=29 src=127.0.0.1 dst=127.0.0.1 "
         "sport=5353",
         "ec000000 00012200 01000000 06200000 02000000 34000180 14000180 08000100 7f000001 08000200 0a60000a "
         "1c000280 05000100 11000000 06000200 0fa00000 06000300 00350000 34000280 14000180 08000100 7f000001 "
         "08000200 7f000001 1c000280 05000100 11000000 06000200 14e90000 06000300 0fa00000 08000300 000001aa "
         "08000800 00000070 08000c00 fa83752c 08000b00 00000001 08000700 0000001d 1c000980 0c000100 00000000 "
         "00000001 0c000200 00000000 0000001d 1c000a80 0c000100 00000000 00000001 0c000200 00000000 0000001e "
         "10001480 0c000100 18eb1fce 17544dde",
         udp},
        {"src=127.0.0.1 dst=127.0.0.1 type=8 code=0 id=77 packets=1 bytes=84 ... type=0 code=0 id=77",
         "fc000000 00012200 01000000 06200000 02000000 3c000180 14000180 08000100 7f000001 08000200 7f000001 "
         "24000280 05000100 01000000 06000400 004d0000 05000500 08000000 05000600 00000000 3c000280 14000180 "
         "08000100 7f000001 08000200 7f000001 24000280 05000100 01000000 06000400 004d0000 05000500 00000000 "
         "05000600 00000000 08000300 0000018a 08000800 00000070 08000c00 39c662b9 08000b00 00000001 08000700 "
         "0000001d 1c000980 0c000100 00000000 00000001 0c000200 00000000 00000054 1c000a80 0c000100 00000000 "
         "00000001 0c000200 00000000 00000054 10001480 0c000100 18eb1fce 17f27bc6",
         icmp},
        {"sport=4001 dport=9000 [UNREPLIED] ... zone-reply=4",
         "f4000000 00012200 01000000 06200000 02000000 34000180 14000180 08000100 7f000001 08000200 7f000004 "
         "1c000280 05000100 11000000 06000200 0fa10000 06000300 23280000 3c000280 14000180 08000100 7f000004 "
         "08000200 7f000001 1c000280 05000100 11000000 06000200 23280000 06000300 0fa10000 06000300 00040000 "
         "08000300 00000188 08000800 00000070 08000c00 a93a3fc6 08000b00 00000001 08000700 0000001d 1c000980 "
         "0c000100 00000000 00000001 0c000200 00000000 0000001d 1c000a80 0c000100 00000000 00000000 0c000200 "
         "00000000 00000000 10001480 0c000100 18eb1fce 17585f4e",
         in_reply_zone},
        {"sport=4001 dport=9000 zone-orig=3 [UNREPLIED]",
         "f4000000 00012200 01000000 06200000 02000000 3c000180 14000180 08000100 7f000001 08000200 7f000003 "
         "1c000280 05000100 11000000 06000200 0fa10000 06000300 23280000 06000300 00030000 34000280 14000180 "
         "08000100 7f000003 08000200 7f000001 1c000280 05000100 11000000 06000200 23280000 06000300 0fa10000 "
         "08000300 00000188 08000800 00000070 08000c00 51de31ae 08000b00 00000001 08000700 0000001d 1c000980 "
         "0c000100 00000000 00000001 0c000200 00000000 0000001d 1c000a80 0c000100 00000000 00000000 0c000200 "
         "00000000 00000000 10001480 0c000100 18eb1fce 17565824",
         in_original_zone},
        {"ESTABLISHED src=::1 dst=fd00::10 sport=4002 dport=80 ... sport=8080 [ASSURED]",
         "4c010000 00012200 01000000 06200000 0a000000 4c000180 2c000180 14000300 00000000 00000000 00000000 "
         "00000001 14000400 fd000000 00000000 00000000 00000010 1c000280 05000100 06000000 06000200 0fa20000 "
         "06000300 00500000 4c000280 2c000180 14000300 00000000 00000000 00000000 00000001 14000400 00000000 "
         "00000000 00000000 00000001 1c000280 05000100 06000000 06000200 1f900000 06000300 0fa20000 08000300 "
         "000001ae 08000800 00000070 08000c00 5d40322f 08000b00 00000001 08000700 0006977f 30000480 2c000180 "
         "05000100 03000000 05000200 0a000000 05000300 0a000000 06000400 23000000 06000500 23000000 1c000980 "
         "0c000100 00000000 00000002 0c000200 00000000 00000098 1c000a80 0c000100 00000000 00000001 0c000200 "
         "00000000 00000050 10001480 0c000100 18eb1fce 175d3449",
         tcp},
    };
}

TEST(ConntrackDecode, ReadsWhatTheKernelTellsOfAFlow) {
    for (const auto& golden : goldens()) {
        const auto bytes = bytes_of(golden.bytes);
        const auto flow = decode_flow(netlink::Messages{bytes}.next().value());
        ASSERT_TRUE(flow) << golden.shown;
        EXPECT_TRUE(*flow == golden.flow) << golden.shown << "\n"
                                          << describe(*flow) << " status " << flow->status;
    }
}

TEST(ConntrackDecode, ReadsTheCountersOfACpu) {
    const auto bytes = bytes_of(
        "64000000 04010200 01000000 06200000 00000001 08000200 00000000 08000400 00000000 08000800 00000002 "
        "08000900 00000000 08000a00 00000000 08000b00 00000000 08000c00 00000004 08000d00 00000000 08000e00 "
        "00000000 08000f00 00000000");
    const auto stats = decode_cpu_stats(netlink::Messages{bytes}.next().value());
    ASSERT_TRUE(stats);
    EXPECT_EQ(stats->cpu, 1);
    EXPECT_EQ(stats->insert, 2U);
    EXPECT_EQ(stats->error, 4U);
    for (const auto& counter : kCpuCounters)
        EXPECT_TRUE((*stats).*counter.value) << counter.name;
}

TEST(ConntrackDecode, ACounterThatTheKernelLacksIsAbsentNotZero) {
    const auto bytes = bytes_of("1c000000 04010200 01000000 06200000 00000001 08000400 00000007");
    const auto stats = decode_cpu_stats(netlink::Messages{bytes}.next().value());
    ASSERT_TRUE(stats);
    for (const auto& counter : kCpuCounters)
        EXPECT_EQ((*stats).*counter.value,
                  counter.name == "invalid" ? std::optional{7U} : std::optional<std::uint32_t>{})
            << counter.name;
}

TEST(ConntrackDecode, ReadsTheTableSizeAlsoOfAKernelThatDoesNotTellTheMaximum) {
    const auto whole =
        bytes_of("24000000 05010200 01000000 06200000 00000000 08000100 00000009 08000200 00040000");
    const auto size = decode_table_size(netlink::Messages{whole}.next().value());
    ASSERT_TRUE(size);
    EXPECT_EQ(size->count, 9U);
    EXPECT_EQ(size->max, 262'144U);
    const auto older = bytes_of("1c000000 05010200 01000000 06200000 00000000 08000100 00000009");
    EXPECT_EQ(decode_table_size(netlink::Messages{older}.next().value())->max, std::nullopt);
    const auto empty = bytes_of("14000000 05010200 01000000 06200000 00000000");
    EXPECT_FALSE(decode_table_size(netlink::Messages{empty}.next().value()));
}

TEST(ConntrackDecode, ReadsBackWhatWasEncoded) {
    auto sctp = with_protocol(udp_flow("10.0.0.1:1", "10.0.0.2:2", "10.0.0.3:3"), IPPROTO_SCTP);
    sctp.zone = {65'535, ZoneDirection::kBoth};
    auto gre = with_protocol(udp_flow("[fd00::1]:1", "[fd00::2]:2", "[fd00::2]:2"), IPPROTO_GRE);
    gre.mark = 0xffffffff;
    auto syn = with_protocol(udp_flow("10.0.0.1:1", "10.0.0.2:2", "10.0.0.3:3"), IPPROTO_TCP);
    syn.tcp_state = TcpState::kSynSent2;
    auto offloaded = syn;
    offloaded.status |= status::kOffload;
    offloaded.timeout.reset();
    offloaded.tcp_state.reset();
    auto icmpv6 = with_protocol(udp_flow("[fd00::1]:0", "[fd00::2]:0", "[fd00::2]:0"), IPPROTO_ICMPV6);
    icmpv6.original.icmp = {9, 128, 0};
    icmpv6.reply.icmp = {9, 129, 0};
    const auto unknown = with_protocol(udp_flow("10.0.0.1:0", "10.0.0.2:0", "10.0.0.2:0"), 253);
    for (const auto& flow : {sctp, gre, syn, offloaded, icmpv6, unknown}) {
        MessageBuilder builder;
        encode_insert(builder, flow, 0);
        const auto read = decode_flow(netlink::Messages{builder.bytes()}.next().value());
        ASSERT_TRUE(read) << describe(flow);
        EXPECT_TRUE(*read == flow) << describe(flow) << "\n" << describe(*read);
    }
}

TEST(ConntrackDecode, RefusesMessagesOfOtherKinds) {
    const auto flow = bytes_of(goldens().front().bytes);
    const auto told = netlink::Messages{flow}.next().value();
    EXPECT_FALSE(decode_cpu_stats(told));
    EXPECT_FALSE(decode_table_size(told));
    auto other = told;
    other.type = NLMSG_MIN_TYPE;
    EXPECT_FALSE(decode_flow(other));
}

TEST(ConntrackDecode, RefusesTuplesOfTwoProtocols) {
    const auto flow = udp_flow("10.0.0.1:1", "10.0.0.2:2", "10.0.0.3:3");
    MessageBuilder builder;
    encode_insert(builder, flow, 0);
    std::vector<std::byte> bytes(builder.bytes().begin(), builder.bytes().end());
    ASSERT_TRUE(decode_flow(netlink::Messages{bytes}.next().value()));
    const auto number = std::ranges::find(bytes.rbegin(), bytes.rend(), std::byte{IPPROTO_UDP});
    *number = std::byte{IPPROTO_TCP};
    EXPECT_FALSE(decode_flow(netlink::Messages{bytes}.next().value()));
}

TEST(ConntrackDecode, AMessageCutShortIsNoFlowOrOneWithTheSameTuples) {
    for (const auto& golden : goldens()) {
        const auto bytes = bytes_of(golden.bytes);
        const auto whole = netlink::Messages{bytes}.next().value();
        for (std::size_t size = 0; size < whole.payload.size(); ++size) {
            auto cut = whole;
            cut.payload = whole.payload.first(size);
            const auto flow = decode_flow(cut);
            EXPECT_TRUE(!flow || (flow->original == golden.flow.original && flow->reply == golden.flow.reply))
                << golden.shown << " at " << size;
        }
    }
}

TEST(ConntrackDecode, AStateThatTcpDoesNotHaveIsNone) {
    auto flow = with_protocol(udp_flow("10.0.0.1:1", "10.0.0.2:2", "10.0.0.3:3"), IPPROTO_TCP);
    flow.tcp_state = static_cast<TcpState>(10);
    MessageBuilder builder;
    encode_insert(builder, flow, 0);
    const auto read = decode_flow(netlink::Messages{builder.bytes()}.next().value());
    ASSERT_TRUE(read);
    EXPECT_FALSE(read->tcp_state);
}

}  // namespace
}  // namespace fairlead::kernel::conntrack
