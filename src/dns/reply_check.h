#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "dns/cache_key.h"
#include "dns/dns_config.h"
#include "dns/message.h"
#include "dns/reply.h"

namespace fairlead::dns {

/// What of an upstream's reply answers the question, and how long it may be kept.
struct CheckedReply {
    ReplyBody body;
    std::chrono::seconds lifetime{};  ///< 0: not to be cached
};

/// Takes from a reply what belongs to the question (the bailiwick), with TTLs brought between the bounds:
///   - of the answer, the chain of CNAMEs that starts at the question, and what is asked for at its end
///   - of the authority section, where there is no answer, the SOA of a zone that the end of the chain is in
///   - with DO, also signatures over these, DNAMEs above them, and signed proofs (NSEC, NSEC3)
///   - nothing of the additional section: what is true there, we can ask for.
/// `reply` is not truncated, and its question has been compared.
///
/// The lifetime is the least TTL; of NXDOMAIN and of an answer without what was asked for (RFC 2308) also the
/// SOA's minimum. 0 without a SOA there: it may be a referral or a server at a loss. Of other codes
/// TtlBounds::failure.
CheckedReply check_reply(const Lookup& lookup, const Message& reply, const TtlBounds& bounds);

/// The answer when there is none: the code alone, kept for TtlBounds::failure.
CheckedReply failure_reply(const Lookup& lookup, ResponseCode code, const TtlBounds& bounds);

}  // namespace fairlead::dns
