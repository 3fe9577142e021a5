#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "base/result.h"
#include "kernel/netlink/attributes.h"

namespace fairlead::kernel::netlink {

/// What an NLMSG_ERROR or NLMSG_DONE message says (linux/netlink.h nlmsgerr and its extended ack attributes).
struct KernelError {
    int errno_value = 0;  ///< 0: an acknowledgement, or a dump that went well
    std::string text;     ///< NLMSGERR_ATTR_MSG, often empty
    /// NLMSGERR_ATTR_OFFS: where in the request the attribute lies that the kernel refused, from its nlmsghdr
    /// on.
    std::optional<std::size_t> offset_bytes;
};

/// nullopt if `message` is no NLMSG_ERROR, or too short to be one.
std::optional<KernelError> parse_kernel_error(const Message& message);

/// nullopt if `message` is no NLMSG_DONE. A dump that failed half way says so here only.
std::optional<KernelError> parse_dump_end(const Message& message);

/// What callers branch on; kBusy also for ERESTART, which no system call ever returns.
base::ErrorCode code_of(const KernelError& error);

/// True for what may go well at the next attempt, with the same request: a signal, a change of the generation
/// or a full buffer came between. Not for EBUSY: an object in use stays in use.
bool is_transient(int errno_value);

/// strerror and, where there is one, the kernel's own sentence.
std::string describe(const KernelError& error);

}  // namespace fairlead::kernel::netlink
