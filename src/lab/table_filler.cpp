#include "lab/table_filler.h"

#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <span>

#include "kernel/conntrack/codec.h"
#include "kernel/conntrack/netlink_conntrack_table.h"
#include "kernel/netlink/kernel_error.h"
#include "kernel/netlink/socket.h"
#include "kernel/netns/namespaces.h"
#include "lab/plot.h"

namespace fairlead::lab {

namespace {

namespace ct = kernel::conntrack;
using base::Result;
using kernel::netlink::MessageBuilder;

base::IpAddress ipv4(std::uint32_t value) {
    std::array<std::byte, 4> bytes{};
    for (std::size_t i = bytes.size(); i > 0; --i, value >>= 8U)
        bytes[i - 1] = static_cast<std::byte>(value & 0xffU);
    return base::IpAddress{bytes};
}

base::IpAddress filling_destination() {
    return ipv4(0xc613ff01);  // 198.19.255.1
}

/// Tuples of the entry with this number.
ct::Tuple tuple_of(std::uint32_t number) {
    constexpr std::uint32_t kFirstSource = 0xc6120000;  // 198.18.0.0
    constexpr std::uint32_t kPortsPerSource = 32'768;
    constexpr std::uint32_t kFirstPort = 1024;
    constexpr std::uint16_t kPort = 80;
    return {ipv4(kFirstSource + number / kPortsPerSource), filling_destination(),
            static_cast<std::uint16_t>(kFirstPort + number % kPortsPerSource), kPort, std::nullopt};
}

void encode_insert(MessageBuilder& builder, std::uint32_t number) {
    constexpr std::uint16_t kType = (NFNL_SUBSYS_CTNETLINK << 8U) | IPCTNL_MSG_CT_NEW;
    constexpr std::uint32_t kTimeoutSeconds = 600;
    const nfgenmsg header{AF_INET, NFNETLINK_V0, 0};
    builder.begin_message(kType, NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL, number,
                          std::as_bytes(std::span{&header, 1}));
    const auto original = tuple_of(number);
    const ct::Tuple reply{original.destination, original.source, original.destination_port,
                          original.source_port, std::nullopt};
    put_tuple(builder, ct::Direction::kOriginal, original, IPPROTO_TCP);
    put_tuple(builder, ct::Direction::kReply, reply, IPPROTO_TCP);
    builder.put_be32(CTA_STATUS, ct::status::kSeenReply | ct::status::kAssured | ct::status::kConfirmed);
    builder.put_be32(CTA_TIMEOUT, kTimeoutSeconds);
    const auto information = builder.begin_nested(CTA_PROTOINFO);
    const auto tcp = builder.begin_nested(CTA_PROTOINFO_TCP);
    builder.put_u8(CTA_PROTOINFO_TCP_STATE, static_cast<std::uint8_t>(ct::TcpState::kEstablished));
    builder.end_nested(tcp);
    builder.end_nested(information);
    builder.end_message();
}

/// How many of a batch were refused because the table is full.
Result<std::size_t> refused(kernel::netlink::Socket& socket) {
    std::size_t count = 0;
    for (;;) {
        FAIRLEAD_TRY(const auto datagram, socket.receive());
        if (datagram.empty()) return count;
        kernel::netlink::Messages messages{datagram};
        while (const auto message = messages.next()) {
            const auto error = parse_kernel_error(*message);
            if (!error || error->errno_value == 0) continue;
            if (error->errno_value != ENOMEM)
                return base::fail_errno(error->errno_value, "inserting a conntrack entry");
            ++count;
        }
    }
}

Result<void> check_size() {
    FAIRLEAD_TRY(auto table, ct::NetlinkConntrackTable::open());
    FAIRLEAD_TRY(const auto max, table.max());
    if (!max || *max <= kMostEntries) return {};
    return base::fail(base::ErrorCode::kUnsupported, "net.netfilter.nf_conntrack_max is " +
                                                         format_count(*max) + ", and a case makes " +
                                                         format_count(kMostEntries) + " entries at most");
}

Result<std::size_t> fill_here() {
    constexpr std::uint32_t kBatch = 128;
    FAIRLEAD_CHECK(check_size());
    FAIRLEAD_TRY(auto socket, kernel::netlink::Socket::open(NETLINK_NETFILTER));
    MessageBuilder requests;
    for (std::uint32_t next = 0; next < kMostEntries + kBatch;) {
        requests.clear();
        for (std::uint32_t i = 0; i < kBatch; ++i)
            encode_insert(requests, next++);
        FAIRLEAD_CHECK(socket.send(requests.bytes()));
        FAIRLEAD_TRY(const auto count, refused(socket));
        if (count > 0) return next - count;
    }
    return base::fail(base::ErrorCode::kUnsupported, "the conntrack table took every entry and is not full");
}

}  // namespace

Result<std::size_t> fill_conntrack_table(std::string_view netns) {
    return kernel::netns::run_in(netns, fill_here);
}

Result<std::size_t> remove_filling(std::string_view netns) {
    return kernel::netns::run_in(netns, []() -> Result<std::size_t> {
        FAIRLEAD_TRY(auto table, ct::NetlinkConntrackTable::open());
        ct::FlowFilter filter;
        filter.original.destination = filling_destination();
        return table.delete_matching(filter);
    });
}

}  // namespace fairlead::lab
