#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "base/result.h"

namespace fairlead::net {

/// Calls `visit` for each record that the kernel's log has now, the oldest first, in the form of /dev/kmsg
/// (Documentation/ABI/testing/dev-kmsg). kDenied without the right to read it (CAP_SYSLOG), kNotFound where
/// there is no such file, as in many containers.
base::Result<void> read_kernel_log(const std::function<void(std::string_view)>& visit);

/// The number by which the kernel's messages call the network namespace of this thread (namespaces(7): the
/// inode of its file); nullopt if it cannot be told.
std::optional<std::uint32_t> network_namespace_number();

}  // namespace fairlead::net
