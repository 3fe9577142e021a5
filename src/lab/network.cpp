#include "lab/network.h"

#include <algorithm>

#include "kernel/netns/namespaces.h"
#include "kernel/rtnetlink/rtnetlink.h"

namespace fairlead::lab {

namespace {

namespace netns = kernel::netns;
using base::IpAddress;
using base::Result;
using kernel::rtnetlink::AddAddress;
using kernel::rtnetlink::AddBridge;
using kernel::rtnetlink::AddRoute;
using kernel::rtnetlink::AddVeth;
using kernel::rtnetlink::Route;
using kernel::rtnetlink::RouteKind;
using kernel::rtnetlink::RtNetlink;
using kernel::rtnetlink::SetLink;

base::Prefix whole(const IpAddress& address) {
    return {address, static_cast<unsigned>(base::address_size_bytes(address.family())) * 8};
}

/// One namespace and its rtnetlink.
struct Machine {
    netns::Namespace space;
    RtNetlink rtnetlink;

    static Result<Machine> open(const std::string& name) {
        FAIRLEAD_TRY(auto space, netns::Namespace::open(name));
        FAIRLEAD_TRY(auto rtnetlink, netns::run_in(space, [] { return RtNetlink::open(); }));
        return Machine{std::move(space), std::move(rtnetlink)};
    }

    Result<std::uint32_t> bring_up(const std::string& name) {
        FAIRLEAD_TRY(const auto link, rtnetlink.link(name));
        SetLink set;
        set.index = link.index;
        set.up = true;
        FAIRLEAD_CHECK(rtnetlink.apply(set));
        return link.index;
    }

    Result<void> add_address(std::uint32_t index, const IpAddress& address, unsigned prefix_length) {
        const bool ipv6 = address.family() == base::Family::kIpv6;
        return rtnetlink.apply(AddAddress{{index, address, prefix_length, ipv6}});
    }

    Result<void> add_route(const base::Prefix& destination, std::optional<IpAddress> gateway,
                           std::uint32_t index) {
        return rtnetlink.apply(AddRoute{Route{destination, gateway, index, RouteKind::kUnicast, false}});
    }

    Result<void> add_default_routes(const AddressPair& gateway, std::uint32_t index) {
        const IpAddress any_ipv6{std::vector<std::byte>(16)};
        FAIRLEAD_CHECK(add_route(base::Prefix{IpAddress{}, 0}, gateway.ipv4, index));
        return add_route(base::Prefix{any_ipv6, 0}, gateway.ipv6, index);
    }
};

/// Settings of a new namespace. Addresses are usable at once: nobody else is there who might have them.
Result<void> configure(bool forwards) {
    FAIRLEAD_CHECK(netns::set_sysctl("net/ipv6/conf/default/accept_dad", "0"));
    FAIRLEAD_CHECK(netns::set_sysctl("net/ipv6/conf/all/accept_dad", "0"));
    if (!forwards) return {};
    FAIRLEAD_CHECK(netns::set_sysctl("net/ipv4/ip_forward", "1"));
    return netns::set_sysctl("net/ipv6/conf/all/forwarding", "1");
}

Result<Machine> make_machine(const std::string& name, bool forwards) {
    FAIRLEAD_CHECK(netns::create(name));
    FAIRLEAD_CHECK(netns::run_in(name, [forwards] { return configure(forwards); }));
    FAIRLEAD_TRY(auto machine, Machine::open(name));
    FAIRLEAD_TRY(const auto loopback, machine.bring_up("lo"));
    if (loopback == 0) return base::fail(base::ErrorCode::kInternal, name + ": loopback has no index");
    return machine;
}

/// The device of a pod on its node: names have room for 15 characters, so the address names it.
std::string pod_device(const kube::Pod& pod) {
    const auto bytes = pod.pod_ips.front().bytes();
    return "pod" + std::to_string(std::to_integer<int>(bytes.back()));
}

/// The node's end of a pod's cable: the gateway, and a route to the pod.
Result<void> connect_host(Machine& host, std::uint32_t index, const kube::Pod& pod,
                          const AddressPair& gateway) {
    FAIRLEAD_CHECK(host.add_address(index, gateway.ipv4, whole(gateway.ipv4).length()));
    FAIRLEAD_CHECK(host.add_address(index, gateway.ipv6, whole(gateway.ipv6).length()));
    for (const auto& address : pod.pod_ips)
        FAIRLEAD_CHECK(host.add_route(whole(address), std::nullopt, index));
    return {};
}

/// The pod's end. As with the CNI plugin "ptp" it sees its gateway and nothing else on the wire.
Result<void> connect_pod(Machine& self, std::uint32_t index, const kube::Pod& pod,
                         const AddressPair& gateway) {
    for (const auto& address : pod.pod_ips)
        FAIRLEAD_CHECK(self.add_address(index, address, whole(address).length()));
    FAIRLEAD_CHECK(self.add_route(whole(gateway.ipv4), std::nullopt, index));
    FAIRLEAD_CHECK(self.add_route(whole(gateway.ipv6), std::nullopt, index));
    return self.add_default_routes(gateway, index);
}

}  // namespace

Result<void> Network::build(const std::vector<std::string>& node_names) {
    node_names_ = node_names;
    FAIRLEAD_TRY(auto hub, make_machine(machine_namespace(lab_, kSwitchName), false));
    FAIRLEAD_CHECK(hub.rtnetlink.apply(AddBridge{"br0"}));
    FAIRLEAD_TRY(const auto bridge, hub.bring_up("br0"));
    FAIRLEAD_CHECK(hub.add_address(bridge, switch_address().ipv4, node_network().ipv4.length()));
    FAIRLEAD_CHECK(hub.add_address(bridge, switch_address().ipv6, node_network().ipv6.length()));
    FAIRLEAD_CHECK(attach(kClientName, client_address(), kClientName));
    for (std::size_t i = 0; i < node_names.size(); ++i) {
        const auto number = static_cast<unsigned>(i) + 1;
        FAIRLEAD_CHECK(attach(node_names[i], node_address(number), "node" + std::to_string(number)));
        FAIRLEAD_CHECK(add_routes(node_names[i], number, node_names.size()));
    }
    return add_routes(kClientName, 0, node_names.size());
}

Result<void> Network::attach(const std::string& machine, const AddressPair& address,
                             const std::string& port_name) {
    const bool forwards = machine != kClientName;
    FAIRLEAD_TRY(auto self, make_machine(machine_namespace(lab_, machine), forwards));
    FAIRLEAD_TRY(auto hub, Machine::open(machine_namespace(lab_, kSwitchName)));
    FAIRLEAD_CHECK(self.rtnetlink.apply(AddVeth{"eth0", port_name, hub.space.fd()}));
    FAIRLEAD_TRY(const auto bridge, hub.rtnetlink.link("br0"));
    FAIRLEAD_TRY(const auto port, hub.bring_up(port_name));
    SetLink join;
    join.index = port;
    join.master_index = bridge.index;
    FAIRLEAD_CHECK(hub.rtnetlink.apply(join));
    FAIRLEAD_TRY(const auto index, self.bring_up("eth0"));
    FAIRLEAD_CHECK(self.add_address(index, address.ipv4, node_network().ipv4.length()));
    FAIRLEAD_CHECK(self.add_address(index, address.ipv6, node_network().ipv6.length()));
    return self.add_default_routes(switch_address(), index);
}

Result<void> Network::add_routes(const std::string& machine, unsigned own_number, std::size_t node_count) {
    FAIRLEAD_TRY(auto self, Machine::open(machine_namespace(lab_, machine)));
    FAIRLEAD_TRY(const auto device, self.rtnetlink.link("eth0"));
    const auto add = [&](const PrefixPair& range, const AddressPair& gateway) -> Result<void> {
        FAIRLEAD_CHECK(self.add_route(range.ipv4, gateway.ipv4, device.index));
        return self.add_route(range.ipv6, gateway.ipv6, device.index);
    };
    for (unsigned number = 1; number <= node_count; ++number)
        if (number != own_number) FAIRLEAD_CHECK(add(pod_range_of(number), node_address(number)));
    return own_number == 0 ? add(service_range(), node_address(1)) : Result<void>{};
}

std::string Network::namespace_of(const kube::Pod& pod) const {
    return pod.host_network ? machine_namespace(lab_, pod.node_name) : pod_namespace(lab_, pod.key);
}

Result<void> Network::add_pod(const kube::Pod& pod, unsigned node) {
    if (pod.host_network) return {};
    FAIRLEAD_TRY(auto self, make_machine(namespace_of(pod), false));
    FAIRLEAD_TRY(auto host, Machine::open(machine_namespace(lab_, pod.node_name)));
    const auto device = pod_device(pod);
    FAIRLEAD_CHECK(self.rtnetlink.apply(AddVeth{"eth0", device, host.space.fd()}));
    FAIRLEAD_TRY(const auto host_index, host.bring_up(device));
    FAIRLEAD_TRY(const auto index, self.bring_up("eth0"));
    FAIRLEAD_CHECK(connect_host(host, host_index, pod, pod_gateway(node)));
    return connect_pod(self, index, pod, pod_gateway(node));
}

Result<void> Network::remove_pod(const kube::Pod& pod) {
    if (pod.host_network) return {};
    // The kernel takes a namespace apart some time after its last process ended; the node must forget the
    // pod's address now.
    FAIRLEAD_TRY(auto host, Machine::open(machine_namespace(lab_, pod.node_name)));
    FAIRLEAD_TRY(const auto device, host.rtnetlink.link(pod_device(pod)));
    FAIRLEAD_CHECK(host.rtnetlink.apply(kernel::rtnetlink::DeleteLink{device.index}));
    return netns::remove(namespace_of(pod));
}

}  // namespace fairlead::lab
