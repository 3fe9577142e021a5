#include "kernel/netlink/answer_reader.h"

#include <linux/netlink.h>

#include <cerrno>

#include "kernel/netlink/kernel_error.h"

namespace fairlead::kernel::netlink {

base::Result<bool> AnswerReader::take(std::span<const std::byte> datagram,
                                      const std::function<void(const Message&)>& visit) {
    Messages messages{datagram};
    while (const auto message = messages.next()) {
        if (message->sequence != sequence_) continue;
        interrupted_ = interrupted_ || (message->flags & NLM_F_DUMP_INTR) != 0;
        if (message->type == NLMSG_ERROR || message->type == NLMSG_DONE) return finish(*message);
        if (message->type >= NLMSG_MIN_TYPE) visit(*message);
    }
    return false;
}

base::Result<bool> AnswerReader::finish(const Message& last) const {
    const auto error = last.type == NLMSG_DONE ? parse_dump_end(last) : parse_kernel_error(last);
    if (!error) return base::fail(base::ErrorCode::kInternal, "netlink: an answer cut short");
    if (error->errno_value != 0) return base::fail(code_of(*error), describe(*error), error->errno_value);
    if (lost_) return base::fail_errno(ENOBUFS, "netlink: a part of an answer was lost");
    return true;
}

}  // namespace fairlead::kernel::netlink
