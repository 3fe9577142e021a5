#include <cstddef>
#include <cstdint>

#include "kernel/netlink/answer_reader.h"
#include "kernel/netlink/kernel_error.h"

namespace {

using namespace fairlead::kernel::netlink;

void walk(Attributes attributes, int depth) {
    while (const auto attribute = attributes.next()) {
        (void)attribute->u8();
        (void)attribute->be32();
        (void)attribute->text();
        if (depth > 0) walk(Attributes{attribute->payload}, depth - 1);
    }
}

}  // namespace

/// A datagram as it comes from a netlink socket: messages, attributes in them, errors and ends of dumps.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto datagram = std::as_bytes(std::span{data, size});
    Messages messages{datagram};
    std::uint32_t sequence = 0;
    while (const auto message = messages.next()) {
        sequence = message->sequence;
        for (const std::size_t header_size_bytes : {0U, 4U, 16U})
            walk(message->attributes(header_size_bytes), 4);
        if (const auto error = parse_kernel_error(*message)) (void)describe(*error);
        (void)parse_dump_end(*message);
    }
    AnswerReader answer{sequence};
    const auto complete = answer.take(datagram, [](const Message&) {});
    return complete || !complete.error().message.empty() ? 0 : -1;
}
