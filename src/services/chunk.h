#pragma once

#include <absl/container/flat_hash_map.h>

#include <map>
#include <optional>
#include <set>
#include <span>
#include <string_view>
#include <vector>

#include "kernel/nftables/transaction.h"
#include "services/programmed_table.h"

namespace fairlead::services {

/// Some changes of a table that go to the kernel in one transaction: what to write, and what is then
/// programmed.
class Chunk {
  public:
    /// `guards`: with elements of `service_endpoints`; else write them after apply_to.
    Chunk(base::Family family, const ProgrammedTable& programmed, bool guards = true)
        : family_(family), programmed_(programmed), guards_(guards) {}

    /// Makes room for so many elements of endpoints: a full sync that lets its lists grow step by step
    /// touches twice the memory.
    void reserve_endpoints(std::size_t count);

    /// Makes what stands behind a frontend what is wanted (backends sorted, each once); nullopt removes it.
    /// Writes what differs only.
    void set_frontend(const Frontend& frontend, const std::optional<Backing>& wanted);
    void set_cluster_ip(const base::IpAddress& address, bool wanted);
    void set_hairpin(const base::IpAddress& address, bool wanted);
    void set_idle_endpoint(const ServiceEndpoint& endpoint, bool wanted);

    [[nodiscard]] std::size_t element_count() const { return element_count_; }

    /// Appends everything to `transaction`: balancers that are needed first, deletions before additions.
    void append_to(kernel::nftables::Transaction& transaction);
    /// The same without balancers.
    void append_elements_to(kernel::nftables::Transaction& transaction);
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
    struct IdleChange {
        ServiceEndpoint endpoint;
        bool wanted = false;
    };
    /// For how many frontends an endpoint is a backend, and once more where it is idle.
    struct Users {
        std::int32_t before = 0;
        std::int32_t after = 0;

        /// The kernel's set has the endpoint before or after, and not both.
        [[nodiscard]] bool come_or_go() const { return (before > 0) != (after > 0); }
    };
    struct ElementChanges {
        std::vector<kernel::nftables::Element> deleted;
        std::vector<kernel::nftables::Element> added;
    };

    void change_balancer(const Frontend& frontend, Origin origin, const Backing* before,
                         const Backing* after);
    void change_endpoints(const Frontend& frontend, Origin origin, const Backing* before,
                          const Backing* after);
    void change_alive(const Frontend& frontend, Origin origin, const Backing* before, const Backing* after);
    void change_users(const Frontend& frontend, Origin origin, const Backing* before, const Backing* after);
    void add_users(const ServiceEndpoint& endpoint, std::int32_t change);
    [[nodiscard]] std::int32_t programmed_users(const ServiceEndpoint& endpoint) const;
    void take_guard_changes();
    void change_marks(const Frontend& frontend, const Backing* before, const Backing* after);
    void add_to(std::string_view set, kernel::nftables::Element element);
    void delete_from(std::string_view set, kernel::nftables::Element element);
    void append_balancers_to(kernel::nftables::Transaction& transaction);

    base::Family family_;
    const ProgrammedTable& programmed_;
    bool guards_;
    std::vector<FrontendChange> frontends_;
    std::vector<AddressChange> cluster_ips_;
    std::vector<AddressChange> hairpins_;
    std::vector<IdleChange> idle_endpoints_;
    absl::flat_hash_map<ServiceEndpoint, Users> users_;
    std::set<Balancer> new_balancers_;
    std::map<std::string_view, ElementChanges> elements_;  // by set
    std::size_t element_count_ = 0;
};

}  // namespace fairlead::services
