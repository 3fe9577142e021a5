#include <cstddef>
#include <cstdint>
#include <span>

#include "base/assert.h"
#include "kernel/rtnetlink/codec.h"

// Reads any datagram as links, addresses and routes; what was understood survives being encoded and read
// again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace fairlead::kernel;  // NOLINT(google-build-using-namespace)
    netlink::Messages messages{std::as_bytes(std::span{data, size})};
    while (const auto message = messages.next()) {
        rtnetlink::decode_link(*message);
        if (const auto address = rtnetlink::decode_address(*message)) {
            const auto bytes = rtnetlink::encode(rtnetlink::AddAddress{*address});
            FAIRLEAD_ASSERT(rtnetlink::decode_address(*netlink::Messages{bytes}.next()) == address);
        }
        if (const auto route = rtnetlink::decode_route(*message)) {
            const auto bytes = rtnetlink::encode(rtnetlink::AddRoute{*route});
            const auto again = rtnetlink::decode_route(*netlink::Messages{bytes}.next());
            FAIRLEAD_ASSERT(again && again->destination == route->destination);
        }
    }
    return 0;
}
