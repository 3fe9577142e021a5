#include "kernel/conntrack/milestones.h"

#include <netinet/in.h>

#include <algorithm>
#include <array>

namespace fairlead::kernel::conntrack {

namespace {

constexpr std::uint32_t kFlowsPerStep = 12'500;
/// What the kernel tells of an entry is 170 bytes at least (UDP over IPv4, without accounting): 23 fill a
/// datagram. More than are needed cost a few steps more.
constexpr std::uint32_t kMilestonesPerStep = 24;
constexpr std::uint32_t kMostMilestones = 60'000;  // each has a port of its own
constexpr std::chrono::seconds kLifetime{30};

/// 224.0.0.0 or ff00::, or one that ends with `last_byte`.
base::IpAddress multicast(base::Family family, std::uint8_t last_byte = 0) {
    std::array<std::byte, 16> storage{};
    const auto bytes = std::span{storage}.first(base::address_size_bytes(family));
    bytes.front() = family == base::Family::kIpv4 ? std::byte{224} : std::byte{0xff};
    bytes.back() = std::byte{last_byte};
    return base::IpAddress{bytes};
}

}  // namespace

std::vector<Flow> milestones_for(const FlowFilter& filter, std::uint32_t entries) {
    const auto family = family_of(filter);
    if (!family || !*family || (filter.protocol != IPPROTO_TCP && filter.protocol != IPPROTO_UDP) ||
        filter.status != BitsFilter{})
        return {};
    const auto nobody = multicast(**family);
    Flow flow;
    flow.protocol = *filter.protocol;
    flow.status = status::kConfirmed;
    flow.timeout = kLifetime;
    flow.mark = filter.mark.value;
    flow.zone.id = filter.zone.value_or(0);
    flow.original.source = flow.reply.destination = nobody;
    flow.original.destination = filter.original.destination.value_or(multicast(**family, 1));
    flow.original.destination_port = filter.original.destination_port.value_or(1);
    flow.reply.source = filter.reply.source.value_or(flow.original.destination);
    flow.reply.source_port = filter.reply.source_port.value_or(flow.original.destination_port);
    const auto count = std::min(kMostMilestones, (entries / kFlowsPerStep + 1) * kMilestonesPerStep);
    std::vector<Flow> milestones(count, flow);
    std::uint16_t port = 0;
    for (auto& milestone : milestones)
        milestone.original.source_port = milestone.reply.destination_port = ++port;
    return milestones;
}

bool is_milestone(const Flow& flow) {
    return flow.original.source == multicast(flow.family());
}

bool have_room(const TableSize& size, std::size_t milestones) {
    const std::uint64_t max = size.max.value_or(0);
    return max == 0 || (size.count < max && 4 * milestones <= max - size.count);
}

}  // namespace fairlead::kernel::conntrack
