#pragma once

#include <absl/container/inlined_vector.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/boxed.h"
#include "dns/endpoint_records.h"
#include "dns/name.h"
#include "kube/objects.h"

namespace fairlead::dns {

/// The name of a Service below a cluster domain, on the wire: "\4cart\4shop\3svc". It lies inside of the
/// object where it is of a usual length: each pointer less is a wait for memory less.
class ServiceName {
  public:
    /// `hash` is that of `wire`, as the table of Services has it.
    ServiceName(std::string_view wire, std::size_t hash) : hash_(hash), wire_(wire.begin(), wire.end()) {}

    [[nodiscard]] std::string_view wire() const { return {wire_.data(), wire_.size()}; }
    [[nodiscard]] std::size_t hash() const { return hash_; }

  private:
    static constexpr std::size_t kUsualSize = 48;

    std::size_t hash_;
    absl::InlinedVector<char, kUsualSize> wire_;
};

/// A port of a Service.
struct PortRecord {
    std::string name;  ///< empty: it has none
    std::uint16_t port = 0;
    base::L4Protocol protocol = base::L4Protocol::kTcp;
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
        const ServiceName& name, const kube::Service& service,
        std::span<const std::shared_ptr<const kube::EndpointSlice>> slices, EndpointNaming naming);

    [[nodiscard]] std::string_view key() const { return name_.wire(); }
    [[nodiscard]] Kind kind() const { return kind_; }
    /// One of each family at most; empty unless kClusterIp.
    [[nodiscard]] std::span<const base::IpAddress> cluster_ips() const {
        return std::span{cluster_ips_}.first(cluster_ip_count_);
    }
    [[nodiscard]] bool has_cluster_ip(const base::IpAddress& address) const;
    /// What a ClusterIP answers at; empty unless kClusterIp.
    [[nodiscard]] std::span<const PortRecord> ports() const { return ports_; }
    /// Where it is an alias for; nullptr unless kExternalName. Letter case as in the Service.
    [[nodiscard]] const Name* external_name() const { return external_name_ ? &*external_name_ : nullptr; }
    /// Ready ones.
    [[nodiscard]] const EndpointRecords& endpoints() const { return endpoints_; }
    /// All addresses that lead back to it, sorted, each once.
    [[nodiscard]] std::vector<base::IpAddress> addresses() const;

  private:
    explicit ServiceRecords(const ServiceName& name) : name_(name) {}

    [[nodiscard]] bool has_names() const;
    void take_cluster_ips(const kube::Service& service);
    void take_ports(const kube::Service& service);
    void take_external_name(const std::string& text);

    // What the usual question needs stands in front.
    ServiceName name_;
    std::array<base::IpAddress, 2> cluster_ips_;
    std::uint8_t cluster_ip_count_ = 0;
    Kind kind_ = Kind::kClusterIp;
    absl::InlinedVector<PortRecord, 1> ports_;
    EndpointRecords endpoints_;
    base::Boxed<Name> external_name_;
};

}  // namespace fairlead::dns
