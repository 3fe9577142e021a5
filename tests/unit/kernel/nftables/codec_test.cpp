#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/nftables/describe.h"
#include "kernel/nftables/dump_check.h"
#include "kernel/nftables/expression_codec.h"
#include "kernel/nftables/message_codec.h"
#include "kernel/nftables/user_data.h"
#include "support/nft_fixture.h"
#include "support/sticky_table.h"

namespace fairlead::kernel::nftables {
namespace {

using base::Family;
using test::address;
using testing::ElementsAre;

std::vector<netlink::Message> messages_of(const Batch& batch) {
    netlink::Messages all{batch.messages.bytes()};
    std::vector<netlink::Message> messages;
    while (const auto message = all.next())
        messages.push_back(*message);
    return messages;
}

Transaction transaction_of(Operation operation, Family family = Family::kIpv4) {
    Transaction transaction{{family, "fairlead", "layout 1"}};
    transaction.add(std::move(operation));
    return transaction;
}

/// The one message between begin and end.
template <class Decode>
auto written_and_read(const Transaction& transaction, Decode decode) {
    const auto batch = encode_batch(transaction);
    return decode(messages_of(batch).at(1));
}

TEST(Codec, EveryObjectReadsAsItWasWritten) {
    for (const auto family : {Family::kIpv4, Family::kIpv6}) {
        EXPECT_EQ(written_and_read(transaction_of(AddTable{}, family), decode_table),
                  test::sample_table(family).table);
    }
    for (const auto& sample : {test::sample_table(Family::kIpv4), test::sample_table(Family::kIpv6),
                               test::sticky_table(Family::kIpv4), test::sticky_table(Family::kIpv6)}) {
        const auto family = sample.table.family;
        for (const auto& chain : sample.chains)
            EXPECT_EQ(written_and_read(transaction_of(AddChain{chain}, family),
                                       [](const auto& message) { return decode_chain(message, "fairlead"); }),
                      chain);
        for (const auto& rule : sample.rules)
            EXPECT_EQ(written_and_read(transaction_of(AddRule{rule}, family),
                                       [](const auto& message) { return decode_rule(message, "fairlead"); }),
                      rule);
        for (const auto& set : sample.sets)
            EXPECT_EQ(written_and_read(transaction_of(AddSet{set}, family),
                                       [](const auto& message) { return decode_set(message, "fairlead"); }),
                      set);
    }
}

TEST(Codec, EveryExpressionReadsAsItWasWritten) {
    const std::vector<std::byte> four(4, std::byte{1});
    for (const Expression& expression :
         std::vector<Expression>{LoadPayload{PayloadBase::kLinkLayer, 6, 6, 3},
                                 LoadMeta{MetaKey::kOutputInterface, 15},
                                 LoadMeta{MetaKey::kMark, 15},
                                 LoadMeta{MetaKey::kInputInterfaceName, 12},
                                 LoadMeta{MetaKey::kOutputInterfaceName, 0},
                                 Fib{FibAddress::kSource, 1},
                                 Fib{FibAddress::kDestination, 15},
                                 JenkinsHash{1, 20, 16, 0, 0, 8},
                                 JenkinsHash{0, 4, 7, 0xdeadbeef, 100, 15},
                                 UpdateSet{SetUpdate::kAdd, "s", 3, {}, {}},
                                 UpdateSet{SetUpdate::kUpdate, "m", 3, Register{8}, 10'000},
                                 UpdateSet{SetUpdate::kDelete, "m", 0, Register{12}, {}},
                                 LoadCt{CtKey::kStatus, CtDirection::kNone, 1},
                                 LoadCt{CtKey::kSourcePort, CtDirection::kReply, 1},
                                 Bitwise{1, 2, four, four},
                                 Compare{2, CompareOp::kGreaterOrEqual, four},
                                 LookupSet{"s", 1, false},
                                 LookupSet{"s", 1, true},
                                 LookupMap{"m", 1, 8},
                                 LookupVerdict{"v", 1},
                                 RandomNumber{50, 0},
                                 LoadImmediate{4, four},
                                 DestinationNat{8, 9},
                                 Masquerade{false},
                                 Masquerade{true},
                                 Reject{RejectWith::kTcpReset},
                                 Reject{RejectWith::kPortUnreachable},
                                 Verdict{VerdictKind::kAccept, ""},
                                 Verdict{VerdictKind::kDrop, ""},
                                 Verdict{VerdictKind::kReturn, ""},
                                 Verdict{VerdictKind::kJump, "c"},
                                 Verdict{VerdictKind::kGoto, "c"},
                                 Counter{}}) {
        const Rule rule{"c", {expression}, ""};
        const auto read = written_and_read(transaction_of(AddRule{rule}), [](const auto& message) {
            return decode_rule(message, "fairlead");
        });
        EXPECT_EQ(read, rule) << "alternative " << expression.index();
    }
}

struct Attribute {
    std::uint16_t type;
    std::uint32_t value;
};

/// A rule with one expression of these attributes.
Expression read_expression(const char* name, const std::vector<Attribute>& attributes) {
    netlink::MessageBuilder builder;
    builder.begin_message(0, 0, 0, {});
    builder.put_string(1, name);  // NFTA_EXPR_NAME
    const auto data = builder.begin_nested(2);
    for (const auto& [type, value] : attributes)
        builder.put_be32(type, value);
    builder.end_nested(data);
    builder.end_message();
    netlink::Messages messages{builder.bytes()};
    return decode_expression(messages.next().value().attributes(0), Family::kIpv4);
}

// Numbers are of linux/netfilter/nf_tables.h: registers are 8 and on.
TEST(Codec, WhatWeNeverWriteIsForeign) {
    const std::vector<Attribute> hash = {{1, 8}, {2, 9}, {3, 4}, {4, 2}};
    auto seeded = hash;
    seeded.push_back({5, 1});
    EXPECT_EQ(read_expression("hash", seeded), Expression(JenkinsHash{0, 4, 2, 1, 0, 1}));
    auto symmetric = seeded;
    symmetric.push_back({7, 1});
    EXPECT_EQ(read_expression("fib", {{1, 8}, {2, 3}, {3, 1}}), Expression(Fib{FibAddress::kSource, 0}));
    for (const auto& [name, attributes] : std::vector<std::pair<const char*, std::vector<Attribute>>>{
             {"hash", hash},                         // with a seed that the kernel draws
             {"hash", symmetric},                    // symmetric
             {"fib", {{1, 8}, {2, 3}, {3, 1 | 8}}},  // with the input interface
             {"fib", {{1, 8}, {2, 1}, {3, 1}}},      // output interface as result
             {"fib", {{2, 3}, {3, 1}}},              // without a register
             {"dynset", {{3, 0}, {4, 8}}},           // without a set
         })
        EXPECT_EQ(read_expression(name, attributes), Expression(ForeignExpression{name}));
}

/// "add @set { key }" with `more` attributes.
template <class Put>
Expression read_update(Put more) {
    netlink::MessageBuilder builder;
    builder.begin_message(0, 0, 0, {});
    builder.put_string(1, "dynset");
    const auto data = builder.begin_nested(2);
    builder.put_string(1, "set");
    builder.put_be32(3, 0);
    builder.put_be32(4, 8);
    more(builder);
    builder.end_nested(data);
    builder.end_message();
    netlink::Messages messages{builder.bytes()};
    return decode_expression(messages.next().value().attributes(0), Family::kIpv4);
}

TEST(Codec, AnUpdateWithStatementsOrInvertedIsForeign) {
    const Expression plain = UpdateSet{SetUpdate::kAdd, "set", 0, {}, {}};
    const Expression foreign = ForeignExpression{"dynset"};
    EXPECT_EQ(read_update([](auto&) {}), plain);
    EXPECT_EQ(read_update([](auto& builder) { builder.put_be64(6, 0); }), plain) << "as the kernel says none";
    EXPECT_EQ(read_update([](auto& builder) { builder.put_be32(9, 1); }), foreign) << "inverted";
    EXPECT_EQ(read_update([](auto& builder) { builder.put_empty(7); }), foreign) << "one statement";
    EXPECT_EQ(read_update([](auto& builder) { builder.put_empty(10); }), foreign) << "several";
    EXPECT_EQ(read_update([](auto& builder) { builder.put_be32(5, 99); }), foreign) << "no register";
}

TEST(Codec, ObjectsOfOtherTablesAreNobodysBusiness) {
    const auto batch = encode_batch(test::creation_of(test::sample_table(Family::kIpv4)));
    for (const auto& message : messages_of(batch)) {
        EXPECT_FALSE(decode_chain(message, "other"));
        EXPECT_FALSE(decode_rule(message, "other"));
        EXPECT_FALSE(decode_set(message, "other"));
    }
}

Element endpoint(std::uint32_t number) {
    return {ElementBytes{}.add_number(number), {}, {}, std::string(255, 'x')};
}

TEST(Codec, ElementsFillMessagesUpToTheirLimitAndNoneIsLost) {
    AddElements add{"balancers", {}};
    for (std::uint32_t i = 0; i < 1'000; ++i)
        add.elements.push_back(endpoint(i));
    const auto transaction = transaction_of(add);
    const auto batch = encode_batch(transaction);
    std::vector<Element> read;
    std::size_t carriers = 0;
    for (const auto& message : messages_of(batch)) {
        const auto elements = decode_elements(message);
        carriers += elements.empty() ? 0U : 1U;
        for (const auto& raw : elements)
            read.push_back(raw.element);
    }
    EXPECT_EQ(read, add.elements);
    EXPECT_EQ(carriers, 5U) << "of 296 bytes each";
}

TEST(Codec, AnErrorsPlaceLeadsToItsElement) {
    AddElements add{"cidrs", {}};
    for (int i = 0; i < 2'000; ++i) {
        const auto begin = ElementBytes{}.add_number(static_cast<std::uint32_t>(i));
        add.elements.push_back({begin, begin, {}, {}});
    }
    const auto transaction = transaction_of(add);
    const auto batch = encode_batch(transaction);
    std::size_t next = 0;
    for (const auto& entry : batch.entries) {
        if (entry.operation == nullptr) continue;
        EXPECT_EQ(entry.first_element, next);
        EXPECT_FALSE(element_at(batch, entry, 20)) << "the table's name";
        netlink::Messages messages{batch.messages.bytes().subspan(entry.offset_bytes)};
        const auto message = messages.next().value();
        auto list = message.attributes(4).nested(3);
        while (const auto item = list.next()) {
            const auto offset =
                static_cast<std::size_t>(item->payload.data() - batch.messages.bytes().data()) -
                entry.offset_bytes - 4;
            const bool end = netlink::Attributes{item->payload}.be32(3).has_value();
            EXPECT_EQ(element_at(batch, entry, offset), end ? next - 1 : next);
            if (!end) ++next;
        }
    }
    EXPECT_EQ(next, add.elements.size());
}

TEST(Codec, RangesOfAConcatenatedKeyReadAsTheyWereWritten) {
    const Set ranges = test::source_ranges("sources");
    const std::vector<Element> elements = {test::source_range(80, "10.1.0.0", "10.1.0.255"),
                                           test::source_range(80, "10.2.0.1", "10.2.0.1"),
                                           test::source_range(80, "0.0.0.0", "255.255.255.255")};
    const auto read = [](const Batch& batch, std::size_t message) {
        std::vector<Element> all;
        for (const auto& raw : decode_elements(messages_of(batch).at(message)))
            all.push_back(raw.element);
        return all;
    };
    Transaction with_set = transaction_of(AddSet{ranges});
    with_set.add(AddElements{"sources", elements});
    EXPECT_EQ(read(encode_batch(with_set), 2), elements) << "known from the transaction";
    EXPECT_THAT(sets_with_ranges(with_set), testing::IsEmpty());

    const auto without_set = transaction_of(AddElements{"sources", elements});
    EXPECT_THAT(sets_with_ranges(without_set), ElementsAre("sources"));
    EXPECT_THAT(sets_with_ranges(transaction_of(DeleteElements{"sources", elements})),
                ElementsAre("sources"));
    EXPECT_EQ(read(encode_batch(without_set, {"sources"}), 1), elements) << "known from the kernel";
    EXPECT_EQ(read(encode_batch(without_set), 1).size(), 6U) << "as boundaries";
    const auto points = transaction_of(AddElements{"balancers", {endpoint(1)}});
    EXPECT_THAT(sets_with_ranges(points), testing::IsEmpty());
}

TEST(Codec, ASetOfTheSameNameInPlaceOfAnotherHasItsOwnRanges) {
    Transaction transaction = transaction_of(DestroyTable{});
    transaction.add(AddTable{});
    transaction.add(AddSet{{"sources", {DataType::kIpv4Address}, {}, true, ""}});
    transaction.add(AddElements{
        "sources",
        {{ElementBytes{}.add(address("10.0.0.0")), ElementBytes{}.add(address("10.0.0.255")), {}, {}}}});
    const auto batch = encode_batch(transaction, {"sources"});
    EXPECT_EQ(decode_elements(messages_of(batch).at(5)).size(), 2U);
}

RawElement boundary(std::string_view text, bool end) {
    return {{ElementBytes{}.add(address(text)), {}, {}, {}}, end, {}};
}

Element range(std::string_view first, std::string_view last) {
    return {ElementBytes{}.add(address(first)), ElementBytes{}.add(address(last)), {}, {}};
}

TEST(JoinIntervals, MakesRangesOfBoundariesInAnyOrder) {
    const auto joined = [](std::vector<RawElement> raw) {
        std::vector<Element> ranges;
        for (const auto& range : join_intervals(std::move(raw)))
            ranges.push_back(range.element);
        return ranges;
    };
    EXPECT_THAT(joined({}), ElementsAre());
    EXPECT_THAT(joined({boundary("10.0.1.0", true), boundary("10.0.0.0", false)}),
                ElementsAre(range("10.0.0.0", "10.0.0.255")));
    EXPECT_THAT(joined({boundary("10.0.0.0", false), boundary("10.0.1.0", true), boundary("10.0.1.0", false),
                        boundary("10.0.2.0", true)}),
                ElementsAre(range("10.0.0.0", "10.0.0.255"), range("10.0.1.0", "10.0.1.255")))
        << "neighbours";
    EXPECT_THAT(
        joined({boundary("10.0.0.0", false), boundary("10.0.1.0", false), boundary("10.0.2.0", true)}),
        ElementsAre(range("10.0.0.0", "10.0.0.255"), range("10.0.1.0", "10.0.1.255")))
        << "neighbours without an end between";
    EXPECT_THAT(joined({boundary("0.0.0.0", true), boundary("240.0.0.0", false)}),
                ElementsAre(range("240.0.0.0", "255.255.255.255")))
        << "open at the top; nft marks the bottom with an end";
}

TEST(ElementBytes, AFieldAloneIsNotPaddedConcatenatedOnesAre) {
    EXPECT_EQ(ElementBytes{}.add_port(80).bytes().size(), 2U);
    EXPECT_EQ(ElementBytes{}.add(base::L4Protocol::kTcp).bytes().size(), 1U);
    EXPECT_EQ(ElementBytes{}.add(base::L4Protocol::kTcp).add_port(80).bytes().size(), 8U);
    const auto key = test::frontend_key("10.0.0.1", 80);
    ElementReader reader{key};
    EXPECT_EQ(reader.address(Family::kIpv4), address("10.0.0.1"));
    EXPECT_EQ(reader.protocol(), 6U);
    EXPECT_EQ(reader.port(), 80U);
    EXPECT_EQ(reader.remaining_bytes(), 0U);
    const auto port = ElementBytes{}.add_port(80);
    EXPECT_EQ(ElementReader{port}.port(), 80U);
}

TEST(ElementBytes, NamesOfInterfacesArePaddedAndPrefixesEndInOnes) {
    const auto name = ElementBytes{}.add_interface_name("veth0");
    EXPECT_EQ(name.bytes().size(), size_bytes_of(DataType::kInterfaceName));
    EXPECT_EQ(ElementReader{name}.interface_name(), "veth0");
    const auto longest = ElementBytes{}.add_interface_name("abcdefghijklmno");
    EXPECT_EQ(ElementReader{longest}.interface_name(), "abcdefghijklmno");
    const auto first = ElementBytes{}.add_interface_name("veth");
    const auto last = ElementBytes{}.add_last_interface_name("veth");
    EXPECT_TRUE(first < name && name < last);
    EXPECT_TRUE(last < ElementBytes{}.add_interface_name("veti"));
    EXPECT_TRUE(ElementBytes{}.add_interface_name("vet") < first);
    const auto with_address = ElementBytes{}.add_interface_name("lo").add(address("10.0.0.1"));
    ElementReader reader{with_address};
    EXPECT_EQ(reader.interface_name(), "lo");
    EXPECT_EQ(reader.address(Family::kIpv4), address("10.0.0.1"));
}

TEST(ElementBytes, HoldTheLongestKey) {
    const auto frontend = ElementBytes{}
                              .add(address("fd00::1"))
                              .add(address("fd00::2"))
                              .add(base::L4Protocol::kUdp)
                              .add_port(80);
    const auto key = ElementBytes{frontend}.add(address("fd00::3")).add_port(8080);
    EXPECT_EQ(key.bytes().size(), 60U);
}

TEST(DumpCheck, IsWholeWithoutDoublesAndWithTheAnnouncedNumber) {
    const auto dumped = [](std::initializer_list<std::uint32_t> numbers) {
        DumpCheck check;
        for (const auto number : numbers)
            check.note(ElementBytes{}.add_number(number));
        return check;
    };
    EXPECT_TRUE(dumped({1, 2, 3}).whole({}));
    EXPECT_TRUE(dumped({1, 2, 3}).whole(3));
    EXPECT_FALSE(dumped({1, 2, 3}).whole(4));
    EXPECT_FALSE(dumped({1, 2, 1}).whole(3));
    EXPECT_TRUE(dumped({}).whole(0));
}

TEST(UserData, IsReadOnlyAsFarAsItGoes) {
    UserData data;
    data.put_number(kSetKeyByteOrder, kNetworkByteOrder);
    data.put_text(kSetComment, "text");
    EXPECT_EQ(user_data_text(data.bytes(), kSetComment), "text");
    EXPECT_EQ(user_data_text(data.bytes(), 9), "");
    for (std::size_t size = 0; size < data.bytes().size(); ++size)
        EXPECT_TRUE(std::string("text").starts_with(user_data_text(data.bytes().first(size), kSetComment)));
    UserData long_text;
    long_text.put_text(kSetComment, std::string(500, 'x'));
    EXPECT_EQ(user_data_text(long_text.bytes(), kSetComment), std::string(127, 'x'));
}

TEST(Describe, NamesKeysByTheirLooks) {
    const auto key = test::frontend_key("10.0.0.1", 80);
    EXPECT_EQ(describe_key(key, Family::kIpv4), "10.0.0.1 . tcp . 80");
    ElementBytes with_index = ElementBytes{}.add_number(3);
    with_index.add(address("fd00::1")).add(base::L4Protocol::kUdp).add_port(53);
    EXPECT_EQ(describe_key(with_index, Family::kIpv6), "3 . fd00::1 . udp . 53");
    EXPECT_EQ(describe_key(ElementBytes{}.add(address("10.0.0.1")).add(address("10.0.0.2")), Family::kIpv4),
              "10.0.0.1 . 10.0.0.2");
    EXPECT_EQ(describe_key(ElementBytes{}.add_port(258), Family::kIpv4), "0x0102");
    EXPECT_EQ(describe_key(ElementBytes{}.add_number(7).add_number(9), Family::kIpv4), "7 . 9");
    EXPECT_EQ(describe_key(ElementBytes{}.add_number(7).add_number(9), Family::kIpv6), "7 . 9");
    EXPECT_EQ(describe_key(test::source_range(80, "10.1.0.0", "10.1.0.7").key_end, Family::kIpv4),
              "10.96.0.1 . tcp . 80 . 10.1.0.7");
    EXPECT_EQ(describe_key(ElementBytes{key}.add(address("10.64.0.9")).add_port(8080), Family::kIpv4),
              "10.0.0.1 . tcp . 80 . 10.64.0.9 . 8080");
    const auto client = ElementBytes{}.add(address("fd00::9"));
    const auto service = ElementBytes{}.add(address("fd00::1")).add(base::L4Protocol::kTcp).add_port(80);
    EXPECT_EQ(describe_key(ElementBytes{client}.add_raw(service.bytes()), Family::kIpv6),
              "fd00::9 . fd00::1 . tcp . 80");
    EXPECT_EQ(describe_key(ElementBytes{service}.add_raw(client.bytes()), Family::kIpv6),
              "fd00::1 . tcp . 80 . fd00::9");
    EXPECT_EQ(describe_key(client, Family::kIpv6), "fd00::9");
    EXPECT_EQ(describe_key(ElementBytes{}.add(address("2001:db8::")), Family::kIpv6), "2001:db8::");
    EXPECT_EQ(describe_key(ElementBytes{}.add_interface_name("veth0@if2"), Family::kIpv6), "\"veth0@if2\"");
    EXPECT_EQ(describe_key(ElementBytes{}.add_last_interface_name("veth"), Family::kIpv4), "\"veth*\"");
}

}  // namespace
}  // namespace fairlead::kernel::nftables
