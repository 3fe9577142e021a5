#include "support/fake_conntrack_table.h"

#include <algorithm>

#include "kernel/conntrack/milestones.h"

namespace fairlead::test {

using base::Result;
using kernel::conntrack::Flow;
using kernel::conntrack::FlowFilter;
using kernel::conntrack::Tuple;
using kernel::conntrack::ZoneDirection;

namespace {

/// A tuple as the kernel looks it up.
struct Key {
    std::uint8_t protocol;
    std::uint16_t zone;
    Tuple tuple;
    friend bool operator==(const Key&, const Key&) = default;
};

Key original_key(const Flow& flow) {
    const bool zoned = flow.zone.direction != ZoneDirection::kReply;
    return {flow.protocol, zoned ? flow.zone.id : std::uint16_t{0}, flow.original};
}

Key reply_key(const Flow& flow) {
    const bool zoned = flow.zone.direction != ZoneDirection::kOriginal;
    return {flow.protocol, zoned ? flow.zone.id : std::uint16_t{0}, flow.reply};
}

bool collide(const Flow& one, const Flow& other) {
    return original_key(one) == original_key(other) || original_key(one) == reply_key(other) ||
           reply_key(one) == original_key(other) || reply_key(one) == reply_key(other);
}

}  // namespace

bool FakeConntrackTable::insert(Flow flow) {
    if (std::ranges::any_of(flows_, [&](const Flow& other) { return collide(flow, other); })) return false;
    flow.id = next_id_++;
    flows_.push_back(flow);
    return true;
}

void FakeConntrackTable::fail_calls(base::Error error, int count) {
    failure_ = std::move(error);
    failures_left_ = count;
}

Result<void> FakeConntrackTable::begin_call() {
    if (failures_left_ == 0) return {};
    --failures_left_;
    return std::unexpected(failure_);
}

Result<void> FakeConntrackTable::for_each_flow(const FlowFilter& filter,
                                               const std::function<void(const Flow&)>& visit) {
    FAIRLEAD_CHECK(visit_while(filter, [&](const Flow& flow) {
        visit(flow);
        return true;
    }));
    return {};
}

Result<bool> FakeConntrackTable::visit_while(const FlowFilter& filter,
                                             const std::function<bool(const Flow&)>& visit) {
    FAIRLEAD_CHECK(begin_call());
    FAIRLEAD_CHECK(family_of(filter));
    const auto before = flows_;  // `visit` may delete
    for (const auto& flow : before)
        if (matches(filter, flow) && !visit(flow)) return false;
    return true;
}

Result<void> FakeConntrackTable::for_each_of_few_flows(const FlowFilter& filter,
                                                       const std::function<void(const Flow&)>& visit) {
    FAIRLEAD_CHECK(begin_call());
    FAIRLEAD_CHECK(family_of(filter));
    const kernel::conntrack::TableSize size{static_cast<std::uint32_t>(flows_.size()), max_};
    const auto milestones = kernel::conntrack::milestones_for(filter, size.count);
    if (milestones.empty()) return base::fail(base::ErrorCode::kUnsupported, "the filter lets through many");
    if (!kernel::conntrack::have_room(size, milestones.size()))
        return base::fail(base::ErrorCode::kUnavailable, "the table has no room");
    const auto before = flows_;  // `visit` may delete
    for (const auto& flow : before)
        if (matches(filter, flow)) visit(flow);
    return {};
}

Result<std::size_t> FakeConntrackTable::delete_matching(const FlowFilter& filter) {
    FAIRLEAD_CHECK(begin_call());
    FAIRLEAD_CHECK(check_names_something(filter));
    FAIRLEAD_CHECK(family_of(filter));
    return std::erase_if(flows_, [&](const Flow& flow) { return matches(filter, flow); });
}

Result<std::size_t> FakeConntrackTable::delete_flows(std::span<const Flow> flows) {
    FAIRLEAD_CHECK(begin_call());
    std::size_t deleted = 0;
    for (const auto& gone : flows)
        deleted += std::erase_if(flows_, [&](const Flow& flow) {
            return flow.id == gone.id && original_key(flow) == original_key(gone);
        });
    return deleted;
}

Result<std::uint32_t> FakeConntrackTable::count() {
    FAIRLEAD_CHECK(begin_call());
    return static_cast<std::uint32_t>(flows_.size());
}

Result<std::optional<std::uint32_t>> FakeConntrackTable::max() {
    FAIRLEAD_CHECK(begin_call());
    return max_;
}

Result<std::vector<kernel::conntrack::CpuStats>> FakeConntrackTable::stats() {
    FAIRLEAD_CHECK(begin_call());
    return stats_;
}

}  // namespace fairlead::test
