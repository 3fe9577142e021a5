#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "conntrack/sizing.h"

namespace fairlead::agent {

/// The files of connection tracking in /proc/sys/net/netfilter, for the network namespace of the caller.
///
/// Buckets are read and written there as well, not in /sys/module/nf_conntrack/parameters/hashsize: it is
/// the same number, but CAP_NET_ADMIN is enough, and a read-only /sys does not matter.
class ConntrackFiles {
  public:
    /// `root`: a folder that stands for "/", for tests.
    explicit ConntrackFiles(std::string root = {});

    /// Whether there is connection tracking in this namespace.
    [[nodiscard]] bool are_there() const;

    /// What is known of the machine, and what the files of the plan for `settings` say. The peak is the
    /// number of entries now.
    ///
    /// The initial network namespace is the one in which the mode of nf_conntrack_buckets lets its owner
    /// write: the kernel makes that file read-only in all others (nf-conntrack-sysctl.rst), of
    /// nf_conntrack_max not every version does. A read-only mount does not change the mode.
    [[nodiscard]] conntrack::SizingFacts read(const conntrack::SizingSettings& settings) const;

    /// Writes a value and gives what the kernel made of it: it rounds buckets up to whole pages.
    [[nodiscard]] base::Result<std::uint64_t> write(std::string_view name, std::uint64_t value) const;

    /// Whether write() would be let in; changes nothing.
    [[nodiscard]] base::Result<void> check_writable(std::string_view name) const;

    [[nodiscard]] std::string path_of(std::string_view name) const;

  private:
    [[nodiscard]] base::Result<std::uint64_t> value_of(std::string_view name) const;

    std::string root_;
};

}  // namespace fairlead::agent
