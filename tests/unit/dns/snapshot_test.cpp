#include "dns/snapshot.h"

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/random.h"
#include "dns/snapshot_table.h"

namespace fairlead::dns {
namespace {

/// Counts those that are alive.
struct Counted {
    explicit Counted(int& counter) : alive(counter) { ++alive; }
    Counted(const Counted&) = delete;
    Counted& operator=(const Counted&) = delete;
    ~Counted() { --alive; }
    int& alive;
};

TEST(SnapshotReclaimer, FreesAtOnceWhenNobodyReads) {
    int alive = 0;
    SnapshotReclaimer reclaimer;
    reclaimer.retire(std::make_unique<const Counted>(alive));
    EXPECT_EQ(alive, 1);
    EXPECT_EQ(reclaimer.reclaim(), 0U);
    EXPECT_EQ(alive, 0);
}

TEST(SnapshotReclaimer, WaitsForEveryReaderThatWasThere) {
    int alive = 0;
    SnapshotReclaimer reclaimer;
    ReaderGate first(reclaimer);
    ReaderGate second(reclaimer);
    reclaimer.retire(std::make_unique<const Counted>(alive));
    EXPECT_EQ(reclaimer.reclaim(), 1U);
    first.quiescent();
    EXPECT_EQ(reclaimer.reclaim(), 1U);
    second.quiescent();
    EXPECT_EQ(reclaimer.reclaim(), 0U);
    EXPECT_EQ(alive, 0);
}

TEST(SnapshotReclaimer, AQuiescentPointBeforeTheRetirementDoesNotCount) {
    int alive = 0;
    SnapshotReclaimer reclaimer;
    ReaderGate gate(reclaimer);
    gate.quiescent();
    reclaimer.retire(std::make_unique<const Counted>(alive));
    gate.quiescent();  // it was retired, but the epoch only moves with reclaim()
    EXPECT_EQ(reclaimer.reclaim(), 1U);
    reclaimer.retire(std::make_unique<const Counted>(alive));
    gate.quiescent();
    EXPECT_EQ(reclaimer.reclaim(), 1U) << "the first one went, the second has not been seen";
    EXPECT_EQ(alive, 1);
    gate.quiescent();
    EXPECT_EQ(reclaimer.reclaim(), 0U);
}

TEST(SnapshotReclaimer, AReaderThatIsAwayHoldsUpNothing) {
    int alive = 0;
    SnapshotReclaimer reclaimer;
    ReaderGate gate(reclaimer);
    gate.offline();
    reclaimer.retire(std::make_unique<const Counted>(alive));
    EXPECT_EQ(reclaimer.reclaim(), 0U);
    gate.online();
    reclaimer.retire(std::make_unique<const Counted>(alive));
    EXPECT_EQ(reclaimer.reclaim(), 1U);
    gate.offline();
    EXPECT_EQ(reclaimer.reclaim(), 0U);
    EXPECT_EQ(alive, 0);
}

TEST(SnapshotReclaimer, AReaderThatIsGoneHoldsUpNothingAndItsPlaceIsUsedAgain) {
    int alive = 0;
    SnapshotReclaimer reclaimer;
    for (int i = 0; i < 100; ++i) {
        std::optional<ReaderGate> gate;
        gate.emplace(reclaimer);
        reclaimer.retire(std::make_unique<const Counted>(alive));
        EXPECT_EQ(reclaimer.reclaim(), 1U);
        gate.reset();
        EXPECT_EQ(reclaimer.reclaim(), 0U);
    }
    EXPECT_EQ(alive, 0);
}

struct Word {
    std::string word;
    int value = 0;
    [[nodiscard]] std::string_view key() const { return word; }
};

std::unique_ptr<const Word> word(std::string text, int value) {
    return std::make_unique<const Word>(Word{std::move(text), value});
}

TEST(SnapshotTable, ShowsWhatWasCommittedAndNothingElse) {
    SnapshotReclaimer reclaimer;
    SnapshotTable<Word> table(reclaimer);
    EXPECT_EQ(table.find("a"), nullptr);
    for (int i = 0; i < 100; ++i)
        table.stage(word("w" + std::to_string(i), i));
    EXPECT_EQ(table.find("w1"), nullptr) << "staged only";
    table.commit();
    for (int i = 0; i < 100; ++i)
        EXPECT_EQ(table.find("w" + std::to_string(i))->value, i);
    EXPECT_EQ(table.find("w100"), nullptr);
    for (int i = 0; i < 100; i += 2)
        table.stage_removal("w" + std::to_string(i));
    table.stage_removal("w100");
    table.stage(word("w1", 1000));
    table.stage(word("new", 7));
    table.commit();
    for (int i = 0; i < 100; ++i)
        EXPECT_EQ(table.find("w" + std::to_string(i)) != nullptr, i % 2 == 1) << i;
    EXPECT_EQ(table.find("w1")->value, 1000);
    EXPECT_EQ(table.find("new")->value, 7);
}

TEST(SnapshotTable, AReaderKeepsWhatItFoundUntilItsQuiescentPoint) {
    SnapshotReclaimer reclaimer;
    SnapshotTable<Word> table(reclaimer);
    table.stage(word("a", 1));
    table.commit();
    ReaderGate gate(reclaimer);
    const auto* const found = table.find("a");
    table.stage(word("a", 2));
    table.commit();
    EXPECT_EQ(reclaimer.reclaim(), 1U);
    EXPECT_EQ(found->value, 1);
    EXPECT_EQ(table.find("a")->value, 2);
    gate.quiescent();
    EXPECT_EQ(reclaimer.reclaim(), 0U);
}

TEST(SnapshotTable, RandomChangesOfManySizesAreThoseOfAMap) {
    SnapshotReclaimer reclaimer;
    SnapshotTable<Word> table(reclaimer);
    std::map<std::string, int> model;
    base::Random random{5};
    constexpr std::size_t kKeys = 8'000;
    constexpr std::size_t kFewKeys = 300;
    // The table grows to thousands, is emptied at once, and then stays at one size while records come and go.
    for (std::size_t round = 0; round < 600; ++round) {
        const bool is_end = round % 200 == 120;
        std::set<std::string> touched;
        for (int i = 0; i < 200; ++i)
            touched.insert("w" + std::to_string(random.below(round % 200 < 120 ? kKeys : kFewKeys)));
        if (is_end)
            for (const auto& [key, value] : model)
                touched.insert(key);
        for (const auto& key : touched) {
            if (is_end || random.below(3) == 0) {
                table.stage_removal(key);
                model.erase(key);
            } else {
                table.stage(word(key, static_cast<int>(round)));
                model[key] = static_cast<int>(round);
            }
        }
        table.commit();
        ASSERT_EQ(reclaimer.reclaim(), 0U);
        for (std::size_t i = 0; i < kKeys; i += round % 40 == 0 ? 1U : 37U) {
            const auto key = "w" + std::to_string(i);
            const auto* const found = table.find(key);
            const auto known = model.find(key);
            ASSERT_EQ(found != nullptr, known != model.end()) << key << " in round " << round;
            if (found != nullptr) {
                ASSERT_EQ(found->value, known->second) << key << " in round " << round;
            }
        }
    }
}

/// What counts as much as what readers find is what the thread and address sanitizers say.
TEST(SnapshotTable, ReadersFindWhatIsThereWhileOtherRecordsComeAndGoAndTheTableGrows) {
    constexpr int kKept = 200;
    constexpr int kRounds = 300;
    SnapshotReclaimer reclaimer;
    SnapshotTable<Word> table(reclaimer);
    const auto kept = [](int number) { return "kept" + std::to_string(number); };
    for (int i = 0; i < kKept; ++i)
        table.stage(word(kept(i), 0));
    table.commit();
    std::atomic<int> shown{0};
    std::atomic<bool> done{false};
    std::vector<std::thread> readers;
    for (int reader = 0; reader < 2; ++reader)
        readers.emplace_back([&] {
            ReaderGate gate(reclaimer);
            for (int i = 0; !done.load() && !testing::Test::HasFailure(); i = (i + 7) % kKept) {
                const int at_least = shown.load();
                const auto* const found = table.find(kept(i));
                ASSERT_NE(found, nullptr);
                EXPECT_GE(found->value, at_least);
                EXPECT_EQ(table.find("never" + std::to_string(i)), nullptr);
                gate.quiescent();
            }
        });
    for (int round = 1; round <= kRounds; ++round) {
        for (int i = 0; i < 100; ++i) {
            table.stage(word("passing" + std::to_string(round * 100 + i), round));
            if (round % 10 == 0)
                for (int old = round - 10; old < round; ++old)
                    table.stage_removal("passing" + std::to_string(old * 100 + i));
        }
        for (int i = 0; i < kKept; ++i)
            table.stage(word(kept(i), round));
        table.commit();
        shown.store(round);
        reclaimer.reclaim();
    }
    done.store(true);
    for (auto& reader : readers)
        reader.join();
    EXPECT_EQ(reclaimer.reclaim(), 0U);
}

}  // namespace
}  // namespace fairlead::dns
