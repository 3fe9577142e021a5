#pragma once

#include "kernel/conntrack/codec.h"
#include "kernel/conntrack/conntrack_table.h"
#include "kernel/netlink/socket.h"

namespace fairlead::kernel::conntrack {

/// Connection tracking of the network namespace in which it was opened, over ctnetlink. Needs CAP_NET_ADMIN
/// there.
class NetlinkConntrackTable final : public ConntrackTable {
  public:
    /// kUnsupported for a kernel without ctnetlink, kDenied without CAP_NET_ADMIN. A namespace in which
    /// nothing uses connection tracking is no error: its table is empty.
    static base::Result<NetlinkConntrackTable> open();

    base::Result<void> for_each_flow(const FlowFilter& filter,
                                     const std::function<void(const Flow&)>& visit) override;
    base::Result<bool> visit_while(const FlowFilter& filter,
                                   const std::function<bool(const Flow&)>& visit) override;
    base::Result<void> for_each_of_few_flows(const FlowFilter& filter,
                                             const std::function<void(const Flow&)>& visit) override;
    /// A dump that the kernel filters, and deletes of what it shows: half of what the kernel needs when it is
    /// given the filter to delete by, and safe with kernels that do not know the filter or misread it.
    base::Result<std::size_t> delete_matching(const FlowFilter& filter) override;
    base::Result<std::size_t> delete_flows(std::span<const Flow> flows) override;
    base::Result<std::uint32_t> count() override;
    base::Result<std::optional<std::uint32_t>> max() override;
    base::Result<std::vector<CpuStats>> stats() override;

  private:
    NetlinkConntrackTable(netlink::Socket questions, netlink::Socket deletes)
        : questions_(std::move(questions)), deletes_(std::move(deletes)) {}

    /// Adds to `deleted`.
    base::Result<void> delete_matching_once(const FlowFilter& filter, std::size_t& deleted);
    base::Result<std::size_t> delete_batch(std::span<const Flow> flows);
    base::Result<TableSize> table_size();
    /// What is there already is no error.
    base::Result<void> insert_flows(std::span<const Flow> flows);
    base::Result<void> check_inserted();

    netlink::Socket questions_;
    netlink::Socket deletes_;  ///< apart, so that flows can be deleted during a dump
};

}  // namespace fairlead::kernel::conntrack
