#include "kube/objects.h"

#include <algorithm>
#include <array>
#include <limits>

#include "base/assert.h"

namespace fairlead::kube {

std::string_view name_of(ServiceType type) {
    static constexpr std::array<std::string_view, 4> kNames = {"ClusterIP", "NodePort", "LoadBalancer",
                                                               "ExternalName"};
    return kNames.at(static_cast<std::size_t>(type));
}

std::string ObjectKey::to_string() const {
    return namespace_name.empty() ? name : namespace_name + "/" + name;
}

std::span<const EndpointHint> EndpointSlice::hints_of(std::size_t endpoint) const {
    if (hints.empty()) return {};
    const auto found = std::ranges::equal_range(hints, endpoint, {}, &EndpointHint::endpoint);
    return {found.begin(), found.end()};
}

bool EndpointSlice::has_hint(std::size_t endpoint, EndpointHint::Kind kind,
                             std::optional<std::string_view> name) const {
    return std::ranges::any_of(hints_of(endpoint), [&](const EndpointHint& hint) {
        return hint.kind == kind && (!name || names[hint.name] == *name);
    });
}

void EndpointSlice::add_hint(std::size_t endpoint, EndpointHint::Kind kind, std::string_view name) {
    FAIRLEAD_ASSERT(hints.empty() || hints.back().endpoint <= endpoint);
    if (const auto index = index_of_name(name))
        hints.push_back({static_cast<std::uint32_t>(endpoint), *index, kind});
}

void EndpointSlice::set_hostname(std::size_t endpoint, std::string_view hostname) {
    if (hostname.empty()) return;
    if (!hostnames) hostnames.emplace();
    hostnames->set(endpoint, hostname);
}

std::optional<std::uint16_t> EndpointSlice::index_of_name(std::string_view name) {
    const auto known = std::ranges::find(names, name);
    const auto index = static_cast<std::size_t>(known - names.begin());
    if (index > std::numeric_limits<std::uint16_t>::max()) return std::nullopt;
    if (known == names.end()) names.emplace_back(name);
    return static_cast<std::uint16_t>(index);
}

std::optional<PodAddresses> PodAddresses::of(Pod pod) {
    if (pod.finished || pod.pod_ips.empty()) return std::nullopt;
    pod.pod_ips.shrink_to_fit();
    return PodAddresses{std::move(pod.key), std::move(pod.pod_ips)};
}

}  // namespace fairlead::kube
