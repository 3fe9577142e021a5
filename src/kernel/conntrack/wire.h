#pragma once

#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>

#include <cstdint>

#include "base/address.h"

// Numbers that encoders and decoders share. Only for .cpp files: the kernel's headers stay out of ours.
namespace fairlead::kernel::conntrack {

/// nlmsg_type of an IPCTNL_MSG_CT_*.
constexpr std::uint16_t message_type(int ctnetlink_message) {
    return static_cast<std::uint16_t>((NFNL_SUBSYS_CTNETLINK << 8U) |
                                      static_cast<unsigned>(ctnetlink_message));
}

/// CTA_IP_* and CTA_PROTO_ICMP* of a family.
struct FamilyAttributes {
    std::uint16_t source;
    std::uint16_t destination;
    std::uint16_t icmp_id;
    std::uint16_t icmp_type;
    std::uint16_t icmp_code;
};

constexpr FamilyAttributes attributes_of(base::Family family) {
    if (family == base::Family::kIpv4)
        return {CTA_IP_V4_SRC, CTA_IP_V4_DST, CTA_PROTO_ICMP_ID, CTA_PROTO_ICMP_TYPE, CTA_PROTO_ICMP_CODE};
    return {CTA_IP_V6_SRC, CTA_IP_V6_DST, CTA_PROTO_ICMPV6_ID, CTA_PROTO_ICMPV6_TYPE, CTA_PROTO_ICMPV6_CODE};
}

}  // namespace fairlead::kernel::conntrack
