#include "dns/snapshot.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>

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
    SnapshotTable<Word> table(reclaimer, 4);
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
    SnapshotTable<Word> table(reclaimer, 1);
    table.stage(word("a", 1));
    table.commit();
    ReaderGate gate(reclaimer);
    const auto* const found = table.find("a");
    table.stage(word("a", 2));
    table.commit();
    EXPECT_EQ(reclaimer.reclaim(), 2U) << "the record and its shard";
    EXPECT_EQ(found->value, 1);
    EXPECT_EQ(table.find("a")->value, 2);
    gate.quiescent();
    EXPECT_EQ(reclaimer.reclaim(), 0U);
}

}  // namespace
}  // namespace fairlead::dns
