#include <cstddef>
#include <cstdint>
#include <span>

#include "base/assert.h"
#include "kernel/conntrack/codec.h"
#include "kernel/conntrack/delete_answers.h"
#include "support/conntrack_fixture.h"

// Reads any datagram as flows, counters and answers; a flow that was understood survives being encoded and
// read again, less what only the kernel tells.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace fairlead::kernel;  // NOLINT(google-build-using-namespace)
    const auto datagram = std::as_bytes(std::span{data, size});
    netlink::Messages messages{datagram};
    while (const auto message = messages.next()) {
        conntrack::decode_table_size(*message);
        conntrack::decode_cpu_stats(*message);
        FAIRLEAD_ASSERT(conntrack::decode_flow_event(*message).has_value() ==
                        conntrack::decode_flow(*message).has_value());
        auto flow = conntrack::decode_flow(*message);
        if (!flow) continue;
        FAIRLEAD_ASSERT(!conntrack::describe(*flow).empty());
        conntrack::DeleteAnswers answers{{&*flow, 1}, 0};
        answers.take(datagram);
        static_cast<void>(answers.result());

        flow->original_counters.reset();
        flow->reply_counters.reset();
        flow->id = 0;
        flow->zone.direction = conntrack::ZoneDirection::kBoth;
        netlink::MessageBuilder builder;
        fairlead::kernel::conntrack::encode_insert(builder, *flow, 0);
        FAIRLEAD_ASSERT(conntrack::decode_flow(*netlink::Messages{builder.bytes()}.next()) == flow);
    }
    return 0;
}
