#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "dns/dns_config.h"

namespace fairlead::dns {

/// One question to one upstream and whatever comes back to it.
enum class ExchangeId : std::uint64_t {};

/// A message to send. Over UDP from a socket of its own with a fresh random port, connected to the upstream,
/// so that only replies from there come in. Over TCP and TLS connections may be shared: of the exchanges that
/// are open with an upstream over these, no two have the same message id.
struct OutgoingQuery {
    ExchangeId exchange{};
    std::size_t upstream = 0;  ///< index into Forwarder::upstreams_of()
    UpstreamTransport transport = UpstreamTransport::kUdp;
    std::vector<std::uint8_t> bytes;
};

}  // namespace fairlead::dns
