#include "dns/endpoint_records.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/dns_name.h"
#include "base/sort_unique.h"
#include "dns/address_label.h"
#include "dns/lower_case.h"

namespace fairlead::dns {

namespace {

using NameKey = std::tuple<std::uint32_t, const base::IpAddress&>;

NameKey name_key(const EndpointRecord& endpoint) {
    return {endpoint.hostname, endpoint.address};
}

/// What an endpoint is called if not by its address: each slice's names by number of the endpoint.
class SliceHostnames {
  public:
    SliceHostnames(const kube::EndpointSlice& slice, EndpointNaming naming) {
        if (slice.hostnames) hostnames_ = slice.hostnames->all();
        if (naming == EndpointNaming::kPodName) pods_ = slice.pods.all();
    }

    /// Empty if it has none.
    [[nodiscard]] std::string of(std::size_t endpoint) const {
        for (const auto* names : {&hostnames_, &pods_}) {
            if (endpoint >= names->size()) continue;
            auto name = lower_case((*names)[endpoint]);
            if (base::is_dns_label(name)) return name;
        }
        return {};
    }

  private:
    std::vector<std::string> hostnames_;
    std::vector<std::string> pods_;
};

}  // namespace

EndpointRecords::EndpointRecords(std::span<const std::shared_ptr<const kube::EndpointSlice>> slices,
                                 EndpointNaming naming) {
    std::size_t most = 0;
    for (const auto& slice : slices)
        most += slice->endpoints.size();
    by_address_.reserve(most);
    hostnames_.emplace_back();
    for (const auto& slice : slices)
        add(*slice, naming, std::shared_ptr<const Ports>(slice, &slice->ports));
    sort_hostnames();
    base::sort_unique(by_address_);
    by_address_.shrink_to_fit();
    if (hostnames_.size() == 1) {
        hostnames_ = {};
        return;
    }
    by_name_ = by_address_;
    std::ranges::stable_sort(by_name_, {}, name_key);
}

void EndpointRecords::add(const kube::EndpointSlice& slice, EndpointNaming naming,
                          std::shared_ptr<const Ports> ports) {
    if (std::ranges::none_of(slice.endpoints, [](const auto& endpoint) { return endpoint.ready; })) return;
    const SliceHostnames hostnames(slice, naming);
    const auto port_set = number_of(std::move(ports));
    for (std::size_t i = 0; i < slice.endpoints.size(); ++i) {
        if (!slice.endpoints[i].ready) continue;
        std::uint32_t hostname = 0;
        if (auto name = hostnames.of(i); !name.empty()) {
            hostname = static_cast<std::uint32_t>(hostnames_.size());
            hostnames_.push_back(std::move(name));
        }
        by_address_.push_back({slice.endpoints[i].address, hostname, port_set});
    }
}

std::uint32_t EndpointRecords::number_of(std::shared_ptr<const Ports> ports) {
    const auto known = std::ranges::find_if(port_sets_, [&](const auto& set) { return *set == *ports; });
    const auto number = static_cast<std::uint32_t>(known - port_sets_.begin());
    if (known == port_sets_.end()) port_sets_.push_back(std::move(ports));
    return number;
}

/// Until here each endpoint has a hostname of its own; now equal ones become one.
void EndpointRecords::sort_hostnames() {
    auto sorted = hostnames_;
    base::sort_unique(sorted);
    for (auto& endpoint : by_address_) {
        const auto place = std::ranges::lower_bound(sorted, hostnames_[endpoint.hostname]);
        endpoint.hostname = static_cast<std::uint32_t>(place - sorted.begin());
    }
    sorted.shrink_to_fit();
    hostnames_ = std::move(sorted);
}

std::span<const EndpointRecord> EndpointRecords::at(const base::IpAddress& address) const {
    const auto found = std::ranges::equal_range(by_address_, address, {}, &EndpointRecord::address);
    return {found.begin(), found.end()};
}

std::span<const EndpointRecord> EndpointRecords::called(std::string_view label) const {
    const auto name = std::ranges::lower_bound(hostnames_, label);
    if (name != hostnames_.end() && *name == label && !label.empty()) {
        const auto number = static_cast<std::uint32_t>(name - hostnames_.begin());
        const auto found = std::ranges::equal_range(by_name(), number, {}, &EndpointRecord::hostname);
        return {found.begin(), found.end()};
    }
    const auto address = parse_address_label(label);
    if (!address || AddressLabel(*address).text() != label) return {};
    const auto found = std::ranges::equal_range(by_name(), NameKey{0, *address}, {}, name_key);
    return {found.begin(), found.end()};
}

}  // namespace fairlead::dns
