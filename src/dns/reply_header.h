#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "dns/query.h"

namespace fairlead::dns {

/// What the header of a reply says beside what its query does.
struct ReplyHeader {
    ResponseCode code = ResponseCode::kNoError;
    bool authoritative = false;
    bool authentic = false;
    bool truncated = false;
    std::array<std::uint16_t, 3> counts{};  ///< answer, authority, additional without OPT
};

/// Writes header and, if the query had one, the OPT record at `size`; the message's length. The question and
/// the records are written already.
std::size_t complete_reply(std::uint8_t* message, std::size_t size, const Query& query,
                           const ReplyHeader& header);

}  // namespace fairlead::dns
