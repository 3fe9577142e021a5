#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "dns/dns_config.h"
#include "dns/resolv_conf.h"

namespace fairlead::dns {

/// One line of /etc/hosts (hosts(5)): an address and at least one name; nullopt for a blank line and a
/// comment.
base::Result<std::optional<HostEntry>> parse_hosts_line(std::string_view line);

struct HostsFile {
    std::vector<HostEntry> entries;
    std::vector<LineProblem> problems;
};

/// Never fails: a line that is not understood costs nothing but itself.
HostsFile parse_hosts_file(std::string_view text);

}  // namespace fairlead::dns
