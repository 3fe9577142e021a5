#include "support/nft_fixture.h"

namespace fairlead::test {

using namespace kernel::nftables;  // NOLINT(google-build-using-namespace): this file is about nothing else

base::IpAddress address(std::string_view text) {
    return base::IpAddress::parse(text).value();
}

ElementBytes frontend_key(std::string_view text, int port, std::uint32_t offset) {
    const auto parsed = address(text);
    std::vector<std::byte> bytes(parsed.bytes().begin(), parsed.bytes().end());
    bytes.back() = static_cast<std::byte>(std::to_integer<std::uint32_t>(bytes.back()) + offset);
    return ElementBytes{}
        .add(base::IpAddress{bytes})
        .add(base::L4Protocol::kTcp)
        .add_port(static_cast<std::uint16_t>(port));
}

TableContents sample_table(base::Family family) {
    const bool ipv4 = family == base::Family::kIpv4;
    const auto address_type = ipv4 ? DataType::kIpv4Address : DataType::kIpv6Address;
    const auto address_bytes = static_cast<std::uint8_t>(base::address_size_bytes(family));
    const std::uint8_t destination_offset = ipv4 ? 16 : 24;
    const auto protocol_register = static_cast<Register>(1 + address_bytes / 4);

    TableContents contents{{family, "fairlead", "layout 1"}, {}, {}, {}};
    contents.chains = {
        {"prerouting", ChainHook{ChainType::kNat, Hook::kPrerouting, -100}, "new connections"},
        {"filter-input", ChainHook{ChainType::kFilter, Hook::kInput, 0}, ""},
        {"postrouting", ChainHook{ChainType::kNat, Hook::kPostrouting, 100}, ""},
        {"services", std::nullopt, "finds the Service"},
        {"balance-2", std::nullopt, ""},
    };
    contents.sets = {
        {"frontends",
         {address_type, DataType::kInetProtocol, DataType::kInetService},
         {DataType::kMark, DataType::kMark},
         false,
         "Service addresses"},
        {"endpoints",
         {DataType::kMark, address_type, DataType::kInetProtocol, DataType::kInetService},
         {address_type, DataType::kInetService},
         false,
         ""},
        {"balancers", {DataType::kMark}, {DataType::kVerdict}, false, ""},
        {"cidrs", {address_type}, {}, true, "ranges"},
    };
    contents.rules = {
        {"prerouting", {Verdict{VerdictKind::kJump, "services"}}, ""},
        {"filter-input",
         {LoadCt{CtKey::kState, CtDirection::kNone, 0},
          Bitwise{0, 0, {std::byte{8}, std::byte{0}, std::byte{0}, std::byte{0}}, std::vector<std::byte>(4)},
          Compare{0, CompareOp::kNotEqual, std::vector<std::byte>(4)}, Counter{},
          Reject{RejectWith::kPortUnreachable}},
         "reject"},
        {"postrouting",
         {LoadCt{ipv4 ? CtKey::kDestinationIpv4 : CtKey::kDestinationIpv6, CtDirection::kOriginal, 0},
          LookupSet{"cidrs", 0, false},
          LoadPayload{PayloadBase::kNetworkHeader, ipv4 ? std::uint8_t{12} : std::uint8_t{8}, address_bytes,
                      0},
          LookupSet{"cidrs", 0, true}, Masquerade{true}},
         "masquerade"},
        {"services",
         {LoadPayload{PayloadBase::kNetworkHeader, destination_offset, address_bytes, 1},
          LoadMeta{MetaKey::kL4Protocol, protocol_register},
          LoadPayload{PayloadBase::kTransportHeader, 2, 2, static_cast<Register>(protocol_register + 1)},
          LoadImmediate{9, std::vector<std::byte>(4)}, LookupMap{"frontends", 1, 8},
          Compare{8, CompareOp::kNotEqual, std::vector<std::byte>(4)}, LookupVerdict{"balancers", 9}},
         "pick an endpoint"},
        {"balance-2",
         {LoadPayload{PayloadBase::kNetworkHeader, destination_offset, address_bytes, 1},
          LoadMeta{MetaKey::kL4Protocol, protocol_register},
          LoadPayload{PayloadBase::kTransportHeader, 2, 2, static_cast<Register>(protocol_register + 1)},
          RandomNumber{2, 0}, LookupMap{"endpoints", 0, 8},
          DestinationNat{8, static_cast<Register>(8 + address_bytes / 4)}},
         ""},
    };
    return contents;
}

Set dynamic_map(std::string name, std::uint32_t size) {
    Set set{std::move(name), {DataType::kIpv4Address}, {DataType::kInetService}, false, ""};
    set.dynamic = true;
    set.timeout = true;
    set.size = size;
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
            ""};
}

Element source_range(int port, std::string_view first, std::string_view last) {
    const auto key = frontend_key("10.96.0.1", port);
    return {ElementBytes{key}.add(address(first)), ElementBytes{key}.add(address(last)), {}, {}};
}

Transaction creation_of(const TableContents& contents) {
    Transaction transaction{contents.table};
    transaction.add(AddTable{});
    for (const auto& set : contents.sets)
        transaction.add(AddSet{set});
    for (const auto& chain : contents.chains)
        transaction.add(AddChain{chain});
    for (const auto& rule : contents.rules)
        transaction.add(AddRule{rule});
    return transaction;
}

}  // namespace fairlead::test
