#pragma once

#include <span>

#include "base/result.h"
#include "kernel/conntrack/flow.h"

namespace fairlead::agent {

/// Makes both ends of TCP flows that conntrack has just forgotten send something, so that they hear of their
/// end though they only wait.
///
/// Each is sent a SYN+ACK in the name of its peer. A TCP that has the connection answers a SYN with an ACK
/// that tells its own sequence numbers, whatever those of the SYN are, and stays as it is (RFC 5961
/// section 4.2, RFC 9293 section 3.10.7.4). Conntrack makes no flow of a SYN+ACK that belongs to none, so
/// that this ACK is looked at as a new one. The client's goes to the Service, whose chain resets what opens
/// no connection; the endpoint's goes untranslated to the client or, if that was hidden, to this node, where
/// no socket knows of it. Either reset has the numbers of the ACK, which are the right ones.
///
/// Works as well as it can: a packet that finds no room or is dropped on its way is not sent again. Fails,
/// with kDenied, without CAP_NET_RAW.
base::Result<void> wake_idle_ends(std::span<const kernel::conntrack::Flow> flows);

}  // namespace fairlead::agent
