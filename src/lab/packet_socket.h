#pragma once

#include <string_view>

#include "base/result.h"
#include "net/descriptor.h"

namespace fairlead::lab {

/// A non-blocking AF_PACKET socket (packet(7)) that sees every packet, IP header first, that passes the
/// device "eth0" of a network namespace. The kernel keeps some thousands until they are read.
base::Result<net::Descriptor> open_packet_socket(std::string_view netns);

}  // namespace fairlead::lab
