#pragma once

#include <array>
#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "kernel/nftables/expressions.h"

namespace fairlead::kernel::nftables {

/// What one field of a set's key or data is, as stock `nft` names it (nft's datatype numbers go into
/// NFTA_SET_KEY_TYPE so that `nft list` prints values, not bytes).
enum class DataType : std::uint8_t {
    kIpv4Address,
    kIpv6Address,
    kInetProtocol,
    kInetService,
    kMark,
    kInterfaceName,  ///< 16 bytes (IFNAMSIZ), NUL padded
    kVerdict
};

/// Bytes of a field alone; 0 for kVerdict.
std::size_t size_bytes_of(DataType type);
/// Bytes that a field takes inside a key: rounded up to whole 4-byte registers.
std::size_t padded_size_bytes(DataType type);
/// Bytes of a key or data of these fields: one alone is not padded, concatenated ones are.
std::size_t size_bytes_of(const std::vector<DataType>& fields);

/// The key or the data of a set element: concatenated fields, each padded to 4 bytes (a field alone is not),
/// numbers in the byte order that packets load them with (network order; kMark in host order). At most 64
/// bytes: all registers (saddr6 . daddr6 . proto . port . addr6 . port takes 60).
class ElementBytes {
  public:
    static constexpr std::size_t kCapacityBytes = 64;
    /// IFNAMSIZ less its NUL.
    static constexpr std::size_t kLongestInterfaceNameBytes = 15;

    ElementBytes() = default;

    ElementBytes& add(const base::IpAddress& address);
    ElementBytes& add(base::L4Protocol protocol);
    /// A port; stored in network order.
    ElementBytes& add_port(std::uint16_t port);
    /// A 32-bit number in host order (kMark).
    ElementBytes& add_number(std::uint32_t number);
    /// Of at most kLongestInterfaceNameBytes: check what people wrote before.
    ElementBytes& add_interface_name(std::string_view name);
    /// The last name that begins with `prefix`: ends the range that nft writes as "prefix*".
    ElementBytes& add_last_interface_name(std::string_view prefix);
    ElementBytes& add_raw(std::span<const std::byte> bytes);

    [[nodiscard]] std::span<const std::byte> bytes() const { return {bytes_.data(), size_}; }
    [[nodiscard]] bool empty() const { return size_ == 0; }

    friend auto operator<=>(const ElementBytes&, const ElementBytes&) = default;
    friend bool operator==(const ElementBytes&, const ElementBytes&) = default;

    template <class H>
    friend H AbslHashValue(H state, const ElementBytes& value) {
        // As unsigned char: the library hashes each std::byte by itself.
        return H::combine_contiguous(
            std::move(state), reinterpret_cast<const unsigned char*>(value.bytes_.data()), value.size_);
    }

  private:
    std::array<std::byte, kCapacityBytes> bytes_{};  // unused tail is zero
    std::uint8_t size_ = 0;
};

/// Reads the fields of an ElementBytes back, in order. A read past the end is our bug (asserted): check the
/// size first.
class ElementReader {
  public:
    explicit ElementReader(const ElementBytes& bytes) : rest_(bytes.bytes()) {}

    base::IpAddress address(base::Family family);
    /// The number as it stands; it may be none of base::L4Protocol.
    std::uint8_t protocol();
    std::uint16_t port();
    std::uint32_t number();
    /// Up to the first NUL.
    std::string interface_name();
    [[nodiscard]] std::size_t remaining_bytes() const { return rest_.size(); }

  private:
    std::span<const std::byte> take(std::size_t size_bytes);

    std::span<const std::byte> rest_;
};

/// A table of one family. `comment` is what `nft list` shows; the agent keeps its layout version there.
struct Table {
    base::Family family = base::Family::kIpv4;
    std::string name;
    std::string comment;
    /// Nobody but the socket that makes it may change it, and it goes when that socket is closed
    /// (NFT_TABLE_F_OWNER, Linux 5.12).
    bool owned = false;

    friend bool operator==(const Table&, const Table&) = default;
};

enum class ChainType : std::uint8_t { kFilter, kNat, kRoute };
/// Values are NF_INET_* (linux/netfilter.h).
enum class Hook : std::uint8_t { kPrerouting = 0, kInput = 1, kForward = 2, kOutput = 3, kPostrouting = 4 };

/// Where a base chain is attached. The policy is always accept: fairlead never blocks by default.
struct ChainHook {
    ChainType type = ChainType::kFilter;
    Hook hook = Hook::kPrerouting;
    std::int32_t priority = 0;

    friend bool operator==(const ChainHook&, const ChainHook&) = default;
};

struct Chain {
    std::string name;
    std::optional<ChainHook> hook;  ///< absent for a chain that is only jumped to
    std::string comment;

    friend bool operator==(const Chain&, const Chain&) = default;
};

struct Rule {
    std::string chain;
    std::vector<Expression> expressions;
    std::string comment;

    friend bool operator==(const Rule&, const Rule&) = default;
};

/// A set (no data) or a map. A map whose data is kVerdict is a verdict map.
struct Set {
    std::string name;
    std::vector<DataType> key;
    std::vector<DataType> data;  ///< empty for a set
    bool interval = false;       ///< elements are ranges, in a concatenated key each field one of its own
    std::string comment;
    bool dynamic = false;    ///< packets change it (UpdateSet); has a size, no ranges, no verdicts
    bool timeout = false;    ///< elements may expire
    std::uint32_t size = 0;  ///< how many elements it takes; 0: no limit
    bool counts = false;     ///< each element counts the packets whose lookup finds it

    friend bool operator==(const Set&, const Set&) = default;
};

/// Whether it is a verdict map.
bool holds_verdicts(const Set& set);

/// One element of a set or map. What passes by itself (counts, time left) is not part of it.
struct Element {
    ElementBytes key;
    ElementBytes key_end;  ///< last key of the range, inclusive; of each field in a concatenation. Only, and
                           ///< always, in interval sets
    ElementBytes data;     ///< only in maps
    std::string verdict_chain;  ///< only in verdict maps: the verdict is "goto CHAIN"

    friend auto operator<=>(const Element&, const Element&) = default;
    friend bool operator==(const Element&, const Element&) = default;
};

/// What found an element of a set that counts.
struct Counts {
    std::uint64_t packets = 0;
    std::uint64_t bytes = 0;

    friend bool operator==(const Counts&, const Counts&) = default;
};

/// An element with what passes by itself.
struct FoundElement {
    Element element;
    Counts counts;
    /// How long it lives from each time that a packet renews it, and how long it has left. Only of elements
    /// that expire.
    std::optional<std::chrono::milliseconds> timeout;
    std::optional<std::chrono::milliseconds> time_left;
};

/// Everything in one table but the elements: what the agent compares on start to learn whether the layout is
/// its own.
struct TableContents {
    Table table;
    std::vector<Chain> chains;  ///< in kernel order
    std::vector<Rule> rules;    ///< in order within each chain
    std::vector<Set> sets;

    friend bool operator==(const TableContents&, const TableContents&) = default;
};

}  // namespace fairlead::kernel::nftables
