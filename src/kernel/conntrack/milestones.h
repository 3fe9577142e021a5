#pragma once

#include <cstdint>
#include <vector>

#include "kernel/conntrack/codec.h"

namespace fairlead::kernel::conntrack {

/// A dump comes in datagrams of up to this size where the reader has room for no more; NLMSG_GOODSIZE, the
/// least that the kernel makes, fits.
inline constexpr std::size_t kStepBytes = 4096;

/// Entries of our own that a dump with `filter` shows besides those that it is for. They are what makes the
/// kernel come back from a walk on which hardly anything matches: it does whenever a datagram is full, and
/// holds its processor until then. With so many of them, spread by their hash over a table with `entries`
/// flows, that is about every 12,500 flows (2 ms).
///
/// Their source is the lowest multicast address of the family, from which no packet ever comes (RFC 1122
/// 3.2.1.3, RFC 4291 2.7). They expire within half a minute if nobody deletes them. None for a filter of no
/// known family, of another protocol than TCP or UDP, or of a status.
std::vector<Flow> milestones_for(const FlowFilter& filter, std::uint32_t entries);

bool is_milestone(const Flow& flow);

/// Whether so many entries more leave room for others: three quarters of what is free.
bool have_room(const TableSize& size, std::size_t milestones);

}  // namespace fairlead::kernel::conntrack
