#include "dns/engine_counts.h"

#include <chrono>

#include "dns/wire.h"

namespace fairlead::dns {

std::string_view name_of(ReplySource source) {
    constexpr std::array<std::string_view, kReplySources> kNames{"server",   "hosts", "zone",
                                                                 "collapse", "cache", "upstream"};
    return kNames.at(static_cast<std::size_t>(source));
}

void EngineCounts::count_response(ReplySource source, Bytes reply, base::Duration took) {
    const std::uint16_t flags = get_u16(reply, 2);
    const std::size_t code = flags & kCodeMask;
    ++responses.at(static_cast<std::size_t>(source))[code];
    if ((flags & kTruncatedFlag) != 0) ++truncated;
    response_bytes.add(kSizeBounds, static_cast<double>(reply.size()));
    duration_s.add(kDurationBounds, std::chrono::duration<double>(took).count());
}

}  // namespace fairlead::dns
