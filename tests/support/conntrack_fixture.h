#pragma once

#include <span>
#include <string_view>

#include "kernel/conntrack/flow.h"
#include "kernel/netlink/message.h"

namespace fairlead::test {

/// A UDP flow "10.0.0.1:1000" -> "10.96.0.10:53" that "10.1.0.5:5353" answers, confirmed, for 100 s; IPv6 in
/// brackets.
kernel::conntrack::Flow udp_flow(std::string_view source, std::string_view destination,
                                 std::string_view answering);
/// The same with another protocol.
kernel::conntrack::Flow with_protocol(kernel::conntrack::Flow flow, std::uint8_t protocol);

/// Makes flows in this thread's network namespace; the errno of the first that the kernel refuses, or 0.
int insert_into_kernel(std::span<const kernel::conntrack::Flow> flows);

}  // namespace fairlead::test
