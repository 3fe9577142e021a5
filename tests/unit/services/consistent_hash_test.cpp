#include "services/consistent_hash.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

namespace fairlead::services {
namespace {

/// 10.64.0.1:8080, 10.64.0.2:8080, ...
std::vector<Backend> backends(unsigned count) {
    std::vector<Backend> result;
    for (unsigned i = 0; i < count; ++i) {
        const std::byte bytes[] = {std::byte{10}, std::byte{64}, std::byte(i / 250), std::byte(1 + i % 250)};
        result.push_back({base::IpAddress{bytes}, 8080});
    }
    return result;
}

std::map<Backend, unsigned> shares(const std::vector<Backend>& slots) {
    std::map<Backend, unsigned> shares;
    for (const auto& owner : slots)
        ++shares[owner];
    return shares;
}

TEST(ConsistentHash, HashesClientsAsTheKernelDoes) {
    // tests/kernel/nftables/sticky_test.cpp has the same of real packets, in any order.
    std::map<std::string, std::set<std::uint32_t>> numbers;
    for (const auto* client : {"10.1.0.1", "fd00:1::1"})
        for (const std::uint32_t seed : {0U, 1U})
            numbers[client].insert(hash_of_client(base::IpAddress::parse(client).value(), 1'000'000, seed));
    EXPECT_EQ(numbers["10.1.0.1"], (std::set<std::uint32_t>{821'837, 723'369}));
    EXPECT_EQ(numbers["fd00:1::1"], (std::set<std::uint32_t>{240'077, 722'553}));
}

TEST(ConsistentHash, NeedsNothingButTheSetOfEndpoints) {
    auto some = backends(7);
    const auto slots = slots_of(some);
    ASSERT_EQ(slots.size(), kSlotCount);
    std::ranges::reverse(some);
    EXPECT_EQ(slots_of(some), slots);
    std::ranges::rotate(some, some.begin() + 3);
    EXPECT_EQ(slots_of(some), slots);
    EXPECT_TRUE(slots_of({}).empty());
}

TEST(ConsistentHash, MovesTheSlotsOfTheEndpointThatGoesAndNoOther) {
    for (const unsigned count : {2U, 3U, 10U, 100U}) {
        const auto before = backends(count);
        const auto slots = slots_of(before);
        for (const auto& gone : before) {
            auto staying = before;
            std::erase(staying, gone);
            const auto after = slots_of(staying);
            for (std::uint32_t slot = 0; slot < kSlotCount; ++slot) {
                if (slots[slot] == gone)
                    EXPECT_NE(after[slot], gone);
                else
                    ASSERT_EQ(after[slot], slots[slot]) << count << " endpoints, slot " << slot;
            }
        }
    }
}

/// As far as a hash can: docs/services.md names the spread.
TEST(ConsistentHash, GivesEachEndpointItsShare) {
    struct Case {
        unsigned count;
        double least, most;  // slots of an endpoint, of what is fair
    };
    for (const auto& [count, least, most] : {Case{3, 0.85, 1.15}, Case{10, 0.7, 1.35}, Case{100, 0.1, 2.5}}) {
        const auto found = shares(slots_of(backends(count)));
        EXPECT_EQ(found.size(), count);
        for (const auto& [backend, slots] : found) {
            EXPECT_GT(slots, least * kSlotCount / count) << backend.address.to_string();
            EXPECT_LT(slots, most * kSlotCount / count) << backend.address.to_string();
        }
    }
}

TEST(ConsistentHash, LeadsToTheSameAddressThroughEveryPort) {
    auto other_port = backends(5);
    for (auto& backend : other_port)
        backend.port = 8443;
    const auto http = slots_of(backends(5));
    const auto https = slots_of(other_port);
    for (std::uint32_t slot = 0; slot < kSlotCount; ++slot)
        ASSERT_EQ(http[slot].address, https[slot].address);
}

TEST(ConsistentHash, SharesTheSlotsOfAnAddressBetweenItsPorts) {
    auto both = backends(2);
    both.push_back({both.front().address, 8081});
    const auto slots = slots_of(both);
    for (const auto& [backend, count] : shares(slots))
        EXPECT_GT(count, kSlotCount / 6) << backend.address.to_string() << " " << backend.port;
    std::ranges::reverse(both);
    EXPECT_EQ(slots_of(both), slots);
}

/// Nodes of different versions must agree: see docs/decisions/0009 before these numbers change.
TEST(ConsistentHash, NeverChanges) {
    const auto owners = [](const std::vector<Backend>& slots) {
        std::string text;
        for (std::uint32_t slot = 0; slot < 16; ++slot)
            text += slots[slot].address.to_string().back();
        return text;
    };
    EXPECT_EQ(owners(slots_of(backends(5))), "5214541355121145");
    std::vector<Backend> ipv6;
    for (const auto* text : {"fd00::1", "fd00::2", "fd00::3"})
        ipv6.push_back({base::IpAddress::parse(text).value(), 80});
    EXPECT_EQ(owners(slots_of(ipv6)), "2113213131333312");
}

}  // namespace
}  // namespace fairlead::services
