#include <cstddef>
#include <cstdint>
#include <span>

#include "base/assert.h"
#include "lab/segment_trace.h"

// Reads any packet as a TCP segment; one that was understood can be shown, and is the same when it is encoded
// and read again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace fairlead::lab;  // NOLINT(google-build-using-namespace)
    using namespace fairlead::net;  // NOLINT(google-build-using-namespace)
    constexpr std::uint32_t kMostPayloadBytes = 1000;
    auto segment = decode_segment(std::as_bytes(std::span{data, size}));
    if (!segment) return 0;
    const TracedConnection connection{segment->destination, segment->source, segment->source.address};
    for (const bool sent : {false, true})
        FAIRLEAD_ASSERT(!render_trace({{sent, 0, *segment}}, connection, 1, Style{}).empty());
    if (segment->payload_bytes > kMostPayloadBytes) return 0;
    FAIRLEAD_ASSERT(decode_segment(encode_segment(*segment)) == segment);
    return 0;
}
