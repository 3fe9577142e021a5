#include <gmock/gmock.h>

#include "contract_fixture.h"

namespace fairlead::kernel::nftables {
namespace {

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
    const Set marks{"new", {DataType::kMark}, {}, false, ""};
    const Element mark{ElementBytes{}.add_number(1), {}, {}, {}};
    const Rule uses_marks{"services", {LoadMeta{MetaKey::kMark, 0}, LookupSet{"new", 0, false}}, ""};
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
        {"delete a set with elements", {AddSet{marks}, AddElements{"new", {mark}}, DeleteSet{"new"}}, 0},
        {"delete a set that is not there",
         {DeleteSet{"nowhere"}},
         ENOENT,
         "delete set 'nowhere': No such file"},
        {"delete a set that a rule uses", {AddSet{marks}, AddRule{uses_marks}, DeleteSet{"new"}}, EBUSY},
        {"delete a set that a rule used",
         {AddSet{marks}, AddRule{uses_marks}, FlushChain{"services"}, DeleteSet{"new"}},
         0},
        {"add to a deleted set", {AddSet{marks}, DeleteSet{"new"}, AddElements{"new", {mark}}}, ENOENT},
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

std::vector<Case> cases_refused_unsent() {
    Element backwards = range("10.0.9.9", "10.0.9.1");
    Element point = range("10.0.9.9", "10.0.9.9");
    point.key_end = {};
    return {
        {"no key", {AddElements{"frontends", {{}}}}, 0, "element 0x: an element has no key"},
        {"range backwards", {AddElements{"cidrs", {backwards}}}, 0, "a range ends before it begins"},
        {"name too long", {AddChain{{std::string(256, 'x'), {}, ""}}}, 0, "longer than 255 bytes"},
        {"register past the last",
         {AddRule{{"services", {LoadImmediate{15, std::vector<std::byte>(8)}}, ""}}},
         0,
         "does not fit the registers"},
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

TEST_P(NftTablesContractCase, FakeAndKernelAnswerAlike) {
    const auto& [name, operations, errno_value, message] = GetParam();
    const auto answer = commit_to_both(transaction_of(operations));
    EXPECT_EQ(answer.errno_value, errno_value);
    EXPECT_THAT(answer.message, testing::HasSubstr(message));
    EXPECT_EQ(answer.message.empty(), errno_value == 0 && *message == 0);
}

INSTANTIATE_TEST_SUITE_P(Elements, NftTablesContractCase, testing::ValuesIn(cases_of_elements()), name_of);
INSTANTIATE_TEST_SUITE_P(Ranges, NftTablesContractCase, testing::ValuesIn(cases_of_ranges()), name_of);
INSTANTIATE_TEST_SUITE_P(Objects, NftTablesContractCase, testing::ValuesIn(cases_of_objects()), name_of);
INSTANTIATE_TEST_SUITE_P(Unsent, NftTablesContractCase, testing::ValuesIn(cases_refused_unsent()), name_of);

TEST_F(NftTablesContract, NothingCanBeDoneInATableThatIsNotThere) {
    for (const Operation& operation : std::vector<Operation>{
             AddChain{{"c", {}, ""}}, DeleteChain{"c"}, AddRule{{"c", {}, ""}}, FlushChain{"c"},
             AddSet{{"s", {DataType::kMark}, {}, false, ""}}, DeleteSet{"s"}, FlushSet{"s"},
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

struct Lookup {
    const char* name;
    const char* set;
    ElementBytes key;
    std::optional<Element> found;
};

std::vector<Lookup> lookups() {
    const auto in = [](std::string_view text) { return ElementBytes{}.add(address(text)); };
    const auto named = [](std::string_view name) { return ElementBytes{}.add_interface_name(name); };
    return {
        {"a key", "frontends", frontend(80, 0).key, frontend(80, 1)},
        {"a key that is not there", "frontends", frontend(82, 0).key, {}},
        {"a key of a verdict map", "balancers", balancer(2, "").key, balancer(2, "balance-2")},
        {"the first of a range", "cidrs", in("10.0.0.0"), range("10.0.0.0", "10.0.0.255")},
        {"the last of a range", "cidrs", in("10.0.0.255"), range("10.0.0.0", "10.0.0.255")},
        {"what follows it", "cidrs", in("10.0.1.0"), range("10.0.1.0", "10.0.1.255")},
        {"below all ranges", "cidrs", in("9.255.255.255"), {}},
        {"above all ranges", "cidrs", in("10.0.2.0"), {}},
        {"a range of a concatenation", "sources", source_key(80, "10.1.7.7"),
         test::source_range(80, "10.1.0.0", "10.1.255.255")},
        {"a concatenation of all", "sources", source_key(81, "255.255.255.255"),
         test::source_range(81, "0.0.0.0", "255.255.255.255")},
        {"beside the ranges of a concatenation", "sources", source_key(80, "10.3.0.0"), {}},
        {"an interface", "interfaces", named("eth0"), interface("eth0")},
        {"an interface by its prefix", "interfaces", named("veth3a"), names_from("veth")},
        {"another interface", "interfaces", named("eth1"), {}},
        {"what packets write", "affinity", remembered("10.1.0.2", 0).key, remembered("10.1.0.2", 80)},
    };
}

TEST_F(NftTablesContract, ALookUpFindsWhatAPacketWouldFind) {
    for (NftTables* tables : {static_cast<NftTables*>(&kernel_), static_cast<NftTables*>(&fake_)}) {
        for (const auto& [name, set, key, expected] : lookups()) {
            const auto found = tables->find_element(Family::kIpv4, "fairlead", set, key);
            ASSERT_TRUE(found) << name << ": " << found.error().message;
            const auto element = *found ? std::optional{(*found)->element} : std::nullopt;
            EXPECT_TRUE(element == expected) << name;
        }
    }
}

TEST_F(NftTablesContract, ALookUpInASetThatIsNotThereOrWithAKeyOfAnotherSizeSaysSo) {
    for (NftTables* tables : {static_cast<NftTables*>(&kernel_), static_cast<NftTables*>(&fake_)}) {
        const auto key = frontend(80, 0).key;
        const auto nowhere = tables->find_element(Family::kIpv4, "fairlead", "nowhere", key);
        ASSERT_FALSE(nowhere);
        EXPECT_EQ(nowhere.error().code, base::ErrorCode::kNotFound);
        EXPECT_THAT(nowhere.error().message, testing::HasSubstr("look up in set 'nowhere': No such file"));
        const auto other = tables->find_element(Family::kIpv4, "fairlead", "balancers", key);
        ASSERT_FALSE(other);
        EXPECT_EQ(other.error().code, base::ErrorCode::kInvalid);
        EXPECT_EQ(other.error().errno_value, EINVAL);
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

}  // namespace
}  // namespace fairlead::kernel::nftables
