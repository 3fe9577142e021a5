#include "dns/engine_packets.h"

namespace fairlead::dns {

std::string_view name_of(ClientTransport transport) {
    return transport == ClientTransport::kUdp ? "udp" : "tcp";
}

}  // namespace fairlead::dns
