#include <cstddef>
#include <cstdint>
#include <iterator>

#include "base/assert.h"
#include "kernel/nftables/message_codec.h"

/// Answers to NFT_MSG_GETSETELEM, of hash sets and of interval sets.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace fairlead::kernel;
    netlink::Messages messages{std::as_bytes(std::span{data, size})};
    std::vector<nftables::RawElement> elements;
    while (const auto message = messages.next()) {
        auto decoded = nftables::decode_elements(*message);
        std::move(decoded.begin(), decoded.end(), std::back_inserter(elements));
    }
    const auto count = elements.size();
    const auto ranges = nftables::join_intervals(std::move(elements));
    FAIRLEAD_ASSERT(ranges.size() <= count);
    for (const auto& range : ranges)
        FAIRLEAD_ASSERT(!range.element.key.empty() && !range.element.key_end.empty());
    return 0;
}
