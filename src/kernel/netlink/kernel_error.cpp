#include "kernel/netlink/kernel_error.h"

#include <linux/netlink.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

namespace fairlead::kernel::netlink {

namespace {

/// errno values are small and positive; whatever else stands there becomes EPROTO.
int errno_of(int kernel_code) {
    constexpr int kLargestErrno = 4095;  // MAX_ERRNO of the kernel
    return kernel_code <= 0 && kernel_code >= -kLargestErrno ? -kernel_code : EPROTO;
}

void read_extended_ack(KernelError& error, const Attributes& attributes) {
    error.text = attributes.text(NLMSGERR_ATTR_MSG);
    error.offset_bytes = attributes.u32(NLMSGERR_ATTR_OFFS);
}

}  // namespace

std::optional<KernelError> parse_kernel_error(const Message& message) {
    nlmsgerr error{};
    if (message.type != NLMSG_ERROR || message.payload.size() < sizeof error) return std::nullopt;
    std::memcpy(&error, message.payload.data(), sizeof error);
    KernelError parsed{errno_of(error.error), {}, {}};
    if ((message.flags & NLM_F_ACK_TLVS) == 0) return parsed;

    // The refused request follows the code: all of it, or only its header where NLM_F_CAPPED is set.
    const bool capped = (message.flags & NLM_F_CAPPED) != 0;
    const std::size_t request_size_bytes =
        capped ? sizeof(nlmsghdr) : std::max<std::size_t>(error.msg.nlmsg_len, sizeof(nlmsghdr));
    read_extended_ack(parsed, message.attributes(sizeof(int) + NLMSG_ALIGN(request_size_bytes)));
    return parsed;
}

std::optional<KernelError> parse_dump_end(const Message& message) {
    if (message.type != NLMSG_DONE) return std::nullopt;
    int code = 0;
    if (message.payload.size() < sizeof code) return KernelError{};
    std::memcpy(&code, message.payload.data(), sizeof code);
    // Some dumps end with the number of messages here; only negative numbers are errors.
    KernelError parsed{code < 0 ? errno_of(code) : 0, {}, {}};
    if ((message.flags & NLM_F_ACK_TLVS) != 0) read_extended_ack(parsed, message.attributes(sizeof code));
    return parsed;
}

base::ErrorCode code_of(const KernelError& error) {
    return is_transient(error.errno_value) ? base::ErrorCode::kBusy : base::code_of_errno(error.errno_value);
}

bool is_transient(int errno_value) {
    return errno_value == EINTR || errno_value == EAGAIN || errno_value == ENOBUFS || errno_value == ERESTART;
}

std::string describe(const KernelError& error) {
    std::string text = std::generic_category().message(error.errno_value);
    if (!error.text.empty()) text += " (" + error.text + ")";
    return text;
}

}  // namespace fairlead::kernel::netlink
