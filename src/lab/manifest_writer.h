#pragma once

#include <string>

#include "kube/manifest_files.h"

namespace fairlead::lab {

/// The objects as one manifest, a kind List in JSON. What kube/decode_json.h reads of it is equal to what was
/// written.
std::string to_manifest(const kube::ManifestFiles::Objects& objects);

}  // namespace fairlead::lab
