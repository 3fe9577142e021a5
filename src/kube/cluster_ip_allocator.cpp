#include "kube/cluster_ip_allocator.h"

#include <algorithm>
#include <array>
#include <set>

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

}  // namespace

const base::Prefix* ClusterIpAllocator::range(base::Family family) const {
    const auto found = std::ranges::find(ranges_, family, &base::Prefix::family);
    return found == ranges_.end() ? nullptr : &*found;
}

std::optional<base::IpAddress> ClusterIpAllocator::find(const ObjectKey& key, base::Family family,
                                                        const Given& taken) const {
    const auto* prefix = range(family);
    if (prefix == nullptr) return std::nullopt;
    const auto held = held_.find({key, family});
    if (held != held_.end() && !taken.contains(held->second)) return held->second;
    const auto host_bits = static_cast<unsigned>(base::address_size_bytes(family)) * 8 - prefix->length();
    constexpr unsigned kLargestHostBits = 32;
    // The first address is the network's; the last may be the broadcast address.
    const std::uint64_t usable = (std::uint64_t{1} << std::min(host_bits, kLargestHostBits)) - 2;
    if (host_bits < 2) return std::nullopt;
    const std::uint64_t start = stable_hash(key.to_string()) % usable;
    for (std::uint64_t probe = 0; probe < usable; ++probe) {
        const auto candidate = address_at(*prefix, 1 + (start + probe) % usable);
        // What another Service was given stays its own, even while that one is not looked at yet.
        if (!taken.contains(candidate) && !given_.contains(candidate)) return candidate;
    }
    return std::nullopt;
}

void ClusterIpAllocator::set_families(Service& service, std::vector<std::string>& problems) const {
    auto& families = service.ip_families;
    if (families.empty())
        for (const auto& address : service.cluster_ips)
            families.push_back(address.family());
    if (families.empty() && !ranges_.empty()) families.push_back(ranges_.front().family());
    if (families.size() != 1 || service.ip_family_policy == IpFamilyPolicy::kSingleStack) return;
    if (const auto second = other(families.front()); range(second) != nullptr)
        families.push_back(second);
    else if (service.ip_family_policy == IpFamilyPolicy::kRequireDualStack)
        problems.push_back("Service " + service.key.to_string() +
                           ": spec.ipFamilyPolicy: there is no range of " +
                           std::string(base::name_of(second)) + " ClusterIPs");
}

void ClusterIpAllocator::forget_all_but(const std::vector<Service>& services) {
    std::set<ObjectKey> present;
    for (const auto& service : services)
        present.insert(service.key);
    std::erase_if(given_, [&](const auto& given) { return !present.contains(given.second); });
}

void ClusterIpAllocator::remember(const Given& given) {
    given_ = given;
    held_.clear();
    for (const auto& [address, key] : given_)
        held_.emplace(std::pair{key, address.family()}, address);
}

std::vector<std::string> ClusterIpAllocator::assign(std::vector<Service>& services) {
    std::vector<std::string> problems;
    Given taken;
    for (const auto& service : services)
        for (const auto& address : service.cluster_ips)
            if (const auto [holder, added] = taken.try_emplace(address, service.key); !added)
                problems.push_back("Service " + service.key.to_string() + ": ClusterIP " +
                                   address.to_string() + " is that of Service " + holder->second.to_string());
    forget_all_but(services);
    Given given;
    for (auto& service : services) {
        if (service.type == ServiceType::kExternalName) continue;
        set_families(service, problems);
        if (service.headless) continue;
        for (const auto family : service.ip_families) {
            if (has_family(service, family)) continue;
            const auto address = find(service.key, family, taken);
            if (!address) {
                problems.push_back("Service " + service.key.to_string() + ": no free " +
                                   std::string(base::name_of(family)) + " ClusterIP");
                continue;
            }
            service.cluster_ips.push_back(*address);
            taken.emplace(*address, service.key);
            given.emplace(*address, service.key);
        }
    }
    remember(given);
    return problems;
}

}  // namespace fairlead::kube
