#include "services/consistent_hash.h"

#include "base/random.h"

namespace fairlead::services {

namespace {

/// Of the address alone: one client reaches one pod through all ports of a Service.
std::uint64_t hash_of(const base::IpAddress& address) {
    constexpr unsigned kByteBits = 8;
    std::uint64_t hash = address.bytes().size();
    for (const auto byte : address.bytes())
        hash = base::Random{(hash << kByteBits | hash >> (64 - kByteBits)) ^
                            std::to_integer<std::uint64_t>(byte)}();
    return hash;
}

/// Who wins between two endpoints with one score: two ports of one address have all scores in common.
bool wins_tie(const Backend& challenger, const Backend& holder, std::uint64_t score) {
    const auto challenge = base::Random{score ^ challenger.port}();
    const auto held = base::Random{score ^ holder.port}();
    return challenge != held ? challenge > held : challenger < holder;
}

}  // namespace

std::vector<Backend> slots_of(std::span<const Backend> backends) {
    if (backends.empty()) return {};
    std::vector<const Backend*> holders(kSlotCount, nullptr);
    std::vector<std::uint64_t> highest(kSlotCount, 0);
    for (const auto& backend : backends) {
        base::Random scores{hash_of(backend.address)};
        for (std::uint32_t slot = 0; slot < kSlotCount; ++slot) {
            const auto score = scores();
            auto*& holder = holders[slot];
            if (holder != nullptr && score < highest[slot]) continue;
            if (holder != nullptr && score == highest[slot] && !wins_tie(backend, *holder, score)) continue;
            holder = &backend;
            highest[slot] = score;
        }
    }
    std::vector<Backend> slots;
    slots.reserve(kSlotCount);
    for (const auto* holder : holders)
        slots.push_back(*holder);
    return slots;
}

}  // namespace fairlead::services
