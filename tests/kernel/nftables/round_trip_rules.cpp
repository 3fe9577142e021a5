#include "kernel/nftables/round_trip_cases.h"

#include "support/nft_fixture.h"

namespace fairlead::test {

using namespace kernel::nftables;  // NOLINT(google-build-using-namespace): this file is about nothing else
using base::Family;

namespace {

std::vector<std::byte> bytes(const ElementBytes& value) {
    return {value.bytes().begin(), value.bytes().end()};
}
std::vector<std::byte> number(std::uint32_t value) {
    return bytes(ElementBytes{}.add_number(value));
}
std::vector<std::byte> address_bytes(std::string_view text) {
    return bytes(ElementBytes{}.add(address(text)));
}
std::vector<std::byte> raw(std::initializer_list<int> values) {
    std::vector<std::byte> all;
    for (const int value : values)
        all.push_back(static_cast<std::byte>(value));
    return all;
}
const Verdict kAcceptPacket{VerdictKind::kAccept, ""};

struct RuleCase {
    const char* name;
    const char* text;
    std::vector<Expression> expressions;
    Family family = Family::kIpv4;
    const char* comment = "";
};

/// One rule beside a set of ranges, a verdict map, a map to endpoints, a dynamic map and a chain to jump to.
RoundTripCase rule_case(const RuleCase& it) {
    const bool ipv4 = it.family == Family::kIpv4;
    const auto type = ipv4 ? DataType::kIpv4Address : DataType::kIpv6Address;
    const std::string type_name = ipv4 ? "ipv4_addr" : "ipv6_addr";
    auto ranges = plain_set("ranges", {type});
    ranges.interval = true;
    auto clients = plain_set("clients", {type}, {DataType::kInetService});
    clients.dynamic = clients.timeout = true;
    clients.size = 100;
    auto verdicts = plain_set("verdicts", {DataType::kMark}, {DataType::kVerdict});
    auto endpoints = plain_set("endpoints", {type, DataType::kInetService}, {type, DataType::kInetService});
    return {
        std::string(it.name) + (ipv4 ? "" : "_ip6"),
        it.family,
        "set ranges { type " + type_name + "; flags interval; }; map clients { type " + type_name +
            " : inet_service; flags dynamic, timeout; size 100; }; map verdicts { type mark : verdict; }; "
            "map "
            "endpoints { type " +
            type_name + " . inet_service : " + type_name +
            " . inet_service; }; chain target { }; chain one { " + it.text + "; }",
        {AddSet{ranges}, AddSet{clients}, AddSet{verdicts}, AddSet{endpoints}, AddChain{{"target", {}, ""}},
         AddChain{{"one", {}, ""}}, AddRule{{"one", it.expressions, it.comment}}}};
}

/// Ports are of some protocol, says nft.
std::vector<Expression> after_tcp(std::vector<Expression> rest) {
    std::vector<Expression> all{LoadMeta{MetaKey::kL4Protocol, 0}, Compare{0, CompareOp::kEqual, raw({6})}};
    all.insert(all.end(), rest.begin(), rest.end());
    return all;
}

}  // namespace

std::vector<RoundTripCase> round_trip_loads() {
    const LoadPayload source{PayloadBase::kNetworkHeader, 12, 4, 0};
    const LoadPayload destination{PayloadBase::kNetworkHeader, 16, 4, 0};
    const LoadPayload port{PayloadBase::kTransportHeader, 2, 2, 0};
    const auto address_1 = address_bytes("10.0.0.1");
    const auto compared = [](Expression load, std::vector<std::byte> value,
                             CompareOp op = CompareOp::kEqual) {
        return std::vector<Expression>{std::move(load), Compare{0, op, std::move(value)}, kAcceptPacket};
    };
    const auto masked = [](Expression load, std::vector<std::byte> mask, CompareOp op,
                           std::vector<std::byte> value) {
        const std::vector<std::byte> zero(mask.size());
        return std::vector<Expression>{std::move(load), Bitwise{0, 0, std::move(mask), zero},
                                       Compare{0, op, std::move(value)}, kAcceptPacket};
    };
    const LoadCt state{CtKey::kState, CtDirection::kNone, 0};
    const LoadCt status{CtKey::kStatus, CtDirection::kNone, 0};
    std::vector<RoundTripCase> cases;
    for (const auto& it : std::vector<RuleCase>{
             {"accept", "accept", {kAcceptPacket}},
             {"drop", "drop", {Verdict{VerdictKind::kDrop, ""}}},
             {"return", "return", {Verdict{VerdictKind::kReturn, ""}}},
             {"jump", "jump target", {Verdict{VerdictKind::kJump, "target"}}},
             {"goto", "goto target", {Verdict{VerdictKind::kGoto, "target"}}},
             {"counter_and_comment",
              "counter comment \"some words\"",
              {Counter{}},
              Family::kIpv4,
              "some words"},
             {"network_header", "ip saddr 10.0.0.1 accept", compared(source, address_1)},
             {"transport_header", "th dport 80 accept", compared(port, raw({0, 80}))},
             {"link_layer_header", "@ll,48,48 0x020000000001 accept",
              compared(LoadPayload{PayloadBase::kLinkLayer, 6, 6, 0}, raw({2, 0, 0, 0, 0, 1}))},
             {"not_equal", "ip daddr != 10.0.0.1 accept",
              compared(destination, address_1, CompareOp::kNotEqual)},
             {"less", "th dport < 80 accept", compared(port, raw({0, 80}), CompareOp::kLess)},
             {"less_or_equal", "th dport <= 80 accept",
              compared(port, raw({0, 80}), CompareOp::kLessOrEqual)},
             {"greater", "th dport > 80 accept", compared(port, raw({0, 80}), CompareOp::kGreater)},
             {"greater_or_equal", "th dport >= 80 accept",
              compared(port, raw({0, 80}), CompareOp::kGreaterOrEqual)},
             {"bits", "ip daddr & 255.255.0.255 == 10.0.0.1 accept",
              masked(destination, raw({255, 255, 0, 255}), CompareOp::kEqual, address_1)},
             {"mark", "meta mark 7 accept", compared(LoadMeta{MetaKey::kMark, 0}, number(7))},
             {"input_interface", "meta iif lo accept",
              compared(LoadMeta{MetaKey::kInputInterface, 0}, number(1))},
             {"output_interface", "meta oif lo accept",
              compared(LoadMeta{MetaKey::kOutputInterface, 0}, number(1))},
             {"input_name", "iifname lo accept",
              compared(LoadMeta{MetaKey::kInputInterfaceName, 0},
                       bytes(ElementBytes{}.add_interface_name("lo")))},
             {"output_name", "oifname lo accept",
              compared(LoadMeta{MetaKey::kOutputInterfaceName, 0},
                       bytes(ElementBytes{}.add_interface_name("lo")))},
             {"protocol", "meta l4proto udp accept", compared(LoadMeta{MetaKey::kL4Protocol, 0}, raw({17}))},
             {"ct_state", "ct state new accept", masked(state, number(8), CompareOp::kNotEqual, number(0))},
             {"ct_status", "ct status dnat accept",
              masked(status, number(32), CompareOp::kNotEqual, number(0))},
             {"ct_direction", "ct direction reply accept",
              compared(LoadCt{CtKey::kDirection, CtDirection::kNone, 0}, raw({1}))},
             {"ct_original_source", "ct original ip saddr 10.0.0.1 accept",
              compared(LoadCt{CtKey::kSourceIpv4, CtDirection::kOriginal, 0}, address_1)},
             {"ct_reply_destination", "ct reply ip daddr 10.0.0.1 accept",
              compared(LoadCt{CtKey::kDestinationIpv4, CtDirection::kReply, 0}, address_1)},
             {"ct_original_protocol", "ct original protocol tcp accept",
              compared(LoadCt{CtKey::kL4Protocol, CtDirection::kNone, 0}, raw({6}))},
             {"ct_original_source_port", "meta l4proto tcp ct original proto-src 80 accept",
              after_tcp(compared(LoadCt{CtKey::kSourcePort, CtDirection::kOriginal, 0}, raw({0, 80})))},
             {"ct_original_destination_port", "meta l4proto tcp ct original proto-dst 80 accept",
              after_tcp(compared(LoadCt{CtKey::kDestinationPort, CtDirection::kOriginal, 0}, raw({0, 80})))},
             {"source", "ip6 saddr fd00::1 accept",
              compared(LoadPayload{PayloadBase::kNetworkHeader, 8, 16, 0}, address_bytes("fd00::1")),
              Family::kIpv6},
             {"ct_original_source", "ct original ip6 saddr fd00::1 accept",
              compared(LoadCt{CtKey::kSourceIpv6, CtDirection::kOriginal, 0}, address_bytes("fd00::1")),
              Family::kIpv6},
             {"ct_original_destination", "ct original ip6 daddr fd00::1 accept",
              compared(LoadCt{CtKey::kDestinationIpv6, CtDirection::kOriginal, 0}, address_bytes("fd00::1")),
              Family::kIpv6},
         })
        cases.push_back(rule_case(it));
    return cases;
}

std::vector<RoundTripCase> round_trip_lookups() {
    const LoadPayload source{PayloadBase::kNetworkHeader, 12, 4, 0};
    const LoadPayload destination{PayloadBase::kNetworkHeader, 16, 4, 0};
    const LoadPayload destination6{PayloadBase::kNetworkHeader, 24, 16, 0};
    const auto update = [&](SetUpdate how, std::optional<std::uint64_t> timeout_ms) {
        return std::vector<Expression>{source, LoadPayload{PayloadBase::kTransportHeader, 2, 2, 4},
                                       UpdateSet{how, "clients", 0, Register{4}, timeout_ms}};
    };
    std::vector<RoundTripCase> cases;
    for (const auto& it : std::vector<RuleCase>{
             {"set", "ip daddr @ranges accept", {destination, LookupSet{"ranges", 0, false}, kAcceptPacket}},
             {"not_in_set",
              "ip daddr != @ranges accept",
              {destination, LookupSet{"ranges", 0, true}, kAcceptPacket}},
             {"verdict_map",
              "meta mark vmap @verdicts",
              {LoadMeta{MetaKey::kMark, 0}, LookupVerdict{"verdicts", 0}}},
             {"map_and_dnat", "meta l4proto tcp dnat ip to ip daddr . th dport map @endpoints",
              after_tcp({destination, LoadPayload{PayloadBase::kTransportHeader, 2, 2, 1},
                         LookupMap{"endpoints", 0, 0}, DestinationNat{0, 1}})},
             {"map_and_dnat", "meta l4proto tcp dnat ip6 to ip6 daddr . th dport map @endpoints",
              after_tcp({destination6, LoadPayload{PayloadBase::kTransportHeader, 2, 2, 4},
                         LookupMap{"endpoints", 0, 0}, DestinationNat{0, 4}}),
              Family::kIpv6},
             {"constant_and_dnat", "meta l4proto tcp dnat to 10.0.0.1:80",
              after_tcp({LoadImmediate{0, address_bytes("10.0.0.1")}, LoadImmediate{4, raw({0, 80})},
                         DestinationNat{0, 4}})},
             {"random_number",
              "numgen random mod 5 3 accept",
              {RandomNumber{5, 0}, Compare{0, CompareOp::kEqual, number(3)}, kAcceptPacket}},
             {"hash",
              "jhash ip saddr mod 8 seed 0x5eed offset 2 3 accept",
              {LoadPayload{PayloadBase::kNetworkHeader, 12, 4, 4}, JenkinsHash{4, 4, 8, 0x5eed, 2, 0},
               Compare{0, CompareOp::kEqual, number(3)}, kAcceptPacket}},
             {"masquerade", "masquerade", {Masquerade{false}}},
             {"masquerade_random", "masquerade fully-random", {Masquerade{true}}},
             {"masquerade_random", "masquerade fully-random", {Masquerade{true}}, Family::kIpv6},
             {"reject", "reject", {Reject{RejectWith::kPortUnreachable}}},
             {"reject", "reject", {Reject{RejectWith::kPortUnreachable}}, Family::kIpv6},
             {"reset",
              "meta l4proto tcp reject with tcp reset",
              {LoadMeta{MetaKey::kL4Protocol, 0}, Compare{0, CompareOp::kEqual, raw({6})},
               Reject{RejectWith::kTcpReset}}},
             {"local_source",
              "fib saddr type local accept",
              {Fib{FibAddress::kSource, 0}, Compare{0, CompareOp::kEqual, number(kLocalRoute)},
               kAcceptPacket}},
             {"local_destination",
              "fib daddr type local accept",
              {Fib{FibAddress::kDestination, 0}, Compare{0, CompareOp::kEqual, number(kLocalRoute)},
               kAcceptPacket}},
             {"transparent_proxy", "meta l4proto tcp tproxy to 10.0.0.1:53",
              after_tcp({LoadImmediate{0, address_bytes("10.0.0.1")}, LoadImmediate{4, raw({0, 53})},
                         TransparentProxy{0, 4}})},
             {"transparent_proxy", "meta l4proto tcp tproxy to [fd00::1]:53",
              after_tcp({LoadImmediate{0, address_bytes("fd00::1")}, LoadImmediate{4, raw({0, 53})},
                         TransparentProxy{0, 4}}),
              Family::kIpv6},
             {"no_tracking", "notrack", {NoTracking{}}},
             {"add_client", "add @clients { ip saddr : th dport }", update(SetUpdate::kAdd, {})},
             {"update_client", "update @clients { ip saddr timeout 10s : th dport }",
              update(SetUpdate::kUpdate, 10'000)},
             {"delete_client", "delete @clients { ip saddr : th dport }", update(SetUpdate::kDelete, {})},
         })
        cases.push_back(rule_case(it));
    return cases;
}

}  // namespace fairlead::test
