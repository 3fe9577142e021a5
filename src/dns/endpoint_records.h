#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "kube/objects.h"

namespace fairlead::dns {

/// What an endpoint without a hostname is called below its Service.
enum class EndpointNaming : std::uint8_t {
    kAddress,  ///< by its address with dashes: AddressLabel
    kPodName,  ///< by the name of its Pod where that is a label of at most 63 characters, or else by address
};

/// One ready address, 28 bytes.
struct EndpointRecord {
    base::IpAddress address;
    std::uint32_t hostname = 0;  ///< number of a hostname; 0: it has none
    std::uint32_t ports = 0;     ///< number of a port set

    friend auto operator<=>(const EndpointRecord&, const EndpointRecord&) = default;
};

/// The ready endpoints of a Service, each once in whatever number of slices it is. Immutable.
///
/// The readiness is the slices' own: the controller has taken publishNotReadyAddresses into account.
class EndpointRecords {
  public:
    using Ports = std::vector<kube::EndpointPort>;

    EndpointRecords() = default;
    EndpointRecords(std::span<const std::shared_ptr<const kube::EndpointSlice>> slices,
                    EndpointNaming naming);

    /// Sorted by address, then by hostname and port set.
    [[nodiscard]] std::span<const EndpointRecord> by_address() const { return by_address_; }
    /// The same ones sorted by hostname, then by address and port set: those of one name stand together.
    [[nodiscard]] std::span<const EndpointRecord> by_name() const {
        return by_name_.empty() ? by_address_ : by_name_;
    }
    /// Those at an address, with and without hostnames.
    [[nodiscard]] std::span<const EndpointRecord> at(const base::IpAddress& address) const;
    /// The part of by_name() that a label names: a hostname, or the address of endpoints without one.
    [[nodiscard]] std::span<const EndpointRecord> called(std::string_view label) const;

    /// Empty if it has none.
    [[nodiscard]] std::string_view hostname_of(const EndpointRecord& endpoint) const {
        return hostnames_.empty() ? std::string_view{} : hostnames_[endpoint.hostname];
    }
    /// A port that is absent in the API (all ports) is 0.
    [[nodiscard]] const Ports& ports_of(const EndpointRecord& endpoint) const {
        return *port_sets_[endpoint.ports];
    }

    /// Of the endpoints, each once.
    [[nodiscard]] std::span<const std::shared_ptr<const Ports>> port_sets() const { return port_sets_; }

  private:
    void add(const kube::EndpointSlice& slice, EndpointNaming naming, std::shared_ptr<const Ports> ports);
    std::uint32_t number_of(std::shared_ptr<const Ports> ports);
    void sort_hostnames();

    std::vector<EndpointRecord> by_address_;
    std::vector<EndpointRecord> by_name_;  // none if nobody has a hostname
    std::vector<std::string> hostnames_;   // sorted; the first is empty; none at all if nobody has one
    std::vector<std::shared_ptr<const Ports>> port_sets_;
};

}  // namespace fairlead::dns
