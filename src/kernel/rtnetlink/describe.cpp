#include "kernel/rtnetlink/codec.h"

namespace fairlead::kernel::rtnetlink {

namespace {

std::string text_of(const LinkAddress& address) {
    return "address " + address.address.to_string() + "/" + std::to_string(address.prefix_length);
}

std::string text_of(const Route& route) {
    std::string text = "route to " + route.destination.to_string();
    if (route.gateway) text += " via " + route.gateway->to_string();
    if (route.link_index != 0) text += " on link " + std::to_string(route.link_index);
    if (route.source) text += " from " + route.source->to_string();
    return text;
}

struct Describer {
    std::string operator()(const AddVeth& veth) const {
        return "add veth pair " + veth.name + " and " + veth.peer_name;
    }
    std::string operator()(const AddBridge& bridge) const { return "add bridge " + bridge.name; }
    std::string operator()(const SetLink& set) const { return "change link " + std::to_string(set.index); }
    std::string operator()(const DeleteLink& link) const {
        return "delete link " + std::to_string(link.index);
    }
    std::string operator()(const AddAddress& add) const {
        return "add " + text_of(add.address) + " to link " + std::to_string(add.address.link_index);
    }
    std::string operator()(const DeleteAddress& remove) const {
        return "delete " + text_of(remove.address) + " of link " + std::to_string(remove.address.link_index);
    }
    std::string operator()(const AddRoute& add) const { return "add " + text_of(add.route); }
    std::string operator()(const DeleteRoute& remove) const { return "delete " + text_of(remove.route); }
};

}  // namespace

std::string describe(const Request& request) {
    return std::visit(Describer{}, request);
}

}  // namespace fairlead::kernel::rtnetlink
