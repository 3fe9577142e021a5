#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <regex>

#include "kernel/nftables/netlink_nft_tables.h"
#include "kernel/nftables/round_trip_cases.h"
#include "support/command.h"

// Every kind of object and expression both ways: what we write, stock nft lists in JSON as what it writes
// itself; and what it writes, we read as what we would write.
namespace fairlead::kernel::nftables {
namespace {

using base::Family;
using test::output_of;

class RoundTrip : public testing::TestWithParam<test::RoundTripCase> {
  protected:
    void TearDown() override { output_of("nft flush ruleset"); }

    [[nodiscard]] std::string table(const char* name) const {
        return (GetParam().family == Family::kIpv4 ? "ip " : "ip6 ") + std::string(name);
    }
    /// What stock nft lists, less what differs between equal tables.
    [[nodiscard]] std::string listed(const char* name) const {
        auto text = output_of("nft -j list table " + table(name));
        text = std::regex_replace(text, std::regex{R"("handle": \d+)"}, "");
        return std::regex_replace(text, std::regex{name}, "");
    }
    TableContents contents(const char* name) {
        const auto read = tables_.read_table(GetParam().family, name);
        EXPECT_TRUE(read && *read) << name;
        auto contents = read && *read ? **read : TableContents{};
        contents.table.name.clear();
        return contents;
    }
    std::vector<Element> elements(const char* name, const std::string& set) {
        std::vector<Element> all;
        const auto read = tables_.read_elements(
            GetParam().family, name, set, [&] { all.clear(); },
            [&](Element element) { all.push_back(element); });
        EXPECT_TRUE(read) << read.error().message;
        std::ranges::sort(all);
        return all;
    }

    NetlinkNftTables tables_ = *NetlinkNftTables::open();
};

TEST_P(RoundTrip, IsTheSameWhoeverWroteIt) {
    const auto& it = GetParam();
    Transaction transaction{{it.family, "ours", ""}};
    transaction.add(AddTable{});
    for (const auto& operation : it.operations)
        transaction.add(operation);
    const auto committed = tables_.commit(transaction);
    ASSERT_TRUE(committed) << committed.error().message;
    output_of("nft -f - <<'END'\ntable " + table("theirs") + " {\n" + it.block + "\n}\nEND");

    EXPECT_EQ(listed("ours"), listed("theirs")) << "as nft lists them";
    const auto ours = contents("ours");
    EXPECT_TRUE(ours == contents("theirs")) << "as we read them";
    for (const auto& operation : it.operations) {
        if (const auto* rule = std::get_if<AddRule>(&operation)) {
            EXPECT_EQ(ours.rules, std::vector{rule->rule});
        } else if (const auto* set = std::get_if<AddSet>(&operation)) {
            EXPECT_THAT(ours.sets, testing::Contains(set->set));
        } else if (const auto* chain = std::get_if<AddChain>(&operation)) {
            EXPECT_THAT(ours.chains, testing::Contains(chain->chain));
        } else if (const auto* added = std::get_if<AddElements>(&operation)) {
            auto wanted = added->elements;
            std::ranges::sort(wanted);
            EXPECT_EQ(elements("ours", added->set), wanted);
            EXPECT_EQ(elements("theirs", added->set), wanted);
        }
    }
}

/// What we delete of what nft wrote is gone for nft.
TEST_P(RoundTrip, EndsForBothWhenWeDeleteWhatTheyWrote) {
    const auto& it = GetParam();
    output_of("nft -f - <<'END'\ntable " + table("theirs") + " {\n" + it.block + "\n}\nEND");
    Transaction away{{it.family, "theirs", ""}};
    for (const auto& operation : it.operations) {
        if (const auto* added = std::get_if<AddElements>(&operation))
            away.add(DeleteElements{added->set, added->elements});
        if (const auto* rule = std::get_if<AddRule>(&operation)) away.add(FlushChain{rule->rule.chain});
    }
    for (const auto& operation : it.operations)
        if (const auto* chain = std::get_if<AddChain>(&operation)) away.add(DeleteChain{chain->chain.name});
    for (const auto& operation : it.operations)
        if (const auto* set = std::get_if<AddSet>(&operation)) away.add(DeleteSet{set->set.name});
    const auto deleted = tables_.commit(away);
    ASSERT_TRUE(deleted) << deleted.error().message;
    EXPECT_EQ(output_of("nft list table " + table("theirs")), "table " + table("theirs") + " {\n}\n");
    Transaction end{{it.family, "theirs", ""}};
    end.add(DestroyTable{});
    ASSERT_TRUE(tables_.commit(end));
    EXPECT_EQ(output_of("nft list tables"), "");
}

const auto kNameOfCase = [](const auto& it) { return it.param.name; };
INSTANTIATE_TEST_SUITE_P(Loads, RoundTrip, testing::ValuesIn(test::round_trip_loads()), kNameOfCase);
INSTANTIATE_TEST_SUITE_P(Lookups, RoundTrip, testing::ValuesIn(test::round_trip_lookups()), kNameOfCase);
INSTANTIATE_TEST_SUITE_P(Chains, RoundTrip, testing::ValuesIn(test::round_trip_chains()), kNameOfCase);
INSTANTIATE_TEST_SUITE_P(Sets, RoundTrip, testing::ValuesIn(test::round_trip_sets()), kNameOfCase);

}  // namespace
}  // namespace fairlead::kernel::nftables
