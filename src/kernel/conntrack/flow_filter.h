#pragma once

#include <cstdint>
#include <optional>

#include "base/address.h"
#include "base/result.h"
#include "kernel/conntrack/flow.h"

namespace fairlead::kernel::conntrack {

/// What is absent is not asked for.
struct TupleFilter {
    std::optional<base::IpAddress> source;
    std::optional<base::IpAddress> destination;
    std::optional<std::uint16_t> source_port;
    std::optional<std::uint16_t> destination_port;

    friend bool operator==(const TupleFilter&, const TupleFilter&) = default;
};

/// Matches numbers of which the bits in `mask` are as in `value`.
struct BitsFilter {
    std::uint32_t value = 0;
    std::uint32_t mask = 0;

    friend bool operator==(const BitsFilter&, const BitsFilter&) = default;
};

/// Which flows are meant: those that match everything that is present. Without anything: all flows.
struct FlowFilter {
    std::optional<base::Family> family;
    std::optional<std::uint8_t> protocol;  ///< IPPROTO_*
    TupleFilter original;
    TupleFilter reply;
    BitsFilter status;  ///< status::k*
    BitsFilter mark;
    std::optional<std::uint16_t> zone;  ///< by id, whatever its direction

    friend bool operator==(const FlowFilter&, const FlowFilter&) = default;
};

bool matches(const FlowFilter& filter, const Flow& flow);

/// The family of all flows that can match, from what is asked for and from the addresses; nullopt if it may
/// be either. kInvalid if they contradict each other.
base::Result<std::optional<base::Family>> family_of(const FlowFilter& filter);

/// kInvalid for a filter that every flow matches: whoever deletes by it has forgotten something.
base::Result<void> check_names_something(const FlowFilter& filter);

}  // namespace fairlead::kernel::conntrack
