#include "agent/carried_counter.h"

#include <gtest/gtest.h>

#include <thread>

namespace fairlead::agent {
namespace {

const services::ServicePort kCart{{"shop", "cart"}, "http"};
const services::Backend kOne{base::IpAddress::parse("10.64.0.1").value(), 8080};

TEST(CarriedCounter, CountsOnlyWhileItIsSwitchedOn) {
    CarriedCounter counter;
    counter.note_served(kCart, kOne);
    EXPECT_TRUE(counter.take().empty());
    counter.switch_to(true);
    counter.note_served(kCart, kOne);
    counter.note_denied(kCart, services::Denial::kPolicy);
    EXPECT_EQ(counter.take(), (services::CarriedConnections{{kCart, {{{kOne, 1}}, {0, 1, 0}}}}));
    EXPECT_TRUE(counter.take().empty()) << "collected once";
    counter.note_served(kCart, kOne);
    counter.switch_to(false);
    EXPECT_TRUE(counter.take().empty());
}

TEST(CarriedCounter, LosesNothingBetweenTwoThreads) {
    constexpr std::uint64_t kConnections = 20'000;
    CarriedCounter counter;
    counter.switch_to(true);
    std::uint64_t collected = 0;
    const auto collect = [&] {
        for (const auto& [port, numbers] : counter.take())
            for (const auto& [backend, connections] : numbers.served)
                collected += connections;
    };
    std::thread carrying([&] {
        for (std::uint64_t i = 0; i < kConnections; ++i)
            counter.note_served(kCart, kOne);
    });
    while (collected < kConnections / 2)
        collect();
    carrying.join();
    collect();
    EXPECT_EQ(collected, kConnections);
}

}  // namespace
}  // namespace fairlead::agent
