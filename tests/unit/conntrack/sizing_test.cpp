#include "conntrack/sizing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fairlead::conntrack {
namespace {

using testing::HasSubstr;

constexpr std::uint64_t kGiB = std::uint64_t{1} << 30U;
constexpr const char* kUdpTimeout = "nf_conntrack_udp_timeout";

SizingFacts node(std::uint64_t max, std::uint64_t buckets, std::uint64_t memory_bytes) {
    SizingFacts facts;
    facts.memory_bytes = memory_bytes;
    facts.cpus = 4;
    facts.initial_namespace = true;
    facts.now.emplace(kMax, max);
    facts.now.emplace(kBuckets, buckets);
    facts.now.emplace(kUdpTimeout, 30U);
    return facts;
}

SizingSettings fixed(std::uint64_t max_per_core, std::uint64_t min) {
    return {Sizing::kFixed, max_per_core, min, {}};
}

PlannedValue max_of(const SizingSettings& settings, const SizingFacts& facts) {
    return plan_sizes(settings, facts).at(0);
}

PlannedValue buckets_of(const SizingSettings& settings, const SizingFacts& facts) {
    return plan_sizes(settings, facts).at(1);
}

void expect_value(const PlannedValue& planned, PlannedAction action, std::optional<std::uint64_t> wanted,
                  const std::string& why) {
    EXPECT_EQ(planned.action, action) << planned.why;
    EXPECT_EQ(planned.wanted, wanted) << planned.why;
    EXPECT_THAT(planned.why, HasSubstr(why));
}

TEST(FixedSizes, AreWhatKubeProxyMakesOfItsFields) {
    struct Case {
        std::uint64_t max_per_core, min;
        unsigned cpus;
        std::optional<std::uint64_t> max, buckets;
        std::string why;
    };
    const std::vector<Case> cases = {
        {0, 0, 64, {}, {}, "nothing is configured"},
        {32768, 131072, 2, 131072, 32768, "at least 131072"},
        {32768, 131072, 8, 262144, 65536, "32768 for each of 8 CPUs"},
        {32768, 131072, 128, 1'048'576, 262144, "32768 for each of 128 CPUs, 1048576 at most"},
        {0, 5000, 8, 5000, 1250, "at least 5000"},
        {100, 0, 8, 800, 200, "100 for each of 8 CPUs"},
        {1, 2'000'000, 8, 2'000'000, 500'000, "at least 2000000"},
        {2'147'483'647, 0, 256, 1'048'576, 262144, "1048576 at most"},
    };
    for (const auto& [max_per_core, min, cpus, max, buckets, why] : cases) {
        auto facts = node(1, 1, 256 * kGiB);
        facts.cpus = cpus;
        facts.peak = 200'000;
        const auto action = max ? PlannedAction::kWrite : PlannedAction::kKeep;
        expect_value(max_of(fixed(max_per_core, min), facts), action, max, why);
        expect_value(buckets_of(fixed(max_per_core, min), facts), action, buckets,
                     max ? "one for 4 of" : why);
    }
}

TEST(AutomaticSizes, FollowMemoryAndNeverShrinkWhatIsThere) {
    struct Case {
        std::uint64_t memory, now, wanted_max, wanted_buckets;
        PlannedAction action;
    };
    const std::vector<Case> cases = {
        {1 * kGiB, 65536, 40960, 65536, PlannedAction::kKeep},
        {4 * kGiB, 262144, 172'032, 262144, PlannedAction::kKeep},
        {16 * kGiB, 262144, 696'320, 696'320, PlannedAction::kWrite},
        {256 * kGiB, 262144, 1'048'576, 1'048'576, PlannedAction::kWrite},
        {16 * kGiB, 2'000'000, 696'320, 1'048'576, PlannedAction::kKeep},
    };
    for (const auto& [memory, now, max, buckets, action] : cases) {
        const auto facts = node(now, now, memory);
        expect_value(max_of({}, facts), action, max, "GiB of memory at 384 bytes an entry");
        expect_value(buckets_of({}, facts), action, buckets, "on average");
    }
}

TEST(AutomaticSizes, DoubleWhenThePeakComesNear) {
    struct Case {
        std::uint64_t memory, now, peak, wanted;
        std::string why;
    };
    const std::vector<Case> cases = {
        {8 * kGiB, 400'000, 300'000, 348'160, "more than wanted, 348160: 1/64 of 8.0 GiB of memory at"},
        {8 * kGiB, 400'000, 300'001, 800'000, "300001 flows at once are over 3/4 of 400000: doubled"},
        {8 * kGiB, 400'000, 900'000, 1'396'736, "1/16 of memory"},
        {8 * kGiB, 1'500'000, 1'400'000, 1'500'000, "1/16 of memory and 4194304 entries are the limit"},
        {512 * kGiB, 3'000'000, 2'900'000, 4'194'304, "4194304 entries are the limit"},
        {512 * kGiB, 1000, 5000, 1'048'576, "of memory at"},
    };
    for (const auto& [memory, now, peak, wanted, why] : cases) {
        auto facts = node(now, 4'194'304, memory);
        facts.peak = peak;
        expect_value(max_of({}, facts), wanted > now ? PlannedAction::kWrite : PlannedAction::kKeep, wanted,
                     why);
    }
}

TEST(AutomaticSizes, GrowAgainOnlyWhenTheDoubledTableIsCrowdedToo) {
    auto facts = node(400'000, 400'000, 8 * kGiB);
    facts.peak = 310'000;
    const auto grown = *max_of({}, facts).wanted;
    facts.now.insert_or_assign(std::string(kMax), grown);
    EXPECT_EQ(max_of({}, facts).action, PlannedAction::kKeep);
}

TEST(AutomaticSizes, WantWhatWasWrittenAlsoWhenThePeakIsOver) {
    auto facts = node(400'000, 400'000, 8 * kGiB);
    facts.written.emplace(kMax, 800'000);
    expect_value(max_of({}, facts), PlannedAction::kWrite, 800'000, "as written before");
}

TEST(AutomaticSizes, AreAtLeastWhatIsConfigured) {
    const auto facts = node(65536, 65536, 1 * kGiB);
    const auto max = max_of({Sizing::kAutomatic, 32768, 0, {}}, facts);
    expect_value(max, PlannedAction::kWrite, 131072, "32768 for each of 4 CPUs");
    EXPECT_EQ(max.field, "conntrack.maxPerCore");
    EXPECT_TRUE(max.configured);
    expect_value(buckets_of({Sizing::kAutomatic, 32768, 0, {}}, facts), PlannedAction::kWrite, 131072,
                 "chains of 2 on average with 131072 entries");
}

TEST(AutomaticSizes, LeaveTablesOfMoreThanAMillionBucketsToOthers) {
    const auto facts = node(4'000'000, 262144, 256 * kGiB);
    expect_value(buckets_of({}, facts), PlannedAction::kWrite, 1'048'576, "chains of 7.6 on average");
}

TEST(AutomaticSizes, KnowThatAMaximumOfZeroIsNoLimit) {
    auto facts = node(0, 65536, 256 * kGiB);
    facts.peak = 100'000;
    expect_value(max_of({}, facts), PlannedAction::kKeep, 1'048'576, "0 is no limit");
    expect_value(buckets_of({}, facts), PlannedAction::kWrite, 100'000, "with 100000 entries");
    expect_value(max_of(fixed(0, 5000), facts), PlannedAction::kKeep, 5000, "0 is no limit");
}

TEST(AutomaticSizes, AreNoneWithoutTheirGround) {
    auto facts = node(1000, 1000, 16 * kGiB);
    facts.memory_bytes.reset();
    expect_value(max_of({}, facts), PlannedAction::kKeep, {}, "how much memory there is is not known");
    facts = node(1000, 1000, 16 * kGiB);
    facts.initial_namespace = false;
    expect_value(max_of({}, facts), PlannedAction::kKeep, {}, "for the initial network namespace only");
    expect_value(buckets_of({}, facts), PlannedAction::kKeep, {}, "for the initial network namespace only");
}

TEST(Sizes, ThatCannotBeWrittenHereSayWhyAndWhatWasWanted) {
    auto facts = node(1000, 1000, 16 * kGiB);
    facts.initial_namespace = false;
    expect_value(max_of(fixed(0, 5000), facts), PlannedAction::kBlock, 5000,
                 "can be changed in the initial network namespace only (wanted: at least 5000)");
    facts.initial_namespace = true;
    facts.left_alone.emplace(kMax, "somebody else writes it");
    expect_value(max_of({}, facts), PlannedAction::kBlock, 696'320, "somebody else writes it (wanted: 1/64");
    // The hash table fits the maximum that stays.
    expect_value(buckets_of({}, facts), PlannedAction::kKeep, 1000, "with 1000 entries");
    facts.now.insert_or_assign(std::string(kMax),
                               base::fail(base::ErrorCode::kInvalid, "f: 'x' is no number"));
    expect_value(max_of({}, facts), PlannedAction::kBlock, 696'320, "f: 'x' is no number (wanted: 1/64");
}

TEST(Values, AreWrittenAsTheyAreUpOrDown) {
    struct Case {
        std::optional<std::uint64_t> wanted;
        PlannedAction action;
        std::string why;
    };
    const std::vector<Case> cases = {{std::nullopt, PlannedAction::kKeep, "nothing is configured"},
                                     {30, PlannedAction::kKeep, "as configured"},
                                     {31, PlannedAction::kWrite, "as configured"},
                                     {29, PlannedAction::kWrite, "as configured"}};
    for (const auto& [wanted, action, why] : cases) {
        auto facts = node(1000, 1000, kGiB);
        facts.initial_namespace = false;
        const auto planned =
            plan_sizes({Sizing::kFixed, 0, 0, {{kUdpTimeout, "conntrack.udpTimeout", wanted, {}}}}, facts)
                .at(2);
        expect_value(planned, action, wanted, why);
        EXPECT_EQ(planned.field, "conntrack.udpTimeout");
        EXPECT_EQ(planned.now, 30);
    }
}

TEST(DefaultValues, TakeThePlaceOfTheKernelsAndOfNobodyElses) {
    struct Case {
        std::uint64_t now;
        PlannedAction action;
        std::optional<std::uint64_t> wanted;
        std::string why;
    };
    const std::vector<Case> cases = {
        {30, PlannedAction::kWrite, 40, "kube-proxy's default instead of the kernel's, 30"},
        {40, PlannedAction::kKeep, 40, "kube-proxy's default"},
        {35, PlannedAction::kKeep, {}, "somebody has set it"},
        {99, PlannedAction::kKeep, {}, "somebody has set it"},
    };
    const SizingSettings settings{Sizing::kAutomatic, 0, 0, {{kUdpTimeout, "conntrack.udpTimeout", 40, 30}}};
    for (const auto& [now, action, wanted, why] : cases) {
        auto facts = node(1000, 1000, kGiB);
        facts.now.insert_or_assign(kUdpTimeout, now);
        const auto planned = plan_sizes(settings, facts).at(2);
        expect_value(planned, action, wanted, why);
        EXPECT_FALSE(planned.configured);
    }
    auto facts = node(1000, 1000, kGiB);
    facts.now.insert_or_assign(kUdpTimeout, base::fail(base::ErrorCode::kNotFound, "f: No such file"));
    expect_value(plan_sizes(settings, facts).at(2), PlannedAction::kBlock, 40,
                 "f: No such file (wanted: kube");
}

TEST(Values, ThatTheKernelDoesNotHaveAreSaidAndNotWritten) {
    const base::Result<std::uint64_t> absent = base::fail(base::ErrorCode::kNotFound, "f: No such file");
    auto facts = node(1000, 1000, kGiB);
    facts.now.insert_or_assign(kUdpTimeout, absent);
    const auto plan_of = [&](std::optional<std::uint64_t> wanted) {
        return plan_sizes({Sizing::kFixed, 0, 0, {{kUdpTimeout, "conntrack.udpTimeout", wanted, {}}}}, facts)
            .at(2);
    };
    expect_value(plan_of(31), PlannedAction::kBlock, 31, "f: No such file (wanted: as configured)");
    expect_value(plan_of({}), PlannedAction::kKeep, {}, "f: No such file");
}

}  // namespace
}  // namespace fairlead::conntrack
