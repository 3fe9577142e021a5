#include "kube/cluster_ip_allocator.h"

#include <absl/container/flat_hash_map.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace fairlead::kube {

namespace {

/// FNV-1a: the same on every machine, unlike std::hash.
std::uint64_t stable_hash(std::string_view text) {
    std::uint64_t hash = 0xcbf29ce484222325U;
    for (const char c : text)
        hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
    return hash;
}

/// The address `offset` above the first of the range; offsets have at most 32 bits.
base::IpAddress address_at(const base::Prefix& range, std::uint64_t offset) {
    const auto first = range.first().bytes();
    std::array<std::byte, 16> bytes{};
    std::ranges::copy(first, bytes.begin());
    for (auto i = first.size(); i > 0 && offset > 0; --i) {
        offset += std::to_integer<std::uint64_t>(bytes[i - 1]);
        bytes[i - 1] = static_cast<std::byte>(offset & 0xffU);
        offset >>= 8U;
    }
    return base::IpAddress{std::span{bytes}.first(first.size())};
}

base::Family other(base::Family family) {
    return family == base::Family::kIpv4 ? base::Family::kIpv6 : base::Family::kIpv4;
}

bool has_family(const Service& service, base::Family family) {
    return std::ranges::find(service.cluster_ips, family, &base::IpAddress::family) !=
           service.cluster_ips.end();
}

std::span<const base::IpAddress> stated_addresses(const Service& service) {
    return std::span{service.cluster_ips}.first(service.cluster_ips.size() - service.allocated_ips);
}

absl::flat_hash_set<base::IpAddress> stated_addresses(
    std::span<const std::shared_ptr<const Service>> services, std::vector<std::string>& problems) {
    absl::flat_hash_map<base::IpAddress, const Service*> holders;
    absl::flat_hash_set<base::IpAddress> addresses;
    for (const auto& service : services) {
        for (const auto& address : stated_addresses(*service)) {
            addresses.insert(address);
            if (const auto [holder, added] = holders.try_emplace(address, service.get()); !added)
                problems.push_back("Service " + service->key.to_string() + ": ClusterIP " +
                                   address.to_string() + " is that of Service " +
                                   holder->second->key.to_string());
        }
    }
    return addresses;
}

}  // namespace

const base::Prefix* ClusterIpAllocator::range(base::Family family) const {
    const auto found = std::ranges::find(ranges_, family, &base::Prefix::family);
    return found == ranges_.end() ? nullptr : &*found;
}

std::optional<base::IpAddress> ClusterIpAllocator::find(const ObjectKey& key, base::Family family,
                                                        const Addresses& taken, const Addresses& held) const {
    const auto* prefix = range(family);
    if (prefix == nullptr) return std::nullopt;
    for (const auto& address : held_by(key))
        if (address.family() == family && !taken.contains(address)) return address;
    const auto host_bits = static_cast<unsigned>(base::address_size_bytes(family)) * 8 - prefix->length();
    constexpr unsigned kLargestHostBits = 32;
    // The first address is the network's; the last may be the broadcast address.
    const std::uint64_t usable = (std::uint64_t{1} << std::min(host_bits, kLargestHostBits)) - 2;
    if (host_bits < 2) return std::nullopt;
    const std::uint64_t start = stable_hash(key.to_string()) % usable;
    for (std::uint64_t probe = 0; probe < usable; ++probe) {
        const auto candidate = address_at(*prefix, 1 + (start + probe) % usable);
        // What another Service was given stays its own, even while that one is not looked at yet.
        if (!taken.contains(candidate) && !held.contains(candidate)) return candidate;
    }
    return std::nullopt;
}

void ClusterIpAllocator::set_families(Service& service, std::vector<std::string>& problems) const {
    auto& families = service.ip_families;
    const auto stated = families.size();
    if (families.empty())
        for (const auto& address : service.cluster_ips)
            families.push_back(address.family());
    if (families.empty() && !ranges_.empty()) families.push_back(ranges_.front().family());
    if (families.size() == 1 && service.ip_family_policy != IpFamilyPolicy::kSingleStack) {
        if (const auto second = other(families.front()); range(second) != nullptr)
            families.push_back(second);
        else if (service.ip_family_policy == IpFamilyPolicy::kRequireDualStack)
            problems.push_back("Service " + service.key.to_string() +
                               ": spec.ipFamilyPolicy: there is no range of " +
                               std::string(base::name_of(second)) + " ClusterIPs");
    }
    service.allocated_families = static_cast<std::uint8_t>(families.size() - stated);
}

void ClusterIpAllocator::set_addresses(Service& service, Addresses& taken, const Addresses& held,
                                       std::vector<std::string>& problems) const {
    if (service.headless) return;
    for (const auto family : service.ip_families) {
        if (has_family(service, family)) continue;
        const auto address = find(service.key, family, taken, held);
        if (!address) {
            problems.push_back("Service " + service.key.to_string() + ": no free " +
                               std::string(base::name_of(family)) + " ClusterIP");
            continue;
        }
        service.cluster_ips.push_back(*address);
        ++service.allocated_ips;
        taken.insert(*address);
    }
}

std::span<const base::IpAddress> ClusterIpAllocator::held_by(const ObjectKey& key) const {
    const auto found = allocated_.find(key);
    if (found == allocated_.end()) return {};
    return std::span{(*found)->cluster_ips}.last((*found)->allocated_ips);
}

ClusterIpAllocator::Addresses ClusterIpAllocator::held_by_any(
    std::span<const std::shared_ptr<const Service>> services) const {
    Addresses held;
    for (const auto& service : services)
        for (const auto& address : held_by(service->key))
            held.insert(address);
    return held;
}

std::vector<std::string> ClusterIpAllocator::assign(std::vector<std::shared_ptr<const Service>>& services) {
    std::vector<std::string> problems;
    auto taken = stated_addresses(services, problems);
    const auto held = held_by_any(services);
    decltype(allocated_) allocated;
    for (auto& service : services) {
        if (service->type == ServiceType::kExternalName) continue;
        auto filled = without_allocated(*service);
        set_families(filled, problems);
        set_addresses(filled, taken, held, problems);
        if (filled != *service) service = std::make_shared<const Service>(std::move(filled));
        if (service->allocated_ips > 0) allocated.insert(service);
    }
    allocated_ = std::move(allocated);
    return problems;
}

Service without_allocated(Service service) {
    service.cluster_ips.erase(service.cluster_ips.end() - service.allocated_ips, service.cluster_ips.end());
    service.ip_families.erase(service.ip_families.end() - service.allocated_families,
                              service.ip_families.end());
    service.allocated_ips = 0;
    service.allocated_families = 0;
    return service;
}

}  // namespace fairlead::kube
