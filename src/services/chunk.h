#pragma once

#include <optional>
#include <set>
#include <span>
#include <vector>

#include "kernel/nftables/transaction.h"
#include "services/programmed_table.h"

namespace fairlead::services {

/// Some changes of a table that go to the kernel in one transaction: what to write, and what is then
/// programmed.
class Chunk {
  public:
    Chunk(base::Family family, const ProgrammedTable& programmed)
        : family_(family), programmed_(programmed) {}

    /// Makes what stands behind a frontend what is wanted (backends sorted, each once); nullopt removes it.
    /// Writes what differs only.
    void set_frontend(const Frontend& frontend, const std::optional<Backing>& wanted);
    void set_cluster_ip(const base::IpAddress& address, bool wanted);
    void set_hairpin(const base::IpAddress& address, bool wanted);

    [[nodiscard]] std::size_t element_count() const;

    /// Appends everything to `transaction`: balancers that are needed first, deletions before additions.
    void append_to(kernel::nftables::Transaction& transaction);
    /// After the transaction went through.
    void apply_to(ProgrammedTable& programmed);

  private:
    struct FrontendChange {
        Frontend frontend;
        std::optional<Backing> backing;
    };
    struct AddressChange {
        base::IpAddress address;
        bool wanted = false;
    };
    struct ElementChanges {
        std::vector<kernel::nftables::Element> deleted;
        std::vector<kernel::nftables::Element> added;
    };

    void change_size(const Frontend& frontend, std::uint32_t before, std::uint32_t after);
    void change_unserved(const Frontend& frontend, const Backing* before, const Backing* after);
    void change_endpoints(const Frontend& frontend, std::span<const Backend> before,
                          std::span<const Backend> after);
    void append_balancers_to(kernel::nftables::Transaction& transaction);

    base::Family family_;
    const ProgrammedTable& programmed_;
    std::vector<FrontendChange> frontends_;
    std::vector<AddressChange> cluster_ips_;
    std::vector<AddressChange> hairpins_;
    std::set<std::uint32_t> new_balancers_;
    ElementChanges frontend_elements_;
    ElementChanges no_endpoints_elements_;
    ElementChanges dropped_elements_;
    ElementChanges endpoint_elements_;
    ElementChanges cluster_ip_elements_;
    ElementChanges hairpin_elements_;
};

}  // namespace fairlead::services
