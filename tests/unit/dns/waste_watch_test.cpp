#include "dns/waste_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/collapse_fixture.h"

namespace fairlead::dns {
namespace {

using namespace std::chrono_literals;
using test::dns_name;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr WasteLimits kLimits{.factor = 4, .rate = 10, .window = 60s};

/// A pod whose counters go up between looks, one window after the other.
class WasteWatchTest : public testing::Test {
  protected:
    WasteWatchTest() { watch_.look(now_, {}); }

    static PodUsage usage_of(const std::string& pod) {
        PodUsage usage;
        usage.pod = {"shop", pod};
        usage.pod_uid = "uid-" + pod;
        usage.ndots = 5;
        return usage;
    }
    static void ask(PodUsage& usage, std::uint64_t queries, std::uint64_t lookups) {
        usage.queries += queries;
        usage.lookups += lookups;
        usage.wasted += queries - lookups;
        usage.wasted_names.add(dns_name("www.example.com"), queries - lookups);
    }
    std::vector<Waste> look(const PodUsage& usage, base::Duration after = kLimits.window) {
        now_ += after;
        return watch_.look(now_, {&usage, 1});
    }

    base::TimePoint now_{1h};
    WasteWatch watch_{kLimits};
};

TEST_F(WasteWatchTest, TellsOfAPodThatReachesBothLimits) {
    const struct {
        std::uint64_t queries;
        std::uint64_t lookups;
        bool is_waste;
    } cases[] = {
        {600, 150, true},     // just so
        {599, 10, false},     // too few queries
        {6000, 1501, false},  // they are for lookups
        {8000, 0, true},      // of walks that began before
        {0, 0, false},
    };
    for (const auto& [queries, lookups, is_waste] : cases) {
        SCOPED_TRACE(queries);
        WasteWatch watch{kLimits};
        watch.look(now_, {});
        auto usage = usage_of("cart");
        ask(usage, queries, lookups);
        EXPECT_THAT(watch.look(now_ + kLimits.window, {&usage, 1}), SizeIs(is_waste ? 1 : 0));
    }
}

TEST_F(WasteWatchTest, SaysHowMuchOnWhatAndWhatHelps) {
    auto usage = usage_of("cart");
    ask(usage, 4800, 600);
    const auto wastes = look(usage);
    ASSERT_THAT(wastes, SizeIs(1));
    EXPECT_EQ(wastes.front().pod.to_string(), "shop/cart");
    EXPECT_EQ(wastes.front().pod_uid, "uid-cart");
    EXPECT_EQ(
        wastes.front().note,
        "asks 80 DNS queries a second, 8.0 for each name that it looks up, of which 88 % find nothing in a "
        "search domain, most of them www.example.com.; give the pod the option ndots:1 in spec.dnsConfig: "
        "all "
        "names that it finds by searching have fewer dots");
}

TEST_F(WasteWatchTest, CountsWhatWasAskedInTheWindowOnly) {
    auto usage = usage_of("cart");
    ask(usage, 4800, 600);
    look(usage);
    EXPECT_THAT(look(usage, 24h), IsEmpty()) << "nothing since";
    auto back = usage_of("cart");
    ask(back, 700, 100);
    EXPECT_THAT(look(back), SizeIs(1)) << "its counters began anew";
}

TEST_F(WasteWatchTest, TellsOfOnePodLessAndLessOftenUntilItHasBeenGood) {
    auto usage = usage_of("cart");
    std::vector<base::Duration> told;
    for (base::Duration time{}; time < 80h; time += kLimits.window) {
        ask(usage, 4800, 600);
        if (!look(usage).empty()) told.push_back(time);
    }
    EXPECT_THAT(told, ElementsAre(0s, 1h, 3h, 7h, 15h, 31h, 55h, 79h));
    for (base::Duration time{}; time < 50h; time += kLimits.window)
        EXPECT_THAT(look(usage), IsEmpty());
    ask(usage, 4800, 600);
    EXPECT_THAT(look(usage), SizeIs(1));
    for (base::Duration time = kLimits.window; time < 1h; time += kLimits.window) {
        ask(usage, 4800, 600);
        EXPECT_THAT(look(usage), IsEmpty());
    }
    ask(usage, 4800, 600);
    EXPECT_THAT(look(usage), SizeIs(1)) << "after an hour again, not after a day";
}

TEST_F(WasteWatchTest, IsDueOnceAWindowAndNeverWithoutALimit) {
    EXPECT_FALSE(watch_.is_due(now_ + 59s));
    EXPECT_TRUE(watch_.is_due(now_ + 60s));
    const WasteWatch off{WasteLimits{}};
    EXPECT_FALSE(off.is_due(now_ + 24h));
}

}  // namespace
}  // namespace fairlead::dns
