#include "kernel/conntrack/netlink_conntrack_table.h"

#include <linux/netlink.h>

#include <algorithm>
#include <cerrno>

#include "kernel/conntrack/delete_answers.h"
#include "kernel/conntrack/milestones.h"
#include "kernel/netlink/kernel_error.h"
#include "kernel/netlink/retry.h"

namespace fairlead::kernel::conntrack {

namespace {

using base::ErrorCode;
using base::Result;
using netlink::Message;
using netlink::MessageBuilder;

// The answers to so many deletes, 768 bytes each in the kernel's eyes, fit any socket's buffer.
constexpr std::size_t kBatchFlows = 64;

}  // namespace

Result<NetlinkConntrackTable> NetlinkConntrackTable::open() {
    auto questions = netlink::Socket::open(NETLINK_NETFILTER);
    if (!questions) return base::fail_within("conntrack", std::move(questions).error());
    auto deletes = netlink::Socket::open(NETLINK_NETFILTER);
    if (!deletes) return base::fail_within("conntrack", std::move(deletes).error());
    NetlinkConntrackTable table{*std::move(questions), *std::move(deletes)};
    const auto answer = table.count();
    // There is nothing in that question that could be invalid but its kind.
    if (!answer && answer.error().code == ErrorCode::kInvalid)
        return base::fail(ErrorCode::kUnsupported,
                          "conntrack: this kernel has no ctnetlink (module nf_conntrack_netlink)", EINVAL);
    FAIRLEAD_CHECK(answer);
    return table;
}

Result<void> NetlinkConntrackTable::for_each_flow(const FlowFilter& filter,
                                                  const std::function<void(const Flow&)>& visit) {
    const auto visited = visit_while(filter, [&](const Flow& flow) {
        visit(flow);
        return true;
    });
    if (!visited) return std::unexpected(visited.error());
    return {};
}

Result<bool> NetlinkConntrackTable::visit_while(const FlowFilter& filter,
                                                const std::function<bool(const Flow&)>& visit) {
    FAIRLEAD_TRY(const auto family, family_of(filter));
    MessageBuilder request;
    encode_dump(request, filter, family);
    const auto dumped = questions_.dump_while(request.bytes(), [&](const Message& message) {
        const auto flow = decode_flow(message);
        return !flow || !matches(filter, *flow) || visit(*flow);
    });
    if (!dumped) return base::fail_within("conntrack: list flows", dumped.error());
    if (*dumped != netlink::Socket::DumpEnd::kStopped) return true;
    FAIRLEAD_TRY(questions_, netlink::Socket::open(NETLINK_NETFILTER));
    return false;
}

Result<void> NetlinkConntrackTable::for_each_of_few_flows(const FlowFilter& filter,
                                                          const std::function<void(const Flow&)>& visit) {
    FAIRLEAD_TRY(const auto family, family_of(filter));
    FAIRLEAD_TRY(const auto size, table_size());
    const auto milestones = milestones_for(filter, size.count);
    if (milestones.empty())
        return base::fail(ErrorCode::kUnsupported, "conntrack: list few flows: the filter lets through many");
    if (!have_room(size, milestones.size()))
        return base::fail(ErrorCode::kUnavailable, "conntrack: list few flows: the table has no room");
    FAIRLEAD_TRY(auto steps, netlink::Socket::open(NETLINK_NETFILTER));
    steps.receive_at_most(kStepBytes);
    FAIRLEAD_CHECK(insert_flows(milestones));

    std::vector<Flow> passed;
    MessageBuilder request;
    encode_dump(request, filter, family);
    const auto dumped = steps.dump(request.bytes(), [&](const Message& message) {
        const auto flow = decode_flow(message);
        if (!flow || !matches(filter, *flow)) return;
        if (is_milestone(*flow))
            passed.push_back(*flow);
        else
            visit(*flow);
    });
    const auto taken_out = delete_flows(passed);
    if (!dumped) return base::fail_within("conntrack: list few flows", dumped.error());
    if (!taken_out) return std::unexpected(taken_out.error());
    return {};
}

Result<void> NetlinkConntrackTable::insert_flows(std::span<const Flow> flows) {
    for (; !flows.empty(); flows = flows.subspan(std::min(flows.size(), kBatchFlows))) {
        MessageBuilder requests;
        for (const auto& flow : flows.first(std::min(flows.size(), kBatchFlows)))
            encode_insert(requests, flow, 0);
        FAIRLEAD_CHECK(deletes_.send(requests.bytes()));
        FAIRLEAD_CHECK(check_inserted());
    }
    return {};
}

/// The kernel has worked the batch off, and answers what it refuses only.
Result<void> NetlinkConntrackTable::check_inserted() {
    Result<void> outcome;
    for (;;) {
        FAIRLEAD_TRY(const auto datagram, deletes_.receive());
        if (datagram.empty()) return outcome;
        netlink::Messages messages{datagram};
        while (const auto message = messages.next()) {
            const auto error = parse_kernel_error(*message);
            if (error && error->errno_value != 0 && error->errno_value != EEXIST)
                outcome = base::fail(code_of(*error), "conntrack: insert a flow: " + describe(*error),
                                     error->errno_value);
        }
    }
}

Result<std::size_t> NetlinkConntrackTable::delete_matching(const FlowFilter& filter) {
    FAIRLEAD_CHECK(check_names_something(filter));
    std::size_t deleted = 0;
    FAIRLEAD_CHECK(netlink::retried([&] { return delete_matching_once(filter, deleted); }));
    return deleted;
}

Result<void> NetlinkConntrackTable::delete_matching_once(const FlowFilter& filter, std::size_t& deleted) {
    std::vector<Flow> batch;
    Result<void> all_well;
    const auto delete_batched = [&] {
        if (const auto done = delete_batch(batch))
            deleted += *done;
        else if (all_well)
            all_well = std::unexpected(done.error());
        batch.clear();
    };
    FAIRLEAD_CHECK(for_each_flow(filter, [&](const Flow& flow) {
        batch.push_back(flow);
        if (batch.size() == kBatchFlows) delete_batched();
    }));
    delete_batched();
    return all_well;
}

Result<std::size_t> NetlinkConntrackTable::delete_flows(std::span<const Flow> flows) {
    std::size_t deleted = 0;
    while (!flows.empty()) {
        const auto batch = flows.first(std::min(flows.size(), kBatchFlows));
        FAIRLEAD_TRY(const auto done, netlink::retried([&] { return delete_batch(batch); }));
        deleted += done;
        flows = flows.subspan(batch.size());
    }
    return deleted;
}

Result<std::size_t> NetlinkConntrackTable::delete_batch(std::span<const Flow> flows) {
    if (flows.empty()) return std::size_t{0};
    const auto first_sequence = deletes_.take_sequences(static_cast<std::uint32_t>(flows.size()));
    MessageBuilder requests;
    auto sequence = first_sequence;
    for (const auto& flow : flows)
        encode_delete(requests, flow, sequence++);
    FAIRLEAD_CHECK(deletes_.send(requests.bytes()));

    // The kernel has worked the batch off when send() returns: every answer is there already.
    DeleteAnswers answers{flows, first_sequence};
    for (;;) {
        FAIRLEAD_TRY(const auto datagram, deletes_.receive());
        if (datagram.empty()) return answers.result();
        answers.take(datagram);
    }
}

Result<TableSize> NetlinkConntrackTable::table_size() {
    MessageBuilder request;
    encode_get_table_size(request);
    std::optional<TableSize> size;
    auto answered = netlink::retried([&] {
        return questions_.converse(request.bytes(),
                                   [&](const Message& message) { size = decode_table_size(message); });
    });
    if (!answered) return base::fail_within("conntrack: count flows", std::move(answered).error());
    if (!size) return base::fail(ErrorCode::kInternal, "conntrack: count flows: the kernel gave no number");
    return *size;
}

Result<std::uint32_t> NetlinkConntrackTable::count() {
    FAIRLEAD_TRY(const auto size, table_size());
    return size.count;
}

Result<std::optional<std::uint32_t>> NetlinkConntrackTable::max() {
    FAIRLEAD_TRY(const auto size, table_size());
    return size.max;
}

Result<std::vector<CpuStats>> NetlinkConntrackTable::stats() {
    MessageBuilder request;
    encode_dump_cpu_stats(request);
    std::vector<CpuStats> stats;
    auto answered = netlink::retried([&] {
        stats.clear();
        return questions_.converse(request.bytes(), [&](const Message& message) {
            if (const auto cpu = decode_cpu_stats(message)) stats.push_back(*cpu);
        });
    });
    if (!answered) return base::fail_within("conntrack: read counters", std::move(answered).error());
    return stats;
}

}  // namespace fairlead::kernel::conntrack
