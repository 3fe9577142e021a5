#include <cstddef>
#include <cstdint>

#include "base/assert.h"
#include "kernel/nftables/check.h"
#include "kernel/nftables/message_codec.h"

namespace {

using namespace fairlead::kernel;
using namespace fairlead::kernel::nftables;

/// What was read can be written, and reads the same again.
void write_and_read_again(const netlink::Message& message, Rule rule) {
    constexpr std::size_t kExpressions = 64;  // a rule has to fit one attribute
    rule.comment.clear();                     // is cut when it is written
    Table table{fairlead::base::Family::kIpv4, "fairlead", ""};
    if (!message.payload.empty() && message.payload[0] == std::byte{10})
        table.family = fairlead::base::Family::kIpv6;
    Transaction transaction{table};
    transaction.add(AddRule{rule});
    if (rule.expressions.size() > kExpressions || !check(transaction)) return;
    const auto batch = encode_batch(transaction);
    netlink::Messages messages{batch.messages.bytes()};
    (void)messages.next();
    FAIRLEAD_ASSERT(decode_rule(messages.next().value(), table.name) == rule);
}

}  // namespace

/// Answers to NFT_MSG_GETTABLE, GETCHAIN, GETRULE and GETSET.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    netlink::Messages messages{std::as_bytes(std::span{data, size})};
    while (const auto message = messages.next()) {
        (void)decode_table(*message);
        (void)decode_chain(*message, "fairlead");
        (void)decode_set(*message, "fairlead");
        (void)decode_element_count(*message);
        if (auto rule = decode_rule(*message, "fairlead")) write_and_read_again(*message, *std::move(rule));
    }
    return 0;
}
