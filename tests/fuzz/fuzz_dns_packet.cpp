#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/assert.h"
#include "lab/dns_packet.h"

// Reads any bytes as a packet; what was understood has a port of DNS, and is the same with more payload and
// with less, or cut off within its headers.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace fairlead::lab;  // NOLINT(google-build-using-namespace)
    const auto packet = std::as_bytes(std::span{data, size});
    const auto decoded = decode_dns_packet(packet);
    if (!decoded) return 0;
    FAIRLEAD_ASSERT(decoded->source.port == DnsPacket::kPort || decoded->is_query());
    std::vector<std::byte> longer(packet.begin(), packet.end());
    longer.push_back(std::byte{1});
    FAIRLEAD_ASSERT(decode_dns_packet(longer) == decoded);
    const auto shorter = decode_dns_packet(packet.first(size - 1));
    FAIRLEAD_ASSERT(!shorter || shorter == decoded);
    return 0;
}
