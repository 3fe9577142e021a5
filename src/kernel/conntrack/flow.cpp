#include "kernel/conntrack/flow.h"

#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <netinet/in.h>

#include <array>

namespace fairlead::kernel::conntrack {

namespace {

static_assert(status::kExpected == IPS_EXPECTED);
static_assert(status::kSeenReply == IPS_SEEN_REPLY);
static_assert(status::kAssured == IPS_ASSURED);
static_assert(status::kConfirmed == IPS_CONFIRMED);
static_assert(status::kSourceNat == IPS_SRC_NAT);
static_assert(status::kDestinationNat == IPS_DST_NAT);
static_assert(status::kDying == IPS_DYING);
static_assert(status::kOffload == IPS_OFFLOAD);
static_assert(static_cast<int>(TcpState::kSynSent2) == TCP_CONNTRACK_SYN_SENT2);

constexpr std::array<std::string_view, 10> kTcpStateNames = {
    "NONE",       "SYN_SENT", "SYN_RECV",  "ESTABLISHED", "FIN_WAIT",
    "CLOSE_WAIT", "LAST_ACK", "TIME_WAIT", "CLOSE",       "SYN_SENT2"};

std::string describe(const Tuple& tuple, std::uint8_t protocol) {
    if (has_ports(protocol))
        return base::format_endpoint(tuple.source, tuple.source_port) + " -> " +
               base::format_endpoint(tuple.destination, tuple.destination_port);
    std::string text = tuple.source.to_string() + " -> " + tuple.destination.to_string();
    if (tuple.icmp)
        text += " type " + std::to_string(tuple.icmp->type) + " code " + std::to_string(tuple.icmp->code) +
                " id " + std::to_string(tuple.icmp->id);
    return text;
}

}  // namespace

std::string_view name_of(TcpState state) {
    return kTcpStateNames.at(static_cast<std::size_t>(state));
}

std::string name_of_protocol(std::uint8_t protocol) {
    switch (protocol) {
        case IPPROTO_TCP:
            return "tcp";
        case IPPROTO_UDP:
            return "udp";
        case IPPROTO_SCTP:
            return "sctp";
        case IPPROTO_ICMP:
            return "icmp";
        case IPPROTO_ICMPV6:
            return "icmpv6";
        default:
            return "protocol " + std::to_string(protocol);
    }
}

bool has_ports(std::uint8_t protocol) {
    return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == IPPROTO_SCTP ||
           protocol == IPPROTO_UDPLITE || protocol == IPPROTO_DCCP || protocol == IPPROTO_GRE;
}

std::string describe(const Flow& flow) {
    std::string text = name_of_protocol(flow.protocol) + " " + describe(flow.original, flow.protocol) +
                       ", reply " + describe(flow.reply, flow.protocol);
    if (flow.zone.id != 0) text += ", zone " + std::to_string(flow.zone.id);
    return text;
}

}  // namespace fairlead::kernel::conntrack
