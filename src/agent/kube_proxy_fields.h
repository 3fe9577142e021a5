#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string_view>

namespace fairlead::agent {

inline constexpr std::string_view kKubeProxyApiVersion = "kubeproxy.config.k8s.io/v1alpha1";
inline constexpr std::string_view kKubeProxyKind = "KubeProxyConfiguration";

/// What a field of kube-proxy's configuration holds.
enum class KubeProxyType : std::uint8_t {
    kText,
    kBoolean,
    kInteger,
    kNumber,
    kDuration,
    kNanoseconds,  ///< a duration or a whole number of nanoseconds
    kTextList,
    kAny,  ///< read by nobody
};

/// A field of KubeProxyConfiguration (k8s.io/kube-proxy config/v1alpha1/types.go).
struct KubeProxyField {
    std::string_view path;  ///< "conntrack.maxPerCore"
    KubeProxyType type = KubeProxyType::kText;
    /// Why fairlead has no use for it; empty: it has.
    std::string_view unused = {};
    /// What kube-proxy takes where the field is empty: of an unused field not worth a word.
    std::string_view usual = {};
    std::int64_t low = std::numeric_limits<std::int32_t>::min();
    std::int64_t high = std::numeric_limits<std::int32_t>::max();
};

/// Every field, also those of earlier versions that files still have.
std::span<const KubeProxyField> kube_proxy_fields();

/// The field with this path; null if there is none. Any name may be below "featureGates".
const KubeProxyField* find_kube_proxy_field(std::string_view path);

/// Whether fields with this path have fields of their own.
bool is_kube_proxy_group(std::string_view path);

}  // namespace fairlead::agent
