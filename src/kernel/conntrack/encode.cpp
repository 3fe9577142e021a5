#include <linux/netlink.h>
#include <netinet/in.h>

#include <array>
#include <cstring>

#include "kernel/conntrack/codec.h"
#include "kernel/conntrack/wire.h"

namespace fairlead::kernel::conntrack {

namespace {

using base::Family;
using netlink::MessageBuilder;

constexpr std::uint16_t kDump = NLM_F_REQUEST | NLM_F_DUMP;
constexpr std::uint16_t kAcknowledged = NLM_F_REQUEST | NLM_F_ACK;

// What CTA_FILTER_ORIG_FLAGS and CTA_FILTER_REPLY_FLAGS choose; the kernel's headers for user space lack it.
constexpr std::uint32_t kFilterSource = 1U << 0U;
constexpr std::uint32_t kFilterDestination = 1U << 1U;
constexpr std::uint32_t kFilterProtocol = 1U << 3U;
constexpr std::uint32_t kFilterSourcePort = 1U << 4U;
constexpr std::uint32_t kFilterDestinationPort = 1U << 5U;

void begin_message(MessageBuilder& builder, int ctnetlink_message, std::uint16_t flags,
                   std::uint32_t sequence, std::optional<Family> family) {
    std::uint8_t native = NFPROTO_UNSPEC;
    if (family) native = *family == Family::kIpv4 ? NFPROTO_IPV4 : NFPROTO_IPV6;
    const nfgenmsg header{native, NFNETLINK_V0, 0};
    builder.begin_message(message_type(ctnetlink_message), flags, sequence,
                          std::as_bytes(std::span{&header, 1}));
}

/// The part of a TupleFilter that is left to the kernel. From Linux 5.8, where it began to filter, to 6.18 at
/// least it has IPv6 addresses the wrong way round (it passes over the flows that match), and it looks at the
/// ports of TCP and UDP only.
struct KernelTupleFilter {
    std::optional<base::IpAddress> source;
    std::optional<base::IpAddress> destination;
    std::optional<std::uint8_t> protocol;
    std::optional<std::uint16_t> source_port;
    std::optional<std::uint16_t> destination_port;

    [[nodiscard]] std::uint32_t flags() const {
        return (source ? kFilterSource : 0) | (destination ? kFilterDestination : 0) |
               (protocol ? kFilterProtocol : 0) | (source_port ? kFilterSourcePort : 0) |
               (destination_port ? kFilterDestinationPort : 0);
    }
};

KernelTupleFilter kernel_part(const TupleFilter& filter, Family family,
                              std::optional<std::uint8_t> protocol) {
    KernelTupleFilter part;
    part.protocol = protocol;
    if (family == Family::kIpv4) {
        part.source = filter.source;
        part.destination = filter.destination;
    }
    if (protocol == IPPROTO_TCP || protocol == IPPROTO_UDP) {
        part.source_port = filter.source_port;
        part.destination_port = filter.destination_port;
    }
    return part;
}

void put_tuple_filter(MessageBuilder& builder, std::uint16_t type, const KernelTupleFilter& filter,
                      Family family) {
    const auto attributes = attributes_of(family);
    const auto tuple = builder.begin_nested(type);
    const auto addresses = builder.begin_nested(CTA_TUPLE_IP);
    if (filter.source) builder.put(attributes.source, filter.source->bytes());
    if (filter.destination) builder.put(attributes.destination, filter.destination->bytes());
    builder.end_nested(addresses);
    const auto transport = builder.begin_nested(CTA_TUPLE_PROTO);
    if (filter.protocol) builder.put_u8(CTA_PROTO_NUM, *filter.protocol);
    if (filter.source_port) builder.put_be16(CTA_PROTO_SRC_PORT, *filter.source_port);
    if (filter.destination_port) builder.put_be16(CTA_PROTO_DST_PORT, *filter.destination_port);
    builder.end_nested(transport);
    builder.end_nested(tuple);
}

void put_tuple_filters(MessageBuilder& builder, const FlowFilter& filter, Family family) {
    const auto original = kernel_part(filter.original, family, filter.protocol);
    auto reply = kernel_part(filter.reply, family, filter.protocol);
    if (reply.flags() == kFilterProtocol) reply.protocol.reset();  // the original's says it already
    if (original.flags() != 0) put_tuple_filter(builder, CTA_TUPLE_ORIG, original, family);
    if (reply.flags() != 0) put_tuple_filter(builder, CTA_TUPLE_REPLY, reply, family);
    if ((original.flags() | reply.flags()) == 0) return;
    const auto flags = builder.begin_nested(CTA_FILTER);
    builder.put_u32(CTA_FILTER_ORIG_FLAGS, original.flags());
    builder.put_u32(CTA_FILTER_REPLY_FLAGS, reply.flags());
    builder.end_nested(flags);
}

void put_tcp_state(MessageBuilder& builder, TcpState state) {
    const auto information = builder.begin_nested(CTA_PROTOINFO);
    const auto tcp = builder.begin_nested(CTA_PROTOINFO_TCP);
    builder.put_u8(CTA_PROTOINFO_TCP_STATE, static_cast<std::uint8_t>(state));
    builder.end_nested(tcp);
    builder.end_nested(information);
}

void put_bits_filter(MessageBuilder& builder, std::uint16_t value_type, std::uint16_t mask_type,
                     const BitsFilter& filter) {
    if (filter.mask == 0) return;
    builder.put_be32(value_type, filter.value);
    builder.put_be32(mask_type, filter.mask);
}

}  // namespace

void encode_dump(MessageBuilder& builder, const FlowFilter& filter, std::optional<Family> family) {
    begin_message(builder, IPCTNL_MSG_CT_GET, kDump, 0, family);
    // The kernel refuses filters on tuples of no known family.
    if (family) put_tuple_filters(builder, filter, *family);
    put_bits_filter(builder, CTA_MARK, CTA_MARK_MASK, filter.mark);
    put_bits_filter(builder, CTA_STATUS, CTA_STATUS_MASK, filter.status);
    if (filter.zone) builder.put_be16(CTA_ZONE, *filter.zone);
    builder.end_message();
}

void put_tuple(MessageBuilder& builder, Direction direction, const Tuple& tuple, std::uint8_t protocol) {
    const auto attributes = attributes_of(tuple.source.family());
    const auto begin =
        builder.begin_nested(direction == Direction::kOriginal ? CTA_TUPLE_ORIG : CTA_TUPLE_REPLY);
    const auto addresses = builder.begin_nested(CTA_TUPLE_IP);
    builder.put(attributes.source, tuple.source.bytes());
    builder.put(attributes.destination, tuple.destination.bytes());
    builder.end_nested(addresses);
    const auto transport = builder.begin_nested(CTA_TUPLE_PROTO);
    builder.put_u8(CTA_PROTO_NUM, protocol);
    if (has_ports(protocol)) {
        builder.put_be16(CTA_PROTO_SRC_PORT, tuple.source_port);
        builder.put_be16(CTA_PROTO_DST_PORT, tuple.destination_port);
    }
    if (tuple.icmp) {
        builder.put_u8(attributes.icmp_type, tuple.icmp->type);
        builder.put_u8(attributes.icmp_code, tuple.icmp->code);
        builder.put_be16(attributes.icmp_id, tuple.icmp->id);
    }
    builder.end_nested(transport);
    builder.end_nested(begin);
}

void encode_delete(MessageBuilder& builder, const Flow& flow, std::uint32_t sequence) {
    begin_message(builder, IPCTNL_MSG_CT_DELETE, kAcknowledged, sequence, flow.family());
    put_tuple(builder, Direction::kOriginal, flow.original, flow.protocol);
    // The original tuple of a flow whose zone holds for replies only is looked up in the default zone.
    if (flow.zone.id != 0 && flow.zone.direction != ZoneDirection::kReply)
        builder.put_be16(CTA_ZONE, flow.zone.id);
    builder.put_be32(CTA_ID, flow.id);
    builder.end_message();
}

void encode_insert(MessageBuilder& builder, const Flow& flow, std::uint32_t sequence) {
    begin_message(builder, IPCTNL_MSG_CT_NEW, NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL, sequence,
                  flow.family());
    put_tuple(builder, Direction::kOriginal, flow.original, flow.protocol);
    put_tuple(builder, Direction::kReply, flow.reply, flow.protocol);
    builder.put_be32(CTA_STATUS, flow.status);
    if (flow.timeout) builder.put_be32(CTA_TIMEOUT, static_cast<std::uint32_t>(flow.timeout->count()));
    if (flow.tcp_state) put_tcp_state(builder, *flow.tcp_state);
    builder.put_be32(CTA_MARK, flow.mark);
    if (flow.zone.id != 0) builder.put_be16(CTA_ZONE, flow.zone.id);
    builder.end_message();
}

void encode_get_table_size(MessageBuilder& builder) {
    begin_message(builder, IPCTNL_MSG_CT_GET_STATS, kAcknowledged, 0, std::nullopt);
    builder.end_message();
}

void encode_dump_cpu_stats(MessageBuilder& builder) {
    begin_message(builder, IPCTNL_MSG_CT_GET_STATS_CPU, kDump, 0, std::nullopt);
    builder.end_message();
}

}  // namespace fairlead::kernel::conntrack
