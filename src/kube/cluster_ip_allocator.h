#pragma once

#include <absl/container/flat_hash_set.h>

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "kube/object_set.h"
#include "kube/objects.h"

namespace fairlead::kube {

/// Gives Services of a manifests directory the ClusterIPs that an API server would give them.
///
/// An address is found by hashing namespace and name into the range and probing onwards, so that the same
/// manifests get the same addresses after every restart; once given, an address stays with its Service as
/// long as both are there. Addresses that manifests name are taken first.
class ClusterIpAllocator {
  public:
    /// Ranges of either family, e.g. 10.96.0.0/12 and fd00:10:96::/112; of several of a family the first is
    /// used.
    explicit ClusterIpAllocator(std::vector<base::Prefix> ranges) : ranges_(std::move(ranges)) {}

    /// Puts Services with more `ip_families` and `cluster_ips` in the place of those that lack some, as an
    /// API server does; what was allocated before counts as not there. They are: the families of
    /// spec.ipFamilies, else of the addresses there are, else the first there is a range for; the other one
    /// too where ipFamilyPolicy wants it; then an address in each family that has none. Headless Services get
    /// families only. Returns a sentence per Service that lacks an address or a family, or that names an
    /// address that another one has.
    std::vector<std::string> assign(std::vector<std::shared_ptr<const Service>>& services);

  private:
    using Addresses = absl::flat_hash_set<base::IpAddress>;
    [[nodiscard]] std::span<const base::IpAddress> held_by(const ObjectKey& key) const;
    [[nodiscard]] Addresses held_by_any(std::span<const std::shared_ptr<const Service>> services) const;
    [[nodiscard]] std::optional<base::IpAddress> find(const ObjectKey& key, base::Family family,
                                                      const Addresses& taken, const Addresses& held) const;
    [[nodiscard]] const base::Prefix* range(base::Family family) const;
    void set_families(Service& service, std::vector<std::string>& problems) const;
    void set_addresses(Service& service, Addresses& taken, const Addresses& held,
                       std::vector<std::string>& problems) const;

    std::vector<base::Prefix> ranges_;
    ObjectSet<Service> allocated_;  // who got addresses last time
};

/// The Service as it was before a ClusterIpAllocator added to it.
Service without_allocated(Service service);

}  // namespace fairlead::kube
