#include <cstddef>
#include <cstdint>
#include <span>

#include "kernel/netlink/kernel_error.h"
#include "kernel/nftables/message_codec.h"

/// Any datagram through every decoder of netlink and nftables.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace fairlead::kernel;  // NOLINT(google-build-using-namespace)
    netlink::Messages messages{std::as_bytes(std::span{data, size})};
    std::vector<nftables::RawElement> elements;
    while (const auto message = messages.next()) {
        static_cast<void>(netlink::parse_kernel_error(*message));
        static_cast<void>(nftables::decode_table(*message));
        static_cast<void>(nftables::decode_generation(*message));
        const auto table = nftables::table_name_of(*message);
        static_cast<void>(nftables::decode_chain(*message, table));
        static_cast<void>(nftables::decode_rule(*message, table));
        static_cast<void>(nftables::decode_set(*message, table));
        for (auto& element : nftables::decode_elements(*message))
            elements.push_back(std::move(element));
    }
    static_cast<void>(nftables::join_intervals(std::move(elements)));
    return 0;
}
