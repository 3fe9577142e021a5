#pragma once

#include <optional>
#include <string>

namespace fairlead::net {

/// Whether anybody has the file open for writing (fcntl(2), F_SETLEASE); nullopt where that cannot be told:
/// the file system has no leases, or the file is neither ours nor are we root.
std::optional<bool> has_writer(const std::string& path);

}  // namespace fairlead::net
