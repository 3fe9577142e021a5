#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/boxed.h"
#include "dns/endpoint_records.h"
#include "dns/name.h"
#include "kube/objects.h"

namespace fairlead::dns {

/// The name of a Service below a cluster domain, on the wire: "\4cart\4shop\3svc". Shared by all that is said
/// about the Service, also by the addresses that lead back to it.
struct ServiceName {
    std::string wire;
    std::size_t hash = 0;  ///< of `wire`, as the table of Services has it
};

/// nullopt for a namespace or name that cannot be a label (RFC 1123).
std::optional<std::string> service_wire_of(const kube::ObjectKey& service);

/// What one Service with its slices means for the cluster zone. Immutable.
class ServiceRecords {
  public:
    enum class Kind : std::uint8_t { kClusterIp, kHeadless, kExternalName };

    /// nullptr where there are no names: a headless Service without a ready endpoint, a Service that has no
    /// ClusterIP yet, an ExternalName that is no name or looks like an address.
    static std::unique_ptr<const ServiceRecords> make(
        std::shared_ptr<const ServiceName> name, std::shared_ptr<const kube::Service> service,
        std::span<const std::shared_ptr<const kube::EndpointSlice>> slices, EndpointNaming naming);

    [[nodiscard]] std::string_view key() const { return name_->wire; }
    [[nodiscard]] const std::shared_ptr<const ServiceName>& name() const { return name_; }
    [[nodiscard]] Kind kind() const { return kind_; }
    /// One of each family at most; empty unless kClusterIp.
    [[nodiscard]] std::span<const base::IpAddress> cluster_ips() const {
        return std::span{cluster_ips_}.first(cluster_ip_count_);
    }
    [[nodiscard]] bool has_cluster_ip(const base::IpAddress& address) const;
    /// Of the Service: what a ClusterIP answers at.
    [[nodiscard]] std::span<const kube::ServicePort> ports() const { return service_->ports; }
    /// Where it is an alias for; nullptr unless kExternalName. Letter case as in the Service.
    [[nodiscard]] const Name* external_name() const { return external_name_ ? &*external_name_ : nullptr; }
    /// Ready ones.
    [[nodiscard]] const EndpointRecords& endpoints() const;
    /// All addresses that lead back to it, sorted, each once.
    [[nodiscard]] std::vector<base::IpAddress> addresses() const;

  private:
    ServiceRecords(std::shared_ptr<const ServiceName> name, std::shared_ptr<const kube::Service> service)
        : name_(std::move(name)), service_(std::move(service)) {}

    [[nodiscard]] bool has_names() const;
    void take_cluster_ips();
    void take_external_name();

    std::shared_ptr<const ServiceName> name_;
    std::shared_ptr<const kube::Service> service_;
    base::Boxed<Name> external_name_;
    base::Boxed<EndpointRecords> endpoints_;
    std::array<base::IpAddress, 2> cluster_ips_;
    std::uint8_t cluster_ip_count_ = 0;
    Kind kind_ = Kind::kClusterIp;
};

}  // namespace fairlead::dns
