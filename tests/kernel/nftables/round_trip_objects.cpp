#include "kernel/nftables/round_trip_cases.h"

#include "support/nft_fixture.h"

namespace fairlead::test {

using namespace kernel::nftables;  // NOLINT(google-build-using-namespace): this file is about nothing else
using base::Family;

Set plain_set(std::string name, std::vector<DataType> key, std::vector<DataType> data) {
    return {std::move(name), std::move(key), std::move(data), false, ""};
}

std::vector<RoundTripCase> round_trip_chains() {
    std::vector<RoundTripCase> cases;
    const std::pair<Hook, const char*> hooks[] = {{Hook::kPrerouting, "prerouting"},
                                                  {Hook::kInput, "input"},
                                                  {Hook::kForward, "forward"},
                                                  {Hook::kOutput, "output"},
                                                  {Hook::kPostrouting, "postrouting"}};
    const std::pair<ChainType, const char*> types[] = {
        {ChainType::kFilter, "filter"}, {ChainType::kNat, "nat"}, {ChainType::kRoute, "route"}};
    for (const auto family : {Family::kIpv4, Family::kIpv6})
        for (const auto& [type, type_name] : types)
            for (const auto& [hook, hook_name] : hooks) {
                // What each type is for; the kernel refuses the others.
                if (type == ChainType::kNat && hook == Hook::kForward) continue;
                if (type == ChainType::kRoute && hook != Hook::kOutput) continue;
                const std::int32_t priority = hook == Hook::kOutput ? -101 : 17;
                cases.push_back(
                    {std::string(type_name) + "_" + hook_name + (family == Family::kIpv4 ? "" : "_ip6"),
                     family,
                     std::string("chain c { comment \"words\"; type ") + type_name + " hook " + hook_name +
                         " priority " + std::to_string(priority) + "; policy accept; }",
                     {AddChain{{"c", ChainHook{type, hook, priority}, "words"}}}});
            }
    return cases;
}

std::vector<RoundTripCase> round_trip_sets() {
    const auto ranges = [](const char* name, DataType type) {
        auto set = plain_set(name, {type});
        set.interval = true;
        return set;
    };
    auto sized = plain_set("s", {DataType::kInetService});
    sized.size = 9;
    auto timed = plain_set("s", {DataType::kIpv4Address});
    timed.timeout = true;
    auto commented = plain_set("s", {DataType::kInetProtocol});
    commented.comment = "words";
    const auto range = [](std::string_view first, std::string_view last) {
        return Element{ElementBytes{}.add(address(first)), ElementBytes{}.add(address(last)), {}, {}};
    };
    const auto name = [](std::string_view text) { return ElementBytes{}.add_interface_name(text); };
    return {
        {"size", Family::kIpv4, "set s { type inet_service; size 9; }", {AddSet{sized}}},
        {"timeout", Family::kIpv4, "set s { type ipv4_addr; flags timeout; }", {AddSet{timed}}},
        {"comment", Family::kIpv4, "set s { type inet_proto; comment \"words\"; }", {AddSet{commented}}},
        {"dynamic",
         Family::kIpv4,
         "map m { type ipv4_addr : inet_service; flags dynamic, timeout; size 1000; }",
         {AddSet{dynamic_map("m", 1'000)}}},
        {"counting",
         Family::kIpv4,
         "map m { type ipv4_addr : inet_service; counter; elements = { 10.0.0.1 : 80 }; }",
         {AddSet{counting_map("m")},
          AddElements{"m",
                      {{ElementBytes{}.add(address("10.0.0.1")), {}, ElementBytes{}.add_port(80), {}}}}}},
        {"marks",
         Family::kIpv4,
         "set s { type mark; elements = { 1, 4294967295 }; }",
         {AddSet{plain_set("s", {DataType::kMark})},
          AddElements{
              "s",
              {{ElementBytes{}.add_number(1), {}, {}, {}}, {ElementBytes{}.add_number(~0U), {}, {}, {}}}}}},
        {"frontends",
         Family::kIpv4,
         "map m { type ipv4_addr . inet_proto . inet_service : mark . mark; elements = { 10.96.0.1 . tcp . "
         "80 : 2 . 7 }; }",
         {AddSet{plain_set("m", {DataType::kIpv4Address, DataType::kInetProtocol, DataType::kInetService},
                           {DataType::kMark, DataType::kMark})},
          AddElements{
              "m", {{frontend_key("10.96.0.1", 80), {}, ElementBytes{}.add_number(2).add_number(7), {}}}}}},
        {"frontends_ip6",
         Family::kIpv6,
         "map m { type ipv6_addr . inet_proto . inet_service : ipv6_addr . inet_service; elements = { "
         "fd00::1 . udp . 53 : "
         "fd00::2 . 5353 }; }",
         {AddSet{plain_set("m", {DataType::kIpv6Address, DataType::kInetProtocol, DataType::kInetService},
                           {DataType::kIpv6Address, DataType::kInetService})},
          AddElements{"m",
                      {{ElementBytes{}.add(address("fd00::1")).add(base::L4Protocol::kUdp).add_port(53),
                        {},
                        ElementBytes{}.add(address("fd00::2")).add_port(5353),
                        {}}}}}},
        {"verdicts",
         Family::kIpv4,
         "chain c { }; map m { type mark . mark : verdict; elements = { 1 . 2 : goto c }; }",
         {AddChain{{"c", {}, ""}},
          AddSet{plain_set("m", {DataType::kMark, DataType::kMark}, {DataType::kVerdict})},
          AddElements{"m", {{ElementBytes{}.add_number(1).add_number(2), {}, {}, "c"}}}}},
        {"ranges",
         Family::kIpv4,
         "set s { type ipv4_addr; flags interval; elements = { 10.0.0.0/8, 192.0.2.1, 255.255.255.0/24 }; }",
         {AddSet{ranges("s", DataType::kIpv4Address)},
          AddElements{"s",
                      {range("10.0.0.0", "10.255.255.255"), range("192.0.2.1", "192.0.2.1"),
                       range("255.255.255.0", "255.255.255.255")}}}},
        {"everything",
         Family::kIpv4,
         "set s { type ipv4_addr; flags interval; elements = { 0.0.0.0/0 }; }",
         {AddSet{ranges("s", DataType::kIpv4Address)},
          AddElements{"s", {range("0.0.0.0", "255.255.255.255")}}}},
        {"ranges_ip6",
         Family::kIpv6,
         "set s { type ipv6_addr; flags interval; elements = { fd00::/48, ::1 }; }",
         {AddSet{ranges("s", DataType::kIpv6Address)},
          AddElements{"s", {range("::1", "::1"), range("fd00::", "fd00:0:0:ffff:ffff:ffff:ffff:ffff")}}}},
        {"names",
         Family::kIpv4,
         "set s { type ifname; flags interval; elements = { \"eth0\", \"veth*\" }; }",
         {AddSet{ranges("s", DataType::kInterfaceName)},
          AddElements{"s",
                      {{name("eth0"), name("eth0"), {}, {}},
                       {name("veth"), ElementBytes{}.add_last_interface_name("veth"), {}, {}}}}}},
        {"sources",
         Family::kIpv4,
         "set s { type ipv4_addr . inet_proto . inet_service . ipv4_addr; flags interval; elements = { "
         "10.96.0.1 . tcp . 80 "
         ". 10.0.0.0/8, 10.96.0.1 . tcp . 81 . 10.0.0.1 }; }",
         {AddSet{source_ranges("s")}, AddElements{"s",
                                                  {source_range(80, "10.0.0.0", "10.255.255.255"),
                                                   source_range(81, "10.0.0.1", "10.0.0.1")}}}},
    };
}

}  // namespace fairlead::test
