#include "support/conntrack_fixture.h"

#include <linux/netlink.h>
#include <netinet/in.h>

#include <algorithm>
#include <cerrno>
#include <string>

#include "kernel/conntrack/codec.h"
#include "kernel/netlink/kernel_error.h"
#include "kernel/netlink/socket.h"

namespace fairlead::test {

using kernel::conntrack::Flow;
using kernel::netlink::MessageBuilder;

namespace {

struct Endpoint {
    base::IpAddress address;
    std::uint16_t port = 0;
};

Endpoint endpoint(std::string_view text) {
    const auto colon = text.rfind(':');
    auto host = text.substr(0, colon);
    if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
    return {base::IpAddress::parse(host).value(),
            static_cast<std::uint16_t>(std::stoi(std::string(text.substr(colon + 1))))};
}

}  // namespace

Flow udp_flow(std::string_view source, std::string_view destination, std::string_view answering) {
    const auto client = endpoint(source);
    const auto frontend = endpoint(destination);
    const auto server = endpoint(answering);
    Flow flow;
    flow.protocol = IPPROTO_UDP;
    flow.original = {client.address, frontend.address, client.port, frontend.port, {}};
    flow.reply = {server.address, client.address, server.port, client.port, {}};
    flow.status = kernel::conntrack::status::kConfirmed;
    flow.timeout = std::chrono::seconds{100};
    return flow;
}

Flow with_protocol(Flow flow, std::uint8_t protocol) {
    flow.protocol = protocol;
    return flow;
}

int insert_into_kernel(std::span<const Flow> flows) {
    constexpr std::size_t kBatchFlows = 512;
    auto socket = kernel::netlink::Socket::open(NETLINK_NETFILTER).value();
    for (std::size_t at = 0; at < flows.size(); at += kBatchFlows) {
        MessageBuilder requests;
        for (const auto& flow : flows.subspan(at, std::min(kBatchFlows, flows.size() - at)))
            kernel::conntrack::encode_insert(requests, flow, 0);
        if (!socket.send(requests.bytes())) return EIO;
        // Only refusals are answered.
        const auto datagram = socket.receive();
        if (!datagram) return datagram.error().errno_value;
        kernel::netlink::Messages messages{*datagram};
        while (const auto message = messages.next())
            if (const auto error = parse_kernel_error(*message)) return error->errno_value;
    }
    return 0;
}

}  // namespace fairlead::test
