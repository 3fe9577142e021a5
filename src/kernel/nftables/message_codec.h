#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "kernel/netlink/attributes.h"
#include "kernel/netlink/message.h"
#include "kernel/nftables/transaction.h"

namespace fairlead::kernel::nftables {

/// Where one message of a batch begins, and what of the transaction it carries.
struct BatchEntry {
    std::uint32_t sequence = 0;
    std::size_t offset_bytes = 0;
    const Operation* operation = nullptr;  ///< nullptr for the frame of the batch itself
    std::size_t first_element = 0;         ///< of those that the operation names
};

/// A transaction as one netlink batch (NFNL_MSG_BATCH_BEGIN ... END).
struct Batch {
    netlink::MessageBuilder messages;
    std::vector<BatchEntry> entries;  ///< in order of sequence
};

using SetNames = std::set<std::string, std::less<>>;

/// Encodes all of `transaction`, which must not be empty and must outlive the batch. Elements are packed into
/// messages up to the 64 KiB that an attribute can hold. The last operation asks for an acknowledgement.
/// `concatenated`: those of its sets that hold ranges of a concatenated key, which are written in another way
/// than ranges of one field; it knows of those that the transaction adds.
Batch encode_batch(const Transaction& transaction, SetNames concatenated = {});
/// Sets that are there before the transaction and of which it adds or deletes ranges.
SetNames sets_with_ranges(const Transaction& transaction);
/// A batch with nothing in it.
Batch encode_empty_batch();
/// Gives the messages sequence numbers that count up from `first_sequence`; encoders leave 0.
void number_batch(Batch& batch, std::uint32_t first_sequence);

/// Which element of the entry's operation the kernel points at with `offset_bytes` from the message's begin;
/// nullopt if at none.
std::optional<std::size_t> element_at(const Batch& batch, const BatchEntry& entry, std::size_t offset_bytes);

/// Requests for NFT_MSG_GET*, to be sent with Socket::converse.
void encode_get_table(netlink::MessageBuilder& builder, base::Family family, std::string_view table);
void encode_dump_chains(netlink::MessageBuilder& builder, base::Family family);
/// Of one chain; empty: of all. Kernels that do not look at the chain answer with all.
void encode_dump_rules(netlink::MessageBuilder& builder, base::Family family, std::string_view table,
                       std::string_view chain = {});
void encode_dump_sets(netlink::MessageBuilder& builder, base::Family family, std::string_view table);
void encode_get_set(netlink::MessageBuilder& builder, base::Family family, std::string_view table,
                    std::string_view set);
void encode_dump_elements(netlink::MessageBuilder& builder, base::Family family, std::string_view table,
                          std::string_view set);
/// For the element that `key` finds; `range_end`: for the end of the range of one field that it lies in.
void encode_get_element(netlink::MessageBuilder& builder, base::Family family, std::string_view table,
                        std::string_view set, const ElementBytes& key, bool range_end);
/// For the elements of these keys, each of which must be there.
void encode_get_elements(netlink::MessageBuilder& builder, base::Family family, std::string_view table,
                         std::string_view set, std::span<const ElementBytes> keys);
void encode_get_generation(netlink::MessageBuilder& builder);

/// From NFT_MSG_NEWTABLE; nullopt if the message is another or lacks a name. A table with flags (dormant,
/// owned), which we never make, comes without its comment, so that it compares unequal to ours.
std::optional<Table> decode_table(const netlink::Message& message);
/// From NFT_MSG_NEWCHAIN, if it is a chain of `table`. A hook of a kind that we never make, such as one with
/// policy drop, is decoded as none.
std::optional<Chain> decode_chain(const netlink::Message& message, std::string_view table);
/// From NFT_MSG_NEWRULE.
std::optional<Rule> decode_rule(const netlink::Message& message, std::string_view table);
/// What the counters in an NFT_MSG_NEWRULE have counted, together; nullopt if it is none of the chain, or has
/// none.
std::optional<Counts> decode_rule_counts(const netlink::Message& message, std::string_view table,
                                         std::string_view chain);
/// From NFT_MSG_NEWSET. Sets with flags (anonymous), a timeout of their own or field types that are not ours:
/// nullopt.
std::optional<Set> decode_set(const netlink::Message& message, std::string_view table);

/// How many elements the set of an NFT_MSG_NEWSET has (NFTA_SET_COUNT); nullopt before Linux 6.15.
std::optional<std::uint32_t> decode_element_count(const netlink::Message& message);

/// One element as the kernel dumps it; in an interval set a range of one field is two of them.
struct RawElement {
    Element element;
    bool interval_end = false;
    Counts counts;
    std::optional<std::chrono::milliseconds>
        timeout{};  // NOLINT(readability-redundant-member-init): may be left out
    std::optional<std::chrono::milliseconds> time_left{};  // NOLINT(readability-redundant-member-init)
};
/// All elements of an NFT_MSG_NEWSETELEM.
std::vector<RawElement> decode_elements(const netlink::Message& message);
/// Joins the starts and ends of an interval set's elements to ranges, in ascending order.
std::vector<RawElement> join_intervals(std::vector<RawElement> raw);

/// From NFT_MSG_NEWGEN.
std::optional<std::uint32_t> decode_generation(const netlink::Message& message);
/// The table that an event or answer is about; empty if it is about none.
std::string_view table_name_of(const netlink::Message& message);

}  // namespace fairlead::kernel::nftables
