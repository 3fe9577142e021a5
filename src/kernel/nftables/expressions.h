#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace fairlead::kernel::nftables {

/// One of the sixteen 4-byte registers of the nftables machine, 0 to 15 (NFT_REG32_00 + number on the wire).
/// Concatenated keys lie in consecutive registers.
using Register = std::uint8_t;

enum class PayloadBase : std::uint8_t { kLinkLayer = 0, kNetworkHeader = 1, kTransportHeader = 2 };

/// Loads `length_bytes` of the packet into registers from `to` on.
struct LoadPayload {
    PayloadBase base = PayloadBase::kNetworkHeader;
    std::uint8_t offset_bytes = 0;
    std::uint8_t length_bytes = 0;
    Register to = 0;
    friend bool operator==(const LoadPayload&, const LoadPayload&) = default;
};

/// Values are NFT_META_* (linux/netfilter/nf_tables.h). The names of interfaces take 16 bytes (IFNAMSIZ), NUL
/// padded; all else one register.
enum class MetaKey : std::uint8_t {
    kMark = 3,
    kInputInterface = 4,
    kOutputInterface = 5,
    kInputInterfaceName = 6,
    kOutputInterfaceName = 7,
    kL4Protocol = 16,
};
struct LoadMeta {
    MetaKey key = MetaKey::kL4Protocol;
    Register to = 0;
    friend bool operator==(const LoadMeta&, const LoadMeta&) = default;
};

/// Values are NFT_CT_*. kState, kStatus, kDirection and kL4Protocol have no direction.
enum class CtKey : std::uint8_t {
    kState = 0,
    kDirection = 1,
    kStatus = 2,
    kL4Protocol = 10,
    kSourcePort = 11,
    kDestinationPort = 12,
    kSourceIpv4 = 19,
    kDestinationIpv4 = 20,
    kSourceIpv6 = 21,
    kDestinationIpv6 = 22,
};
/// Values are IP_CT_DIR_*; kNone where the key has no direction.
enum class CtDirection : std::uint8_t { kOriginal = 0, kReply = 1, kNone = 255 };
struct LoadCt {
    CtKey key = CtKey::kState;
    CtDirection direction = CtDirection::kNone;
    Register to = 0;
    friend bool operator==(const LoadCt&, const LoadCt&) = default;
};

/// register = (register & mask) ^ xor_with, bytes of equal length.
struct Bitwise {
    Register from = 0;
    Register to = 0;
    std::vector<std::byte> mask;
    std::vector<std::byte> xor_with;
    friend bool operator==(const Bitwise&, const Bitwise&) = default;
};

/// Values are NFT_CMP_*.
enum class CompareOp : std::uint8_t {
    kEqual = 0,
    kNotEqual = 1,
    kLess = 2,
    kLessOrEqual = 3,
    kGreater = 4,
    kGreaterOrEqual = 5
};
/// Ends the rule unless the comparison holds.
struct Compare {
    Register from = 0;
    CompareOp op = CompareOp::kEqual;
    std::vector<std::byte> value;
    friend bool operator==(const Compare&, const Compare&) = default;
};

/// Looks the key that starts in `from` up in a set; ends the rule when it is absent (present, if `inverted`).
struct LookupSet {
    std::string set;
    Register from = 0;
    bool inverted = false;
    friend bool operator==(const LookupSet&, const LookupSet&) = default;
};
/// Looks the key up in a map and stores the data from `to` on; ends the rule when it is absent.
struct LookupMap {
    std::string map;
    Register from = 0;
    Register to = 0;
    friend bool operator==(const LookupMap&, const LookupMap&) = default;
};
/// Looks the key up in a verdict map and follows the verdict; ends the rule when it is absent.
struct LookupVerdict {
    std::string map;
    Register from = 0;
    friend bool operator==(const LookupVerdict&, const LookupVerdict&) = default;
};

/// A number in host order: random in [0, modulus).
struct RandomNumber {
    std::uint32_t modulus = 1;
    Register to = 0;
    friend bool operator==(const RandomNumber&, const RandomNumber&) = default;
};

/// Jenkins' hash of `length_bytes` from `from` on, scaled to [0, modulus), plus `offset`; in host order. The
/// same bytes and seed give the same number on every node of one byte order.
struct JenkinsHash {
    Register from = 0;
    std::uint8_t length_bytes = 0;
    std::uint32_t modulus = 1;
    std::uint32_t seed = 0;
    std::uint32_t offset = 0;
    Register to = 0;
    friend bool operator==(const JenkinsHash&, const JenkinsHash&) = default;
};

/// Copies a constant into registers from `to` on.
struct LoadImmediate {
    Register to = 0;
    std::vector<std::byte> value;
    friend bool operator==(const LoadImmediate&, const LoadImmediate&) = default;
};

/// Rewrites the destination to the address that starts in `address` and the port in `port`; the table's
/// family.
struct DestinationNat {
    Register address = 0;
    Register port = 0;
    friend bool operator==(const DestinationNat&, const DestinationNat&) = default;
};

/// Rewrites the source to the address of the outgoing interface.
struct Masquerade {
    bool fully_random = true;
    friend bool operator==(const Masquerade&, const Masquerade&) = default;
};

/// TCP reset, or ICMP/ICMPv6 port unreachable (kind by the table's family).
enum class RejectWith : std::uint8_t { kTcpReset, kPortUnreachable };
struct Reject {
    RejectWith with = RejectWith::kPortUnreachable;
    friend bool operator==(const Reject&, const Reject&) = default;
};

enum class VerdictKind : std::uint8_t { kAccept, kDrop, kReturn, kJump, kGoto };
struct Verdict {
    VerdictKind kind = VerdictKind::kAccept;
    std::string chain;  ///< for kJump and kGoto
    friend bool operator==(const Verdict&, const Verdict&) = default;
};

/// Counts packets and bytes that reach this place in the rule.
struct Counter {
    friend bool operator==(const Counter&, const Counter&) = default;
};

/// Values are NFTA_FIB_F_*.
enum class FibAddress : std::uint8_t { kSource = 1, kDestination = 2 };
/// RTN_LOCAL (linux/rtnetlink.h): an address of this host.
inline constexpr std::uint32_t kLocalRoute = 2;
/// What the routing tables say an address of the packet is: an RTN_* in host order, one register
/// (NFT_FIB_RESULT_ADDRTYPE).
struct Fib {
    FibAddress address = FibAddress::kDestination;
    Register to = 0;
    friend bool operator==(const Fib&, const Fib&) = default;
};

/// Values are NFT_DYNSET_OP_*.
enum class SetUpdate : std::uint8_t { kAdd = 0, kUpdate = 1, kDelete = 2 };
/// Changes a dynamic set or map from the packet's path. kAdd and kUpdate end the rule when the set is full;
/// neither replaces the data of an element that is there, kUpdate starts its timeout anew. kDelete never ends
/// the rule. In a map all three need `data`, kDelete does not look at it.
struct UpdateSet {
    SetUpdate update = SetUpdate::kAdd;
    std::string set;
    Register key = 0;
    std::optional<Register> data;
    /// Of the element, in place of the set's own; none: that. The kernel keeps ticks (down to 100 a second):
    /// what is no multiple of 10 ms may be read back as another.
    std::optional<std::uint64_t> timeout_ms;
    friend bool operator==(const UpdateSet&, const UpdateSet&) = default;
};

/// Hands a TCP or UDP packet to the socket that has its connection, else to one that is bound to the address
/// and the port in the registers, and ends the rule when there is none; the socket must have IP_TRANSPARENT
/// (IPV6_TRANSPARENT). In prerouting only, and the packet must be routed to this host besides
/// (Documentation/networking/tproxy.rst).
struct TransparentProxy {
    Register address = 0;
    Register port = 0;
    friend bool operator==(const TransparentProxy&, const TransparentProxy&) = default;
};

/// Connection tracking leaves the packet alone: there will be no entry of it, and no address translation. In
/// base chains before tracking only (priority below NF_IP_PRI_CONNTRACK).
struct NoTracking {
    friend bool operator==(const NoTracking&, const NoTracking&) = default;
};

/// An expression that is none of the above, or one of them with options that fairlead never sets. Only ever
/// read, so that a rule with one in it equals no rule of ours; a transaction with one is refused.
struct ForeignExpression {
    std::string name;  ///< NFTA_EXPR_NAME
    friend bool operator==(const ForeignExpression&, const ForeignExpression&) = default;
};

/// One step of a rule, as the kernel runs them (NFTA_EXPR_NAME and its attributes).
using Expression =
    std::variant<LoadPayload, LoadMeta, LoadCt, Bitwise, Compare, LookupSet, LookupMap, LookupVerdict,
                 RandomNumber, JenkinsHash, LoadImmediate, DestinationNat, Masquerade, Reject, Verdict,
                 Counter, Fib, UpdateSet, TransparentProxy, NoTracking, ForeignExpression>;

}  // namespace fairlead::kernel::nftables
