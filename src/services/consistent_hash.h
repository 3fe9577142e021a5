#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "services/frontend.h"

namespace fairlead::services {

// Consistent hashing (docs/decisions/0009): the client's address gives a slot, the slot an endpoint. All of
// it is part of the contract between nodes: with another constant clients reach other endpoints than on nodes
// that run another version.

/// Slots of a frontend, however many endpoints it has.
inline constexpr std::uint32_t kSlotCount = 1024;
/// Seed of the kernel's hash of the client's address.
inline constexpr std::uint32_t kClientSeed = 0x66616972;

/// What the expression JenkinsHash makes of an address: Bob Jenkins' lookup3 (public domain, 2006), on nodes
/// of this byte order, scaled to [0, modulus).
std::uint32_t hash_of_client(const base::IpAddress& client, std::uint32_t modulus, std::uint32_t seed);
/// The slot that the kernel gives a client.
std::uint32_t slot_of_client(const base::IpAddress& client);

/// The endpoint of each slot, kSlotCount of them: rendezvous hashing, so that a slot goes to another endpoint
/// only if its own goes or to one that is new. Depends on the set of `backends` alone, not on their order; an
/// endpoint may have no slot if there are hundreds. Empty without backends.
std::vector<Backend> slots_of(std::span<const Backend> backends);

}  // namespace fairlead::services
