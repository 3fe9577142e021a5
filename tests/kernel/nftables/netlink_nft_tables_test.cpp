#include "kernel/nftables/netlink_nft_tables.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/command.h"
#include "support/nft_fixture.h"
#include "support/sticky_table.h"

namespace fairlead::kernel::nftables {
namespace {

using test::address;
using test::output_of;
using testing::HasSubstr;
using testing::Not;
using testing::UnorderedElementsAreArray;

class NetlinkNftTablesTest : public testing::Test {
  protected:
    NetlinkNftTables tables_ = *NetlinkNftTables::open();

    void TearDown() override { output_of("nft flush ruleset"); }

    std::vector<Element> elements_of(std::string_view set) {
        std::vector<Element> elements;
        const auto read = tables_.read_elements(
            base::Family::kIpv4, "fairlead", set, [&] { elements.clear(); },
            [&](Element element) { elements.push_back(std::move(element)); });
        EXPECT_TRUE(read) << read.error().message;
        return elements;
    }
};

TEST_F(NetlinkNftTablesTest, ReadsBackEveryObjectAsItWasWritten) {
    for (const auto& wanted :
         {test::sample_table(base::Family::kIpv4), test::sample_table(base::Family::kIpv6),
          test::sticky_table(base::Family::kIpv4), test::sticky_table(base::Family::kIpv6)}) {
        output_of("nft flush ruleset");
        const auto committed = tables_.commit(test::creation_of(wanted));
        ASSERT_TRUE(committed) << committed.error().message;
        const auto read = tables_.read_table(wanted.table.family, "fairlead");
        ASSERT_TRUE(read) << read.error().message;
        ASSERT_TRUE(read->has_value());
        EXPECT_EQ((*read)->table, wanted.table);
        EXPECT_EQ((*read)->chains, wanted.chains);
        EXPECT_EQ((*read)->rules, wanted.rules);
        EXPECT_THAT((*read)->sets, UnorderedElementsAreArray(wanted.sets));
    }
}

TEST_F(NetlinkNftTablesTest, StockNftListsNamesTypesCommentsAndExpressions) {
    ASSERT_TRUE(tables_.commit(test::creation_of(test::sample_table(base::Family::kIpv4))));
    Transaction elements{{base::Family::kIpv4, "fairlead", ""}};
    elements.add_element(
        "frontends",
        {test::frontend_key("10.96.0.1", 80), {}, ElementBytes{}.add_number(2).add_number(7), {}});
    elements.add_element(
        "cidrs",
        {ElementBytes{}.add(address("10.96.0.0")), ElementBytes{}.add(address("10.111.255.255")), {}, {}});
    elements.add_element("balancers", {ElementBytes{}.add_number(7), {}, {}, "balance-2"});
    ASSERT_TRUE(tables_.commit(elements));
    const std::string listing = output_of("nft list table ip fairlead");
    for (const auto* wanted :
         {"comment \"layout 1\"", "type ipv4_addr . inet_proto . inet_service : mark",
          "comment \"Service addresses\"", "10.96.0.1 . tcp . 80 : 0x00000002 . 0x00000007", "10.96.0.0/12",
          "0x00000007 : goto balance-2", "numgen random mod 2",
          "type nat hook prerouting priority dstnat; policy accept;", "comment \"pick an endpoint\""})
        EXPECT_THAT(listing, HasSubstr(wanted));
}

TEST_F(NetlinkNftTablesTest, ErrorsNameTheObjectAndTheElement) {
    ASSERT_TRUE(tables_.commit(test::creation_of(test::sample_table(base::Family::kIpv4))));
    const Table table{base::Family::kIpv4, "fairlead", ""};
    Transaction twice{table};
    for (const int port : {79, 80, 81})
        twice.add_element(
            "frontends",
            {test::frontend_key("10.96.0.1", port), {}, ElementBytes{}.add_number(1).add_number(1), {}});
    ASSERT_TRUE(tables_.commit(twice));

    Transaction conflict{table};
    conflict.add_element(
        "frontends",
        {test::frontend_key("10.96.0.9", 1), {}, ElementBytes{}.add_number(1).add_number(1), {}});
    conflict.add_element(
        "frontends",
        {test::frontend_key("10.96.0.1", 80), {}, ElementBytes{}.add_number(1).add_number(2), {}});
    const auto exists = tables_.commit(conflict);
    ASSERT_FALSE(exists);
    EXPECT_EQ(exists.error().code, base::ErrorCode::kExists);
    EXPECT_THAT(
        exists.error().message,
        HasSubstr("table ip fairlead: add to set 'frontends': element 10.96.0.1 . tcp . 80: File exists"));
    EXPECT_EQ(elements_of("frontends").size(), 3U) << "the batch was not atomic";

    Transaction missing{table};
    missing.delete_element("frontends", {test::frontend_key("10.96.0.2", 80), {}, {}, {}});
    const auto absent = tables_.commit(missing);
    ASSERT_FALSE(absent);
    EXPECT_EQ(absent.error().code, base::ErrorCode::kNotFound);

    Transaction nowhere{table};
    nowhere.add_element("no_such_set", {test::frontend_key("10.96.0.2", 80), {}, {}, {}});
    const auto unknown = tables_.commit(nowhere);
    ASSERT_FALSE(unknown);
    EXPECT_THAT(unknown.error().message, HasSubstr("set 'no_such_set'"));
}

TEST_F(NetlinkNftTablesTest, TakesOneHundredThousandElementsInOneTransactionAndReadsThemBack) {
    ASSERT_TRUE(tables_.commit(test::creation_of(test::sample_table(base::Family::kIpv4))));
    constexpr std::uint32_t kCount = 100'000;
    Transaction many{{base::Family::kIpv4, "fairlead", ""}};
    for (std::uint32_t i = 0; i < kCount; ++i) {
        many.add_element("frontends",
                         {test::frontend_key("10.96.0.1", 1 + static_cast<int>(i % 60'000), i / 60'000),
                          {},
                          ElementBytes{}.add_number(1).add_number(i),
                          {}});
    }
    const auto committed = tables_.commit(many);
    ASSERT_TRUE(committed) << committed.error().message;
    auto wanted = std::get<AddElements>(many.operations().front()).elements;
    auto read = elements_of("frontends");
    std::ranges::sort(wanted);
    std::ranges::sort(read);
    EXPECT_TRUE(read == wanted);
}

TEST_F(NetlinkNftTablesTest, ReadsManyMapsOfNumbersAsItReadsEach) {
    std::string numbers;
    for (int number = 0; number < 200; ++number)
        numbers += (number == 0 ? "" : ", ") + std::to_string(number) + " : " + std::to_string(1000 + number);
    output_of(
        "nft -f - <<'END'\ntable ip numbered {\n"
        "map a { type mark : inet_service; elements = { 0 : 80, 1 : 81 }; }\n"
        "map b { type mark : inet_service; }\n"
        "map many { type mark : inet_service; elements = { " +
        numbers + " }; }\n}\nEND");
    const auto read = [&](std::vector<NumberedMap> maps, bool one_by_one) {
        std::vector<std::pair<std::size_t, Element>> elements;
        const auto visit = [&](std::size_t map, Element element) {
            elements.emplace_back(map, std::move(element));
        };
        const auto done =
            one_by_one ? tables_.NftTables::read_numbered_maps(base::Family::kIpv4, "numbered", maps, visit)
                       : tables_.read_numbered_maps(base::Family::kIpv4, "numbered", maps, visit);
        std::ranges::sort(elements);
        return std::pair{done ? base::ErrorCode::kInternal : done.error().code, elements};
    };
    const std::vector<NumberedMap> maps = {{"many", 200}, {"a", 2}, {"b", 0}};
    const auto [nothing_wrong, elements] = read(maps, false);
    EXPECT_EQ(nothing_wrong, base::ErrorCode::kInternal);
    EXPECT_EQ(elements.size(), 202U);
    EXPECT_EQ(elements, read(maps, true).second);
    for (const bool one_by_one : {false, true}) {
        EXPECT_EQ(read({{"a", 3}}, one_by_one).first, base::ErrorCode::kNotFound)
            << "a number that is missing";
        EXPECT_EQ(read({{"none", 1}}, one_by_one).first, base::ErrorCode::kNotFound);
    }
}

TEST_F(NetlinkNftTablesTest, ReadsRangesBackAlsoAdjacentOnesAndTheLast) {
    ASSERT_TRUE(tables_.commit(test::creation_of(test::sample_table(base::Family::kIpv4))));
    Transaction ranges{{base::Family::kIpv4, "fairlead", ""}};
    for (const auto& [first, last] :
         {std::pair{"10.0.0.0", "10.0.0.255"}, {"10.0.1.0", "10.0.1.255"}, {"255.0.0.0", "255.255.255.255"}})
        ranges.add_element("cidrs",
                           {ElementBytes{}.add(address(first)), ElementBytes{}.add(address(last)), {}, {}});
    const auto committed = tables_.commit(ranges);
    ASSERT_TRUE(committed) << committed.error().message;
    EXPECT_THAT(elements_of("cidrs"),
                UnorderedElementsAreArray(std::get<AddElements>(ranges.operations().front()).elements));
    EXPECT_THAT(output_of("nft list set ip fairlead cidrs"), HasSubstr("255.0.0.0/8"));

    Transaction removed{{base::Family::kIpv4, "fairlead", ""}};
    removed.delete_element(
        "cidrs",
        {ElementBytes{}.add(address("10.0.1.0")), ElementBytes{}.add(address("10.0.1.255")), {}, {}});
    const auto deleted = tables_.commit(removed);
    ASSERT_TRUE(deleted) << deleted.error().message;
    EXPECT_EQ(elements_of("cidrs").size(), 2U);
}

TEST_F(NetlinkNftTablesTest, ATableThatIsNotThereIsNoErrorToReadOrToDestroy) {
    const auto read = tables_.read_table(base::Family::kIpv6, "fairlead");
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_FALSE(read->has_value());
    Transaction destroy{{base::Family::kIpv6, "fairlead", ""}};
    destroy.add(DestroyTable{});
    EXPECT_TRUE(tables_.commit(destroy));
    EXPECT_THAT(output_of("nft list tables"), Not(HasSubstr("fairlead")));
}

TEST_F(NetlinkNftTablesTest, AForeignRuleComparesUnequalToOurs) {
    const auto wanted = test::sample_table(base::Family::kIpv4);
    ASSERT_TRUE(tables_.commit(test::creation_of(wanted)));
    output_of("nft insert rule ip fairlead services meta mark 1 limit rate 1/second accept");
    const auto read = tables_.read_table(base::Family::kIpv4, "fairlead");
    ASSERT_TRUE(read && *read);
    EXPECT_NE((*read)->rules, wanted.rules);
}

TEST_F(NetlinkNftTablesTest, TheGenerationChangesWithEveryCommit) {
    const auto before = tables_.generation();
    ASSERT_TRUE(before) << before.error().message;
    ASSERT_TRUE(tables_.commit(test::creation_of(test::sample_table(base::Family::kIpv4))));
    EXPECT_NE(tables_.generation().value(), *before);
}

}  // namespace
}  // namespace fairlead::kernel::nftables
