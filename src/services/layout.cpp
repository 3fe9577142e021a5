#include "services/layout.h"

#include <charconv>

namespace fairlead::services {

namespace {

using namespace kernel::nftables;  // NOLINT(google-build-using-namespace): the vocabulary of this file
using base::Family;

// Change it with every change of chains, rules or sets: tables of other versions are replaced on start.
constexpr std::string_view kLayoutVersion = "fairlead layout 2";

// Registers: the key of `endpoints` is index . daddr . protocol . port, that of `frontends` the same without
// the index.
constexpr Register kIndex = 0;
constexpr Register kAddress = 1;
constexpr Register kResult = 8;

constexpr std::string_view kServicesChain = "services";
constexpr std::string_view kRejectChain = "reject-unserved";
constexpr std::string_view kRefuseChain = "refuse";

// After our own nat chains (-100), before everybody else's filters (0): what was not translated is not
// delivered.
constexpr std::int32_t kRejectPriority = -90;

DataType address_type(Family family) {
    return family == Family::kIpv4 ? DataType::kIpv4Address : DataType::kIpv6Address;
}

std::uint8_t address_bytes(Family family) {
    return static_cast<std::uint8_t>(base::address_size_bytes(family));
}

LoadPayload load_source(Family family, Register to) {
    // RFC 791 section 3.1 and RFC 8200 section 3.
    return {PayloadBase::kNetworkHeader, family == Family::kIpv4 ? std::uint8_t{12} : std::uint8_t{8},
            address_bytes(family), to};
}

LoadPayload load_destination(Family family, Register to) {
    return {PayloadBase::kNetworkHeader, family == Family::kIpv4 ? std::uint8_t{16} : std::uint8_t{24},
            address_bytes(family), to};
}

Register after_address(Family family, Register address) {
    constexpr std::uint8_t kRegisterBytes = 4;
    return static_cast<Register>(address + address_bytes(family) / kRegisterBytes);
}

/// daddr . l4proto . dport from `kAddress` on.
std::vector<Expression> load_frontend(Family family) {
    const Register protocol = after_address(family, kAddress);
    return {load_destination(family, kAddress), LoadMeta{MetaKey::kL4Protocol, protocol},
            LoadPayload{PayloadBase::kTransportHeader, 2, 2, static_cast<Register>(protocol + 1)}};
}

std::vector<Expression> operator+(std::vector<Expression> a, const std::vector<Expression>& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

/// Matches packets whose connection has the bit (host order) in that field.
std::vector<Expression> if_bit(CtKey field, std::uint32_t bit) {
    const auto mask = ElementBytes{}.add_number(bit);
    const std::vector<std::byte> none(sizeof bit);
    return {LoadCt{field, CtDirection::kNone, kIndex},
            Bitwise{kIndex, kIndex, {mask.bytes().begin(), mask.bytes().end()}, none},
            Compare{kIndex, CompareOp::kNotEqual, none}};
}

/// Matches packets that open a connection.
std::vector<Expression> if_new() {
    return if_bit(CtKey::kState, 8);  // NF_CT_STATE_BIT(IP_CT_NEW)
}

/// Matches packets of connections that were sent to another destination.
std::vector<Expression> if_translated() {
    return if_bit(CtKey::kStatus, 32);  // IPS_DST_NAT
}

Expression go(std::string_view chain) {
    return Verdict{VerdictKind::kGoto, std::string(chain)};
}

Expression jump(std::string_view chain) {
    return Verdict{VerdictKind::kJump, std::string(chain)};
}

/// The value of `frontends` is the number of endpoints twice. The second word is the key of `balancers`; nft
/// is led to believe that its register still holds the constant from before, because it aborts on printing
/// two chained lookups.
std::vector<Expression> pick_balancer() {
    const auto key = static_cast<Register>(kResult + 1);
    return {LoadImmediate{key, std::vector<std::byte>(4)},
            LookupMap{std::string(kFrontends), kAddress, kResult},
            Compare{kResult, CompareOp::kNotEqual, std::vector<std::byte>(4)},
            LookupVerdict{std::string(kBalancers), key}};
}

std::vector<Set> sets_of(Family family) {
    const DataType address = address_type(family);
    const std::vector frontend = {address, DataType::kInetProtocol, DataType::kInetService};
    const std::vector endpoint = {DataType::kMark, address, DataType::kInetProtocol, DataType::kInetService};
    const auto named = [](std::string_view name) { return std::string(name); };
    return {
        {named(kFrontends),
         frontend,
         {DataType::kMark, DataType::kMark},
         false,
         "Service address to number of endpoints . balancer"},
        {named(kBalancers),
         {DataType::kMark},
         {DataType::kVerdict},
         false,
         "one chain per number of endpoints"},
        {named(kEndpoints),
         endpoint,
         {address, DataType::kInetService},
         false,
         "index . Service address to endpoint"},
        {named(kNoEndpoints), frontend, {}, false, "Service addresses without endpoints, rejected"},
        {named(kDropped), frontend, {}, false, "Service addresses whose policy leaves no endpoint here"},
        {named(kClusterIps), {address}, {}, false, "every ClusterIP"},
        {named(kServiceCidrs), {address}, {}, true, "where Service addresses come from"},
        {named(kPodCidrs), {address}, {}, true, "sources that are not masqueraded"},
        {named(kHairpin),
         {address, address},
         {},
         false,
         "endpoints of this node that reach themselves through a Service"},
    };
}

std::vector<Chain> chains_of() {
    const auto hook = [](ChainType type, Hook where, std::int32_t priority) {
        return ChainHook{type, where, priority};
    };
    constexpr std::int32_t kDestinationNat = -100;  // NF_IP_PRI_NAT_DST
    constexpr std::int32_t kSourceNat = 100;        // NF_IP_PRI_NAT_SRC
    return {
        {"nat-prerouting", hook(ChainType::kNat, Hook::kPrerouting, kDestinationNat),
         "connections of pods and from outside"},
        {"nat-output", hook(ChainType::kNat, Hook::kOutput, kDestinationNat),
         "connections of the node itself"},
        {"nat-postrouting", hook(ChainType::kNat, Hook::kPostrouting, kSourceNat),
         "translated connections whose answer must come back through this node"},
        {"filter-input", hook(ChainType::kFilter, Hook::kInput, kRejectPriority),
         "Service addresses that are also addresses of this node"},
        {"filter-forward", hook(ChainType::kFilter, Hook::kForward, kRejectPriority),
         "connections of pods and from outside that were not translated"},
        {"filter-output", hook(ChainType::kFilter, Hook::kOutput, kRejectPriority),
         "connections of the node itself that were not translated"},
        {std::string(kServicesChain), std::nullopt, "finds the endpoint of a new connection"},
        {std::string(kRejectChain), std::nullopt, "Service addresses that nothing was found for"},
        {std::string(kRefuseChain), std::nullopt, "says at once that nobody is there"},
    };
}

std::vector<Rule> reject_rules(Family family) {
    const std::string reject{kRejectChain};
    const auto destination_in = [&](std::string_view set) {
        return std::vector<Expression>{load_destination(family, kAddress),
                                       LookupSet{std::string(set), kAddress, false}, go(kRefuseChain)};
    };
    const auto frontend_in = [&](std::string_view set) {
        return load_frontend(family) + std::vector<Expression>{LookupSet{std::string(set), kAddress, false}};
    };
    const std::vector<Expression> refuse = {go(kRefuseChain)};
    const std::vector<Expression> drop = {Counter{}, Verdict{VerdictKind::kDrop, ""}};
    const std::vector<Expression> jump_to_reject = {jump(kRejectChain)};
    return {
        {"filter-input", if_new() + frontend_in(kNoEndpoints) + refuse, "Service without endpoints"},
        {"filter-input", if_new() + frontend_in(kDropped) + drop, "no endpoint here"},
        {"filter-forward", if_new() + jump_to_reject, "established ones are none of our business"},
        {"filter-output", if_new() + jump_to_reject, "established ones are none of our business"},
        {reject, frontend_in(kNoEndpoints) + refuse, "Service without endpoints"},
        {reject, frontend_in(kDropped) + drop, "internalTrafficPolicy Local and no endpoint here"},
        {reject, destination_in(kClusterIps), "port that the Service does not have"},
        {reject, destination_in(kServiceCidrs), "address that no Service has"},
        {std::string(kRefuseChain),
         {LoadMeta{MetaKey::kL4Protocol, kIndex}, Compare{kIndex, CompareOp::kEqual, {std::byte{6}}},
          Counter{}, Reject{RejectWith::kTcpReset}},
         "TCP knows how to refuse"},
        {std::string(kRefuseChain),
         {Counter{}, Reject{RejectWith::kPortUnreachable}},
         "all else is told by ICMP"},
    };
}

std::vector<Rule> masquerade_rules(Family family) {
    const auto original_destination =
        family == Family::kIpv4 ? CtKey::kDestinationIpv4 : CtKey::kDestinationIpv6;
    return {
        {"nat-postrouting",
         if_translated() + std::vector<Expression>{load_source(family, kAddress),
                                                   load_destination(family, after_address(family, kAddress)),
                                                   LookupSet{std::string(kHairpin), kAddress, false},
                                                   Masquerade{true}},
         "an endpoint that reached itself must see the answer come from elsewhere"},
        {"nat-postrouting",
         {LoadCt{original_destination, CtDirection::kOriginal, kAddress},
          LookupSet{std::string(kClusterIps), kAddress, false}, load_source(family, kAddress),
          LookupSet{std::string(kPodCidrs), kAddress, true}, Masquerade{true}},
         "not from a pod: the answer must come back through this node"},
    };
}

}  // namespace

TableContents layout(Family family) {
    TableContents contents{
        {family, std::string(kTableName), std::string(kLayoutVersion)}, chains_of(), {}, sets_of(family)};
    const std::string services{kServicesChain};
    contents.rules = {
        {"nat-prerouting", {jump(kServicesChain)}, "the first packet of a connection only"},
        {"nat-output", {jump(kServicesChain)}, "the first packet of a connection only"},
        {services, load_frontend(family) + pick_balancer(),
         "@frontends gives the key of @balancers (nft prints 0x0 for it)"},
    };
    for (auto rules : {masquerade_rules(family), reject_rules(family)})
        for (auto& rule : rules)
            contents.rules.push_back(std::move(rule));
    return contents;
}

std::string balancer_name(std::uint32_t endpoint_count) {
    return "balance-" + std::to_string(endpoint_count);
}

std::optional<std::uint32_t> balancer_size(std::string_view chain) {
    constexpr std::string_view kPrefix = "balance-";
    std::uint32_t size = 0;
    if (!chain.starts_with(kPrefix)) return std::nullopt;
    const auto digits = chain.substr(kPrefix.size());
    const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), size);
    if (problem != std::errc{} || end != digits.data() + digits.size() || size == 0) return std::nullopt;
    return size;
}

Chain balancer_chain(std::uint32_t endpoint_count) {
    return {balancer_name(endpoint_count), std::nullopt, "Services with so many endpoints"};
}

Rule balancer_rule(Family family, std::uint32_t endpoint_count) {
    return {balancer_name(endpoint_count),
            load_frontend(family) +
                std::vector<Expression>{RandomNumber{endpoint_count, kIndex},
                                        LookupMap{std::string(kEndpoints), kIndex, kResult},
                                        DestinationNat{kResult, after_address(family, kResult)}},
            "one of them at random"};
}

namespace {

ElementBytes key_of(const Frontend& frontend) {
    return ElementBytes{}.add(frontend.address).add(frontend.protocol).add_port(frontend.port);
}

Frontend read_frontend(ElementReader& reader, Family family) {
    Frontend frontend;
    frontend.address = reader.address(family);
    frontend.protocol = static_cast<base::L4Protocol>(reader.protocol());
    frontend.port = reader.port();
    return frontend;
}

std::size_t frontend_bytes(Family family) {
    return base::address_size_bytes(family) + padded_size_bytes(DataType::kInetProtocol) +
           padded_size_bytes(DataType::kInetService);
}

}  // namespace

Element frontend_element(const Frontend& frontend, std::uint32_t endpoint_count) {
    return {key_of(frontend), {}, ElementBytes{}.add_number(endpoint_count).add_number(endpoint_count), {}};
}

Element endpoint_element(const Frontend& frontend, std::uint32_t index, const Backend& backend) {
    return {
        ElementBytes{}.add_number(index).add(frontend.address).add(frontend.protocol).add_port(frontend.port),
        {},
        ElementBytes{}.add(backend.address).add_port(backend.port),
        {}};
}

Element unserved_element(const Frontend& frontend) {
    return {key_of(frontend), {}, {}, {}};
}

Element balancer_element(std::uint32_t endpoint_count) {
    return {ElementBytes{}.add_number(endpoint_count), {}, {}, balancer_name(endpoint_count)};
}

Element address_element(const base::IpAddress& address) {
    return {ElementBytes{}.add(address), {}, {}, {}};
}

Element hairpin_element(const base::IpAddress& address) {
    return {ElementBytes{}.add(address).add(address), {}, {}, {}};
}

Element prefix_element(const base::Prefix& prefix) {
    return {ElementBytes{}.add(prefix.first()), ElementBytes{}.add(prefix.last()), {}, {}};
}

std::optional<Frontend> frontend_of(const ElementBytes& key, Family family) {
    if (key.bytes().size() != frontend_bytes(family)) return std::nullopt;
    ElementReader reader{key};
    return read_frontend(reader, family);
}

std::optional<EndpointPlace> endpoint_of(const Element& element, Family family) {
    if (element.key.bytes().size() != sizeof(std::uint32_t) + frontend_bytes(family)) return std::nullopt;
    if (element.data.bytes().size() !=
        base::address_size_bytes(family) + padded_size_bytes(DataType::kInetService))
        return std::nullopt;
    ElementReader key{element.key};
    ElementReader data{element.data};
    EndpointPlace place;
    place.index = key.number();
    place.frontend = read_frontend(key, family);
    place.backend.address = data.address(family);
    place.backend.port = data.port();
    return place;
}

std::optional<base::IpAddress> address_of(const ElementBytes& key, Family family) {
    if (key.bytes().size() < base::address_size_bytes(family)) return std::nullopt;
    ElementReader reader{key};
    return reader.address(family);
}

}  // namespace fairlead::services
