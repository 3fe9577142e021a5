#include "kernel/nftables/netlink_nft_tables.h"

#include <linux/netlink.h>

#include <algorithm>
#include <cerrno>

#include "kernel/netlink/kernel_error.h"
#include "kernel/nftables/message_codec.h"

namespace fairlead::kernel::nftables {

namespace {

using base::ErrorCode;
using base::Result;
using netlink::Message;

constexpr int kAttempts = 8;

/// Calls `attempt` until it is not kBusy, a bounded number of times.
template <class Attempt>
auto retried(Attempt attempt) {
    auto result = attempt();
    for (int i = 1; i < kAttempts && !result && result.error().code == ErrorCode::kBusy; ++i)
        result = attempt();
    return result;
}

std::string place_of(const Table& table) {
    return std::string("table ") + (table.family == base::Family::kIpv4 ? "ip " : "ip6 ") + table.name;
}

std::unexpected<base::Error> fail_entry(const Batch& batch, const Table& table, std::uint32_t sequence,
                                        const netlink::KernelError& error) {
    const auto entry = std::ranges::find(batch.entries, sequence, &BatchEntry::sequence);
    const std::string what =
        entry == batch.entries.end() ? "commit" : describe_entry(*entry, table.family, error.offset_bytes);
    return base::fail(base::code_of_errno(error.errno_value),
                      place_of(table) + ": " + what + ": " + describe(error), error.errno_value);
}

}  // namespace

Result<NetlinkNftTables> NetlinkNftTables::open() {
    FAIRLEAD_TRY(auto socket, netlink::Socket::open(NETLINK_NETFILTER));
    return NetlinkNftTables{std::move(socket)};
}

Result<void> NetlinkNftTables::commit(const Transaction& transaction) {
    if (transaction.empty()) return {};
    return retried([&] { return commit_once(transaction); });
}

Result<void> NetlinkNftTables::commit_once(const Transaction& transaction) {
    const Batch batch = encode_batch(transaction, sequence_);
    sequence_ += static_cast<std::uint32_t>(batch.entries.size());
    const std::uint32_t last_sequence = batch.entries[batch.entries.size() - 2].sequence;
    FAIRLEAD_CHECK(socket_.send(batch.messages.bytes()));

    // The kernel has worked the batch off when send() returns: every answer is there already, the first error
    // counts.
    std::optional<netlink::KernelError> first_error;
    std::uint32_t failed_sequence = 0;
    bool acknowledged = false;
    for (;;) {
        FAIRLEAD_TRY(const auto datagram, socket_.receive());
        if (datagram.empty()) break;
        netlink::Messages messages{datagram};
        while (const auto message = messages.next()) {
            const auto error = parse_kernel_error(*message);
            if (!error || message->sequence < batch.entries.front().sequence) continue;
            if (error->errno_value == 0) acknowledged = acknowledged || message->sequence == last_sequence;
            if (error->errno_value == 0 || first_error) continue;
            first_error = error;
            failed_sequence = message->sequence;
        }
    }
    if (first_error) return fail_entry(batch, transaction.table(), failed_sequence, *first_error);
    if (!acknowledged)
        return base::fail(ErrorCode::kInternal,
                          place_of(transaction.table()) + ": commit: the kernel did not answer");
    return {};
}

Result<std::optional<TableContents>> NetlinkNftTables::read_table(base::Family family,
                                                                  std::string_view name) {
    return retried([&] { return read_table_once(family, name); });
}

Result<std::optional<TableContents>> NetlinkNftTables::read_table_once(base::Family family,
                                                                       std::string_view name) {
    netlink::MessageBuilder request;
    const auto ask = [&](const std::function<void(const Message&)>& visit) {
        auto answered = socket_.converse(request.bytes(), visit);
        request.clear();
        return answered;
    };
    std::optional<TableContents> contents;
    encode_get_table(request, family, name);
    const auto found = ask([&](const Message& message) {
        if (auto table = decode_table(message)) contents = TableContents{std::move(*table), {}, {}, {}};
    });
    if (!found && found.error().code == ErrorCode::kNotFound) return std::optional<TableContents>{};
    FAIRLEAD_CHECK(found);
    if (!contents) return std::optional<TableContents>{};

    encode_dump_chains(request, family);
    FAIRLEAD_CHECK(ask([&](const Message& message) {
        if (auto chain = decode_chain(message, name)) contents->chains.push_back(std::move(*chain));
    }));
    encode_dump_rules(request, family, name);
    FAIRLEAD_CHECK(ask([&](const Message& message) {
        if (auto rule = decode_rule(message, name)) contents->rules.push_back(std::move(*rule));
    }));
    encode_dump_sets(request, family, name);
    FAIRLEAD_CHECK(ask([&](const Message& message) {
        if (auto set = decode_set(message, name)) contents->sets.push_back(std::move(*set));
    }));
    return contents;
}

Result<bool> NetlinkNftTables::is_interval(base::Family family, std::string_view table,
                                           std::string_view set) {
    netlink::MessageBuilder request;
    encode_get_set(request, family, table, set);
    bool interval = false;
    FAIRLEAD_CHECK(socket_.converse(request.bytes(), [&](const Message& message) {
        const auto found = decode_set(message, table);
        interval = interval || (found && found->interval);
    }));
    return interval;
}

Result<void> NetlinkNftTables::read_elements_once(base::Family family, std::string_view table,
                                                  std::string_view set,
                                                  const std::function<void(Element)>& visit) {
    FAIRLEAD_TRY(const bool interval, is_interval(family, table, set));
    netlink::MessageBuilder request;
    encode_dump_elements(request, family, table, set);
    std::vector<RawElement> starts_and_ends;
    FAIRLEAD_CHECK(socket_.converse(request.bytes(), [&](const Message& message) {
        for (auto& raw : decode_elements(message)) {
            if (interval)
                starts_and_ends.push_back(std::move(raw));
            else
                visit(std::move(raw.element));
        }
    }));
    for (auto& range : join_intervals(std::move(starts_and_ends)))
        visit(std::move(range));
    return {};
}

Result<void> NetlinkNftTables::read_elements(base::Family family, std::string_view table,
                                             std::string_view set, const std::function<void()>& restart,
                                             const std::function<void(Element)>& visit) {
    auto read = retried([&] {
        restart();
        return read_elements_once(family, table, set, visit);
    });
    if (!read) return base::fail_within("read set '" + std::string(set) + "'", std::move(read).error());
    return {};
}

Result<std::uint32_t> NetlinkNftTables::generation() {
    netlink::MessageBuilder request;
    encode_get_generation(request);
    std::uint32_t generation = 0;
    FAIRLEAD_CHECK(socket_.converse(request.bytes(), [&](const Message& message) {
        generation = decode_generation(message).value_or(generation);
    }));
    return generation;
}

}  // namespace fairlead::kernel::nftables
