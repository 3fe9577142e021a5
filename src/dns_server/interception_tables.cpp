#include "dns_server/interception_tables.h"

#include <algorithm>

#include "base/sort_unique.h"

namespace fairlead::dns_server {

namespace {

using namespace kernel::nftables;  // NOLINT(google-build-using-namespace): this file is about nothing else
using base::Family;
using base::L4Protocol;

using Expressions = std::vector<Expression>;

constexpr std::string_view kServing = "serving";
constexpr std::string_view kRefuse = "refuse";
constexpr std::int32_t kBeforeTracking = -300;  // NF_IP_PRI_RAW
constexpr std::uint32_t kUntracked = 1U << 6U;  // NF_CT_STATE_UNTRACKED_BIT
constexpr Register kScratch = 0;
constexpr Register kSecond = 4;

std::vector<std::byte> bytes_of(const ElementBytes& value) {
    return {value.bytes().begin(), value.bytes().end()};
}

Expressions operator+(Expressions first, const Expressions& second) {
    first.insert(first.end(), second.begin(), second.end());
    return first;
}

std::uint8_t size_of(Family family) {
    return static_cast<std::uint8_t>(base::address_size_bytes(family));
}

LoadPayload source(Family family, Register to = kScratch) {
    const std::uint8_t offset = family == Family::kIpv4 ? 12 : 8;
    return {PayloadBase::kNetworkHeader, offset, size_of(family), to};
}

LoadPayload destination(Family family, Register to = kScratch) {
    const std::uint8_t offset = family == Family::kIpv4 ? 16 : 24;
    return {PayloadBase::kNetworkHeader, offset, size_of(family), to};
}

Expressions if_protocol(L4Protocol protocol) {
    return {LoadMeta{MetaKey::kL4Protocol, kScratch},
            Compare{kScratch, CompareOp::kEqual,
                    bytes_of(ElementBytes{}.add_raw(std::as_bytes(std::span{&protocol, 1})))}};
}

/// Both transports have the source port first, then the destination port.
Expressions if_dns_port(std::uint8_t offset) {
    return {LoadPayload{PayloadBase::kTransportHeader, offset, sizeof kDnsPort, kScratch},
            Compare{kScratch, CompareOp::kEqual, bytes_of(ElementBytes{}.add_port(kDnsPort))}};
}
Expressions if_to_dns_port() {
    return if_dns_port(sizeof kDnsPort);
}
Expressions if_from_dns_port() {
    return if_dns_port(0);
}

Expressions if_ours(const LoadPayload& address) {
    return {address, LookupSet{std::string(kAddresses), address.to, false}};
}

Expressions if_delivered_and_served(Family family) {
    const auto local = bytes_of(ElementBytes{}.add_number(kLocalRoute));
    return {Fib{FibAddress::kDestination, kScratch}, Compare{kScratch, CompareOp::kEqual, local},
            LoadImmediate{kScratch, bytes_of(ElementBytes{}.add(loopback_address(family)))},
            LookupSet{std::string(kServing), kScratch, false}};
}

Rule heartbeat_rule(Family family, std::string_view chain) {
    constexpr std::uint8_t kUdpHeaderBytes = 8;
    const auto loopback = bytes_of(ElementBytes{}.add(loopback_address(family)));
    const auto payload = bytes_of(ElementBytes{}.add_raw(std::as_bytes(std::span{kHeartbeatPayload})));
    const UpdateSet update{SetUpdate::kUpdate, std::string(kServing), kSecond, std::nullopt,
                           static_cast<std::uint64_t>(kHeartbeatLife.count())};
    return {std::string(chain),
            if_protocol(L4Protocol::kUdp) +
                Expressions{destination(family, kSecond), Compare{kSecond, CompareOp::kEqual, loopback},
                            LoadPayload{PayloadBase::kTransportHeader, kUdpHeaderBytes,
                                        static_cast<std::uint8_t>(payload.size()), kScratch},
                            Compare{kScratch, CompareOp::kEqual, payload}, update},
            "the server lives"};
}

Set addresses_set(Family family) {
    Set set;
    set.name = kAddresses;
    set.key = {family == Family::kIpv4 ? DataType::kIpv4Address : DataType::kIpv6Address};
    set.comment = "where the DNS server answers";
    return set;
}

Set serving_set(Family family) {
    Set set = addresses_set(family);
    set.name = kServing;
    set.comment = "has an element while the server lives";
    set.dynamic = true;
    set.timeout = true;
    set.size = 4;
    return set;
}

Chain raw_chain(std::string_view name, Hook hook) {
    return {std::string(name), ChainHook{ChainType::kFilter, hook, kBeforeTracking}, ""};
}

/// One for each transport, as nft wants it.
Rule intercept_rule(Family family, L4Protocol protocol) {
    return {"intercept",
            if_protocol(protocol) + if_to_dns_port() + if_ours(destination(family)) +
                if_delivered_and_served(family) +
                Expressions{destination(family),
                            LoadImmediate{kSecond, bytes_of(ElementBytes{}.add_port(kDnsPort))},
                            TransparentProxy{kScratch, kSecond}, Counter{}, NoTracking{},
                            Verdict{VerdictKind::kAccept, ""}},
            "to the server, while there is one"};
}

Rule untrack_rule(Family family, L4Protocol protocol) {
    return {"untrack-replies",
            if_protocol(protocol) + if_from_dns_port() + if_ours(source(family)) + Expressions{NoTracking{}},
            "only the server sends from there"};
}

Rule own_query_rule(Family family, L4Protocol protocol) {
    return {"untrack-queries",
            if_protocol(protocol) + if_to_dns_port() + if_ours(destination(family)) +
                if_delivered_and_served(family) + Expressions{Counter{}, NoTracking{}},
            "not translated, so that it comes to the server"};
}

std::vector<Rule> guard_rules(Family family) {
    const auto untracked = bytes_of(ElementBytes{}.add_number(kUntracked));
    const auto zero = bytes_of(ElementBytes{}.add_number(0));
    const Expressions if_tracked = {LoadCt{CtKey::kState, CtDirection::kNone, kScratch},
                                    Bitwise{kScratch, kScratch, untracked, zero},
                                    Compare{kScratch, CompareOp::kEqual, zero}};
    return {
        {"guard",
         if_ours(destination(family)) + if_tracked +
             Expressions{Verdict{VerdictKind::kGoto, std::string(kRefuse)}},
         "neither for the server nor translated"},
        {std::string(kRefuse),
         if_protocol(L4Protocol::kTcp) + Expressions{Counter{}, Reject{RejectWith::kTcpReset}}, ""},
        {std::string(kRefuse),
         if_protocol(L4Protocol::kUdp) + Expressions{Counter{}, Reject{RejectWith::kPortUnreachable}}, ""},
        {std::string(kRefuse),
         if_protocol(L4Protocol::kSctp) + Expressions{Counter{}, Reject{RejectWith::kPortUnreachable}}, ""},
    };
}

}  // namespace

base::IpAddress loopback_address(Family family) {
    std::byte ipv4[] = {std::byte{127}, std::byte{0}, std::byte{0}, std::byte{1}};
    std::byte ipv6[16] = {};
    ipv6[15] = std::byte{1};
    return family == Family::kIpv4 ? base::IpAddress{ipv4} : base::IpAddress{ipv6};
}

TableContents interception_table(Family family) {
    TableContents contents;
    contents.table = {family, std::string(kInterceptionTable), "fairlead DNS interception, layout 1"};
    contents.sets = {addresses_set(family), serving_set(family)};
    contents.chains = {raw_chain("intercept", Hook::kPrerouting),
                       raw_chain("untrack-replies", Hook::kOutput),
                       {"guard", ChainHook{ChainType::kFilter, Hook::kInput, 0}, ""},
                       {std::string(kRefuse), std::nullopt, ""}};
    contents.rules = {intercept_rule(family, L4Protocol::kUdp), intercept_rule(family, L4Protocol::kTcp),
                      heartbeat_rule(family, "untrack-replies"), untrack_rule(family, L4Protocol::kUdp),
                      untrack_rule(family, L4Protocol::kTcp)};
    for (auto& rule : guard_rules(family))
        contents.rules.push_back(std::move(rule));
    return contents;
}

TableContents own_queries_table(Family family) {
    TableContents contents;
    contents.table = {family, std::string(kOwnQueriesTable), "fairlead DNS for this node itself, layout 1",
                      true};
    contents.sets = {addresses_set(family), serving_set(family)};
    contents.chains = {raw_chain("untrack-queries", Hook::kOutput)};
    contents.rules = {heartbeat_rule(family, "untrack-queries"), own_query_rule(family, L4Protocol::kUdp),
                      own_query_rule(family, L4Protocol::kTcp)};
    return contents;
}

std::vector<Element> address_elements(Family family, std::span<const base::IpAddress> all) {
    std::vector<Element> elements;
    for (const auto& address : all)
        if (address.family() == family) elements.push_back({ElementBytes{}.add(address), {}, {}, {}});
    base::sort_unique(elements);
    return elements;
}

Transaction replacement(const TableContents& table, std::vector<Element> addresses) {
    Transaction transaction{table.table};
    transaction.add(DestroyTable{});
    transaction.add(AddTable{});
    for (const auto& set : table.sets)
        transaction.add(AddSet{set});
    transaction.add(AddElements{std::string(kAddresses), std::move(addresses)});
    for (const auto& chain : table.chains)
        transaction.add(AddChain{chain});
    for (const auto& rule : table.rules)
        transaction.add(AddRule{rule});
    return transaction;
}

Transaction withdrawal(Family family, std::string_view table) {
    Transaction transaction{Table{family, std::string(table), ""}};
    transaction.add(FlushSet{std::string(kServing)});
    return transaction;
}

Transaction removal(Family family, std::string_view table) {
    Transaction transaction{Table{family, std::string(table), ""}};
    transaction.add(DestroyTable{});
    return transaction;
}

}  // namespace fairlead::dns_server
