#include "dns/client_pace.h"

#include <gmock/gmock.h>

#include <chrono>

#include "base/address.h"

namespace fairlead::dns {
namespace {

using namespace std::chrono_literals;

base::IpAddress client(std::uint32_t number) {
    return *base::IpAddress::parse("10.0." + std::to_string(number / 256) + "." +
                                   std::to_string(number % 256));
}

class ClientPaceTest : public testing::Test {
  protected:
    /// How many of `tries` at once are let through.
    unsigned admitted(ClientPace& pace, std::uint32_t number, unsigned tries) const {
        unsigned count = 0;
        for (unsigned i = 0; i < tries; ++i)
            count += pace.admit(now_, client(number)) ? 1U : 0U;
        return count;
    }

    base::TimePoint now_{1000s};
};

TEST_F(ClientPaceTest, ABurstIsLetThroughAndThenTheRate) {
    ClientPace pace{100, 30};
    EXPECT_EQ(admitted(pace, 1, 50), 30U);
    unsigned later = 0;
    for (int i = 0; i < 1000; ++i) {
        now_ += 1ms;
        later += admitted(pace, 1, 1);
    }
    EXPECT_EQ(later, 100U);
}

TEST_F(ClientPaceTest, APauseEarnsOneBurstHoweverLongItIs) {
    ClientPace pace{100, 30};
    EXPECT_EQ(admitted(pace, 1, 50), 30U);
    now_ += 1h;
    EXPECT_EQ(admitted(pace, 1, 50), 30U);
}

TEST_F(ClientPaceTest, WithoutARateEverythingIsLetThrough) {
    ClientPace pace{0, 0};
    EXPECT_EQ(admitted(pace, 1, 10'000), 10'000U);
}

TEST_F(ClientPaceTest, MoreClientsThanItKnowsAreLetThroughAndTheKnownOnesAreStillHeld) {
    ClientPace pace{1, 1};
    for (std::uint32_t i = 0; i < ClientPace::kMostClients; ++i)
        ASSERT_EQ(admitted(pace, i, 2), 1U) << i;
    EXPECT_EQ(admitted(pace, ClientPace::kMostClients, 2), 2U);
    EXPECT_EQ(admitted(pace, 1, 1), 0U);
}

TEST_F(ClientPaceTest, ClientsThatPausedMakeRoomForOthers) {
    ClientPace pace{1, 1};
    for (std::uint32_t i = 0; i < ClientPace::kMostClients; ++i)
        admitted(pace, i, 1);
    now_ += 1s;
    EXPECT_EQ(admitted(pace, ClientPace::kMostClients, 2), 1U);
}

}  // namespace
}  // namespace fairlead::dns
