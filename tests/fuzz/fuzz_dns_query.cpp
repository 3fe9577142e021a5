#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/assert.h"
#include "dns/message.h"
#include "dns/query.h"
#include "dns/reply.h"
#include "dns/reply_writer.h"

/// Any bytes as a client's packet: whatever is answered is a message with the client's id, and fits into 512
/// bytes.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace fairlead::dns;  // NOLINT(google-build-using-namespace)
    const auto parsed = parse_query({data, size});
    if (std::holds_alternative<Silence>(parsed)) return 0;
    std::array<std::uint8_t, kMinUdpPayload> out{};
    std::size_t written = 0;
    if (const auto* query = std::get_if<Query>(&parsed)) {
        // Rdata of records beside the question is not looked at, so that decode_message() may refuse more.
        if (const auto message = decode_message({data, size}))
            FAIRLEAD_ASSERT(message->id == query->id && message->questions.size() == 1 &&
                            message->questions[0].name == query->name &&
                            message->questions[0].type == query->type && message->edns == query->edns);
        ReplyWriter writer{out, *query, out.size()};
        writer.add_txt(Section::kAnswer, query->name, 5, "text");
        writer.add_name(Section::kAuthority, query->name.parent(), RecordType::kNs, 5, query->name);
        written = writer.finish(ResponseCode::kNoError, true);
    } else {
        written = write_refusal(out, std::get<Refusal>(parsed));
    }
    const auto reply = decode_message(std::span{out}.first(written));
    FAIRLEAD_ASSERT(reply && reply->response && out[0] == data[0] && out[1] == data[1]);
    return 0;
}
