#include <gmock/gmock.h>

#include "contract_fixture.h"

// Ranges of concatenated keys and of names, sets that packets write or count in.
namespace fairlead::kernel::nftables {
namespace {

std::vector<Case> cases_of_concatenated_ranges() {
    const ElementBytes short_key = frontend(80, 1).key;
    return {
        {"range of another port",
         {AddElements{"sources", {test::source_range(82, "10.1.0.0", "10.1.255.255")}}},
         0},
        {"range next to another of the same Service",
         {AddElements{"sources", {test::source_range(80, "10.2.1.0", "10.2.1.255")}}},
         0},
        {"one address", {AddElements{"sources", {test::source_range(80, "10.9.0.1", "10.9.0.1")}}}, 0},
        {"ranges in two fields", {AddElements{"sources", {ports(90, 99, "10.0.0.0", "10.0.0.7")}}}, 0},
        {"concatenated range that is there",
         {AddElements{"sources", {test::source_range(80, "10.1.0.0", "10.1.255.255")}}},
         EEXIST,
         "add to set 'sources': element 10.96.0.1 . tcp . 80 . 10.1.0.0-10.96.0.1 . tcp . 80 . 10.1.255.255"},
        {"the same concatenated range twice",
         {AddElements{"sources",
                      {test::source_range(85, "10.1.0.0", "10.1.0.1"),
                       test::source_range(85, "10.1.0.0", "10.1.0.1")}}},
         EEXIST},
        {"concatenated range inside another",
         {AddElements{"sources", {test::source_range(80, "10.1.1.0", "10.1.1.255")}}},
         EEXIST},
        {"concatenated range that begins where another does",
         {AddElements{"sources", {test::source_range(80, "10.1.0.0", "10.1.0.255")}}},
         EEXIST},
        {"concatenated range that ends in another",
         {AddElements{"sources", {test::source_range(80, "10.0.255.0", "10.1.0.15")}}},
         EEXIST},
        {"concatenated range around another",
         {AddElements{"sources", {test::source_range(80, "10.1.255.255", "10.3.0.0")}}},
         EEXIST},
        {"concatenated range all around another",
         {AddElements{"sources", {test::source_range(80, "10.1.255.254", "10.3.0.0")}}},
         EEXIST},
        {"concatenated range all around others",
         {AddElements{"sources", {test::source_range(80, "9.0.0.0", "11.0.0.0")}}},
         0},
        {"ports around another range",
         {AddElements{"sources", {ports(79, 90, "10.1.0.0", "10.1.255.255")}}},
         0},
        {"delete a concatenated range",
         {DeleteElements{"sources", {test::source_range(80, "10.1.0.0", "10.1.255.255")}}},
         0},
        {"delete a concatenated range by its begin",
         {DeleteElements{"sources", {test::source_range(80, "10.1.0.0", "10.1.0.255")}}},
         0},
        {"delete a concatenated range by what lies in it",
         {DeleteElements{"sources", {test::source_range(80, "10.1.7.7", "10.1.7.7")}}},
         0},
        {"good concatenated ranges before a bad one",
         {AddElements{"sources", {test::source_range(82, "10.1.0.0", "10.1.0.7")}},
          DeleteElements{"sources", {test::source_range(80, "10.1.0.0", "10.1.255.255")}},
          AddElements{"sources", {test::source_range(81, "10.1.0.0", "10.1.0.7")}}},
         EEXIST},
        {"delete a concatenated range that is not there",
         {DeleteElements{"sources", {test::source_range(80, "10.7.0.0", "10.7.0.255")}}},
         ENOENT},
        {"delete a concatenated range, then put two in its place",
         {DeleteElements{"sources", {test::source_range(80, "10.1.0.0", "10.1.255.255")}},
          AddElements{"sources",
                      {test::source_range(80, "10.1.0.0", "10.1.127.255"),
                       test::source_range(80, "10.1.128.0", "10.1.255.255")}}},
         0},
        {"flush and fill concatenated ranges",
         {FlushSet{"sources"}, AddElements{"sources", {test::source_range(80, "10.1.0.0", "10.1.0.7")}}},
         0},
        {"concatenated range of another size",
         {AddElements{"sources", {{short_key, short_key, {}, {}}}}},
         EINVAL,
         "add to set 'sources': element 10.96.0.1 . tcp . 80"},
        {"concatenated range backwards in one field",
         {AddElements{"sources", {{source_key(90, "10.9.0.9"), source_key(91, "10.9.0.1"), {}, {}}}}},
         EINVAL},
        {"a new set of ranges in place of a new one of concatenated ranges",
         {AddSet{test::source_ranges("new")}, DestroyTable{}, AddTable{},
          AddSet{{"new", {DataType::kIpv4Address}, {}, true, ""}},
          AddElements{"new", {range("10.0.0.0", "10.0.0.7")}}},
         0},
        {"a new set of concatenated ranges in place of one of points",
         {DestroyTable{}, AddTable{}, AddSet{test::source_ranges("frontends")},
          AddElements{"frontends", {test::source_range(80, "10.1.0.0", "10.1.0.7")}}},
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
    Set other_size = test::dynamic_map("affinity", 3);
    other_size.size = 4;
    Set without_counts = test::counting_map("counted");
    without_counts.counts = false;
    Set more_fields = test::source_ranges("sources");
    more_fields.key.pop_back();
    const auto add = SetUpdate::kAdd;
    const auto update = SetUpdate::kUpdate;
    const auto remove = SetUpdate::kDelete;
    const auto timeout_ms = std::optional<std::uint64_t>{10'000};
    return {
        {"dynamic map that is there", {AddSet{test::dynamic_map("affinity", 3)}}, 0},
        {"dynamic map that is there with another size", {AddSet{other_size}}, 0},
        {"dynamic map that is there with another size and full",
         {AddSet{other_size},
          AddElements{"affinity",
                      {remembered("10.1.0.3", 1), remembered("10.1.0.4", 1), remembered("10.1.0.5", 1)}}},
         ENFILE},
        {"counting map that is there", {AddSet{test::counting_map("counted")}}, 0},
        {"counting map that is there without counts", {AddSet{without_counts}}, EEXIST},
        {"concatenated ranges that are there", {AddSet{test::source_ranges("sources")}}, 0},
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

std::vector<Case> cases_of_sets_refused_unsent() {
    Set unlimited = test::dynamic_map("new", 3);
    unlimited.size = 0;
    const std::vector six(6, DataType::kMark);
    const std::vector five_long(5, DataType::kIpv6Address);
    return {
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
         {AddSet{test::source_ranges("new")}, AddRule{{"services", {LookupSet{"new", 13, false}}, ""}}},
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
         {AddSet{test::counting_map("new")},
          AddRule{update_rule({SetUpdate::kAdd, "new", 0, Register{1}, {}})}},
         0,
         "set 'new' is not dynamic"},
        {"new map that packets change without data",
         {AddSet{test::dynamic_map("new", 3)}, AddRule{update_rule({SetUpdate::kDelete, "new", 0, {}, {}})}},
         0,
         "an update of map 'new' has no data"},
        {"concatenated range of a new set backwards in one field",
         {AddSet{test::source_ranges("new")},
          AddElements{"new", {{source_key(90, "10.9.0.9"), source_key(91, "10.9.0.1"), {}, {}}}}},
         0,
         "a field's range ends before it begins"},
    };
}

INSTANTIATE_TEST_SUITE_P(ConcatenatedRanges, NftTablesContractCase,
                         testing::ValuesIn(cases_of_concatenated_ranges()), name_of);
INSTANTIATE_TEST_SUITE_P(Interfaces, NftTablesContractCase, testing::ValuesIn(cases_of_interfaces()),
                         name_of);
INSTANTIATE_TEST_SUITE_P(DynamicSets, NftTablesContractCase, testing::ValuesIn(cases_of_dynamic_sets()),
                         name_of);
INSTANTIATE_TEST_SUITE_P(SetsUnsent, NftTablesContractCase, testing::ValuesIn(cases_of_sets_refused_unsent()),
                         name_of);

TEST_F(NftTablesContract, TheFakeCountsWhatATestSaysThatPacketsDid) {
    const auto key = ElementBytes{}.add(address("10.1.0.1"));
    const auto counts = [&] {
        std::vector<Counts> read;
        EXPECT_TRUE(fake_.read_counts(
            Family::kIpv4, "fairlead", "counted", [&] { read.clear(); },
            [&](const Element&, Counts it) { read.push_back(it); }));
        return read;
    };
    fake_.count(Family::kIpv4, "fairlead", "counted", key, {1, 100});
    fake_.count(Family::kIpv4, "fairlead", "counted", key, {2, 50});
    EXPECT_THAT(counts(), testing::ElementsAre(Counts{3, 150}));
    ASSERT_TRUE(fake_.commit(transaction_of({DeleteElements{"counted", {remembered("10.1.0.1", 80)}},
                                             AddElements{"counted", {remembered("10.1.0.1", 80)}}})));
    EXPECT_THAT(counts(), testing::ElementsAre(Counts{})) << "a new element";
}

}  // namespace
}  // namespace fairlead::kernel::nftables
