#include <arpa/inet.h>
#include <linux/netlink.h>

#include <cstring>

#include "kernel/conntrack/codec.h"
#include "kernel/conntrack/wire.h"

namespace fairlead::kernel::conntrack {

namespace {

using base::Family;
using base::IpAddress;
using netlink::Attribute;
using netlink::Attributes;
using netlink::Message;

std::optional<nfgenmsg> header_of(const Message& message) {
    nfgenmsg header{};
    if (message.payload.size() < sizeof header) return std::nullopt;
    std::memcpy(&header, message.payload.data(), sizeof header);
    return header;
}

std::optional<Family> family_of(const nfgenmsg& header) {
    if (header.nfgen_family == NFPROTO_IPV4) return Family::kIpv4;
    if (header.nfgen_family == NFPROTO_IPV6) return Family::kIpv6;
    return std::nullopt;
}

std::optional<IpAddress> address_of(const std::optional<Attribute>& attribute, Family family) {
    if (!attribute || attribute->payload.size() != base::address_size_bytes(family)) return std::nullopt;
    return IpAddress{attribute->payload};
}

/// All that a CTA_TUPLE_ORIG or CTA_TUPLE_REPLY says.
struct WireTuple {
    Tuple tuple;
    std::uint8_t protocol = 0;
    std::optional<std::uint16_t> zone;
};

std::optional<IcmpQuery> decode_icmp(const Attributes& transport, const FamilyAttributes& numbers) {
    const auto type = transport.u8(numbers.icmp_type);
    if (!type) return std::nullopt;
    return IcmpQuery{transport.be16(numbers.icmp_id).value_or(0), *type,
                     transport.u8(numbers.icmp_code).value_or(0)};
}

std::optional<WireTuple> decode_tuple(const Attribute& attribute, Family family) {
    const Attributes attributes{attribute.payload};
    const auto addresses = attributes.nested(CTA_TUPLE_IP);
    const auto transport = attributes.nested(CTA_TUPLE_PROTO);
    const auto numbers = attributes_of(family);
    const auto source = address_of(addresses.find(numbers.source), family);
    const auto destination = address_of(addresses.find(numbers.destination), family);
    const auto protocol = transport.u8(CTA_PROTO_NUM);
    if (!source || !destination || !protocol) return std::nullopt;
    WireTuple decoded;
    decoded.tuple.source = *source;
    decoded.tuple.destination = *destination;
    decoded.protocol = *protocol;
    if (has_ports(*protocol)) {
        decoded.tuple.source_port = transport.be16(CTA_PROTO_SRC_PORT).value_or(0);
        decoded.tuple.destination_port = transport.be16(CTA_PROTO_DST_PORT).value_or(0);
    } else {
        decoded.tuple.icmp = decode_icmp(transport, numbers);
    }
    decoded.zone = attributes.be16(CTA_TUPLE_ZONE);
    return decoded;
}

std::optional<TcpState> decode_tcp_state(const Attribute& protocol_information) {
    const auto state =
        Attributes{protocol_information.payload}.nested(CTA_PROTOINFO_TCP).u8(CTA_PROTOINFO_TCP_STATE);
    if (!state || *state > static_cast<std::uint8_t>(TcpState::kSynSent2)) return std::nullopt;
    return static_cast<TcpState>(*state);
}

std::optional<FlowCounters> decode_counters(const Attribute& attribute) {
    const Attributes counters{attribute.payload};
    const auto packets = counters.be64(CTA_COUNTERS_PACKETS);
    const auto bytes = counters.be64(CTA_COUNTERS_BYTES);
    if (!packets || !bytes) return std::nullopt;
    return FlowCounters{*packets, *bytes};
}

std::optional<std::chrono::seconds> decode_timeout(const Attribute& attribute) {
    const auto seconds = attribute.be32();
    return seconds ? std::optional{std::chrono::seconds{*seconds}} : std::nullopt;
}

/// What stands beside the tuples.
void take(Flow& flow, const Attribute& attribute) {
    switch (attribute.type) {
        case CTA_STATUS:
            flow.status = attribute.be32().value_or(0);
            break;
        case CTA_TIMEOUT:
            flow.timeout = decode_timeout(attribute);
            break;
        case CTA_PROTOINFO:
            flow.tcp_state = decode_tcp_state(attribute);
            break;
        case CTA_MARK:
            flow.mark = attribute.be32().value_or(0);
            break;
        case CTA_ZONE:
            flow.zone = {attribute.be16().value_or(0), ZoneDirection::kBoth};
            break;
        case CTA_COUNTERS_ORIG:
            flow.original_counters = decode_counters(attribute);
            break;
        case CTA_COUNTERS_REPLY:
            flow.reply_counters = decode_counters(attribute);
            break;
        case CTA_ID:
            flow.id = attribute.be32().value_or(0);
            break;
        default:
            break;
    }
}

}  // namespace

std::optional<Flow> decode_flow(const Message& message) {
    if (message.type != message_type(IPCTNL_MSG_CT_NEW) && message.type != message_type(IPCTNL_MSG_CT_DELETE))
        return std::nullopt;
    const auto header = header_of(message);
    const auto family = header ? family_of(*header) : std::nullopt;
    if (!family) return std::nullopt;

    Flow flow;
    std::optional<WireTuple> original;
    std::optional<WireTuple> reply;
    auto attributes = message.attributes(sizeof *header);
    while (const auto attribute = attributes.next()) {
        if (attribute->type == CTA_TUPLE_ORIG)
            original = decode_tuple(*attribute, *family);
        else if (attribute->type == CTA_TUPLE_REPLY)
            reply = decode_tuple(*attribute, *family);
        else
            take(flow, *attribute);
    }
    if (!original || !reply || original->protocol != reply->protocol) return std::nullopt;
    flow.protocol = original->protocol;
    flow.original = original->tuple;
    flow.reply = reply->tuple;
    if (original->zone) flow.zone = {*original->zone, ZoneDirection::kOriginal};
    if (reply->zone) flow.zone = {*reply->zone, ZoneDirection::kReply};
    return flow;
}

std::optional<FlowEvent> decode_flow_event(const Message& message) {
    auto flow = decode_flow(message);
    if (!flow) return std::nullopt;
    // The kernel tells news from updates by these flags alone.
    const bool is_new = (message.flags & (NLM_F_CREATE | NLM_F_EXCL)) != 0;
    const auto kind = message.type == message_type(IPCTNL_MSG_CT_DELETE) ? FlowEventKind::kDestroy
                      : is_new                                           ? FlowEventKind::kNew
                                                                         : FlowEventKind::kUpdate;
    return FlowEvent{kind, *std::move(flow)};
}

std::optional<TableSize> decode_table_size(const Message& message) {
    if (message.type != message_type(IPCTNL_MSG_CT_GET_STATS)) return std::nullopt;
    const auto attributes = message.attributes(sizeof(nfgenmsg));
    const auto count = attributes.be32(CTA_STATS_GLOBAL_ENTRIES);
    if (!count) return std::nullopt;
    return TableSize{*count, attributes.be32(CTA_STATS_GLOBAL_MAX_ENTRIES)};
}

std::optional<CpuStats> decode_cpu_stats(const Message& message) {
    if (message.type != message_type(IPCTNL_MSG_CT_GET_STATS_CPU)) return std::nullopt;
    const auto header = header_of(message);
    if (!header) return std::nullopt;
    const auto attributes = message.attributes(sizeof *header);
    CpuStats stats;
    stats.cpu = ntohs(header->res_id);
    stats.found = attributes.be32(CTA_STATS_FOUND);
    stats.invalid = attributes.be32(CTA_STATS_INVALID);
    stats.insert = attributes.be32(CTA_STATS_INSERT);
    stats.insert_failed = attributes.be32(CTA_STATS_INSERT_FAILED);
    stats.drop = attributes.be32(CTA_STATS_DROP);
    stats.early_drop = attributes.be32(CTA_STATS_EARLY_DROP);
    stats.error = attributes.be32(CTA_STATS_ERROR);
    stats.search_restart = attributes.be32(CTA_STATS_SEARCH_RESTART);
    stats.clash_resolve = attributes.be32(CTA_STATS_CLASH_RESOLVE);
    stats.chain_too_long = attributes.be32(CTA_STATS_CHAIN_TOOLONG);
    return stats;
}

}  // namespace fairlead::kernel::conntrack
