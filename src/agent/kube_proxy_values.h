#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/kube_proxy_fields.h"
#include "base/result.h"

namespace fairlead::agent {

/// What a file gives a field.
struct KubeProxyValue {
    const KubeProxyField* field = nullptr;
    std::string path;   ///< field->path, or "featureGates.NAME"
    std::string place;  ///< "FILE:LINE"
    std::string text;   ///< numbers in decimal, durations as format_duration() has them
    std::vector<std::string> list;

    /// Empty, zero or false: where Go has no pointer, the same as not given.
    [[nodiscard]] bool is_zero() const;
};

/// The values of a file of kind KubeProxyConfiguration, in its order, each of its field's type. What is null
/// is left out. Refuses unknown fields, wrong types and what is out of range with "FILE:LINE: FIELD: why".
base::Result<std::vector<KubeProxyValue>> read_kube_proxy_values(std::string_view file_name,
                                                                 std::string_view text);

}  // namespace fairlead::agent
