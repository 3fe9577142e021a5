#include "kernel/netlink/kernel_error.h"

#include <linux/netlink.h>

#include <algorithm>
#include <cstring>

namespace fairlead::kernel::netlink {

std::optional<KernelError> parse_kernel_error(const Message& message) {
    nlmsgerr error{};
    if (message.type != NLMSG_ERROR || message.payload.size() < sizeof error) return std::nullopt;
    std::memcpy(&error, message.payload.data(), sizeof error);
    KernelError parsed{-error.error, {}, {}};
    if ((message.flags & NLM_F_ACK_TLVS) == 0) return parsed;

    // The refused request follows the code: all of it, or only its header where NLM_F_CAPPED is set.
    const bool capped = (message.flags & NLM_F_CAPPED) != 0;
    const std::size_t request_size_bytes =
        capped ? sizeof(nlmsghdr) : std::max<std::size_t>(error.msg.nlmsg_len, sizeof(nlmsghdr));
    const auto attributes = message.attributes(sizeof(int) + NLMSG_ALIGN(request_size_bytes));
    parsed.text = attributes.text(NLMSGERR_ATTR_MSG);
    parsed.offset_bytes = attributes.u32(NLMSGERR_ATTR_OFFS);
    return parsed;
}

std::string describe(const KernelError& error) {
    std::string text = std::strerror(error.errno_value);
    if (!error.text.empty()) text += " (" + error.text + ")";
    return text;
}

}  // namespace fairlead::kernel::netlink
