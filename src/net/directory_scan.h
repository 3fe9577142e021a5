#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace fairlead::net {

/// What tells that a file is not the one that was read. The time of change (ctime) cannot be set by anybody,
/// but has the grain of the kernel's tick: two writes within 10 ms may look the same.
struct FileFingerprint {
    dev_t device = 0;
    ino_t inode = 0;
    off_t size_bytes = 0;
    std::int64_t modified_ns = 0;
    std::int64_t changed_ns = 0;  ///< Unix time

    friend bool operator==(const FileFingerprint&, const FileFingerprint&) = default;
};

/// Of a regular file, links followed. kNotFound if there is none.
base::Result<FileFingerprint> fingerprint_of(const std::string& path);

/// Whether a file of that name is looked at: *.yaml, *.yml, *.json, neither hidden nor an editor's backup.
bool is_manifest_name(std::string_view name);

/// The manifests of a directory and its folders. Links are followed; a folder that several lead to is listed
/// once.
struct DirectoryScan {
    std::map<std::string, FileFingerprint> files;
    /// Files and folders that cannot be read, and why; the root too if it is no directory.
    std::map<std::string, std::string> problems;

    /// Whether nothing is known of `path` because something on the way to it cannot be read.
    [[nodiscard]] bool is_hidden(const std::string& path) const;
};

/// Calls `before_listing` for each folder before it is listed, and for folders outside that links of files
/// lead to: what is changed there from then on is changed after the scan.
DirectoryScan scan_directory(const std::string& root,
                             const std::function<void(const std::string& folder)>& before_listing);

}  // namespace fairlead::net
