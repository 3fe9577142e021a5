#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "kernel/netlink/attributes.h"

namespace fairlead::kernel::netlink {

/// What an NLMSG_ERROR message says (linux/netlink.h nlmsgerr and its extended ack attributes).
struct KernelError {
    int errno_value = 0;  ///< 0: an acknowledgement
    std::string text;     ///< NLMSGERR_ATTR_MSG, often empty
    /// NLMSGERR_ATTR_OFFS: where in the request the attribute lies that the kernel refused, from its nlmsghdr
    /// on.
    std::optional<std::size_t> offset_bytes;
};

/// nullopt if `message` is no NLMSG_ERROR, or too short to be one.
std::optional<KernelError> parse_kernel_error(const Message& message);

/// strerror and, where there is one, the kernel's own sentence.
std::string describe(const KernelError& error);

}  // namespace fairlead::kernel::netlink
