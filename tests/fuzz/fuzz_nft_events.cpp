#include <cstddef>
#include <cstdint>

#include "kernel/nftables/message_codec.h"
#include "kernel/nftables/user_data.h"

/// Events of NFNLGRP_NFTABLES, and user data of any length.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace fairlead::kernel;
    const auto bytes = std::as_bytes(std::span{data, size});
    netlink::Messages messages{bytes};
    while (const auto message = messages.next()) {
        (void)nftables::table_name_of(*message);
        (void)nftables::decode_generation(*message);
    }
    for (const std::uint8_t type : {std::uint8_t{0}, nftables::kSetComment})
        (void)nftables::user_data_text(bytes, type);
    return 0;
}
