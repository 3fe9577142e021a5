#pragma once

#include <absl/container/inlined_vector.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/address.h"
#include "dns/name.h"
#include "dns/protocol.h"
#include "dns/query.h"
#include "dns/record.h"

namespace fairlead::dns {

/// What follows header and question of a reply, on the wire. Names are compressed against a question name at
/// offset 12, so it can be copied behind any question of that name, whatever the question's letter case and
/// type.
struct ReplyBody {
    /// Where a record ends and where its TTL is, in `bytes`.
    struct RecordPlace {
        std::uint16_t ttl_offset = 0;
        std::uint16_t end = 0;
    };
    /// Records of one address RRset: neighbours of the same size that may stand in any order.
    struct Rotation {
        std::uint16_t first = 0;  ///< number of the first record
        std::uint16_t count = 0;  ///< 0 where nothing may be rotated
    };

    static constexpr std::size_t kUsualBytes = 72;
    static constexpr std::size_t kUsualRecords = 4;

    ResponseCode code = ResponseCode::kNoError;
    bool authoritative = false;
    bool authentic = false;
    bool truncated = false;  ///< not all records went into a message of 65535 bytes
    std::uint16_t answers = 0;
    std::uint16_t authorities = 0;
    std::uint16_t additionals = 0;
    /// Those of a usual size lie inside: memory that is behind a pointer is waited for.
    absl::InlinedVector<std::uint8_t, kUsualBytes> bytes{};
    absl::InlinedVector<RecordPlace, kUsualRecords> records{};  ///< of all sections, in order
    Rotation rotation{};
    std::uint32_t least_ttl_s = 0;  ///< of all records; 0 where there is none
};

ReplyBody make_body(const Name& question, ResponseCode code, std::span<const Record> answer,
                    std::span<const Record> authority = {}, std::span<const Record> additional = {});

/// The records of a body again, for building another one from them.
struct BodyRecords {
    std::vector<Record> answer{};
    std::vector<Record> authority{};
    std::vector<Record> additional{};
};
/// `question` as it was given to make_body.
BodyRecords records_of(const Name& question, const ReplyBody& body);

/// The most bytes that a reply to this query may have over UDP: what the client takes (512 without EDNS), at
/// most `server_limit`.
std::size_t udp_reply_limit(const Query& query, std::size_t server_limit = kDefaultUdpPayload);

struct ReplyOptions {
    std::size_t limit = kMaxMessageSize;         ///< bytes of the whole message
    std::uint32_t age_s = 0;                     ///< is taken off each TTL, which stays at 0 or above
    std::optional<std::uint32_t> fixed_ttl_s{};  ///< stands for each TTL instead
    std::uint64_t draw = 0;                      ///< a random number: which of the addresses comes first
};

/// Writes header, the question as it came, `body`, and an OPT record if the query had one. Over the limit it
/// is whole records as far as they fit, and TC unless what is missing is of the additional section only. Its
/// length; `out` has room for `limit` bytes or the whole message. RA is set, RD and CD are the query's, AD is
/// shown to who asked for it.
std::size_t write_reply(std::span<std::uint8_t> out, const Query& query, const ReplyBody& body,
                        const ReplyOptions& options);

/// Writes the error, with the question where there is one and an OPT record if the packet had one. Its
/// length; `out` has room for the packet's length or 512 bytes.
std::size_t write_refusal(std::span<std::uint8_t> out, const Refusal& refusal);

}  // namespace fairlead::dns
