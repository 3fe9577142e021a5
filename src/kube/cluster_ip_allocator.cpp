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

bool wants_cluster_ip(const Service& service) {
    return !service.headless && service.type != ServiceType::kExternalName && service.cluster_ips.empty();
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

std::vector<std::string> ClusterIpAllocator::assign(std::vector<Service>& services) {
    std::vector<std::string> problems;
    Given taken;
    for (const auto& service : services)
        for (const auto& address : service.cluster_ips)
            if (const auto [holder, added] = taken.try_emplace(address, service.key); !added)
                problems.push_back("Service " + service.key.to_string() + ": ClusterIP " +
                                   address.to_string() + " is that of Service " + holder->second.to_string());
    std::set<ObjectKey> present;
    for (const auto& service : services)
        present.insert(service.key);
    std::erase_if(given_, [&](const auto& given) { return !present.contains(given.second); });
    Given given;
    for (auto& service : services) {
        if (!wants_cluster_ip(service)) continue;
        auto families = service.ip_families;
        if (families.empty() && !ranges_.empty()) families.push_back(ranges_.front().family());
        for (const auto family : families) {
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
    given_ = std::move(given);
    held_.clear();
    for (const auto& [address, key] : given_)
        held_.emplace(std::pair{key, address.family()}, address);
    return problems;
}

}  // namespace fairlead::kube
