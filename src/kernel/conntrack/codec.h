#pragma once

#include <cstdint>
#include <optional>

#include "kernel/conntrack/cpu_stats.h"
#include "kernel/conntrack/flow.h"
#include "kernel/conntrack/flow_event.h"
#include "kernel/conntrack/flow_filter.h"
#include "kernel/netlink/attributes.h"
#include "kernel/netlink/message.h"

namespace fairlead::kernel::conntrack {

/// A request for all flows that match `filter`, and maybe for others: the kernel gets those parts of the
/// filter that it is known to take right. `family`: family_of(filter).
void encode_dump(netlink::MessageBuilder& builder, const FlowFilter& filter,
                 std::optional<base::Family> family);

/// A request to delete one flow, by its original tuple, zone and id. Never without the tuple: that would
/// delete everything.
void encode_delete(netlink::MessageBuilder& builder, const Flow& flow, std::uint32_t sequence);

/// A request to make a flow, with NLM_F_EXCL: EEXIST if one of its tuples is taken. What the kernel alone
/// knows (id, counters) is left out, and so are zones of one direction. Answered only if it is refused.
void encode_insert(netlink::MessageBuilder& builder, const Flow& flow, std::uint32_t sequence);

/// Requests for what decode_table_size and decode_cpu_stats read.
void encode_get_table_size(netlink::MessageBuilder& builder);
void encode_dump_cpu_stats(netlink::MessageBuilder& builder);

enum class Direction : std::uint8_t { kOriginal, kReply };

/// CTA_TUPLE_ORIG or CTA_TUPLE_REPLY, without a zone.
void put_tuple(netlink::MessageBuilder& builder, Direction direction, const Tuple& tuple,
               std::uint8_t protocol);

/// From IPCTNL_MSG_CT_NEW or, as events have it, IPCTNL_MSG_CT_DELETE; nullopt if the message is another or
/// lacks one of the tuples, or if they are of two protocols.
std::optional<Flow> decode_flow(const netlink::Message& message);
/// From a message of the groups NFNLGRP_CONNTRACK_*; nullopt as with decode_flow.
std::optional<FlowEvent> decode_flow_event(const netlink::Message& message);

/// How full the table is.
struct TableSize {
    std::uint32_t count = 0;
    std::optional<std::uint32_t> max;
};
/// From IPCTNL_MSG_CT_GET_STATS.
std::optional<TableSize> decode_table_size(const netlink::Message& message);
/// From IPCTNL_MSG_CT_GET_STATS_CPU.
std::optional<CpuStats> decode_cpu_stats(const netlink::Message& message);

}  // namespace fairlead::kernel::conntrack
