#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace fairlead::net {

/// The content of a regular file of at most `limit_bytes`; errors name the path.
base::Result<std::string> read_file(const std::string& path,
                                    std::size_t limit_bytes = std::size_t{64} << 20U);

/// What is another one after a file was written, replaced, removed or made (stat(2), links are followed).
struct FileStamp {
    bool exists = false;  ///< and may be looked at
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::int64_t bytes = 0;
    std::int64_t modified_ns = 0;  ///< since 1970
    std::int64_t changed_ns = 0;   ///< the same, of the inode

    friend bool operator==(const FileStamp&, const FileStamp&) = default;
};
FileStamp stamp_of(const std::string& path);

/// Writes `text` into a file that exists, such as a sysctl, with one write(2); errors name the path.
base::Result<void> overwrite_file(const std::string& path, std::string_view text);

/// Whether overwrite_file() would be let in; changes nothing. The error names the path.
base::Result<void> check_writable(const std::string& path);

/// Whether the file's mode lets its owner write, whoever that is and however the file is mounted.
base::Result<bool> owner_may_write(const std::string& path);

/// Whether `path` is a directory whose entries can be read; the error names it.
base::Result<void> check_directory(const std::string& path);

/// The value of an environment variable; empty if it is not set.
std::string environment(const char* name);

/// CPUs that this machine has online, whichever of them this process may use; at least 1.
unsigned online_cpus();

/// The name of this host, in lower case as node names are (kubelet's default).
std::string host_name();

}  // namespace fairlead::net
