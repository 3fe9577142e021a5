#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/assert.h"
#include "dns/message.h"
#include "dns/reply.h"

namespace {

/// Bytes of a message with questions and OPT only, no name compressed: encode_message() needs as many.
std::size_t least_size(const fairlead::dns::Message& message) {
    constexpr std::size_t kOptSize = 11;
    std::size_t size = fairlead::dns::kHeaderSize + (message.edns ? kOptSize : 0);
    for (const auto& question : message.questions)
        size += question.name.wire().size() + 4;
    return size;
}

}  // namespace

/// Any bytes as a message of an upstream server: what was understood survives being encoded, being made a
/// body of, and being cut at any limit.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace fairlead::dns;  // NOLINT(google-build-using-namespace)
    const auto message = decode_message({data, size});
    if (!message) return 0;
    const std::size_t least = least_size(*message);
    if (least > kMaxMessageSize) return 0;
    auto expected = *message;
    const auto packet = encode_message(expected);
    const auto again = decode_message(packet);
    FAIRLEAD_ASSERT(again);
    // Letter case in names is that of their first occurrence: only what has no names is compared byte by
    // byte.
    FAIRLEAD_ASSERT(again->questions == expected.questions && again->code == expected.code &&
                    again->edns == expected.edns);
    if (!again->truncated) FAIRLEAD_ASSERT(again->answer.size() == expected.answer.size());

    for (std::size_t limit = least; limit < packet.size(); limit += 1 + packet.size() / 16)
        FAIRLEAD_ASSERT(decode_message(encode_message(*message, limit)));

    const Name asked = message->questions.empty() ? Name{} : message->questions.front().name;
    const ReplyBody body =
        make_body(asked, message->code, message->answer, message->authority, message->additional);
    const BodyRecords records = records_of(asked, body);
    FAIRLEAD_ASSERT(records.answer.size() == body.answers && records.additional.size() == body.additionals);

    std::vector<std::uint8_t> question(asked.wire().begin(), asked.wire().end());
    question.insert(question.end(), {0, 1, 0, 1});
    Query query;
    query.name = asked.lowered();
    query.question = question;
    query.edns = message->edns;
    for (const std::size_t limit : {std::size_t{512}, std::size_t{700}, kMaxMessageSize}) {
        std::vector<std::uint8_t> out(limit);
        out.resize(write_reply(out, query, body, {.limit = limit, .age_s = 1, .draw = size}));
        FAIRLEAD_ASSERT(decode_message(out));
    }
    return 0;
}
