#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/random.h"
#include "kernel/nftables/netlink_nft_tables.h"
#include "support/command.h"
#include "support/fake_nft_tables.h"
#include "support/nft_fixture.h"

// The fake held to the kernel: every transaction goes to both, which must answer alike and hold the same
// after.
namespace fairlead::kernel::nftables {
namespace {

using base::Family;
using test::address;

const Table kTable{Family::kIpv4, "fairlead", "layout 1"};

Element frontend(int port, std::uint32_t value) {
    return {
        test::frontend_key("10.96.0.1", port), {}, ElementBytes{}.add_number(value).add_number(value), {}};
}

Element balancer(std::uint32_t id, std::string chain) {
    return {ElementBytes{}.add_number(id), {}, {}, std::move(chain)};
}

Element range(std::string_view first, std::string_view last) {
    return {ElementBytes{}.add(address(first)), ElementBytes{}.add(address(last)), {}, {}};
}

/// What a source range of a Service is: daddr . proto . dport . saddr.
ElementBytes source_key(int port, std::string_view source) {
    return test::frontend_key("10.96.0.1", port).add(address(source));
}

Element source(int port, std::string_view first, std::string_view last) {
    return {source_key(port, first), source_key(port, last), {}, {}};
}

Element ports(int first_port, int last_port, std::string_view first, std::string_view last) {
    return {source_key(first_port, first), source_key(last_port, last), {}, {}};
}

Element names_from(std::string_view prefix) {
    return {
        ElementBytes{}.add_interface_name(prefix), ElementBytes{}.add_last_interface_name(prefix), {}, {}};
}

Element interface(std::string_view name) {
    return {ElementBytes{}.add_interface_name(name), ElementBytes{}.add_interface_name(name), {}, {}};
}

Element remembered(std::string_view client, int port) {
    return {ElementBytes{}.add(address(client)),
            {},
            ElementBytes{}.add_port(static_cast<std::uint16_t>(port)),
            {}};
}

Set dynamic_map(std::string name) {
    Set set{std::move(name), {DataType::kIpv4Address}, {DataType::kInetService}, false, "who went where"};
    set.dynamic = true;
    set.timeout = true;
    set.size = 3;
    return set;
}

Set counting_map(std::string name) {
    Set set{std::move(name), {DataType::kIpv4Address}, {DataType::kInetService}, false, ""};
    set.counts = true;
    return set;
}

Set source_ranges(std::string name) {
    return {std::move(name),
            {DataType::kIpv4Address, DataType::kInetProtocol, DataType::kInetService, DataType::kIpv4Address},
            {},
            true,
            "who may use a Service"};
}

/// Sets of the kinds that the sample lacks, and what is in them.
std::vector<Operation> more_sets() {
    Set untimed = dynamic_map("untimed");
    untimed.timeout = false;
    Set visitors = dynamic_map("visitors");
    visitors.data.clear();
    Set interfaces{"interfaces", {DataType::kInterfaceName}, {}, true, ""};
    return {
        AddSet{source_ranges("sources")},
        AddSet{interfaces},
        AddSet{dynamic_map("affinity")},
        AddSet{untimed},
        AddSet{visitors},
        AddSet{counting_map("counted")},
        AddElements{"sources",
                    {source(80, "10.1.0.0", "10.1.255.255"), source(80, "10.2.0.0", "10.2.0.255"),
                     source(81, "0.0.0.0", "255.255.255.255")}},
        AddElements{"interfaces", {interface("eth0"), names_from("veth")}},
        AddElements{"affinity", {remembered("10.1.0.1", 80), remembered("10.1.0.2", 80)}},
        AddElements{"counted", {remembered("10.1.0.1", 80)}},
    };
}

Transaction transaction_of(std::vector<Operation> operations) {
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

Answer commit_to(NftTables& tables, const Transaction& transaction) {
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

Contents contents_of(NftTables& tables) {
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

std::vector<Case> cases_of_elements() {
    Element wrong_key = frontend(90, 1);
    wrong_key.key = ElementBytes{}.add_number(1);
    Element wrong_data = frontend(90, 1);
    wrong_data.data = ElementBytes{}.add_number(1);
    Element no_data = frontend(90, 1);
    no_data.data = {};
    Element verdict_in_map = frontend(90, 1);
    verdict_in_map.data = {};
    verdict_in_map.verdict_chain = "balance-2";
    const ElementBytes some_key = frontend(80, 1).key;
    return {
        {"element to a set that is not there",
         {AddElements{"nowhere", {frontend(1, 1)}}},
         ENOENT,
         "table ip fairlead: add to set 'nowhere': one of 1 elements"},
        {"key that is there with other data",
         {AddElements{"frontends", {frontend(82, 1), frontend(80, 9)}}},
         EEXIST,
         "table ip fairlead: add to set 'frontends': element 10.96.0.1 . tcp . 80: File exists"},
        {"key that is there with the same data", {AddElements{"frontends", {frontend(80, 1)}}}, EEXIST},
        {"the same key twice", {AddElements{"frontends", {frontend(82, 1), frontend(82, 1)}}}, EEXIST},
        {"key of another size",
         {AddElements{"frontends", {frontend(82, 1), wrong_key}}},
         EINVAL,
         "add to set 'frontends': element 1.0.0.0"},
        {"data of another size", {AddElements{"frontends", {wrong_data}}}, EINVAL},
        {"map element without data", {AddElements{"frontends", {no_data}}}, EINVAL},
        {"verdict in a map of values", {AddElements{"frontends", {verdict_in_map}}}, EINVAL},
        {"data in a set",
         {AddElements{"cidrs",
                      {{ElementBytes{}.add(address("1.1.1.1")),
                        ElementBytes{}.add(address("1.1.1.2")),
                        ElementBytes{}.add_number(1),
                        {}}}}},
         EINVAL},
        {"verdict that leads nowhere",
         {AddElements{"balancers", {balancer(9, "nowhere")}}},
         ENOENT,
         "add to set 'balancers': element"},
        {"verdict to a base chain", {AddElements{"balancers", {balancer(9, "prerouting")}}}, EOPNOTSUPP},
        {"delete what is not there",
         {DeleteElements{"frontends", {frontend(80, 1), frontend(99, 1), frontend(81, 2)}}},
         ENOENT,
         "delete from set 'frontends': element 10.96.0.1 . tcp . 99: No such file"},
        {"delete with a key of another size", {DeleteElements{"frontends", {wrong_key}}}, EINVAL},
        {"delete the same twice", {DeleteElements{"frontends", {frontend(80, 1), frontend(80, 1)}}}, ENOENT},
        {"delete from a set that is not there", {DeleteElements{"nowhere", {frontend(80, 1)}}}, ENOENT},
        {"replace in one transaction",
         {DeleteElements{"frontends", {frontend(80, 1)}}, AddElements{"frontends", {frontend(80, 7)}}},
         0},
        {"add and delete in one transaction",
         {AddElements{"frontends", {frontend(85, 7)}}, DeleteElements{"frontends", {frontend(85, 7)}}},
         0},
        {"flush and fill", {FlushSet{"frontends"}, AddElements{"frontends", {frontend(80, 3)}}}, 0},
        {"flush of a set that is not there", {FlushSet{"nowhere"}}, ENOENT},
        {"good ones before a bad one",
         {AddElements{"frontends", {frontend(85, 7)}}, FlushSet{"cidrs"},
          DeleteElements{"frontends", {frontend(99, 7)}}},
         ENOENT},
        {"delete ignores the data", {DeleteElements{"frontends", {{some_key, {}, {}, {}}}}}, 0},
    };
}

std::vector<Case> cases_of_ranges() {
    return {
        {"range next to another", {AddElements{"cidrs", {range("10.0.2.0", "10.0.2.255")}}}, 0},
        {"range of one", {AddElements{"cidrs", {range("10.9.0.0", "10.9.0.0")}}}, 0},
        {"range up to the last address", {AddElements{"cidrs", {range("240.0.0.0", "255.255.255.255")}}}, 0},
        {"everything into a flushed set",
         {FlushSet{"cidrs"}, AddElements{"cidrs", {range("0.0.0.0", "255.255.255.255")}}},
         0},
        {"range that is there",
         {AddElements{"cidrs", {range("10.0.0.0", "10.0.0.255")}}},
         EEXIST,
         "add to set 'cidrs': element 10.0.0.0-10.0.0.255: File exists"},
        {"range inside another", {AddElements{"cidrs", {range("10.0.0.16", "10.0.0.31")}}}, EEXIST},
        {"delete the left one of two neighbours",
         {DeleteElements{"cidrs", {range("10.0.0.0", "10.0.0.255")}}},
         0},
        {"delete the right one of two neighbours",
         {DeleteElements{"cidrs", {range("10.0.1.0", "10.0.1.255")}}},
         0},
        {"range that begins where another does",
         {AddElements{"cidrs", {range("10.0.0.0", "10.0.0.15")}}},
         EEXIST},
        {"range around another", {AddElements{"cidrs", {range("9.0.0.0", "11.255.255.255")}}}, EEXIST},
        {"range that ends in another", {AddElements{"cidrs", {range("9.0.0.0", "10.0.0.15")}}}, EEXIST},
        {"delete with another end", {DeleteElements{"cidrs", {range("10.0.0.0", "10.0.0.15")}}}, ENOENT},
        {"delete a range that is not there",
         {DeleteElements{"cidrs", {range("10.7.0.0", "10.7.0.255")}}},
         ENOENT},
        {"delete, then put two in its place",
         {DeleteElements{"cidrs", {range("10.0.0.0", "10.0.0.255")}},
          AddElements{"cidrs", {range("10.0.0.0", "10.0.0.127"), range("10.0.0.128", "10.0.0.255")}}},
         0},
    };
}

std::vector<Case> cases_of_objects() {
    const auto sample = test::sample_table(Family::kIpv4);
    Chain other_hook = sample.chains[0];
    other_hook.hook->priority = 5;
    Set other_key = sample.sets[0];
    other_key.key = {DataType::kMark};
    Set other_comment = sample.sets[0];
    other_comment.comment = "something else";
    const Rule jump_nowhere{"services", {Verdict{VerdictKind::kJump, "nowhere"}}, ""};
    const Rule jump_to_base{"services", {Verdict{VerdictKind::kJump, "prerouting"}}, "to the base"};
    const Rule loop{"services", {Verdict{VerdictKind::kJump, "services"}}, ""};
    return {
        {"table that is there", {AddTable{}}, 0},
        {"destroy the table", {DestroyTable{}}, 0},
        {"destroy the table and make it again", {DestroyTable{}, AddTable{}, AddChain{sample.chains[3]}}, 0},
        {"chain that is there", {AddChain{sample.chains[0]}}, 0},
        {"chain that is there with another hook",
         {AddChain{other_hook}},
         EOPNOTSUPP,
         "table ip fairlead: add chain 'prerouting': Operation not supported"},
        {"chain that is there without a hook, with one",
         {AddChain{{"services", other_hook.hook, ""}}},
         EEXIST},
        {"chain that is there with a hook, without", {AddChain{{"prerouting", {}, ""}}}, 0},
        {"element that leads in a circle", {AddElements{"balancers", {balancer(7, "services")}}}, EMLINK},
        {"circle that is gone at the end", {AddRule{loop}, FlushChain{"services"}}, 0},
        {"rule that looks a map of values up for verdicts",
         {AddRule{{"services",
                   {LoadPayload{PayloadBase::kNetworkHeader, 12, 12, 0}, LookupVerdict{"frontends", 0}},
                   ""}}},
         EINVAL},
        {"rule that looks a verdict map up for values",
         {AddRule{{"services", {LoadMeta{MetaKey::kInputInterface, 0}, LookupMap{"balancers", 0, 8}}, ""}}},
         EINVAL},
        {"delete a chain", {AddChain{{"new", {}, "c"}}, DeleteChain{"new"}}, 0},
        {"delete a chain that is not there", {DeleteChain{"nowhere"}}, ENOENT},
        {"delete a chain that a rule jumps to",
         {DeleteChain{"services"}},
         EBUSY,
         "table ip fairlead: delete chain 'services': Device or resource busy"},
        {"delete a chain that an element leads to", {DeleteChain{"balance-2"}}, EBUSY},
        {"delete a chain after the element that led to it",
         {DeleteElements{"balancers", {balancer(2, "")}}, DeleteChain{"balance-2"}},
         0},
        {"delete a chain after the rule that jumped to it",
         {FlushChain{"prerouting"}, DeleteChain{"services"}},
         0},
        {"flush a chain and give it a rule",
         {FlushChain{"balance-2"}, AddRule{{"balance-2", {Verdict{VerdictKind::kReturn, ""}}, "back"}}},
         0},
        {"flush a chain that is not there", {FlushChain{"nowhere"}}, ENOENT},
        {"rule in a chain that is not there",
         {AddRule{{"nowhere", {}, "c"}}},
         ENOENT,
         "add rule to chain 'nowhere' (c): No such file"},
        {"rule that jumps nowhere", {AddRule{jump_nowhere}}, ENOENT},
        {"rule that jumps to a base chain",
         {AddRule{jump_to_base}},
         EOPNOTSUPP,
         "add rule to chain 'services' (to the base): Operation not supported"},
        {"rule that looks up a set that is not there",
         {AddRule{{"services", {LoadMeta{MetaKey::kInputInterface, 0}, LookupSet{"nowhere", 0, false}}, ""}}},
         ENOENT},
        {"rule that looks a set up as a map",
         {AddRule{{"services", {LoadMeta{MetaKey::kInputInterface, 0}, LookupMap{"cidrs", 0, 8}}, ""}}},
         EINVAL},
        {"jump in a circle",
         {AddRule{loop}},
         EMLINK,
         "table ip fairlead: add rule to chain 'services': Too many links"},
        {"set that is there", {AddSet{sample.sets[0]}}, 0},
        {"set that is there with another comment", {AddSet{other_comment}}, 0},
        {"set that is there with another key", {AddSet{other_key}}, EEXIST},
        {"set of one port",
         {AddSet{{"ports", {DataType::kInetService}, {DataType::kInetProtocol}, false, ""}},
          AddElements{"ports",
                      {{ElementBytes{}.add_port(80), {}, ElementBytes{}.add(base::L4Protocol::kTcp), {}}}}},
         0},
    };
}

std::vector<Case> cases_of_concatenated_ranges() {
    const ElementBytes short_key = frontend(80, 1).key;
    return {
        {"range of another port", {AddElements{"sources", {source(82, "10.1.0.0", "10.1.255.255")}}}, 0},
        {"range next to another of the same Service",
         {AddElements{"sources", {source(80, "10.2.1.0", "10.2.1.255")}}},
         0},
        {"one address", {AddElements{"sources", {source(80, "10.9.0.1", "10.9.0.1")}}}, 0},
        {"ranges in two fields", {AddElements{"sources", {ports(90, 99, "10.0.0.0", "10.0.0.7")}}}, 0},
        {"concatenated range that is there",
         {AddElements{"sources", {source(80, "10.1.0.0", "10.1.255.255")}}},
         EEXIST,
         "add to set 'sources': element 10.96.0.1 . tcp . 80 . 10.1.0.0-10.96.0.1 . tcp . 80 . 10.1.255.255"},
        {"the same concatenated range twice",
         {AddElements{"sources", {source(85, "10.1.0.0", "10.1.0.1"), source(85, "10.1.0.0", "10.1.0.1")}}},
         EEXIST},
        {"concatenated range inside another",
         {AddElements{"sources", {source(80, "10.1.1.0", "10.1.1.255")}}},
         EEXIST},
        {"concatenated range that begins where another does",
         {AddElements{"sources", {source(80, "10.1.0.0", "10.1.0.255")}}},
         EEXIST},
        {"concatenated range that ends in another",
         {AddElements{"sources", {source(80, "10.0.255.0", "10.1.0.15")}}},
         EEXIST},
        {"concatenated range around another",
         {AddElements{"sources", {source(80, "10.1.255.255", "10.3.0.0")}}},
         EEXIST},
        {"concatenated range all around another",
         {AddElements{"sources", {source(80, "10.1.255.254", "10.3.0.0")}}},
         EEXIST},
        {"concatenated range all around others",
         {AddElements{"sources", {source(80, "9.0.0.0", "11.0.0.0")}}},
         0},
        {"ports around another range",
         {AddElements{"sources", {ports(79, 90, "10.1.0.0", "10.1.255.255")}}},
         0},
        {"delete a concatenated range",
         {DeleteElements{"sources", {source(80, "10.1.0.0", "10.1.255.255")}}},
         0},
        {"delete a concatenated range by its begin",
         {DeleteElements{"sources", {source(80, "10.1.0.0", "10.1.0.255")}}},
         0},
        {"delete a concatenated range by what lies in it",
         {DeleteElements{"sources", {source(80, "10.1.7.7", "10.1.7.7")}}},
         0},
        {"good concatenated ranges before a bad one",
         {AddElements{"sources", {source(82, "10.1.0.0", "10.1.0.7")}},
          DeleteElements{"sources", {source(80, "10.1.0.0", "10.1.255.255")}},
          AddElements{"sources", {source(81, "10.1.0.0", "10.1.0.7")}}},
         EEXIST},
        {"delete a concatenated range that is not there",
         {DeleteElements{"sources", {source(80, "10.7.0.0", "10.7.0.255")}}},
         ENOENT},
        {"delete a concatenated range, then put two in its place",
         {DeleteElements{"sources", {source(80, "10.1.0.0", "10.1.255.255")}},
          AddElements{"sources",
                      {source(80, "10.1.0.0", "10.1.127.255"), source(80, "10.1.128.0", "10.1.255.255")}}},
         0},
        {"flush and fill concatenated ranges",
         {FlushSet{"sources"}, AddElements{"sources", {source(80, "10.1.0.0", "10.1.0.7")}}},
         0},
        {"concatenated range of another size",
         {AddElements{"sources", {{short_key, short_key, {}, {}}}}},
         EINVAL,
         "add to set 'sources': element 10.96.0.1 . tcp . 80"},
        {"concatenated range backwards in one field",
         {AddElements{"sources", {{source_key(90, "10.9.0.9"), source_key(91, "10.9.0.1"), {}, {}}}}},
         EINVAL},
        {"a new set of concatenated ranges in place of one of points",
         {DestroyTable{}, AddTable{}, AddSet{source_ranges("frontends")},
          AddElements{"frontends", {source(80, "10.1.0.0", "10.1.0.7")}}},
         0},
    };
}

std::vector<Case> cases_of_interfaces() {
    return {
        {"name of an interface", {AddElements{"interfaces", {interface("eth1")}}}, 0},
        {"longest name of an interface", {AddElements{"interfaces", {interface("abcdefghijklmno")}}}, 0},
        {"name that a prefix covers",
         {AddElements{"interfaces", {interface("veth1")}}},
         EEXIST,
         "add to set 'interfaces': element \"veth1\"-\"veth1\": File exists"},
        {"prefix that covers a name", {AddElements{"interfaces", {names_from("eth")}}}, EEXIST},
        {"prefix of everything", {FlushSet{"interfaces"}, AddElements{"interfaces", {names_from("")}}}, 0},
        {"delete a prefix",
         {DeleteElements{"interfaces", {names_from("veth")}},
          AddElements{"interfaces", {interface("veth1")}}},
         0},
    };
}

Rule update_rule(UpdateSet update) {
    return {"services",
            {LoadPayload{PayloadBase::kNetworkHeader, 12, 4, 0},
             LoadPayload{PayloadBase::kTransportHeader, 2, 2, 1}, std::move(update)},
            "remember"};
}

std::vector<Case> cases_of_dynamic_sets() {
    Set other_size = dynamic_map("affinity");
    other_size.size = 4;
    Set without_counts = counting_map("counted");
    without_counts.counts = false;
    Set more_fields = source_ranges("sources");
    more_fields.key.pop_back();
    const auto add = SetUpdate::kAdd;
    const auto update = SetUpdate::kUpdate;
    const auto remove = SetUpdate::kDelete;
    const auto timeout_ms = std::optional<std::uint64_t>{10'000};
    return {
        {"dynamic map that is there", {AddSet{dynamic_map("affinity")}}, 0},
        {"dynamic map that is there with another size", {AddSet{other_size}}, 0},
        {"dynamic map that is there with another size and full",
         {AddSet{other_size},
          AddElements{"affinity",
                      {remembered("10.1.0.3", 1), remembered("10.1.0.4", 1), remembered("10.1.0.5", 1)}}},
         ENFILE},
        {"counting map that is there", {AddSet{counting_map("counted")}}, 0},
        {"counting map that is there without counts", {AddSet{without_counts}}, EEXIST},
        {"concatenated ranges that are there", {AddSet{source_ranges("sources")}}, 0},
        {"concatenated ranges that are there with fewer fields", {AddSet{more_fields}}, EEXIST},
        {"dynamic map that becomes full", {AddElements{"affinity", {remembered("10.1.0.3", 1)}}}, 0},
        {"dynamic map that is full",
         {AddElements{"affinity", {remembered("10.1.0.3", 1), remembered("10.1.0.4", 1)}}},
         ENFILE,
         "add to set 'affinity': element 10.1.0.4: "},
        {"dynamic map that is full until elements go",
         {AddElements{"affinity", {remembered("10.1.0.3", 1)}},
          DeleteElements{"affinity", {remembered("10.1.0.1", 1)}},
          AddElements{"affinity", {remembered("10.1.0.4", 1)}}},
         0},
        {"dynamic map that is full until it is flushed",
         {AddElements{"affinity", {remembered("10.1.0.3", 1)}}, FlushSet{"affinity"},
          AddElements{"affinity", {remembered("10.1.0.4", 1)}}},
         0},
        {"element that a counting map has", {AddElements{"counted", {remembered("10.1.0.1", 80)}}}, EEXIST},
        {"element of a counting map put again",
         {DeleteElements{"counted", {remembered("10.1.0.1", 80)}},
          AddElements{"counted", {remembered("10.1.0.1", 81)}}},
         0},
        {"update of a map", {AddRule{update_rule({update, "affinity", 0, Register{1}, timeout_ms})}}, 0},
        {"add to a map", {AddRule{update_rule({add, "affinity", 0, Register{1}, {}})}}, 0},
        {"delete from a map", {AddRule{update_rule({remove, "affinity", 0, Register{1}, {}})}}, 0},
        {"delete from a map without data",
         {AddRule{update_rule({remove, "affinity", 0, {}, {}})}},
         EINVAL,
         "add rule to chain 'services' (remember): Invalid argument"},
        {"add to a set with data", {AddRule{update_rule({add, "visitors", 0, Register{1}, {}})}}, EOPNOTSUPP},
        {"add to a set", {AddRule{update_rule({add, "visitors", 0, {}, {}})}}, 0},
        {"update of a set that is not there",
         {AddRule{update_rule({update, "nowhere", 0, Register{1}, {}})}},
         ENOENT},
        {"update of a verdict map",
         {AddRule{update_rule({add, "balancers", 0, Register{1}, {}})}},
         EOPNOTSUPP},
        {"update of ranges", {AddRule{update_rule({add, "cidrs", 0, {}, {}})}}, EOPNOTSUPP},
        {"update of concatenated ranges", {AddRule{update_rule({add, "sources", 0, {}, {}})}}, EOPNOTSUPP},
        {"timeout in a set without timeouts",
         {AddRule{update_rule({add, "untimed", 0, Register{1}, timeout_ms})}},
         EOPNOTSUPP},
    };
}

std::vector<Case> cases_refused_unsent() {
    Element backwards = range("10.0.9.9", "10.0.9.1");
    Element point = range("10.0.9.9", "10.0.9.9");
    point.key_end = {};
    Set unlimited = dynamic_map("new");
    unlimited.size = 0;
    const std::vector six(6, DataType::kMark);
    const std::vector five_long(5, DataType::kIpv6Address);
    return {
        {"no key", {AddElements{"frontends", {{}}}}, 0, "element 0x: an element has no key"},
        {"range backwards", {AddElements{"cidrs", {backwards}}}, 0, "a range ends before it begins"},
        {"name too long", {AddChain{{std::string(256, 'x'), {}, ""}}}, 0, "longer than 255 bytes"},
        {"register past the last",
         {AddRule{{"services", {LoadImmediate{15, std::vector<std::byte>(8)}}, ""}}},
         0,
         "does not fit the registers"},
        {"new set without a limit that packets change",
         {AddSet{unlimited}},
         0,
         "table ip fairlead: add set 'new': a dynamic set has no limit"},
        {"new set of six fields", {AddSet{{"new", six, {}, false, ""}}}, 0, "more than 5 fields"},
        {"new set whose key is too long",
         {AddSet{{"new", five_long, {}, false, ""}}},
         0,
         "longer than 64 bytes"},
        {"key of a new set past the last register",
         {AddSet{source_ranges("new")}, AddRule{{"services", {LookupSet{"new", 13, false}}, ""}}},
         0,
         "does not fit the registers"},
        {"data of a new map past the last register",
         {AddSet{{"new", {DataType::kMark}, {DataType::kMark, DataType::kMark}, false, ""}},
          AddRule{{"services", {LookupMap{"new", 0, 15}}, ""}}},
         0,
         "does not fit the registers"},
        {"name of an interface past the last register",
         {AddRule{{"services", {LoadMeta{MetaKey::kInputInterfaceName, 13}}, ""}}},
         0,
         "does not fit the registers"},
        {"hash past the last register",
         {AddRule{{"services", {JenkinsHash{12, 20, 2, 0, 0, 0}}, ""}}},
         0,
         "does not fit the registers"},
        {"hash of nothing",
         {AddRule{{"services", {JenkinsHash{0, 4, 0, 0, 0, 0}}, ""}}},
         0,
         "a hash below 0"},
        {"hash beyond all numbers",
         {AddRule{{"services", {JenkinsHash{0, 4, 2, 0, 0xffffffff, 0}}, ""}}},
         0,
         "a hash above the largest number"},
        {"new map that packets may not change",
         {AddSet{counting_map("new")}, AddRule{update_rule({SetUpdate::kAdd, "new", 0, Register{1}, {}})}},
         0,
         "set 'new' is not dynamic"},
        {"new map that packets change without data",
         {AddSet{dynamic_map("new")}, AddRule{update_rule({SetUpdate::kDelete, "new", 0, {}, {}})}},
         0,
         "an update of map 'new' has no data"},
        {"concatenated range of a new set backwards in one field",
         {AddSet{source_ranges("new")},
          AddElements{"new", {{source_key(90, "10.9.0.9"), source_key(91, "10.9.0.1"), {}, {}}}}},
         0,
         "a field's range ends before it begins"},
        {"element that does not fit a new set",
         {AddSet{{"new", {DataType::kIpv4Address}, {}, true, ""}}, AddElements{"new", {point}}},
         0,
         "an interval set holds ranges"},
        {"foreign expression",
         {AddRule{{"services", {ForeignExpression{"limit"}}, ""}}},
         0,
         "'limit' is not ours"},
    };
}

class NftTablesContractCase : public NftTablesContract, public testing::WithParamInterface<Case> {};

TEST_P(NftTablesContractCase, FakeAndKernelAnswerAlike) {
    const auto& [name, operations, errno_value, message] = GetParam();
    const auto answer = commit_to_both(transaction_of(operations));
    EXPECT_EQ(answer.errno_value, errno_value);
    EXPECT_THAT(answer.message, testing::HasSubstr(message));
    EXPECT_EQ(answer.message.empty(), errno_value == 0 && *message == 0);
}

std::string name_of(const testing::TestParamInfo<Case>& info) {
    std::string name = info.param.name;
    std::ranges::replace_if(name, [](char c) { return c == ' ' || c == ','; }, '_');
    return name;
}

INSTANTIATE_TEST_SUITE_P(Elements, NftTablesContractCase, testing::ValuesIn(cases_of_elements()), name_of);
INSTANTIATE_TEST_SUITE_P(Ranges, NftTablesContractCase, testing::ValuesIn(cases_of_ranges()), name_of);
INSTANTIATE_TEST_SUITE_P(Objects, NftTablesContractCase, testing::ValuesIn(cases_of_objects()), name_of);
INSTANTIATE_TEST_SUITE_P(ConcatenatedRanges, NftTablesContractCase,
                         testing::ValuesIn(cases_of_concatenated_ranges()), name_of);
INSTANTIATE_TEST_SUITE_P(Interfaces, NftTablesContractCase, testing::ValuesIn(cases_of_interfaces()),
                         name_of);
INSTANTIATE_TEST_SUITE_P(DynamicSets, NftTablesContractCase, testing::ValuesIn(cases_of_dynamic_sets()),
                         name_of);
INSTANTIATE_TEST_SUITE_P(Unsent, NftTablesContractCase, testing::ValuesIn(cases_refused_unsent()), name_of);

TEST_F(NftTablesContract, NothingCanBeDoneInATableThatIsNotThere) {
    for (const Operation& operation : std::vector<Operation>{
             AddChain{{"c", {}, ""}}, DeleteChain{"c"}, AddRule{{"c", {}, ""}}, FlushChain{"c"},
             AddSet{{"s", {DataType::kMark}, {}, false, ""}}, FlushSet{"s"},
             AddElements{"s", {balancer(1, "")}}, DeleteElements{"s", {balancer(1, "")}}}) {
        Transaction transaction{{Family::kIpv6, "nowhere", ""}};
        transaction.add(operation);
        const auto real = commit_to(kernel_, transaction);
        EXPECT_EQ(real, commit_to(fake_, transaction));
        EXPECT_EQ(real.errno_value, ENOENT) << real.message;
    }
}

TEST_F(NftTablesContract, ReadingASetThatIsNotThereSaysSo) {
    for (NftTables* tables : {static_cast<NftTables*>(&kernel_), static_cast<NftTables*>(&fake_)}) {
        const auto read =
            tables->read_elements(Family::kIpv4, "fairlead", "nowhere", [] {}, [](const Element&) {});
        ASSERT_FALSE(read);
        EXPECT_EQ(read.error().code, base::ErrorCode::kNotFound);
        EXPECT_THAT(read.error().message, testing::HasSubstr("read set 'nowhere': No such file"));
    }
}

TEST_F(NftTablesContract, TheGenerationChangesWithWhatIsCommittedOnly) {
    for (NftTables* tables : {static_cast<NftTables*>(&kernel_), static_cast<NftTables*>(&fake_)}) {
        const auto before = tables->generation().value();
        EXPECT_TRUE(tables->commit(Transaction{kTable}));
        EXPECT_FALSE(tables->commit(transaction_of({DeleteElements{"frontends", {frontend(99, 1)}}})));
        EXPECT_EQ(tables->generation().value(), before);
        EXPECT_TRUE(tables->commit(transaction_of({DeleteElements{"frontends", {frontend(80, 1)}}})));
        EXPECT_NE(tables->generation().value(), before);
    }
}

/// Draws operations whose names and keys collide often.
class RandomOperations {
  public:
    explicit RandomOperations(std::uint64_t seed) : random_(seed) {}

    Transaction next() {
        Transaction transaction{kTable};
        for (auto left = 1 + random_.below(4); left > 0; --left)
            transaction.add(operation());
        return transaction;
    }

  private:
    std::string chain() { return "chain-" + std::to_string(random_.below(4)); }

    Element element_of(const std::string& set) {
        if (set == "frontends") return frontend(static_cast<int>(1 + random_.below(6)), 1);
        if (set == "balancers") return balancer(static_cast<std::uint32_t>(random_.below(4)), chain());
        if (set == "sources") return source_of();
        const auto begin = random_.below(8) * 16;
        const auto end = begin + 15 + 16 * random_.below(2);
        return range("10.0.0." + std::to_string(begin), "10.0.0." + std::to_string(end));
    }

    /// Often inside, around or across another.
    Element source_of() {
        const auto port = static_cast<int>(90 + random_.below(4));
        const auto last_port = port + static_cast<int>(random_.below(2));
        const auto begin = random_.below(16) * 8;
        const auto end = begin + (8U << random_.below(4)) - 1;
        return ports(port, last_port, "10.0.0." + std::to_string(begin), "10.0.0." + std::to_string(end));
    }

    std::vector<Element> elements_of(const std::string& set) {
        std::vector<Element> elements;
        for (auto left = 1 + random_.below(2); left > 0; --left)
            elements.push_back(element_of(set));
        return elements;
    }

    Operation operation() {
        constexpr std::array kSets = {"frontends", "balancers", "cidrs", "sources"};
        const std::string set = kSets.at(random_.below(kSets.size()));
        switch (random_.below(16)) {
            case 0:
                return AddChain{{chain(), {}, ""}};
            case 1:
                return DeleteChain{chain()};
            case 2:
                return AddRule{{chain(), {Counter{}, Verdict{VerdictKind::kGoto, chain()}}, "r"}};
            case 3:
                return FlushChain{chain()};
            case 4:
                return FlushSet{set};
            case 5:
            case 6:
            case 7:
            case 8:
                return DeleteElements{set, elements_of(set)};
            default:
                return AddElements{set, elements_of(set)};
        }
    }

    base::Random random_;
};

TEST_F(NftTablesContract, ManyRandomTransactionsLeaveBothAlike) {
    constexpr std::uint64_t kSeed = 20'261'124;
    RandomOperations operations{kSeed};
    int accepted = 0;
    for (int i = 0; i < 500 && !HasFailure(); ++i) {
        SCOPED_TRACE("transaction " + std::to_string(i));
        const auto transaction = operations.next();
        accepted += commit_to_both(transaction) == Answer{} ? 1 : 0;
    }
    EXPECT_GT(accepted, 80);
}

}  // namespace
}  // namespace fairlead::kernel::nftables
