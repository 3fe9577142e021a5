#pragma once

#include <cstdint>
#include <vector>

#include "dns/cache_key.h"
#include "dns/name.h"
#include "dns/protocol.h"

namespace fairlead::dns {

/// A question as it goes to an upstream: RD and AD (RFC 6840, section 5.7) set, DO and CD as the lookup has
/// them.
struct UpstreamQuery {
    std::uint16_t id = 0;
    Name name;  ///< the lookup's, in the letter case that is sent
    RecordType type = RecordType::kA;
    bool dnssec_ok = false;
    bool checking_disabled = false;
    bool edns = true;  ///< with an OPT record that announces 1232 bytes; DO needs it
};

std::vector<std::uint8_t> encode_query(const UpstreamQuery& query);

/// What the first bytes of a packet say about whether it replies to a query.
enum class ReplyMatch : std::uint8_t {
    kMatches,     ///< id, name with its letter case, type and class
    kWrongCase,   ///< all of them but for the letter case
    kNoQuestion,  ///< the id, no question, and an error code: from servers that do not understand what they
                  ///< got
    kForeign,     ///< anything else
};

ReplyMatch match_reply(const UpstreamQuery& query, Bytes packet);

}  // namespace fairlead::dns
