#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "conntrack/stale_flows.h"

namespace fairlead::conntrack {

/// What the addresses of flows mean: Services and who answers for them, and the Pods behind addresses.
/// Compact: a cluster has hundreds of thousands of endpoints.
class FlowNames {
  public:
    struct Answer {
        Place place;
        std::string pod;  ///< "shop/cart-1"; empty if it is not known
    };
    /// One port of a Service.
    struct Port {
        std::string service;                  ///< "shop/cart"
        std::vector<ServicePlace> frontends;  ///< where it is reached
        std::vector<Answer> answers;          ///< from where answers to it may come
    };
    struct Frontend {
        std::uint32_t service = 0;  ///< see service_name()
        std::uint32_t port = 0;     ///< see answers()
    };

    /// Ports of one Service follow one another. A frontend that two ports claim stays the first one's.
    void add(const Port& port);

    /// The Service's address that a flow was opened to; nullptr if it is none.
    [[nodiscard]] const Frontend* frontend_of(const kernel::conntrack::Flow& flow) const;
    [[nodiscard]] const std::string& service_name(std::uint32_t service) const { return services_[service]; }
    [[nodiscard]] std::size_t service_count() const { return services_.size(); }
    /// Whether answers to a port may come from there, and whether from anywhere at all.
    [[nodiscard]] bool answers(std::uint32_t port, const Place& place) const;
    [[nodiscard]] bool is_served(std::uint32_t port) const { return served_[port]; }
    /// The Pod that has an address; empty if none is known, and where several share it (host network).
    [[nodiscard]] std::string_view pod_at(const base::IpAddress& address) const;

  private:
    /// What is known by addresses of one family, in half the memory that an IpAddress for either would take.
    template <std::size_t kAddressBytes>
    struct OfFamily {
        using Address = std::array<std::byte, kAddressBytes>;
        /// A port of a Service, and from where answers to it may come: address and port, as memcpy has them.
        using Answer = std::array<std::byte, sizeof(std::uint32_t) + kAddressBytes + sizeof(std::uint16_t)>;

        absl::flat_hash_set<Answer> answers;
        absl::flat_hash_map<Address, std::uint32_t> pods;  // where the name begins in pod_names_
    };

    void add_pod(const base::IpAddress& address, std::string_view pod);
    template <class Self, class Use>
    static auto with_family(Self& self, const base::IpAddress& address, Use use);

    static constexpr std::uint32_t kShared = 0;  // a place in pod_names_, where an empty name stands

    std::vector<std::string> services_;
    std::vector<bool> served_;  // by port
    absl::flat_hash_map<ServicePlace, Frontend> frontends_;
    OfFamily<base::address_size_bytes(base::Family::kIpv4)> ipv4_;
    OfFamily<base::address_size_bytes(base::Family::kIpv6)> ipv6_;
    std::string pod_names_ = std::string(1, '\0');  // each ends with a NUL
};

/// A flow to a Service that leads to none of those who may answer for it, as is_stale has it.
bool leads_nowhere(const kernel::conntrack::Flow& flow, const FlowNames& names,
                   const FlowNames::Frontend& frontend);

}  // namespace fairlead::conntrack
