#pragma once

#include <cstdint>
#include <optional>
#include <variant>

#include "dns/name.h"
#include "dns/protocol.h"

namespace fairlead::dns {

/// A well-formed question of a client. `question` points into the packet.
struct Query {
    std::uint16_t id = 0;
    bool recursion_desired = false;
    bool checking_disabled = false;
    bool authentic_data = false;  ///< the client wants to see AD (RFC 6840, section 5.7)
    Bytes question;               ///< name, type and class as they came, to be echoed with their letter case
    Name name;                    ///< in lower case
    RecordType type = RecordType::kA;
    RecordClass klass = RecordClass::kIn;
    std::optional<Edns> edns{};
};

/// A packet that gets an error for an answer (write_refusal).
struct Refusal {
    ResponseCode code = ResponseCode::kFormErr;
    std::uint16_t id = 0;
    std::uint16_t echoed_flags = 0;  ///< opcode, RD and CD as in the packet
    Bytes question;                  ///< points into the packet; empty where none could be read
    bool has_edns = false;           ///< the answer has an OPT record
};

/// A packet that must not be answered.
enum class Silence : std::uint8_t {
    kTooShort,  ///< fewer bytes than a header has
    kResponse,  ///< QR is set: answering would make two servers talk to each other for good
};

/// What a client's packet says.
///   - FORMERR: not exactly one question (RFC 9619), counts that lie, broken names, trailing bytes, records
///   where
///     a query has none, a second OPT, an OPT with a name, a malformed option (RFC 6891, sections 6.1.1 and
///     7)
///   - NOTIMP: another opcode than QUERY (RFC 8906, section 3.1.4); MAILA and MAILB
///   - BADVERS: an EDNS version above 0 (RFC 6891, section 6.1.3)
/// What is asked for is not judged here.
std::variant<Query, Refusal, Silence> parse_query(Bytes packet);

}  // namespace fairlead::dns
