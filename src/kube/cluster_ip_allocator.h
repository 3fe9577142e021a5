#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

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

    /// Fills `ip_families` and `cluster_ips` as an API server does: the families of spec.ipFamilies, else of
    /// the addresses there are, else the first there is a range for; the other one too where ipFamilyPolicy
    /// wants it; then an address in each family that has none. Headless Services get families only. Returns a
    /// sentence per Service that lacks an address or a family, or that names an address that another one has.
    std::vector<std::string> assign(std::vector<Service>& services);

  private:
    using Given = std::map<base::IpAddress, ObjectKey>;
    std::optional<base::IpAddress> find(const ObjectKey& key, base::Family family, const Given& taken) const;
    [[nodiscard]] const base::Prefix* range(base::Family family) const;
    void set_families(Service& service, std::vector<std::string>& problems) const;
    void forget_all_but(const std::vector<Service>& services);
    void remember(const Given& given);

    std::vector<base::Prefix> ranges_;
    Given given_;                                                         // what assign gave last time
    std::map<std::pair<ObjectKey, base::Family>, base::IpAddress> held_;  // the same by Service
};

}  // namespace fairlead::kube
