#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/result.h"
#include "kube/objects.h"

namespace fairlead::lab {

/// Where an agent answers /readyz (its default).
constexpr std::uint16_t kAgentHealthPort = 10256;

/// What distinguishes one lab from another: 1 to 16 of a-z and 0-9. No hyphen, so that no lab's namespaces
/// begin like another's.
base::Result<std::string> parse_lab_name(std::string_view text);

/// The default of --name.
inline constexpr std::string_view kDefaultName = "lab";

/// Where labs keep what must be found again after a crash.
inline constexpr std::string_view kStateRoot = "/run/fairlead-lab";

/// An IPv4 and an IPv6 address of one device.
struct AddressPair {
    base::IpAddress ipv4;
    base::IpAddress ipv6;
};

/// A range of each family.
struct PrefixPair {
    base::Prefix ipv4;
    base::Prefix ipv6;
};

// The addresses of every lab. They may be the same in all of them, for nothing of them is seen outside the
// namespaces.
PrefixPair pod_range();
PrefixPair service_range();
/// The network that nodes and client share.
PrefixPair node_network();

/// Nodes are numbered from 1; at most this many.
inline constexpr unsigned kMostNodes = 200;
/// Host numbers of pods in their node's range: 1 is the gateway.
inline constexpr unsigned kFirstPodHost = 2;
inline constexpr unsigned kLastPodHost = 254;

AddressPair switch_address();
AddressPair client_address();
AddressPair node_address(unsigned node);
/// The pods of a node: 10.64.K.0/24 and fd00:10:64:K::/64.
PrefixPair pod_range_of(unsigned node);
AddressPair pod_gateway(unsigned node);
AddressPair pod_address(unsigned node, unsigned host);

/// Machines of every lab beside its nodes.
inline constexpr const char* kSwitchName = "switch";
inline constexpr const char* kClientName = "client";

/// "fl-NAME-", which every namespace of a lab begins with.
std::string namespace_prefix(std::string_view lab);
/// Of a node, "client" or "switch".
std::string machine_namespace(std::string_view lab, std::string_view machine);
/// Of a pod; no machine's name can be the same, for Kubernetes names have no underscore.
std::string pod_namespace(std::string_view lab, const kube::ObjectKey& pod);

}  // namespace fairlead::lab
