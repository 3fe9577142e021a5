#include "services/packet_fields.h"

#include "services/layout.h"

namespace fairlead::services {

using namespace kernel::nftables;  // NOLINT(google-build-using-namespace): the vocabulary of this file
using base::Family;

namespace {

std::uint8_t address_bytes(Family family) {
    return static_cast<std::uint8_t>(base::address_size_bytes(family));
}

Register address_registers(Family family) {
    constexpr std::uint8_t kRegisterBytes = 4;
    return address_bytes(family) / kRegisterBytes;
}

/// Matches packets whose connection has one of the bits (host order) in that field.
Expressions if_any_bit(CtKey field, std::uint32_t bits) {
    constexpr Register kScratch = 0;
    const auto mask = ElementBytes{}.add_number(bits);
    const std::vector<std::byte> none(sizeof bits);
    return {LoadCt{field, CtDirection::kNone, kScratch},
            Bitwise{kScratch, kScratch, {mask.bytes().begin(), mask.bytes().end()}, none},
            Compare{kScratch, CompareOp::kNotEqual, none}};
}

}  // namespace

Registers::Registers(Family family)
    : index(static_cast<Register>(address_registers(family) - 1)),
      frontend(address_registers(family)),
      port(static_cast<Register>(2 * address_registers(family) + 1)),
      result(static_cast<Register>(2 * address_registers(family) + 2)),
      result_port(static_cast<Register>(3 * address_registers(family) + 2)) {}

Expressions operator+(Expressions a, const Expressions& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

Expression load_source(Family family, Register to) {
    // RFC 791 section 3.1 and RFC 8200 section 3.
    return LoadPayload{PayloadBase::kNetworkHeader,
                       family == Family::kIpv4 ? std::uint8_t{12} : std::uint8_t{8}, address_bytes(family),
                       to};
}

Expression load_destination(Family family, Register to) {
    return LoadPayload{PayloadBase::kNetworkHeader,
                       family == Family::kIpv4 ? std::uint8_t{16} : std::uint8_t{24}, address_bytes(family),
                       to};
}

Expression load_destination_port(Register to) {
    return LoadPayload{PayloadBase::kTransportHeader, 2, 2, to};  // TCP, UDP and SCTP alike
}

Expressions load_frontend(Family family) {
    const Registers registers{family};
    return {load_destination(family, registers.frontend),
            LoadMeta{MetaKey::kL4Protocol, static_cast<Register>(registers.port - 1)},
            load_destination_port(registers.port)};
}

Expressions load_original_frontend(Family family) {
    const Registers registers{family};
    const auto destination = family == Family::kIpv4 ? CtKey::kDestinationIpv4 : CtKey::kDestinationIpv6;
    return {LoadCt{destination, CtDirection::kOriginal, registers.frontend},
            LoadMeta{MetaKey::kL4Protocol, static_cast<Register>(registers.port - 1)},
            LoadCt{CtKey::kDestinationPort, CtDirection::kOriginal, registers.port}};
}

Expressions load_source_socket(Family family, Register to) {
    const auto after_address = static_cast<Register>(to + address_registers(family));
    return {load_source(family, to), LoadMeta{MetaKey::kL4Protocol, after_address},
            LoadPayload{PayloadBase::kTransportHeader, 0, 2, static_cast<Register>(after_address + 1)}};
}

Expression load_number(std::uint32_t number, Register to) {
    const auto bytes = ElementBytes{}.add_number(number);
    return LoadImmediate{to, {bytes.bytes().begin(), bytes.bytes().end()}};
}

Expressions if_new() {
    return if_any_bit(CtKey::kState, 8);  // NF_CT_STATE_BIT(IP_CT_NEW)
}

Expressions if_established() {
    return if_any_bit(CtKey::kState, 6);  // of IP_CT_ESTABLISHED, 2, or of IP_CT_RELATED, 4
}

Expressions if_invalid() {
    return if_any_bit(CtKey::kState, 1);  // NF_CT_STATE_INVALID_BIT
}

Expressions if_translated() {
    return if_any_bit(CtKey::kStatus, 32);  // IPS_DST_NAT
}

Expressions if_from_node() {
    constexpr Register kScratch = 0;
    const auto local = ElementBytes{}.add_number(kLocalRoute);
    return {Fib{FibAddress::kSource, kScratch},
            Compare{kScratch, CompareOp::kEqual, {local.bytes().begin(), local.bytes().end()}}};
}

Expression jump(std::string_view chain) {
    return Verdict{VerdictKind::kJump, std::string(chain)};
}

Expression go(std::string_view chain) {
    return Verdict{VerdictKind::kGoto, std::string(chain)};
}

Expressions pick_balancer(Family family, Origin origin) {
    // Stock nft aborts on printing two chained lookups: it is led to believe that the registers of the second
    // one still hold the constants from before (docs/decisions/0005).
    const Register found = Registers{family}.result;
    const auto key = static_cast<Register>(found + 1);
    return {load_number(0, key), load_number(0, static_cast<Register>(key + 1)),
            LookupMap{std::string(frontends_of(origin)), Registers{family}.frontend, found},
            Compare{found, CompareOp::kNotEqual, std::vector<std::byte>(4)},
            LookupVerdict{std::string(balancers_of(origin)), key}};
}

}  // namespace fairlead::services
