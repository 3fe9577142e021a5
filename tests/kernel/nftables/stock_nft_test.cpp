#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "kernel/nftables/describe_element.h"
#include "kernel/nftables/netlink_nft_tables.h"
#include "support/command.h"
#include "support/nft_fixture.h"
#include "support/sticky_table.h"

// What stock nft makes of our tables, and we of what it changes in them.
namespace fairlead::kernel::nftables {
namespace {

using base::Family;
using test::address;
using test::output_of;

/// The value of one map as the key of another, and a random number in a key.
void drop_what_nft_cannot_say(TableContents& contents) {
    std::erase_if(contents.rules,
                  [](const Rule& rule) { return rule.chain == "services" || rule.chain == "balance-2"; });
}

/// The rules of chain `chain` as stock nft prints them.
std::string rules_of(const std::string& table, const std::string& chain) {
    return output_of("nft list chain " + table + " " + chain + " | grep -v -e '^table' -e '^}'");
}

TEST(StockNft, PrintsOurRulesLikeItsOwn) {
    NetlinkNftTables tables = *NetlinkNftTables::open();
    auto ours = test::sample_table(Family::kIpv4);
    drop_what_nft_cannot_say(ours);
    ASSERT_TRUE(tables.commit(test::creation_of(ours)));
    output_of(R"(nft -f - <<'END'
table ip stock {
  set cidrs { type ipv4_addr; flags interval; }
  chain services { comment "finds the Service"; }
  chain prerouting { comment "new connections"; type nat hook prerouting priority dstnat; jump services; }
  chain filter-input { type filter hook input priority filter; ct state new counter reject comment "reject"; }
  chain postrouting {
    type nat hook postrouting priority srcnat
    ct original ip daddr @cidrs ip saddr != @cidrs masquerade fully-random comment "masquerade"
  }
}
END)");
    for (const auto* chain : {"services", "prerouting", "filter-input", "postrouting"})
        EXPECT_EQ(rules_of("ip fairlead", chain), rules_of("ip stock", chain));
    output_of("nft flush ruleset");
}

TEST(StockNft, LoadsWhatItPrintsOfOurTable) {
    NetlinkNftTables tables = *NetlinkNftTables::open();
    for (const auto family : {Family::kIpv4, Family::kIpv6}) {
        auto ours = test::sample_table(family);
        drop_what_nft_cannot_say(ours);
        ASSERT_TRUE(tables.commit(test::creation_of(ours)));
        const std::string table = family == Family::kIpv4 ? "ip fairlead" : "ip6 fairlead";
        const auto before = output_of("nft list table " + table);
        const auto reloaded = output_of("f=$(mktemp); (echo delete table " + table + "; nft list table " +
                                        table + ") > $f; nft -f $f && nft list table " + table + "; rm $f");
        EXPECT_EQ(before, reloaded);
    }
    output_of("nft flush ruleset");
}

TEST(StockNft, ListsWhatItCouldNotSayWithoutComplaint) {
    NetlinkNftTables tables = *NetlinkNftTables::open();
    for (const auto family : {Family::kIpv4, Family::kIpv6}) {
        ASSERT_TRUE(tables.commit(test::creation_of(test::sticky_table(family))));
        const auto filled = tables.commit(test::sticky_table_elements(family));
        ASSERT_TRUE(filled) << filled.error().message;
        const std::string ip = family == Family::kIpv4 ? "ip" : "ip6";
        const std::string list = " list table " + ip + " fairlead ";
        EXPECT_EQ(output_of("nft" + list + "2>&1 >/dev/null; echo $?"), "0\n");
        EXPECT_EQ(output_of("nft -j" + list + ">/dev/null 2>&1; echo $?"), "0\n");
        EXPECT_EQ(output_of("nft -j" + list +
                            "2>&1 >/dev/null | grep -v 'stmt ops map have no json callback' | cat"),
                  "");
        const auto listing = output_of("nft" + list);
        const std::string key = ip + " saddr . " + ip + " daddr . meta l4proto . th dport";
        for (const auto& wanted : std::vector<std::string>{
                 "flags dynamic,timeout",
                 "size 100",
                 "\"l*\"",
                 ". udp . 80 counter packets 0 bytes 0 : 0 . ",
                 "0x00000007 . 0x00000009 : goto sticky",
                 "0x0 [invalid type] . 0x0 [invalid type] vmap @balancers",
                 "fib saddr type local fib daddr type local",
                 "oifname \"lo\"",
                 "oifname @interfaces",
                 "jhash " + ip + " saddr mod 8 seed 0x5eed offset 1",
                 "delete @affinity { " + key + " : ",
                 "update @affinity { " + key + " timeout 10s : ",
                 "dnat to " + ip + " daddr:th dport",
             })
            EXPECT_THAT(listing, testing::HasSubstr(wanted));
    }
    output_of("nft flush ruleset");
}

TEST(StockNft, AndWeReadAndDeleteEachOthersRanges) {
    NetlinkNftTables tables = *NetlinkNftTables::open();
    const Table table{Family::kIpv4, "fairlead", ""};
    const auto range = [](std::string_view first, std::string_view last) {
        return Element{ElementBytes{}.add(address(first)), ElementBytes{}.add(address(last)), {}, {}};
    };
    const std::vector<Element> ranges = {range("10.0.0.0", "10.0.0.255"), range("10.0.1.0", "10.0.1.255"),
                                         range("240.0.0.0", "255.255.255.255")};
    const std::string text = "{ 10.0.0.0/24, 10.0.1.0/24, 240.0.0.0/4 }";
    const auto listing = [] { return output_of("nft list set ip fairlead cidrs"); };
    const auto change = [&](Operation operation) {
        Transaction transaction{table};
        transaction.add(std::move(operation));
        const auto committed = tables.commit(transaction);
        EXPECT_TRUE(committed) << committed.error().message;
    };
    ASSERT_TRUE(tables.commit(test::creation_of(test::sample_table(Family::kIpv4))));
    const auto empty = listing();

    change(AddElements{"cidrs", ranges});
    const auto ours = listing();
    output_of("nft delete element ip fairlead cidrs '" + text + "'");
    EXPECT_EQ(listing(), empty);

    output_of("nft add element ip fairlead cidrs '" + text + "'");
    EXPECT_EQ(listing(), ours);
    std::vector<Element> read;
    ASSERT_TRUE(tables.read_elements(
        Family::kIpv4, "fairlead", "cidrs", [&] { read.clear(); },
        [&](Element element) { read.push_back(std::move(element)); }));
    EXPECT_EQ(read, ranges);
    change(DeleteElements{"cidrs", ranges});
    EXPECT_EQ(listing(), empty);
    output_of("nft flush ruleset");
}

TEST(StockNft, AndWeReadAndDeleteEachOthersConcatenatedRangesAndNames) {
    NetlinkNftTables tables = *NetlinkNftTables::open();
    const auto elements_of = [&](const char* set) {
        std::vector<Element> read;
        EXPECT_TRUE(tables.read_elements(
            Family::kIpv4, "fairlead", set, [&] { read.clear(); },
            [&](Element element) { read.push_back(std::move(element)); }));
        std::ranges::sort(read);
        return read;
    };
    const auto commit = [&](const std::vector<Operation>& operations) {
        Transaction transaction{{Family::kIpv4, "fairlead", ""}};
        for (const auto& operation : operations)
            transaction.add(operation);
        const auto committed = tables.commit(transaction);
        EXPECT_TRUE(committed) << committed.error().message;
    };
    const auto listing = [] { return output_of("nft list table ip fairlead"); };
    const std::vector<Element> sources = {test::source_range(80, "10.1.0.0", "10.1.0.255"),
                                          test::source_range(80, "10.2.0.3", "10.2.0.9")};
    const std::vector<Element> names = {
        {ElementBytes{}.add_interface_name("eth0"), ElementBytes{}.add_interface_name("eth0"), {}, {}},
        {ElementBytes{}.add_interface_name("veth"), ElementBytes{}.add_last_interface_name("veth"), {}, {}}};
    const std::string sources_text =
        "sources '{ 10.96.0.1 . tcp . 80 . 10.1.0.0/24, 10.96.0.1 . tcp . 80 . 10.2.0.3-10.2.0.9 }'";
    const std::string names_text = "names '{ \"eth0\", \"veth*\" }'";

    commit({AddTable{}, AddSet{test::source_ranges("sources")},
            AddSet{{"names", {DataType::kInterfaceName}, {}, true, ""}}});
    const auto empty = listing();
    commit({AddElements{"sources", sources}, AddElements{"names", names}});
    const auto ours = listing();
    output_of("nft delete element ip fairlead " + sources_text);
    output_of("nft flush set ip fairlead names");  // 1.0.6 deletes no prefix, not even its own
    EXPECT_EQ(listing(), empty);

    output_of("nft add element ip fairlead " + sources_text);
    output_of("nft add element ip fairlead " + names_text);
    EXPECT_EQ(listing(), ours);
    EXPECT_EQ(elements_of("sources"), sources);
    EXPECT_EQ(elements_of("names"), names);
    commit({DeleteElements{"sources", sources}, DeleteElements{"names", names}});
    EXPECT_EQ(listing(), empty);
    output_of("nft flush ruleset");
}

struct ForeignCase {
    const char* command;
    const char* what;
};

TEST(StockNft, WhatItChangesInOurTableComparesUnequalToOurs) {
    NetlinkNftTables tables = *NetlinkNftTables::open();
    const auto ours = test::sample_table(Family::kIpv4);
    for (const auto& [command, what] : std::vector<ForeignCase>{
             {"add rule ip fairlead services meta mark set 1 limit rate 1/second", "unknown expressions"},
             {"add chain ip fairlead filter-input { policy drop; }", "policy"},
             {"add table ip fairlead { flags dormant; }", "dormant"},
             {"add chain ip fairlead extra", "chain"},
             {"add set ip fairlead extra { type ipv4_addr; }", "set"},
             {"add map ip fairlead extra { type ipv4_addr : mark; counter; }", "counting map"},
             {"add set ip fairlead extra { type ipv4_addr; flags dynamic, timeout; size 9; }", "dynamic set"},
             {"add rule ip fairlead services fib saddr . iif type local", "fib with an interface"},
             {"add rule ip fairlead services meta mark set jhash ip saddr mod 2", "hash"},
             {"flush chain ip fairlead balance-2", "no rule"},
             {"replace rule ip fairlead filter-input handle $(nft -a list chain ip fairlead filter-input | "
              "sed -n "
              "\"s/.*reject comment.*handle //p\") ct state new counter reject with icmp host-unreachable "
              "comment "
              "\\\"reject\\\"",
              "kind of reject"},
             {"replace rule ip fairlead filter-input handle $(nft -a list chain ip fairlead filter-input | "
              "sed -n "
              "\"s/.*reject comment.*handle //p\") ct state new counter limit rate 1/second reject comment "
              "\\\"reject\\\"",
              "limit inside"},
         }) {
        SCOPED_TRACE(what);
        ASSERT_TRUE(tables.commit(test::creation_of(ours)));
        auto before = tables.read_table(Family::kIpv4, "fairlead");
        ASSERT_TRUE(before && *before);
        output_of(std::string("nft \"") + command + "\"");
        const auto after = tables.read_table(Family::kIpv4, "fairlead");
        ASSERT_TRUE(after && *after);
        EXPECT_FALSE(**before == **after);
        output_of("nft flush ruleset");
    }
}

/// The elements of a set as stock nft prints them, one a line, sorted.
std::vector<std::string> printed_elements(const Set& set) {
    std::istringstream lines{
        output_of("nft list " + std::string(set.data.empty() ? "set" : "map") + " ip fairlead " + set.name +
                  " | sed -n '/elements = {/,/}/p' | tr -d '\\t{}' | sed 's/elements =//' | tr "
                  "',' '\\n' | sed -e 's/^ *//' -e 's/ *$//' | grep .")};
    std::vector<std::string> elements;
    for (std::string line; std::getline(lines, line);)
        elements.push_back(line);
    std::ranges::sort(elements);
    return elements;
}

TEST(StockNft, PrintsElementsAsWeDo) {
    const auto name = [](std::string_view text) { return ElementBytes{}.add_interface_name(text); };
    const auto in = [](std::string_view text) { return ElementBytes{}.add(address(text)); };
    const Set named{"interfaces", {DataType::kInterfaceName}, {}, true, ""};
    const std::vector<std::pair<Set, std::vector<Element>>> sets = {
        {{"choices",
          {DataType::kIpv4Address, DataType::kInetProtocol, DataType::kInetService},
          {DataType::kMark, DataType::kMark},
          false,
          ""},
         {{test::frontend_key("10.96.0.1", 80), {}, ElementBytes{}.add_number(2).add_number(0x3000002), {}}}},
        {{"cidrs", {DataType::kIpv4Address}, {}, true, ""},
         {{in("10.0.0.0"), in("10.255.255.255"), {}, {}},
          {in("192.0.2.1"), in("192.0.2.1"), {}, {}},
          {in("192.0.2.5"), in("192.0.2.9"), {}, {}}}},
        {test::source_ranges("sources"),
         {test::source_range(80, "10.1.0.0", "10.1.255.255"),
          test::source_range(81, "0.0.0.0", "255.255.255.255"),
          test::source_range(82, "10.1.0.3", "10.1.0.9"), test::source_range(83, "10.1.0.3", "10.1.0.3")}},
        {named,
         {{name("eth0"), name("eth0"), {}, {}},
          {name("veth"), ElementBytes{}.add_last_interface_name("veth"), {}, {}}}},
        {test::counting_map("counted"), {{in("10.1.0.1"), {}, ElementBytes{}.add_port(80), {}}}},
    };
    NetlinkNftTables tables = *NetlinkNftTables::open();
    output_of("nft flush ruleset");
    Transaction transaction{{Family::kIpv4, "fairlead", ""}};
    transaction.add(AddTable{});
    for (const auto& [set, elements] : sets) {
        transaction.add(AddSet{set});
        transaction.add(AddElements{set.name, elements});
    }
    const auto committed = tables.commit(transaction);
    ASSERT_TRUE(committed) << committed.error().message;
    for (const auto& [set, elements] : sets) {
        std::vector<std::string> described;
        for (const auto& element : elements) {
            const auto found = tables.find_element(Family::kIpv4, "fairlead", set.name, element.key);
            ASSERT_TRUE(found && *found) << set.name;
            described.push_back(describe(set, **found));
        }
        std::ranges::sort(described);
        EXPECT_EQ(described, printed_elements(set)) << set.name;
    }
    output_of("nft flush ruleset");
}

TEST(StockNft, PrintsWhatPassesAsWeDo) {
    output_of(R"(nft -f - <<'END'
table ip fairlead {
  map affinity { typeof ip saddr : tcp dport; flags dynamic,timeout; size 10;
    elements = { 10.0.0.1 timeout 3h : 80, 10.0.0.2 timeout 1d2m3s : 81 } }
}
END)");
    NetlinkNftTables tables = *NetlinkNftTables::open();
    const auto set = test::dynamic_map("affinity", 10);
    for (const auto& [client, expected] : {std::pair{"10.0.0.1", "10.0.0.1 timeout 3h expires 2h59m59s"},
                                           std::pair{"10.0.0.2", "10.0.0.2 timeout 1d2m3s expires 1d2m2s"}}) {
        const auto found =
            tables.find_element(Family::kIpv4, "fairlead", set.name, ElementBytes{}.add(address(client)));
        ASSERT_TRUE(found && *found);
        EXPECT_LE((*found)->time_left, (*found)->timeout);
        auto early = **found;
        early.time_left = *early.timeout - std::chrono::milliseconds{1000};
        EXPECT_TRUE(describe(set, early).starts_with(expected)) << describe(set, early);
    }
    output_of("nft flush ruleset");
}

}  // namespace
}  // namespace fairlead::kernel::nftables
