#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/address.h"

namespace fairlead::kernel::conntrack {

/// What an ICMP or ICMPv6 query has in place of ports.
struct IcmpQuery {
    std::uint16_t id = 0;
    std::uint8_t type = 0;
    std::uint8_t code = 0;

    friend auto operator<=>(const IcmpQuery&, const IcmpQuery&) = default;
};

/// The addresses of a flow's packets in one direction.
struct Tuple {
    base::IpAddress source;
    base::IpAddress destination;
    std::uint16_t source_port = 0;  ///< 0 where the protocol has no ports
    std::uint16_t destination_port = 0;
    std::optional<IcmpQuery> icmp;

    friend auto operator<=>(const Tuple&, const Tuple&) = default;
};

/// Which directions of a flow are kept apart from equal tuples of other zones.
enum class ZoneDirection : std::uint8_t { kBoth, kOriginal, kReply };

/// A conntrack zone; 0 is the default one.
struct Zone {
    std::uint16_t id = 0;
    ZoneDirection direction = ZoneDirection::kBoth;

    friend auto operator<=>(const Zone&, const Zone&) = default;
};

/// States of a TCP flow; values are TCP_CONNTRACK_* (linux/netfilter/nf_conntrack_tcp.h).
enum class TcpState : std::uint8_t {
    kNone,
    kSynSent,
    kSynReceived,
    kEstablished,
    kFinWait,
    kCloseWait,
    kLastAck,
    kTimeWait,
    kClose,
    kSynSent2,  ///< both sides sent a SYN
};

/// As conntrack(8) spells it: "SYN_SENT".
std::string_view name_of(TcpState state);

/// Traffic in one direction, since the flow began.
struct FlowCounters {
    std::uint64_t packets = 0;
    std::uint64_t bytes = 0;

    friend auto operator<=>(const FlowCounters&, const FlowCounters&) = default;
};

/// Bits of Flow::status; values are IPS_* (linux/netfilter/nf_conntrack_common.h).
namespace status {
inline constexpr std::uint32_t kExpected = 1U << 0U;
inline constexpr std::uint32_t kSeenReply = 1U << 1U;
/// Not the first to go when the table is full.
inline constexpr std::uint32_t kAssured = 1U << 2U;
inline constexpr std::uint32_t kConfirmed = 1U << 3U;
inline constexpr std::uint32_t kSourceNat = 1U << 4U;
inline constexpr std::uint32_t kDestinationNat = 1U << 5U;
inline constexpr std::uint32_t kDying = 1U << 9U;
inline constexpr std::uint32_t kOffload = 1U << 14U;
}  // namespace status

/// One entry of the connection tracking table.
struct Flow {
    std::uint8_t protocol = 0;  ///< IPPROTO_*
    Tuple original;
    Tuple reply;
    std::uint32_t status = 0;                     ///< status::k*
    std::optional<std::chrono::seconds> timeout;  ///< until it expires; absent while it is offloaded
    std::optional<TcpState> tcp_state;            ///< TCP only; absent while it is offloaded
    std::uint32_t mark = 0;
    Zone zone;
    // Absent unless net.netfilter.nf_conntrack_acct was on when the flow began.
    std::optional<FlowCounters> original_counters;
    std::optional<FlowCounters> reply_counters;
    /// Tells it from most other flows. The kernel makes it from the tuple and the entry's place in memory: a
    /// later flow with the same tuple may get that place, and with it the id.
    std::uint32_t id = 0;

    [[nodiscard]] base::Family family() const { return original.source.family(); }

    friend auto operator<=>(const Flow&, const Flow&) = default;
};

/// "tcp", "icmpv6", "protocol 253".
std::string name_of_protocol(std::uint8_t protocol);

/// True for protocols whose tuples have ports in conntrack's eyes (for GRE they are keys).
bool has_ports(std::uint8_t protocol);

/// "udp 10.0.0.1:1000 -> 10.96.0.10:53, reply 10.1.0.5:53 -> 10.0.0.1:1000", for log lines and errors.
std::string describe(const Flow& flow);

}  // namespace fairlead::kernel::conntrack
