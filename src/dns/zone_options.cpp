#include "dns/zone_options.h"

#include <algorithm>
#include <string>
#include <utility>

namespace fairlead::dns {

namespace {

constexpr std::pair<std::string_view, PodNames> kPodNames[] = {
    {"disabled", PodNames::kDisabled}, {"insecure", PodNames::kInsecure}, {"verified", PodNames::kVerified}};

}  // namespace

std::string_view name_of(PodNames names) {
    return std::ranges::find(kPodNames, names, &std::pair<std::string_view, PodNames>::second)->first;
}

base::Result<PodNames> parse_pod_names(std::string_view text) {
    for (const auto& [name, names] : kPodNames)
        if (name == text) return names;
    return base::fail(base::ErrorCode::kInvalid,
                      "'" + std::string(text) + "' is none of disabled, insecure, verified");
}

base::Result<void> check(const ZoneOptions& options) {
    constexpr std::uint32_t kLongestTtlS = 3600;
    const auto refuse = [](std::string why) { return base::fail(base::ErrorCode::kInvalid, std::move(why)); };
    if (options.ttl_s > kLongestTtlS)
        return refuse("the TTL of " + std::to_string(options.ttl_s) + " s is above " +
                      std::to_string(kLongestTtlS) + " s");
    if (options.cluster_domains.empty()) return refuse("there is no cluster domain");
    for (const auto& domain : options.cluster_domains) {
        if (domain.is_root()) return refuse("'.' cannot be a cluster domain");
        if (!domain.with_label("dns-version"))
            return refuse("the cluster domain " + domain.to_string() + " is too long");
        for (const auto& other : options.cluster_domains)
            if (&other != &domain && domain.is_within(other))
                return refuse("the cluster domain " + domain.to_string() + " is within " + other.to_string());
    }
    return {};
}

}  // namespace fairlead::dns
