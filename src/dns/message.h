#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/result.h"
#include "dns/name.h"
#include "dns/protocol.h"
#include "dns/record.h"

namespace fairlead::dns {

struct Question {
    Name name;
    RecordType type = RecordType::kA;
    RecordClass klass = RecordClass::kIn;

    friend bool operator==(const Question&, const Question&) = default;
};

/// A whole message (RFC 1035, section 4). The OPT record is in `edns` and in none of the lists.
struct Message {
    std::uint16_t id = 0;
    std::uint8_t opcode = 0;
    bool response = false;
    bool authoritative = false;
    bool truncated = false;
    bool recursion_desired = false;
    bool recursion_available = false;
    bool authentic_data = false;
    bool checking_disabled = false;
    ResponseCode code = ResponseCode::kNoError;  ///< with the upper bits of EDNS
    std::vector<Question> questions{};
    std::vector<Record> answer{};
    std::vector<Record> authority{};
    std::vector<Record> additional{};
    std::optional<Edns> edns{};

    friend bool operator==(const Message&, const Message&) = default;
};

/// The message that `packet` is, from its first byte to its last. Compressed names are expanded, also in the
/// rdata of the types where RFC 1035 and RFC 3597 allow it; rdata of known types is checked, of unknown ones
/// taken as it is. kInvalid names the section, the record's number in it and what is wrong. TTLs with the top
/// bit set are 0 (RFC 2181, section 8).
base::Result<Message> decode_message(Bytes packet);

/// The message on the wire, names compressed (RFC 1035, section 4.1.4; in rdata only for the types of that
/// RFC). Where it would be over `limit` bytes it ends with the last record that fits, and TC is set unless
/// what is missing is of the additional section only (RFC 2181, section 9). An OPT record is always there if
/// `edns` is; a code above 15 needs it. `limit` at least 12 and what questions and OPT take.
std::vector<std::uint8_t> encode_message(const Message& message, std::size_t limit = kMaxMessageSize);

}  // namespace fairlead::dns
