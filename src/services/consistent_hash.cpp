#include "services/consistent_hash.h"

#include <array>
#include <bit>
#include <cstring>

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

constexpr std::size_t kWords = 3;
using JenkinsState = std::array<std::uint32_t, kWords>;

void mix(JenkinsState& state) {
    auto& [a, b, c] = state;
    const auto step = [](std::uint32_t& x, std::uint32_t& y, std::uint32_t& z, int bits) {
        x -= z;
        x ^= std::rotl(z, bits);
        z += y;
    };
    step(a, b, c, 4);
    step(b, c, a, 6);
    step(c, a, b, 8);
    step(a, b, c, 16);
    step(b, c, a, 19);
    step(c, a, b, 4);
}

std::uint32_t finish(JenkinsState state) {
    auto& [a, b, c] = state;
    const auto step = [](std::uint32_t& x, std::uint32_t y, int bits) { x = (x ^ y) - std::rotl(y, bits); };
    step(c, b, 14);
    step(a, c, 11);
    step(b, a, 25);
    step(c, b, 16);
    step(a, c, 4);
    step(b, a, 14);
    step(c, b, 24);
    return c;
}

}  // namespace

std::uint32_t hash_of_client(const base::IpAddress& client, std::uint32_t modulus, std::uint32_t seed) {
    const auto bytes = client.bytes();
    constexpr std::uint32_t kStart = 0xdeadbeef;
    JenkinsState state;
    state.fill(kStart + static_cast<std::uint32_t>(bytes.size()) + seed);
    // One word of an IPv4 address, four of an IPv6 one: three of them, mixed, and one.
    const std::size_t word_count = bytes.size() / sizeof(std::uint32_t);
    for (std::size_t i = 0; i < word_count; ++i) {
        if (i == kWords) mix(state);
        std::uint32_t word = 0;
        std::memcpy(&word, bytes.data() + i * sizeof word, sizeof word);
        state.at(i % kWords) += word;
    }
    constexpr unsigned kWordBits = 32;
    return static_cast<std::uint32_t>(std::uint64_t{finish(state)} * modulus >> kWordBits);
}

std::uint32_t slot_of_client(const base::IpAddress& client) {
    return hash_of_client(client, kSlotCount, kClientSeed);
}

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
