#pragma once

#include <gtest/gtest.h>

#include <algorithm>

#include "kernel/nftables/netlink_nft_tables.h"
#include "support/command.h"
#include "support/fake_nft_tables.h"
#include "support/nft_fixture.h"

// The fake held to the kernel: every transaction goes to both, which must answer alike and hold the same
// after.
namespace fairlead::kernel::nftables {

using base::Family;
using test::address;

inline const Table kTable{Family::kIpv4, "fairlead", "layout 1"};

inline Element frontend(int port, std::uint32_t value) {
    return {
        test::frontend_key("10.96.0.1", port), {}, ElementBytes{}.add_number(value).add_number(value), {}};
}

inline Element balancer(std::uint32_t id, std::string chain) {
    return {ElementBytes{}.add_number(id), {}, {}, std::move(chain)};
}

inline Element range(std::string_view first, std::string_view last) {
    return {ElementBytes{}.add(address(first)), ElementBytes{}.add(address(last)), {}, {}};
}

/// What a source range of a Service is: daddr . proto . dport . saddr.
inline ElementBytes source_key(int port, std::string_view source) {
    return test::frontend_key("10.96.0.1", port).add(address(source));
}

inline Element ports(int first_port, int last_port, std::string_view first, std::string_view last) {
    return {source_key(first_port, first), source_key(last_port, last), {}, {}};
}

inline Element names_from(std::string_view prefix) {
    return {
        ElementBytes{}.add_interface_name(prefix), ElementBytes{}.add_last_interface_name(prefix), {}, {}};
}

inline Element interface(std::string_view name) {
    return {ElementBytes{}.add_interface_name(name), ElementBytes{}.add_interface_name(name), {}, {}};
}

inline Element remembered(std::string_view client, int port) {
    return {ElementBytes{}.add(address(client)),
            {},
            ElementBytes{}.add_port(static_cast<std::uint16_t>(port)),
            {}};
}

/// Sets of the kinds that the sample lacks, and what is in them.
inline std::vector<Operation> more_sets() {
    Set untimed = test::dynamic_map("untimed", 3);
    untimed.timeout = false;
    Set visitors = test::dynamic_map("visitors", 3);
    visitors.data.clear();
    Set interfaces{"interfaces", {DataType::kInterfaceName}, {}, true, ""};
    return {
        AddSet{test::source_ranges("sources")},
        AddSet{interfaces},
        AddSet{test::dynamic_map("affinity", 3)},
        AddSet{untimed},
        AddSet{visitors},
        AddSet{test::counting_map("counted")},
        AddElements{"sources",
                    {test::source_range(80, "10.1.0.0", "10.1.255.255"),
                     test::source_range(80, "10.2.0.0", "10.2.0.255"),
                     test::source_range(81, "0.0.0.0", "255.255.255.255")}},
        AddElements{"interfaces", {interface("eth0"), names_from("veth")}},
        AddElements{"affinity", {remembered("10.1.0.1", 80), remembered("10.1.0.2", 80)}},
        AddElements{"counted", {remembered("10.1.0.1", 80)}},
    };
}

inline Transaction transaction_of(std::vector<Operation> operations) {
    Transaction transaction{kTable};
    for (auto& operation : operations)
        transaction.add(std::move(operation));
    return transaction;
}

/// What one side answers: the errno and the words, less what the kernel adds in brackets.
struct Answer {
    int errno_value = 0;
    std::string message;
    friend bool operator==(const Answer&, const Answer&) = default;
    friend void PrintTo(const Answer& answer, std::ostream* out) {
        *out << answer.errno_value << " " << answer.message;
    }
};

inline Answer commit_to(NftTables& tables, const Transaction& transaction) {
    const auto committed = tables.commit(transaction);
    if (committed) return {};
    std::string message = committed.error().message;
    if (message.ends_with(')')) message.resize(message.rfind(" ("));
    return {committed.error().errno_value, message};
}

struct Counted {
    Element element;
    Counts counts;
    friend bool operator==(const Counted&, const Counted&) = default;
};

/// All that a side holds, sets and elements in a fixed order.
struct Contents {
    std::optional<TableContents> table;
    std::vector<std::pair<std::string, std::vector<Counted>>> elements;
    friend bool operator==(const Contents&, const Contents&) = default;
};

inline Contents contents_of(NftTables& tables) {
    Contents contents;
    auto read = tables.read_table(kTable.family, kTable.name);
    EXPECT_TRUE(read) << read.error().message;
    contents.table = *read;
    if (!contents.table) return contents;
    std::ranges::sort(contents.table->sets, {}, &Set::name);
    for (const auto& set : contents.table->sets) {
        std::vector<Counted> elements;
        const auto dumped = tables.read_counts(
            kTable.family, kTable.name, set.name, [&] { elements.clear(); },
            [&](Element element, Counts counts) { elements.push_back({std::move(element), counts}); });
        EXPECT_TRUE(dumped) << dumped.error().message;
        std::ranges::sort(elements, {}, &Counted::element);
        contents.elements.emplace_back(set.name, std::move(elements));
    }
    return contents;
}

class NftTablesContract : public testing::Test {
  protected:
    void SetUp() override {
        test::output_of("nft flush ruleset");
        ASSERT_EQ(commit_to_both(test::creation_of(test::sample_table(Family::kIpv4))), Answer{});
        ASSERT_EQ(
            commit_to_both(transaction_of({
                AddElements{"frontends", {frontend(80, 1), frontend(81, 2)}},
                AddElements{"balancers", {balancer(2, "balance-2")}},
                AddElements{"cidrs", {range("10.0.0.0", "10.0.0.255"), range("10.0.1.0", "10.0.1.255")}},
            })),
            Answer{});
        ASSERT_EQ(commit_to_both(transaction_of(more_sets())), Answer{});
    }
    void TearDown() override { test::output_of("nft flush ruleset"); }

    Answer commit_to_both(const Transaction& transaction) {
        const auto real = commit_to(kernel_, transaction);
        const auto pretended = commit_to(fake_, transaction);
        EXPECT_EQ(real, pretended) << "kernel first, fake second";
        EXPECT_TRUE(contents_of(kernel_) == contents_of(fake_)) << "kernel and fake hold different things";
        return real;
    }

    NetlinkNftTables kernel_ = *NetlinkNftTables::open();
    test::FakeNftTables fake_;
};

struct Case {
    const char* name;
    std::vector<Operation> operations;
    int errno_value;
    const char* message = "";
    friend void PrintTo(const Case& it, std::ostream* out) { *out << it.name; }
};

class NftTablesContractCase : public NftTablesContract, public testing::WithParamInterface<Case> {};

inline std::string name_of(const testing::TestParamInfo<Case>& info) {
    std::string name = info.param.name;
    std::ranges::replace_if(name, [](char c) { return c == ' ' || c == ','; }, '_');
    return name;
}

}  // namespace fairlead::kernel::nftables
