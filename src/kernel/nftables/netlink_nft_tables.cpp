#include "kernel/nftables/netlink_nft_tables.h"

#include <linux/netlink.h>

#include <algorithm>
#include <cerrno>

#include "kernel/netlink/kernel_error.h"
#include "kernel/netlink/retry.h"
#include "kernel/nftables/check.h"
#include "kernel/nftables/describe.h"
#include "kernel/nftables/dump_check.h"
#include "kernel/nftables/message_codec.h"
#include "kernel/nftables/set_codec.h"

namespace fairlead::kernel::nftables {

namespace {

using base::ErrorCode;
using base::Result;
using netlink::Message;

// To leave the events and come back costs as much as the events of about 20 elements.
constexpr std::size_t kLargeElementCount = 64;

std::unexpected<base::Error> fail_entry(const Batch& batch, const Table& table, std::uint32_t sequence,
                                        const netlink::KernelError& error) {
    const auto entry = std::ranges::find(batch.entries, sequence, &BatchEntry::sequence);
    std::string what = "commit";
    if (entry != batch.entries.end() && entry->operation != nullptr) {
        const auto element =
            error.offset_bytes ? element_at(batch, *entry, *error.offset_bytes) : std::nullopt;
        what = describe(*entry->operation, table.family, element);
    }
    return base::fail(code_of(error), describe(table) + ": " + what + ": " + describe(error),
                      error.errno_value);
}

/// The answers to one batch: the first error counts.
class BatchAnswers {
  public:
    BatchAnswers(std::uint32_t first_sequence, std::uint32_t count)
        : first_sequence_(first_sequence), count_(count) {}

    void take(std::span<const std::byte> datagram) {
        netlink::Messages messages{datagram};
        while (const auto message = messages.next()) {
            const auto error = parse_kernel_error(*message);
            // What is left of an earlier conversation is not about this batch.
            if (!error || message->sequence - first_sequence_ >= count_) continue;
            if (error->errno_value == 0) {
                acknowledged_ = true;
            } else if (!first_error_) {
                first_error_ = error;
                failed_sequence_ = message->sequence;
            }
        }
    }

    [[nodiscard]] bool acknowledged() const { return acknowledged_; }
    [[nodiscard]] const std::optional<netlink::KernelError>& first_error() const { return first_error_; }
    [[nodiscard]] std::uint32_t failed_sequence() const { return failed_sequence_; }

  private:
    std::uint32_t first_sequence_;
    std::uint32_t count_;
    bool acknowledged_ = false;
    std::optional<netlink::KernelError> first_error_;
    std::uint32_t failed_sequence_ = 0;
};

}  // namespace

Result<NetlinkNftTables> NetlinkNftTables::open() {
    FAIRLEAD_TRY(auto socket, netlink::Socket::open(NETLINK_NETFILTER));
    return NetlinkNftTables{std::move(socket)};
}

Result<void> NetlinkNftTables::commit(const Transaction& transaction) {
    if (transaction.empty()) return {};
    FAIRLEAD_CHECK(check(transaction));
    FAIRLEAD_TRY(Batch batch, encode(transaction));
    const auto committed = [&] {
        return netlink::retried([&] { return commit_once(transaction.table(), batch); });
    };
    const bool large = transaction.element_count() >= kLargeElementCount;
    return large && monitor_ != nullptr ? monitor_->unobserved(*this, committed) : committed();
}

Result<Batch> NetlinkNftTables::encode(const Transaction& transaction) {
    SetNames concatenated;
    for (const auto& name : sets_with_ranges(transaction)) {
        const auto state = netlink::retried(
            [&] { return read_set(transaction.table().family, transaction.table().name, name); });
        // That it is not there is for the commit to say.
        if (!state && state.error().code != ErrorCode::kNotFound) return std::unexpected(state.error());
        if (state && state->set && has_concatenated_ranges(*state->set)) concatenated.insert(name);
    }
    return encode_batch(transaction, std::move(concatenated));
}

Result<void> NetlinkNftTables::commit_once(const Table& table, Batch& batch) {
    const auto count = static_cast<std::uint32_t>(batch.entries.size());
    const std::uint32_t first_sequence = socket_.take_sequences(count);
    number_batch(batch, first_sequence);
    FAIRLEAD_CHECK(socket_.send(batch.messages.bytes()));

    // The kernel has worked the batch off when send() returns: every answer is there already.
    BatchAnswers answers{first_sequence, count};
    for (;;) {
        const auto datagram = socket_.receive();
        if (datagram && datagram->empty()) break;
        if (datagram) answers.take(*datagram);
        // So many elements were refused that not all errors fit the buffer; the first ones did.
        if (!datagram && datagram.error().errno_value != ENOBUFS) return std::unexpected(datagram.error());
    }
    if (answers.first_error())
        return fail_entry(batch, table, answers.failed_sequence(), *answers.first_error());
    if (!answers.acknowledged())
        return base::fail(ErrorCode::kInternal, describe(table) + ": commit: the kernel did not answer");
    return {};
}

Result<void> NetlinkNftTables::await_commits() {
    // An empty batch changes nothing, but has to wait until a commit of somebody else is over, with its
    // events.
    Batch empty = encode_empty_batch();
    number_batch(empty, socket_.take_sequences(static_cast<std::uint32_t>(empty.entries.size())));
    return socket_.send(empty.messages.bytes());
}

Result<void> NetlinkNftTables::read_undisturbed(std::string_view table,
                                                const std::function<Result<void>()>& read) {
    // A dump is marked as interrupted by changes of any table, and a busy host has many; the events tell
    // whose they were.
    FAIRLEAD_TRY(witness_, NftMonitor::open(std::string(table), 0));
    touched_ = false;
    auto done = read();
    if (done) done = await_commits();
    look_for_changes();
    witness_.reset();
    FAIRLEAD_CHECK(done);
    if (touched_)
        return base::fail(ErrorCode::kBusy, "table " + std::string(table) + ": changed while it was read",
                          EINTR);
    return {};
}

void NetlinkNftTables::look_for_changes() {
    const auto touched = witness_->drain();
    touched_ = touched_ || !touched || *touched;
}

Result<std::optional<TableContents>> NetlinkNftTables::read_table(base::Family family,
                                                                  std::string_view name) {
    std::optional<TableContents> contents;
    FAIRLEAD_CHECK(netlink::retried([&] {
        return read_undisturbed(name, [&]() -> Result<void> {
            FAIRLEAD_TRY(contents, read_table_once(family, name));
            return {};
        });
    }));
    return contents;
}

Result<std::optional<TableContents>> NetlinkNftTables::read_table_once(base::Family family,
                                                                       std::string_view name) {
    netlink::MessageBuilder request;
    encode_get_table(request, family, name);
    std::optional<TableContents> contents;
    const auto found = ask(request, [&](const Message& message) {
        if (auto table = decode_table(message)) contents = TableContents{std::move(*table), {}, {}, {}};
    });
    if (!found && found.error().code == ErrorCode::kNotFound) return std::optional<TableContents>{};
    FAIRLEAD_CHECK(found);
    if (contents) FAIRLEAD_CHECK(read_objects(*contents));
    return contents;
}

Result<void> NetlinkNftTables::read_objects(TableContents& contents) {
    const auto family = contents.table.family;
    const auto& name = contents.table.name;
    netlink::MessageBuilder request;
    encode_dump_chains(request, family);
    FAIRLEAD_CHECK(ask(request, [&](const Message& message) {
        if (auto chain = decode_chain(message, name)) contents.chains.push_back(std::move(*chain));
    }));
    encode_dump_rules(request, family, name);
    FAIRLEAD_CHECK(ask(request, [&](const Message& message) {
        if (auto rule = decode_rule(message, name)) contents.rules.push_back(std::move(*rule));
    }));
    encode_dump_sets(request, family, name);
    return ask(request, [&](const Message& message) {
        if (auto set = decode_set(message, name)) contents.sets.push_back(std::move(*set));
    });
}

Result<void> NetlinkNftTables::ask(netlink::MessageBuilder& request,
                                   const std::function<void(const Message&)>& visit) {
    // What changed meanwhile is for read_undisturbed() to judge. Events of a busy host must not pile up.
    const auto answered = socket_.dump(request.bytes(), [&](const Message& message) {
        look_for_changes();
        visit(message);
    });
    request.clear();
    FAIRLEAD_CHECK(answered);
    return {};
}

Result<NetlinkNftTables::SetState> NetlinkNftTables::read_set(base::Family family, std::string_view table,
                                                              std::string_view set) {
    netlink::MessageBuilder request;
    encode_get_set(request, family, table, set);
    SetState state;
    FAIRLEAD_CHECK(socket_.converse(request.bytes(), [&](const Message& message) {
        if (auto found = decode_set(message, table)) state.set = std::move(found);
        state.element_count = decode_element_count(message);
    }));
    return state;
}

Result<void> NetlinkNftTables::read_raw_once(base::Family family, std::string_view table,
                                             std::string_view set,
                                             const std::function<void(RawElement)>& visit) {
    FAIRLEAD_TRY(const SetState state, read_set(family, table, set));
    const bool boundaries = state.set && state.set->interval && !has_concatenated_ranges(*state.set);
    const bool passing = state.set && (state.set->dynamic || state.set->timeout);
    netlink::MessageBuilder request;
    encode_dump_elements(request, family, table, set);
    std::vector<RawElement> starts_and_ends;
    DumpCheck dumped;
    FAIRLEAD_CHECK(ask(request, [&](const Message& message) {
        for (auto& raw : decode_elements(message)) {
            if (boundaries) {
                starts_and_ends.push_back(std::move(raw));
            } else {
                dumped.note(raw.element.key);
                visit(std::move(raw));
            }
        }
    }));
    if (!boundaries && !passing && !dumped.whole(state.element_count))
        return base::fail(ErrorCode::kBusy, "its hash table grew meanwhile", EINTR);
    for (auto& range : join_intervals(std::move(starts_and_ends)))
        visit(std::move(range));
    return {};
}

Result<void> NetlinkNftTables::read_raw(base::Family family, std::string_view table, std::string_view set,
                                        const std::function<void()>& restart,
                                        const std::function<void(RawElement)>& visit) {
    auto read = netlink::retried([&] {
        restart();
        return read_undisturbed(table, [&] { return read_raw_once(family, table, set, visit); });
    });
    if (!read) return base::fail_within("read set '" + std::string(set) + "'", std::move(read).error());
    return {};
}

Result<void> NetlinkNftTables::read_elements(base::Family family, std::string_view table,
                                             std::string_view set, const std::function<void()>& restart,
                                             const std::function<void(Element)>& visit) {
    return read_raw(family, table, set, restart, [&](RawElement raw) { visit(std::move(raw.element)); });
}

Result<void> NetlinkNftTables::read_counts(base::Family family, std::string_view table, std::string_view set,
                                           const std::function<void()>& restart,
                                           const std::function<void(Element, Counts)>& visit) {
    return read_raw(family, table, set, restart,
                    [&](RawElement raw) { visit(std::move(raw.element), raw.counts); });
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
