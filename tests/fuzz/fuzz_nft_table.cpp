#include <cstddef>
#include <cstdint>

#include "base/assert.h"
#include "kernel/nftables/check.h"
#include "kernel/nftables/message_codec.h"

namespace {

using namespace fairlead::kernel;
using namespace fairlead::kernel::nftables;

Table table_of(const netlink::Message& message) {
    const bool ipv6 = !message.payload.empty() && message.payload[0] == std::byte{10};
    return {ipv6 ? fairlead::base::Family::kIpv6 : fairlead::base::Family::kIpv4, "fairlead", ""};
}

/// What was read can be written, and reads the same again.
template <class Object, class Decode>
void write_and_read_again(const netlink::Message& message, Operation operation, const Object& object,
                          Decode decode) {
    Transaction transaction{table_of(message)};
    transaction.add(std::move(operation));
    if (!check(transaction)) return;
    const auto batch = encode_batch(transaction);
    netlink::Messages messages{batch.messages.bytes()};
    (void)messages.next();
    FAIRLEAD_ASSERT(decode(messages.next().value(), "fairlead") == object);
}

}  // namespace

/// Answers to NFT_MSG_GETTABLE, GETCHAIN, GETRULE and GETSET.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    netlink::Messages messages{std::as_bytes(std::span{data, size})};
    while (const auto message = messages.next()) {
        (void)decode_table(*message);
        (void)decode_chain(*message, "fairlead");
        (void)decode_element_count(*message);
        if (auto set = decode_set(*message, "fairlead")) {
            set->comment.clear();  // is cut when it is written
            write_and_read_again(*message, AddSet{*set}, *set, decode_set);
        }
        if (auto rule = decode_rule(*message, "fairlead")) {
            constexpr std::size_t kExpressions = 64;  // a rule has to fit one attribute
            rule->comment.clear();
            if (rule->expressions.size() <= kExpressions)
                write_and_read_again(*message, AddRule{*rule}, *rule, decode_rule);
        }
    }
    return 0;
}
