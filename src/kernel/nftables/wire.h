#pragma once

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/address.h"
#include "kernel/netlink/attributes.h"

// Numbers that encoders and decoders share. Only for .cpp files: the kernel's headers stay out of ours.
namespace fairlead::kernel::nftables {

/// nlmsg_type of an NFT_MSG_*.
constexpr std::uint16_t message_type(int nft_message) {
    return static_cast<std::uint16_t>((NFNL_SUBSYS_NFTABLES << 8U) | static_cast<unsigned>(nft_message));
}

constexpr std::uint8_t protocol_family(base::Family family) {
    return family == base::Family::kIpv4 ? NFPROTO_IPV4 : NFPROTO_IPV6;
}

/// The attributes after the message's nfgenmsg.
inline netlink::Attributes attributes_of(const netlink::Message& message) {
    return message.attributes(sizeof(nfgenmsg));
}

/// The attributes of a message of kind `nft_message` about `table`.
inline std::optional<netlink::Attributes> attributes_if(const netlink::Message& message, int nft_message,
                                                        std::uint16_t table_attribute,
                                                        std::string_view table) {
    if (message.type != message_type(nft_message)) return std::nullopt;
    const auto attributes = attributes_of(message);
    if (attributes.text(table_attribute) != table) return std::nullopt;
    return attributes;
}

/// ICMP_PORT_UNREACH (linux/icmp.h) or ICMPV6_PORT_UNREACH (linux/icmpv6.h).
constexpr std::uint8_t port_unreachable_code(base::Family family) {
    return family == base::Family::kIpv4 ? 3 : 4;
}

}  // namespace fairlead::kernel::nftables
