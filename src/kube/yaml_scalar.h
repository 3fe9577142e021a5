#pragma once

#include <string>
#include <string_view>

namespace fairlead::kube {

/// What an unquoted YAML scalar means to kubectl (YAML 1.1 as sigs.k8s.io/yaml reads it), as JSON: yes, no,
/// on, off, y, n, true and false are booleans; ~, null and nothing are null; 80, 0x50, 0o120, 0120,
/// 0b1010000, 1_000, 8e1 and 80.0 are numbers; everything else is text.
std::string plain_scalar_json(std::string_view text);

}  // namespace fairlead::kube
