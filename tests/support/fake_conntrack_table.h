#pragma once

#include <vector>

#include "kernel/conntrack/conntrack_table.h"

namespace fairlead::test {

/// The connection tracking table in memory, with the kernel's rules on what is deleted and what is refused.
/// The contract test holds it to the kernel. Nothing expires in it.
class FakeConntrackTable : public kernel::conntrack::ConntrackTable {
  public:
    base::Result<void> for_each_flow(
        const kernel::conntrack::FlowFilter& filter,
        const std::function<void(const kernel::conntrack::Flow&)>& visit) override;
    base::Result<bool> visit_while(const kernel::conntrack::FlowFilter& filter,
                                   const std::function<bool(const kernel::conntrack::Flow&)>& visit) override;
    base::Result<void> for_each_of_few_flows(
        const kernel::conntrack::FlowFilter& filter,
        const std::function<void(const kernel::conntrack::Flow&)>& visit) override;
    base::Result<std::size_t> delete_matching(const kernel::conntrack::FlowFilter& filter) override;
    base::Result<std::size_t> delete_flows(std::span<const kernel::conntrack::Flow> flows) override;
    base::Result<std::uint32_t> count() override;
    base::Result<std::optional<std::uint32_t>> max() override;
    base::Result<std::vector<kernel::conntrack::CpuStats>> stats() override;

    /// Puts a flow in, under an id of its own. False if another has one of its tuples.
    bool insert(kernel::conntrack::Flow flow);
    [[nodiscard]] const std::vector<kernel::conntrack::Flow>& flows() const { return flows_; }
    void set_max(std::optional<std::uint32_t> max) { max_ = max; }
    void set_stats(std::vector<kernel::conntrack::CpuStats> stats) { stats_ = std::move(stats); }
    /// The next `count` calls fail so and change nothing.
    void fail_calls(base::Error error, int count = 1);

  private:
    base::Result<void> begin_call();

    std::vector<kernel::conntrack::Flow> flows_;
    std::uint32_t next_id_ = 1;
    std::optional<std::uint32_t> max_ = 262'144;
    std::vector<kernel::conntrack::CpuStats> stats_{kernel::conntrack::CpuStats{}};
    base::Error failure_;
    int failures_left_ = 0;
};

}  // namespace fairlead::test
